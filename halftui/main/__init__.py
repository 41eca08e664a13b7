"""The composition root: parse, settings, log, wire, open one front door."""

import gc
import sys


def main() -> None:
    """Run `halftui` with the process's arguments and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from halftui import __version__

        sys.stdout.write(f"halftui {__version__}\n")
        sys.exit(0)
    gc.disable()  # what is imported now stays, so looking for what can go would be in vain
    from halftui.main.doors import enter

    sys.exit(enter(sys.argv[1:]))
