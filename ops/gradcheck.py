"""Is a gradient right?  Central differences and the adjoint identity say, element by element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from random import Random
from typing import Any

from ops.dispatch import is_node, node_for
from ops.functional import jvp, pullback


@dataclass(frozen=True)
class Mismatch:
    """One element whose gradient differs from the slope that was measured there."""

    argument: int
    index: tuple[int, ...]
    gradient: float
    slope: float
    kink: bool

    def __str__(self) -> str:
        place = f"argument {self.argument}" + (f" at {list(self.index)}" if self.index else "")
        off = abs(self.gradient - self.slope)
        why = "; the slopes on both sides differ, so there is a kink here" if self.kink else ""
        return f"{place}: the gradient says {self.gradient:.9g}, the slope is {self.slope:.9g}, off by {off:.2g}{why}"


@dataclass(frozen=True)
class GradcheckReport:
    """What gradcheck found; it is true where everything agrees."""

    checked: int
    worst: float
    adjoint_gap: float
    tolerance: float
    mismatches: list[Mismatch] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.mismatches and self.adjoint_gap <= self.tolerance

    __bool__ = ok.fget

    def __str__(self) -> str:
        head = f"gradcheck: {self.checked} elements, largest difference {self.worst:.2g}"
        tail = f"<g, J t> and <J'g, t> differ by {self.adjoint_gap:.2g} (tolerance {self.tolerance:g})"
        return "\n".join([f"{head}; {tail}", *map(str, self.mismatches)])

    __repr__ = __str__


def gradcheck(
    f: Callable[..., Any], *inputs: Any, step: float = 1e-6, tolerance: float = 1e-5, rng: Random | None = None
) -> GradcheckReport:
    """Compare f's gradients with central differences, and its two modes with each other.

    inputs: numbers, float64 arrays or nodes, a gradient checked for each.  f may return any shape.  step: the
    nudge, in units of the input.  tolerance: allowed difference, relative to the larger of 1 and the slope.

    >>> import ops
    >>> bool(ops.gradcheck(ops.tanh, 0.3))
    True
    """
    rng = rng or Random(0)
    leaves = [node_for(x.data if is_node(x) else x) for x in inputs]
    y = f(*leaves)
    weights = _random_like(y.data, rng)
    grads = [g.data for g in pullback(_dot(y, weights), leaves)]

    def total(i: int, index: tuple[int, ...], nudge: float) -> float:
        moved = [_nudged(x, index, nudge) if j == i else x for j, x in enumerate(leaves)]
        return float(_dot(f(*moved), weights).data)

    places = [(i, index) for i, leaf in enumerate(leaves) for index in _indices(leaf)]
    found = [_compare(i, k, _at(grads[i], k), partial(total, i, k), step, tolerance) for i, k in places]
    bad = [m for m, error in found if error > tolerance]
    worst = max((error for _, error in found), default=0.0)
    return GradcheckReport(len(found), worst, _adjoint_gap(f, leaves, grads, weights, rng), tolerance, bad)


def _compare(
    i: int, index: tuple[int, ...], gradient: float, total: Callable[[float], float], step: float, tolerance: float
) -> tuple[Mismatch, float]:
    here, above, below = total(0.0), total(step), total(-step)
    slope = (above - below) / (2 * step)
    size = max(1.0, abs(slope))
    kink = abs((above - here) - (here - below)) / step > 100 * tolerance * size
    error = abs(gradient - slope) / size
    return Mismatch(i, index, gradient, slope, kink), error if error == error else float("inf")


def _adjoint_gap(f: Callable[..., Any], leaves: list[Any], grads: list[Any], weights: Any, rng: Random) -> float:
    """|<g, J t> - <J'g, t>| for a random t: reverse and forward mode are one matrix, read both ways."""
    along = [_random_like(x.data, rng) for x in leaves]
    _, t = jvp(f, tuple(leaves), tuple(along))
    forward = float(_dot(t, weights).data)
    back = sum(_number(g * v) for g, v in zip(grads, along))
    return abs(forward - back) / max(1.0, abs(forward))


def _dot(y: Any, weights: Any) -> Any:
    """<y, weights>, as a node."""
    y = y * weights
    return y.sum() if hasattr(y, "sum") else y


def _number(data: Any) -> float:
    return float(data.sum() if hasattr(data, "sum") else data)


def _indices(data: Any) -> Iterator[tuple[int, ...]]:
    return product(*map(range, getattr(data, "shape", ())))


def _at(data: Any, index: tuple[int, ...]) -> float:
    return float(data[index] if index else data)


def _random_like(data: Any, rng: Random) -> Any:
    if not getattr(data, "shape", ()):
        return rng.uniform(-1, 1)
    filled = data.copy()
    for index in _indices(data):
        filled[index] = rng.uniform(-1, 1)
    return filled


def _nudged(leaf: Any, index: tuple[int, ...], nudge: float) -> Any:
    if not index:
        return type(leaf)(leaf.data + nudge)
    data = leaf.data.copy()
    data[index] += nudge
    return type(leaf)(data)
