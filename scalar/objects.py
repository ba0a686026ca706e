"""Object arrays of Values as a namespace: NumPy's own loops call the Values' operators.

So a forward rule run here is its own scalar expansion: `xp.matmul` leaves one node for each product and each
sum.  Pointwise ops are mapped over the elements; ops that move numbers only move the Values about.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as sliding_window_view

from ops import graph
from ops.shapes import Axis, Shape, normal_axes
from ops.spec import REGISTRY, Op
from ops.words import nearest
from scalar.value import Value, binary

Objects = Any


def __getattr__(name: str) -> Any:
    """The op of that name, element by element or composed, or else NumPy's function."""
    op = REGISTRY.get(name)
    if op is not None and op.elementwise:
        return lambda *args, **params: mapped(op, args, {**op.defaults, **params})
    found = getattr(np, name, None)
    if found is None and op is None:
        near = nearest(name, [*REGISTRY, *dir(np)])
        raise AttributeError(f"xp has no function {name!r} on arrays of Values; {near}")
    return found if op is None or found is not None else partial(op.forward, sys.modules[__name__])


def mapped(op: Op[...], args: tuple[Any, ...], params: Mapping[str, Any]) -> Objects:
    """A pointwise op on each element: one node for each element of the result."""
    boxes = [boxed(x) for x in args]
    try:
        return boxed(_loop(op, len(args), params)(*boxes))
    except ValueError as error:
        raise op.explained(error, boxes, params) from None


def _loop(op: Op[...], count: int, params: Mapping[str, Any]) -> Callable[..., Any]:
    if count == 2 and not params:
        return np.frompyfunc(binary(op), 2, 1)
    return np.frompyfunc(lambda *values: Value.apply_op(op, values, params), count, 1)


def boxed(data: Any) -> Objects:
    """Values and numbers as an object array of Values."""
    if isinstance(data, np.ndarray) and data.dtype == object:
        return data
    if isinstance(data, Value):
        box = np.empty((), object)
        box[()] = data
        return box
    if np.ndim(data) == 0:
        return boxed(constant(data))
    return to_values(np.asarray(data)) if np.size(data) else np.empty(np.shape(data), object)


def constant(x: Any) -> Value:
    """A number as a Value that no derivative is taken by; a Value as it is."""
    if isinstance(x, Value):
        return x
    value = Value(float(x))
    value._made = graph.CONSTANT
    return value


to_values = np.frompyfunc(constant, 1, 1)  # element by element
_larger, _smaller = np.frompyfunc(Value.maximum, 2, 1), np.frompyfunc(Value.minimum, 2, 1)


def _folded(loop: Any, x: Objects, axis: Axis, keepdims: bool, asker: str) -> Objects:
    x = boxed(x)
    axes = normal_axes(axis, x.ndim, asker)
    if any(x.shape[i] == 0 for i in axes):
        raise ValueError(f"zero elements have no {asker}")
    for i in reversed(axes):
        x = loop.reduce(x, axis=i, keepdims=keepdims)
    return x


def sum(x: Objects, axis: Axis = None, keepdims: bool = False) -> Objects:
    return _of_values(np.add.reduce(boxed(x), axis=axis, keepdims=keepdims), x)


def prod(x: Objects, axis: Axis = None, keepdims: bool = False) -> Objects:
    return _of_values(np.multiply.reduce(boxed(x), axis=axis, keepdims=keepdims), x)


def matmul(a: Objects, b: Objects) -> Objects:
    return _of_values(np.matmul(a, b), a)


def _of_values(y: Any, x: Objects) -> Objects:
    """The result y; of no elements NumPy makes bare zeros and ones, which become Values here."""
    return boxed(y if np.size(x) else to_values(y))


def max(x: Objects, axis: Axis = None, keepdims: bool = False) -> Objects:
    return _folded(_larger, x, axis, keepdims, "max")


def min(x: Objects, axis: Axis = None, keepdims: bool = False) -> Objects:
    return _folded(_smaller, x, axis, keepdims, "min")


def astype(x: Objects, dtype: Any) -> Objects:
    return x


def broadcast_to(x: Any, shape: Shape) -> Objects:
    return np.broadcast_to(boxed(x), shape)


def pad(x: Objects, pad_width: Any, mode: Any, **options: Any) -> Objects:
    return boxed(to_values(np.pad(x, pad_width, mode=mode, **options))) if np.ndim(x) else x


def zeros(shape: Shape, dtype: Any = object, like: Any = None) -> Objects:
    """Zeros, each a Value of its own."""
    return boxed(np.zeros(shape))


add_at = np.add.at
