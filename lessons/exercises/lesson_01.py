"""Lesson 1: a central difference, the slope for each of several inputs, and the nudges that raise a result most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, exp, isclose, sin
from typing import Any

from lessons.check import Hint, exercise, expect_close, expect_function, one_number

FUNCTIONS = [
    ("x * x", lambda x: x * x, 3.0, 6.0),
    ("sin(x)", sin, 1.0, cos(1.0)),
    ("exp(x)", exp, 2.0, exp(2.0)),
    ("1 / x", lambda x: 1 / x, 0.5, -4.0),
    ("x ** 3", lambda x: x**3, -1.5, 6.75),
]


@exercise("1.1")
def central_difference(slope: Any) -> None:
    """Within 1e-8 of the slope on five functions."""
    expect_function(slope, "slope(f, x)")
    for name, f, x, wanted in FUNCTIONS:
        where, asked = f"{name} at {x}", []
        seen = one_number(slope(lambda at, f=f, asked=asked: asked.append(at) or f(at), x), f"The slope of {where}")
        if not isclose(seen, wanted, rel_tol=1e-8, abs_tol=1e-8):
            raise Hint(_why(seen, wanted, where, x, asked))


def _why(seen: float, wanted: float, where: str, x: float, asked: Sequence[float]) -> str:
    h = max((abs(at - x) for at in asked), default=0.0)
    if not h:
        return f"For {where}, f was never asked at another point than x."
    if isclose(seen, 2 * h * wanted, rel_tol=0.05):
        return f"For {where}, you gave how far f moved; a slope is that per unit of x."
    if isclose(seen, h * h * wanted, rel_tol=0.05):
        return f"For {where}, the step multiplies where it should divide: look at the brackets."
    expect_close(seen, wanted, f"The slope of {where}", tolerance=0.05)
    if min(asked) >= x or max(asked) <= x:
        return f"For {where}, f was asked on one side of x only, and how it bends stays in the result."
    if h > 1e-6:  # the best step is a few 1e-6
        return f"For {where}, your step of {h:.1g} is too long: f bends on the way."
    return f"For {where}, your step of {h:.1g} is too short: rounding is all that is left of the difference."


FORMULAS: list[tuple[str, Callable[..., float], list[float], dict[str, float]]] = [
    ("a * b + c", lambda a, b, c: a * b + c, [2.0, -3.0, 10.0], {"a": -3.0, "b": 2.0, "c": 1.0}),
    ("u * v * v", lambda u, v: u * v * v, [3.0, 2.0], {"u": 4.0, "v": 12.0}),
    ("x * x", lambda x: x * x, [5.0], {"x": 10.0}),
]


@exercise("1.2")
def slope_for_each_input(slopes: Any) -> None:
    """Within 1e-6, for three formulas of three, two and one inputs."""
    expect_function(slopes, "slopes(f, inputs)")
    for name, f, inputs, wanted in FORMULAS:
        given, asked = list(inputs), []
        seen = slopes(lambda *at, f=f, asked=asked: asked.append(at) or f(*at), given)
        _compare_slopes(name, seen, wanted, _company(inputs, asked), _side(inputs, asked))
        if given != inputs:
            raise Hint(f"The slopes of {name} are right, but your function has changed the list that it was given.")


def _compare_slopes(name: str, seen: Any, wanted: dict[str, float], company: str, side: str) -> None:
    if seen is None or seen is ...:
        raise Hint("slopes(f, inputs) has no answer yet.")
    if not isinstance(seen, list | tuple) or len(seen) != len(wanted):
        count = f"{len(seen)} of them" if isinstance(seen, list | tuple) else f"one {type(seen).__name__}"
        raise Hint(f"{name} has {len(wanted)} inputs, so give a list with a slope for each; yours is {count}.")
    for (letter, right), one in zip(wanted.items(), seen):
        for tolerance, why in ((0.05, company), (1e-6, company or side)):
            try:
                expect_close(one, right, f"The slope of {name} for {letter}", tolerance)
            except Hint as hint:
                raise Hint(f"{str(hint).rstrip('.')}{why}.") from None


def _company(inputs: Sequence[float], asked: Sequence[Sequence[float]]) -> str:
    """What the points at which f was asked say about a wrong slope."""
    moved = [sum(a != b for a, b in zip(inputs, at)) for at in asked]
    if max(moved, default=0) <= 1:
        return ""
    if 1 in moved:
        return "; an input still had its nudge when the turn of the next one came"
    return "; whenever you asked f, several inputs had moved at once"


def _side(inputs: Sequence[float], asked: Sequence[Sequence[float]]) -> str:
    moves = [a - b for at in asked for a, b in zip(at, inputs)]
    one_sided = min(moves, default=0) >= 0 or max(moves, default=0) <= 0
    return "; f was asked on one side of the inputs only" if one_sided else ""


@exercise("1.3")
def raising_nudges(nudges: Any) -> None:
    """The corner of the box in which a * b + c is largest."""
    if not isinstance(nudges, list | tuple) or len(nudges) != 3:
        raise Hint("Give three nudges, (da, db, dc).")
    slopes = {"a": -3.0, "b": 2.0, "c": 1.0}
    for (name, slope), nudge in zip(slopes.items(), nudges):
        size = one_number(nudge, f"The nudge of {name}")
        if abs(size) > 0.01 + 1e-12:
            raise Hint(f"The nudge of {name} is longer than 0.01.")
        if size * slope < 0:
            raise Hint(f"The nudge of {name} makes d smaller.")
        if not isclose(abs(size), 0.01):
            raise Hint(f"The nudge of {name} could do more within its 0.01.")
