"""NumPy as a namespace for rules: its own functions, the few it lacks, and the registry's ops for the rest."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as sliding_window_view

from ops.shapes import FEW, Axis, Shape, count, inverse, normal_axes, places
from ops.spec import REGISTRY, Op
from ops.words import nearest
from tensor.defaults import get_default_dtype, number_type
from tensor.reading import asarray as asarray
from tensor.scattered import Scattered

Array = Any


def __getattr__(name: str) -> Any:
    """NumPy's function of that name, or else the registry's op run on arrays."""
    found = getattr(np, name, None)
    if found is None:
        if name not in REGISTRY:
            raise AttributeError(f"xp has no function {name!r} on arrays; {nearest(name, [*REGISTRY, *dir(np)])}")
        return partial(REGISTRY[name].forward, sys.modules[__name__])
    globals()[name] = found
    return found


def holds_whole_numbers(op: Op[...], operands: Sequence[Array]) -> bool:
    """Whether an op that computes is given whole numbers or booleans, which would wrap round, or have no minus."""
    if op.moves and not (op.variadic and any([x.dtype.kind == "f" for x in operands])):
        return False
    return any([x.dtype.kind != "f" and interval is not None for x, interval in _by_interval(op, operands)])


def floated(op: Op[...], operands: Sequence[Array]) -> list[Array]:
    """The operands with whole numbers and booleans as floats, of the type of those that are floats; masks stay."""
    dtype = next((x.dtype for x in operands if x.dtype.kind == "f"), get_default_dtype())
    return [
        cast(x, dtype) if x.dtype.kind != "f" and interval is not None else x
        for x, interval in _by_interval(op, operands)
    ]


def _by_interval(op: Op[...], operands: Sequence[Array]) -> Iterable[tuple[Array, Any]]:
    return zip(operands, op.domain * len(operands) if op.variadic else op.domain)


@np.errstate(all="ignore")
def silently(function: Any, *args: Any) -> Any:
    """function(*args), without NumPy's warnings: infinities and NaN are answers, on this engine as on the other."""
    return function(*args)


def run(op: Op[...], args: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """An op on plain arrays, unrecorded."""
    numbers = [asarray(x, op.name) for x in args]
    if holds_whole_numbers(op, numbers):
        numbers = floated(op, numbers)
    numbers = [x if isinstance(x, (int, float)) else array for x, array in zip(args, numbers)]
    return silently(op.run, sys.modules[__name__], numbers, params)


def astype(x: Array, dtype: Any) -> Array:
    return cast(x, dtype if type(dtype) is np.dtype else number_type("astype", dtype))


@np.errstate(all="ignore")
def cast(x: Any, dtype: np.dtype[Any]) -> Array:
    """Numbers in another type, infinite where they are too large for it."""
    return np.asarray(x).astype(dtype)


# glibc gives a large freed array back to the system, and the next one then comes page by page, unless one as large has
# been freed before, up to 32 MiB.  A step on a million numbers takes a third of the time with this, on others nothing.
np.empty(31 << 20, np.uint8)

SMALL = 4096  # elements: below, what counts is the number of calls, above it the memory that is gone through


def broadcast_to(x: Array, shape: Shape) -> Array:
    """NumPy's view where it saves memory; a copy of a small array costs a tenth of what that takes to set up."""
    if count(shape, range(len(shape))) > SMALL:
        return np.broadcast_to(x, shape)
    full = np.empty(shape, getattr(x, "dtype", float))
    full[...] = x
    return full


def laid_out_as(x: Array, g: Array) -> Array:
    """g with its axes in memory in the order of those of x: two arrays that are walked through alike are quick."""
    if not g.flags.c_contiguous or x.flags.c_contiguous:
        return g
    again = np.empty_like(x, g.dtype)
    again[...] = g
    return again


def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """NumPy's; down the columns of a tall table, as for a bias's gradient, a product with ones is quicker."""
    if type(axis) is tuple and len(axis) == x.ndim - 1 and x.size > SMALL and not keepdims and x.dtype.kind == "f":
        (left,) = {*range(x.ndim)} - {*normal_axes(axis, x.ndim, "sum")}
        rows = np.moveaxis(x, left, -1)
        if rows.flags.c_contiguous:
            rows = rows.reshape(-1, x.shape[left])
            return np.ones(len(rows), x.dtype) @ rows
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


def max(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return _largest(np.maximum, x, axis, keepdims)


def min(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return _largest(np.minimum, x, axis, keepdims)


def _largest(larger: Any, x: Array, axis: Axis, keepdims: bool) -> Array:
    """NumPy's reduction; over few places among many, as in pooling, one place after the other is quicker."""
    if not keepdims and np.size(x) > SMALL:
        axes = normal_axes(axis, x.ndim, "axis")
        if count(x.shape, axes) <= FEW:
            return reduce(larger, [x[place] for place in places(x.shape, axes)])
    return larger.reduce(x, axis=axis, keepdims=keepdims)


def matmul(a: Array, b: Array) -> Array:
    """Many matrices times one are a tall matrix times one, which is quicker than one by one."""
    if 0 in a.strides or 0 in b.strides:  # stretched, which BLAS does not take
        a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    if b.ndim == 2 < a.ndim and a.size:
        return np.matmul(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
    return np.matmul(a, b)


def matrix_transpose(x: Array) -> Array:
    return x.swapaxes(-1, -2)


def reshape(x: Array, shape: Shape) -> Array:
    return x.reshape(shape)


def where(condition: Array, a: Array, b: Array) -> Array:
    """NumPy's; a or 0, as a partial that is a condition asks for it, by a product of bits, which is quicker."""
    if type(b) is int and b == 0 and type(a) is type(condition) is np.ndarray and condition.dtype.kind == "b":
        bits = _BITS.get(a.dtype)
        return np.where(condition, a, b) if bits is None else (condition * a.view(bits)).view(a.dtype)
    return np.where(condition, a, b)


_BITS = {np.dtype(f"f{n}"): np.dtype(f"i{n}") for n in (2, 4, 8)}  # whole numbers of the same size


def erf(x: Array) -> Array:
    from scipy.special import erf

    return _in_its_type(erf, x)


def erfc(x: Array) -> Array:
    from scipy.special import erfc

    return _in_its_type(erfc, x)


def _in_its_type(function: Any, x: Array) -> Array:
    """A function of SciPy's, which knows single and double precision alone, in the type of x."""
    x = np.asarray(x)
    return function(x) if x.dtype in (np.float32, np.float64) else function(x.astype(float)).astype(x.dtype)


def pad(x: Array, pad_width: Any, mode: Any = "constant", constant_values: float = 0) -> Array:
    if mode != "constant":
        return np.pad(x, pad_width, mode=mode)
    full = zeros([n + before + after for n, (before, after) in zip(x.shape, pad_width)], x.dtype, like=x)
    if constant_values:
        full[...] = constant_values
    full[tuple([slice(before, before + n) for n, (before, _) in zip(x.shape, pad_width)])] = x
    return full


def zeros(shape: Any, dtype: Any = float, like: Array | None = None) -> Array:
    """Zeros whose axes lie in memory in the order of those of `like`, so that both are walked through alike."""
    if like is None or like.flags.c_contiguous:
        return np.zeros(shape, dtype)
    order = sorted(range(len(shape)), key=lambda axis: -like.strides[axis])
    return np.zeros([shape[axis] for axis in order], dtype).transpose(inverse(order))


def scatter_add(x: Array, index: Any, shape: Shape) -> Any:
    """What the op of that name makes, laid out when needed: the reverse pass adds it to what is there already."""
    return Scattered(x, index, shape)


add_at = np.add.at
