"""How far two arrays are apart, and how large that is beside what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ops.graph import reverse
from tensor import arrays

Array = np.ndarray[Any, Any]
RTOL, ATOL = 1e-9, 1e-300
SHAKE = 1e-9  # by how much of itself a number is changed to see what hangs on it


@dataclass(frozen=True)
class Difference:
    """The largest difference of two arrays, and the size of what they hold, by which it is judged."""

    absolute: float
    size: float

    @classmethod
    def of(cls, one: Any, two: Any, size: float = 0.0) -> Difference:
        """Between two arrays of one shape; NaN and infinities are equal to themselves, None to zeros.

        size: that of what they were made of, where it is larger than theirs.
        """
        if one is None or two is None:
            numbers = [x for x in (one, two) if x is not None and np.any(x)]
            return cls(np.inf if numbers else 0.0, size)
        a, b = np.asarray(one, float), np.asarray(two, float)
        if a.shape != b.shape:
            return cls(np.inf, size)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore", over="ignore"):
            gaps = np.where(same, 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf, posinf=np.inf))
        return cls(float(gaps.max(initial=0.0)), max(size, magnitude(a), magnitude(b)))

    @property
    def relative(self) -> float:
        """The part of the size that it is."""
        if self.absolute in (0.0, np.inf):
            return self.absolute
        return self.absolute / self.size if self.size else np.inf

    def exceeds(self, rtol: float, atol: float) -> bool:
        """Whether it is more than atol + rtol * size, so that rounding does not explain it."""
        return self.absolute == np.inf or self.absolute > atol + rtol * self.size

    def __str__(self) -> str:
        return (
            f"{self.absolute:.2g}, {self.relative:.2g} of the size"
            if 0 < self.absolute < np.inf
            else f"{self.absolute:g}"
        )


def magnitude(x: Array) -> float:
    """The largest absolute value of what is finite; 0 where nothing is."""
    return float(np.abs(x).max(initial=0.0, where=np.isfinite(x)))


@dataclass(frozen=True)
class Sizes:
    """For each node of a graph of Tensors, what its value and its gradient are large beside.

    A sum of large numbers may be small, and yet it is rounded as they are.  So the size of a node is found by
    running the graph once more, forward and backward, with every number changed by a billionth: what that changes in
    the node, times a billion, or the largest number that it holds, whichever is more.
    """

    value: Sequence[float]
    gradient: Sequence[float]

    @classmethod
    def of(cls, order: Sequence[Any]) -> Sizes:
        """The sizes in a graph that has gone backward from its last node."""
        with np.errstate(all="ignore"):
            values = _shaken_values(order)
            grads = _shaken_gradients(order, values)
            return cls(
                [_size(node.numpy(), values[node]) for node in order],
                [_size(node.grad, grads.get(node)) for node in order],
            )


def _shaken_values(order: Sequence[Any]) -> dict[Any, Array]:
    values: dict[Any, Array] = {}
    for turn, node in enumerate(order):
        x = node.numpy()
        if node.op is not None:
            x = np.asarray(arrays.run(node.op, [values[arg] for arg in node.args], node.params))
        values[node] = _shaken(x, turn)
    return values


def _shaken_gradients(order: Sequence[Any], values: Mapping[Any, Array]) -> dict[Any, Array]:
    def read(node: Any, g: Array) -> Any:
        args = [values[arg] for arg in node.args]
        return _shaken(g, len(args)), values[node], args, [arg.requires_grad for arg in node.args]

    return reverse(order, {order[-1]: np.ones_like(values[order[-1]])}, arrays, read)


def _shaken(x: Array, turn: int) -> Array:
    """Each number a little nearer to zero, by its digits and the turn: so equal ones stay equal, and 0 stays 0."""
    if x.dtype.kind != "f":
        return x
    return x * (1 - SHAKE * (0.75 + 0.25 * np.sin(1e4 * (turn + 1) * np.frexp(x)[0])))


def _size(x: Any, shaken: Any) -> float:
    if x is None:
        return 0.0
    x = np.asarray(x, float)
    changed = magnitude(shaken - x) / SHAKE if shaken is not None and shaken.shape == x.shape else 0.0
    return max(magnitude(x), changed)
