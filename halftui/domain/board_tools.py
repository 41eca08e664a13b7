"""The board's own tools for agents: their names, what they are for, and what they take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_CHILDREN = 20  # beads that one attempt may create
MOST_CALLS = 1_000  # of these tools by one attempt
DEEPEST = 3  # beads of agents below a person's bead
MOST_ARTEFACTS = 20  # files attached to one bead
LARGEST_ARTEFACT = 10 << 20  # bytes
ROOM_FOR_ARTEFACTS = 50 << 20  # bytes, of all files of one bead
ATTACH = "attach"
LINK_KINDS = ("blocks", "related", "discovered-from")


@dataclass(frozen=True, slots=True)
class BoardTool:
    """One tool; `fields` are JSON schemas of what it takes, those in `needs` are required."""

    name: str
    purpose: str
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of its input."""
        fields = {name: dict(one) for name, one in self.fields.items()}
        return {"type": "object", "properties": fields, "required": list(self.needs)}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tool answers; `is_ok` is False if it did nothing, and why stands in the text."""

    text: str
    is_ok: bool = True


def _text(what: str) -> Mapping[str, Any]:
    return {"type": "string", "description": what}


def _words(what: str) -> Mapping[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": what}


# Answered by a person, and so by each runtime in its own way.
ASK = BoardTool(
    "ask",
    "Ask a person and wait for the answer. Use it when only a person can know.",
    {
        "question": _text("What you need to know, in full."),
        "options": _words("The answers to choose from, if there are any."),
    },
    ("question",),
)
TOOLS = (
    BoardTool("read_bead", "Read your piece of work again, its children, and what it waits for."),
    BoardTool(
        "note_progress",
        "Note in a sentence how far you are, for the people who look at your card.",
        {"text": _text("What is done, what comes next.")},
        ("text",),
    ),
    BoardTool(
        "create_bead",
        "Write down a piece of work that is needed besides yours; another agent takes it. "
        f"At most {MOST_CHILDREN} an attempt.",
        {
            "title": _text("What to do, in one line."),
            "description": _text("All that who does it has to know."),
            "acceptance": _text("What has to hold when it is done."),
            "priority": {"type": "integer", "description": "0 is most urgent, 4 least, 2 usual."},
            "parent": _text("The bead it is a part of: yours if you leave it out, or one that you made."),
            "after": _words("Beads that you made and that have to be done before."),
        },
        ("title",),
    ),
    BoardTool(
        "link_beads",
        "Make a bead that you made wait for another one that you made.",
        {
            "source": _text("The bead that waits."),
            "target": _text("The bead it waits for."),
            "kind": {"type": "string", "enum": list(LINK_KINDS), "description": "blocks if left out."},
        },
        ("source", "target"),
    ),
    BoardTool(
        "message",
        "Tell the people something that needs no answer; to ask something use ask.",
        {"text": _text("What they should know.")},
        ("text",),
    ),
    BoardTool(
        ATTACH,
        "Attach a file to your piece of work that people should see and that is no part of it: a report, a "
        f"picture, a log. At most {MOST_ARTEFACTS} of {LARGEST_ARTEFACT >> 20} MB.",
        {
            "name": _text("What people call it, as in coverage.html; one of that name is replaced."),
            "path": _text("Where it lies: in your clone, or in ~/out if it must not be committed."),
        },
        ("name", "path"),
    ),
    BoardTool(
        "submit",
        "Hand in: what you did, and how you know that it works. Then end your turn.",
        {
            "summary": _text("What you changed and why; a person reads it beside the diff."),
            "evidence": _text("What you ran and what it said."),
        },
        ("summary",),
    ),
)
BY_NAME = {tool.name: tool for tool in TOOLS}
