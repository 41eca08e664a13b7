"""The composition root: parse, settings, log, wire, open one front door."""

import gc
import sys

SELDOM = 50_000  # objects more before the next look; Python's own is 700


def main() -> None:
    """Run `halftui` with the process's arguments and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from halftui import __version__

        sys.stdout.write(f"halftui {__version__}\n")
        sys.exit(0)
    # What is imported stays: looking through it for garbage meanwhile costs a sixth of a short command.
    gc.disable()
    gc.set_threshold(SELDOM, 20, 20)
    from halftui.main.doors import enter

    sys.exit(enter(sys.argv[1:]))
