"""Arrays as viz takes them: real numbers, from whatever holds them, of the shape that is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.dispatch import is_node, refuse_within
from ops.errors import ShapeError
from viz.arguments import kind

Array = np.ndarray[Any, Any]


def numbers(asker: str, name: str, x: Any) -> Array:
    """The data as an array, floats as float64, the others as they are; TypeError for what holds no real numbers."""
    refuse_within(f"{asker}: {name}", x)
    x = (x.numpy() if x.rank else x.data) if is_node(x) else x
    try:
        data = np.asarray(x)
    except Exception:  # each library has its own error for what cannot become an array
        data = np.asarray(None)
    if data.dtype.kind not in "fiub":
        seen = f"an array of {data.dtype}" if isinstance(x, np.ndarray) else kind(x)
        raise TypeError(f"{asker}: {name} is {seen}; give an array of real numbers, or lists of one length")
    return data.astype(np.float64) if data.dtype.kind == "f" else data


def row(asker: str, name: str, x: Any, length: int | None = None) -> Array:
    """One axis of numbers, of this length."""
    data = np.asarray(numbers(asker, name, x), float)
    if data.ndim != 1 or length not in (None, len(data)):
        wanted = "(n,)" if length is None else f"({length},)"
        raise ShapeError(f"{asker}: {name} has shape {data.shape}; give one of shape {wanted}")
    return data


def points(asker: str, X: Any, y: Any) -> tuple[Array, Array]:
    """Points of the plane, (n, 2), and their classes, (n,), which are -1 and 1."""
    plane = np.asarray(numbers(asker, "X", X), float)
    if plane.ndim != 2 or plane.shape[1] != 2 or not len(plane):
        raise ShapeError(f"{asker}: X has shape {plane.shape}; give points of the plane, of shape (n, 2)")
    if not np.isfinite(plane).all():
        raise ValueError(f"{asker}: X holds NaN or infinities, which have no place in a plane; leave such points out")
    return plane, row(asker, "y", y, len(plane))


def scored(asker: str, score: Any, plane: Array) -> Array:
    """What the score makes of points, a number for each."""
    scores = np.asarray(numbers(asker, "what score gave", score(plane)), float)
    if scores.size != len(plane):
        raise ShapeError(
            f"{asker}: score gave shape {scores.shape} for {len(plane):,} points; let it give one number for each"
        )
    return scores.ravel()
