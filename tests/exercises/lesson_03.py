"""Lesson 3: wrong answers, each with a piece of its hint, and what the student's edition passes unanswered."""

from __future__ import annotations

from math import tanh
from typing import Any

from scalar import Value

RIGHT = {"z": 1.0, "v": 2.5, "s": 2.0, "u": 2.5, "r": 2.5, "p": -10.0, "q": 3.75}


def _graph(gradients: dict[str, float]) -> Value:
    p, q, r, s = Value(1.5, "p"), Value(-4.0, "q"), Value(8.0, "r"), Value(2.5, "s")
    u = p * q
    v = u + r
    z = v * s
    u.label, v.label, z.label = "u", "v", "z"
    for node in (p, q, r, s, u, v, z):
        node.grad = gradients.get(node.label, 0)
    return z


def _off(**gradients: float) -> Value:
    return _graph(RIGHT | gradients)


def _neuron(x1: float, x2: float, w1: float, w2: float, b: float) -> tuple[float, float]:
    n = x1 * w1 + x2 * w2 + b
    return n, 1 - tanh(n) ** 2


def _without_tanh(x1: float, x2: float, w1: float, w2: float, b: float) -> Any:
    return x1, x2, 1.0


def _of_the_input(*case: float) -> Any:
    n, _ = _neuron(*case)
    return (1 - n * n) * case[0], (1 - n * n) * case[1], 1 - n * n


def _output_for_slope(*case: float) -> Any:
    n, _ = _neuron(*case)
    return tanh(n) * case[0], tanh(n) * case[1], tanh(n)


def _unsquared(*case: float) -> Any:
    n, _ = _neuron(*case)
    return (1 - tanh(n)) * case[0], (1 - tanh(n)) * case[1], 1 - tanh(n)


def _weights_for_inputs(*case: float) -> Any:
    _, g = _neuron(*case)
    return g * case[2], g * case[3], g


def _bias_for_one(*case: float) -> Any:
    _, g = _neuron(*case)
    return g * case[0], g * case[1], g * case[4]


def _inputs_as_well(*case: float) -> Any:
    _, g = _neuron(*case)
    return g * case[2], g * case[0], g * case[3], g * case[1], g


def _returns_nothing(*_: float) -> None:
    return None


WRONG = {
    "3.1": [
        (_graph({"z": 1.0}), ".grad is not filled"),
        (_off(z=6.0), "z.grad, the slope of z with itself"),
        (_off(v=2.0, s=2.5), "edge from z to v: it holds the number of v itself"),
        (_off(s=4.0), "edge from z to s, is twice"),
        (_off(s=2.5), "edge from z to s: it holds the number of s"),
        (_off(u=3.5), "edge from v to u: two slopes"),
        (_off(r=1.0), "edge from v to r: what has arrived at v"),
        (_off(p=-4.0), "edge from u to p: what has arrived at u"),
        (_off(p=-1.5), "edge from u to p: two slopes"),
        (_off(p=3.75, q=-10.0), "edge from u to p: it holds the number of p itself"),
        (_off(q=-3.75), "edge from u to q, has the wrong sign"),
        (3.0, "Give check the node z"),
    ],
    "3.2": [
        (_without_tanh, "what does tanh do to a slope"),
        (_of_the_input, "input or output"),
        (_output_for_slope, "not its slope"),
        (_unsquared, "the measured one"),
        (_weights_for_inputs, "holds w1 itself"),
        (_bias_for_one, "do/db is too small"),
        (_inputs_as_well, "three slopes"),
        ((1.0, 0.0, 0.5), "should be a function"),
    ],
    "3.3": [
        (["u", "v", "w", "y"], "turn of u its own gradient is still 0"),
        (["y", "v", "u"], "w never has a turn"),
        (["y"], "v and w and u never"),
        (["y", "v", "w", "u", "v"], "v has two turns"),
        (["y", "v", "w", "u", "p"], "'p' has no arguments"),
        (["o"], "no node 'o'"),
        ("yvwu", "list of labels"),
    ],
}
BLANK = {"3.1": _graph({}), "3.2": _returns_nothing, "3.3": [...]}
