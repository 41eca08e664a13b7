"""Moving a widget that lies over all others, without a layout of the screen."""

from textual._compositor import Compositor
from textual.geometry import Offset, Region
from textual.widget import Widget


def glide(widget: Widget, to: Offset) -> None:
    """Put the upper left corner of a widget of the topmost layer on a cell of the screen.

    A changed style would let Textual arrange every widget and draw the screen twice. Nothing but this
    widget's place changes, so that is written where the last layout wrote it; the next one, whatever
    brings it, finds `absolute_offset` and comes to the same.
    """
    widget.absolute_offset = to
    compositor = widget.screen._compositor
    placed = compositor.full_map
    if (was := placed.get(widget)) is None or was.region.offset == to:
        return  # without a place: the layout that gives it one is under way
    way = to - was.region.offset
    placed[widget] = was._replace(
        region=was.region.translate(way), virtual_region=was.virtual_region.translate(way)
    )
    _uncover(compositor, was.region)
    widget.refresh()


def _uncover(compositor: Compositor, region: Region) -> None:
    """Let what lay under a region be drawn, and what is kept of the old places be worked out anew."""
    compositor._visible_widgets = compositor._cuts = None
    compositor._layers = compositor._layers_visible = None
    compositor._dirty_regions.add(region)
