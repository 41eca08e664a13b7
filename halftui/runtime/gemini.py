"""Gemini CLI: where it is, and how it starts with the board's proxy as its provider."""

import json
from functools import partial
from pathlib import Path

from halftui.runtime import board_server, npm
from halftui.runtime.base import Abilities, Brief, Command, Inside
from halftui.runtime.preset import Preset

PACKAGE = "@google/gemini-cli@0.61.0"
FOLDER = "gemini"  # below the folder of programs

_MAIN = "node_modules/@google/gemini-cli/bundle/gemini.js"

# Settings of the system are above those of a repository: its servers and hooks are none of the agent's.
_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
    "mcp": {"allowed": [board_server.SERVER]},
    "hooksConfig": {"enabled": False},
    "tools": {"exclude": ["google_web_search", "web_fetch"]},  # run by the provider, or in need of a network
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
}
_START = """
export GEMINI_CLI_SYSTEM_SETTINGS_PATH=$HOME/.gemini-system.json
printf %s "$SETTINGS" >"$GEMINI_CLI_SYSTEM_SETTINGS_PATH"
unset SETTINGS
export GEMINI_API_KEY=$HALFTUI_API_KEY GOOGLE_GEMINI_BASE_URL=$HALFTUI_API_URL
tool=$1
shift
"$tool"/node_modules/node-linux-*/bin/node "$tool"/node_modules/@google/gemini-cli/bundle/gemini.js "$@" | cat
"""


def preset(programs: Path) -> Preset:
    """Return Gemini CLI as it is installed below the folder of programs."""
    return Preset(
        "gemini",
        Abilities(questions=True, permissions=True, talk=True, tools=True, bridge=True),
        command,
        program=partial(find, programs),
        is_metered=True,
    )


def find(programs: Path) -> Path:
    """Return the folder that npm filled. Raises Unavailable, with the command that fills it."""
    return npm.find(programs / FOLDER, _MAIN, PACKAGE)


def command(brief: Brief, inside: Inside) -> Command:
    """Return what starts the CLI. Nothing in it is secret: the key is one of the attempt's own door."""
    model = ["-m", brief.model] if brief.model else []
    argv = ["sh", "-c", _START, "gemini", inside.tool, "--acp", *model]
    return Command(argv, {"HOME": inside.home, "SETTINGS": json.dumps(_SETTINGS)})
