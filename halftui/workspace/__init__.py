"""Git: the board's own repository, one clone a bead, diffs and merges."""
