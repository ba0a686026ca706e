"""The two engines by name, how a module's arrays get onto one of them, and how a module's inputs become numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import ops
from nn.settings import named
from ops import dispatch, foreign
from scalar.array import ValueArray
from tensor import Tensor, arrays, defaults
from tensor.defaults import Rng as Rng, generator as generator

ENGINES: dict[str, Any] = {"scalar": ValueArray, "tensor": Tensor}
DType = Any  # a floating type: np.float32, "float32", float, ...; None for tensor.get_default_dtype()


def array(data: Any, engine: str = "tensor", requires_grad: bool = False, dtype: Any = None) -> Any:
    """The data as a leaf of the engine: a ValueArray for "scalar", a Tensor for "tensor".

    dtype: the type of a Tensor's numbers; a ValueArray's are Python floats, float64.

    >>> array([1.0, 2.0], engine="scalar")
    ValueArray([1., 2.])
    """
    if engine not in ENGINES:
        raise ValueError(f'engine is {engine!r}; it may be "scalar" or "tensor"')
    if engine == "tensor":
        return Tensor(data, requires_grad=requires_grad, dtype=dtype)
    if dtype is not None and defaults.number_type("array", dtype) != np.float64:
        raise TypeError(
            f"dtype is {np.dtype(dtype)}, but the scalar engine computes with Python's floats, which are float64; "
            f'leave dtype out, or take engine="tensor"'
        )
    return ValueArray(data, requires_grad=requires_grad)


def parameter(data: Any, engine: str, dtype: DType = None) -> Any:
    """The data as a leaf of the engine that asks for a gradient, so that training may change it."""
    if engine == "tensor" or dtype is not None:
        dtype = defaults.floating_type("parameter", dtype)
    return array(data, engine, requires_grad=True, dtype=dtype)


def weight(data: Any, engine: str, dtype: DType = None) -> Any:
    """A parameter of shape (out, in), of which products take the transpose: so that lies in memory row by row."""
    return parameter(np.asfortranarray(data), engine, dtype)


def numbers(asker: object, x: Any, role: str = "its input") -> Any:
    """x as a node or a plain array of real numbers; TypeError, with the asker and x's role, for anything else."""
    if dispatch.is_node(x):
        return x
    dispatch.refuse_within(named(asker), x)
    foreign.refuse_torch(named(asker), Tensor, x)
    return arrays.asarray(x, f"{named(asker)}: {role}")


def floats(asker: object, x: Any, dtype: Any = None, role: str = "its input") -> Any:
    """x as a node or a plain array of floating numbers.

    They have the type `dtype`; without it their own, and whole numbers and booleans the default one.
    """
    x = numbers(asker, x, role)
    own = x.dtype
    if dtype is None:
        dtype = own if own is float or own.kind == "f" else defaults.get_default_dtype()  # a Value's type is float
    return x if own == dtype else ops.astype(x, dtype)


def peeked(x: Any) -> np.ndarray[Any, Any]:
    """The numbers of a node or of a plain array, to be looked at alone."""
    if not dispatch.is_node(x):
        return np.asarray(x)
    return x.peek() if x.shape else np.asarray(x.item())
