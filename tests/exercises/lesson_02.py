"""Lesson 2: wrong answers, each with a piece of its hint, and what the student's edition passes unanswered."""

from __future__ import annotations

from typing import Any

from scalar import Value


def _negated(a: Any, b: Any) -> Any:
    s = a + b
    return a * b - s * s


def _with_a_power(a: Any, b: Any) -> Any:
    return (a + b) ** 2 - a * b


def _forgetful(a: Any, b: Any) -> Any:
    s = Value(a.data + b.data)
    return s * s - a * b


def _plain(a: Any, b: Any) -> float:
    return (a.data + b.data) ** 2 - a.data * b.data


def _every_path(root: Any) -> tuple[int, int]:
    below = [_every_path(arg) for arg in root.args]
    return 1 + sum(n for n, _ in below), len(below) + sum(e for _, e in below)


def _edges_as_a_set(root: Any) -> tuple[int, int]:
    nodes, edges, waiting = set(), set(), [root]
    while waiting:
        node = waiting.pop()
        if node not in nodes:
            nodes.add(node)
            edges.update((arg, node) for arg in node.args)
            waiting += node.args
    return len(nodes), len(edges)


def _without_the_root(root: Any) -> tuple[int, int]:
    nodes, waiting, edges = set(), list(root.args), len(root.args)
    while waiting:
        node = waiting.pop()
        if node not in nodes:
            nodes.add(node)
            edges += len(node.args)
            waiting += node.args
    return len(nodes), edges


def _one_floor(root: Any) -> tuple[int, int]:
    return 1 + len(set(root.args)), len(root.args)


def _only_nodes(root: Any) -> int:
    return _edges_as_a_set(root)[0]


def _returns_nothing(*_: Any) -> None:
    return None


WRONG = {
    "2.1": [
        (lambda a, b: (a + b) * (a + b) - a * b, "2 nodes that do the same add"),
        (lambda a, b: (a - b) * (a - b) - a * b, "the value of a + b"),
        (lambda a, b: (a + b) * 2 - a * b, "the value of (a + b)(a + b)"),
        (_negated, "wrong sign"),
        (_with_a_power, "op pow"),
        (_forgetful, "holds -3 remembers nothing"),
        (_plain, "gave a float"),
        (lambda a: a, "positional"),
    ],
    "2.2": [
        ([(3, 2), (3, 2), (2, 1), (5, 6), (5, 6)], "For x + x, you have too many nodes"),
        ([(2, 1), (3, 2), (2, 1), (5, 6), (5, 6)], "For x + x, you have too few edges"),
        ([(2, 2), (2, 1), (2, 1), (5, 6), (5, 6)], "For 3 * x, you have too few nodes"),
        ([(2, 2), (3, 2), (3, 2), (5, 6), (5, 6)], "For x ** 3, you have too many nodes"),
        ([(2, 2), (3, 2), (2, 1), (7, 6), (5, 6)], "For (x + y) * (x - y), you have too many nodes"),
        ([(2, 2), (3, 2), (2, 1), (5, 6), (5, 5)], "For x * x * x + 1, you have too few edges"),
        ([2, 3, 2, 5, 5], "give a pair"),
        ([(2, 2)], "five pairs"),
    ],
    "2.3": [
        (_every_path, "For x + x, you have too many nodes"),
        (_edges_as_a_set, "For x + x, you have too few edges"),
        (_without_the_root, "For a single leaf, you have too few nodes"),
        (_one_floor, "For x * y + x, you have too few nodes"),
        (_only_nodes, "give a pair"),
    ],
}
BLANK = {"2.1": _returns_nothing, "2.2": [...], "2.3": _returns_nothing}
