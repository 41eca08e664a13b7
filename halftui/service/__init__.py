"""The handle that every front door holds."""
