"""Many processes want to be a person's leader: one is, and all others are told who it is."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halftui.errors import Refused
from halftui.ops import agents, identities, signers
from halftui.store.store import Store
from tests.helpers.world import World

PROCESSES, ROUNDS = 6, 10

_CANDIDATE = """
import sys
from halftui.domain.actor import Role, person
from halftui.errors import Refused
from halftui.ops import identities
from halftui.store.store import Store

store, board, number = Store(sys.argv[1]), sys.argv[2], sys.argv[3]
for turn in range(int(sys.argv[4])):
    try:
        store.write(person("ann"), identities.create, board, f"l{number}-{turn}", runtime=f"r{turn}")
        print("leads", turn, flush=True)
    except Refused as error:
        assert "ann has the leader l" in error.message, error.message
        print("follows", turn, flush=True)
store.close()
"""


@pytest.mark.timeout(120)
def test_one_leader_under_races(store: Store, board: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _CANDIDATE, store.url, board, str(number), str(ROUNDS)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    ended = [p.communicate(timeout=100) for p in started]
    assert [p.returncode for p in started] == [0] * PROCESSES, ended
    said = sorted(line for out, _ in ended for line in out.splitlines())
    assert said.count("leads 0") == 1
    assert len([line for line in said if line.startswith("leads")]) == ROUNDS
    assert len([line for line in said if line.startswith("follows")]) == ROUNDS * (PROCESSES - 1)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["make", "retire"]), st.sampled_from("abc"), st.sampled_from(["claude", "codex"])
    ),
    max_size=25,
)


@given(_STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_never_two_leaders(world: World, steps: list[tuple[str, str, str]]) -> None:
    model: dict[str, str] = {}
    for verb, letter, runtime in steps:
        username = f"{letter}-{runtime}"
        if verb == "retire":
            if model.get(runtime) == username:
                world.do(agents.retire, world.ask(signers.identity, username).id)
                del model[runtime]
            continue
        if model.get(runtime, username) == username:
            world.do(identities.create, world.board, username, runtime=runtime)
            model[runtime] = username
        else:
            with pytest.raises(Refused, match=f"has the leader {model[runtime]} for"):
                world.do(identities.create, world.board, username, runtime=runtime)
        leaders = {i.runtime: i.username for i in world.ask(signers.identities) if i.kind == "leader"}
        assert leaders == model
    for found in world.ask(signers.identities):
        world.do(agents.retire, found.id)
