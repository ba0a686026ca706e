"""Which transforms are running, grad inside jvp say, so that what an inner one captures stays in the graph.

A transform notes the time, by the clock of `ops.graph`, at which it begins.  A leaf that was made before, and asks for
a gradient, belongs to somebody outside: what depends on it goes back as a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any, NamedTuple

from ops import graph, modes


class Transform(NamedTuple):
    """A transform that is running: who asked, when it began, and the leaves that it differentiates by."""

    asker: str
    since: int
    leaves: list[Any]


class _Running(local):
    """The transforms of each thread, outermost first."""

    def __init__(self) -> None:
        self.transforms: list[Transform] = []


_running = _Running()


@contextmanager
def begun(asker: str) -> Iterator[Transform]:
    """A transform begins; inside, calls are recorded, and numbers that would leave the graph unseen are refused."""
    graph.clock += 1
    transform = Transform(asker, graph.clock, [])
    _running.transforms.append(transform)
    try:
        with modes.traced(asker):
            yield transform
    finally:
        _running.transforms.pop()


def tracer() -> str:
    """The innermost transform that records what this thread does; empty outside of all and under no_grad."""
    return _running.transforms[-1].asker if _running.transforms and modes.recording() else ""


def reaches_outside(result: Any, transform: Transform) -> bool:
    """Whether a result depends on a leaf that asks for a gradient and was made before the transform began."""
    since = transform.since
    return _finds(lambda x: x.op is None and x.requires_grad and 0 <= x._made < since, graph.parts(result))


def captured(roots: Iterable[Any]) -> bool:
    """Whether one of these depends on what a running transform differentiates by, so that backward is recorded too."""
    if not _running.transforms or not modes.recording():
        return False
    leaves = {part for t in _running.transforms for leaf in t.leaves for part in graph.parts(leaf)}
    return _finds(leaves.__contains__, roots)


def refuse_copy(root: Any) -> None:
    """TypeError for a graph whose deep copy would have no derivative by what a running transform looks at."""
    if captured(graph.parts(root)):
        raise TypeError(
            f"{tracer()}: a deep copy of this {type(root).__name__} would be cut from the graph, so its derivative "
            f"would be lost; use it itself, which nothing changes, or x.detach() where the numbers alone are meant"
        )


def between(leaves: Sequence[Any], roots: Sequence[Any]) -> tuple[list[Any], set[Any]]:
    """The nodes on a way from the leaves to the roots, arguments first; and the set of them with the leaves."""
    reached = {part for leaf in leaves for part in graph.parts(leaf)}
    order = []
    for node in graph.topological(*roots):
        if node.op is not None and node not in reached and not reached.isdisjoint(node.args):
            reached.add(node)
            order.append(node)
    return order, reached


def _finds(wanted: Callable[[Any], bool], roots: Iterable[Any]) -> bool:
    """Whether a node like that stands among the roots or below."""
    stack = [*roots]
    seen = {*stack}
    while stack:
        node = stack.pop()
        if wanted(node):
            return True
        for x in node.args:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return False
