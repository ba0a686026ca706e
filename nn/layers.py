"""Layers, written once over the ops, so each runs on either engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import prod
from typing import Any, NoReturn, Self, overload

import numpy as np

import ops
from nn.engines import DType, Rng, floats, generator, numbers, parameter, peeked, uniform, weight
from nn.module import Module
from nn.settings import count, counts, flag, function, is_iterable, kind, named, number
from ops.errors import ShapeError
from ops.shapes import Shape, integer, normal_axis


class Linear(Module):
    r"""$y = x W^T + b$: (..., in_features) to (..., out_features).

    weight: (out_features, in_features), bias: (out_features,), both drawn from U(-k, k), k = 1/sqrt(in_features),
    as PyTorch's Linear draws them.

    >>> Linear(2, 3, rng=0).weight.shape
    (3, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        engine: str = "tensor",
        dtype: DType = None,
        rng: Rng = None,
    ):
        n, m = count(self, "in_features", in_features), count(self, "out_features", out_features)
        rng, k = generator(self, rng), n**-0.5
        self.weight = weight(self, uniform(rng, k), (m, n), engine, dtype)
        self.bias: Any = parameter(self, uniform(rng, k), (m,), engine, dtype) if flag(self, "bias", bias) else None

    def forward(self, x: Any) -> Any:
        x = floats(self, x, self.weight.dtype)
        if x.shape[-1:] != self.weight.shape[1:]:
            self._refuse(x.shape)
        y = x @ self.weight.mT
        return y if self.bias is None else y + self.bias

    def _refuse(self, shape: Shape) -> NoReturn:
        wanted = f"(..., {self.weight.shape[1]})"
        raise ShapeError(f"{named(self)}: it takes an array of shape {wanted}, but got one of shape {shape}")


class MLP(Module):
    """Linear layers one after the other, an activation between them: (batch, nin) to (batch, nouts[-1]).

    >>> sum(p.size for p in MLP(2, [16, 16, 1], rng=0).parameters())
    337
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: Callable[[Any], Any] = ops.relu,
        engine: str = "tensor",
        dtype: DType = None,
        rng: Rng = None,
    ):
        outs = counts(self, "nouts", nouts, "[16, 16, 1]")
        rng, sizes = generator(self, rng), [count(self, "nin", nin), *outs]
        self.layers = [Linear(a, b, engine=engine, dtype=dtype, rng=rng) for a, b in zip(sizes, outs)]
        self.activation = function(self, "activation", activation, "ops.tanh")

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)

    def extra_repr(self) -> str:
        f = self.activation
        return f"activation={getattr(f, 'name', '') or getattr(f, '__name__', type(f).__name__)}"


class ModuleList(Module):
    """Modules in a row, each a part of the module that holds the list; named 0, 1, ..."""

    def __init__(self, modules: Iterable[Module] = ()):
        if not is_iterable(modules):
            raise TypeError(f"{named(self)}: got {kind(modules)}; give it a list of modules")
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> None:
        """Add a module at the end."""
        if not isinstance(module, Module):
            raise TypeError(f"{named(self)}: got {kind(module)} as part {len(self)}; give modules, such as nn.ReLU()")
        vars(self)[str(len(self))] = module

    def __iter__(self) -> Iterator[Module]:
        return (part for name, part in vars(self).items() if name.isdigit())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Module | Self:
        """The module in this place; of a slice, a list of this class with the same modules."""
        if not isinstance(index, slice):
            return list(self)[index]
        part = type(self).__new__(type(self))
        for module in list(self)[index]:
            part.append(module)
        return part

    def __len__(self) -> int:
        return sum(name.isdigit() for name in vars(self))


class Sequential(ModuleList):
    """Modules one after the other: `Sequential(Linear(2, 16), ReLU(), Linear(16, 1))`.

    >>> len(Sequential(Linear(2, 3, rng=0), Linear(3, 1, rng=0)).parameters())
    4
    """

    def __init__(self, *modules: Module):
        if len(modules) == 1 and isinstance(modules[0], (list, tuple)):
            raise TypeError("Sequential: got a list of modules; give them one by one, as in Sequential(*modules)")
        super().__init__(modules)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x


class Flatten(Module):
    """Axes start_dim to end_dim joined into one; the batch stays by default."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim, self.end_dim = integer(start_dim, "Flatten: start_dim"), integer(end_dim, "Flatten: end_dim")

    def forward(self, x: Any) -> Any:
        x = numbers(self, x)
        first, last = (normal_axis(axis, len(x.shape), "Flatten") for axis in (self.start_dim, self.end_dim))
        if first > last:
            raise ShapeError(f"Flatten: from axis {first} to axis {last} of {x.shape} there is nothing to join")
        joined = prod(x.shape[first : last + 1])  # counted, since of an empty batch -1 could be any size
        return ops.reshape(x, (*x.shape[:first], joined, *x.shape[last + 1 :]))


