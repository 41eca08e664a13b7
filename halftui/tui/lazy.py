"""A module that is imported when it is first used, so that the first frame need not wait for it."""

from importlib import import_module
from typing import Any


class Lazy:
    """Stands for a module by its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
