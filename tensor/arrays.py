"""NumPy as a namespace for rules: its own functions, the few it lacks, and the registry's ops for the rest."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as sliding_window_view

from ops.errors import ShapeError
from ops.shapes import Axis, Shape
from ops.spec import REGISTRY, Op
from ops.words import nearest

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


def asarray(data: Any, asker: str = "an array") -> Array:
    """A number, a list or an array as an array of real numbers; TypeError for anything else."""
    try:
        array = np.asarray(data)
    except ValueError:
        raise ShapeError(f"{asker}: rows of different lengths do not make an array") from None
    if array.dtype.kind not in "fiub":
        seen = f"an array of {array.dtype}" if isinstance(data, np.ndarray) else repr(data)
        holds = "takes" if asker in REGISTRY else "holds"
        raise TypeError(f"{asker} {holds} real numbers, as in [1.0, 2.0], not {seen}")
    return array


def run(op: Op[...], args: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """An op on plain arrays, unrecorded."""
    numbers = [x if isinstance(x, (int, float)) else asarray(x, op.name) for x in args]
    return op.run(sys.modules[__name__], numbers, params)


def astype(x: Array, dtype: Any) -> Array:
    return x.astype(dtype)


def broadcast_to(x: Array, shape: Shape) -> Array:
    """A real copy: it costs a tenth of what NumPy's view costs to set up, which counts where arrays are small."""
    full = np.empty(shape, getattr(x, "dtype", float))
    full[...] = x
    return full


def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


def matrix_transpose(x: Array) -> Array:
    return x.swapaxes(-1, -2)


def reshape(x: Array, shape: Shape) -> Array:
    return x.reshape(shape)


def erf(x: Array) -> Array:
    from scipy.special import erf

    return erf(x)


add_at = np.add.at
