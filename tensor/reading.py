"""What counts as an array of real numbers: numbers, lists of them, and what other libraries give as an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.dispatch import is_number, refuse_foreign
from ops.errors import ShapeError
from ops.spec import REGISTRY
from ops.words import shown

Array = Any
_REAL = "fiub"  # NumPy's kinds: floating, integer, unsigned, boolean


def asarray(data: Any, asker: str = "an array") -> Array:
    """A number, a list or an array as an array of real numbers; TypeError for anything else."""
    if type(data) is np.ndarray and data.dtype.kind in _REAL:
        return data
    if not isinstance(data, (int, float, list, tuple)):
        refuse_foreign(asker, data)
    try:
        array = np.asarray(data)
    except ValueError:
        raise ShapeError(f"{asker}: rows of different lengths do not make an array") from None
    if array.dtype.kind in _REAL:
        return array
    return _of_numbers(array, data, asker) if array.dtype == object and array.size else _refuse(asker, data)


def _of_numbers(array: Array, data: Any, asker: str) -> Array:
    """Python's numbers that NumPy has no type for, as floats: Fractions, Decimals and huge integers."""
    for x in array.flat:
        if not is_number(x):
            _refuse(asker, data if array.ndim == 0 or isinstance(data, np.ndarray) else x)
    try:
        return array.astype(float)
    except OverflowError:
        raise TypeError(f"{asker}: a number is too large for a float, whose largest is about 1.8e308") from None
    except (TypeError, ValueError):
        _refuse(asker, data)


def _refuse(asker: str, data: Any) -> Any:
    seen = f"an array of {data.dtype}" if isinstance(data, np.ndarray) else shown(data)
    holds = "takes" if asker in REGISTRY else "holds"
    way = "; make a list of it first" if hasattr(data, "__next__") else ""
    raise TypeError(f"{asker} {holds} real numbers, as in [1.0, 2.0], not {seen}{way}")
