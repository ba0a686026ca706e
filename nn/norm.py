"""Normalisation: numbers brought to mean 0 and variance 1, then scaled and shifted by what is learned."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

import ops
from nn.engines import DType, array, floats, parameter, peeked
from nn.module import Module
from nn.settings import count, counts, number
from ops.errors import ShapeError
from ops.shapes import Shape


class LayerNorm(Module):
    r"""$y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta$ over the last axes, each sample by itself.

    weight, bias: of normalized_shape.  Source: Ba et al. 2016.

    >>> import numpy as np
    >>> LayerNorm(4)(np.arange(8.0).reshape(2, 4)).mean().item()
    0.0
    """

    def __init__(
        self, normalized_shape: int | Shape, eps: float = 1e-5, *, engine: str = "tensor", dtype: DType = None
    ):
        shape = (normalized_shape,) if isinstance(normalized_shape, (int, np.integer)) else normalized_shape
        self.normalized_shape = counts(self, "normalized_shape", shape, "(8, 8)")
        self.eps = number(self, "eps", eps)
        self.weight = parameter(self, np.ones, self.normalized_shape, engine, dtype)
        self.bias = parameter(self, np.zeros, self.normalized_shape, engine, dtype)

    @np.errstate(all="ignore")  # infinities and NaN are answers, of plain arrays too
    def forward(self, x: Any) -> Any:
        x = floats(self, x, self.weight.dtype)
        if x.shape[-len(self.normalized_shape) :] != self.normalized_shape:
            raise ShapeError(f"LayerNorm: the last axes of {x.shape} are not {self.normalized_shape}")
        axes = tuple(range(-len(self.normalized_shape), 0))
        centred = x - ops.mean(x, axis=axes, keepdims=True)
        variance = ops.mean(centred * centred, axis=axes, keepdims=True)
        return self.weight * (centred / ops.sqrt(variance + self.eps)) + self.bias


class _BatchNorm(Module):
    r"""$y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta$, each channel over the whole batch.

    In training the batch's own mean and variance serve, and running ones are kept for use in `eval()`:
    r = (1 - momentum) r + momentum * batch.  Source: Ioffe and Szegedy 2015.
    """

    shapes: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        engine: str = "tensor",
        dtype: DType = None,
    ):
        n = count(self, "num_features", num_features)
        self.eps, self.momentum = number(self, "eps", eps), number(self, "momentum", momentum, to=1)
        self.weight = parameter(self, np.ones, (n,), engine, dtype)
        self.bias = parameter(self, np.zeros, (n,), engine, dtype)
        self.running_mean: Any
        self.running_var: Any
        self.num_batches_tracked: Any
        self.register_buffer("running_mean", array(np.zeros(n), engine, dtype=self.weight.dtype))
        self.register_buffer("running_var", array(np.ones(n), engine, dtype=self.weight.dtype))
        self.register_buffer("num_batches_tracked", np.array(0))

    @np.errstate(all="ignore")  # infinities and NaN are answers, of plain arrays too
    def forward(self, x: Any) -> Any:
        x = floats(self, x, self.weight.dtype)
        self._check(x.shape)
        axes = (0, *range(2, len(x.shape)))
        aside = (1, -1, *(1,) * (len(x.shape) - 2))  # a channel's numbers, lined up with axis 1
        if self.training:
            mean = ops.mean(x, axis=axes, keepdims=True)
            variance = ops.mean((x - mean) * (x - mean), axis=axes, keepdims=True)
            self._keep(peeked(mean).ravel(), peeked(variance).ravel(), prod(x.shape) // x.shape[1])
        else:
            mean, variance = self.running_mean.reshape(aside), self.running_var.reshape(aside)
        scaled = (x - mean) / ops.sqrt(variance + self.eps)
        return self.weight.reshape(aside) * scaled + self.bias.reshape(aside)

    def _keep(self, mean: Any, variance: Any, n: int) -> None:
        unbiased = variance * (n / (n - 1))
        self.running_mean.data = (1 - self.momentum) * self.running_mean.numpy() + self.momentum * mean
        self.running_var.data = (1 - self.momentum) * self.running_var.numpy() + self.momentum * unbiased
        self.num_batches_tracked += 1

    def _check(self, shape: Shape) -> None:
        name = type(self).__name__
        if len(shape) not in self.shapes or shape[1] != self.weight.shape[0]:
            raise ShapeError(
                f"{name}: got {shape}, but it takes (batch, {self.weight.shape[0]}, ...) with {self.shapes} axes"
            )
        if self.training and np.prod(shape) // shape[1] < 2:
            raise ValueError(f"{name}: one number for each channel has no variance; train on more than {shape}")


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (batch, channels) or (batch, channels, length)."""

    shapes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (batch, channels, height, width)."""

    shapes = (4,)
