"""HalfTUI: a kanban board in the terminal that runs AI coding agents."""

__version__ = "0.1.0"
