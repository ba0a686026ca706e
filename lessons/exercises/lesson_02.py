"""Lesson 2: a graph with a sum used twice, counts foretold, and a count of one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import isclose
from typing import Any

from lessons.check import Hint, exercise, expect_close, expect_function, one_number
from ops import topological
from scalar import Value


@exercise("2.1")
def shared_sum(build: Any) -> None:
    """Six nodes, eight edges, and at a = 2 and b = -5 the values -3, 9, -10 and 19."""
    expect_function(build, "build(a, b)")
    a, b = Value(2.0, label="a"), Value(-5.0, label="b")
    y = build(a, b)
    if y is None or y is ...:
        raise Hint("build(a, b) has no answer yet.")
    if not isinstance(y, Value):
        raise Hint(f"build(a, b) gave a {type(y).__name__}, which does not remember how it was made.")
    _expect_values(y)
    _expect_leaves(y, a, b)
    _expect_ops(y)


def _expect_values(y: Value) -> None:
    held = [node.data for node in topological(y)]
    for name, wanted in (("a + b", -3.0), ("(a + b)(a + b)", 9.0), ("ab", -10.0)):
        if not any(isclose(data, wanted) for data in held):
            raise Hint(f"With a = 2 and b = -5, no node of your graph has the value of {name}.")
    expect_close(y, 19.0, "With a = 2 and b = -5, the root")


def _expect_leaves(y: Value, a: Value, b: Value) -> None:
    for node in topological(y):
        if not node.args and node is not a and node is not b:
            raise Hint(f"The node that holds {node.data:g} remembers nothing: it is a leaf, but neither a nor b.")


def _expect_ops(y: Value) -> None:
    made = [node for node in topological(y) if node.args]
    for (name, _), times in Counter((node.op.name, node.args) for node in made).items():
        if times > 1:
            raise Hint(f"There are {times} nodes that do the same {name} of the same numbers.")
    wanted, seen = Counter(mul=2, add=1, sub=1), Counter(node.op.name for node in made)
    for name in [*(seen - wanted), *(wanted - seen)]:
        raise Hint(f"Of the op {name}, your graph has {seen[name]} and the formula {wanted[name]}.")


COUNTS = {
    "x + x": (2, 2),
    "3 * x": (3, 2),
    "x ** 3": (2, 1),
    "(x + y) * (x - y)": (5, 6),
    "x * x * x + 1": (5, 6),
}


@exercise("2.2")
def counts_foretold(counts: Any) -> None:
    """Nodes and edges of five formulas."""
    if not isinstance(counts, list | tuple) or counts[:1] == [...] or len(counts) != len(COUNTS):
        raise Hint("Give a list of five pairs, (nodes, edges) for each formula.")
    for (formula, pair), seen in zip(COUNTS.items(), counts):
        _compare(formula, seen, pair)


def _compare(what: str, seen: Any, wanted: tuple[int, int]) -> None:
    if not isinstance(seen, list | tuple) or len(seen) != 2:
        raise Hint(f"For {what}, give a pair: the number of nodes and the number of edges.")
    for name, count, right in zip(("nodes", "edges"), seen, wanted):
        difference = one_number(count, f"For {what}, the number of {name}") - right
        if difference:
            raise Hint(f"For {what}, you have too {'many' if difference > 0 else 'few'} {name}.")


def _leaf(x: Value, y: Value) -> Value:
    return x


def _sharing(x: Value, y: Value) -> Value:
    s = x + y
    return s * s - x * y


def _ladder(x: Value, y: Value) -> Value:
    for _ in range(12):
        x = x + x
    return x


GRAPHS: dict[str, tuple[Callable[[Value, Value], Value], tuple[int, int]]] = {
    "a single leaf": (_leaf, (1, 0)),
    "x + x": (lambda x, y: x + x, (2, 2)),
    "x * y + x": (lambda x, y: x * y + x, (4, 4)),
    "s * s - x * y, where s = x + y": (_sharing, (6, 8)),
    "a number that was doubled twelve times by x = x + x": (_ladder, (13, 24)),
}


@exercise("2.3")
def count_of_ones_own(count: Any) -> None:
    """Nodes and edges of graphs in which numbers are used more than once."""
    expect_function(count, "count_all(root)")
    for what, (build, wanted) in GRAPHS.items():
        seen = count(build(Value(3.0, label="x"), Value(2.0, label="y")))
        if seen is None or seen is ...:
            raise Hint("count_all(root) has no answer yet.")
        _compare(what, seen, wanted)