class Dropout(Module):
    """In training each element is zero with probability p, and the others are larger by 1/(1 - p).

    rng: a generator or a seed; without it, the generator that `nn.seed` sets.  Source: Srivastava et al. 2014.
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None):
        self.p, self.rng = number(self, "p", p, below=1), generator(self, rng)

    def forward(self, x: Any) -> Any:
        x = floats(self, x)
        if not self.training or self.p == 0:
            return x
        kept = self.rng.random(x.shape) >= self.p
        return ops.mul(x, (kept / (1 - self.p)).astype(x.dtype))


class Embedding(Module):
    """A row of numbers for each of num_embeddings ids: integers of any shape (...) to (..., embedding_dim).

    weight: (num_embeddings, embedding_dim), drawn from N(0, 1) as PyTorch's.

    >>> Embedding(10, 4, rng=0)([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        engine: str = "tensor",
        dtype: DType = None,
        rng: Rng = None,
    ):
        n, width = count(self, "num_embeddings", num_embeddings), count(self, "embedding_dim", embedding_dim)
        self.weight = parameter(self, partial(generator(self, rng).normal, 0, 1), (n, width), engine, dtype)

    def forward(self, ids: Any) -> Any:
        rows, n = peeked(numbers(self, ids, "its ids")), self.weight.shape[0]
        if rows.ndim > 31:  # an array has 32 axes at most where others pick from it
            raise ShapeError(f"Embedding: ids have {rows.ndim} axes, but they may have 31 at most; reshape them")
        whole = rows == np.floor(rows) if rows.dtype.kind == "f" else np.full(rows.shape, rows.dtype.kind != "b")
        if not whole.all():
            raise TypeError(f"Embedding: ids are integers, such as [0, 2], but {rows[~whole][0]} is among them")
        there = (rows >= 0) & (rows < n)
        if not there.all():
            raise IndexError(f"Embedding: ids lie in [0, {n}), but {rows[~there][0]:.0f} is among them")
        return self.weight[rows.astype(int)]


class PositionalEmbedding(Module):
    """A learned row for each position, added to (batch, position, embedding_dim)."""

    def __init__(
        self,
        num_positions: int,
        embedding_dim: int,
        *,
        engine: str = "tensor",
        dtype: DType = None,
        rng: Rng = None,
    ):
        n, width = count(self, "num_positions", num_positions), count(self, "embedding_dim", embedding_dim)
        self.weight = parameter(self, partial(generator(self, rng).normal, 0, 1), (n, width), engine, dtype)

    def forward(self, x: Any) -> Any:
        x, (n, width) = floats(self, x, self.weight.dtype), self.weight.shape
        if len(x.shape) < 2 or x.shape[-1] != width:
            raise ShapeError(f"PositionalEmbedding: it takes an array of shape (..., position, {width}), not {x.shape}")
        if x.shape[-2] > n:
            raise ValueError(f"PositionalEmbedding: {x.shape[-2]} positions are more than the {n} it has")
        return x + self.weight[: x.shape[-2]]
