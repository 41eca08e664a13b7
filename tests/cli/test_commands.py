"""Every command once through its ordinary course, in words and in JSON."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from halftui.domain.happenings import Option, Outcome, Question
from halftui.ops import attempts, boards, questions, transcripts
from tests.cli.conftest import Line
from tests.helpers.boards import make_repository
from tests.helpers.desk import git
from tests.helpers.stores import BO
from tests.helpers.world import World


def test_the_first_steps(empty: Line) -> None:
    assert empty.ok("init", "--review", "none", "--cap", "2").out.startswith("the board shop is made over")
    made = empty.ok("bead", "create", "Fix the login", "-p", "1", "-l", "web", "-l", "bug")
    assert re.fullmatch(r"s\w?-[0-9a-z]{3} is queued; agents start when a board is open: halftui\n", made.out)
    board = empty.ok("board", "show", "-o", "json").json
    assert (board["review"], board["cap"], board["branch"]) == ("none", 2, "main")


def test_a_bead_says_why_it_waits(line: Line) -> None:
    first = line.bead("first")
    said = line.ok("add", "second", "--after", first, "--hold", "the design").out
    assert f"is not ready: waits for {first} first (open); on hold: the design" in said
    queued = "is queued; agents start when a board is open: halftui\n"
    assert line.ok("bead", "dispatch", first).out == f"{first} {queued}"


def test_creating_answers_in_json(line: Line) -> None:
    made = line.ok(
        "bead", "create", "T", "-d", "-", "--type", "bug", "--due", "2026-12-24T18:00Z", "--notes", "n",
        "--acceptance", "a", "--mode", "manual", "--runtime", "shell", "-o", "json", stdin="from\nstdin",
    ).json  # fmt: skip
    assert made["description"] == "from\nstdin"
    assert (made["type"], made["due"], made["lane"]) == ("bug", "2026-12-24T18:00:00.000Z", "ready")
    assert made["why"] == ["the board dispatches by hand (manual)"]


def test_listing(line: Line) -> None:
    first = line.bead("first")
    second = line.bead("second", "--after", first)
    line.bead("third")
    line.ok("bead", "cancel", line.bead("dropped"))
    assert [c["title"] for c in line.ok("bead", "list", "-o", "json").json] == ["second", "first", "third"]
    assert [c["id"] for c in line.ok("bead", "list", "--blocked", "-o", "json").json] == [second]
    ready = line.ok("bead", "list", "--ready", "--limit", "1", "-o", "json").json
    assert [c["id"] for c in ready] == [first]
    both = line.ok("bead", "list", "--lane", "closed", "--lane", "blocked", "-o", "yaml").out
    assert [c["title"] for c in yaml.safe_load(both)] == ["second", "dropped"]
    table = line.ok("bead", "list").out.splitlines()
    assert table[0].split() == ["ID", "LANE", "PRIORITY", "TITLE", "ASSIGNEE"]
    assert len(table) == 4
    wide = line.ok("-o", "wide", "bead", "list").out.splitlines()
    assert wide[0].endswith("UPDATED AT")


KEYS = [
    "id", "title", "lane", "state", "type", "priority", "rank", "labels", "assignee", "convoy", "hold",
    "remark", "failures", "retry_at", "files", "plus", "minus", "created_at", "updated_at", "closed_at",
    "version", "blockers", "attempt", "attempt_state", "now", "started_at", "cost_usd", "reason",
    "pin", "progress",
]  # fmt: skip
MORE = [
    "board", "description", "acceptance", "notes", "summary", "branch", "base", "tip", "merged",
    "created_by", "why", "waits_for", "frees", "attempts", "due", "not_before", "handover", "comments",
    "profile", "pull_request", "collab", "collab_merged", "egress", "artefacts",
]  # fmt: skip


def test_the_keys_of_json_are_stable(line: Line) -> None:
    """Scripts read these: take none away, add new ones at the end."""
    first = line.bead("first")
    second = line.bead("second", "--after", first)
    (card,) = line.ok("bead", "list", "--ready", "-o", "json").json
    assert list(card) == KEYS
    shown = line.ok("bead", "show", second, "-o", "json").json
    assert list(shown) == KEYS + MORE
    assert shown["waits_for"] == [{"id": first, "kind": "blocks", "state": "open"}]
    moment = datetime.fromisoformat(shown["created_at"])
    assert moment.tzinfo is not None
    assert shown["created_at"].endswith("Z")
    assert yaml.safe_load(line.ok("bead", "show", second, "-o", "yaml").out) == shown


def test_showing_for_people(line: Line) -> None:
    bead = line.bead("first", "-d", "one\ntwo")
    shown = line.ok("bead", "show", bead).out
    assert re.search(r"^description +one\n +two$", shown, re.MULTILINE)
    assert "rank" not in shown
    assert "rank" in line.ok("bead", "show", bead, "-o", "wide").out


def test_editing(line: Line) -> None:
    bead = line.bead("old", "-l", "a", "--due", "+2d")
    said = line.ok(
        "bead", "edit", bead, "--title", "new", "-p", "0", "--clear", "due", "--clear", "labels"
    ).out
    assert said == f"{bead} has another title, priority, due, labels\n"
    shown = line.ok("bead", "show", bead, "-o", "json").json
    assert (shown["title"], shown["priority"], shown["due"], shown["labels"]) == ("new", 0, None, [])


def test_links(line: Line) -> None:
    a, b = line.bead("a"), line.bead("b")
    assert line.ok("bead", "link", b, a, "--on-failure", "hold").out == f"{b} waits for {a}\n"
    assert line("bead", "link", a, b).code == 3
    assert line.ok("bead", "unlink", b, a).out == f"{b} and {a} are not linked by blocks\n"
    assert line.ok("bead", "link", a, b, "--kind", "related").out == f"{a} related {b}\n"


def test_order(line: Line) -> None:
    a, b, c = (line.bead(t) for t in "abc")
    line.ok("bead", "rank", c, "--before", b)
    assert [x["id"] for x in line.ok("bead", "list", "-o", "json").json] == [a, c, b]
    line.ok("bead", "rank", a, "--behind", b)
    assert [x["id"] for x in line.ok("bead", "list", "-o", "json").json] == [c, b, a]


def test_a_bead_by_hand(line: Line, world: World) -> None:
    bead = line.bead()
    assert line.ok("bead", "claim", bead).out == f"{bead} is yours\n"
    assert line.ok("bead", "release", bead, "-m", "no time").out == f"{bead} is open again\n"
    line.ok("bead", "claim", bead)
    assert line.ok("bead", "submit", bead, "-m", "made").out == f"{bead} waits for a review\n"
    assert line.ok("bead", "reject", bead, "-m", "not yet").out == f"{bead} goes back: not yet\n"
    line.ok("bead", "claim", bead)
    assert line.ok("bead", "fail", bead, "-m", "no way", "-o", "json").json["state"] == "failed"
    assert line.ok("bead", "reopen", bead).out == f"{bead} is open again\n"
    assert line.ok("bead", "hold", bead, "later").out == f"{bead} is held: later\n"
    assert line.ok("bead", "hold", bead, "--off").out == f"{bead} may start\n"
    assert world.state(bead) == "open"


def test_beads_are_named_by_what_is_unique(line: Line) -> None:
    bead = line.bead()
    for text in (bead, bead.removeprefix("sh-"), bead[:-1]):
        assert line.ok("bead", "show", text, "-o", "json").json["id"] == bead


@pytest.fixture
def reviewed(line: Line, world: World) -> str:
    """Return a bead whose work waits on its branch for a review."""
    bead = line.bead("change a")
    claim = world.taken(bead)
    git(line.repository, "checkout", "-q", "-b", f"halftui/{bead}")
    (line.repository / "a.txt").write_text("one\nthree\nfour\n", encoding="utf-8")
    git(line.repository, "commit", "-qam", "work")
    git(line.repository, "checkout", "-q", "main")
    world.end(claim)
    return bead


def test_looking_at_work(line: Line, reviewed: str) -> None:
    assert line.ok("bead", "diff", reviewed, "--stat").out.splitlines()[1].split() == [
        "modified", "2", "1", "a.txt",
    ]  # fmt: skip
    shown = line.ok("bead", "diff", reviewed).out
    assert "modified a.txt +2 -1\n" in shown
    assert "-two\n+three\n+four\n" in shown
    work = line.ok("bead", "diff", reviewed, "-o", "json").json
    assert work["files"][0] == {
        "path": "a.txt", "old_path": "a.txt", "kind": "modified", "form": "text", "plus": 2, "minus": 1,
    }  # fmt: skip


def test_accepting_work(line: Line, reviewed: str) -> None:
    said = line.ok("bead", "approve", reviewed).out
    head = git(line.repository, "rev-parse", "HEAD").strip()
    assert said == f"{reviewed} is merged as {head[:10]}\n"
    assert (line.repository / "a.txt").read_text(encoding="utf-8") == "one\nthree\nfour\n"
    assert line.ok("bead", "show", reviewed, "-o", "json").json["merged"] == head


def test_convoys(line: Line) -> None:
    a = line.bead("a")
    b = line.bead("b", "--after", a)
    assert line.ok("convoy", "create", "New checkout", a, b).out.startswith("new-checkout is staged")
    c = line.bead("c", "--convoy", "New checkout")
    shown = line.ok("convoy", "show", "New checkout", "-o", "json").json
    assert [[x["id"] for x in wave] for wave in shown["waves"]] == [[a, c], [b]]
    assert shown["convoy"]["counts"] == {"blocked": 1, "ready": 2}
    assert line.ok("convoy", "start", "new-checkout").out == "new-checkout is moving\n"
    assert line.ok("convoy", "add", "new-checkout", line.bead("d")).out == "new-checkout has 4 beads\n"
    text = line.ok("convoy", "show", "new-checkout").out.splitlines()
    assert text[0] == "New checkout is moving · 0 of 4 finished · 1 blocked 3 ready"
    assert text[1].split() == ["BEAD", "TITLE", "WAVE", "ASSIGNEE", "MORE"]
    assert [line.split() for line in text[2:5]] == [
        ["·", a, "a", "1"], ["└─◌", b, "b", "2"], ["·", c, "c", "1"]
    ]  # fmt: skip
    assert text[-1] == f"critical path: {a} → {b}; finishing {a} frees 1"
    assert line.ok("convoy", "cancel", "new-checkout", "-m", "no").out == "new-checkout is cancelled\n"
    assert line.ok("convoy", "list", "-o", "json").json[0]["state"] == "cancelled"


PLAN = """
name: Auth rework
integration: true
beads:
  - {key: audit, title: Audit}
  - {key: extract, title: Extract, after: audit}
  - title: Login
    after: [extract, {bead: audit, on_failure: hold}]
