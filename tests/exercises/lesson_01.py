"""Lesson 1: wrong answers, each with a piece of its hint, and what the student's edition passes unanswered."""

from __future__ import annotations

from typing import Any


def _forward(f: Any, x: float, h: float = 1e-6) -> float:
    return (f(x + h) - f(x)) / h


def _central(f: Any, x: float, h: float = 1e-5) -> float:
    return (f(x + h) - f(x - h)) / (2 * h)


def _without_the_two(f: Any, x: float, h: float = 1e-5) -> float:
    return (f(x + h) - f(x - h)) / h


def _swapped(f: Any, x: float, h: float = 1e-5) -> float:
    return (f(x - h) - f(x + h)) / (2 * h)


def _undivided(f: Any, x: float, h: float = 1e-5) -> float:
    return f(x + h) - f(x - h)


def _without_brackets(f: Any, x: float, h: float = 1e-5) -> float:
    return (f(x + h) - f(x - h)) / 2 * h


def _of_one_function(f: Any, x: float) -> float:
    return 6 * x - 4


def _all_at_once(f: Any, inputs: list[float], h: float = 1e-5) -> list[float]:
    moved, back = [x + h for x in inputs], [x - h for x in inputs]
    return [(f(*moved) - f(*back)) / (2 * h) for _ in inputs]


def _never_put_back(f: Any, inputs: list[float], h: float = 1e-7) -> list[float]:
    found, base, inputs = [], f(*inputs), list(inputs)
    for i in range(len(inputs)):
        inputs[i] += h
        found.append((f(*inputs) - base) / h)
    return found


def _in_place(f: Any, inputs: list[float], h: float = 1e-5) -> list[float]:
    found = []
    for i in range(len(inputs)):
        inputs[i] += h
        up = f(*inputs)
        inputs[i] -= 2 * h
        found.append((up - f(*inputs)) / (2 * h))
        inputs[i] += h + 1e-12
    return found


def _only_the_first(f: Any, inputs: list[float], h: float = 1e-5) -> list[float]:
    return [_central(lambda x: f(x, *inputs[1:]), inputs[0], h)]


def _coarse(f: Any, inputs: list[float], h: float = 0.1) -> list[float]:
    return [_forward(lambda x, i=i: f(*inputs[:i], x, *inputs[i + 1 :]), inputs[i], h) for i in range(len(inputs))]


def _returns_nothing(*_: Any) -> None:
    return None


WRONG = {
    "1.1": [
        (_forward, "one side of x only"),
        (_without_the_two, "twice"),
        (_swapped, "wrong sign"),
        (_undivided, "per unit of x"),
        (_without_brackets, "brackets"),
        (_of_one_function, "never asked"),
        (lambda f, x: _central(f, x, 0.1), "too long"),
        (lambda f, x: _central(f, x, 1e-4), "too long"),
        (lambda f, x: _central(f, x, 1e-12), "too short"),
        (lambda f: f, "positional"),
        (14.0, "should be a function"),
    ],
    "1.2": [
        (_all_at_once, "at once"),
        (_never_put_back, "still had its nudge"),
        (_in_place, "changed the list"),
        (_only_the_first, "3 inputs"),
        (_coarse, "u * v * v for v is too large; f was asked on one side"),
        (lambda f, inputs: [-s for s in _coarse(f, inputs, 1e-7)], "a * b + c for a has the wrong sign."),
    ],
    "1.3": [
        ((0.01, 0.01, 0.01), "of a makes d smaller"),
        ((-0.01, 0.01, -0.01), "of c makes d smaller"),
        ((-3.0, 2.0, 1.0), "of a is longer"),
        ((-0.01, 0.005, 0.01), "of b could do more"),
        (0.01, "three nudges"),
    ],
}
BLANK = {"1.1": _returns_nothing, "1.2": _returns_nothing, "1.3": ...}
