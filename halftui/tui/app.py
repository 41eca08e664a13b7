"""The application: what every screen shares, locally and over SSH."""

import asyncio
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from textual.app import App

from halftui.errors import HalfTUIError
from halftui.service.service import Service

P = ParamSpec("P")
R = TypeVar("R")


class HalfApp(App[None]):
    """A board on a terminal. Screens reach the service through `ask` and `tell` only."""

    def __init__(self, service: Service, board: str) -> None:
        super().__init__()
        self.service = service
        self.board = board

    async def ask(self, blocking: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a blocking call (service.read, review.work, …) returns, from a thread."""
        return await asyncio.to_thread(blocking, *args, **kwargs)

    async def tell(self, op: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Run an op; a refusal becomes a toast with its hint and returns None."""
        try:
            return await asyncio.to_thread(lambda: self.service.write(op, *args, **kwargs))
        except HalfTUIError as error:
            self.refuse(error)
            return None

    def refuse(self, error: HalfTUIError) -> None:
        """Show why something was not done."""
        self.notify(error.hint, title=error.message, severity="warning", markup=False)
