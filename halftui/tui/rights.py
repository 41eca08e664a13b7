"""Which keys a person's role lets them use; the ops ask again, here nobody begins what they can't end."""

from halftui.domain.actor import Actor
from halftui.errors import Denied
from halftui.ops.access import ALLOWED, authorize

# Actions whose verb has another name; those that only show something have none.
_VERBS = {
    "account.less": "subscription.edit",
    "account.more": "subscription.edit",
    "account.remove": "subscription.remove",
    "agent.stop": "attempt.stop",
    "agent.tell": "message.tell",
    "bead.edges": "bead.link",
    "bead.editor": "bead.edit",
    "bead.less": "bead.edit",
    "bead.more": "bead.edit",
    "bead.left": "bead.release",
    "bead.lower": "bead.rank",
    "bead.raise": "bead.rank",
    "bead.retry": "bead.dispatch",
    "bead.right": "bead.dispatch",
    "detail.comment": "bead.comment",
    "detail.editor": "bead.edit",
    "detail.edit": "bead.edit",
    "lane.menu": "board.edit",
    "question.allow": "question.answer",
    "question.always": "question.answer",
    "question.choose": "question.answer",
    "question.refuse": "question.answer",
    "question.send": "question.answer",
    "question.type": "question.answer",
    "review.accept": "bead.approve",
    "review.comment": "bead.reject",
    "review.drop": "bead.cancel",
    "review.reject": "bead.reject",
    "review.shell": "bead.shell",
    "trip.add": "bead.create",
    "trip.cancel": "convoy.cancel",
    "trip.dispatch": "bead.dispatch",
    "trip.edges": "bead.link",
    "trip.start": "convoy.start",
}


HERE = ("bead.editor", "detail.editor")  # what opens something on the machine that runs the board


def verb_of(ident: str) -> str:
    """Return the verb that an action comes down to, "" if it only shows something."""
    return _VERBS.get(ident) or (ident if ident in ALLOWED else "")


def may(actor: Actor, ident: str, *, is_here: bool = True) -> bool:
    """Return whether an actor may use the action of that id; `is_here`: they sit at this machine."""
    verb = verb_of(ident)
    if ident in HERE and not is_here:
        return False
    return not verb or actor.role in ALLOWED[verb]


def check(actor: Actor, action: str) -> None:
    """Raise Denied unless an actor may run an action, written as `screen.bead_create` or `choose(1)`."""
    name = action.partition("(")[0].rpartition(".")[2]
    if verb := verb_of(name.replace("_", ".", 1)):
        try:
            authorize(actor, verb)
        except Denied as error:
            raise Denied(f"you are {actor.role.value} here: {verb} is not for you", error.hint) from error
