"""Convolution and pooling layers over ops.conv2d, ops.max_pool2d and ops.avg_pool2d."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import ops
from nn.engines import DType, Rng, floats, generator, parameter, uniform
from nn.module import Module
from nn.settings import count, flag, named, per_axis
from ops.errors import ShapeError

Pair = int | Sequence[int]


class Conv2d(Module):
    """ops.conv2d with learned filters and bias: (n, in_channels, h, w) to (n, out_channels, h', w').

    weight: (out_channels, in_channels // groups, kh, kw), bias: (out_channels,), drawn as PyTorch's from U(-k, k)
    with k = 1/sqrt(numbers that a filter sees).

    >>> import numpy as np
    >>> Conv2d(1, 8, 3, padding=1, rng=0)(np.zeros((2, 1, 5, 5))).shape
    (2, 8, 5, 5)
    """

    axes = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        engine: str = "tensor",
        dtype: DType = None,
        rng: Rng = None,
    ):
        size, rng = per_axis(self, "kernel_size", kernel_size, self.axes), generator(self, rng)
        self.stride: Any = per_axis(self, "stride", stride, self.axes)
        self.padding: Any = per_axis(self, "padding", padding, self.axes, least=0)
        self.dilation: Any = per_axis(self, "dilation", dilation, self.axes)
        depth, filters, self.groups = self._channels(in_channels, out_channels, groups)
        k = (depth * prod(size)) ** -0.5
        self.weight = parameter(self, uniform(rng, k), (filters, depth, *size), engine, dtype)
        self.bias: Any = (
            parameter(self, uniform(rng, k), (filters,), engine, dtype) if flag(self, "bias", bias) else None
        )

    def _channels(self, in_channels: int, out_channels: int, groups: int) -> tuple[int, int, int]:
        """How many channels a filter sees, how many filters there are, and in how many groups."""
        n, m = count(self, "in_channels", in_channels), count(self, "out_channels", out_channels)
        if n % count(self, "groups", groups) or m % groups:
            raise ValueError(f"{named(self)}: groups is {groups}, but it must divide {n} channels in and {m} out")
        return n // groups, m, groups

    def forward(self, x: Any) -> Any:
        x = floats(self, x, self.weight.dtype)
        y = ops.conv2d(x, self.weight, self.stride, self.padding, self.dilation, self.groups)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)


class Conv1d(Conv2d):
    """The same along one axis: (n, in_channels, length) to (n, out_channels, length'), weight (o, c // groups, k).

    >>> import numpy as np
    >>> Conv1d(2, 4, 3, rng=0)(np.zeros((1, 2, 7))).shape
    (1, 4, 5)
    """

    axes = 1

    def forward(self, x: Any) -> Any:
        x = floats(self, x, self.weight.dtype)
        if len(x.shape) != 3:
            wanted = f"(n, {self.weight.shape[1] * self.groups}, length)"
            raise ShapeError(f"{named(self)}: it takes an array of shape {wanted}, not {x.shape}")
        flat = ops.expand_dims(x, axis=2)  # an image of height 1
        w = ops.expand_dims(self.weight, axis=2)
        y = ops.conv2d(flat, w, (1, *self.stride), (0, *self.padding), (1, *self.dilation), self.groups)
        y = ops.squeeze(y, axis=2)
        return y if self.bias is None else y + self.bias.reshape(-1, 1)


class _Pool2d(Module):
    """A number for each window; stride is kernel_size unless given."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0):
        self.kernel_size: Any = per_axis(self, "kernel_size", kernel_size, 2)
        self.stride: Any = self.kernel_size if stride is None else per_axis(self, "stride", stride, 2)
        self.padding: Any = per_axis(self, "padding", padding, 2, least=0)


class MaxPool2d(_Pool2d):
    """ops.max_pool2d; stride is kernel_size unless given."""

    def forward(self, x: Any) -> Any:
        return ops.max_pool2d(floats(self, x), self.kernel_size, self.stride, self.padding)


class AvgPool2d(_Pool2d):
    """ops.avg_pool2d; stride is kernel_size unless given."""

    def forward(self, x: Any) -> Any:
        return ops.avg_pool2d(floats(self, x), self.kernel_size, self.stride, self.padding)
