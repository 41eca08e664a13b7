"""Codex CLI, by its adapter for the Agent Client Protocol: where it is, how it starts, how it fails."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from halftui.runtime import board_server, npm
from halftui.runtime.base import Abilities, Brief, Command, Inside
from halftui.runtime.outcome import Result
from halftui.runtime.preset import API_KEY, API_URL, Preset

ADAPTER = "@agentclientprotocol/codex-acp@2.6.0"  # brings the Codex CLI that it fits
FOLDER = "codex"  # below the folder of programs
WEEK = 7 * 24 * 3600  # seconds; a question may wait for a person for days

_MAIN = "node_modules/@agentclientprotocol/codex-acp/dist/index.js"

# The adapter calls every project trusted, and Codex then starts what a repository's `.codex` names. All that
# it says to Codex goes through the filter, which takes that back: a quote within a text is escaped in JSON,
# so that nothing else is changed. `cat` is for output that goes into a file.
_START = """
filter=$HOME/.codex/filter
mkdir -p "$HOME/.codex"
cat >"$filter" <<'END'
#!/bin/sh
sed -u 's/"trust_level":"trusted"/"trust_level":"untrusted"/g' | "$CODEX" "$@"
END
chmod 700 "$filter"
export CODEX_PATH="$filter"
export CODEX=$(echo "$1"/node_modules/@openai/codex-linux-*/vendor/*/bin/codex)
export CODEX_CONFIG=$(printf %s "$CODEX_CONFIG" | sed "s#{HALFTUI_API_URL}#$HALFTUI_API_URL#")
"$1"/node_modules/node-linux-*/bin/node "$1"/node_modules/@agentclientprotocol/codex-acp/dist/index.js | cat
"""

# What the adapter tells beyond the protocol, in its own words, among them why a turn failed.
_EXTRAS = {"jetbrains": {"air": {"version": 1, "capabilities": ["sessionFailure"]}}}
_CAUSES = {"access": "authentication_failed", "connection": "api_error", "service": "api_error"}


def preset(programs: Path) -> Preset:
    """Return Codex as it is installed below the folder of programs."""
    return Preset(
        "codex",
        Abilities(resume=True, questions=True, permissions=True, talk=True, tools=True, bridge=True),
        command,
        program=partial(find, programs),
        extras=_EXTRAS,
        failure=failure,
        has_servers=True,
        is_metered=True,
    )


def find(programs: Path) -> Path:
    """Return the folder that npm filled. Raises Unavailable, with the command that fills it."""
    return npm.find(programs / FOLDER, _MAIN, ADAPTER)


def command(brief: Brief, inside: Inside) -> Command:
    """Return what starts the adapter. Nothing in it is secret: the key is one of the attempt's own door."""
    env = {
        "HOME": inside.home,
        "CODEX_CONFIG": json.dumps(_config(brief, inside)),
        "MODEL_PROVIDER": "halftui",
        "INITIAL_AGENT_MODE": "agent-full-access" if brief.is_free else "read-only",
        "NO_BROWSER": "1",
    }
    return Command(["sh", "-c", _START, "codex", inside.tool], env)


def failure(meta: Mapping[str, Any]) -> Result | None:
    """Return how a turn failed that the protocol calls ended, None if it did not."""
    match meta:
        case {"jetbrains": {"air": {"sessionFailure": {"severity": "error"} as told}}}:
            category, ways = told.get("category"), told.get("actions") or ()
            # What is too long for the model is a limit, too, but none that ends by waiting.
            is_limit = category == "limit" and "new_session" not in ways
            cause = "rate_limit" if is_limit else _CAUSES.get(str(category), "")
            return Result(True, str(told.get("title", "")), causes=(cause,))
    return None


def _config(brief: Brief, inside: Inside) -> dict[str, Any]:
    """Return Codex's configuration: the board's proxy as the provider, and nothing run elsewhere."""
    provider = {
        "name": "HalfTUI",
        "base_url": f"{{{API_URL}}}/v1",
        "env_key": API_KEY,
        "wire_api": "responses",
        "supports_websockets": False,
    }
    return {
        "model_provider": "halftui",
        "model_providers": {"halftui": provider},
        **({"model": brief.model} if brief.model else {}),
        "web_search": "disabled",
        "analytics": {"enabled": False},
        "check_for_update_on_startup": False,
        "features": dict.fromkeys(("apps", "goals", "image_generation", "multi_agent", "plugins"), False),
        "mcp_servers": {board_server.SERVER: _server(inside)} if brief.has_tools else {},
    }


def _server(inside: Inside) -> dict[str, Any]:
    program, *args = board_server.launch(inside.sockets, inside.python)
    return {
        "command": program,
        "args": args,
        "required": True,
        "default_tools_approval_mode": "approve",  # the board itself decides what its tools may do
        "tool_timeout_sec": WEEK,
    }
