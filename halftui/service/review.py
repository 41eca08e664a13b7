"""Looking at a bead's work, and accepting it: the merge first, then the word."""

from halftui.domain.shown import Work


class Review:
    """The review desk of one board. Every method blocks."""

    def work(self, bead: str) -> Work:
        """Return what the bead's branch changes. Raises NotFound, Refused if there is no work yet."""
        raise NotImplementedError

    def patch(self, bead: str, path: str, context: int = 3, *, ignores_space: bool = False) -> list[str]:
        """Return the unified diff of one file, a line each, cleaned, without its `diff --git` head."""
        raise NotImplementedError

    def accept(self, bead: str) -> str:
        """Merge the bead's branch into the target branch, approve it, and return the merged commit.

        On a conflict the bead goes back to its agent with the reason, and Refused is raised.
        """
        raise NotImplementedError
