"""Speaks with a forge (GitHub, GitLab, …) through a program of the owner's: JSON in, JSON out, one act a run.

The program gets one object on its standard input and prints one. Every act may come again after a crash, so
for the same branch it has to find what it made before:

    open    brings `commit` to the forge as `branch` and opens a pull request to `target`, or brings the one
            that is open for the branch up to date. Answers {"url": …, "state": "open"}.
    look    answers {"state": "open" | "merged" | "closed", "commit": what it was merged as, if known}.
    close   closes it. Answers {"state": "closed"}, also if it was closed or merged before.

A code other than 0, or another answer, is a failure: it is tried again later.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, Unavailable
from halftui.workspace.git import SHA

SECONDS: Final = 120.0
STATES: Final = ("open", "merged", "closed")
LONGEST: Final = 65_536  # bytes of an answer
_HIDDEN: Final = ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN")


class Answer(NamedTuple):
    """What a forge said of a pull request."""

    state: str
    url: str = ""
    commit: str = ""  # on the target, once it is merged


def ask(command: str, given: Mapping[str, str], env: Mapping[str, str] = os.environ) -> Answer:
    """Let the owner's program do one act. Blocks.

    Raises Misconfigured if no program is set, Unavailable if it failed; then nothing is known.
    """
    words = shlex.split(command)
    if not words:
        raise Misconfigured("no forge is set", "set forge in the settings: see docs/guide/pull-requests.md")
    kept = {name: value for name, value in env.items() if name not in _HIDDEN}
    try:
        done = subprocess.run(
            words, input=json.dumps(dict(given)), capture_output=True, text=True, timeout=SECONDS, env=kept,
            check=False, cwd="/", start_new_session=True,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise Unavailable(
            f"the forge's program failed: {clean_line(str(error))}", "see its settings"
        ) from error
    if done.returncode:
        said = clean_line(done.stderr.strip().rpartition("\n")[2], longest=200)
        raise Unavailable(f"the forge's program ended with {done.returncode}: {said}", "tried again later")
    return _read(done.stdout, given.get("verb", ""))


def _read(text: str, verb: str) -> Answer:
    try:
        found: Any = json.loads(text[:LONGEST])
    except ValueError as error:
        raise Unavailable("the forge's program printed no JSON", "tried again later") from error
    fields = found if isinstance(found, dict) else {}
    state, url, commit = (str(fields.get(name, "")) for name in ("state", "url", "commit"))
    if state not in STATES or (commit and not SHA.fullmatch(commit)):
        raise Unavailable("the forge's program gave no answer", "tried again later")
    if verb == "open" and not url.startswith(("https://", "http://")):
        raise Unavailable("the forge's program gave no address", "tried again later")
    return Answer(state, clean_line(url, longest=500), commit)
