r"""Starting values: arrays of a shape, drawn from a generator or a seed, `rng`.

The scale of a weight is chosen so that signals keep their size from layer to layer.  A weight of shape
(out, in, *window) has fan_in = in * window inputs and fan_out = out * window outputs, as in PyTorch.

    layer.weight.data = nn.init.kaiming_normal(layer.weight.shape, nonlinearity="relu", rng=0)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf, prod, sqrt
from typing import Any

import numpy as np

from nn.engines import Rng, filled, generator
from ops.errors import ParameterError, ShapeError
from ops.words import shown
from tensor.creation import number, sizes

Array = np.ndarray[Any, Any]


def uniform(shape: Sequence[int], a: float = 0.0, b: float = 1.0, *, rng: Rng = None) -> Array:
    r"""Draws from U(a, b).

    >>> uniform((2, 3), -1.0, 1.0, rng=0).shape
    (2, 3)
    """
    low, high = number("uniform", "a", a), number("uniform", "b", b)
    return _uniform("uniform", shape, low, high, rng)


def normal(shape: Sequence[int], mean: float = 0.0, std: float = 1.0, *, rng: Rng = None) -> Array:
    r"""Draws from the normal distribution of this mean and standard deviation.

    >>> normal((2, 3), std=0.1, rng=0).shape
    (2, 3)
    """
    return _normal("normal", shape, number("normal", "mean", mean), number("normal", "std", std), rng)


def xavier_uniform(shape: Sequence[int], gain: float = 1.0, *, rng: Rng = None) -> Array:
    r"""Draws from U(-k, k) with $k = \sqrt{3}\,\sigma$ and Xavier's $\sigma$.  Source: Glorot and Bengio 2010.

    >>> k = (6 / (2 + 3)) ** 0.5
    >>> bool((abs(xavier_uniform((2, 3), rng=0)) < k).all())
    True
    """
    k = sqrt(3) * _xavier("xavier_uniform", shape, gain)
    return _uniform("xavier_uniform", shape, -k, k, rng)


def xavier_normal(shape: Sequence[int], gain: float = 1.0, *, rng: Rng = None) -> Array:
    r"""Draws from N(0, $\sigma^2$) with Xavier's $\sigma = gain \sqrt{2 / (fan_{in} + fan_{out})}$.

    Source: Glorot and Bengio 2010, equation 12.

    >>> xavier_normal((2, 3), rng=0).shape
    (2, 3)
    """
    return _normal("xavier_normal", shape, 0.0, _xavier("xavier_normal", shape, gain), rng)


def kaiming_uniform(
    shape: Sequence[int], a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rng: Rng = None
) -> Array:
    r"""Draws from U(-k, k) with $k = \sqrt{3}\,\sigma$ and Kaiming's $\sigma$; the arguments are kaiming_normal's.

    >>> bool((abs(kaiming_uniform((4, 6), rng=0)) < 1.0).all())   # k = sqrt(6 / fan_in)
    True
    """
    k = sqrt(3) * _kaiming("kaiming_uniform", shape, a, mode, nonlinearity)
    return _uniform("kaiming_uniform", shape, -k, k, rng)


def kaiming_normal(
    shape: Sequence[int], a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rng: Rng = None
) -> Array:
    r"""Draws from N(0, $\sigma^2$) with Kaiming's $\sigma = gain / \sqrt{fan}$.

    a: the slope below 0 of a leaky ReLU that follows.  mode: "fan_in" keeps the size of what goes forward,
    "fan_out" of the gradients that go back.  Source: He et al. 2015, section 2.2.

    >>> kaiming_normal((2, 3), rng=0).shape
    (2, 3)
    """
    std = _kaiming("kaiming_normal", shape, a, mode, nonlinearity)
    return _normal("kaiming_normal", shape, 0.0, std, rng)


def orthogonal(shape: Sequence[int], gain: float = 1.0, *, rng: Rng = None) -> Array:
    r"""`gain` times a matrix whose rows, or columns if they are fewer, are orthonormal, uniform among all such.

    Axes after the first count as one.  Source: Saxe et al. 2014; Mezzadri 2007 for the signs.

    >>> w = orthogonal((2, 3), rng=0)
    >>> (w @ w.T).round(6)
    array([[ 1., -0.],
           [-0.,  1.]])
    """
    _fans("orthogonal", shape)
    shape, gain = sizes("orthogonal", shape), number("orthogonal", "gain", gain)
    rows, columns = shape[0], prod(shape[1:])
    q, r = np.linalg.qr(_normal("orthogonal", (max(rows, columns), min(rows, columns)), 0.0, 1.0, rng))
    q = q * np.sign(np.diag(r))  # without it some rotations would be likelier than others
    return gain * (q if rows >= columns else q.T).reshape(shape)


_SIGMOIDS = ("linear", "conv1d", "conv2d", "conv3d", "sigmoid")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""What a layer's weights are multiplied by, so that the nonlinearity after it keeps the size of signals.

    param: the slope of "leaky_relu" below 0, 0.01 where it is None.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    return _gain("calculate_gain", nonlinearity, 0.01 if param is None else number("calculate_gain", "param", param))


def _gain(asker: str, nonlinearity: str, slope: float) -> float:
    gains = {"tanh": 5 / 3, "relu": sqrt(2), "leaky_relu": sqrt(2 / (1 + slope * slope)), "selu": 3 / 4}
    gains |= dict.fromkeys(_SIGMOIDS, 1.0)
    if not isinstance(nonlinearity, str) or nonlinearity not in gains:
        raise ParameterError(f"{asker}: nonlinearity is {shown(nonlinearity)}; it may be {', '.join(gains)}")
    return gains[nonlinearity]


def _uniform(asker: str, shape: Sequence[int], low: float, high: float, rng: Rng) -> Array:
    if not 0 <= high - low < inf:
        raise ValueError(f"{asker}: a is {low} and b is {high}, but the numbers run from a up to b")
    return filled(asker, partial(generator(asker, rng).uniform, low, high), sizes(asker, shape))


def _normal(asker: str, shape: Sequence[int], mean: float, std: float, rng: Rng) -> Array:
    if not std >= 0:
        raise ValueError(f"{asker}: std is {std}, but a standard deviation is 0 or more")
    return filled(asker, partial(generator(asker, rng).normal, mean, std), sizes(asker, shape))


def _xavier(asker: str, shape: Sequence[int], gain: float) -> float:
    fan_in, fan_out = _fans(asker, shape)
    return number(asker, "gain", gain) * sqrt(2 / (fan_in + fan_out))


def _kaiming(asker: str, shape: Sequence[int], a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _fans(asker, shape)))
    if not isinstance(mode, str) or mode not in fans:
        raise ParameterError(f'{asker}: mode is {shown(mode)}; it may be "fan_in" or "fan_out"')
    return _gain(asker, nonlinearity, number(asker, "a", a)) / sqrt(fans[mode])


def _fans(asker: str, shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs each output has, and how many outputs each input has."""
    shape = sizes(asker, shape)
    if len(shape) < 2 or 0 in shape:
        raise ShapeError(f"{asker}: shape {shape} is no weight's; give (out, in) or (out, in, *window)")
    outputs, inputs, *window = shape
    return inputs * prod(window), outputs * prod(window)
