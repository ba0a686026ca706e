"""Lesson 8: shapes and node counts foretold, and what one element of a product sends to the weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lessons.check import Hint, exercise, expect_close, expect_function


class Case(NamedTuple):
    """What a line makes; hints: what a wrong count of Values may come from, by the count."""

    line: str
    shape: tuple[int, ...]
    nodes: int
    values: int
    hints: dict[int, str]


_LEAVES = "has no leaves in it; a number that is given is a Value too"
_AGAIN = "counts a leaf twice that is used twice"
_MANY = "has an addition too many for each sum"
_FEW = "has one Value for a sum, which is made of many"
_PRODUCTS = "has the multiplications and no additions"
_EITHER = "leaves out either the leaves or the squares"
_ROWS = "counts v once for each row; it is used again, not made again"
_MOVED = "counts Values that were only moved"
CASES = {
    "a": Case("A @ B", (4, 5), 3, 127, {100: _LEAVES, 147: _MANY, 47: _FEW, 87: _PRODUCTS}),
    "b": Case("A + v", (4, 3), 3, 27, {12: _LEAVES, 24: "leaves v out", 36: _ROWS}),
    "c": Case("A.mT", (3, 4), 2, 12, {0: _LEAVES, 24: _MOVED}),
    "d": Case("A.sum(axis=0)", (3,), 2, 21, {9: _LEAVES, 24: _MANY, 15: _FEW}),
    "e": Case("(A * A).sum()", (), 3, 35, {23: _EITHER, 47: _AGAIN, 36: _MANY, 25: _FEW}),
}


@exercise("8.1")
def foretold(predicted: Any) -> None:
    """Shape, Tensor nodes and Values of five lines."""
    if not isinstance(predicted, dict):
        raise Hint("Give a dictionary with an entry for each of the letters a to e.")
    for letter, case in CASES.items():
        _expect_case(f"Case ({letter}), {case.line}", case, predicted.get(letter))


def _expect_case(where: str, case: Case, seen: Any) -> None:
    if seen is None or seen is ...:
        raise Hint(f"{where}: there is no answer yet.")
    if not isinstance(seen, tuple | list) or len(seen) != 3:
        raise Hint(f"{where}: give three things, the shape, the Tensor nodes and the Values.")
    shape, nodes, values = seen
    if not isinstance(shape, tuple | list):
        raise Hint(f"{where}: a shape is a tuple, as in (7,) with its comma; yours is of type {type(shape).__name__}.")
    if tuple(shape) != case.shape:
        raise Hint(f"{where}: {_about_shape(tuple(shape), case.shape)}.")
    if nodes != case.nodes:
        raise Hint(f"{where}: {_about_nodes(nodes, case)}.")
    if values != case.values:
        raise Hint(f"{where}: {_about_values(values, case)}.")


def _about_shape(seen: tuple[Any, ...], wanted: tuple[int, ...]) -> str:
    if seen == wanted[::-1]:
        return "the shape has the right sizes in the wrong order"
    if len(seen) != len(wanted):
        return f"the shape has {'too many' if len(seen) > len(wanted) else 'too few'} numbers in it"
    return "a size in the shape is off"


def _about_nodes(seen: Any, case: Case) -> str:
    leaves = len(set("ABv") & set(case.line))
    if seen == case.nodes - leaves:
        return "the count of Tensor nodes leaves the arrays out that are given"
    if seen == case.nodes + 1 and case.line.count("A") == 2:
        return f"the count of Tensor nodes {_AGAIN}"
    return "the count of Tensor nodes is off; draw the graph in your mind, one node for each array, however large"


def _about_values(seen: Any, case: Case) -> str:
    if said := case.hints.get(seen):
        return f"the count of Values {said}"
    try:
        expect_close(seen, case.values, "the count of Values", tolerance=0)
    except Hint as hint:
        return str(hint).rstrip(".")
    return "the count of Values is off"


@exercise("8.2")
def sent_by_one_element(sent: Any) -> None:
    """For products of several shapes, whichever element sends."""
    expect_function(sent, "sent_to_W(X, G, i, j)")
    for points, inputs, neurons, i, j in ((2, 3, 2, 1, 0), (1, 4, 3, 0, 2), (5, 2, 4, 3, 1)):
        rng = np.random.default_rng(points)
        X, G = rng.normal(size=(points, inputs)), rng.normal(size=(points, neurons))
        where = f"For X of shape {X.shape}, G of shape {G.shape} and element ({i}, {j})"
        theirs = X.copy(), G.copy()
        _expect_sent(where, sent(*theirs, i, j), X, G, i, j)
        if not (np.array_equal(X, theirs[0]) and np.array_equal(G, theirs[1])):
            raise Hint(f"{where}: the result is right, but your function has changed X or G.")


def _expect_sent(where: str, seen: Any, X: Any, G: Any, i: int, j: int) -> None:
    if seen is None or seen is ...:
        raise Hint(f"{where}: there is no answer yet.")
    seen, wanted = np.asarray(seen, float), np.zeros((X.shape[1], G.shape[1]))
    wanted[:, j] = X[i] * G[i, j]
    if seen.shape != wanted.shape:
        raise Hint(f"{where}: W has shape {wanted.shape}, and what you send has {seen.shape}.")
    if np.allclose(seen, wanted):
        return
    if np.allclose(seen, X.T @ G):
        raise Hint(f"{where}: this is what all elements send together.")
    if np.delete(seen, j, axis=1).any():
        raise Hint(f"{where}: something arrives in a column that this element was not made of.")
    if np.allclose(seen[:, j], X[i]):
        raise Hint(f"{where}: these are the local slopes, which nothing has multiplied yet.")
    k = int(np.argmax(~np.isclose(seen[:, j], wanted[:, j])))
    expect_close(seen[k, j], wanted[k, j], f"{where}: the number sent to W[{k}, {j}]", tolerance=1e-8)
