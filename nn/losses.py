"""Losses, each a number per element or per row, and what `reduction` makes of them: the mean, the sum, or "none".

Shapes must be equal, never merely broadcast, and a target must be one that the loss can mean.  A loss has the type of
its prediction: targets take it, and whole numbers and booleans become floats first.
"""

from __future__ import annotations

from math import exp, inf
from typing import Any

import numpy as np

import ops
from nn.engines import dtype_of, floats, numbers, peeked
from nn.settings import is_float, is_number
from ops.dispatch import is_node
from ops.errors import ParameterError, ShapeError
from ops.words import shown

Array = np.ndarray[Any, Any]
_silent = np.errstate(all="ignore")  # infinities and NaN are answers, of plain arrays too
REDUCTIONS = ("mean", "sum", "none")
REDUCTIONS_OF_KL = (*REDUCTIONS, "batchmean")

# distances


@_silent
def mse_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    r"""Squared error, $(p - t)^2$.  Source: Goodfellow et al. 2016, section 5.1.4.

    >>> from tensor import Tensor
    >>> mse_loss(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    2.0
    """
    p, t = _pair("mse_loss", prediction, target)
    return _reduced("mse_loss", (p - t) ** 2, reduction)


@_silent
def l1_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    r"""Absolute error, $|p - t|$; its slope at 0 is 0.  Source: Goodfellow et al. 2016, section 7.1.2.

    >>> from tensor import Tensor
    >>> l1_loss(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    1.0
    """
    p, t = _pair("l1_loss", prediction, target)
    return _reduced("l1_loss", ops.abs(p - t), reduction)


