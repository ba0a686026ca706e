"""Lesson 3: seven gradients by hand, the slopes of a neuron's parameters, and whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose, tanh
from typing import Any

import ops
from lessons.check import Hint, exercise, expect_close, expect_function, one_number
from scalar import Value

EDGES = [("z", "v", "s"), ("z", "s", "v"), ("v", "u", ""), ("v", "r", ""), ("u", "p", "q"), ("u", "q", "p")]


@exercise("3.1")
def seven_gradients(z: Any) -> None:
    """The `.grad` of every node of z = (p q + r) s, judged from the result down, so that one slip is told once."""
    if not isinstance(z, Value):
        raise Hint("Give check the node z, with its gradients filled.")
    nodes = {node.label: node for node in ops.topological(z)}
    if set(nodes) != set("pqrsuvz"):
        raise Hint("The graph is not the one of the exercise any more; run the cell that makes it again.")
    for label, node in reversed(nodes.items()):
        if type(node.grad) is int and node.grad == 0:
            raise Hint(f"{label}.grad is not filled yet.")
    expect_close(nodes["z"].grad, 1.0, "z.grad, the slope of z with itself,")
    for user, label, other in EDGES:
        _judge(nodes, user, label, other)


def _judge(nodes: Mapping[str, Any], user: str, label: str, other: str) -> None:
    """The edge from a node that is right to one of its arguments; other: the other factor, if it is a product."""
    g, own = nodes[user].grad, nodes[label].data
    local = nodes[other].data if other else 1.0
    edge = f"on the edge from {user} to {label}"
    seen = one_number(nodes[label].grad, f"{label}.grad")
    if isclose(seen, g * local):
        return
    if isclose(seen, g + local):
        raise Hint(f"{label}.grad is off {edge}: two slopes that follow each other are not added.")
    if isclose(seen, local):
        raise Hint(f"{label}.grad is off {edge}: what has arrived at {user} does not stand in it.")
    if isclose(seen, g * own):
        raise Hint(f"{label}.grad is off {edge}: it holds the number of {label} itself; nudge {label} and see.")
    expect_close(seen, g * local, f"{label}.grad, {edge},")


CASES = [(2.0, 0.5, -0.3, 0.7, 0.1), (-1.0, 3.0, 0.4, 0.2, -0.5), (0.7, -1.3, 0.9, 0.6, 0.2)]


@exercise("3.2")
def slopes_of_a_neuron(slopes: Any) -> None:
    """do/dw1, do/dw2 and do/db on three neurons."""
    expect_function(slopes, "parameter_slopes(x1, x2, w1, w2, b)")
    for case in CASES:
        seen = slopes(*case)
        if seen is None or seen is ...:
            raise Hint("Your function returns nothing yet.")
        if not isinstance(seen, list | tuple) or len(seen) != 3:
            raise Hint("Return three slopes, with w1, w2 and b.")
        for i, name in enumerate(("w1", "w2", "b")):
            _judge_slope(one_number(seen[i], f"do/d{name}"), i, name, case)


def _judge_slope(seen: float, i: int, name: str, case: tuple[float, ...]) -> None:
    x1, x2, w1, w2, b = case
    n = x1 * w1 + x2 * w2 + b
    g = 1 - tanh(n) ** 2
    local = (x1, x2, 1.0)[i]
    if isclose(seen, g * local):
        return
    if isclose(seen, local):
        raise Hint(f"do/d{name} is right up to n, but the edge from o to n is missing: what does tanh do to a slope?")
    if isclose(seen, (1 - n * n) * local):
        raise Hint(
            f"do/d{name} is off on the edge from o to n: which of the two is squared, the tanh's input or output?"
        )
    if isclose(seen, tanh(n) * local):
        raise Hint(f"do/d{name} is off on the edge from o to n: that is the output of tanh, not its slope.")
    if isclose(seen, (1 - tanh(n)) * local):
        raise Hint(f"do/d{name} is off on the edge from o to n: compare your slope of tanh with the measured one.")
    if i < 2 and isclose(seen, g * (w1, w2)[i]):
        raise Hint(f"do/d{name} holds {name} itself, on the edge from the product to {name}: nudge {name} and see.")
    expect_close(seen, g * local, f"do/d{name}")


@exercise("3.3")
def order_of_turns(order: Any) -> None:
    """Each of y, v, w and u once, a node after the one that uses it."""
    if isinstance(order, list | tuple) and list(order) == [...]:
        raise Hint("There is no answer yet: replace the `...`.")
    if not isinstance(order, list | tuple) or not all(isinstance(label, str) for label in order):
        raise Hint('Give a list of labels, such as ["u", "v"].')
    user_of = {"y": "", "v": "y", "w": "y", "u": "v"}
    for k, label in enumerate(order):
        if label not in user_of:
            raise Hint(f"{label!r} has no arguments to send to." if label in "pqrs" else f"There is no node {label!r}.")
        if label in order[:k]:
            raise Hint(f"{label} has two turns, so its arguments are sent everything twice.")
        if user_of[label] and user_of[label] not in order[:k]:
            raise Hint(f"At the turn of {label} its own gradient is still 0: the node that uses it has not sent yet.")
    if left := [label for label in user_of if label not in order]:
        raise Hint(f"{' and '.join(left)} never {'has a turn' if len(left) == 1 else 'have turns'}.")
