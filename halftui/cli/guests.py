"""Which commands somebody may run who comes in over SSH; what is not listed is refused.

Refused is all that works on this machine's own files, settings and programs: it is the owner's affair.
"""

from halftui.errors import Denied

ALLOWED = frozenset({
    "add",
    "agent list",
    "agent retire",
    "answer",
    "attempt lines",
    "attempt list",
    "attempt stop",
    "bead add",
    "bead approve",
    "bead cancel",
    "bead claim",
    "bead create",
    "bead delete",
    "bead diff",
    "bead dispatch",
    "bead edit",
    "bead fail",
    "bead hold",
    "bead link",
    "bead list",
    "bead rank",
    "bead reject",
    "bead release",
    "bead reopen",
    "bead reparent",
    "bead show",
    "bead submit",
    "bead unlink",
    "board edit",
    "board list",
    "board pause",
    "board resume",
    "board show",
    "budget clear",
    "budget list",
    "budget set",
    "convoy add",
    "convoy cancel",
    "convoy create",
    "convoy land",
    "convoy list",
    "convoy show",
    "convoy start",
    "event list",
    "export",
    "import",
    "inbox",
    "key add",
    "key invite",
    "key list",
    "key remove",
    "key role",
    "question answer",
    "question inbox",
    "question list",
    "subscription edit",
    "subscription list",
    "subscription register",
    "subscription remove",
    "subscription rotate",
    "usage",
})  # fmt: skip
REFUSED = frozenset({
    "board drain", "config show", "demo", "doctor", "image build", "image list", "init", "serve", "status",
})  # fmt: skip


def check(path: str) -> None:
    """Raise Denied unless a guest may run the command `path`, as in `bead list`."""
    if path not in ALLOWED:
        raise Denied(f"{path} is not for guests", "run it on the machine that serves this board")
