"""What a forge's program may answer, and what it is not told."""

from pathlib import Path

import pytest

from halftui.errors import HalfTUIError, Misconfigured, Unavailable
from halftui.workspace import forge

WRONG = (
    "echo", "echo []", 'echo {}', """echo '{"state": "lost"}'""", """echo '{"state": "open"}'""",
    """echo '{"state": "open", "url": "javascript:x"}'""",
    """echo '{"state": "merged", "url": "https://x", "commit": "--upload-pack"}'""", "exit 3", "cat",
)  # fmt: skip


def _program(folder: Path, text: str) -> str:
    file = folder / "forge.sh"
    file.write_text(text + "\n")
    return f"sh {file}"


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_answer_is_a_failure(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unavailable):
        forge.ask(_program(tmp_path, text), {"verb": "open"}, {"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("command", ["", "/no/such/program"])
def test_a_program_that_is_not_there(command: str) -> None:
    with pytest.raises(HalfTUIError) as found:
        forge.ask(command, {"verb": "look"}, {})
    assert isinstance(found.value, Misconfigured if not command else Unavailable)


def test_it_gets_no_credential_of_agents(tmp_path: Path) -> None:
    answer = """printf '{"state": "open", "url": "https://x/%s%s"}' "$ANTHROPIC_API_KEY" "$GH_TOKEN" """
    env = {"PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": "secret", "GH_TOKEN": "mine"}
    assert forge.ask(_program(tmp_path, answer), {"verb": "open"}, env).url == "https://x/mine"
