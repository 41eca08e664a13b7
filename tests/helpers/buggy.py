"""The whole program with a bug in it, for tests of how it ends: `enter` on the board, `d` before it."""

import os
import sys
from unittest.mock import patch

from halftui.main import doors
from halftui.tui.screens.board import BoardScreen
from halftui.tui.welcome import Welcome


def _fail(place: BoardScreen | Welcome) -> None:
    secret = os.environ["HALFTUI_TEST_TOKEN"]
    raise ZeroDivisionError(f"a bug beside {secret} in {os.environ['HOME']}/private and {secret.upper()}")


if __name__ == "__main__":
    with patch.object(BoardScreen, "action_bead_open", _fail), patch.object(Welcome, "action_demo", _fail):
        code = doors.enter(sys.argv[1:])
    sys.exit(code)
