"""Tensors from nothing: constants, ranges and random draws, each with `dtype` and `requires_grad` by keyword."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ops.shapes import Shape
from tensor.tensor import Tensor


def zeros(shape: int | Shape, *more: int, **options: Any) -> Tensor:
    """Zeros.

    >>> zeros((2, 3)).shape
    (2, 3)
    """
    if more:
        _ask_for_one_shape("zeros", shape, *more)
    return Tensor(np.zeros(shape), **options)


def ones(shape: int | Shape, *more: int, **options: Any) -> Tensor:
    """Ones."""
    if more:
        _ask_for_one_shape("ones", shape, *more)
    return Tensor(np.ones(shape), **options)


def full(shape: int | Shape, value: float, *more: float, **options: Any) -> Tensor:
    """The same number everywhere."""
    if more:
        _ask_for_one_shape("full", shape, value, *more[:-1], after=f", {more[-1]}")
    return Tensor(np.full(shape, float(value)), **options)


def eye(n: int, m: int | None = None, **options: Any) -> Tensor:
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere."""
    return Tensor(np.eye(n, m), **options)


def arange(start: float, stop: float | None = None, step: float = 1, **options: Any) -> Tensor:
    """Numbers from start up to, not including, stop; one argument counts from 0."""
    low, high = (0, start) if stop is None else (start, stop)
    return Tensor(np.arange(low, high, step, dtype=float), **options)


def linspace(start: float, stop: float, num: int = 50, **options: Any) -> Tensor:
    """`num` numbers evenly spaced from start to stop, both included."""
    return Tensor(np.linspace(start, stop, num), **options)


def uniform(
    shape: int | Shape, low: float = 0.0, high: float = 1.0, *, rng: np.random.Generator | None = None, **options: Any
) -> Tensor:
    """Draws from the uniform distribution on [low, high), by a generator that must be given.

    >>> uniform(3, rng=np.random.default_rng(0)).shape
    (3,)
    """
    return Tensor(_generator("uniform", rng).uniform(low, high, shape), **options)


def normal(
    shape: int | Shape, mean: float = 0.0, std: float = 1.0, *, rng: np.random.Generator | None = None, **options: Any
) -> Tensor:
    """Draws from the normal distribution with this mean and standard deviation, by a generator that must be given."""
    return Tensor(_generator("normal", rng).normal(mean, std, shape), **options)


def _ask_for_one_shape(asker: str, *sizes: Any, after: str = "") -> NoReturn:
    raise TypeError(f"{asker} takes its shape as one argument: write {asker}({sizes}{after})")


def _generator(asker: str, rng: Any) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        seen = "none is given" if rng is None else f"got {rng!r}"
        raise TypeError(f"{asker} draws from a generator, but {seen}: write rng=np.random.default_rng(0)")
    return rng
