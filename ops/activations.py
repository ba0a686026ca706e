"""Activations: the pointwise ops that bend what a neuron has summed."""

from __future__ import annotations

from ops.errors import ParameterError
from ops.kinds import pointwise
from ops.words import shown


@pointwise((-3, 3))
def sigmoid(xp, x, /):
    r"""Logistic function, $y = 1 / (1 + e^{-x})$, by exponentials that never overflow. [DLMF 4.28]"""
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1, e) / (1 + e)


@sigmoid.partials
def sigmoid_partials(xp, y, x, /):
    return (y * xp.sigmoid(-x),)  # y * (1 - y), which would be 0 as soon as y rounds to 1


@pointwise((-3, 3), symbol="ReLU")
def relu(xp, x, /):
    r"""Rectifier, $y = \max(x, 0)$; its slope at 0 is 0. [Nair and Hinton 2010]"""
    return xp.maximum(x, 0)


@relu.partials
def relu_partials(xp, y, x, /):
    return (xp.logical_not(x <= 0),)  # x > 0, and true of NaN too, which nothing may hide


@pointwise((-3, 3), params=({"slope": 0.01}, {"slope": 0.2}), symbol="LeakyReLU")
def leaky_relu(xp, x, /, slope=0.01):
    r"""Leaky rectifier, x above 0 and `slope` times x below; its slope at 0 is `slope`. [Maas et al. 2013]"""
    return xp.where(x > 0, x, slope * x)


@leaky_relu.partials
def leaky_relu_partials(xp, y, x, /, slope):
    return (slope + (1 - slope) * (x > 0),)


@pointwise((-3, 3))
def softplus(xp, x, /):
    r"""Smooth rectifier, $y = \ln(1 + e^x)$, by terms that never overflow. [Dugas et al. 2000]"""
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


@softplus.partials
def softplus_partials(xp, y, x, /):
    return (xp.sigmoid(x),)


@pointwise((-3, 3), symbol="SiLU")
def silu(xp, x, /):
    r"""Sigmoid-weighted linear unit, $y = x\,\sigma(x)$. [Hendrycks and Gimpel 2016]"""
    return x * xp.sigmoid(x)


@silu.partials
def silu_partials(xp, y, x, /):
    s = xp.sigmoid(x)
    return (s + y * (1 - s),)


@pointwise((-3, 3), params=({"approximate": "none"}, {"approximate": "tanh"}), symbol="GELU")
def gelu(xp, x, /, approximate="none"):
    r"""Gaussian error linear unit, $y = x\,\Phi(x)$; or by the tanh of a cubic. [Hendrycks and Gimpel 2016]"""
    return x * _gauss(xp, x, approximate)


@gelu.partials
def gelu_partials(xp, y, x, /, approximate):
    phi = _gauss(xp, x, approximate)
    if approximate == "tanh":
        slope = 2 * (2 / xp.pi) ** 0.5 * (1 + 3 * 0.044715 * x * x)
        return (phi + y * (1 - phi) * slope,)
    return (phi + x * xp.exp(-x * x / 2) / (2 * xp.pi) ** 0.5,)


def _gauss(xp, x, approximate):
    """The share of a normal distribution below x, exact or by the tanh of a cubic."""
    if approximate == "tanh":
        return xp.sigmoid(2 * (2 / xp.pi) ** 0.5 * (x + 0.044715 * x * x * x))  # (1 + tanh(u)) / 2 is this at 2 u
    if approximate == "none":
        return xp.erfc(-x / 2**0.5) / 2  # exact far below 0, where 1 + erf is 0
    raise ParameterError(f'gelu: approximate is {shown(approximate)}; it may be "none" or "tanh"')
