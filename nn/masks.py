"""Attention masks: where a query may look, as booleans, or as numbers that are added to its scores."""

from __future__ import annotations

from typing import Any

import numpy as np

import ops
from nn.engines import floats, numbers, peeked
from nn.settings import named
from ops.errors import ShapeError
from ops.shapes import Shape


def masked(asker: object, scores: Any, mask: Any, causal: bool) -> Any:
    """The scores, (batch, head, query, key), with -inf where a query may not look."""
    looks = np.tri(scores.shape[-1], dtype=bool) if causal else None
    if mask is not None:
        mask = numbers(asker, mask, "its mask")
        if not getattr(mask, "requires_grad", False):  # what is learned is added
            _refuse_two_meanings(named(asker), peeked(mask))
        mask = _lined_up(named(asker), mask, scores.shape)
        if mask.dtype == bool:
            looks = peeked(mask) if looks is None else peeked(mask) & looks
        else:
            scores = scores + floats(asker, mask, scores.dtype)
    return scores if looks is None else ops.where(looks, scores, float("-inf"))


def _refuse_two_meanings(asker: str, mask: np.ndarray[Any, Any]) -> None:
    """TypeError for ones and zeros that are not booleans: 1 may mean `look here`, or `one more`."""
    if mask.dtype.kind in "iu":
        seen = f"integers, {mask.dtype}"
    elif mask.dtype.kind == "f" and mask.any() and ((mask == 0) | (mask == 1)).all():
        seen = "0.0 and 1.0 alone"
    else:
        return
    raise TypeError(
        f"{asker}: its mask holds {seen}, which could mean either; give booleans, true where a query may look, or "
        f"floats to be added to the scores, such as 0 and -inf"
    )


def _lined_up(asker: str, mask: Any, scores: Shape) -> Any:
    """The mask in a shape that stretches to the scores'; ShapeError unless it has one of those that are documented."""
    batch, heads, *lengths = scores
    if mask.shape == (batch * heads, *lengths):
        return ops.reshape(mask, scores)
    if mask.shape == tuple(lengths) or (len(mask.shape) == 4 and _stretches(mask.shape, scores)):
        return mask
    raise ShapeError(
        f"{asker}: its mask has shape {mask.shape}, but the scores, (batch, heads, query, key), have {scores}; one for "
        f"all is (query, key), one of each sample mask[:, None], and one of keys, (batch, key), mask[:, None, None]"
    )


def _stretches(shape: Shape, wanted: Shape) -> bool:
    return all(n in (1, size) for n, size in zip(shape, wanted))
