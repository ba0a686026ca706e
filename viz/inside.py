"""Zoom: the scalar graph that one node of an array-level graph stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

import ops
from ops.errors import ParameterError
from scalar.array import ValueArray
from viz.arguments import element as place_of, whole
from viz.cutting import Place, Slices, cut, size_of_cut
from viz.draw import BUDGET, Drawing
from viz.fold import within
from viz.graph import Graph, of_order
from viz.words import quietly

Array = np.ndarray[Any, Any]
MOST = 2_500  # scalar nodes of a node that is opened whole
MOST_NUMBERS = 100_000  # that one element may be made of


class Zoom(Drawing):
    """One array node, opened: a node for each number, and the gradient that each argument is sent from here.

    sent: an array for each argument, of its shape; over all elements they add up to what the node sends.
    """

    def __init__(self, node: Any, element: Place | None, budget: int = BUDGET):
        whole = [(slice(None),) * len(x.shape) for x in node.args]
        slices, place = (whole, ...) if element is None else cut(node, element)
        args = [_twin(x, x.label or name, its) for x, name, its in zip(node.args, _names(node), slices)]
        out = ValueArray.apply_op(node.op, args, node.params)
        self.element = element
        self.values = [*np.asarray(out.values[place], dtype=object).flat]
        if node.grad is not None:
            seed = np.zeros(out.shape)
            seed[place] = np.asarray(node.grad)[... if element is None else element]
            out.backward(seed)
        self.sent = [_in_full(x.shape, its, twin.grad) for x, its, twin in zip(node.args, slices, args)]
        special = {v: "" for x, its in zip(node.args, args) if _is_parameter(x) for v in its.values.flat}
        super().__init__([self._graph(special, budget)], "LR", [f"inside {node.op.name}"])

    def _graph(self, special: Mapping[Any, str], budget: int) -> Graph:
        if len(self.values) == 1:
            return within(self.values[0], budget, special)
        return of_order(self.values[-1], ops.topological(*self.values), special)

    def counts(self) -> dict[str, int]:
        """How many nodes of each op there are: 3 mul and 2 add for an element of a product over 3."""
        return dict(Counter(v.op.name for v in ops.topological(*self.values) if v.op is not None))


def _is_parameter(x: Any) -> bool:
    return x.op is None and x.requires_grad


@quietly()
def zoom(node: Any, element: int | tuple[int, ...] | None = None, budget: int = BUDGET) -> Zoom:
    """The scalar graph inside one node of a Tensor's or a ValueArray's graph, of all elements or of one.

    budget: about how many nodes of one element are drawn before the rest is folded.
    Raises ShapeError for an element that is not there, TypeError for a leaf, which has nothing inside, and
    ParameterError where there is more inside than a picture can hold.

    >>> from tensor import Tensor
    >>> y = Tensor([[1.0, 2.0, 3.0]], requires_grad=True) @ Tensor([[4.0], [5.0], [6.0]])
    >>> zoom(y, (0, 0)).counts()
    {'mul': 3, 'add': 2}
    """
    if getattr(node, "op", None) is None or not hasattr(node, "numpy"):
        raise TypeError("zoom: give a node that an op made of arrays; a leaf or a single Value has nothing inside")
    budget = whole("zoom", "budget", budget, 1)
    place = None if element is None and node.ndim else place_of("zoom", () if element is None else element, node.shape)
    _refuse_many_numbers(node, place)
    if place is None and node.size and (count := size_inside(node)) > MOST:
        raise ParameterError(
            f"zoom: inside this {node.op.name} of shape {node.shape} are about {count:,} scalar nodes, more than the "
            f"{MOST:,} that a picture can hold; open one element, as in element={(0,) * node.ndim}"
        )
    return Zoom(node, place, budget)


def size_inside(node: Any) -> int:
    """About how many scalar nodes a node stands for, reckoned from one element; exact where elements share no work."""
    one = Zoom(node, (0,) * node.ndim, budget=1)
    return sum(x.size for x in node.args) + node.size * sum(one.counts().values())


def _refuse_many_numbers(node: Any, element: Place | None) -> None:
    count = size_of_cut(node, element or (0,) * node.ndim) if node.size else 0
    if count > MOST_NUMBERS:
        raise ParameterError(
            f"zoom: one element of this {node.op.name} is made of {count:,} numbers, more than the {MOST_NUMBERS:,} "
            f"that can be opened; take fewer rows or columns and zoom again"
        )


def _twin(x: Any, name: str, slices: Slices) -> ValueArray:
    """A slice of the argument's numbers as fresh Values, each labelled with its place in the whole."""
    twin = ValueArray(x.numpy()[slices].astype(float), requires_grad=True)
    corner = [part.start or 0 for part in slices]
    for place, value in np.ndenumerate(twin.values):
        value.label = f"{name}{[i + k for i, k in zip(corner, place)]}" if place else name
    return twin


def _in_full(shape: Place, slices: Slices, part: Any) -> Array:
    """An array of this shape, zero but for the slice."""
    full = np.zeros(shape)
    if part is not None:
        full[slices] = part
    return full


def _names(node: Any) -> list[str]:
    """The letters of the op's own arguments; numbered where there are as many as one likes."""
    names = node.op.arrays
    return [f"{names[0][1:]}{i}" for i in range(len(node.args))] if node.op.variadic else list(names)
