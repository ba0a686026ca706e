"""Layers, written once over the ops, so each runs on either engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import ops
from nn.engines import Rng, array, generator
from nn.module import Module
from ops.shapes import normal_axis


class Linear(Module):
    r"""$y = x W^T + b$: (..., in_features) to (..., out_features).

    weight: (out_features, in_features), bias: (out_features,), both drawn from U(-k, k), k = 1/sqrt(in_features),
    as PyTorch's Linear draws them.

    >>> Linear(2, 3, rng=0).weight.shape
    (3, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, engine: str = "tensor", rng: Rng = None
    ):
        rng, k = generator(rng), in_features**-0.5
        self.weight = array(rng.uniform(-k, k, (out_features, in_features)), engine, requires_grad=True)
        self.bias: Any = array(rng.uniform(-k, k, out_features), engine, requires_grad=True) if bias else None

    def forward(self, x: Any) -> Any:
        y = x @ self.weight.mT
        return y if self.bias is None else y + self.bias


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
        rng: Rng = None,
    ):
        rng, sizes = generator(rng), [nin, *nouts]
        self.layers = [Linear(a, b, engine=engine, rng=rng) for a, b in zip(sizes, nouts)]
        self.activation = activation

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


class ModuleList(Module):
    """Modules in a row, each a part of the module that holds the list; named 0, 1, ..."""

    def __init__(self, modules: Sequence[Module] = ()):
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> None:
        """Add a module at the end."""
        vars(self)[str(len(self))] = module

    def __iter__(self) -> Iterator[Module]:
        return (part for name, part in vars(self).items() if name.isdigit())

    def __getitem__(self, index: int) -> Module:
        return list(self)[index]

    def __len__(self) -> int:
        return sum(name.isdigit() for name in vars(self))


class Sequential(ModuleList):
    """Modules one after the other: `Sequential(Linear(2, 16), ReLU(), Linear(16, 1))`.

    >>> len(Sequential(Linear(2, 3, rng=0), Linear(3, 1, rng=0)).parameters())
    4
    """

    def __init__(self, *modules: Module):
        super().__init__(modules)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x


class Flatten(Module):
    """Axes start_dim to end_dim joined into one; the batch stays by default."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        first, last = (normal_axis(axis, x.ndim, "Flatten") for axis in (self.start_dim, self.end_dim))
        return ops.reshape(x, (*x.shape[:first], -1, *x.shape[last + 1 :]))


class Dropout(Module):
    """In training each element is zero with probability p, and the others are larger by 1/(1 - p).

    Source: Srivastava et al. 2014.
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None):
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p is {p}, but a probability of dropping lies in [0, 1)")
        self.p, self.rng = p, generator(rng)

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        kept = self.rng.random(x.shape) >= self.p
        return x * (kept / (1 - self.p)).astype(x.dtype)


class Embedding(Module):
    """A row of numbers for each of num_embeddings ids: integers of any shape (...) to (..., embedding_dim).

    weight: (num_embeddings, embedding_dim), drawn from N(0, 1) as PyTorch's.

    >>> Embedding(10, 4, rng=0)([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, *, engine: str = "tensor", rng: Rng = None):
        self.weight = array(generator(rng).normal(size=(num_embeddings, embedding_dim)), engine, requires_grad=True)

    def forward(self, ids: Any) -> Any:
        rows = np.asarray(ids)
        if rows.dtype.kind not in "iu":
            raise TypeError(f"Embedding: ids are integers, such as [0, 2], not {rows.dtype}")
        return self.weight[rows]


class PositionalEmbedding(Module):
    """A learned row for each position, added to (batch, position, embedding_dim)."""

    def __init__(self, num_positions: int, embedding_dim: int, *, engine: str = "tensor", rng: Rng = None):
        self.weight = array(generator(rng).normal(size=(num_positions, embedding_dim)), engine, requires_grad=True)

    def forward(self, x: Any) -> Any:
        if x.shape[-2] > self.weight.shape[0]:
            raise ValueError(
                f"PositionalEmbedding: {x.shape[-2]} positions are more than the {self.weight.shape[0]} it has"
            )
        return x + self.weight[: x.shape[-2]]
