"""Gives the runtime of a kind, and imports only what that one needs."""

from typing import TYPE_CHECKING

from halftui.domain.names import RUNTIMES
from halftui.errors import Misconfigured
from halftui.runtime.base import Runtime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from halftui.runtime.script import Scenario


def make(
    kind: str,
    *,
    credential: str = "oauth",
    retries: int = 40,
    env: "Mapping[str, str] | None" = None,
    scenario: "Scenario | None" = None,
    python: str = "",
    programs: "Path | None" = None,
) -> Runtime:
    """Return the runtime called `kind`. Raises Misconfigured if there is none, or no such `credential`.

    `credential`, `retries` and `env` are for `claude`; `scenario` and `python`, the interpreter's name in
    the sandbox (empty: this one), for `scripted`; `programs`, the folder of what npm installed, for
    `codex` and `gemini`.
    """
    if kind == "claude":
        from halftui.runtime.claude import ClaudeRuntime

        return ClaudeRuntime(credential, retries=retries, env=env)
    if kind == "scripted":
        from halftui.runtime.scripted import ScriptedRuntime

        return ScriptedRuntime(scenario, **({"python": python} if python else {}))
    if kind in ("codex", "gemini") and programs is not None:
        from halftui.runtime import codex, gemini
        from halftui.runtime.acp import AcpRuntime

        return AcpRuntime({"codex": codex, "gemini": gemini}[kind].preset(programs))
    if kind == "acp":
        from halftui.runtime.acp import AcpRuntime

        return AcpRuntime()
    if kind == "shell":
        from halftui.runtime.shell import ShellRuntime

        return ShellRuntime()
    raise Misconfigured(f"There is no runtime {kind!r}.", f"choose one of {', '.join(RUNTIMES)}")
