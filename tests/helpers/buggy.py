"""The whole program with a bug in it, for tests of how it ends: `enter` on the board fails."""

import os
import sys
from unittest.mock import patch

from halftui.main import doors
from halftui.tui.screens.board import BoardScreen


def _fail(board: BoardScreen) -> None:
    secret = os.environ["HALFTUI_TEST_TOKEN"]
    raise ZeroDivisionError(f"a bug beside {secret} in {os.environ['HOME']}/private and {secret.upper()}")


if __name__ == "__main__":
    with patch.object(BoardScreen, "action_bead_open", _fail):
        code = doors.enter(sys.argv[1:])
    sys.exit(code)
