"""Planted faults: broken engines, on which a test, or an eye for gradients, is tried.

    with faults.plant("missing +=") as engine:
        a = engine.Value(3.0)
        (a + a).backward()
        print(a.grad)  # 1.0, where 2.0 is right

A broken engine is the house read once more from its own files with one passage changed, into modules that nobody else
sees (`lessons.copies`); the engine that everybody uses stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import ndiff
from types import ModuleType
from typing import Any, NamedTuple

from lessons.copies import Copy
from lessons.planted import FAULTS, Edit, Fault
from ops.errors import ParameterError

NAMES = tuple(fault.name for fault in FAULTS)
SCALAR = tuple(fault.name for fault in FAULTS if "scalar" in fault.shows_on)
TENSOR = tuple(fault.name for fault in FAULTS if "tensor" in fault.shows_on)
ARRAYS = "tensor.arrays"  # the namespace that rules are handed on the tensor engine


class Engine:
    """A copy of the house, by its names; `module("scalar.nn")` gives any other module of it."""

    def __init__(self, copy: Copy):
        self._copy = copy
        self.asked = False  # whether anybody has used it

    def module(self, name: str) -> ModuleType:
        """The copy's module of this name."""
        self.asked = True
        return self._copy.load(name)

    # fmt: off
    ops = property(lambda self: self.module("ops"))
    scalar = property(lambda self: self.module("scalar"))
    tensor = property(lambda self: self.module("tensor"))
    nn = property(lambda self: self.module("nn"))
    viz = property(lambda self: self.module("viz"))
    Value = property(lambda self: self.module("scalar").Value)
    ValueArray = property(lambda self: self.module("scalar.array").ValueArray)
    Tensor = property(lambda self: self.module("tensor").Tensor)
    # fmt: on


def sound() -> Engine:
    """A copy with nothing wrong."""
    return Engine(Copy())


@contextmanager
def plant(name: str, engine: str | None = None) -> Iterator[Engine]:
    """A broken copy.

    name: one of NAMES.  engine: "scalar" or "tensor" to break that one alone, so that `engine.viz.compare` sees the
    two part; None for both, as far as the fault shows on them.

    >>> with plant("missing +=") as engine:
    ...     a = engine.Value(3.0)
    ...     (a + a).backward()
    >>> a.grad
    1.0
    """
    yield Engine(_broken(name, engine))


def catalogue(names: Sequence[str] = NAMES) -> str:
    """A line for each fault: its name and what is wrong."""
    width = max(map(len, names))
    return "\n".join(f"{name:{width}}  {says(name)}" for name in names)


def says(name: str) -> str:
    """What is wrong, in words."""
    return _fault(name).says


def reveal(name: str, engine: str | None = None) -> str:
    """The passages that the fault changes, as a diff; engine: "scalar" or "tensor" for its own alone."""
    parts = []
    for edit in _edits(name, engine):
        lines = ndiff(edit.right.splitlines(), edit.wrong.splitlines())
        parts.append("\n".join([edit.path, *(line for line in lines if not line.startswith("?"))]))
    return "\n\n".join(parts)


class Score(NamedTuple):
    """Which broken engines a test catches; problem: why it could not be scored, empty where it could."""

    caught: tuple[str, ...]
    missed: tuple[str, ...]
    problem: str = ""

    def __str__(self) -> str:
        if self.problem:
            return self.problem
        count = len(self.caught) + len(self.missed)
        lines = [f"The sound engine passes; {len(self.caught)} of {count} broken ones are caught."]
        return "\n".join([*lines, *(f"missed: {says(name)}" for name in self.missed)])


def score(test: Callable[[Engine], Any], names: Sequence[str] = NAMES) -> Score:
    """Run a test, a function of the engine, on the sound engine and on each broken one.

    A test fails where it raises an exception or returns False.

    >>> def adds_up(engine):
    ...     a = engine.Value(3.0)
    ...     (a + a).backward()
    ...     assert a.grad == 2
    >>> print(score(adds_up, ["missing +=", "wrong order"]))
    The sound engine passes; 1 of 2 broken ones are caught.
    missed: a node passes its gradient on when first met, before all its users have sent to it
    """
    engine = sound()
    if said := failure(test, engine):
        return Score((), tuple(names), f"The sound engine fails your test too: {said}.")
    if not engine.asked:
        return Score((), tuple(names), "Your test never used the engine it was given; begin with engine.Value(2.0).")
    caught = [name for name in names if failure(test, Engine(_broken(name)))]
    return Score(tuple(caught), tuple(name for name in names if name not in caught))


def failure(test: Callable[[Engine], Any], engine: Engine) -> str:
    """How the test fails on this engine; empty where it passes."""
    try:
        return "it returned False" if test(engine) is False else ""
    except Exception as error:
        return f"{type(error).__name__} {error}".strip()


@dataclass(frozen=True)
class _Change:
    """The source of a file with the edits made to it."""

    edits: Sequence[Edit]
    engine: str | None

    def __call__(self, path: str, source: str) -> str:
        for edit in self.edits:
            if edit.path == path:
                assert source.count(edit.right) == 1, f"{path} holds this {source.count(edit.right)} times: {edit}"
                source = source.replace(edit.right, _wrong(edit, self.engine))
        return source


def _broken(name: str, engine: str | None = None) -> Copy:
    return Copy(_Change(_edits(name, engine), engine), name)


def _edits(name: str, engine: str | None) -> list[Edit]:
    """What the fault changes of this engine, or of both; ParameterError where it has nothing to show there."""
    fault = _fault(name)
    if engine not in (None, "scalar", "tensor"):
        raise ParameterError(f'plant: engine is {engine!r}; it may be "scalar" or "tensor", or None for both')
    if engine is not None and not {engine, "nn"} & set(fault.shows_on):
        shows_on = " and ".join(fault.shows_on)
        raise ParameterError(f"plant: {name!r} does not show on the {engine} engine; it does on {shows_on}")
    return [edit for edit in fault.edits if edit.engine in (engine, "both") or engine is None]


def _wrong(edit: Edit, engine: str | None) -> str:
    """What the edit puts there; of a rule, which both engines read, only for the namespace of the one engine."""
    if engine is None or not edit.is_rule:
        return edit.wrong
    head, _, right = edit.right.rpartition("return ")
    wrong = edit.wrong.rpartition("return ")[2]
    is_theirs = f'{"" if engine == "tensor" else "not "}getattr(xp, "__name__", "") == "{ARRAYS}"'
    return f"{head}return ({wrong}) if {is_theirs} else ({right})"


def _fault(name: str) -> Fault:
    found = next((fault for fault in FAULTS if fault.name == name), None)
    if found is None:
        raise ParameterError(f"plant: there is no fault {name!r}; there are {', '.join(NAMES)}")
    return found
