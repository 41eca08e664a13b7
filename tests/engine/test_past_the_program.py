"""An agent that asks the provider itself, past its program, pays from the same budget."""

from pathlib import Path
from typing import Any

from halftui.ops import budgets
from tests.helpers.boards import Scene, scene, script

ASKS = """cat > ask.py <<"E"
import http.client, json, os, socket, time
asked = json.dumps({"model": "opus", "max_tokens": 9, "messages": [{"role": "user", "content": "x" * 3600}]})
for _ in range(400):
    to = http.client.HTTPConnection("api")
    to.sock = socket.socket(socket.AF_UNIX)
    to.sock.connect(os.environ["ANTHROPIC_UNIX_SOCKET"])
    to.request("POST", "/v1/messages", asked, {"content-type": "application/json"})
    to.getresponse().read()
    to.close()
time.sleep(60)
E
python3 ask.py"""


def _has_ended(at: Scene, bead: str) -> bool:
    tries = at.see(bead).attempts
    return bool(tries) and tries[-1].outcome != ""


def _used(at: Scene, attempt: str) -> Any:
    sql = "SELECT sum(tokens_in + tokens_out) FROM usage WHERE attempt_id = :a"
    return at.house.store.read(lambda r: r.rows(sql, a=attempt))[0][0]


async def test_it_is_cut_off_at_the_budget_and_counted(tmp_path: Path) -> None:
    async with scene(tmp_path, runtime="claude") as at:
        at.house.service.write(budgets.set_budget, "attempt", "", "tokens", 30_000)
        bead = at.add("Ask and ask", script({"tool": "Bash", "input": {"command": ASKS}}, {"text": "Done."}))
        async with at.working():
            await at.until(lambda: _has_ended(at, bead), 40)
        [tried] = at.see(bead).attempts
        assert (tried.outcome, tried.reason) == ("stopped", "the attempt's budget of 30,000 tokens is spent")
        direct = [r for r in at.model.requests if r.is_side and r.model == "opus"]
        assert 5 <= len(direct) <= 33, "about 910 tokens each, beside what the program used"
        assert _used(at, tried.id) >= 910 * len(direct)
