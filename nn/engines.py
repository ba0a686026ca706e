"""The two engines by name, and how a module's arrays get onto one of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalar.array import ValueArray
from tensor import Tensor

Rng = np.random.Generator | int | None  # a generator, a seed, or None for fresh numbers
ENGINES: dict[str, Any] = {"scalar": ValueArray, "tensor": Tensor}


def array(data: Any, engine: str = "tensor", requires_grad: bool = False) -> Any:
    """The data as a leaf of the engine: a ValueArray for "scalar", a Tensor for "tensor".

    >>> array([1.0, 2.0], engine="scalar")
    ValueArray([1., 2.])
    """
    if engine not in ENGINES:
        raise ValueError(f'engine is {engine!r}; it may be "scalar" or "tensor"')
    return ENGINES[engine](data, requires_grad=requires_grad)


def parameter(data: Any, engine: str) -> Any:
    """The data as a leaf of the engine that asks for a gradient, so that training may change it."""
    return array(data, engine, requires_grad=True)


def weight(data: Any, engine: str) -> Any:
    """A parameter of shape (out, in), of which products take the transpose: so that lies in memory row by row."""
    return parameter(np.asfortranarray(data), engine)


def generator(rng: Rng) -> np.random.Generator:
    """A generator from a seed, or the generator itself; None draws a fresh seed."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        said = "a seed (0, 1, 2, ...), a numpy.random.Generator or None"
        raise type(error)(f"rng is {rng!r}, but it must be {said}") from None
