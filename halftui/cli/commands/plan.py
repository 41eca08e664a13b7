"""`halftui plan`: a leader cuts a goal into beads; the convoy waits until it is started."""

import re

import click

from halftui.cli import manifest_file
from halftui.cli.call import Call
from halftui.cli.commands import convoy as convoys
from halftui.cli.grammar import command, pass_call
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured
from halftui.ops import listings
from halftui.ops.specs import Manifest

MOST_BEADS = 200
REF = "the convoy of this plan"
_BLOCK = re.compile(r"^```(?:ya?ml)?[ \t]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)


@command("plan", example="halftui plan 'Users can reset their passwords'")
@click.argument("goal")
@pass_call
def plan(call: Call, goal: str) -> None:
    """Let your leader plan a goal: a staged convoy to look at before you start it.

    The leader reads the repository in a sandbox, as an agent does. What it does is told on standard error.
    """
    if not goal.strip():
        raise Misconfigured("a plan needs a goal", "say what is to be reached")
    planned = call.door.plan(call.settings, call.board.id, goal, lambda line: _tell(call, line))
    from halftui.ops import manifests as ops

    wished = read(planned.text)
    done = planned.service.write(ops.apply, call.board.id, wished)
    made = next(one.id for one in done if one.kind == "convoy")
    if call.is_for_machines:
        call.show(call.service.read(listings.convoy, made, call.board.id))
        return
    convoys.print_waves(call, made)
    call.write(f"halftui convoy start {made} lets it go\n")


def read(text: str) -> list[Manifest]:
    """Return the one convoy and the new beads of a leader's closing words.

    Raises Misconfigured for anything else: a leader's words make nothing but this.
    """
    blocks = _BLOCK.findall(text)
    found = manifest_file.read_text(blocks[-1] if blocks else text, "the leader's plan")
    kinds = [thing.kind for thing in found]
    if kinds.count("convoy") != 1 or set(kinds) != {"convoy", "bead"} or len(kinds) > MOST_BEADS + 1:
        raise Misconfigured(
            "the leader's plan is not one convoy and its beads", "ask again, or say the goal in other words"
        )
    if any(thing.ident for thing in found):
        raise Misconfigured("the leader's plan changes what is there", "ask for new beads alone")
    return [_joined(thing) for thing in found]


def _joined(thing: Manifest) -> Manifest:
    if thing.kind == "convoy":
        return thing._replace(ref=REF, spec={"name": thing.spec.get("name", "")})
    return thing._replace(spec={**thing.spec, "convoy": REF})


def _tell(call: Call, line: str) -> None:
    call.err.write(clean_line(line) + "\n")
    call.err.flush()
