"""GitHub's `gh` as a double, in the formats of its version 2: `python -m tests.helpers.gh FILE WORD...`.

FILE holds its pull requests as JSON, and in `fails` what it says instead of an answer.
"""

import json
import sys
from pathlib import Path
from typing import Any

FIELDS = {"state", "mergeCommit", "url", "isCrossRepository", "number", "title"}
AWAY = "error connecting to api.github.com\ncheck your internet connection or https://githubstatus.com"


def main(file: Path, words: list[str]) -> int:
    """Do what the words say."""
    forge: dict[str, Any] = json.loads(file.read_text())
    forge["calls"].append(words)
    file.write_text(json.dumps(forge))
    if forge.get("fails"):
        return _error(forge["fails"])
    noun, verb, *rest = words
    flags = dict(word[2:].split("=", 1) for word in rest if word.startswith("--"))
    plain = [word for word in rest if not word.startswith("--")]
    if noun != "pr" or flags.get("repo") != "github.com/you/shop":
        return _error("GraphQL: Could not resolve to a Repository with the name 'x/y'. (repository)")
    act = {"list": _list, "view": _view, "create": _create, "close": _close}[verb]
    code = act(forge["pulls"], flags, plain)
    file.write_text(json.dumps(forge))
    return code


def _error(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 1


def _only(pull: dict[str, Any], wanted: str) -> dict[str, Any]:
    names = wanted.split(",")
    assert set(names) <= FIELDS, f"Unknown JSON field: {names}"
    return {name: pull[name] for name in sorted(names)}


def _list(pulls: list[dict[str, Any]], flags: dict[str, str], plain: list[str]) -> int:
    found = [p for p in pulls if p["state"] == "OPEN" and p["head"] == flags["head"]]
    sys.stdout.write(json.dumps([_only(p, flags["json"]) for p in found]) + "\n")
    return 0


def _find(pulls: list[dict[str, Any]], plain: list[str]) -> dict[str, Any] | None:
    return next((p for p in pulls if p["url"] == plain[0]), None)


def _view(pulls: list[dict[str, Any]], flags: dict[str, str], plain: list[str]) -> int:
    if (pull := _find(pulls, plain)) is None:
        number = plain[0].rpartition("/")[2]
        return _error(
            f"GraphQL: Could not resolve to a PullRequest with the number of {number}."
            " (repository.pullRequest)"
        )
    sys.stdout.write(json.dumps(_only(pull, flags["json"])) + "\n")
    return 0


def _create(pulls: list[dict[str, Any]], flags: dict[str, str], plain: list[str]) -> int:
    head, base = flags["head"], flags["base"]
    own = [p for p in pulls if p["state"] == "OPEN" and p["head"] == head and not p["isCrossRepository"]]
    if own:
        return _error(
            f'a pull request for branch "{head}" into branch "{base}" already exists:\n{own[0]["url"]}'
        )
    if len(flags["title"]) > 256:
        return _error("pull request create failed: GraphQL: Title is too long (createPullRequest)")
    assert flags["body-file"] == "-"
    url = f"https://github.com/you/shop/pull/{len(pulls) + 1}"
    pulls.append({
        "url": url, "head": head, "base": base, "title": flags["title"], "body": sys.stdin.read(),
        "state": "OPEN", "mergeCommit": None, "isCrossRepository": False, "number": len(pulls) + 1,
    })  # fmt: skip
    sys.stderr.write(f"\nCreating pull request for {head} into {base} in you/shop\n\n")
    sys.stdout.write(url + "\n")
    return 0


def _close(pulls: list[dict[str, Any]], flags: dict[str, str], plain: list[str]) -> int:
    pull = _find(pulls, plain)
    assert pull is not None
    name = f"Pull request you/shop#{pull['number']} ({pull['title']})"
    if pull["state"] == "MERGED":
        return _error(f"X {name} can't be closed because it was already merged")
    word = "! {} is already closed" if pull["state"] == "CLOSED" else "✓ Closed {}"
    pull["state"] = "CLOSED"
    sys.stderr.write(word.format(name) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
