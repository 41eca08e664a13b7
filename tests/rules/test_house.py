"""The house's own rules, read from its source."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from halftui import ops

ROOT = Path(__file__).parents[2]
PRODUCT = sorted((ROOT / "halftui").rglob("*.py"))
SOURCES = [*PRODUCT, *sorted((ROOT / "tests").rglob("*.py"))]
GENERATED = ROOT / "halftui" / "store" / "migrations" / "versions"
LONGEST_FILE = 400
MOST_PUBLIC_METHODS = 20

# Where anything at all may be caught: an attempt's, an SSH session's and the program's outermost edge, and
# the translations of the database's errors and of the agent SDK's bare Exception, which let every error of
# another origin pass at once.
REFUSED_TO_GUESTS = {"house", "house_copy", "skill"}  # files of commands of which none is for guests
EDGES = re.compile(
    r"halftui/(engine/(attempt|merger)|ssh/session|main(/\w+)?|store/store|runtime/claude)\.py"
)

FORBIDDEN = {  # nowhere but in this file
    "a place on one machine": r"/work/(shared|main)|/tmp/[a-z]{1,2}/|/root/|/home/[a-z]+/|/opt/pypi",
    "a mirror of a registry": r"artifactory|\bnexus\b|[\w.-]*mirror[\w-]*\.[a-z]{2,}|devpi\b",
    "a registry": r"(?i)\bpypi\.org|pythonhosted\.org|npmjs\.(org|com)|\bdebian\.org",
    "a secret that works": r"sk-ant-(oat|api)\d\d-[\w-]{40}",
    "unfinished work": r"\bTODO\b|\bFIXME\b|\bXXX\b",
    "a merge that was not finished": r"^(<{7} |>{7} |={7}$)",
    "who wrote it": r"[Cc]o-[Aa]uthored-[Bb]y",
}


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _texts() -> Iterator[tuple[Path, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        if file.is_file() and b"\0" not in (content := file.read_bytes())[:8_192]:
            yield file, content.decode(errors="replace")


def test_files_are_short() -> None:
    long = {_name(f): n for f in PRODUCT if (n := len(f.read_text("utf-8").splitlines())) > LONGEST_FILE}
    assert {name: n for name, n in long.items() if ROOT / name not in GENERATED.rglob("*")} == {}


def test_classes_have_few_public_methods() -> None:
    large = {}
    for file in PRODUCT:
        for node in ast.walk(_tree(file)):
            if isinstance(node, ast.ClassDef):
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
                count = len([m for m in methods if not m.name.startswith(("_", "action_", "on_", "watch_"))])
                if count > MOST_PUBLIC_METHODS:
                    large[f"{_name(file)}:{node.name}"] = count
    assert large == {}


@pytest.mark.parametrize("file", SOURCES, ids=_name)
def test_every_module_says_what_it_is_for(file: Path) -> None:
    text = ast.get_docstring(_tree(file)) or ""
    if file.parent == GENERATED or (file.name == "__init__.py" and not file.read_text(encoding="utf-8")):
        return
    assert text, f"{_name(file)} has no docstring"
    assert text.split("\n")[0].endswith((".", ":", ",", ";")), text


def test_anything_is_caught_at_the_edges_only() -> None:
    found = []
    for file in PRODUCT:
        for node in ast.walk(_tree(file)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {k.id if isinstance(k, ast.Name) else "" if k else "everything" for k in kinds}
            if names & {"Exception", "BaseException", "everything"} and not EDGES.fullmatch(_name(file)):
                found.append(f"{_name(file)}:{node.lineno}")
    assert found == []


def test_no_error_is_swallowed() -> None:
    """An except branch that only passes has to say why beside it."""
    found = []
    for file in PRODUCT:
        lines = file.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(_tree(file)):
            if isinstance(node, ast.ExceptHandler) and all(isinstance(n, ast.Pass) for n in node.body):
                beside = lines[node.lineno - 1 : node.body[-1].end_lineno]
                if not any("#" in line for line in beside):
                    found.append(f"{_name(file)}:{node.lineno}")
    assert found == []


def test_commands_take_files_by_one_way() -> None:
    """Who comes in over SSH must reach no file of the serving machine: `Call.file` sees to that."""
    found = []
    for file in (ROOT / "halftui/cli/commands").glob("*.py"):
        for node in ast.walk(_tree(file)):
            called = node.func if isinstance(node, ast.Call) else None
            is_file = isinstance(called, ast.Name) and called.id in {"Path", "open"}
            if is_file and file.stem not in REFUSED_TO_GUESTS:
                found.append(f"{_name(file)}:{called.lineno if called else 0}")
    assert found == []


def test_floors_import_only_floors_below() -> None:
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 broken" in ran.stdout


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_stands_nowhere_in_the_tree(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = [
        f"{_name(file)}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
        for file, text in _texts()
        if file != Path(__file__)
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_ops_that_are_imported_when_named_are_listed() -> None:
    """Else the name is there only where somebody else has imported the module before."""
    named = {
        node.attr
        for file in ROOT.glob("halftui/**/*.py")
        if re.search(r"^from halftui import .*\bops\b", file.read_text("utf-8"), re.MULTILINE)
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ops"
    }
    assert "artefacts" in named
    assert named <= set(ops.__all__)


def test_files_that_the_docs_name_are_there() -> None:
    floors = "|".join(sorted({f.parent.name for f in SOURCES} - {"halftui"}))
    named = re.compile(rf"`((?:tests/|halftui/)?(?:{floors})/[\w/]*\w|test_\w+)")
    files = {
        str(f.relative_to(ROOT).with_suffix(""))
        for top in ("halftui", "tests")
        for f in ROOT.glob(f"{top}/**/*")
    }
    missing = [
        f"{_name(page)}: {found}"
        for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"))
        for found in named.findall(page.read_text("utf-8"))
        if not any(file == found or file.endswith(f"/{found}") for file in files)
    ]
    assert missing == []
