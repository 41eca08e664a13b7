"""A forge in a file: the program that a board speaks with, and what a test does to its pull requests.

`python -m tests.helpers.forge FILE` is the program; FILE holds its state as JSON.
"""

import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def state_of(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the forge's state, and keep what is done to it."""
    with file.open("a+") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        opened.seek(0)
        state = json.loads(opened.read() or '{"pulls": {}, "calls": [], "down": 0}')
        yield state
        opened.seek(0)
        opened.truncate()
        opened.write(json.dumps(state))


def decide(file: Path, branch: str, state: str, commit: str = "") -> None:
    """Merge or close a pull request at the forge."""
    with state_of(file) as forge:
        forge["pulls"][branch] |= {"state": state, "merged_as": commit}


def break_down(file: Path, times: int) -> None:
    """Let the forge fail so many times."""
    with state_of(file) as forge:
        forge["down"] = times


def main(file: Path, given: dict[str, str]) -> int:
    """Do one act and print the answer."""
    with state_of(file) as forge:
        forge["calls"].append(given["verb"])
        if forge["down"]:
            forge["down"] -= 1
            print("502 bad gateway", file=sys.stderr)  # noqa: T201 - a program's output
            return 1
        pulls = forge["pulls"]
        if given["verb"] == "open":
            subprocess.run(
                ["git", f"--git-dir={given['git_dir']}", "cat-file", "-e", f"{given['commit']}^{{commit}}"],
                check=True,
            )
            url = f"https://forge.example/pull/{1 + list(pulls).index(given['branch'])}" if given[
                "branch"] in pulls else f"https://forge.example/pull/{1 + len(pulls)}"  # fmt: skip
            pulls[given["branch"]] = {**given, "url": url, "state": "open", "merged_as": ""}
            answer = {"url": url, "state": "open"}
        else:
            found = pulls[given["branch"]]
            if given["verb"] == "close":
                found["state"] = "closed"
            answer = {"state": found["state"], "commit": found["merged_as"]}
    print(json.dumps(answer))  # noqa: T201 - a program's output
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.stdin.read())))
