"""Wrong answers to lesson 5, each with a fragment of the hint it must get."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ops


def _op(forward: Callable[..., Any], partials: Callable[..., Any] | None = None, kind: Any = ops.pointwise) -> Any:
    """An op called my_softplus that is not left in the registry."""

    def my_softplus(xp: Any, x: Any, /) -> Any:
        return forward(xp, x)

    op = kind()(my_softplus)
    ops.forget("my_softplus")
    if partials is None:
        return op

    def my_softplus_partials(xp: Any, y: Any, x: Any, /) -> Any:
        return (partials(xp, y, x),)

    op.partials(my_softplus_partials)
    return op


def _forward(xp: Any, x: Any) -> Any:
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


def _right(xp: Any, y: Any, x: Any) -> Any:
    return xp.exp(x - y)


def _by_digits(xp: Any, x: Any) -> Any:
    """Nine digits of e: close enough for a look, not for a proof."""
    return xp.maximum(x, 0) + xp.log1p(2.718281828 ** -xp.abs(x))


def _by_math(xp: Any, y: Any, a: Any, b: Any, /) -> Any:
    return a / math.hypot(a, b), b / math.hypot(a, b)


def _answer(**wrong: Any) -> dict[str, Any]:
    """The right answer to 5.3, but for these."""
    return {"abs": 0, "same": 1, "line": 0, "line measured": 1, **wrong}


WRONG: dict[str, list[tuple[Any, str]]] = {
    "5.1": [
        (_forward, "not an operation"),
        (_op(_forward), "partials rule is missing"),
        (_op(_forward, kind=ops.linear), "declared as linear"),
        (_op(lambda xp, x: xp.maximum(x, 0) + xp.log1p(xp.exp(xp.abs(x))), _right), "my_softplus(-2.0) is too large"),
        (_op(lambda xp, x: xp.maximum(x, 0), _right), "my_softplus(-2.0) is too small"),
        (_op(_forward, lambda xp, y, x: xp.exp(x)), "slope that my_softplus sends back at x = -2.0 is too large"),
        (_op(_forward, lambda xp, y, x: -xp.exp(x - y)), "at x = -2.0 has the wrong sign"),
        (_op(lambda xp, x: xp.log(1 + xp.exp(x)), _right), "my_softplus(1000.0) is inf"),
        (_op(_forward, lambda xp, y, x: xp.exp(x) / (1 + xp.exp(x))), "slope at x = 1000.0 is nan"),
        (_op(_by_digits, _right), "agree to nine digits, but the law"),
    ],
    "5.2": [
        (lambda xp, y, a, b: a / y, "yours returns one float"),
        (lambda xp, y, a, b: [a / y, b / y], "yours returns one list"),
        (lambda xp, y, a, b: (a / y,), "yours has 1"),
        (lambda xp, y, a, b: (b / y, a / y), "the other way round"),
        (lambda xp, y, a, b: (2 * a / y, 2 * b / y), "a at a = 3, b = 4 is twice"),
        (lambda xp, y, a, b: (a / y, -b / y), "b at a = 3, b = 4 has the wrong sign"),
        (lambda xp, y, a, b: (xp.abs(a) / y, b / y), "a at a = -5, b = 12 has the wrong sign"),
        (_by_math, "does not run on letters"),
    ],
    "5.3": [
        ((0, 1, 0, 1), "a dictionary with the names"),
        ({"abs": 0, "line": 0}, "no answer yet for same, line measured"),
        (_answer(abs=1), "slope on the right"),
        (_answer(abs=-1), "slope on the left"),
        (_answer(abs=0.5), "`abs` is too large"),
        (_answer(same=(1, 0)), "`same` should be one number"),
        (_answer(same=0), "you have the second part alone"),
        (_answer(same=0.5), "measured for one of two arguments"),
        (_answer(same=2), "does not pay twice"),
        (_answer(line=1), "asks it twice at 0"),
        (_answer(line=0.5), "of one relu; backward"),
        (_answer(**{"line measured": 0}), "knows no rules"),
        (_answer(**{"line measured": 0.5}), "that is one relu"),
        (_answer(**{"line measured": 2}), "twice the step"),
    ],
}
BLANK: dict[str, Any] = {"5.1": None, "5.2": lambda xp, y, a, b: None, "5.3": {}}
