"""What the engine does with beads that came from a file."""

from pathlib import Path

from halftui.domain import jsonl
from halftui.engine import patrol
from halftui.ops import beads, interchange
from tests.helpers.boards import Scene, scene
from tests.helpers.exports import line


def take(at: Scene, *lines: str) -> None:
    """Import these lines."""
    records = list(jsonl.read(text.encode() for text in lines))
    at.house.service.write(interchange.take, at.board.id, records)


async def test_an_id_leads_into_no_other_folder(tmp_path: Path) -> None:
    ident = "../../outside"
    async with scene(tmp_path) as at:
        take(at, line(ident))
        at.house.service.write(beads.dispatch, ident)
        async with at.working():
            await at.until(lambda: at.see(ident).card.failures > 0)
        assert not (tmp_path / "outside").exists()
        assert at.see(ident).attempts[0].outcome == "failed"


async def test_what_somebody_elsewhere_works_on_is_left_to_them(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        take(at, line("a", status="in_progress", assignee="bob"), line("b", status="hooked"))
        await patrol.repair(at.house.store)
        assert [at.see(bead).card.state for bead in "ab"] == ["active", "active"]
        at.house.service.write(beads.release, "a", "bob has left")
        assert at.see("a").card.state == "open"
