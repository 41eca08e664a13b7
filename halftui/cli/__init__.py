"""The board by command."""
