"""Every command of the command line: a line that works, and the verbs of the access table that it needs."""

from dataclasses import dataclass

PLAN = """
- {kind: convoy, ref: trip, spec: {name: Another trip}}
- {kind: bead, ref: one, spec: {title: one, convoy: trip}}
- {kind: bead, spec: {title: two, convoy: trip, after: [one]}}
"""

KEYS = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIhLiFf06qFhPGFQTbNNS+rzRlF6DjHePN3U2bQgHZ0L",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw",
)


@dataclass(frozen=True)
class Example:
    """A command line over the stage of `tests.cli.stage`: names in braces stand for what is there.

    `verbs` are empty for what only reads, or does not concern a board. `code` is what it ends with
    for somebody who may do it.
    """

    line: str
    verbs: tuple[str, ...] = ()
    stdin: str = ""
    code: int = 0


def _reads(line: str, code: int = 0) -> Example:
    return Example(line, code=code)


def _does(line: str, *verbs: str, stdin: str = "", code: int = 0) -> Example:
    return Example(line, verbs, stdin, code)


EXAMPLES: dict[str, Example] = {
    "add": _does("add title", "bead.create"),
    "agent list": _reads("agent list"),
    "agent diff": _reads("agent diff Maple", code=5),
    "agent handoff": _does("agent handoff Maple", "agent.handoff", code=3),
    "agent interrupt": _does("agent interrupt Maple stop", "message.tell", code=3),
    "agent messages": _reads("agent messages Maple"),
    "agent tell": _does("agent tell {idle} hello", "message.tell"),
    "agent retire": _does("agent retire {idle}", "agent.retire"),
    "answer": _does("answer {q} words", "question.answer"),
    "apply": _does("apply -f -", "convoy.create", "bead.create", stdin=PLAN),
    "attempt lines": _reads("attempt lines {w}"),
    "attempt list": _reads("attempt list {w}"),
    "attempt stop": _does("attempt stop {w}", "attempt.stop"),
    "audit export": _reads("audit export"),
    "audit renew-key": _does("audit renew-key --yes", "audit.renew", code=3),
    "audit sign": _does("audit sign", "audit.sign"),
    "audit verify": _does("audit verify --accept", "audit.accept"),
    "backup": _does("backup {folder}/new.db", "house.backup"),
    "bead add": _does("bead add title", "bead.create"),
    "bead shell": _does("bead shell {w}", "bead.shell", code=2),  # there is no terminal
    "bead approve": _does("bead approve {r}", "bead.approve"),
    "bead artefact": _reads("bead artefact {r} report", code=5),
    "bead artefacts": _reads("bead artefacts {r}"),
    "bead cancel": _does("bead cancel {a}", "bead.cancel"),
    "bead claim": _does("bead claim {a}", "bead.claim"),
    "bead comment": _does("bead comment {a} noted", "bead.comment"),
    "bead create": _does("bead create title -p 1", "bead.create"),
    "bead delete": _does("bead delete {a} --yes", "bead.delete"),
    "bead diff": _reads("bead diff {r}"),
    "bead dispatch": _does("bead dispatch {a}", "bead.dispatch"),
    "bead edit": _does("bead edit {a} --title another", "bead.edit"),
    "bead fail": _does("bead fail {h} -m no", "bead.fail"),
    "bead hold": _does("bead hold {a} later", "bead.hold"),
    "bead link": _does("bead link {a} {b}", "bead.link"),
    "bead list": _reads("bead list"),
    "bead pin": _does("bead pin {a} {idle}", "bead.pin"),
    "bead rank": _does("bead rank {a} --behind {b}", "bead.rank"),
    "bead reject": _does("bead reject {r} -m no", "bead.reject"),
    "bead release": _does("bead release {h}", "bead.release"),
    "bead reopen": _does("bead reopen {f}", "bead.reopen"),
    "bead reparent": _does("bead reparent {a} {b}", "bead.reparent"),
    "bead show": _reads("bead show {a}"),
    "bead submit": _does("bead submit {h} -m made", "bead.submit"),
    "bead unlink": _does("bead unlink {after} {b}", "bead.unlink"),
    "board drain": _does("board drain --seconds 0", "board.pause", code=7),
    "board edit": _does("board edit cap=9", "board.edit"),
    "board lanes": _does("board lanes done --hide", "board.edit"),
    "board list": _reads("board list"),
    "board pause": _does("board pause", "board.pause"),
    "board resume": _does("board resume", "board.pause"),
    "board show": _reads("board show"),
    "budget clear": _does("budget clear bead {b} usd", "budget.set"),
    "budget list": _reads("budget list"),
    "budget set": _does("budget set bead {a} usd=2", "budget.set"),
    "completion": _reads("completion bash"),
    "config show": _reads("config show"),
    "convoy add": _does("convoy add trip {a}", "convoy.add"),
    "convoy cancel": _does("convoy cancel trip", "convoy.cancel"),
    "convoy create": _does("convoy create again {a}", "convoy.create"),
    "convoy edit": _does("convoy edit trip --leader cedar", "convoy.edit"),
    "convoy land": _does("convoy land trip", "convoy.land", code=3),
    "convoy list": _reads("convoy list"),
    "convoy show": _reads("convoy show trip"),
    "convoy start": _does("convoy start trip", "convoy.start"),
    "delete": _does("delete bead {a}", "bead.cancel"),
    "demo": _reads("demo --headless"),
    "describe": _reads("describe convoy trip"),
    "doctor": _reads("doctor", code=2),
    "event list": _reads("event list"),
    "export": _reads("export"),
    "get": _reads("get beads -o yaml"),
    "identity create": _does("identity create --username fir --runtime codex", "identity.create"),
    "identity list": _reads("identity list"),
    "identity retire": _does("identity retire cedar", "agent.retire"),
    "identity rotate": _does("identity rotate cedar", "identity.rotate"),
    "identity show": _reads("identity show cedar"),
    "identity signers": _reads("identity signers"),
    "gc": _reads("gc"),
    "image build": _reads("image build"),
    "image list": _reads("image list"),
    "import": _does("import -", "board.import", stdin='{"id": "x-1", "title": "one", "status": "open"}\n'),
    "inbox": _reads("inbox"),
    "init": _does("init {folder}/other", "board.create"),
    "key add": _does("key add eve --role viewer", "key.add", stdin=KEYS[0]),
    "key invite": _does("key invite eve --role viewer", "key.invite"),
    "key list": _reads("key list"),
    "key remove": _does("key remove dee", "key.remove"),
    "key role": _does("key role dee operator", "person.edit"),
    "merge drop": _does("merge drop {r}", "merge.drop", code=3),
    "merge list": _reads("merge list"),
    "permit list": _reads("permit list"),
    "permit revoke": _does("permit revoke {permit}", "permit.revoke"),
    "plan": _does("plan -- {plan}", "convoy.create", "bead.create"),
    "profile apply": _does("profile apply reviewer", "profile.apply"),
    "profile diff": _reads("profile diff backend"),
    "profile list": _reads("profile list"),
    "profile show": _reads("profile show backend"),
    "question answer": _does("question answer {p} yes --always", "question.answer", "permit.grant"),
    "question inbox": _reads("question inbox"),
    "question list": _reads("question list"),
    "restore": _does("restore {folder}/copy.db", "house.restore"),
    "secrets list": _reads("secrets list"),
    "secrets remove": _does("secrets remove https://git.example.org", "secret.remove", code=5),
    "secrets set": _does("secrets set https://git.example.org --username bo", "secret.set", stdin="token"),
    "secrets rotate": _does("secrets rotate", "secret.rotate"),
    "serve": _reads("serve"),
    "skills install": _reads("skills install --folder {folder}"),
    "skills show": _reads("skills show"),
    "status": _reads("status"),
    "subscription edit": _does("subscription edit work --cap 3", "subscription.edit"),
    "subscription list": _reads("subscription list"),
    "subscription register": _does("subscription register home", "subscription.register", stdin="token"),
    "subscription remove": _does("subscription remove work", "subscription.remove"),
    "subscription rotate": _does("subscription rotate work", "subscription.register", stdin="token"),
    "trial list": _reads("trial list"),
    "trial show": _reads("trial show {r}", code=5),
    "usage": _reads("usage"),
    "wait bead": _reads("wait bead {a} --until open"),
    "wait board": _reads("wait board --timeout 0", code=124),
    "wait convoy": _reads("wait convoy trip --timeout 0", code=124),
    "whoami": _reads("whoami"),
}
