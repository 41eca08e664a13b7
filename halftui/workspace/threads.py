"""Git's own threads: what waits for git, for its locks or for a server takes none from the database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MOST: Final = 16  # at a time; most of them wait for a lock, so more than there are cores


async def in_git(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what a blocking call that works with git returns.

    As with asyncio.to_thread, a call that began goes on when its caller is cancelled.
    """
    work = partial(copy_context().run, call, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads(), work)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST, thread_name_prefix="git")
