"""Is a gradient right?  Central differences and the adjoint identity say, element by element."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import product
from random import Random
from typing import Any

from ops.dispatch import is_node
from ops.doors import callable_as_its_function
from ops.functional import demand_function, jvp, pullback
from ops.leaves import leaves_for, node_for
from ops.parameters import as_float
from ops.words import a_or_an, counted, shown

SHOWN = 8  # elements, in a report
ONE = 1.0


@dataclass(frozen=True)
class Compared:
    """The gradient at one element, and the slope that was measured there."""

    argument: int
    index: tuple[int, ...]
    gradient: float
    slope: float
    kink: bool

    @property
    def place(self) -> str:
        return f"argument {self.argument}" + (f" at {list(self.index)}" if self.index else "")

    @property
    def error(self) -> float:
        """The difference, relative to the larger of 1 and the slope; inf where it is NaN."""
        error = abs(self.gradient - self.slope) / max(1.0, abs(self.slope))
        return error if error == error else float("inf")

    @property
    def note(self) -> str:
        return "the slopes on both sides differ, so there is a kink here" if self.kink else ""

    def __str__(self) -> str:
        said = f"{self.place}: gradient {self.gradient:.9g}, slope {self.slope:.9g}"
        return f"{said}, off by {abs(self.gradient - self.slope):.2g}" + (f"; {self.note}" if self.note else "")


@dataclass(frozen=True, repr=False)
class GradcheckReport:
    """What gradcheck found; it is true where everything agrees."""

    compared: Sequence[Compared]
    adjoint_gap: float
    tolerance: float
    weighted: bool = False
    left_graph: bool = False
    curvature: Compared | None = None

    @property
    def checked(self) -> int:
        return len(self.compared)

    @property
    def mismatches(self) -> list[Compared]:
        return [each for each in self.compared if each.error > self.tolerance]

    @property
    def worst(self) -> float:
        """The largest relative difference."""
        return max((each.error for each in self.compared), default=0.0)

    @property
    def ok(self) -> bool:
        bends = self.curvature is None or self.curvature.error <= self.tolerance
        return not self.mismatches and self.adjoint_gap <= self.tolerance and bends

    def __bool__(self) -> bool:
        return self.ok

    def _summary(self) -> list[str]:
        wrong, all_of_them = len(self.mismatches), counted(self.checked, "element")
        of = ", of f's elements summed with random weights," if self.weighted else ""
        holds = f"is not the measured slope at {wrong} of {all_of_them}" if wrong else f"is the slope at {all_of_them}"
        modes = "agree" if self.adjoint_gap <= self.tolerance else "disagree"
        said = [
            f"the gradient{of} {holds}, largest relative difference {self.worst:.2g} (tolerance {self.tolerance:g})",
            f"reverse and forward mode {modes}: <J'g, t> and <g, J t> differ by {self.adjoint_gap:.2g}",
        ]
        if not self.mismatches and (bend := self.curvature) and bend.error > self.tolerance:
            said.append(
                f"the gradient's own derivative along a random direction is {bend.gradient:.9g} by the rules, but "
                f"{bend.slope:.9g} as measured: does a rule take numbers out of the graph, or use kept ones?"
            )
        hint = "f returned plain numbers, not a node, so no gradient flows: is there a .data, item() or float() in it?"
        return said + [hint] * (self.left_graph and bool(wrong))

    def _shown(self) -> tuple[list[Compared], str]:
        """The elements to show, wrong ones alone where there are any, and what to say of the rest."""
        listed = self.mismatches or [*self.compared]
        rest = len(listed) - SHOWN
        return listed[:SHOWN], f"and {rest} more" if rest > 0 else ""

    def __str__(self) -> str:
        (first, *others), (shown, rest) = self._summary(), self._shown()
        return "\n  ".join([f"gradcheck: {first}", *map(str, shown), *filter(None, [rest]), *others])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown, rest = self._shown()
        said = "".join(f"<div>{escape(line)}</div>" for line in self._summary())
        rows = [("element", "gradient", "slope", "difference", "")] + [
            (x.place, f"{x.gradient:.9g}", f"{x.slope:.9g}", f"{abs(x.gradient - x.slope):.2g}", x.note) for x in shown
        ]
        table = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        return f"<div><b>gradcheck</b></div>{said}<table>{table}</table>{escape(rest)}"


def gradcheck(
    f: Callable[..., Any], *inputs: Any, step: float = 1e-6, tolerance: float = 1e-5, rng: Random | None = None
) -> GradcheckReport:
    """Compare f's gradients with central differences, its two modes with each other, and so the gradient's derivative.

    inputs: numbers, arrays or nodes, a gradient checked for each, in float64.  f may return any shape; the
    gradient of one number is shown itself, that of many is of their sum with random weights.  step: the nudge,
    in units of the input.  tolerance: allowed difference, relative to the larger of 1 and the slope.

    >>> import ops
    >>> bool(ops.gradcheck(ops.tanh, 0.3))
    True
    """
    demand_function(f, "gradcheck")
    step, tolerance, draws = _positive("step", step), _positive("tolerance", tolerance), _random(rng)
    if not inputs:
        raise TypeError("gradcheck: there is nothing to differentiate by; give f's inputs, as in gradcheck(f, 0.3)")
    leaves = leaves_for("gradcheck", [*map(_fine, inputs)], {}, range(len(inputs)))
    y = _as_node(answer := f(*leaves))
    weights = _cotangent(y, draws)
    grads = [x.data for x in pullback(_dot(y, weights), leaves)]

    def total(i: int, index: tuple[int, ...], nudge: float) -> float:
        moved = [_nudged(x, index, nudge) if j == i else x for j, x in enumerate(leaves)]
        return float(_dot(_as_node(f(*moved)), weights).data)

    places = [(i, index) for i, leaf in enumerate(leaves) for index in _indices(leaf)]
    found = [_compare(i, k, _at(grads[i], k), partial(total, i, k), step, tolerance) for i, k in places]
    gap = _adjoint_gap(lambda *x: _as_node(f(*x)), leaves, grads, weights, draws)
    curvature = None if any(each.kink for each in found) else _curvature(f, leaves, weights, step, draws)
    return GradcheckReport(found, gap, tolerance, weights is not ONE, not is_node(answer), curvature)


def _positive(name: str, value: Any) -> float:
    number = None if is_node(value) else as_float(value)
    if number is None or not 0 < number < float("inf"):
        kind = TypeError if number is None else ValueError
        raise kind(f"gradcheck: {name} is {shown(value)}, but it must be a number above 0, such as 1e-6")
    return number


def _random(rng: Any) -> Any:
    if rng is None:
        return Random(0)
    if not hasattr(rng, "uniform"):
        raise TypeError(f"gradcheck: rng is {shown(rng)}, but it must be a random.Random, such as Random(0)")
    return rng


def _curvature(f: Callable[..., Any], leaves: list[Any], weights: Any, step: float, rng: Random) -> Compared:
    """How the gradient along a random direction changes along it: by the rules of the rules, and as measured."""
    along = [_random_like(x.data, rng) for x in leaves]

    def slope(nudge: float) -> tuple[Any, list[Any]]:
        moved = [type(x)(x.data + nudge * v, **_asking(x)) for x, v in zip(leaves, along)]
        return _inner(pullback(_dot(_as_node(f(*moved)), weights), moved), along), moved

    here, moved = slope(0.0)
    above, below = (float(slope(nudge)[0].data) for nudge in (step, -step))
    by_rules = _inner(pullback(here, moved), along)
    return Compared(0, (), float(by_rules.data), (above - below) / (2 * step), kink=False)


def _asking(x: Any) -> dict[str, bool]:
    return {"requires_grad": True} if x.rank else {}


def _inner(grads: Sequence[Any], along: Sequence[Any]) -> Any:
    """<gradient, direction>, as a node."""
    parts = [_dot(g, v) for g, v in zip(grads, along)]
    return sum(parts[1:], parts[0])


def _fine(x: Any) -> Any:
    """An input in float64: the seven digits of float32 are too few for differences."""
    x = x.data if is_node(x) else x
    is_coarse = getattr(getattr(x, "dtype", None), "kind", "") in ("f", "i", "u") and x.dtype != float
    return x.astype(float) if is_coarse else x


def _as_node(y: Any) -> Any:
    """What f returned, as a node; plain numbers count as constants."""
    if y is None or isinstance(y, (str, bytes, tuple, list, dict, set)):
        got = "None; is its return missing?" if y is None else a_or_an(y)
        raise TypeError(f"gradcheck: f must return one number, one array or one node, not {got}")
    y = y if is_node(y) else node_for(y * 1.0)
    if y.rank and y.dtype != float:
        raise TypeError(f"gradcheck: f returned {y.dtype}, too coarse for differences; let it compute in float64")
    return y


def _compare(
    i: int, index: tuple[int, ...], gradient: float, total: Callable[[float], float], step: float, tolerance: float
) -> Compared:
    here, above, below = total(0.0), total(step), total(-step)
    slope = (above - below) / (2 * step)
    kink = abs((above - here) - (here - below)) / step > 100 * tolerance * max(1.0, abs(slope))
    return Compared(i, index, gradient, slope, kink)


def _adjoint_gap(f: Callable[..., Any], leaves: list[Any], grads: list[Any], weights: Any, rng: Random) -> float:
    """|<g, J t> - <J'g, t>| for a random t: reverse and forward mode are one matrix, read both ways."""
    along = [_random_like(x.data, rng) for x in leaves]
    _, t = jvp(f, tuple(leaves), tuple(along))
    forward = float(_dot(t, weights).data)
    back = sum(_number(g * v) for g, v in zip(grads, along))
    return abs(forward - back) / max(1.0, abs(forward))


def _cotangent(y: Any, rng: Random) -> Any:
    """1 for a single number, so that the gradients are its own; random weights for many."""
    return ONE if all(n == 1 for n in y.shape) else _random_like(y.data, rng)


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


callable_as_its_function(__name__)
