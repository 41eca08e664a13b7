"""`get`, `describe`, `apply` and `delete`: what is got can be applied, and nothing then changes."""

import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halftui.cli.call import Call
from halftui.cli.commands import manifest
from halftui.domain.lanes import DEFAULT
from halftui.ops import beads, edges, views
from halftui.ops.specs import KINDS
from tests.cli.conftest import Line
from tests.cli.test_process import PROGRAM, env
from tests.helpers.stores import BO
from tests.helpers.world import World

__all__ = ["env"]

PLAN = """
kind: convoy
ref: trip
spec: {name: Checkout}
---
- kind: bead
  ref: api
  spec: {title: The API, convoy: trip, labels: [b, a], due: 2026-12-24T18:00Z, description: "one\\ntwo"}
- kind: bead
  ref: ui
  spec: {title: The screen, convoy: trip, after: [api], priority: 1}
- kind: bead
  spec: {title: Its tests, parent: ui, hold: later, links: [{target: api, kind: related}]}
"""


@pytest.fixture
def full(line: Line) -> Line:
    """Return a board with some of every kind."""
    line.ok("apply", "-f", "-", stdin=PLAN)
    line.ok("subscription", "register", "work", stdin="token")
    line.ok("profile", "apply", "reviewer", "backend")
    line.ok("identity", "create", "--username", "cedar")
    line.ok("bead", "cancel", line.bead("dropped"))
    line.bead("hostile \x1b]0;x\x07 text", "-d", "- a: [1\n# x\n'\"\t", "--due", "+3d", "-l", "null")
    return line


def _got(line: Line, kind: str, form: str = "json") -> str:
    return line.ok("get", kind, "-o", form).out


def test_a_plan_is_made_in_one_go(line: Line, world: World) -> None:
    said = line.ok(
        "apply",
        "-f",
        "-",
        stdin=PLAN,
    ).out.splitlines()
    assert [text.split()[0] for text in said] == ["convoy", "bead", "bead", "bead"]
    assert all(text.endswith("is created") for text in said)
    (convoy,) = json.loads(_got(line, "convoys"))
    assert (convoy["spec"]["name"], len(convoy["spec"]["beads"]), convoy["status"]["state"]) == (
        "Checkout", 2, "staged",
    )  # fmt: skip
    beads = {b["spec"]["title"]: b for b in json.loads(_got(line, "beads"))}
    api, ui, tests = beads["The API"], beads["The screen"], beads["Its tests"]
    assert api["spec"]["labels"] == ["a", "b"]
    assert api["spec"]["due"] == "2026-12-24T18:00:00.000Z"
    assert [e["target"] for e in ui["spec"]["links"]] == [api["id"]]
    assert (tests["spec"]["parent"], tests["spec"]["hold"]) == (ui["id"], "later")
    assert world.verbs().count("bead.create") == 3


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_got_can_be_applied_and_changes_nothing(
    full: Line, world: World, kind: str, form: str
) -> None:
    got = _got(full, f"{kind}s", form)
    rows = world.dump()
    done = full.ok("apply", "-f", "-", "-o", "json", stdin=got).json
    assert done
    assert {one["done"] for one in done} == {"unchanged"}
    assert world.dump() == rows
    assert _got(full, kind, form) == got


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_is_got_of_nothing_can_be_applied(line: Line, form: str) -> None:
    got = _got(line, "agents", form)
    assert line.ok("apply", "-f", "-", "-o", "json", stdin=got).json == []


