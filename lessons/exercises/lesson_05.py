"""Lesson 5: an op that passes every law, partials of two arguments, and what happens at a kink."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from lessons.check import Hint, exercise, expect_close, one_number
from ops.errors import DeclarationError
from ops.spec import Op
from scalar import Value, floats

_POINTS = (-2.0, -0.5, 0.0, 0.5, 2.0)


@exercise("5.1")
def softplus_passes_every_law(op: Any) -> None:
    """An op with the values and slopes of softplus, on both engines, that obeys every law and never overflows."""
    _expect_a_whole_op(op)
    for x in _POINTS:
        expect_close(_run(op, x), math.log1p(math.exp(x)), f"my_softplus({x})")
    for x in _POINTS:
        expect_close(_slope(op, x), 1 / (1 + math.exp(-x)), f"The slope that my_softplus sends back at x = {x}")
    _expect_arrays(op)
    _expect_no_overflow(op)
    _expect_laws(op)


def _expect_a_whole_op(op: Any) -> None:
    if not isinstance(op, Op):
        raise Hint(f"That is a {type(op).__name__}, not an operation: declare it with @ops.pointwise above its def.")
    if op.kind != "pointwise":
        raise Hint(f"It is declared as {op.kind}, but each output of softplus depends on one input alone.")
    if "partials" not in op.rules:
        raise Hint("It has a forward rule only: the partials rule is missing.")


def _run(op: Any, x: Any) -> Any:
    try:
        return op(x)
    except (TypeError, ValueError, AttributeError) as error:
        raise Hint(f"The forward rule stops on a {type(x).__name__} with {type(error).__name__}: {error}") from None


def _slope(op: Any, x: float) -> Any:
    v = Value(x)
    op(v).backward()
    return v.grad


def _expect_arrays(op: Any) -> None:
    from tensor import Tensor

    t = Tensor(_POINTS, requires_grad=True)
    try:
        op(t).sum().backward()
    except Exception as error:
        raise Hint(
            f"It runs on numbers but stops on arrays with {type(error).__name__}: does a rule take a function from "
            f"`math`, or ask for the sign of x with `if`?"
        ) from None


def _expect_no_overflow(op: Any) -> None:
    for x, wanted in ((1000.0, 1000.0), (-1000.0, 0.0)):
        if not math.isclose(y := _run(op, x), wanted, abs_tol=1e-9):
            raise Hint(f"my_softplus({x}) is {y}: an exponential on the way is too large for a float.")
        if not math.isclose(g := _slope(op, x), float(x > 0), abs_tol=1e-9):
            raise Hint(f"The slope at x = {x} is {g}: an exponential in the partials rule is too large for a float.")


def _expect_laws(op: Any) -> None:
    from tests.laws import LAWS

    for law in LAWS:
        if not law.applies(op) or not find_spec(law.needs):
            continue
        try:
            law.hold(op)
        except Exception:
            said = (law.hold.__doc__ or "").partition("\n")[0]
            raise Hint(f"Values and slopes agree to nine digits, but the law `{law.name}` is broken: {said}") from None


@exercise("5.2")
def distance_has_two_partials(rule: Callable[..., Any]) -> None:
    """dy/da and dy/db of the distance, at points in each quadrant."""
    for a, b in ((3.0, 4.0), (-5.0, 12.0), (8.0, -6.0)):
        found = rule(floats, math.hypot(a, b), a, b)
        if found is None or found is ...:
            raise Hint("The rule returns nothing yet.")
        _expect_a_pair(found)
        _expect_not_swapped(found, a, b)
        for name, partial, wanted in zip("ab", found, (a, b)):
            expect_close(partial, wanted / math.hypot(a, b), f"The partial for {name} at a = {a:g}, b = {b:g}")
    _expect_on_letters(rule)


def _expect_a_pair(found: Any) -> None:
    wanted = "The rule should return a tuple with two entries, one for each argument"
    if not isinstance(found, tuple):
        raise Hint(f"{wanted}; yours returns one {type(found).__name__}.")
    if len(found) != 2:
        raise Hint(f"{wanted}; yours has {len(found)}.")


def _expect_not_swapped(found: Any, a: float, b: float) -> None:
    y = math.hypot(a, b)
    if [*map(float, found)] == [b / y, a / y]:
        raise Hint(f"At a = {a:g}, b = {b:g} the entry for a is the one for b, and the other way round.")


def _expect_on_letters(rule: Callable[..., Any]) -> None:
    from ops.letters import LETTERS, letter

    try:
        rule(LETTERS, *map(letter, "yab"))
    except (TypeError, DeclarationError):
        raise Hint("Right on numbers, but it does not run on letters: take functions from xp, not math.") from None


_ADDS_UP = "both arguments are one node, so it has one gradient, the sum of what is sent to the first and to the second"
_CONVENTIONS: dict[str, dict[float, str]] = {
    "abs": {
        1: "that is the slope on the right; the card has a sentence about the kink itself",
        -1: "that is the slope on the left; the card has a sentence about the kink itself",
    },
    "same": {
        0: f"{_ADDS_UP}; you have the second part alone",
        0.5: f"that is what was measured for one of two arguments, but here {_ADDS_UP}",
        2: "a tie does not pay twice: the rule of maximum gives the whole gradient to one argument alone",
    },
    "line": {
        1: "that is the slope of the function, but backward only knows the rule of relu, and asks it twice at 0",
        0.5: "that is measured, and of one relu; backward asks the rule of relu, twice at 0",
        2: "each relu sends back what its rule says at 0, and you have counted the slopes on the right",
    },
    "line measured": {
        0: "that is what the rules say; `measured` knows no rules, it calls the function on both sides of 0",
        0.5: "that is one relu; `line` rises on both sides of 0",
        2: "the difference of the two values is divided by the distance between them, which is twice the step",
    },
}


@exercise("5.3")
def kinks_are_conventions(answer: Any) -> None:
    """What four rules send back where there is no slope."""
    names = ("abs", "same", "line", "line measured")
    if not isinstance(answer, dict) or set(answer) - set(names):
        raise Hint(f"The answer is a dictionary with the names {', '.join(names)}.")
    if missing := [name for name in names if name not in answer]:
        raise Hint(f"There is no answer yet for {', '.join(missing)}.")
    for name in names:
        for said, what in _CONVENTIONS[name].items():
            if one_number(answer[name], f"`{name}`") == said:
                raise Hint(f"`{name}`: {what}.")
    expect_close(answer["abs"], 0, "`abs`")
    expect_close(answer["same"], 1, "`same`")
    expect_close(answer["line"], 0, "`line`")
    expect_close(answer["line measured"], 1, "`line measured`")
