"""The two engines by name, how a module's arrays get onto one of them, and how a module's inputs become numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import ops
from nn.settings import named
from ops import dispatch, foreign
from ops.shapes import Shape
from ops.words import shown
from scalar.array import ValueArray
from tensor import Tensor, arrays, defaults
from tensor.defaults import Rng as Rng

ENGINES: dict[str, Any] = {"scalar": ValueArray, "tensor": Tensor}
Fill = Callable[[Shape], Any]  # makes an array of a shape
DType = Any  # a floating type: np.float32, "float32", float, ...; None for tensor.get_default_dtype()


def array(data: Any, engine: str = "tensor", requires_grad: bool = False, dtype: Any = None) -> Any:
    """The data as a leaf of the engine: a ValueArray for "scalar", a Tensor for "tensor".

    dtype: the type of a Tensor's numbers; a ValueArray's are Python floats, float64.

    >>> array([1.0, 2.0], engine="scalar")
    ValueArray([1., 2.])
    """
    return leaf("array", data, engine, requires_grad, dtype)


def leaf(asker: object, data: Any, engine: str, requires_grad: bool = False, dtype: Any = None) -> Any:
    """`array`, whose errors speak for the asker."""
    demand_engine(asker, engine)
    if engine == "tensor":
        dtype = None if dtype is None else defaults.number_type(named(asker), dtype)
        return Tensor(data, requires_grad=requires_grad, dtype=dtype)
    if dtype is not None and (kind := defaults.number_type(named(asker), dtype)) != np.float64:
        raise TypeError(
            f"{named(asker)}: dtype is {kind}, but the scalar engine computes with Python's floats, which are float64; "
            f'leave dtype out, or take engine="tensor"'
        )
    return ValueArray(data, requires_grad=requires_grad)


def demand_engine(asker: object, engine: Any) -> None:
    """ValueError for an engine that is not there."""
    if not isinstance(engine, str) or engine not in ENGINES:
        raise ValueError(f'{named(asker)}: engine is {shown(engine)}; it may be "scalar" or "tensor"')


def parameter(asker: object, fill: Fill, shape: Shape, engine: str, dtype: DType = None) -> Any:
    """What `fill` makes of the shape, as a leaf of the engine that asks for a gradient, for training to change."""
    demand_engine(asker, engine)
    if engine == "tensor" or dtype is not None:
        dtype = defaults.floating_type(named(asker), dtype)
    return leaf(asker, filled(asker, fill, shape), engine, requires_grad=True, dtype=dtype)


def weight(asker: object, fill: Fill, shape: Shape, engine: str, dtype: DType = None) -> Any:
    """A parameter of shape (out, in), of which products take the transpose: so that lies in memory row by row."""
    return parameter(asker, lambda size: np.asfortranarray(fill(size)), shape, engine, dtype)


def filled(asker: object, fill: Fill, shape: Shape) -> Any:
    """What `fill` makes of the shape; ValueError for a shape that no memory holds."""
    try:
        return fill(shape)
    except (MemoryError, ValueError, OverflowError):
        raise ValueError(
            f"{named(asker)}: an array of shape {shape} holds more numbers than there is memory for; give smaller sizes"
        ) from None


def uniform(rng: np.random.Generator, k: float) -> Fill:
    """Draws from U(-k, k)."""
    return lambda shape: rng.uniform(-k, k, shape)


def generator(asker: object, rng: Rng) -> np.random.Generator:
    """A generator from a seed, or the generator itself; None is the one that `nn.seed` sets."""
    seeds = rng if isinstance(rng, (list, tuple)) else (rng,)
    try:
        if all(isinstance(each, _SEEDS) for each in seeds):  # NumPy, asked for others, may go down without end
            return defaults.generator(rng)
    except (TypeError, ValueError):
        pass
    kind = ValueError if isinstance(rng, int) else TypeError
    raise kind(
        f"{named(asker)}: rng is {shown(rng)}, but it must be a seed (0, 1, 2, ...), a numpy.random.Generator or None"
    )


_SEEDS = (int, np.integer, type(None), np.random.Generator, np.random.BitGenerator, np.random.SeedSequence)


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
    if type(x) is Tensor and ((own := x.dtype) is dtype or (dtype is None and own.kind == "f")):
        return x  # as inside a network nearly always
    x = numbers(asker, x, role)
    own = dtype_of(x)
    if dtype is None:
        dtype = own if own.kind == "f" else defaults.get_default_dtype()
    return x if own == dtype else ops.astype(x, dtype)


def dtype_of(x: Any) -> np.dtype[Any]:
    """The type of the numbers of a node or a plain array, as NumPy has it; a Value's is float64."""
    return x.dtype if isinstance(x.dtype, np.dtype) else np.dtype(float)


def peeked(x: Any) -> np.ndarray[Any, Any]:
    """The numbers of a node or of a plain array, to be looked at alone."""
    if not dispatch.is_node(x):
        return np.asarray(x)
    return x.peek() if x.shape else np.asarray(x.item())
