"""Convolution and pooling layers over ops.conv2d, ops.max_pool2d and ops.avg_pool2d."""

from __future__ import annotations

from math import prod
from typing import Any

import ops
from nn.engines import Rng, array, generator
from nn.module import Module
from ops.shapes import integers

Pair = int | tuple[int, int]


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
        rng: Rng = None,
    ):
        rng, name = generator(rng), type(self).__name__
        size = integers(kernel_size, f"{name}: kernel_size")
        size = size * self.axes if len(size) == 1 else size
        k = (in_channels // groups * prod(size)) ** -0.5
        shape = (out_channels, in_channels // groups, *size)
        self.weight = array(rng.uniform(-k, k, shape), engine, requires_grad=True)
        self.bias: Any = array(rng.uniform(-k, k, out_channels), engine, requires_grad=True) if bias else None
        self.stride: Any = stride
        self.padding: Any = padding
        self.dilation: Any = dilation
        self.groups = groups

    def forward(self, x: Any) -> Any:
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
        flat = ops.expand_dims(x, axis=2)  # an image of height 1
        w = ops.expand_dims(self.weight, axis=2)
        y = ops.conv2d(flat, w, (1, self.stride), (0, self.padding), (1, self.dilation), self.groups)
        y = ops.squeeze(y, axis=2)
        return y if self.bias is None else y + self.bias.reshape(-1, 1)


class MaxPool2d(Module):
    """ops.max_pool2d; stride is kernel_size unless given."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0):
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Any) -> Any:
        return ops.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool2d(Module):
    """ops.avg_pool2d; stride is kernel_size unless given."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0):
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Any) -> Any:
        return ops.avg_pool2d(x, self.kernel_size, self.stride, self.padding)
