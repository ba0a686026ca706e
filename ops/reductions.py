"""Reductions: axes of x shrink to one number.  `axis` is an int, a tuple of ints or None for all axes.

In a partial's rule y stands where the reduced axes stood, with size 1, so it lines up with x.
"""

from __future__ import annotations

import builtins
from itertools import product

from ops.kinds import general, reduction
from ops.precision import halves_in_single
from ops.shapes import FEW, Axis, count, inverse, normal_axes
from ops.spec import sample


@reduction(symbol="sum")
def sum(xp, x, /, axis: Axis = None, keepdims: bool = False):
    r"""Sum, $y = \sum_i x_i$; 0 of no elements. [Python array API]"""
    return xp.sum(x, axis=axis, keepdims=keepdims)


@sum.partials
def sum_partials(xp, y, x, /, axis):
    return (1,)


@reduction()
@halves_in_single
def mean(xp, x, /, axis: Axis = None, keepdims: bool = False):
    r"""Mean, $y = \frac{1}{n} \sum_i x_i$; NaN of no elements. [Python array API]"""
    return xp.sum(x, axis=axis, keepdims=keepdims) / _size(x, axis)


@mean.partials
def mean_partials(xp, y, x, /, axis):
    return (1 / (_size(x, axis) or 1),)


@reduction(params=({"ddof": 0}, {"ddof": 1}))
@halves_in_single
def var(xp, x, /, axis: Axis = None, keepdims: bool = False, ddof: int = 0):
    r"""Variance, $y = \frac{1}{n - ddof} \sum_i (x_i - \bar{x})^2$; NaN or inf from ddof = n on. [NumPy var]"""
    spread = x - _mean(xp, x, axis)
    return xp.sum(spread * spread, axis=axis, keepdims=keepdims) / _freedom(x, axis, ddof)


@var.partials
@halves_in_single
def var_partials(xp, y, x, /, axis, ddof):
    d = 2 * ((x - _mean(xp, x, axis)) / _freedom(x, axis, ddof))
    return (d - _mean(xp, d, axis),)  # by way of the mean: 0, unless something is infinite


@reduction()
def max(xp, x, /, axis: Axis = None, keepdims: bool = False):
    r"""Largest element, $y = \max_i x_i$; the first of equals gets the gradient. [Python array API]"""
    return xp.max(x, axis=axis, keepdims=keepdims)


@max.partials
def max_partials(xp, y, x, /, axis):
    return (_first((x >= y) | xp.isnan(x), axis),)


@reduction()
def min(xp, x, /, axis: Axis = None, keepdims: bool = False):
    r"""Smallest element, $y = \min_i x_i$; the first of equals gets the gradient. [Python array API]"""
    return xp.min(x, axis=axis, keepdims=keepdims)


@max.hint
def max_hint(x, /, axis, keepdims):
    return _of_none(x, axis, "largest")


@min.hint
def min_hint(x, /, axis, keepdims):
    return _of_none(x, axis, "smallest")


def _of_none(x, axis, which):
    where = "" if axis is None else f" along axis {axis}"
    return f"{x} has no elements{where}, and of none there is no {which}; give it one, or leave this out" * (0 in x)


@min.partials
def min_partials(xp, y, x, /, axis):
    return (_first((x <= y) | xp.isnan(x), axis),)


@reduction()
def prod(xp, x, /, axis: Axis = None, keepdims: bool = False):
    r"""Product, $y = \prod_i x_i$; 1 of no elements. [Python array API]"""
    return xp.prod(x, axis=axis, keepdims=keepdims)


@prod.partials
def prod_partials(xp, y, x, /, axis):
    if _size(x, axis) == 0 or (_size(x, axis) > FEW and _can_be_divided(xp, y, x)):
        return (y / x,)
    return (_product_of_others(xp, x, normal_axes(axis, len(x.shape), "prod")),)


