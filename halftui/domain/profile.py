"""Profiles of agents: what one is told of itself, which model and tools it has, and how far it may go."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import unified_diff
from typing import Any

from halftui.domain.text import clean, clean_line
from halftui.errors import Misconfigured
from halftui.settings import MODEL

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
TOOL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
LONGEST = 32_768  # characters of all that an agent is told
LIMITS = ("turns", "minutes", "tokens", "usd")  # of one attempt


@dataclass(frozen=True, slots=True)
class Profile:
    """What an agent of a kind is; what is empty is as the board has it."""

    role: str = ""  # in a line, for people
    runtime: str = ""
    model: str = ""
    system: str = ""  # what it is told of itself
    skills: Mapping[str, str] = field(default_factory=dict)  # by name: how it does something
    tools: tuple[str, ...] = ()  # of its program; (): all
    limits: Mapping[str, float] = field(default_factory=dict)  # of one attempt, by LIMITS

    @property
    def told(self) -> str:
        """Return what its agent is told besides what every agent is told."""
        parts = [self.system.strip(), *(f"## {name}\n{text.strip()}" for name, text in self.skills.items())]
        return "\n\n".join(part for part in parts if part)

    @property
    def turns(self) -> int:
        """Return the most turns of one attempt, 0 if the profile does not say."""
        return int(self.limits.get("turns", 0))


NOBODY = Profile()


def read(found: Any, runtimes: tuple[str, ...]) -> Profile:
    """Return the profile that plain values say. Raises Misconfigured naming the first bad one."""
    if not isinstance(found, Mapping):
        raise Misconfigured("a profile is a mapping", f"of {', '.join(f.name for f in fields(Profile))}")
    known = {f.name for f in fields(Profile)}
    if unknown := [str(key) for key in found if key not in known]:
        raise Misconfigured(
            f"a profile has no {clean_line(unknown[0], longest=50)}", f"there are {', '.join(known)}"
        )
    texts = {name: _text(name, found.get(name, "")) for name in ("role", "runtime", "model", "system")}
    if texts["runtime"] and texts["runtime"] not in runtimes:
        raise Misconfigured(
            f"runtime can't be {texts['runtime'][:40]!r}", f"it is one of {', '.join(runtimes)}"
        )
    if not re.fullmatch(MODEL, texts["model"]):
        raise Misconfigured(f"model can't be {texts['model'][:40]!r}", "it is a model's name without blanks")
    skills = {_text("skills", k): _text(f"skill {k}", v) for k, v in _mapping(found, "skills").items()}
    made = Profile(
        clean_line(texts["role"]), texts["runtime"], texts["model"],
        texts["system"], skills, _tools(found.get("tools") or ()), _limits(_mapping(found, "limits")),
    )  # fmt: skip
    if len(made.told) > LONGEST:
        raise Misconfigured(f"system and skills are longer than {LONGEST} characters", "shorten them")
    return made


def plain(profile: Profile) -> dict[str, Any]:
    """Return a profile as plain values without what is empty."""
    found = asdict(profile) | {"tools": list(profile.tools)}
    return {name: value for name, value in found.items() if value}


def dumped(profile: Profile) -> str:
    """Return a profile as it is stored; equal ones give the same text."""
    return json.dumps(plain(profile), ensure_ascii=False, sort_keys=True)


def loaded(text: str) -> Profile:
    """Return a stored profile."""
    found = json.loads(text)
    return Profile(**{**found, "tools": tuple(found.get("tools", ()))})


def difference(old: Profile, new: Profile, names: tuple[str, str]) -> list[str]:
    """Return what changed from one to the other, as the lines of a unified diff; [] if nothing did."""
    return list(unified_diff(_lines(old), _lines(new), *names, lineterm="", n=2))


def check_name(name: str) -> str:
    """Return the name of a profile. Raises Misconfigured if it can't be one."""
    if not NAME.fullmatch(name):
        raise Misconfigured(
            f"{clean_line(name, longest=60)!r} can't name a profile", "small letters, digits and -"
        )
    return name


def _lines(profile: Profile) -> list[str]:
    lines = []
    for name, value in plain(profile).items():
        if isinstance(value, Mapping):
            lines += [f"{name}.{key}: {line}" for key, one in value.items() for line in str(one).split("\n")]
        elif isinstance(value, list):
            lines += [f"{name}: {one}" for one in value]
        else:
            lines += [f"{name}: {line}" for line in str(value).rstrip("\n").split("\n")]
    return lines


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Misconfigured(f"{clean_line(name, longest=60)} is a text", "write it in quotes")
    return clean(value).strip()


def _mapping(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name) or {}
    if not isinstance(value, Mapping):
        raise Misconfigured(f"{name} is a mapping", f"write {name}: {{name: value}}")
    return value


def _tools(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise Misconfigured("tools is a list of names", "as in [Read, Grep, Bash]")
    for one in value:
        if not isinstance(one, str) or not TOOL.fullmatch(one):
            raise Misconfigured(
                f"{clean_line(str(one), longest=60)!r} names no tool", "as in [Read, Grep, Bash]"
            )
    return tuple(dict.fromkeys(value))


def _limits(found: Mapping[str, Any]) -> dict[str, float]:
    for name, most in found.items():
        if name not in LIMITS:
            raise Misconfigured(
                f"there is no limit of {clean_line(str(name), longest=40)}", f"of {', '.join(LIMITS)}"
            )
        if isinstance(most, bool) or not isinstance(most, int | float) or not 0 < most < 1e12:
            raise Misconfigured(f"the limit of {name} is a number above 0", "leave it out for none")
    return {name: most for name, most in found.items()}
