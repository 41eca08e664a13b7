"""The composition root: parse, settings, log, wire, open one front door."""

import gc
import os
import sys

SELDOM = 50_000  # objects more before the next look; Python's own is 700


def main() -> None:
    """Run `halftui` with the process's arguments and exit with its code."""
    _hold_streams()
    if sys.argv[1:] in (["--version"], ["-V"]):
        from halftui import __version__

        sys.stdout.write(f"halftui {__version__}\n")
        sys.exit(0)
    # What is imported stays: looking through it for garbage meanwhile costs a sixth of a short command.
    gc.disable()
    gc.set_threshold(SELDOM, 20, 20)
    try:
        from halftui.main.doors import enter

        code = enter(sys.argv[1:])
    except KeyboardInterrupt:  # while it imports
        code = 130
    sys.exit(code)


def _hold_streams() -> None:
    """Open what the caller closed of the standard streams: else the database would get the number of one."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
