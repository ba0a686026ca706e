"""Arithmetic on shapes: what broadcasting stretched, what a reduction removed, which axis was meant."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import product, zip_longest
from typing import Any, TypeGuard

from ops.errors import ShapeError
from ops.words import shown

Shape = tuple[int, ...]
Axis = int | Sequence[int] | None


def normal_axes(axis: Axis, ndim: int, asker: str) -> Shape:
    """The axes meant, each in [0, ndim), in ascending order; None means all of them."""
    if axis is None:
        return tuple(range(ndim))
    given: Any = axis
    if type(axis) is not tuple:  # which nearly all are, or integers
        given = (axis,) if type(axis) is int or not is_sequence(axis) else tuple(axis)
    axes = tuple(normal_axis(a, ndim, asker) for a in given)
    if len(set(axes)) < len(axes):
        raise ShapeError(f"{asker}: axis {axis} names an axis twice; name each axis once")
    return tuple(sorted(axes))


def normal_axis(axis: int, ndim: int, asker: str) -> int:
    """One axis in [0, ndim); ShapeError where it is not there."""
    index = integer(axis, f"{asker}: axis")
    if not -ndim <= index < ndim:
        there = f"its axes are 0 to {ndim - 1}" if ndim else "it has none"
        raise ShapeError(f"{asker}: there is no axis {axis} in an array of {ndim} dimensions; {there}")
    return index % ndim


def integer(value: Any, asker: str) -> int:
    """The value as an int; TypeError for what is not a whole number."""
    if type(value) is int:
        return value
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise TypeError(f"{asker} must be an integer, not {shown(value)}")


def integers(value: Any, asker: str) -> Shape:
    """One integer or a sequence of them, as a tuple."""
    many = value if is_sequence(value) else (value,)
    return tuple([integer(v, asker) for v in many])


def is_sequence(value: Any) -> TypeGuard[Iterable[Any]]:
    """Whether the value is one thing after another: no word, whose letters nobody means, no dict and no set."""
    if isinstance(value, (tuple, list)):
        return True
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, bytearray, Mapping, Set)):
        return False
    return getattr(value, "shape", None) != ()


def count(shape: Shape, axes: Iterable[int]) -> int:
    """How many elements the axes of this shape hold together."""
    n = 1
    for axis in axes:
        n *= shape[axis]
    return n


FEW = 16  # places to go through one by one rather than by a loop of NumPy's, which is slow on short rows


def places(shape: Shape, axes: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """An index for each place along the axes: it picks all that the other axes hold there.

    >>> list(places((9, 2), (1,)))
    [(slice(None, None, None), 0), (slice(None, None, None), 1)]
    """
    return product(*([slice(None)] if axis not in axes else range(n) for axis, n in enumerate(shape)))


def kept(shape: Shape, axes: Sequence[int]) -> Shape:
    """The shape with these axes reduced to 1, as keepdims=True leaves it."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def inverse(order: Sequence[int]) -> Shape:
    """The order that undoes a permutation."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def broadcast(*shapes: Shape) -> Shape:
    """The shape that these shapes broadcast to; ShapeError where they do not."""
    if said := why_not(shapes):
        raise ShapeError(said)
    lined_up = zip_longest(*(reversed(s) for s in shapes), fillvalue=1)
    return tuple(reversed([next((n for n in sizes if n != 1), 1) for sizes in lined_up]))


def why_not(shapes: Sequence[Shape]) -> str:
    """Why these shapes do not broadcast, in words; empty where they do."""
    lined_up = zip_longest(*(reversed(s) for s in shapes), fillvalue=1)
    for axis, sizes in enumerate(lined_up, start=1):
        stretched = sorted({n for n in sizes if n != 1})
        if len(stretched) > 1:
            differ = " and ".join(map(str, stretched))
            return (
                f"{' and '.join(map(str, shapes))} do not broadcast: on axis {-axis} the sizes {differ} differ and "
                f"neither is 1; reshape one of them, or give it an axis with expand_dims"
            )
    return ""


def fold(xp: Any, g: Any, x: Any) -> Any:
    """The gradient g in the shape and type of x: summed over the axes that broadcasting stretched.

    >>> import numpy as np
    >>> fold(np, np.ones((2, 3)), np.zeros(3))
    array([2., 2., 2.])
    """
    if g.shape != x.shape:
        g = _unstretched(xp, g, x.shape)
    return g if g.dtype == x.dtype else xp.astype(g, x.dtype)


def _unstretched(xp: Any, g: Any, shape: Shape) -> Any:
    lead = len(g.shape) - len(shape)
    stretched = [i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1]
    axes = (*range(lead), *stretched)
    return xp.reshape(xp.sum(g, axis=axes), shape) if axes else xp.reshape(g, shape)
