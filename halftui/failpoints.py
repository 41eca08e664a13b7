"""Places where a test can make the board die, stumble or wait; nothing happens outside of tests.

The variable HALFTUI_FAILPOINTS holds `name=action` pairs, as in `commit.before=kill,clone.after=sleep:2`:

    kill       the process ends at once, as by `kill -9`
    stop       the process stands still, as by `kill -STOP`, until somebody lets it go on
    raise      an error that nobody expects
    sleep:N    the thread waits N seconds
"""

import os
import signal
import time

VARIABLE = "HALFTUI_FAILPOINTS"
_PLAN = dict(pair.split("=", 1) for pair in os.environ.get(VARIABLE, "").split(",") if pair)


class FailpointReached(Exception):
    """A test asked for a stumble here."""


def failpoint(name: str) -> None:
    """Do what the test's plan says of this place, once; without a plan, nothing."""
    if _PLAN and (action := _PLAN.pop(name, "")):
        _act(name, action)


def _act(name: str, action: str) -> None:
    match action.partition(":"):
        case ("kill", _, _):
            os.kill(os.getpid(), signal.SIGKILL)
        case ("stop", _, _):
            os.kill(os.getpid(), signal.SIGSTOP)
        case ("sleep", _, seconds):
            time.sleep(float(seconds))
        case _:
            raise FailpointReached(name)
