"""Lesson 10: three broken engines told by their comparisons, and the nodes that a batch leaves on the scalar engine."""

from __future__ import annotations

from typing import Any

from lessons import faults, moons
from lessons.check import Hint, exercise, expect_close, expect_function

PLANTED = {"a": "transposed operand", "b": "mutated saved data", "c": "forgotten un-broadcast"}
_ONCE = "would not show here, since no node of this network is used twice"
NOT_HERE = {
    "missing +=": _ONCE,
    "wrong order": _ONCE,
    "re-wrapped data": "is about tanh, and this network has none",
}
SENDERS = {
    "wrong sign": "sub",
    "partials swapped": "mul",
    "sum for mean": "mean",
    "transposed operand": "matmul",
    "forgotten un-broadcast": "an op that broadcasts",
}


def evidence(letter: str) -> str:
    """The table of nodes, without the verdict, of a broken engine's comparison on six points of the moons."""
    X, y = moons.moons(6, seed=1337)
    with faults.plant(PLANTED[letter], engine="tensor") as engine:
        model = engine.nn.MLP(2, [4, 4, 1], rng=0)
        comparison = engine.viz.compare(model, X, y[:, None], engine.nn.hinge_loss)
    return comparison.text().split("\n\n")[1]


@exercise("10.1")
def found_faults(found: Any) -> None:
    """The names of the three faults."""
    if not isinstance(found, dict) or set(found) != set(PLANTED):
        raise Hint("Give a dictionary with an entry for each of the letters a, b and c.")
    for letter, planted in PLANTED.items():
        seen = found[letter]
        if seen is None or seen is ...:
            raise Hint(f"({letter}) has no answer yet.")
        if seen not in faults.TENSOR:
            raise Hint(f"({letter}): {seen!r} is not a name in the list; copy one from its left column.")
        if seen != planted:
            raise Hint(f"({letter}): {_why_not(letter, seen)}.")


def _why_not(letter: str, seen: str) -> str:
    if seen in NOT_HERE:
        return f"that fault {NOT_HERE[seen]}"
    if letter == "b":
        return "values differ already, before any gradient has been sent"
    if seen not in SENDERS:
        return "that fault would make values differ, and down the value column all agree"
    return f"going back from the loss, the first gradient that differs was not sent by {SENDERS[seen]}"


@exercise("10.2")
def nodes_of_a_batch(scalar_nodes: Any) -> None:
    """For one point, for a few and for a thousand."""
    expect_function(scalar_nodes, "scalar_nodes(n)")
    for n in (100, 1, 7, 1000):
        wanted, seen = 647 * n + 339, scalar_nodes(n)
        if seen in (wanted - 337, 647 * n):
            raise Hint(f"For {n} points: the parameters are Values too, however many points there are.")
        if n > 1 and seen == n * (647 + 339):
            raise Hint(f"For {n} points: the parameters are there once, not once for each point.")
        if n == 100 and seen is not None and seen != wanted and scalar_nodes(101) - seen == 647:
            raise Hint("Each further point adds the right number of nodes, but what is there once is miscounted.")
        expect_close(seen, wanted, f"The number of nodes for n = {n}", tolerance=0)
