"""What holds where nothing is said: the floating type of Python numbers, and the generator of random draws."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from ops.shapes import integers
from ops.words import shown

Rng: TypeAlias = "np.random.Generator | int | None"  # a generator, a seed, or None for the one that `nn.seed` sets

_floating = np.dtype(float)


def get_default_dtype() -> np.dtype[Any]:
    """The floating type of Tensors made from Python numbers, and of layers that are told no dtype: float64 at first."""
    return _floating


def set_default_dtype(dtype: Any) -> None:
    """Let Tensors from Python numbers, the creation functions and layers without dtype= have this floating type.

    Arrays keep the type they have, and the scalar engine's numbers are always Python's, float64.

    >>> set_default_dtype(np.float32)
    >>> from tensor import Tensor
    >>> Tensor([1.0, 2.0]).dtype
    dtype('float32')
    >>> set_default_dtype(np.float64)
    """
    global _floating
    _floating = _demand_floating("set_default_dtype", dtype)


def number_type(asker: str, dtype: Any) -> np.dtype[Any]:
    """The type as NumPy has it; TypeError for what is no type of real numbers."""
    try:
        kind = None if isinstance(dtype, str) and dtype.startswith("a") else np.dtype(dtype)  # "a" is NumPy's old "S"
    except Exception:  # NumPy's own, or what a thing with a dtype raises
        kind = None
    if kind is None or kind.kind not in "fiub":
        seen = shown(dtype) if kind is None else kind
        raise TypeError(
            f"{asker}: holds real numbers, so dtype {seen} is none of its types; give np.float32, float or int"
        )
    return kind


def floating_type(asker: str, dtype: Any) -> np.dtype[Any]:
    """The floating type as NumPy has it; None is the default, TypeError for any other."""
    return _floating if dtype is None else _demand_floating(asker, dtype)


def _demand_floating(asker: str, dtype: Any) -> np.dtype[Any]:
    if dtype is None or (kind := number_type(asker, dtype)).kind != "f":
        raise TypeError(f"{asker}: dtype is {shown(dtype)}, but it must be a floating type, such as np.float32")
    return kind


def seed(number: int) -> None:
    """Start the draws of all that is given no rng= anew: the same seed makes the same run.

    Layers, Dropout, loaders, toy sets and creation functions draw from one generator unless they are given their
    own; until it is seeded, its numbers are fresh in each process.

    >>> from tensor import normal
    >>> seed(0)
    >>> normal(3).tolist() == normal(3, rng=0).tolist()
    True
    """
    if not isinstance(number, (int, np.integer)) or isinstance(number, bool) or number < 0:
        raise (ValueError if isinstance(number, int) else TypeError)(
            f"seed: got {shown(number)}, but a seed is a whole number, 0 or more"
        )
    # In place, so that whoever holds the generator already, as a Dropout does, starts anew too.
    _shared().bit_generator.state = np.random.default_rng(number).bit_generator.state


def generator(rng: Rng = None, asker: Any = "") -> np.random.Generator:
    """A generator from a seed, or the generator itself; None is the one that all share who are given none.

    asker: who wants it, by name or as the object itself, for the sentence that refuses.
    """
    if rng is None:
        return _shared()
    try:
        return np.random.default_rng(integers(rng, "rng") if isinstance(rng, Iterable) else _not_a_bool(rng))
    except (TypeError, ValueError) as error:
        who = asker if isinstance(asker, str) else type(asker).__name__
        told = f"{who}: rng" if who else "rng"
        meant = "a seed (0, 1, 2, ...), a numpy.random.Generator or None"
        raise (ValueError if isinstance(error, ValueError) else TypeError)(
            f"{told} is {shown(rng)}, but it must be {meant}"
        ) from None


def _not_a_bool(rng: Any) -> Any:
    if isinstance(rng, (bool, str, bytes)):
        raise TypeError("neither True nor False is a seed, nor is a word")
    return rng


@cache
def _shared() -> np.random.Generator:
    return np.random.default_rng()