"""


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_planned_convoy(line: Line, form: str) -> None:
    text = PLAN if form == "yaml" else json.dumps(yaml.safe_load(PLAN))
    told = line.ok("convoy", "create", "-f", "-", stdin=text).out.splitlines()
    assert [row.split()[0] for row in told] == ["KEY", "audit", "extract", "#3", "auth-rework"]
    assert told[-1] == "auth-rework is staged; halftui convoy start auth-rework lets it go"
    audit, extract, login = (row.split()[1] for row in told[1:4])
    shown = line.ok("convoy", "show", "auth-rework").out.splitlines()
    assert shown[0].endswith("· on convoy/auth-rework")
    assert [row.split() for row in shown[2:5]] == [
        ["◌", audit, "Audit", "1"], ["└─◌", extract, "Extract", "2"],
        ["└─◌", login, "Login", "3", "+1", "blocker", audit],
    ]  # fmt: skip
    again = line.ok("convoy", "create", "Other", "-f", "-", "--start", "-o", "json", stdin=text).json
    assert (again["id"], list(again["beads"])) == ("other", ["audit", "extract", "#3"])
    assert line.ok("convoy", "list", "-o", "json").json[0]["state"] == "moving"


def test_a_plan_in_a_file_is_complained_of_by_line(line: Line, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    ran = line("convoy", "create", "-f", str(file))
    assert (ran.code, "can't be read: No such file" in ran.err) == (2, True)
    for text, says in (
        ("name: x\nbeads:\n  - heading: y\n", f"{file}, line 3, beads[0].heading: this is no field"),
        ("name: x\nbeads: [\n", f"{file}, line 3: "),
        ("name: x\nbeads: [{title: y, after: none}]", f"{file}, line 2, beads[0].after[0]: "),
        ("name: x\nbeads: &a [*a]", f"{file}, line 2: aliases are not understood"),
        ("name: x\nname: y", f"{file}, line 2: name stands there twice"),
        ("name: !!python/name:os.system x", f"{file}, line 1: tags are not understood"),
        ("[" * 100_000, f"{file}, line 1: nothing of a plan lies that deep"),
        ('{"name":\n}', f"{file}, line 2: "),
        ('{"a": ' + "[" * 100_000, f"{file} can't be read"),
        ('{"name": "x", "name": "y"}', f"{file}: name stands twice"),
    ):
        file.write_text(text, encoding="utf-8")
        ran = line("convoy", "create", "-f", str(file))
        assert ran.code in (2, 5)
        assert ran.err.startswith(f"error: {says}"), ran.err
    file.write_bytes(b"\xff\xfe")
    assert "no UTF-8" in line("convoy", "create", "-f", str(file)).err
    assert line("convoy", "create", "x", line.bead(), "-f", str(file)).code == 2
    assert line.ok("convoy", "list", "-o", "json").json == []


def test_the_inbox_names_a_convoy_that_stands(line: Line) -> None:
    bead = line.bead("a")
    line.ok("convoy", "create", "Trip", bead, "--start")
    line.ok("bead", "hold", bead, "ask Bo")
    told = f"stranded: Trip: {bead} a is on hold: ask Bo"
    assert line.ok("inbox").out.splitlines()[-1] == told
    assert line.ok("inbox", "-o", "json").json == []
    assert line.ok("convoy", "show", "trip").out.splitlines()[-1] == f"stranded: {bead} a is on hold: ask Bo"


def test_deleting_and_moving_beads(line: Line) -> None:
    a, b = line.bead("a"), line.bead("b")
    assert line.ok("bead", "reparent", b, a).out == f"{b} is a part of {a}\n"
    assert line.ok("bead", "reparent", b).out == f"{b} is a part of no other bead\n"
    ran = line("bead", "delete", a)
    assert (ran.code, "can't be undone" in ran.err) == (2, True)
    assert line.ok("bead", "delete", a, "--yes").out == f"{a} is deleted\n"
    assert line("bead", "show", a).code == 5


def test_agents_and_attempts(line: Line, world: World) -> None:
    bead = line.bead()
    claim = world.started(world.taken(bead))
    (agent,) = line.ok("agent", "list", "-o", "json").json
    assert (agent["name"], agent["status"], agent["bead"]) == (claim.agent, "working", bead)
    assert line("agent", "retire", claim.agent).code == 3
    assert line.ok("attempt", "stop", bead, "-m", "enough").out == f"{bead}@1 is asked to stop\n"
    assert line.ok("bead", "release", bead).out == f"the agent on {bead} is asked to stop\n"
    world.end(claim, Outcome.STOPPED)
    assert line.ok("attempt", "stop", f"{bead}@1").out == f"{bead}@1 is over already\n"
    (row,) = line.ok("attempt", "list", bead, "-o", "json").json
    assert (row["outcome"], row["agent"]) == ("stopped", claim.agent)
    assert line("agent", "retire", claim.agent, "none").code == 5, "all or nobody"
    assert line.ok("agent", "retire", claim.agent).out == f"{claim.agent} is retired\n"


def test_lines(line: Line, world: World) -> None:
    bead = line.bead()
    claim = world.taken(bead)
    said = [(n, 1_800_000_000.0 + n, "out", f"\x1b[31mline {n}\x1b[0m") for n in range(1, 6)]
    world.engine(transcripts.append, claim.attempt, said, "")
    assert line.ok("attempt", "lines", bead).out == "".join(f"line {n}\n" for n in range(1, 6))
    assert line.ok("attempt", "lines", claim.attempt, "--last", "2").out == "line 4\nline 5\n"
    assert line.ok("attempt", "lines", bead, "--last", "0").out == ""
    assert line.ok("attempt", "lines", bead, "--last", "1", "-o", "wide").out == "08:00:05 out      line 5\n"
    record = json.loads(line.ok("attempt", "lines", bead, "--last", "1", "-o", "json").out)
    assert record == {
        "attempt": claim.attempt, "number": 5, "at": "2027-01-15T08:00:05.000Z", "kind": "out",
        "text": "line 5",
    }  # fmt: skip


def test_questions(line: Line, world: World) -> None:
    claim = world.started(world.taken(line.bead()))
    options = (Option("red"), Option("green", "as grass"))
    asked = world.engine(questions.ask, claim.attempt, Question("question", "which?", options))
    (shown,) = line.ok("inbox", "-o", "json").json
    assert shown["options"] == [
        {"label": "red", "description": ""}, {"label": "green", "description": "as grass"},
    ]  # fmt: skip
    assert line.ok("question", "list", "-o", "json").json == [shown]
    assert line.ok("answer", asked[:8], "2").out.endswith("is answered: green\n")
    allowed = world.engine(questions.ask, claim.attempt, Question("permission", "may I?", tool="Bash"))
    assert line.ok("answer", allowed, "--allow").out.endswith("is allowed\n")
    refused = world.engine(questions.ask, claim.attempt, Question("permission", "may I?"))
    assert line.ok("answer", refused, "not that", "--refuse").out.endswith("is refused\n")
    answers = [e.after for e in world.events() if e.verb == "question.answer"]
    assert [(a["answer"], a["is_allowed"]) for a in answers] == [
        ("green", False), ("", True), ("not that", False),
    ]  # fmt: skip


def test_accounts(line: Line, world: World) -> None:
    said = line.ok("subscription", "register", "work", "--kind", "api-key", stdin="sk-secret-1\n").out
    assert said == "work is registered\n"
    (shown,) = line.ok("subscription", "list", "-o", "json").json
    assert (shown["name"], shown["kind"], shown["has_token"]) == ("work", "api-key", True)
    everything = repr(world.dump()) + line.ok("subscription", "list", "-o", "wide").out
    assert "sk-secret-1" not in everything
    assert "gAAAA" in everything, "sealed"
    assert line.ok("subscription", "remove", "work").out == "work is removed\n"


def test_events(line: Line) -> None:
    bead = line.bead("first")
    line.ok("bead", "hold", bead)
    assert [e["verb"] for e in line.ok("event", "list", bead, "-o", "json").json] == [
        "bead.create", "bead.hold",
    ]  # fmt: skip
    (last,) = line.ok("event", "list", "--last", "1", "-o", "json").json
    assert (last["verb"], last["after"], last["actor"]) == ("bead.hold", {"hold": "on hold"}, "person:ann")


def test_boards(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert line.ok("board", "edit", "cap=7", "review=none").out == "Shop has cap=7, review=none\n"
    (line.home / "recipe").write_text("# tools\nRUN apt-get update\n")
    line.ok("board", "edit", f"recipe=@{line.home}/recipe")
    assert line.ok("board", "show", "-o", "json").json["recipe"] == "# tools\nRUN apt-get update\n"
    plans = make_repository(tmp_path / "plans")
    assert (
        line.ok("board", "edit", "cap=6", "--collab", str(plans)).out == f"Shop has cap=6, collab={plans}\n"
    )
    shown = line.ok("board", "show", "-o", "json").json
    assert (shown["collab"], shown["collab_branch"], shown["cap"]) == (str(plans), "main", 6)
    assert line("board", "edit", "--collab", str(tmp_path)).code == 2
    assert line("board", "edit", "--collab", str(plans), "--collab-branch", "none").code == 5
    assert line.ok("board", "edit", "--collab", "").out == "Shop has collab=\n"
    assert line.ok("board", "pause").out == "Shop is paused\n"
    assert line.ok("board", "show", "-o", "json").json["is_paused"] is True
    assert line.ok("board", "resume", "Shop").out == "Shop goes on\n"
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    line.ok("init", str(other), "--name", "Other")
    assert [b["name"] for b in line.ok("board", "list", "-o", "json").json] == ["Other", "Shop"]
    assert line.ok("board", "show", "-o", "json").json["name"] == "Shop"
    (other / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(other / "deep" / "er")
    assert line.ok("board", "show", "-o", "json").json["name"] == "Other"
    assert line.ok("--board", "Shop", "board", "show", "-o", "json").json["name"] == "Shop"
    assert line.ok("bead", "list", "--board", "shop", "-o", "json").json == []
    monkeypatch.chdir(tmp_path)
    lost = line("bead", "list")
    assert (lost.code, lost.out) == (2, "")
    assert lost.err == "error: this folder belongs to no board\nhint: name one with --board: Other, Shop\n"


def test_the_only_board_is_meant_anywhere(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert line.ok("board", "show", "-o", "json").json["name"] == "Shop"
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert line.ok("board", "show", "-o", "json").json["name"] == "Shop"


def test_settings(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config" / "halftui").mkdir(parents=True)
    file = tmp_path / "config" / "halftui" / "config.toml"
    file.write_text("cap = 9\n", encoding="utf-8")
    monkeypatch.setenv("HALFTUI_PIDS", "99")
    url = "postgresql://ann:secret@host/half"
    rows = {r["name"]: r for r in line.ok("--database", url, "config", "show", "-o", "json").json}
    assert (rows["cap"]["value"], rows["cap"]["origin"]) == (9, str(file))
    assert (rows["pids"]["value"], rows["pids"]["origin"]) == (99, "environment")
    assert (rows["database"]["value"], rows["database"]["origin"]) == ("postgresql://ann:…@host/half", "flag")
    assert rows["memory_mb"]["origin"] == "default"


def test_the_house(line: Line) -> None:
    assert line.ok().out == "the screen opens on shop\n"
    assert line.ok("--board", "Shop").out == "the screen opens on shop\n"
    assert line.ok("demo").out == "the demo opens\n"
    checked = line("doctor", "-o", "json")
    assert (checked.code, [c["is_ok"] for c in checked.json]) == (2, [True, False])
    remedy = next(c["remedy"] for c in checked.json if not c["is_ok"])
    assert f"\n{'':20}{remedy}\n" in line("doctor").out, "whole, to be copied"
    built = line("image", "build")
    assert (built.code, built.out, built.err) == (0, "halftui-agent:1 is there\n", "step  of 1\n")
    assert line.ok("image", "list", "-o", "json").json[0]["created_at"] == "1970-01-01T00:00:00.000Z"


def test_versions_and_help(empty: Line) -> None:
    assert re.fullmatch(r"halftui \d+\.\d+\.\d+\n", empty.ok("--version").out)
    assert "Without a command the board" in empty.ok("--help").out
    assert not empty.home.exists()


def test_another_person_sees_the_change(line: Line, world: World) -> None:
    bead = line.bead()
    world.store.write(BO, boards.edit, "shop", cap=1)
    assert line.ok("board", "show", "-o", "json").json["cap"] == 1
    world.engine(attempts.claim, "shop", 30.0, 4, ("Toast",))
    assert line.ok("bead", "show", bead, "-o", "json").json["assignee"] == "Toast"