@reduction()
@halves_in_single
def logsumexp(xp, x, /, axis: Axis = None, keepdims: bool = False):
    r"""$y = \ln \sum_i e^{x_i}$, shifted by the largest $x_i$ against overflow. [Goodfellow et al. 2016, 4.1]"""
    top = _top(xp, x, axis)
    y = xp.log(xp.sum(xp.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else xp.squeeze(y, axis=normal_axes(axis, len(x.shape), "logsumexp"))


@logsumexp.partials
def logsumexp_partials(xp, y, x, /, axis):
    return (xp.softmax(x, axis=axis),)  # exp(x - y), which has no digits left where y is large


_SOFTMAX_SAMPLES = (sample((4,)), sample((2, 3)), sample((2, 3), axis=0), sample((2, 3, 2), axis=1))


@general(*_SOFTMAX_SAMPLES)
@halves_in_single
def softmax(xp, x, /, axis=-1):
    r"""$y_i = e^{x_i} / \sum_j e^{x_j}$, positive and of sum 1 along `axis`. [Goodfellow et al. 2016, 6.2.2.3]"""
    e = xp.exp(x - _top(xp, x, axis))
    return e / xp.sum(e, axis=axis, keepdims=True)


@softmax.defvjp
def softmax_vjp(xp, g, y, x, /, axis):
    return (y * (g - xp.sum(g * y, axis=axis, keepdims=True)),)


@softmax.defjvp
def softmax_jvp(xp, t, y, x, /, axis):
    return y * (t - xp.sum(t * y, axis=axis, keepdims=True))


@general(*_SOFTMAX_SAMPLES)
@halves_in_single
def log_softmax(xp, x, /, axis=-1):
    r"""$y_i = x_i - \ln \sum_j e^{x_j}$, without the underflow of log(softmax(x)). [Goodfellow et al. 2016, 6.2.2.3]"""
    below = x - _top(xp, x, axis)
    return below - xp.log(xp.sum(xp.exp(below), axis=axis, keepdims=True))


@log_softmax.defvjp
def log_softmax_vjp(xp, g, y, x, /, axis):
    return (g - xp.exp(y) * xp.sum(g, axis=axis, keepdims=True),)


@log_softmax.defjvp
def log_softmax_jvp(xp, t, y, x, /, axis):
    return t - xp.sum(xp.exp(y) * t, axis=axis, keepdims=True)


def _size(x, axis):
    """How many elements each sum runs over."""
    return count(x.shape, normal_axes(axis, len(x.shape), "axis"))


def _freedom(x, axis, ddof):
    """n - ddof, or 0 where ddof is larger, as NumPy and PyTorch have it."""
    return builtins.max(_size(x, axis) - ddof, 0)


def _mean(xp, x, axis):
    return xp.sum(x, axis=axis, keepdims=True) / _size(x, axis)


def _top(xp, x, axis):
    """What e^x is shifted by: the largest x, or 1e38 where that is infinite, beside which no finite x has a part."""
    top = (xp.max if x.size else xp.sum)(x, axis=axis, keepdims=True)  # of no elements their sum, 0
    return xp.where(xp.abs(top) < float("inf"), top, 1e38)


def _can_be_divided(xp, y, x):
    """Whether y / x is the product of the others, and so are its derivatives: nothing is tiny or infinite."""
    size = xp.abs(y)
    return (xp.abs(x) > 1e-4).all() and (size < float("inf")).all() and (size * 2.0**-52 > 0).all()


def _first(mask, axis):
    """The mask with only its first True along the axes left."""
    axes = normal_axes(axis, mask.ndim, "max")
    if count(mask.shape, axes) <= FEW and mask.ndim:
        return _first_of_few(mask, axes)
    order, last = _axes_last(mask.shape, axes)
    moved = mask.transpose(order)
    flat = moved.reshape(last)
    only = flat & (flat.cumsum(axis=-1) == 1)
    return only.reshape(moved.shape).transpose(inverse(order))


def _first_of_few(mask, axes):
    """The same, a place at a time: quick where many short rows are looked through, as in pooling.

    What one place holds is laid side by side in memory, in the order in which the mask has it.
    """
    rest = sorted({*range(mask.ndim)} - {*axes}, key=lambda axis: -mask.strides[axis])
    order, found = (*axes, *rest), False
    only = mask.transpose(order).copy()
    for place in product(*[range(mask.shape[axis]) for axis in axes]):
        here = only[place]
        only[place], found = here > found, here | found
    return only.transpose(inverse(order))


def _product_of_others(xp, x, axes):
    """For each element the product of all the others along the axes, by leaving it out: zeros are no trouble."""
    order, last = _axes_last(x.shape, axes)
    moved = xp.permute_dims(x, axes=order)
    n = last[-1]
    itself = [[i == j for j in range(n)] for i in range(n)]
    others = xp.where(itself, 1, xp.expand_dims(xp.reshape(moved, last), axis=-2))
    return xp.permute_dims(xp.reshape(xp.prod(others, axis=-1), moved.shape), axes=inverse(order))


def _axes_last(shape, axes):
    """The order that brings the axes to the end, and the shape with them joined into one."""
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    return (*rest, *axes), (*(shape[i] for i in rest), count(shape, axes))
