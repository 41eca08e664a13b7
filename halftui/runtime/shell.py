"""Runs a shell command as an agent: its lines are the output, its exit code the verdict."""

from collections.abc import AsyncGenerator
from dataclasses import replace

from halftui.domain.happenings import Happening, Heard, Printed, Started
from halftui.errors import Unavailable
from halftui.runtime.base import Abilities, Brief, Command, Desk, Inside, Process
from halftui.runtime.lines import Framer, cut
from halftui.runtime.outcome import Remains, Result, classify

LONGEST_LINE = 64 * 2**10
LOOK_BACK = 4 * 2**10  # bytes before an adopted program's new output, for its last words


class ShellRuntime:
    """The Runtime of `sh -c`."""

    kind = "shell"
    abilities = Abilities()

    def program(self) -> None:
        """Return None: every sandbox has a shell."""

    def command(self, brief: Brief, inside: Inside) -> Command:
        """Return the shell's command line. Its errors go where its output goes, in order."""
        return Command(["sh", "-c", f"exec 2>&1\n{brief.command}"], {"HOME": inside.home})

    async def converse(self, brief: Brief, process: Process, desk: Desk) -> AsyncGenerator[Happening, None]:
        """Yield the command's lines until it ended."""
        if not brief.is_adopted:
            yield Started(brief.session)
        heard = brief.heard or 0
        start = max(0, heard - LOOK_BACK)
        framer = Framer(LONGEST_LINE, start)
        remains = Remains(None)
        last = ""
        try:
            await process.close_input()
            async for chunk in cut(process.output(start), heard - start):
                for line in framer.feed(chunk):
                    last = line.decode(errors="replace").rstrip("\r")
                    if framer.end > heard:
                        yield Printed(last)
                if framer.end > heard:
                    yield Heard(framer.end)
            for line in framer.rest():
                last = line.decode(errors="replace")
                yield Printed(last)
            exit_ = await process.wait()
            result = Result(is_error=False, text=last, owes_words=False)
            remains = Remains(exit_.code, is_oom=exit_.oom, result=result)
        except Unavailable as error:
            remains = replace(remains, fault="lost", errors=str(error))
        if framer.dropped:
            yield Printed(f"[{framer.dropped} lines were too long to show]")
        yield classify(remains)
