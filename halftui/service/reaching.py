"""Finds a board's repository, with what lets git in at its server, and keeps what the server says of that."""

from collections.abc import Callable

from halftui.domain.actor import ENGINE
from halftui.domain.address import scope_of
from halftui.domain.shown import BoardRow
from halftui.errors import Unauthorized
from halftui.ops import secrets
from halftui.ops.secrets import Found
from halftui.store.store import Store
from halftui.store.vault import Vault
from halftui.workspace.git import FOR_A_PUSH
from halftui.workspace.host import Host
from halftui.workspace.origin import Origin, locate
from halftui.workspace.repository import Repository


def find(store: Store, vault: Vault, place: str, branch: str = "", *, is_forced: bool = False) -> Origin:
    """Return the repository at a folder or an address; blocks. Raises as `origin.locate` does.

    A server that let nobody in is not asked again for a while, unless that `is_forced`: Unauthorized
    is raised at once.
    """
    scope = scope_of(place)
    if not scope:
        return locate(place, branch)
    if not store.revision():  # nothing is known, and nothing can be kept
        return locate(place, branch)
    known = store.read(secrets.find, scope)
    if known is not None and known.refused and not is_forced:
        raise Unauthorized(known.refused, f"halftui secrets set {scope}")
    return locate(place, branch, _host(store, vault, scope, known))


def bring(repository: Repository, origin: Callable[[], Origin], branch: str) -> str:
    """Bring a board's own repository up to date; return why that can't be, "" if it is done. Blocks.

    Without a way in at the server, what was seen last has to do. Raises Unauthorized if nothing was.
    """
    try:
        repository.create(origin())
    except Unauthorized as error:
        if not repository.holds(branch):
            raise
        return f"{error}; {branch} is as it was seen last"
    return ""


def require(repository: Repository, origin: Callable[[], Origin], board: BoardRow) -> None:
    """Fetch a board's repository from its server if nothing of it was seen yet. Blocks.

    Raises Unauthorized if that lets nobody in: then no agent has to find out.
    """
    if scope_of(board.repository) and not repository.holds(board.branch):
        repository.create(origin())


def _host(store: Store, vault: Vault, scope: str, known: Found | None) -> Host:
    def tell(act: str, why: str) -> None:
        """Note what came of it. That it may be read says nothing of a push that was refused."""
        said = known.said if known else ""
        if why:
            store.write(ENGINE, secrets.refuse, scope, why)
        elif said and (act == "push" or not said.endswith(FOR_A_PUSH)):
            store.write(ENGINE, secrets.accept, scope)

    def opened() -> str:
        assert known is not None
        return vault.open(known.id, known.sealed)

    has_token = known is not None and known.sealed
    return Host(scope, known.username if known else "", opened if has_token else None, tell)
