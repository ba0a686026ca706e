"""Zoom: the scalar graph that one node of an array-level graph stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

import ops
from ops.errors import ShapeError
from scalar.array import ValueArray
from viz.draw import Drawing
from viz.graph import Graph, of_order

Array = np.ndarray[Any, Any]


class Zoom(Drawing):
    """One array node, opened: a node for each number, and the gradient that each argument is sent from here.

    sent: an array for each argument, of its shape; over all elements they add up to what the node sends.
    """

    def __init__(self, node: Any, element: tuple[int, ...] | None):
        args = [_twin(x, f"{x.label or name}") for x, name in zip(node.args, _names(node))]
        out = ValueArray.apply_op(node.op, args, node.params)
        roots = out.values if element is None else out.values[element]
        self.element = element
        self.values = [*np.asarray(roots, dtype=object).flat]
        if node.grad is not None:
            seed = np.zeros(out.shape)
            seed[... if element is None else element] = np.asarray(node.grad)[... if element is None else element]
            out.backward(seed)
        self.sent = [np.zeros(x.shape) if x.grad is None else x.grad for x in args]
        super().__init__([self._graph(args)], "LR", [f"inside {node.op.name}"])

    def _graph(self, args: list[ValueArray]) -> Graph:
        order = ops.topological(*self.values)
        return of_order(self.values[-1], order, {v for x in args if x.requires_grad for v in x.values.flat})

    def counts(self) -> dict[str, int]:
        """How many nodes of each op there are: 3 mul and 2 add for an element of a product over 3."""
        names = [v.op.name for v in ops.topological(*self.values) if v.op is not None]
        return {name: names.count(name) for name in dict.fromkeys(names)}


def zoom(node: Any, element: int | tuple[int, ...] | None = None) -> Zoom:
    """The scalar graph inside one node of a Tensor's or a ValueArray's graph, of all elements or of one.

    Raises ShapeError for an element that is not there, and TypeError for a leaf, which has nothing inside.

    >>> from tensor import Tensor
    >>> y = Tensor([[1.0, 2.0, 3.0]], requires_grad=True) @ Tensor([[4.0], [5.0], [6.0]])
    >>> zoom(y, (0, 0)).counts()
    {'mul': 3, 'add': 2}
    """
    if getattr(node, "op", None) is None or not hasattr(node, "numpy"):
        raise TypeError("zoom: give a node that an op made of arrays; a leaf or a single Value has nothing inside")
    place = (element,) if isinstance(element, int) else element
    if place is not None and not _is_there(place, node.shape):
        raise ShapeError(f"zoom: there is no element {list(place)} in a node of shape {node.shape}")
    return Zoom(node, place)


def _is_there(place: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(place) == len(shape) and all(-n <= i < n for i, n in zip(place, shape))


def _twin(x: Any, name: str) -> ValueArray:
    """The argument's numbers as fresh Values, each labelled with its place."""
    twin = ValueArray(x.numpy().astype(float), requires_grad=True)
    for place, value in np.ndenumerate(twin.values):
        value.label = f"{name}{list(place)}" if place else name
    return twin


def _names(node: Any) -> list[str]:
    """The letters of the op's own arguments; numbered where there are as many as one likes."""
    names = node.op.arrays
    return [f"{names[0][1:]}{i}" for i in range(len(node.args))] if node.op.variadic else list(names)
