"""Activations as modules, for use in a Sequential; each is one op."""

from __future__ import annotations

from math import inf
from typing import Any

import ops
from nn.engines import floats
from nn.module import Module
from nn.settings import choice, number
from ops.shapes import integer


class ReLU(Module):
    """ops.relu, of any shape."""

    def forward(self, x: Any) -> Any:
        return ops.relu(floats(self, x))


class LeakyReLU(Module):
    """ops.leaky_relu, of any shape."""

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = number(self, "negative_slope", negative_slope, low=-inf)

    def forward(self, x: Any) -> Any:
        return ops.leaky_relu(floats(self, x), self.negative_slope)


class Tanh(Module):
    """ops.tanh, of any shape."""

    def forward(self, x: Any) -> Any:
        return ops.tanh(floats(self, x))


class Sigmoid(Module):
    """ops.sigmoid, of any shape."""

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(floats(self, x))


class GELU(Module):
    """ops.gelu, of any shape; approximate is "none" or "tanh"."""

    def __init__(self, approximate: str = "none"):
        self.approximate = choice(self, "approximate", approximate, ("none", "tanh"))

    def forward(self, x: Any) -> Any:
        return ops.gelu(floats(self, x), self.approximate)


class SiLU(Module):
    """ops.silu, of any shape."""

    def forward(self, x: Any) -> Any:
        return ops.silu(floats(self, x))


class Softplus(Module):
    """ops.softplus, of any shape."""

    def forward(self, x: Any) -> Any:
        return ops.softplus(floats(self, x))


class Softmax(Module):
    """ops.softmax along one axis."""

    def __init__(self, axis: int = -1):
        self.axis = integer(axis, "Softmax: axis")

    def forward(self, x: Any) -> Any:
        return ops.softmax(floats(self, x), self.axis)
