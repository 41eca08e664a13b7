"""What happens in the demo: a small shop's repository, six beads, and what the model does at each."""

from collections.abc import Mapping
from dataclasses import dataclass

from halftui.runtime.script import Call, Script, Turn

PACE = 0.03  # seconds between the pieces of the model's words
BREATH = 1.2  # seconds that it thinks before a turn

FILES: Mapping[str, str] = {
    ".gitignore": "__pycache__/\n",
    "README.md": "# Pantry\n\nA small shop that sells what keeps.\n",
    "pantry/__init__.py": '"""A small shop."""\n',
    "pantry/app.py": '''"""The shop's routes."""

from pantry.stock import count

ROUTES = {"/stock": count}


def answer(path: str) -> tuple[int, str]:
    """Return a status and a body."""
    if path not in ROUTES:
        return 404, "no such shelf"
    return 200, str(ROUTES[path]())
''',
    "pantry/stock.py": '''"""What is on the shelves."""

SHELF = {"beans": 12, "rice": 7, "tea": 30}


def count() -> int:
    """Return how many things there are."""
    return sum(SHELF.values())
''',
    "pantry/session.py": '''"""Who is in the shop."""

VISITORS: dict[str, str] = {}


def login(name: str, token: str) -> None:
    """Let somebody in."""
    VISITORS[name] = token
''',
    "tests/test_stock.py": """from pantry.stock import count


def test_count():
    assert count() == 49
""",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One bead of the demo."""

    key: str
    title: str
    description: str
    acceptance: str = ""
    priority: int = 2
    labels: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    convoy: str = ""
    turns: Script = ()


def _say(text: str, *calls: Call) -> Turn:
    return Turn(text=text, calls=calls, delay=BREATH, pace=PACE)


def _bash(command: str, description: str = "") -> Call:
    return Call("Bash", {"command": command, "description": description or command})


def _write(path: str, content: str) -> Call:
    return Call("Write", {"file_path": f"$WORK/{path}", "content": content})


def _commit(message: str) -> Call:
    return _bash(f"git add -A && git commit -q -m '{message}' && git log --oneline -1", "commit")


_HEALTH = FILES["pantry/app.py"].replace(
    'ROUTES = {"/stock": count}',
    '''

def health() -> str:
    """Return a word, as long as the shop is open."""
    return "ok"


ROUTES = {"/stock": count, "/health": health}''',
)
_LOGOUT = r"""cat >> pantry/session.py <<'END'


def logout(name: str) -> None:
    #: End all sessions of somebody.
    VISITORS.pop(name, None)
END"""
_TRIAL = 'for i in 1 2 3 4 5 6 7 8; do echo "run $i: 1 passed"; sleep 0.4; done'

SCENES: tuple[Scene, ...] = (
    Scene(
        "health",
        "Add a /health endpoint",
        "The load balancer needs a cheap answer that says whether the shop is open.",
        "- [ ] GET /health answers 200 and `ok`\n- [ ] it does not touch the stock",
        1,
        ("api", "fast"),
        turns=(
            _say("I look at the routes first.", _bash("cat pantry/app.py", "read the routes")),
            _say("A route of its own, beside the stock.", _write("pantry/app.py", _HEALTH)),
            _say(
                "Now a check of it.",
                _bash('python3 -c "from pantry.app import answer; print(answer(\'/health\'))"', "try it"),
            ),
            _say("That answers. I commit it.", _commit("Answer /health without touching the stock")),
            _say("Added /health: it answers 200 and `ok` without counting the stock. Tried it by hand."),
        ),
    ),
    Scene(
        "sessions",
        "Keep sessions over a restart",
        "Visitors are logged out whenever the shop restarts.",
        priority=1,
        labels=("api",),
        turns=(
            _say("Let me see how sessions are kept today.", _bash("cat pantry/session.py", "read sessions")),
            _say(
                "They live in memory. Where they should live is not mine to decide.",
                Call(
                    "ask",
                    {
                        "question": "Which database should sessions use?",
                        "options": ["sqlite, as for the stock: no new service", "postgres: needs a DSN"],
                    },
                ),
            ),
            _say(
                "Thank you, I build it that way.",
                _write(
                    "pantry/store.py",
                    '"""Sessions that survive a restart."""\n\nimport sqlite3\n\n\n'
                    'def opened(path: str = "sessions.db") -> sqlite3.Connection:\n'
                    '    """Return the open store."""\n    return sqlite3.connect(path)\n',
                ),
            ),
            _say("It is small enough to commit.", _commit("Keep sessions in a database")),
            _say("Sessions are kept in a database of their own now, as you chose."),
        ),
    ),
    Scene(
        "flaky",
        "Fix the flaky stock test",
        "test_count fails one time in twenty on CI.",
        priority=3,
        labels=("tests",),
        turns=(
            _say("I run it until it fails.", _bash(_TRIAL, "run the test eight times")),
            _say(
                "It depends on a global shelf. I give the test its own.",
                _write(
                    "tests/test_stock.py",
                    "from pantry import stock\n\n\ndef test_count(monkeypatch):\n"
                    '    monkeypatch.setattr(stock, "SHELF", {"tea": 3, "rice": 4})\n'
                    "    assert stock.count() == 7\n",
                ),
            ),
            _say(
                "Once more, and then I commit.",
                _bash(_TRIAL, "run it again"),
                _commit("Give the stock test its own shelf"),
            ),
            _say("The test shared a global shelf with others; it has its own now. Eight runs passed."),
        ),
    ),
    Scene(
        "audit",
        "Audit how tokens are stored",
        "Before we rotate tokens we must know where they are.",
        convoy="Safer sessions",
        turns=(
            _say("I look for every place.", _bash("grep -rn token pantry", "search")),
            _say(
                "One place only. I write it down.",
                _write("docs/tokens.md", "# Tokens\n\nOnly `pantry/session.py` keeps them, in memory.\n"),
                _commit("Note where tokens are kept"),
            ),
            _say("Tokens are kept in one place, pantry/session.py; noted in docs/tokens.md."),
        ),
    ),
    Scene(
        "rotate",
        "Rotate tokens every day",
        "A token older than a day is replaced at the next request.",
        after=("audit",),
        convoy="Safer sessions",
        turns=(
            _say("I read the audit and the code.", _bash("cat docs/tokens.md pantry/session.py", "read")),
            _say(
                "A token gets a birthday.",
                _write(
                    "pantry/session.py",
                    FILES["pantry/session.py"]
                    + "\n\ndef is_stale(born: float, now: float) -> bool:\n"
                    '    """Return True if a token is older than a day."""\n'
                    "    return now - born > 86_400\n",
                ),
                _commit("Know when a token is stale"),
            ),
            _say("Tokens older than a day count as stale and are replaced at the next request."),
        ),
    ),
    Scene(
        "logout",
        "Log out everywhere",
        "One button ends all sessions of a visitor.",
        after=("rotate",),
        convoy="Safer sessions",
        turns=(
            _say(
                "With rotation in place this is short.",
                _bash(_LOGOUT, "add logout"),
                _commit("End all sessions of a visitor at once"),
            ),
            _say("`logout` ends every session of a visitor."),
        ),
    ),
)  # fmt: skip


def script_for(words: str) -> Script:
    """Return what the model does when it is told `words`: a scene's turns, or a small repair."""
    return next((scene.turns for scene in SCENES if scene.title in words), _AGAIN)


_AGAIN: Script = (
    _say("I see what is missing.", _bash("git log --oneline -5", "look at the work")),
    _say(
        "I mend that.",
        _bash("printf '\\nSee also the notes in docs/.\\n' >> README.md", "mend it"),
        _commit("Mend what the review found"),
    ),
    _say("Mended what the review asked for."),
)
