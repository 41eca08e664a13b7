"""A mouse for the tests: presses, moves and releases as a terminal reports them."""

from textual import events
from textual.widget import Widget

from halftui.tui.hand import FRAME_SECONDS
from tests.tui.player import Player

LEFT = 1


class Mouse:
    """A pointer on a player's screen."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.x = self.y = 0
        self.button = 0

    def at(self, lane: str, index: int, row: int = 0) -> tuple[int, int]:
        """Return the cell of a row of a lane's card, by its place among the visible."""
        region = self.player.board.lanes.by_name[lane].region
        return region.x + min(5, region.width // 2), region.y + 1 + 3 * index + row

    def over(self, widget: Widget, y: int) -> tuple[int, int]:
        """Return a cell of a row of a widget."""
        return widget.region.x + 3, widget.region.y + y

    async def send(self, kind: type[events.MouseEvent]) -> None:
        """Let the application have an event as its driver would."""
        app = self.player.app
        app.post_message(kind(None, self.x, self.y, 0, 0, self.button, False, False, False))
        await self.player.pilot.pause()

    async def move(self, to: tuple[int, int]) -> None:
        """Go to a cell in one step."""
        self.x, self.y = to
        await self.send(events.MouseMove)
        await self.player.pilot.pause(2 * FRAME_SECONDS)

    async def press(self, at: tuple[int, int]) -> None:
        """Press the left button at a cell."""
        await self.move(at)
        self.button = LEFT
        await self.send(events.MouseDown)

    async def lift(self, at: tuple[int, int]) -> None:
        """Press at a card and go far enough to lift it."""
        await self.press(at)
        await self.move((at[0] + 2, at[1]))

    async def release(self) -> None:
        """Let the button go where the pointer is."""
        await self.send(events.MouseUp)
        self.button = 0
        await self.player.rest()

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag from one cell to another."""
        await self.lift(start)
        await self.move(end)
        await self.release()
