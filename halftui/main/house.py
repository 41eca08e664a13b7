"""What one process is made of; every heavy import stands inside the function that needs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halftui import settings
from halftui.domain.actor import PATROL, Actor
from halftui.domain.shown import BoardRow
from halftui.errors import Misconfigured, Unavailable
from halftui.main.who import actor_of
from halftui.ops import views
from halftui.service.service import Service
from halftui.settings import Settings
from halftui.store.memory import Memory
from halftui.store.store import Store

if TYPE_CHECKING:
    from halftui.engine.engine import Engine
    from halftui.runtime.base import Runtime
    from halftui.sandbox.base import Sandbox
    from halftui.sandbox.choose import Choice
    from halftui.service.keyring import Keyring
    from halftui.service.queue import Queue
    from halftui.service.review import Review
    from halftui.store.ring import Ring
    from halftui.store.vault import Vault
    from halftui.workspace.origin import Origin
    from halftui.workspace.repository import Repository
    from halftui.workspace.signing import Signer


class House:
    """What one process is made of, each part made when it is first needed."""

    def __init__(self, chosen: Settings, env: Mapping[str, str] = os.environ) -> None:
        self.settings = chosen
        self.env = env
        self.home = chosen.home_folder
        self.store = Store(chosen.database_url)
        self.memory = Memory(self.home, self.store)  # of the database's history
        self._built: set[str] = set()  # recipes whose image was there

    @cached_property
    def actor(self) -> Actor:
        """Who runs this process; a person who may open the database's file is its admin."""
        return actor_of(self.store, self.env)

    @property
    def config(self) -> Path:
        """The folder of the settings, the vault's key and the agents' keys."""
        return settings.config_folder(self.env)

    @cached_property
    def keyring(self) -> Keyring:
        """The keys with which agents' commits and the history are signed."""
        from halftui.service.keyring import Keyring

        return Keyring(self.store, self.vault, self.memory)

    @cached_property
    def service(self) -> Service:
        """The handle of the front doors. Raises Misconfigured if there is no database yet."""
        if not self.store.revision():
            raise Misconfigured("there is no HalfTUI board yet", "run in your repository: halftui init")
        self.store.prepare()
        return Service(self.store, self.actor, self.review)

    @property
    def vault(self) -> Vault:
        """Where credentials are sealed."""
        from halftui.store.vault import Vault

        return Vault(self.config / "key", self.ring if self.settings.key_store == "keyring" else None)

    @property
    def ring(self) -> Ring:
        """This configuration's place in the system's keyring."""
        from halftui.store.ring import Ring

        return Ring(str(self.config.absolute()))

    def review(self, board: str, actor: Actor | None = None) -> Review:
        """Return the review desk of a board, for the person at this machine or another actor."""
        from halftui.service.review import Review

        found = self.store.read(views.board, board)
        return Review(
            self.store,
            actor or self.actor,
            found,
            self.repository,
            self.origin,
            self._signer,
            self.collab,
        )

    def queue(self, board: BoardRow) -> Queue:
        """Return the queue of a board's merges."""
        from halftui.service.queue import Queue

        return Queue(self.store, board, self.repository, self.origin, self._signer)

    def service_of(self, actor: Actor) -> Service:
        """Return the handle of somebody else, with the watches and live lines of this process."""
        return self.service.acting_as(actor, lambda board: self.review(board, actor))

    def init(self, place: Path | str, name: str = "", branch: str = "", **options: str | int) -> BoardRow:
        """Make a board over the repository in a folder or at an address, and return it."""
        from halftui.ops import boards, chain

        if "://" in str(place):  # so that a token may be stored for it, should it want one
            self.store.prepare()
        origin = self.locate(str(place), branch)
        self.store.prepare()
        shown = name or Path(origin.place).name.removesuffix(".git")
        with self.memory.held() as known:
            if known and not self.store.read(views.boards) and not self.store.read(chain.place).seq:
                self.memory.keep()  # it was of a database that is gone
                known = ()
            made = self.store.write(self.actor, boards.create, shown, origin.place, origin.branch, **options)
            if not known:
                self.memory.keep(self.store.read(chain.place))
        return self.store.read(views.board, made)

    def repository(self, board: BoardRow) -> Repository:
        """Return the board's own bare repository."""
        from halftui.workspace.repository import Repository

        return Repository(self.home / "boards" / board.id / "repo.git")

    def origin(self, board: BoardRow) -> Origin:
        """Return the repository that the work is merged into. Raises Misconfigured if it is gone."""
        return self.locate(board.repository, board.branch)

    def locate(self, place: str, branch: str = "", *, is_forced: bool = False) -> Origin:
        """Return the repository at a folder or an address, with what lets git in: see `reaching.find`."""
        from halftui.service import reaching

        return reaching.find(self.store, self.vault, place, branch, is_forced=is_forced)

    def collab(self, board: BoardRow) -> Repository:
        """Return the board's own copy of its repository of plans and results, one for each such."""
        from halftui.engine.naming import collab_key
        from halftui.workspace.repository import Repository

        return Repository(self.home / "boards" / board.id / f"collab-{collab_key(board.collab)}.git")

    def collab_origin(self, board: BoardRow) -> Origin:
        """Return the repository that plans and results are merged into. Raises as `origin` does."""
        return self.locate(board.collab, board.collab_branch)

    @cached_property
    def choice(self) -> Callable[..., Choice]:
        """Return what tells where agents run and why; decided once, so that nothing falls back silently."""
        from halftui.sandbox.choose import choose

        of = self.settings
        host, image, runtime = of.docker_host or None, of.image or None, of.docker_runtime or None
        return cache(
            lambda wanted, recipe="": choose(
                wanted, self.home, host, image, runtime, recipe, of.docker_seccomp
            )
        )

    async def sandbox(self, board: BoardRow) -> Sandbox:
        """Return where a board's agents run. Raises Unavailable if that does not answer."""
        import asyncio

        wanted = self.settings.sandbox or board.sandbox
        found = (await asyncio.to_thread(self.choice, wanted, board.recipe)).sandbox
        if found.kind == "docker":
            await asyncio.to_thread(self.require_image, board.recipe)
        return found

    async def runtime(self, kind: str, credential: str) -> Runtime:
        """Return the program of a kind; importing it takes a while, so a thread does."""
        import asyncio

        from halftui.runtime.choose import make

        env = {"IS_SANDBOX": "1"} if os.geteuid() == 0 else {}  # the CLI refuses free tools to root
        programs = self.settings.programs_folder
        return await asyncio.to_thread(make, kind, credential=credential, env=env, programs=programs)

    def engine(self, service: Service, **changes: Any) -> Engine:
        """Return the engine of this database; `changes` replace parts of its rooms."""
        from dataclasses import replace

        from halftui.domain.assign import Rules
        from halftui.domain.names import THEMES
        from halftui.domain.vigil import Patience
        from halftui.engine import disk
        from halftui.engine.engine import Engine
        from halftui.engine.gate import Credentials, opener
        from halftui.engine.rooms import Rooms
        from halftui.ops import accounts
        from halftui.sandbox.base import Limits
        from halftui.service import reaching
        from halftui.workspace import forge

        chosen = self.settings
        credentials = Credentials(self.store, self.vault, self.env)
        service.lines.redact = credentials.redact

        def require_room() -> None:
            disk.require(self.home, chosen.disk_floor_mb)

        def check(board: BoardRow) -> None:
            require_room()
            if board.runtime in accounts.NEEDS_ACCOUNT:
                credentials.check(board.runtime)
            reaching.require(self.repository(board), lambda: self.origin(board), board)

        def is_free(sandbox: Sandbox) -> bool:
            return chosen.permissions == "free" or (chosen.permissions == "auto" and sandbox.is_confined)

        rooms = Rooms(
            home=self.home,
            sandbox=self.sandbox,
            runtime=self.runtime,
            repository=self.repository,
            origin=self.origin,
            collab=self.collab,
            collab_origin=self.collab_origin,
            gate=opener(
                credentials,
                chosen.api_url,
                self.store,
                service.lines,
                shows_secret=chosen.credentials == "env",
            ),
            check=check,
            require_room=require_room,
            limits=Limits(chosen.memory_mb, chosen.cpus, chosen.pids),
            is_free=is_free,
            accept=lambda board, bead: self.review(board.id).accept(bead),
            land=lambda board, convoy: self.review(board.id, PATROL).land(convoy),
            queue=self.queue,
            forge=lambda given: forge.ask(chosen.forge, given),
            signer=self._signer,
        )
        pool = chosen.pool or THEMES[chosen.names]
        return Engine(
            store=self.store,
            lines=service.lines,
            rooms=replace(rooms, **changes),
            cap=chosen.cap,
            lease=float(chosen.lease_seconds),
            max_turns=chosen.max_turns,
            pool=pool,
            leaves_agents=chosen.on_quit == "leave",
            patience=Patience(chosen.vigil_warn, chosen.vigil_tell, chosen.vigil_stop),
            rules=Rules(chosen.caps_of_runtimes, chosen.ageing_days * 86_400),
        )

    def require_image(self, recipe: str = "") -> None:
        """Raise Unavailable with the remedy if the image of agents with this recipe is not built.

        One that was there once is not looked for again: without it no container is made, and says the same.
        """
        from halftui.sandbox import image

        if self.settings.image or recipe in self._built:
            return
        if not image.is_built(self.settings.docker_host or None, recipe):
            raise Unavailable("the agents' container image is not built yet", "run: halftui image build")
        self._built.add(recipe)

    def _signer(self, agent: str) -> Signer:
        """Return what signs an agent's commits; no key is looked for before the first."""
        return self.keyring.signer(agent)