def test_getting_lists_once_however_many_there_are(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    lists: list[str] = []
    usual = manifest._rows

    def rows(call: Call, kind: str) -> Sequence[Any]:
        lists.append(kind)
        return usual(call, kind)

    monkeypatch.setattr(manifest, "_rows", rows)
    made = {line.bead() for _ in range(3)}
    assert {one["id"] for one in line.ok("get", "beads", "-o", "json").json} == made
    assert lists == ["bead"]


def test_all_kinds_in_one_file(full: Line, world: World, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text("---\n".join(_got(full, kind, "yaml") for kind in KINDS))
    rows = world.dump()
    full.ok("apply", "-f", str(file))
    assert world.dump() == rows


def test_only_what_differs_is_changed(full: Line, world: World) -> None:
    beads = {b["spec"]["title"]: b for b in json.loads(_got(full, "beads"))}
    ui, api = beads["The screen"], beads["The API"]
    ui["spec"] |= {"priority": 0, "links": [{"target": api["id"], "on_failure": "hold"}], "parent": api["id"]}
    seq = world.seq()
    done = full.ok("apply", "-f", "-", "-o", "json", stdin=json.dumps([ui, api])).json
    assert [one["done"] for one in done] == ["changed", "unchanged"]
    assert world.verbs(seq) == ["bead.edit", "bead.link", "bead.link"]
    again = full.ok("describe", "bead", ui["id"], "-o", "json").json
    assert (again["spec"]["priority"], again["spec"]["links"][0]["on_failure"]) == (0, "hold")
    ui["spec"] |= {"links": [], "parent": "", "hold": "wait"}
    full.ok("apply", "-f", "-", stdin=json.dumps(ui))
    assert world.verbs(seq)[3:] == ["bead.hold", "bead.unlink", "bead.unlink"]


def test_what_others_changed_since_is_not_put_back(full: Line, world: World) -> None:
    got = {b["spec"]["title"]: b for b in json.loads(_got(full, "beads"))}
    ui, api = got["The screen"], got["The API"]
    world.store.write(BO, beads.edit, ui["id"], priority=0, notes="mind the gap")
    world.store.write(BO, edges.link, api["id"], ui["id"], "related")
    api["spec"]["title"] = "An API"
    seq = world.seq()
    refused = full("apply", "-f", "-", stdin=json.dumps([ui]))
    assert "bo changed notes, priority of" in refused.err
    assert "bo changed links of" in full("apply", "-f", "-", stdin=json.dumps([api])).err
    assert world.seq() == seq, "nothing is applied"
    ui["spec"] = {"title": "A screen"}
    full.ok("apply", "-f", "-", stdin=json.dumps([ui]))  # nobody else changed that
    ui["spec"] = {"title": "The screen"}
    full.ok("apply", "-f", "-", stdin=json.dumps([ui]))  # what one changed oneself is no surprise
    del api["seen"]
    full.ok("apply", "-f", "-", stdin=json.dumps([api]))
    assert not full.ok("describe", "bead", api["id"], "-o", "json").json["spec"]["links"][1:]


def test_settings_of_a_board(full: Line, world: World) -> None:
    (board,) = json.loads(_got(full, "board"))
    board["spec"]["cap"] = 9
    assert full.ok("apply", "-f", "-", stdin=json.dumps(board)).out == "board shop is changed\n"
    assert full.ok("board", "show", "-o", "json").json["cap"] == 9
    board["spec"]["repository"] = "/elsewhere"
    assert full("apply", "-f", "-", stdin=json.dumps(board)).code == 3


def test_describing(full: Line) -> None:
    for kind, name in (("bead", None), ("convoy", "Checkout"), ("board", "Shop"), ("agent", "cedar"),
                       ("subscription", "work")):  # fmt: skip
        named = name or json.loads(_got(full, "beads"))[0]["id"]
        shown = full.ok("describe", kind, named).out
        assert shown.startswith("kind")
        assert "token" not in shown.replace("has token", "")
    cancelled = next(
        c["id"] for c in full.ok("bead", "list", "--lane", "closed", "-o", "json").json
    )  # fmt: skip
    assert full.ok("describe", "bead", cancelled, "-o", "json").json["status"]["state"] == "cancelled"


def test_getting_some(full: Line) -> None:
    first, second, *_ = json.loads(_got(full, "beads"))
    got = full.ok("get", "bead", first["id"], second["id"], "-o", "yaml").out
    assert [b["id"] for b in yaml.safe_load(got)] == [first["id"], second["id"]]
    assert full.ok("get", "Beads").out == full.ok("get", "bead").out
    assert "FINGERPRINT" in full.ok("get", "agents").out


def test_deleting(full: Line) -> None:
    bead = json.loads(_got(full, "beads"))[0]["id"]
    assert full.ok("delete", "bead", bead).out == f"bead {bead} is cancelled\n"
    assert full.ok("delete", "convoy", "Checkout").out == "convoy checkout is cancelled\n"
    assert full.ok("delete", "agents", "cedar").out.endswith(" is retired\n")
    assert full.ok("delete", "subscription", "work", "-o", "json").json["done"] == "removed"
    assert full("delete", "board", "Shop").code == 2


BAD = [
    ("", 2, "there is nothing in"),
    ("7", 2, "is no thing with a kind and a spec"),
    ("[[]]", 2, "is no thing"),
    ("kind: bead", 2, "number 1 of standard input is no thing"),
    ("kind: pod\nspec: {}", 2, "is of no kind that can be applied"),
    ("kind: [bead]\nspec: {}", 2, "is of no kind"),
    ("kind: bead\nspec: []", 2, "is no thing"),
    ("kind: bead\nspec: {}", 2, "has no title"),
    ("kind: bead\nspec: {title: ''}", 2, "has no title"),
    ("kind: bead\nseen: soon\nspec: {title: x}", 2, "its seen is no number of an event"),
    ("kind: bead\nspec: {title: x}\nwhat: 1", 2, "has 'what', which is nothing"),
    ("kind: bead\nspec: {title: x, colour: red}", 2, "a bead has no field 'colour'"),
    ("kind: bead\nspec: {title: [x]}", 2, "title is no text"),
    ("kind: bead\nspec: {title: true}", 2, "title is no text"),
    ("kind: bead\nspec: {title: x, labels: a}", 2, "labels is no list"),
    ("kind: bead\nspec: {title: x, labels: [[a]]}", 2, "labels is no text"),
    ("kind: bead\nspec: {title: x, priority: '1'}", 2, "priority is no whole number"),
    ("kind: bead\nspec: {title: x, priority: 9}", 2, "priority can't be 9"),
    ("kind: bead\nspec: {title: x, priority: true}", 2, "priority is no whole number"),
    ("kind: bead\nspec: {title: x, due: soon}", 2, "due is no time"),
    ("kind: bead\nspec: {title: x, due: [1]}", 2, "due is no text"),
    ("kind: bead\nspec: {title: x, due: 0001-01-01T00:00:00}", 2, "due"),
    ("kind: bead\nspec: {title: x, mode: sometimes}", 2, "mode can't be sometimes"),
    ("kind: bead\nspec: {title: x, after: [none]}", 5, "there is no bead none"),
    ("kind: bead\nspec: {title: x, after: none}", 2, "after is no list"),
    ("kind: bead\nspec: {title: x, convoy: none}", 5, "there is no convoy none"),
    ("kind: bead\nspec: {title: x, parent: none}", 5, "there is no bead none"),
    ("kind: bead\nspec: {title: x, links: [a]}", 2, "an edge without target"),
    ("kind: bead\nspec: {title: x, links: [{kind: blocks}]}", 2, "an edge without target"),
    ("kind: bead\nspec: {title: x, links: [{target: a, colour: b}]}", 2, "an edge without target"),
    ("kind: bead\nid: none\nspec: {title: x}", 5, "there is no bead none"),
    ("kind: bead\nid: [x]\nspec: {title: x}", 2, "its id is no word"),
    ("kind: bead\nref: {}\nspec: {title: x}", 2, "its ref is no word"),
    ("kind: bead\nref: a\nspec: {title: x, after: [a]}", 3, "that would close a cycle"),
    ("- {kind: bead, ref: a, spec: {title: x}}\n- {kind: bead, ref: a, spec: {title: y}}", 2, "twice"),
    ("- {kind: bead, ref: a, spec: {title: x, after: [b]}}\n"
     "- {kind: bead, ref: b, spec: {title: y, after: [a]}}", 3, "that would close a cycle"),
    ("- {kind: bead, spec: {title: fine}}\n- {kind: bead, spec: {title: y, priority: 7}}", 2, "priority"),
    ("kind: board\nspec: {cap: 4}", 3, "a board is not made by a file"),
    ("kind: board\nid: shop\nspec: {cap: many}", 2, "cap is no whole number"),
    ("kind: board\nid: shop\nspec: {mode: x}", 2, "mode can't be"),
    ("kind: subscription\nspec: {name: x, kind: oauth}", 3, "a subscription is not made by a file"),
    ("kind: agent\nspec: {username: Cedar}", 2, "is no username"),
    ("kind: agent\nspec: {name: x}", 2, "has no username"),
    ("kind: convoy\nspec: {}", 2, "has no name"),
    ("kind: convoy\nspec: {name: x, beads: [none]}", 5, "there is no bead none"),
    ("kind: convoy\nspec: {name: x, beads: {}}", 2, "beads is no list"),
    ("a: &a [x]\nb: *a", 2, "references are not taken"),
    ("kind: bead\nkind: bead\nspec: {title: x}", 2, "a name stands twice"),
    ("!!python/object/apply:os.system [id]", 2, "can't be understood"),
    ("kind: !!binary x\nspec: {}", 2, ""),
    ("kind: bead\nspec: {? [a] : b}", 2, "can't be understood"),
    ("{", 2, "can't be understood"),
    ('{"kind": "bead", "spec": {"title": "x", "priority": NaN}}', 2, "can't be understood"),
    ("[" * 5_000, 2, "can't be understood"),
    ("- " * 3_000, 2, "can't be understood"),
    ("\t- x", 2, "can't be understood"),
    ("kind: bead\nspec: {title: \x01}", 2, "can't be understood"),
    ("%YAML 9.9\n---\nx", 2, "can't be understood"),
    ("kind: bead\nspec: {title: x, due: 2026-13-45}", 2, ""),
    ("kind: bead\nspec: {title: x, due: 99999-01-01T00:00Z}", 2, "due is no time"),
    ("kind: bead\nspec: {title: " + "x" * 501 + "}", 2, "1 to 500 characters"),
    ("\n".join("- {kind: bead, spec: {title: x}}" for _ in range(2_001)), 2, "more than 2000 things"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "says"), BAD, ids=[repr(b[0][:50]) for b in BAD])
def test_a_bad_file_changes_nothing(line: Line, world: World, text: str, code: int, says: str) -> None:
    rows = world.dump()
    ran = line("apply", "-f", "-", stdin=text)
    assert (ran.code, ran.out) == (code, ""), ran
    assert ran.err.startswith("error: ")
    assert says in ran.err
    assert ran.err.count("\n") == 2
    assert world.dump() == rows


@pytest.mark.parametrize("name", ["none.yaml", "", ".", "\x00", "x" * 5_000])
def test_a_file_that_can_not_be_read(line: Line, name: str) -> None:
    assert line("apply", "-f", name).code == 2


def test_a_file_of_bytes(line: Line, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    assert line("apply", "-f", str(tmp_path / "x")).code == 2


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
_WORD = st.sampled_from(
    ["kind", "spec", "id", "ref", "title", "labels", "links", "after", "due", "bead", "name"]
)
_THING = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS), "spec": st.dictionaries(_WORD, _JSON, max_size=5)},
    optional={"id": _JSON, "ref": _JSON},
)


