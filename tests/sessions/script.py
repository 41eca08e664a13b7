"""Reads and plays session scripts.

    # as viewer                      the role of what follows; at the beginning it is admin
    $ halftui bead create Work       a command, by a shell's rules
    {bead} is queued                 what it prints: {word} is kept, … is anything, later {word} is put in
    [5]                              its exit code, if it is not 0

Standard error stands where standard output does, after it.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
_NAME = re.compile(r"\{([a-z]+)\}|…")
_CODE = re.compile(r"\[(\d+)\]")


@dataclass
class Step:
    """One command, what it has to print, and how it has to end."""

    role: str
    command: str
    wanted: list[str] = field(default_factory=list)
    code: int = 0
    number: int = 0


@dataclass(frozen=True)
class Seen:
    """What a command did."""

    code: int
    text: str


Run = Callable[[str, list[str]], Seen]  # role, words


def scripts() -> list[Path]:
    """Return all session scripts."""
    return sorted(FOLDER.glob("*.session"))


def read(file: Path) -> Iterator[Step]:
    """Yield a script's steps."""
    step, role = None, "admin"
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("# as "):
            role = line.removeprefix("# as ").strip()
        elif line.startswith("$ "):
            if step is not None:
                yield step
            step = Step(role, line.removeprefix("$ "), number=number)
        elif step is not None and (code := _CODE.fullmatch(line)):
            step.code = int(code[1])
        elif step is not None and line and not line.startswith("# "):
            step.wanted.append(line)
    if step is not None:
        yield step


def play(file: Path, run: Run) -> int:
    """Play a script; return how many commands it had."""
    known: dict[str, str] = {}
    count = 0
    for step in read(file):
        words = shlex.split(_filled(step.command, known))
        assert words[0] == "halftui", step
        seen = run(step.role, words[1:])
        where = f"{file.name}:{step.number}: {step.command}\n{seen.text}"
        assert seen.code == step.code, f"{where}[{seen.code}]"
        lines = seen.text.splitlines()
        assert len(lines) == len(step.wanted), where
        for line, wanted in zip(lines, step.wanted, strict=True):
            found = re.fullmatch(_pattern(wanted, known), line)
            assert found, f"{where}\nwanted: {wanted}\nread:   {line}"
            known |= found.groupdict()
        count += 1
    return count


def _filled(text: str, known: dict[str, str]) -> str:
    return _NAME.sub(lambda m: known.get(m[1], m[0]) if m[1] else m[0], text)


def _pattern(text: str, known: dict[str, str]) -> str:
    parts, last = [], 0
    new: set[str] = set()
    for match in _NAME.finditer(text):
        parts.append(re.escape(text[last : match.start()]))
        name = match[1]
        if not name:
            parts.append(".*")
        elif name in known:
            parts.append(re.escape(known[name]))
        elif name in new:
            parts.append(f"(?P={name})")
        else:
            parts.append(rf"(?P<{name}>\S+)")
            new.add(name)
        last = match.end()
    return "".join([*parts, re.escape(text[last:]), r"\s*"])
