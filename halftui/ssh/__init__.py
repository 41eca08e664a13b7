"""The board over SSH."""
