"""Runs git: settings that no repository overrides, bytes in and out, one translation of failures.

`protocols` names the transports that a command may use: none, unless it speaks to a URL.
"""

import os
import re
import signal
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from halftui.domain.address import host_of
from halftui.errors import Conflict, HalfTUIError, Misconfigured, Refused, Unauthorized, Unavailable
from halftui.workspace.host import Host, Offer, offered

CONFIG: Final = Path(__file__).with_name("gitconfig")
OLDEST: Final = (2, 38)  # merge-tree --write-tree
SHA: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")

# Stronger than a repository's own settings: what could run a program or change more than asked.
_GUARDS: Final = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "maintenance.auto": "false",
    "merge.default": "text",
    "credential.helper": "",  # forgets those of all settings before
}
_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_CONFIG_GLOBAL": str(CONFIG),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_AUTHOR_NAME": "HalfTUI",
    "GIT_AUTHOR_EMAIL": "halftui@localhost",
    "GIT_COMMITTER_NAME": "HalfTUI",
    "GIT_COMMITTER_EMAIL": "halftui@localhost",
}
_STRANGERS: Final = {"GIT_ALLOC_LIMIT": "768m"}  # a few bytes can stand for any number of them
_STRANGERS_SECONDS: Final = 300.0
FOR_A_PUSH: Final = " for a push"  # ends the sentence on a server that may let git read
_REFUSALS: Final = (
    (r"could not read (Username|Password)", "wants a token"),
    (r"Authentication failed|returned error: 40[13]", "refuses the token"),
)
_REMEDIES: Final[tuple[tuple[str, type[HalfTUIError], str], ...]] = (
    (r"^env: .*git", Misconfigured, "install git 2.38 or newer"),
    (r"^Timeout: the command|over limit \d", Refused, "objects unfold to more than is taken in"),
    (r"No space left on device", Unavailable, "make room on the disk"),
    (r"\.lock'?: File exists", Unavailable, "another git is at work there; try again"),
    (r"cannot lock ref", Conflict, "try again"),
    (
        r"terminal prompts disabled|could not read (Username|Password)|Authentication failed",
        Unavailable,
        "HalfTUI never asks for a password; use an ssh address and a key of your ssh agent",
    ),
    (
        r"returned error: 30[1278]",
        Misconfigured,
        "a credential follows no redirect: give the board the address that it leads to",
    ),
    (r"Host key verification failed", Unavailable, "connect once with ssh to accept its host key"),
    (r"Permission denied \(", Unavailable, "your ssh agent holds no key that the server accepts"),
    (
        r"Could not read from remote|unable to access|Could not resolve|[Cc]onnection",
        Unavailable,
        "check the address and the network",
    ),
    (r"not a git repository", Misconfigured, "name the folder of a git repository"),
    (
        r"missing|corrupt|[Bb]ad object|[Ff]sck|[Uu]nable to (read|parse|get|find)|inflate|EOF|"
        r"child objects|did not receive|not a valid|loose object|promisor|(bad|short|in) tree",
        Refused,
        "objects are damaged or were made to harm; git fsck says which",
    ),
    (r"Permission denied", Misconfigured, "give your user the right to read and write there"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of git gave back."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Its output without the last line's end; odd bytes survive a way back to the system."""
        return os.fsdecode(self.out).removesuffix("\n")


@dataclass(frozen=True, slots=True)
class Git:
    """The git of one repository: `where` names it (`--git-dir=…`, or `-C` and a folder).

    `host` is the server that it speaks to, with the credential for that.
    """

    where: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    protocols: str = ""
    host: Host | None = None
    seconds: float = 0.0  # that one run may take; 0: as long as it takes

    def having(
        self,
        settings: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        protocols: str = "",
    ) -> "Git":
        """Return the same with more settings, a larger environment, and those transports."""
        return replace(
            self,
            settings={**self.settings, **(settings or {})},
            env={**self.env, **(env or {})},
            protocols=protocols,
        )

    def wary(self) -> "Git":
        """Return the same for what an agent made: it gets so much memory and time and no more."""
        return replace(self, env={**self.env, **_STRANGERS}, seconds=_STRANGERS_SECONDS)

    def run(self, *args: str, stdin: bytes | IO[bytes] | None = None, ok: Collection[int] = (0,)) -> Answer:
        """Run git to its end; a code outside of `ok` raises what translate() makes of it."""
        with _opened(stdin) as source, offered(self.host) as offer:
            code, out, err = self._execute(
                args,
                offer,
                istream=source,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        answer = Answer(code, out, offer.hide(printable(err)))  # a server may say what it was sent
        refusal = _unauthorized(args[0], answer, self.host.scope) if self.host else None
        if self.host and (refusal or code == 0):
            self.host.tell(args[0], refusal.message if refusal else "")
        if refusal:
            raise refusal
        if code not in ok:
            raise translate(args[0], answer)
        return answer

    def text(self, *args: str, stdin: bytes | IO[bytes] | None = None) -> str:
        """Return git's output as text."""
        return self.run(*args, stdin=stdin).text

    def command(self, *args: str) -> tuple[list[str], dict[str, str]]:
        """Return how somebody else starts this git: its words, and the whole environment."""
        env = self._environment()
        return [*_without_inherited(env), "git", *self.where, *args], {**os.environ, **env}

    @contextmanager
    def stream(self, *args: str, stdin: bytes | None = None) -> Iterator[IO[bytes]]:
        """Give git's output while it runs; leaving early ends git.

        Only for commands that say little on standard error, which is read last.
        """
        with _opened(stdin) as source:  # git has it by then
            process = self._execute(args, Offer(), istream=source, as_process=True)  # ends git when collected
        popen = process.proc
        left_early = True
        try:
            yield popen.stdout
            left_early = bool(popen.stdout.read(1))
        finally:
            if left_early:
                popen.terminate()
            popen.stdout.close()
            err = popen.stderr.read()
            popen.stderr.close()
            code = popen.wait()
        if code and not left_early:
            raise translate(args[0], Answer(code, b"", printable(err)))

    def _execute(self, args: tuple[str, ...], offer: Offer, **options: Any) -> Any:
        env = self._environment(offer.settings)
        command = [*_without_inherited(env, is_proven=bool(offer.inherited)), "git", *self.where, *args]
        options |= {"pass_fds": offer.inherited} if offer.inherited else {}
        options |= (
            {"kill_after_timeout": self.seconds} if self.seconds and "as_process" not in options else {}
        )
        library = _library()
        try:
            # "/" because GitPython falls back on the process's own folder when its folder is gone.
            return library.Git("/").execute(command, env=env, start_new_session=True, **options)
        except library.GitCommandNotFound as error:
            raise _missing() from error

    def _environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        settings = {**_GUARDS, **self.settings, **(more or {})}
        env = {**_ENVIRONMENT, **self.env, "GIT_ALLOW_PROTOCOL": self.protocols}
        env["GIT_SSH_COMMAND"] = os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        env["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (key, value) in enumerate(settings.items()):
            env[f"GIT_CONFIG_KEY_{number}"] = key
            env[f"GIT_CONFIG_VALUE_{number}"] = value
        return env


def carry(
    source: Git,
    target: Git,
    wants: Collection[str],
    haves: Collection[str],
    scratch: Path,
    ignored: Collection[str] = (),
) -> None:
    """Copy the commits `wants` with all that `haves` don't hold from one repository to another.

    No transport is used, so neither repository's transport settings count. Every object is checked;
    `ignored` names the faults to let pass, as git-fsck(1) calls them. `haves` must be in both.
    Raises Refused if objects are missing or damaged.
    """
    lines = [*wants, *(f"^{sha}" for sha in haves)]
    levels = ",".join(f"{name}=ignore" for name in ignored)
    strict = f"--strict={levels}" if levels else "--strict"
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=scratch) as folder:
        revisions = "".join(f"{line}\n" for line in lines).encode()
        name = source.text(
            "pack-objects", "-q", "--revs", "--delta-base-offset", f"{folder}/pack", stdin=revisions
        )
        with Path(folder, f"pack-{name}.pack").open("rb") as pack:
            target.run("index-pack", "--stdin", strict, stdin=pack)


def check_version() -> None:
    """Raise Misconfigured if there is no git, or one older than HalfTUI needs."""
    _version()


def translate(verb: str, answer: Answer) -> HalfTUIError:
    """Return the error of HalfTUI that says what git's failure means, with its remedy."""
    sentence = f"git {verb} failed: {_reason(answer)}"
    if answer.code == -signal.SIGSEGV:  # trees within trees, more than its stack holds
        return Refused(sentence, "what it read was made to harm")
    for pattern, kind, hint in _REMEDIES:
        if re.search(pattern, answer.err):
            return kind(sentence, hint)
    return Unavailable(sentence)


def printable(text: str | bytes) -> str:
    """Return git's words as plain Unicode lines without control codes or an address's password."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    plain = re.sub(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]", "?", raw.decode("utf-8", "replace"))
    return re.sub(r"(\w://)[^/@\s]*@", r"\1", plain)


def _unauthorized(verb: str, answer: Answer, scope: str) -> Unauthorized | None:
    """Return the error if git was not let in at a server; what the server said itself counts for nothing."""
    own = [line for line in answer.err.splitlines() if line.startswith(("fatal:", "error:"))]
    for pattern, does in _REFUSALS:
        if answer.code and re.search(pattern, "\n".join(own)):
            act = FOR_A_PUSH if verb == "push" else ""
            return Unauthorized(f"{host_of(scope)} {does}{act}", f"halftui secrets set {scope}")
    return None


def _reason(answer: Answer) -> str:
    lines = [line for line in answer.err.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:", "remote:"))]
    return (telling or lines or [f"exit code {answer.code}"])[0].strip()[:300]


@cache
def _version() -> tuple[int, ...]:
    words = Git().text("version")
    found = tuple(int(part) for part in re.findall(r"\d+", words)[:2])
    if found < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise Misconfigured(f"{words} is too old", f"install git {needed} or newer")
    return found


def _library() -> Any:
    try:
        import git  # its import runs git, which may be missing
    except ImportError as error:
        raise _missing() from error
    return git


def _missing() -> Misconfigured:
    return Misconfigured("There is no git on this machine's PATH", "install git 2.38 or newer")


def _without_inherited(env: Mapping[str, str], *, is_proven: bool = False) -> list[str]:
    """Return the `env` words that drop the GIT_ variables of whoever started HalfTUI.

    `is_proven`: a server has to prove who it is, whatever they say.
    """
    kept = ("GIT_SSL_", "GIT_SSH")  # how this machine reaches the network
    names = [name for name in os.environ if name.startswith("GIT_")]
    foreign = [name for name in names if name not in env and not name.startswith(kept)]
    foreign += ["GIT_SSL_NO_VERIFY"] if is_proven and "GIT_SSL_NO_VERIFY" in os.environ else []
    return ["env", *(word for name in foreign for word in ("-u", name))] if foreign else []


@contextmanager
def _opened(stdin: bytes | IO[bytes] | None) -> Iterator[IO[bytes] | None]:
    if not isinstance(stdin, bytes):
        yield stdin
        return
    with tempfile.TemporaryFile() as source:
        source.write(stdin)
        source.seek(0)
        yield source


def lines(text: str) -> list[str]:
    """Return git's lines: a name may hold what Python takes for a line's end, such as U+2028."""
    return text.split("\n") if text else []


def present(git: Git, shas: set[str]) -> set[str]:
    """Return those of the commits that the repository has."""
    asked = "".join(f"{sha}\n" for sha in shas).encode()
    listed = git.text("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
    pairs = (line.split(" ", 1) for line in listed.splitlines())
    return {sha for sha, kind in pairs if kind == "commit"}
