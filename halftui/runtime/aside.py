"""The process that reads one long request, and says what is wrong with it; `look` starts it."""

import json
import os
import resource
import sys

from halftui.runtime import providers

MEMORY = 2 * 2**30  # bytes; 32 MiB of names need one half of it
SECONDS = 20


def main() -> None:
    """Say the fault of the request on standard input; end with an error if it takes too much."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    name, target, models = json.loads(sys.stdin.buffer.readline())
    sys.stdout.write(getattr(providers, name)(target, sys.stdin.buffer.read(), models))


if __name__ == "__main__":
    main()
