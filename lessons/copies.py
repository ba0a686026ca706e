"""A second copy of the house, read from its own files into modules that nobody else sees.

A copy has its own `import`: what belongs to the house comes from the copy, anything else from where it always comes.
Nothing of the copy stands in `sys.modules`, and nothing in it reads the house from there; so it may be broken.
"""

from __future__ import annotations

import builtins
import importlib
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

HOUSE = ("ops", "scalar", "tensor", "nn", "viz")
_ROOT = Path(__file__).resolve().parent.parent


class Copy:
    """The modules of one copy; change(path, source) gives the source that is read instead, `scalar/value.py` say."""

    def __init__(self, change: Callable[[str, str], str] = lambda path, source: source, name: str = "copy"):
        self.change, self.name = change, name
        self.modules: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}
        self._stand_ins = {"sys": _Sys(self.modules), "importlib": _Importlib(self._import_module)}

    def load(self, name: str) -> ModuleType:
        """The copy's module of this name, read when first asked for."""
        if name in self.modules:
            return self.modules[name]
        parent, _, tail = name.rpartition(".")
        around = self.load(parent) if parent else None
        if name not in self.modules:  # its package may have read it meanwhile
            self._read(name)
        if around is not None:
            setattr(around, tail, self.modules[name])
        return self.modules[name]

    def _read(self, name: str) -> None:
        importlib.import_module(name)  # dataclasses look a class's module up in sys.modules, so the real one is there
        path = _path(name)
        module = ModuleType(name)
        module.__file__ = str(path)
        module.__dict__["__builtins__"] = self._builtins
        module.__spec__ = spec = ModuleSpec(name, None)
        spec._initializing = True  # pyright: ignore  (as the import system says, while a module is being read)
        self.modules[name] = module
        try:
            exec(self._code(path), module.__dict__)
        except BaseException:
            del self.modules[name]
            raise
        spec._initializing = False  # pyright: ignore

    def _code(self, path: Path) -> CodeType:
        """The module's code; a changed one goes by a name of its own, under which tracebacks find its lines."""
        place, source = path.relative_to(_ROOT).as_posix(), _source(path)
        changed = self.change(place, source)
        if changed == source:
            return _compiled(path)
        shown = f"<{place}, {self.name}>"
        linecache.cache[shown] = (len(changed), None, changed.splitlines(keepends=True), shown)
        return compile(changed, shown, "exec")

    def _import(self, name: str, globals: Any = None, locals: Any = None, wanted: Any = (), level: int = 0) -> Any:
        """What the import statement calls in the copy's modules."""
        if name in self._stand_ins:
            return self._stand_ins[name]
        top = name.partition(".")[0]
        if top not in HOUSE:
            return builtins.__import__(name, globals, locals, wanted, level)
        module = self.load(name)
        for part in wanted or ():
            if not hasattr(module, part) and _exists(f"{name}.{part}"):
                self.load(f"{name}.{part}")
        return module if wanted else self.modules[top]

    def _import_module(self, name: str) -> Any:
        return self.load(name) if name.partition(".")[0] in HOUSE else importlib.import_module(name)


class _StandIn:
    """A module with one thing replaced."""

    _real: ModuleType

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Sys(_StandIn):
    """`sys`, where the house's modules are those of the copy."""

    _real = sys

    def __init__(self, modules: dict[str, ModuleType]):
        self.modules = _Modules(modules)


class _Modules(Mapping[str, ModuleType]):
    """`sys.modules`, where a name of the house is the copy's."""

    def __init__(self, ours: Mapping[str, ModuleType]):
        self._ours = ours

    def __getitem__(self, name: str) -> ModuleType:
        return self._ours[name] if name.partition(".")[0] in HOUSE else sys.modules[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._ours
        yield from (name for name in list(sys.modules) if name.partition(".")[0] not in HOUSE)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Importlib(_StandIn):
    """`importlib`, whose `import_module` knows the copy."""

    _real = importlib

    def __init__(self, import_module: Callable[[str], Any]):
        self.import_module = import_module


def _path(name: str) -> Path:
    base = _ROOT.joinpath(*name.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _exists(name: str) -> bool:
    return _path(name).is_file()


@cache
def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _compiled(path: Path) -> CodeType:
    return compile(_source(path), str(path), "exec")
