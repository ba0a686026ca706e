"""Pointwise ops: each output element depends on the input elements at its own place alone.

A comparison such as `x > 0` counts as the number 1 where it holds and 0 where it does not, as in Iverson's
brackets [x > 0]; so a partial derivative may simply be one.  The activations of neurons stand in a file of their own.
"""

from __future__ import annotations

from ops import parameters
from ops.activations import (
    gelu as gelu,
    leaky_relu as leaky_relu,
    relu as relu,
    sigmoid as sigmoid,
    silu as silu,
    softplus as softplus,
)
from ops.dispatch import is_node
from ops.kinds import pointwise

# arithmetic


@pointwise((-3, 3), (-3, 3), symbol="+")
def add(xp, a, b, /):
    r"""Sum, $y = a + b$. [Python operator.add]"""
    return a + b


@add.partials
def add_partials(xp, y, a, b, /):
    return 1, 1


@pointwise((-3, 3), (-3, 3), symbol="-")
def sub(xp, a, b, /):
    r"""Difference, $y = a - b$. [Python operator.sub]"""
    return a - b


@sub.partials
def sub_partials(xp, y, a, b, /):
    return 1, -1


@pointwise((-3, 3), (-3, 3), symbol="*")
def mul(xp, a, b, /):
    r"""Product, $y = a\,b$. [Python operator.mul]"""
    return a * b


@mul.partials
def mul_partials(xp, y, a, b, /):
    return b, a


@pointwise((-3, 3), (0.5, 3), symbol="/")
def div(xp, a, b, /):
    r"""Quotient, $y = a / b$; IEEE infinities and NaN where b is 0. [Python operator.truediv]"""
    return a / b


@div.partials
def div_partials(xp, y, a, b, /):
    return 1 / b, -y / b


@pointwise((-3, 3), symbol="neg")
def neg(xp, x, /):
    r"""Negative, $y = -x$. [Python operator.neg]"""
    return -x


@neg.partials
def neg_partials(xp, y, x, /):
    return (-1,)


@pointwise((-3, 3), symbol="pos")
def positive(xp, x, /):
    r"""The same number as a node of its own, $y = x$. [Python array API]"""
    return +x


@positive.partials
def positive_partials(xp, y, x, /):
    return (1,)


@pointwise((0.5, 3), params=({"exponent": 3.0}, {"exponent": -1.5}), symbol="**{exponent}")
def pow(xp, x, /, exponent):
    r"""Power with a number n for exponent, $y = x^n$; NaN where x < 0 and n is not whole. [DLMF 4.2]"""
    return xp.pow(x, exponent)


@pow.door
def pow_door(x, /, exponent):
    return pow.apply(x, exponent=exponent) if isinstance(exponent, (int, float)) else power(x, exponent)


@pow.partials
def pow_partials(xp, y, x, /, exponent):
    return (False,) if exponent == 0 else (exponent * xp.pow(x, exponent - 1),)


@pointwise((0.5, 3), (-2, 2), symbol="**")
def power(xp, a, b, /):
    r"""Power of two variables, $y = a^b$; both slopes of $0^0 = 1$ are taken as 0. [DLMF 4.2]"""
    return xp.power(a, b)


@power.partials
def power_partials(xp, y, a, b, /):
    a_is_0 = xp.abs(a) <= 0
    return b * xp.power(a, xp.where(a_is_0 & (xp.abs(b) <= 0), 0, b - 1)), y * xp.log(xp.where(a_is_0 & (b >= 0), 1, a))


# exponentials, logarithms, roots


@pointwise((-3, 3))
def exp(xp, x, /):
    r"""Exponential, $y = e^x$. [DLMF 4.2]"""
    return xp.exp(x)


@exp.partials
def exp_partials(xp, y, x, /):
    return (y,)


@pointwise((0.3, 3))
def log(xp, x, /):
    r"""Natural logarithm, $y = \ln x$; -inf at 0, NaN below. [DLMF 4.2]"""
    return xp.log(x)


@log.partials
def log_partials(xp, y, x, /):
    return (1 / x,)


@pointwise((0.3, 3))
def sqrt(xp, x, /):
    r"""Square root, $y = \sqrt{x}$; NaN below 0, slope inf at 0. [DLMF 4.2]"""
    return xp.sqrt(x)


@sqrt.partials
def sqrt_partials(xp, y, x, /):
    return (0.5 / y,)


# sizes and signs