@given(st.lists(_THING, max_size=3) | _JSON)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_is_a_bug(line: Line, thing: object) -> None:
    ran = line("apply", "-f", "-", stdin=json.dumps(thing))
    assert ran.code in (0, 2, 3, 5), ran


@given(st.text(st.sampled_from("-:{}[]'\"#&*!|>%@`\n\t kindspecbead?,0"), max_size=60))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_a_bug(line: Line, text: str) -> None:
    ran = line("apply", "-f", "-", stdin=text)
    assert ran.code in (0, 2, 3, 5), ran


@pytest.fixture
def watching(line: Line, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Return a process that watches the beads."""
    words = [*PROGRAM, "get", "beads", "--watch", "-o", "json"]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ran:
        yield ran
        if ran.poll() is None:
            ran.kill()


def test_watching_prints_what_changes(line: Line, watching: subprocess.Popen[str]) -> None:
    assert watching.stdout is not None
    assert watching.stdout.readline() == "[]\n"
    bead = line.bead("new")
    assert json.loads(watching.stdout.readline())["id"] == bead
    line.ok("bead", "edit", bead, "--title", "another")
    assert json.loads(watching.stdout.readline())["spec"]["title"] == "another"
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=30)
    assert (err, watching.returncode) == ("", 130)


def test_lanes_are_laid_out_and_come_back_as_they_were(full: Line, world: World) -> None:
    full.ok("board", "lanes", "hot", "--filter", "#ui", "--title", "Hot ones", "--limit", "1", "--at", "2")
    rows = full.ok("board", "lanes", "done", "--hide", "-o", "json").json
    assert [row["name"] for row in rows][:3] == ["blocked", "hot", "ready"]
    assert {row["name"] for row in rows if row["is_hidden"]} == {"done"}
    got = _got(full, "board", "yaml")
    assert full.ok("apply", "-f", "-", stdin=got).out == "board shop is unchanged\n"
    full.ok("board", "lanes", "--reset")
    assert world.ask(views.board, "shop").lanes == DEFAULT
    assert full.ok("apply", "-f", "-", stdin=got).out == "board shop is changed\n"
    assert _got(full, "board", "yaml").partition("status:")[0] == got.partition("status:")[0]
    full.ok("board", "lanes", "hot", "--drop")
    assert all(not row.is_own for row in world.ask(views.board, "shop").lanes)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "there is no lane"),
        (["ready"], "nothing is said"),
        (["--hide"], "no lane is named"),
        (["own", "--limit", "3"], "it has no filter"),
        (["ready", "--drop"], "every board has"),
    ],
)
def test_a_lane_that_can_not_be_is_refused(full: Line, words: list[str], said: str) -> None:
    refused = full("board", "lanes", *words)
    assert (refused.code, said in refused.err) == (2, True)


PROFILES = """
- kind: bead
  spec: {title: Build it, profile: builder}
- kind: profile
  spec:
    name: builder
    role: Builds
    runtime: shell
    skills: {tests: Begin with one.}
    tools: [Read, Bash]
    limits: {turns: 5, usd: 1.5}
"""


def test_profiles_are_applied_like_every_kind(line: Line, world: World) -> None:
    said = line.ok("apply", "-f", "-", stdin=PROFILES).out.splitlines()
    assert said[1] == "profile builder is created"
    (bead,) = json.loads(_got(line, "beads"))
    assert (bead["spec"]["profile"], bead["spec"]["runtime"]) == ("builder", "shell")
    (found,) = json.loads(_got(line, "profiles"))
    assert (found["id"], found["status"]["version"]) == ("builder", 1)
    assert found["spec"]["limits"] == {"turns": 5, "usd": 1.5}
    again = yaml.safe_load_all(PROFILES)
    mine = [thing for things in again for thing in things if thing["kind"] == "profile"]
    assert line.ok("apply", "-f", "-", stdin=json.dumps(mine)).out == "profile builder is unchanged\n"
    found["spec"]["model"] = "claude-x"
    assert line.ok("apply", "-f", "-", stdin=json.dumps(found)).out == "profile builder is changed\n"
    shown = line.ok("describe", "profile", "builder", "-o", "json").json
    assert (shown["spec"]["model"], shown["spec"]["role"], shown["status"]["version"]) == (
        "claude-x",
        "Builds",
        2,
    )
    assert world.verbs().count("profile.apply") == 2
    other = {"kind": "profile", "id": "tester", "spec": found["spec"] | {"name": "tester"}}
    assert line.ok("apply", "-f", "-", stdin=json.dumps(other)).out == "profile tester is created\n"
    assert line("delete", "profile", "tester").code == 2


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({}, "has no name"),
        ({"name": "Bad Name"}, "can't name a profile"),
        ({"name": "a", "runtime": "emacs"}, "runtime can't be 'emacs'"),
        ({"name": "a", "tools": "Read"}, "tools is a list"),
        ({"name": "a", "limits": {"turns": -1}}, "the limit of turns"),
        ({"name": "a", "skills": ["x"]}, "skills is a mapping"),
        ({"name": "a", "colour": "red"}, "a profile has no field 'colour'"),
    ],
)
def test_bad_profiles_name_their_place(
    line: Line, world: World, spec: dict[str, Any], complaint: str
) -> None:
    rows = world.dump()
    said = line("apply", "-f", "-", stdin=json.dumps({"kind": "profile", "spec": spec}))
    assert said.code == 2
    assert "number 1 of standard input" in said.err
    assert complaint in said.err
    assert world.dump() == rows


def test_a_plan_names_profiles(line: Line, world: World) -> None:
    line.ok("apply", "-f", "-", stdin=PROFILES)
    plan = "name: Trip\nbeads:\n- {key: a, title: A, profile: builder}\n- {key: b, title: B}\n"
    line.ok("convoy", "create", "-f", "-", stdin=plan)
    beads = {b["spec"]["title"]: b["spec"] for b in json.loads(_got(line, "beads"))}
    assert (beads["A"]["profile"], beads["A"]["runtime"], beads["B"]["profile"]) == ("builder", "shell", "")
    lost = line("convoy", "create", "-f", "-", stdin=plan.replace("builder", "nobody"))
    assert "line 3, beads[0]: there is no profile nobody" in lost.err


def test_a_file_names_beads_by_their_whole_ids(line: Line) -> None:
    bead, other = line.bead("one"), line.bead("two")
    for spec in (
        f"id: {bead[:-1]!r}\nspec: {{title: x}}",
        f"id: {bead.partition('-')[2]!r}\nspec: {{title: x}}",
        f"id: {other}\nspec: {{after: [{bead[:-1]!r}]}}",
        f"spec: {{title: x, parent: {bead[:-1]!r}}}",
    ):
        ran = line("apply", "-f", "-", stdin=f"kind: bead\n{spec}\n")
        assert (ran.code, f"write {bead}, if it is meant" in ran.err) == (3, True), ran
    assert sorted(b["title"] for b in line.ok("bead", "list", "-o", "json").json) == ["one", "two"]


@pytest.mark.parametrize("text", ["2026-13-41", "2026-12-24T18:00:00+99:99"])
def test_what_only_looks_like_a_time_is_named(line: Line, text: str) -> None:
    ran = line("apply", "-f", "-", stdin=f"kind: bead\nspec: {{title: x, due: {text}}}\n")
    assert (ran.code, "this is no time" in ran.err, "line 2" in ran.err) == (2, True, True), ran
