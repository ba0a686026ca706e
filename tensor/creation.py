"""Tensors from nothing: constants, ranges and random draws, each with `dtype` and `requires_grad` by keyword.

The type is `get_default_dtype()` unless `dtype` says another.  Draws come from `rng`, a generator or a seed; without
it, from the generator that `nn.seed` sets.
"""

from __future__ import annotations

from math import prod
from numbers import Real
from typing import Any, NoReturn

import numpy as np

from ops.errors import ShapeError
from ops.shapes import Shape, integer, integers
from ops.words import shown
from tensor.defaults import Rng, generator, get_default_dtype
from tensor.tensor import Tensor


def zeros(shape: int | Shape, *more: int, **options: Any) -> Tensor:
    """Zeros.

    >>> zeros((2, 3)).shape
    (2, 3)
    """
    if more:
        _ask_for_one_shape("zeros", shape, *more)
    return _tensor(np.zeros(sizes("zeros", shape)), **options)


def ones(shape: int | Shape, *more: int, **options: Any) -> Tensor:
    """Ones."""
    if more:
        _ask_for_one_shape("ones", shape, *more)
    return _tensor(np.ones(sizes("ones", shape)), **options)


def full(shape: int | Shape, value: float, *more: float, **options: Any) -> Tensor:
    """The same number everywhere."""
    if more:
        _ask_for_one_shape("full", shape, value, *more[:-1], after=f", {shown(more[-1])}")
    return _tensor(np.full(sizes("full", shape), number("full", "value", value)), **options)


def eye(n: int, m: int | None = None, **options: Any) -> Tensor:
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere."""
    rows, columns = sizes("eye", (n, n if m is None else m))
    return _tensor(np.eye(rows, columns), **options)


def arange(start: float, stop: float | None = None, step: float = 1, **options: Any) -> Tensor:
    """Numbers from start up to, not including, stop; one argument counts from 0."""
    low, high = (0, start) if stop is None else (start, stop)
    low, high, by = number("arange", "start", low), number("arange", "stop", high), number("arange", "step", step)
    if not by or not np.isfinite([low, high, by]).all():
        raise ValueError(
            f"arange: from {low} to {high} in steps of {by} is no list of numbers; give a step other than 0"
        )
    return _tensor(np.arange(low, high, by), **options)


def linspace(start: float, stop: float, num: int = 50, **options: Any) -> Tensor:
    """`num` numbers evenly spaced from start to stop, both included."""
    low, high = number("linspace", "start", start), number("linspace", "stop", stop)
    if (n := integer(num, "linspace: num")) < 0:
        raise ValueError(f"linspace: num is {num}, but it must be a whole number, 0 or more")
    sizes("linspace", n)
    return _tensor(np.linspace(low, high, n), **options)


def uniform(shape: int | Shape, low: float = 0.0, high: float = 1.0, *, rng: Rng = None, **options: Any) -> Tensor:
    """Draws from the uniform distribution on [low, high).

    >>> uniform(3, rng=0).shape
    (3,)
    """
    a, b = number("uniform", "low", low), number("uniform", "high", high)
    if not a <= b < np.inf or a == -np.inf:
        raise ValueError(f"uniform: low is {low} and high is {high}, but the numbers run from low up to high")
    return _tensor(generator(rng, "uniform").uniform(a, b, sizes("uniform", shape)), **options)


def normal(shape: int | Shape, mean: float = 0.0, std: float = 1.0, *, rng: Rng = None, **options: Any) -> Tensor:
    """Draws from the normal distribution with this mean and standard deviation."""
    centre, spread = number("normal", "mean", mean), number("normal", "std", std)
    if not spread >= 0:
        raise ValueError(f"normal: std is {std}, but a standard deviation is 0 or more")
    return _tensor(generator(rng, "normal").normal(centre, spread, sizes("normal", shape)), **options)


def sizes(asker: str, shape: Any) -> Shape:
    """A shape as a tuple, one number standing for one axis; ShapeError where a size is below 0.

    >>> sizes("zeros", 3)
    (3,)
    """
    many = integers(shape.tolist() if isinstance(shape, np.ndarray) else shape, f"{asker}: shape")
    if any(n < 0 for n in many):
        raise ShapeError(f"{asker}: shape is {shown(shape)}, but a size is a whole number, 0 or more")
    if prod(many) >= _TOO_MANY or max(many, default=0) >= _TOO_MANY:
        raise ShapeError(f"{asker}: shape is {shown(shape)}, but that is more numbers than there is memory for")
    return many


_TOO_MANY = 2**59  # of which NumPy cannot count the bytes


def number(asker: str, name: str, value: Any) -> float:
    """A real number as a float; TypeError for anything else."""
    try:
        if isinstance(value, Real):
            return float(value)
    except OverflowError:
        pass
    raise TypeError(f"{asker}: {name} is {shown(value)}, but it must be a number, such as 1.5")


def _tensor(array: Any, dtype: Any = None, **options: Any) -> Tensor:
    return Tensor(array, dtype=get_default_dtype() if dtype is None else dtype, **options)


def _ask_for_one_shape(asker: str, *given: Any, after: str = "") -> NoReturn:
    sizes = ", ".join(map(shown, given))
    raise TypeError(f"{asker} takes its shape as one argument: write {asker}(({sizes}){after})")
