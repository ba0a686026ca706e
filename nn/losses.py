"""Losses: each is one number, the mean over the elements.  Shapes must be equal, never merely broadcast."""

from __future__ import annotations

from typing import Any

from ops.dispatch import shape_of
from ops.errors import ShapeError


def mse_loss(prediction: Any, target: Any) -> Any:
    """Mean squared error, of two arrays of one shape, as a node of shape ().

    >>> from tensor import Tensor
    >>> mse_loss(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    2.0
    """
    _demand_equal("mse_loss", prediction, target)
    error = prediction - target
    return (error * error).mean()


def hinge_loss(score: Any, target: Any) -> Any:
    r"""Mean of $\max(0, 1 - y s)$ for targets y in {-1, 1}, as a node of shape ().  Source: Cortes and Vapnik 1995.

    >>> from tensor import Tensor
    >>> hinge_loss(Tensor([0.5, 2.0]), Tensor([1.0, -1.0])).item()
    1.75
    """
    _demand_equal("hinge_loss", score, target)
    return (1 - target * score).relu().mean()


def _demand_equal(asker: str, a: Any, b: Any) -> None:
    """ShapeError unless the shapes are equal: (n,) against (n, 1) would broadcast to (n, n) in silence."""
    if shape_of(a) != shape_of(b):
        raise ShapeError(
            f"{asker}: the prediction has shape {shape_of(a)} and the target {shape_of(b)}; "
            f"reshape one of them, since broadcasting would compare every prediction with every target"
        )
