"""Arguments of every wrong kind, as Python source: what a case prints, anyone can paste and run.

`NAMES` holds what the sources speak of.  A kind is drawn first, then one of its sources, so a kind of a hundred
arrays is met no more often than a kind of three.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import prod
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import nn
import ops
import scalar
import tensor
import viz
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor


def double(x: Any) -> Any:
    """The number twice, on whatever engine."""
    return x * 2


def total(x: Any) -> Any:
    """The sum of squares, whose gradient can be taken."""
    return ops.sum(x * x)


def nothing(*_: Any) -> None:
    """What a function gives whose `return` is missing."""


def no_arguments() -> float:
    """A function that cannot be called on anything."""
    return 1.0


def pair(*_: Any) -> tuple[float, float]:
    """Two numbers where one is asked for."""
    return 1.0, 2.0


def word(*_: Any) -> str:
    """A word where a number is asked for."""
    return "word"


def own(xp: Any, x: Any, /) -> Any:
    """An op's forward."""
    return xp.sin(x)


def own_product(xp: Any, a: Any, b: Any, /) -> Any:
    """A bilinear op's forward."""
    return a * b


def own_sum(xp: Any, x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """A reduction's forward."""
    return xp.sum(x, axis=axis, keepdims=keepdims)


class Headless(nn.Module):
    """A module without a forward."""


class Stranger:
    """A class that has nothing to do with any of this."""


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    row: list[Any] = [1.0]
    for _ in range(depth):
        row = [row]
    return row


def endless() -> list[Any]:
    """A list that holds itself."""
    row: list[Any] = []
    row.append(row)
    return row


CALLBACKS = (double, total, nothing, no_arguments, pair, word, own, own_product, own_sum)
NAMES: dict[str, Any] = {each.__name__: each for each in (*CALLBACKS, Headless, Stranger, nested, endless)}
NAMES |= {each.__name__: each for each in (Value, ValueArray, Tensor, Decimal, Fraction, Path)}
NAMES |= {"np": np, "nn": nn, "ops": ops, "scalar": scalar, "tensor": tensor, "viz": viz}

SHAPES = ("", "0", "3", "2, 3", "2, 0", "1, 2, 4, 4")
REAL = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
REAL += ["float16", "float32", "float64", "longdouble", ">f8"]
OTHER = ["complex64", "complex128", "object", "U3", "S3", "datetime64[s]", "timedelta64[s]", "f8,i4"]


def array(dtype: str, shape: str) -> str:
    """The source of an array of this type that counts from 0; without a shape, of one number."""
    size = prod(int(n) for n in shape.split(", ")) if shape else 0
    counted = f"np.arange({size}).reshape({shape})" if shape else "np.array(1)"
    return f"{counted}.astype({dtype!r})"


def nodes(engine: str) -> list[str]:
    """Sources of this engine's nodes: leaves that ask for a gradient and leaves that do not, and what an op made."""
    data = ["2.0", "[]", "[1.0, 2.0, 3.0]", "np.ones((2, 3))", "np.zeros((2, 0))", "np.ones((1, 2, 4, 4))"]
    leaves = [f"{engine}({x}{asks})" for x in [*data, "[np.nan, np.inf]"] for asks in ("", ", requires_grad=True")]
    return [*leaves, f"{engine}([1.0, 2.0, 3.0], requires_grad=True).exp()"]


KINDS = {
    "integers": ["0", "1", "-1", "2", "3", "-7", "100", "2**40", "2**63", "10**30", "(-(10**400))"],
    "floats": ["0.0", "-0.0", "0.5", "-2.5", "1e308", "5e-324", "float('nan')", "float('inf')", "-float('inf')"],
    "other numbers": ["True", "False", "1j", "Fraction(1, 3)", "Decimal('0.5')", "Decimal('nan')"],
    "NumPy's numbers": ["np.float32(0.5)", "np.float16(2)", "np.longdouble(0.5)", "np.int8(-3)", "np.uint64(2**63)"]
    + ["np.bool_(True)", "np.complex64(1)", "np.str_('a')", "np.datetime64('2020-01-01')"],
    "text": ["''", "'a'", "'mean'", "'False'", "'1.0'", "'two\\nlines'", "'{}'", "'%s'", "'é' * 5000", "'\\0'"],
    "bytes": ["b''", "b'ab'", "bytearray(b'ab')", "memoryview(b'ab')"],
    "nothing": ["None", "...", "NotImplemented"],
    "lists": ["[]", "[1.0, 2.0, 3.0]", "[1, 2]", "[[1.0, 2.0], [3.0, 4.0]]", "[0]", "[True, False]", "[[], []]"],
    "lists of other things": ["['a', 'b']", "[None]", "[1.0, 'a']", "[{}]", "[1j]", "[2**70]", "[float('nan')]"],
    "ragged lists": ["[[1.0], [2.0, 3.0]]", "[1.0, [2.0]]", "[[[1.0]], [2.0]]", "[[1.0, 2.0], None]"],
    "deep lists": ["nested(10)", "nested(100)", "nested(3000)", "endless()"],
    "lists of nodes": ["[Tensor(1.0), Tensor(2.0)]", "[Value(1.0), 2.0]", "[[Value(1.0)], [Value(2.0)]]"]
    + ["[ValueArray([1.0])]", "[Tensor(1.0), Value(2.0)]", "[Tensor([1.0, 2.0]), Tensor([1.0])]"],
    "lists of arrays": ["[np.ones(3), np.ones(3)]", "[np.ones(3), np.ones(2)]", "[np.ones((2, 3)), 1.0]"],
    "tuples": ["()", "(2, 3)", "(0,)", "(-1,)", "(1, 0)", "(2, -3)", "(2.0, 3.0)", "('a',)", "(None, None)"]
    + ["((1, 1), (2, 2))", "(1, 2, 3, 4, 5)"],
    "huge shapes": ["(2**40, 2**40)", "(2**62, 4)", "(2**31, 2**31, 2)", "(10**30,)", "(-(2**63), 2)"],
    "dicts": ["{}", "{'a': 1.0}", "{0: 1.0}", "{'weight': np.ones((2, 3))}", "{'lr': 'x', 'state': [5, 5]}"],
    "sets": ["set()", "{1.0, 2.0}", "frozenset({1})"],
    "iterators": ["(x for x in [1.0, 2.0])", "iter([])", "range(3)", "map(str, [1])", "zip([1], [2])"],
    "index forms": ["slice(None)", "slice(0, 2)", "slice('a', None)", "slice(0, 2, 0)", "(None, 0)", "(..., 0, ...)"],
    "arrays": [array(dtype, shape) for dtype in REAL for shape in SHAPES],
    "arrays of other things": [array(dtype, shape) for dtype in OTHER for shape in SHAPES],
    "odd arrays": ["np.ones((4, 3))[::-2]", "np.broadcast_to(1.0, (2, 3))", "np.array([np.nan, np.inf, 1e300])"]
    + ["np.ones((1,) * 40)", "np.ma.masked_array([1.0, 2.0], [True, False])", "np.rec.array([(1.0,)])"],
    "Values": ["Value(2.0)", "Value(float('nan'))", "(Value(-1.0) * 2.0)", "Value(0)"],
    "ValueArrays": nodes("ValueArray"),
    "Tensors": [*nodes("Tensor"), "Tensor([1.0, 2.0], dtype=np.float32)", "Tensor(np.arange(3))", "Tensor([True])"],
    "modules": ["nn.Linear(3, 2, rng=0)", "nn.MLP(3, [2, 1], engine='scalar', rng=0)", "nn.Sequential(nn.ReLU())"]
    + ["Headless()", "nn.SGD(nn.Linear(1, 1, rng=0).parameters())", "nn.DataLoader(np.ones((3, 2)))"],
    "classes": ["int", "float", "Tensor", "Value", "nn.Linear", "nn.ReLU", "Stranger", "np.float32", "type(None)"],
    "functions": ["double", "total", "nothing", "no_arguments", "pair", "word", "ops.sin", "ops.concat", "nn.mse_loss"],
    "objects": ["object()", "Stranger()", "ValueError('a')", "np", "Path('a.npz')", "np.random.default_rng(0)"]
    + ["np.dtype('f4')"],
}


def wrong(rng: Random) -> str:
    """The source of some argument or other, which is wrong in most places."""
    return rng.choice(KINDS[rng.choice(list(KINDS))])
