"""The composition root: parse, settings, log, wire, open one front door."""

import sys


def main() -> None:
    """Run `halftui` with the process's arguments and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from halftui import __version__

        sys.stdout.write(f"halftui {__version__}\n")
        sys.exit(0)
    from halftui.main.doors import enter

    sys.exit(enter(sys.argv[1:]))
