"""`halftui profile`: what agents are told of themselves, which model and tools they have."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click
import yaml

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.cli.plain_yaml import PlainLoader
from halftui.domain import profile as rules
from halftui.errors import Misconfigured

if TYPE_CHECKING:
    from halftui.ops.profiles import Worn

COLUMNS = ("name", "version", "role", "runtime", "model", "agents")
MORE = ("tools", "made_by", "made_at")
LARGEST = 1 << 20  # bytes of a file


@group("profile")
def profile() -> None:
    """Show and change the profiles of agents: role, model, system prompt, skills, tools, limits, runtime."""


@profile.command("list", example="halftui profile list")
@pass_call
def list_profiles(call: Call) -> None:
    """List the board's profiles in their newest version."""
    from halftui.ops import profiles

    call.list(call.service.read(profiles.listed, call.board.id), COLUMNS, MORE)


@profile.command("show", example="halftui profile show reviewer")
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(0), default=0, help="Not the newest.")
@pass_call
def show(call: Call, name: str, number: int) -> None:
    """Show a profile, as a file that `apply` takes."""
    from halftui.ops import profiles

    found = call.service.read(profiles.version, call.board.id, name, number)
    shown = {"name": name, "version": found.version, **rules.plain(found.profile)}
    if call.is_for_machines:
        call.show(shown)
    else:
        kept = {key: value for key, value in shown.items() if key != "version"}
        call.write(f"# version {found.version}\n{yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)}")


@profile.command("apply", example="halftui profile apply reviewer backend")
@click.argument("samples", nargs=-1, metavar="[SAMPLE...]")
@click.option("-f", "--file", "name", metavar="FILE", help="YAML with names; - reads standard input.")
@pass_call
def apply(call: Call, samples: tuple[str, ...], name: str | None) -> None:
    """Make profiles, or new versions of them: the named samples, or those of a file.

    The samples are architect, backend, frontend and reviewer.
    """
    from halftui.domain.names import RUNTIMES
    from halftui.ops import profiles

    texts = [(sample, _sample(sample)) for sample in samples]
    if name:
        texts.append(("", call.input.read() if name == "-" else _text(call.file(name))))
    if not texts:
        raise Misconfigured("no profile is named", f"name a sample ({', '.join(_samples())}), or -f FILE")
    found_all = [one for given, text in texts for one in _all(given, text)]
    read = [(rules.check_name(label), rules.read(found, RUNTIMES)) for label, found in found_all]
    for label, found in read:
        number = call.service.write(profiles.apply, call.board.id, label, found)
        call.say(f"{label} is at version {number}", {"name": label, "version": number})


@profile.command("diff", example="halftui profile diff reviewer --from 1")
@click.argument("name")
@click.option("--from", "old", type=click.IntRange(0), default=0, help="By default the one before.")
@click.option("--to", "new", type=click.IntRange(0), default=0, help="By default the newest.")
@pass_call
def diff(call: Call, name: str, old: int, new: int) -> None:
    """Show what changed between two versions of a profile."""
    from halftui.ops import profiles

    later = call.service.read(profiles.version, call.board.id, name, new)
    number = old or max(later.version - 1, 1)
    earlier = call.service.read(profiles.version, call.board.id, name, number)
    tell_difference(call, earlier, later)


def tell_difference(call: Call, earlier: Worn, later: Worn) -> None:
    """Print what changed from one version to another."""
    lines = rules.difference(earlier.profile, later.profile, (earlier.label, later.label))
    if call.is_for_machines:
        call.show({"from": earlier.label, "to": later.label, "lines": lines})
    else:
        call.write("".join(f"{line}\n" for line in lines) or f"nothing changed since {earlier.label}\n")


def _samples() -> list[str]:
    names = [file.name for file in files("halftui.profiles").iterdir()]
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def _sample(name: str) -> str:
    if name not in _samples():
        raise Misconfigured(f"there is no sample {name[:60]}", f"there are {', '.join(_samples())}")
    return (files("halftui.profiles") / f"{name}.yaml").read_text(encoding="utf-8")


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise Misconfigured(f"{file} is larger than a profile can be", "name another file")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file} can't be read: {error}", "name a YAML file") from error


def _all(given: str, text: str) -> Iterator[tuple[str, object]]:
    """Yield the profiles of a text with their names."""
    try:
        documents = [d for d in yaml.load_all(text, PlainLoader) if d is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:200]
        raise Misconfigured(f"this is no YAML: {why}", "see the guide") from error
    for found in documents:
        if not isinstance(found, dict):
            raise Misconfigured("a profile is a mapping", "as halftui profile show prints one")
        rest = {key: value for key, value in found.items() if key != "name"}
        yield given or str(found.get("name", "")), rest
