"""Modules that are opened late and bear the name of their function, as `ops.card` does."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Door(ModuleType):
    """A module that is called like its function, since its import puts it where the function is looked for."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **options)


def callable_as_its_function(module: str) -> None:
    """Let `ops.card(op)` work, however `ops.card` was imported."""
    sys.modules[module].__class__ = _Door
