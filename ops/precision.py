"""The precision that a rule computes in, where that of its numbers is too low."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any


def halves_in_single(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule, in single precision where it is given halves, whose sums are infinite from 65,520 on."""

    @wraps(rule)
    def wider(xp, /, *arrays, **params):
        if getattr(arrays[-1], "dtype", None) != "float16":
            return rule(xp, *arrays, **params)
        y = rule(xp, *[xp.astype(x, "float32") for x in arrays], **params)
        return tuple([xp.astype(d, "float16") for d in y]) if type(y) is tuple else xp.astype(y, "float16")

    return wider