@_silent
def huber_loss(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    r"""$\frac{1}{2} e^2$ where $e = |p - t| \le \delta$, and the line $\delta (e - \frac{1}{2} \delta)$ beyond.

    Source: Huber 1964.

    >>> from tensor import Tensor
    >>> huber_loss(Tensor([1.5, 4.0]), Tensor([1.0, 1.0]), reduction="none").tolist()
    [0.125, 2.5]
    """
    demand_settings("huber_loss", delta=delta)
    p, t = _pair("huber_loss", prediction, target)
    e, delta = p - t, float(delta)
    short = ops.clip(e, -delta, delta)  # the error, cut off at delta: one formula for all pieces
    return _reduced("huber_loss", short * (e - short / 2), reduction)


@_silent
def hinge_loss(score: Any, target: Any, *, reduction: str = "mean") -> Any:
    r"""Shortfall of the margin, $\max(0, 1 - y s)$, for classes y in {-1, 1}.  Source: Cortes and Vapnik 1995.

    >>> from tensor import Tensor
    >>> hinge_loss(Tensor([0.5, 2.0]), Tensor([1.0, -1.0])).item()
    1.75
    """
    s, y = _pair("hinge_loss", score, target)
    classes = peeked(y)
    _demand("hinge_loss", "target", classes, abs(classes) == 1, "a class is -1 or 1, as 2 * y - 1 makes it from 0 or 1")
    return _reduced("hinge_loss", ops.relu(1 - y * s), reduction)


# logarithms of probabilities


@_silent
def cross_entropy(logits: Any, target: Any, *, label_smoothing: float = 0.0, reduction: str = "mean") -> Any:
    r"""$-\sum_k t_k \ln p_k$ for each row, where p is the softmax of the logits, in nats.

    logits: (batch, classes).  target: (batch,), classes in [0, classes); or (batch, classes), a probability for
    each.  label_smoothing: the share of the target that is spread evenly over the classes, in [0, 1].
    Source: Goodfellow et al. 2016, section 6.2.2.3; smoothing from Szegedy et al. 2016.

    >>> from tensor import Tensor
    >>> cross_entropy(Tensor([[0.0, 0.0]]), [1]).item()   # ln 2
    0.6931471805599453
    """
    demand_settings("cross_entropy", label_smoothing=label_smoothing)
    x, t = numbers("cross_entropy", logits, "the logits"), numbers("cross_entropy", target, "the target")
    _demand_rows("cross_entropy", x)
    is_soft = t.shape == x.shape
    x, t = _of_one_type("cross_entropy", x, t) if is_soft else (floats("cross_entropy", x), t)
    log_p = ops.log_softmax(x, axis=1)
    log_likelihood = _expected(log_p, t) if is_soft else _picked("cross_entropy", log_p, t)
    if s := float(label_smoothing):
        log_likelihood = (1 - s) * log_likelihood + s * ops.mean(log_p, axis=1)
    return _reduced("cross_entropy", -log_likelihood, reduction)


@_silent
def nll_loss(log_prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    r"""Negative log-likelihood, $-\ln p_t$ for each row: what `log_softmax` gave, at the class that was right.

    log_prediction: (batch, classes).  target: (batch,), classes in [0, classes).

    >>> from tensor import Tensor
    >>> nll_loss(Tensor([[-0.5, -1.0], [-2.0, -0.1]]), [1, 1]).item()
    0.55
    """
    log_p, t = floats("nll_loss", log_prediction, None, "the prediction"), numbers("nll_loss", target, "the target")
    _demand_rows("nll_loss", log_p)
    return _reduced("nll_loss", -_picked("nll_loss", log_p, t), reduction)


@_silent
def binary_cross_entropy(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    r"""$-t \ln p - (1 - t) \ln(1 - p)$ for probabilities p and targets t in [0, 1].

    As in PyTorch a logarithm stops at -100, and its slope at 1e12: p = 0 and p = 1 cost a finite number, and where
    that is wrong a gradient points away from it.  Where p comes from a sigmoid, binary_cross_entropy_with_logits is
    exact instead.

    >>> from tensor import Tensor
    >>> binary_cross_entropy(Tensor([0.5, 1.0]), Tensor([1.0, 0.0]), reduction="none").tolist()
    [0.6931471805599453, 100.0]
    """
    p, t = _pair("binary_cross_entropy", prediction, target)
    _demand_probabilities("binary_cross_entropy", "prediction", p)
    _demand_probabilities("binary_cross_entropy", "target", t)
    return _reduced("binary_cross_entropy", -(t * _log(p) + (1 - t) * _log(1 - p)), reduction)


@_silent
def binary_cross_entropy_with_logits(logits: Any, target: Any, *, reduction: str = "mean") -> Any:
    r"""Binary cross-entropy of $p = \sigma(x)$, as $\ln(1 + e^x) - t x$, which neither overflows nor rounds p to 1.

    >>> from tensor import Tensor
    >>> binary_cross_entropy_with_logits(Tensor([0.0, 1000.0]), Tensor([1.0, 0.0]), reduction="none").tolist()
    [0.6931471805599453, 1000.0]
    """
    x, t = _pair("binary_cross_entropy_with_logits", logits, target)
    _demand_probabilities("binary_cross_entropy_with_logits", "target", t)
    return _reduced("binary_cross_entropy_with_logits", ops.softplus(x) - t * x, reduction)


@_silent
def kl_div(log_prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    r"""Kullback-Leibler divergence, $t (\ln t - \ln p)$ for each element; 0 where t is 0.

    log_prediction: $\ln p$, as log_softmax gives it.
    reduction: also "batchmean", the sum over the size of the first axis, which is the mean divergence of a row.
    Source: Kullback and Leibler 1951.

    >>> from tensor import Tensor
    >>> round(kl_div(Tensor([[0.5, 0.5]]).log(), Tensor([[1.0, 0.0]]), reduction="batchmean").item(), 6)   # ln 2
    0.693147
    """
    log_p, t = _pair("kl_div", log_prediction, target)
    _demand_probabilities("kl_div", "target", t)
    shares, logs = peeked(t), peeked(log_p)
    log_t = ops.log(ops.where(shares > 0, t, 1.0))
    log_p = ops.where((shares == 0) & (logs == -inf), 0.0, log_p)  # where 0 * inf would be NaN
    return _reduced("kl_div", t * (log_t - log_p), reduction, REDUCTIONS_OF_KL)


# what they share

_REDUCED = {
    "mean": ops.mean,
    "sum": ops.sum,
    "none": lambda each: each,
    "batchmean": lambda each: ops.div(ops.sum(each), each.shape[0]),
}


def demand_settings(
    asker: str,
    *,
    reduction: Any = "mean",
    delta: Any = 1.0,
    label_smoothing: Any = 0.0,
    reductions: tuple[str, ...] = REDUCTIONS,
) -> None:
    """ParameterError for a setting of a loss that has no meaning."""
    if not isinstance(reduction, str) or reduction not in reductions:
        raise ParameterError(
            f"{asker}: reduction is {shown(reduction)}; it may be {' or '.join(map(repr, reductions))}"
        )
    if not (is_number(delta) and delta > 0 and is_float(delta)):
        raise ParameterError(f"{asker}: delta is {shown(delta)}, but the error at which the square ends is above 0")
    if not (is_number(label_smoothing) and 0 <= label_smoothing <= 1):
        raise ParameterError(
            f"{asker}: label_smoothing is {shown(label_smoothing)}, but a share of the target lies in [0, 1]"
        )


def _reduced(asker: str, each: Any, reduction: str, known: tuple[str, ...] = REDUCTIONS) -> Any:
    demand_settings(asker, reduction=reduction, reductions=known)
    if reduction == "batchmean" and each.shape == ():
        raise ShapeError(
            f"{asker}: batchmean divides by the rows of a batch, but got one number; take another reduction"
        )
    return _REDUCED[reduction](floats(asker, each))  # of two plain numbers an op makes a number, which has no axes


def _pair(asker: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Both as nodes or arrays; ShapeError unless the shapes are equal, for (n,) against (n, 1) would give (n, n)."""
    p, t = numbers(asker, prediction, "the prediction"), numbers(asker, target, "the target")
    if p.shape != t.shape:
        raise ShapeError(
            f"{asker}: the prediction has shape {p.shape} and the target {t.shape}; "
            f"reshape one of them, since broadcasting would compare every prediction with every target"
        )
    return _of_one_type(asker, p, t)


def _of_one_type(asker: str, p: Any, t: Any) -> tuple[Any, Any]:
    """Both in one floating type: the prediction's, unless only the target is a node or holds floats."""
    types = [dtype_of(x) for x in sorted((p, t), key=lambda x: not is_node(x))]
    dtype = next((each for each in types if each.kind == "f"), None)
    return floats(asker, p, dtype), floats(asker, t, dtype)


def _demand(asker: str, what: str, numbers: Array, right: Array, rule: str) -> None:
    """ValueError with the first number that is not right."""
    if not right.all():
        raise ValueError(f"{asker}: the {what} holds {numbers[~right][0].item()}, but {rule}")


def _demand_probabilities(asker: str, what: str, x: Any) -> None:
    p = peeked(x)
    _demand(asker, what, p, (p >= 0) & (p <= 1), "a probability lies in [0, 1]")


def _demand_rows(asker: str, x: Any) -> None:
    if len(x.shape) != 2:
        raise ShapeError(f"{asker}: the scores have shape {x.shape}; reshape them to (batch, classes)")


def _picked(asker: str, log_p: Any, target: Any) -> Any:
    """The element of each row that the target names."""
    y, (batch, classes) = peeked(target), log_p.shape
    if y.shape != (batch,):
        raise ShapeError(
            f"{asker}: the target has shape {y.shape}, but the scores have {(batch, classes)}; classes take the shape "
            f"{(batch,)}, and probabilities, which cross_entropy takes too, {(batch, classes)}"
        )
    if y.dtype.kind not in "iu" and not (whole := y == np.floor(y)).all():
        raise TypeError(f"{asker}: the target holds {y[~whole][0].item()}, but a class is a whole number")
    _demand(asker, "target", y, (y >= 0) & (y < classes), f"with {classes} classes it lies in [0, {classes})")
    return log_p[np.arange(batch), y.astype(int)]


def _expected(log_p: Any, t: Any) -> Any:
    """The mean of each row under the probabilities t."""
    _demand_probabilities("cross_entropy", "target", t)
    return ops.sum(t * log_p, axis=1)


def _log(p: Any) -> Any:
    """ln p, but no less than -100, with a slope of 1/p, but no more than 1e12; in half precision, -16 and 1e4."""
    x, kind = peeked(p), np.finfo(dtype_of(p))
    steepest = 1e12 if kind.bits > 16 else 1e4
    if not (is_near_0 := x < 1 / steepest).any():
        return ops.log(p)
    lowest = max(exp(-100), float(kind.smallest_subnormal))
    level = np.log(np.maximum(x, lowest)) - steepest * x  # a constant: near 0 a line of the right height and slope
    line = steepest * p + np.where(is_near_0, level, 0)
    return ops.where(is_near_0, line, ops.log(ops.where(is_near_0, 1.0, p)))
