"""Plays a script inside a sandbox without a model; it stands alone, for any Python from 3.9 on.

The first line on standard input is `{"script": […], "is_free": bool}`, with turns as script.read
takes them. Each line on standard output is one event; an `ask` event waits for the line that
answers its call. Other lines are passed over, since a board that took over says things again.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RETRY_SECONDS = 0.2


def tell(kind: str, **event: Any) -> None:
    """Write one event."""
    sys.stdout.write(json.dumps({"kind": kind, **event}) + "\n")
    sys.stdout.flush()


def ask(**question: Any) -> dict[str, Any]:
    """Ask the board and wait for its answer."""
    tell("ask", **question)
    while True:
        answer: dict[str, Any] = json.loads(sys.stdin.readline())
        if answer.get("call") == question["call"]:
            return answer


def main() -> int:
    """Play all turns; return the exit code."""
    brief = json.loads(sys.stdin.readline())
    words = ""
    for number, turn in enumerate(brief["script"]):
        time.sleep(turn.get("delay", 0))
        if (turn.get("status") or turn.get("fault")) and not fails(turn):
            return 1
        if turn.get("thought"):
            tell("thought", text=turn["thought"])
        words = turn.get("text") or words
        if turn.get("text"):
            tell("said", text=turn["text"])
        for place, call in enumerate(turn.get("tools", [])):
            use(f"call-{number}-{place}", call["tool"], call["input"], is_free=brief["is_free"])
    tell("done", text=words or "Done.")
    return 0


def fails(turn: dict[str, Any]) -> bool:
    """Fail as the turn says; True if it goes on after a few times."""
    if turn.get("fault") == "hang":
        while True:
            time.sleep(3600)
    for attempt in range(turn.get("times") or 0):
        tell("retrying", status=turn.get("status"), attempt=attempt + 1, delay=RETRY_SECONDS)
        time.sleep(RETRY_SECONDS)
    if turn.get("times") is not None:
        return True
    tell("failed", status=turn.get("status"), fault=turn.get("fault", ""))
    return False


def use(call: str, tool: str, given: dict[str, Any], *, is_free: bool) -> None:
    """Run one tool and tell what came of it."""
    given = json.loads(json.dumps(given).replace("$WORK", str(Path.cwd())))
    tell("used", call=call, tool=tool, input=given)
    if tool == "Bash" and not is_free:
        verdict = ask(form="permission", tool=tool, input=given, call=call)
        if not verdict["is_allowed"]:
            tell("returned", call=call, is_ok=False, text=verdict["text"] or "Refused.")
            return
    try:
        is_ok, text = run(call, tool, given)
    except (OSError, ValueError, KeyError) as error:
        is_ok, text = False, f"{type(error).__name__}: {error}"
    tell("returned", call=call, is_ok=is_ok, text=text)


def run(call: str, tool: str, given: dict[str, Any]) -> tuple[bool, str]:
    """Return whether a tool worked, and its words."""
    if tool == "ask":
        return True, ask(form="question", input=given, call=call)["text"]
    if tool == "Bash":
        done = subprocess.run(
            ["sh", "-c", f"exec 2>&1\n{given['command']}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
        return done.returncode == 0, done.stdout.decode(errors="replace")
    path = Path(given["file_path"])
    if tool == "Read":
        return True, path.read_text()
    if tool == "Write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(given["content"])
        return True, f"Wrote {path}."
    if tool == "Edit":
        old = path.read_text()
        if given["old_string"] not in old:
            return False, f"{path} does not hold the text to replace."
        path.write_text(old.replace(given["old_string"], given["new_string"], 1))
        return True, f"Edited {path}."
    return False, f"There is no tool {tool}."


if __name__ == "__main__":
    sys.exit(main())
