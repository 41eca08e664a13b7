"""Stand-ins for the rooms around a runtime: a process on pipes, a scripted one, and a desk."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halftui.domain.board_tools import Reply
from halftui.domain.happenings import Answer, Happening, Heard, Question
from halftui.errors import Unavailable
from halftui.runtime.base import Brief, Desk, Runtime, Speaker
from halftui.sandbox.base import Exit, Inside


class PipeProcess:
    """A real program on pipes, in its own process group."""

    def __init__(self, program: asyncio.subprocess.Process, errors: Path) -> None:
        self._program = program
        self._errors = errors

    @property
    def pid(self) -> int:
        return self._program.pid

    async def write(self, data: bytes) -> None:
        assert self._program.stdin is not None
        try:
            self._program.stdin.write(data)
            await self._program.stdin.drain()
        except OSError as error:
            raise Unavailable("The program is gone.") from error

    async def close_input(self) -> None:
        assert self._program.stdin is not None
        self._program.stdin.close()

    async def output(self, start: int = 0) -> AsyncIterator[bytes]:
        assert self._program.stdout is not None
        while chunk := await self._program.stdout.read(65536):
            yield chunk

    async def error_tail(self) -> str:
        return self._errors.read_bytes()[-8192:].decode(errors="replace")

    async def wait(self) -> Exit:
        code = await self._program.wait()
        return Exit(code if code >= 0 else 128 - code)

    async def stop(self, grace: float = 5.0) -> Exit:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.wait(), grace)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            return await self.wait()


class SaidProcess:
    """A program that says fixed chunks and ends; what it is told is kept."""

    def __init__(self, chunks: Sequence[bytes], code: int = 0, *, oom: bool = False) -> None:
        self.written: list[bytes] = []
        self.is_stopped = False
        self._chunks = chunks
        self._exit = Exit(code, oom)

    async def write(self, data: bytes) -> None:
        self.written.append(data)

    async def close_input(self) -> None:
        pass

    async def output(self, start: int = 0) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk

    async def error_tail(self) -> str:
        return "its last words"

    async def wait(self) -> Exit:
        return self._exit

    async def stop(self, grace: float = 5.0) -> Exit:
        self.is_stopped = True
        return self._exit


@dataclass
class FixedDesk:
    """A person who always answers the same."""

    answer: Answer
    asked: list[Question] = field(default_factory=list)
    speaker: Speaker | None = None
    used: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        return self.answer

    def attend(self, speaker: Speaker | None) -> None:
        self.speaker = speaker

    async def use(self, tool: str, given: Mapping[str, Any], request: str) -> Reply:
        self.used.append((tool, given))
        return Reply("noted")


@dataclass(frozen=True)
class Stage:
    """The folders of one bead on this machine."""

    inside: Inside
    errors: Path

    @classmethod
    def under(cls, root: Path, tool: str) -> "Stage":
        for name in ("work", "home", "sockets"):
            (root / name).mkdir(exist_ok=True)
        inside = Inside(str(root / "work"), str(root / "home"), str(root / "sockets"), tool)
        return cls(inside, root / "errors")

    @property
    def work(self) -> Path:
        return Path(self.inside.work)

    async def start(self, argv: Sequence[str], env: Mapping[str, str]) -> PipeProcess:
        # The CLI refuses to be free as root unless it is told that it is in a sandbox.
        surroundings = {"PATH": os.environ["PATH"], "IS_SANDBOX": "1"}
        with self.errors.open("wb") as errors:
            program = await asyncio.create_subprocess_exec(
                *argv,
                env={**surroundings, **env},
                cwd=self.inside.work,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        return PipeProcess(program, self.errors)

    async def run(self, runtime: Runtime, brief: Brief, desk: Desk) -> list[Happening]:
        """Start a brief, return all that it reports, and leave no process behind."""
        command = runtime.command(brief, self.inside)
        process = await self.start(command.argv, command.env)
        try:
            told = [happening async for happening in runtime.converse(brief, process, desk)]
            return [happening for happening in told if not isinstance(happening, Heard)]
        finally:
            await process.stop()