@pointwise((-3, 3))
def abs(xp, x, /):
    r"""Absolute value, $y = |x|$; its slope at 0 is taken as 0. [Python array API]"""
    return xp.abs(x)


@abs.partials
def abs_partials(xp, y, x, /):
    return (xp.sign(x),)


@pointwise((-3, 3))
def sign(xp, x, /):
    r"""Sign, $y = \operatorname{sgn} x$: -1, 0 or 1; its slope is 0 everywhere. [Python array API]"""
    return xp.sign(x)


@sign.partials
def sign_partials(xp, y, x, /):
    return (False,)


# circular and hyperbolic functions


@pointwise((-3, 3))
def sin(xp, x, /):
    r"""Sine, $y = \sin x$, x in radians. [DLMF 4.14]"""
    return xp.sin(x)


@sin.partials
def sin_partials(xp, y, x, /):
    return (xp.cos(x),)


@pointwise((-3, 3))
def cos(xp, x, /):
    r"""Cosine, $y = \cos x$, x in radians. [DLMF 4.14]"""
    return xp.cos(x)


@cos.partials
def cos_partials(xp, y, x, /):
    return (-xp.sin(x),)


@pointwise((-3, 3))
def tanh(xp, x, /):
    r"""Hyperbolic tangent, $y = \tanh x$. [DLMF 4.28]"""
    return xp.tanh(x)


@tanh.partials
def tanh_partials(xp, y, x, /):
    return (1 - y * y,)


@pointwise((-3, 3))
def erf(xp, x, /):
    r"""Error function, $y = \frac{2}{\sqrt{\pi}} \int_0^x e^{-s^2} ds$. [DLMF 7.2]"""
    return xp.erf(x)


@erf.partials
def erf_partials(xp, y, x, /):
    return (2 / xp.pi**0.5 * xp.exp(-x * x),)


@pointwise((-3, 3))
def erfc(xp, x, /):
    r"""What the error function lacks to 1, $y = 1 - \operatorname{erf} x$, exact where that would be 0. [DLMF 7.2]"""
    return xp.erfc(x)


@erfc.partials
def erfc_partials(xp, y, x, /):
    return (-2 / xp.pi**0.5 * xp.exp(-x * x),)


# choices


@pointwise((-3, 3), (-3, 3))
def maximum(xp, a, b, /):
    r"""The larger, $y = \max(a, b)$; of equals the first gets the gradient, and so does NaN. [Python array API]"""
    return xp.maximum(a, b)


@maximum.partials
def maximum_partials(xp, y, a, b, /):
    first = (a >= b) | xp.isnan(a)
    return first, xp.logical_not(first)


@pointwise((-3, 3), (-3, 3))
def minimum(xp, a, b, /):
    r"""The smaller, $y = \min(a, b)$; of equals the first gets the gradient, and so does NaN. [Python array API]"""
    return xp.minimum(a, b)


@minimum.partials
def minimum_partials(xp, y, a, b, /):
    first = (a <= b) | xp.isnan(a)
    return first, xp.logical_not(first)


@pointwise(None, (-3, 3), (-3, 3))
def where(xp, condition, a, b, /):
    r"""a where the condition holds and b elsewhere; the condition has no derivative. [Python array API]"""
    return xp.where(condition, a, b)


@where.partials
def where_partials(xp, y, condition, a, b, /):
    otherwise = xp.logical_not(condition)  # of numbers too, of which all but 0 hold
    return None, xp.logical_not(otherwise), otherwise


@pointwise((-3, 3), params=({"low": -1.0, "high": 1.5}, {"low": None, "high": 0.5}))
def clip(xp, x, /, low=None, high=None):
    r"""x held between `low` and `high`, either of which may be None; slope 1 at the bounds. [Python array API]"""
    y = x if low is None else xp.maximum(x, low)
    return +y if high is None else xp.minimum(y, high)


@clip.door
def clip_door(x, /, low, high):
    for name, bound, instead in (("low", low, "maximum"), ("high", high, "minimum")):
        if is_node(bound):
            raise TypeError(
                f"clip: {name} is a parameter, which gets no gradient; give a plain number, or write "
                f"ops.{instead}(x, {name}) to differentiate by {name}"
            )
        if type(bound) is int and bound.bit_length() > 1023:
            raise TypeError(parameters.wrong(clip, {name: bound}))
    return clip.apply(x, low=low, high=high)


@clip.partials
def clip_partials(xp, y, x, /, low, high):
    above = True if low is None else x >= low
    return (above if high is None else above & (x <= high),)
