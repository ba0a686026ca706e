"""Layers, written once over the ops, so each runs on either engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nn.engines import array, generator
from nn.module import Module

Rng = np.random.Generator | int | None


class Linear(Module):
    r"""$y = x W^T + b$: (batch, in_features) to (batch, out_features).

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
    """Linear layers one after the other, ReLU between them: (batch, nin) to (batch, nouts[-1]).

    >>> sum(p.size for p in MLP(2, [16, 16, 1], rng=0).parameters())
    337
    """

    def __init__(self, nin: int, nouts: Sequence[int], *, engine: str = "tensor", rng: Rng = None):
        rng, sizes = generator(rng), [nin, *nouts]
        self.layers = [Linear(a, b, engine=engine, rng=rng) for a, b in zip(sizes, nouts)]

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)
