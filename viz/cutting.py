"""What one element of an op's result is made of: the slices of the arguments, and where it then stands."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ops.shapes import normal_axes

Place = tuple[int, ...]
Slices = tuple[slice, ...]
Cut = tuple[list[Slices], Place]


def cut(node: Any, element: Place) -> Cut:
    """A slice of each argument from which the op makes the element, and the element's place in what it then makes.

    Of an op that is not known to work row by row, the arguments stay whole.
    """
    if node.op.elementwise:
        return [_matching(x.shape, element) for x in node.args], (0,) * len(element)
    known = _CUTS.get(node.op.name) or (_reduced if node.op.kind == "reduction" else _whole)
    return known(node, element)


def size_of_cut(node: Any, element: Place) -> int:
    """How many numbers of the arguments the element is made of."""
    slices, _ = cut(node, element)
    return sum(prod(len(range(*its.indices(n))) for its, n in zip(part, x.shape)) for x, part in zip(node.args, slices))


def _one(i: int) -> slice:
    return slice(i, i + 1)


def _matching(shape: Place, element: Place) -> Slices:
    """Where broadcasting takes the element from."""
    last = element[len(element) - len(shape) :]
    return tuple(_one(0 if n == 1 else i) for n, i in zip(shape, last))


def _product(node: Any, element: Place) -> Cut:
    """A row of one and a column of the other."""
    (*batch, i, j), (a, b) = element, node.args
    rows = (*_matching(a.shape[:-2], tuple(batch)), _one(i), slice(None))
    return [rows, (*_matching(b.shape[:-2], tuple(batch)), slice(None), _one(j))], (0,) * len(element)


def _reduced(node: Any, element: Place) -> Cut:
    """All that is reduced to the element."""
    (x,) = node.args
    axes = normal_axes(node.params["axis"], len(x.shape), node.op.name)
    left = iter([i for k, i in enumerate(element) if not (node.params["keepdims"] and k in axes)])
    return [tuple(slice(None) if k in axes else _one(next(left)) for k in range(len(x.shape)))], (0,) * len(element)


def _along_axis(node: Any, element: Place) -> Cut:
    """The one row along the axis in which the element stands."""
    axis = node.params["axis"] % len(element)
    slices = tuple(slice(None) if k == axis else _one(i) for k, i in enumerate(element))
    return [slices], tuple(i if k == axis else 0 for k, i in enumerate(element))


def _whole(node: Any, element: Place) -> Cut:
    return [(slice(None),) * len(x.shape) for x in node.args], element


_CUTS: dict[str, Callable[[Any, Place], Cut]] = {
    "matmul": _product,
    "softmax": _along_axis,
    "log_softmax": _along_axis,
}
