"""Lesson 4: faults found from what they do, an order without recursion, and a test that is tested itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lessons import faults
from lessons.check import Hint, exercise, expect_function
from lessons.faults import Engine

_GUILTY = {"A": "stale gradients", "B": "wrong order", "C": "missing +="}


def suspects() -> Iterator[Engine]:
    """Three broken engines, whose faults exercise 4.1 asks for."""
    for name in _GUILTY.values():
        with faults.plant(name) as engine:
            yield engine


def _sum(engine: Engine) -> float:
    a = engine.Value(3.0)
    (a + a).backward()
    return a.grad


def _diamond(engine: Engine) -> float:
    a = engine.Value(3.0)
    b = a + a
    (b + (b + a)).backward()
    return a.grad


def _twice(engine: Engine) -> float:
    x = engine.Value(3.0)
    y = x * x * x
    y.backward()
    y.backward()
    return x.grad


def _difference(engine: Engine) -> float:
    a, b = engine.Value(3.0), engine.Value(2.0)
    (a - b).backward()
    return b.grad


def _product(engine: Engine) -> float:
    a, b = engine.Value(3.0), engine.Value(2.0)
    (a * b).backward()
    return a.grad


def _relu(engine: Engine) -> float:
    x = engine.Value(-3.0)
    (x * x + x.relu()).backward()
    return x.grad


def _tanh(engine: Engine) -> float:
    x = engine.Value(0.0)
    x.tanh().backward()
    return x.grad


# What each fault would show, and on what.
SYMPTOMS: dict[str, tuple[str, Callable[[Engine], float]]] = {
    "missing +=": ("a + a at 3 leaves a.grad", _sum),
    "wrong order": ("the graph of this lesson leaves a.grad", _diamond),
    "stale gradients": ("backward twice through x * x * x at 3 leaves x.grad", _twice),
    "wrong sign": ("a - b leaves b.grad", _difference),
    "partials swapped": ("a * b at 3 and 2 leaves a.grad", _product),
    "mutated saved data": ("x * x + x.relu() at -3 leaves x.grad", _relu),
    "re-wrapped data": ("x.tanh() at 0 leaves x.grad", _tanh),
}


@exercise("4.1")
def culprits(found: Any) -> None:
    """The fault of each of the three suspects, by name."""
    if not isinstance(found, dict):
        raise Hint('Give a dict with a name for each letter, such as {"A": "wrong sign"}.')
    for (letter, guilty), engine in zip(_GUILTY.items(), suspects()):
        name = found.get(letter)
        if name is None or name is ...:
            raise Hint(f"Engine {letter} has no answer yet.")
        if name not in SYMPTOMS:
            raise Hint(f"Engine {letter}: {name!r} is not in the catalogue; the names are those of faults.SCALAR.")
        if name != guilty:
            raise Hint(_alibi(letter, name, engine))


def _alibi(letter: str, name: str, engine: Engine) -> str:
    """What the fault of that name would do, and what this engine does instead."""
    what, measured = SYMPTOMS[name]
    with faults.plant(name) as broken:
        would = measured(broken)
    return (
        f"Engine {letter} is not guilty of {name!r}: with it, {what} at {would:g}, and here it is {measured(engine):g}."
    )


class Node:
    """A node without numbers: what an order has to know."""

    def __init__(self, name: str, *args: Node):
        self.name, self.args = name, args


def _small() -> Node:
    a = Node("a")
    b = Node("b", a, a)
    return Node("e", b, Node("d", b, a))


def _chain(length: int) -> Node:
    node = Node("x0")
    for i in range(1, length):
        node = Node(f"x{i}", node, node)
    return node


@exercise("4.2")
def order_without_recursion(flat_order: Any) -> None:
    """Each node once and after its users, on the diamond, on its mirror image and on a chain of 5,000."""
    expect_function(flat_order, "flat_order(root)")
    b = Node("b", Node("a"))
    mirrored = Node("e", Node("d", b), b)
    for root in (_small(), mirrored, Node("alone"), _chain(12)):
        _judge_order(flat_order(root), root)
    chain = _chain(5000)
    try:
        row = flat_order(chain)
    except RecursionError:
        raise Hint("On a chain of 5,000 nodes your function still calls itself, too many times.") from None
    _judge_order(row, chain)


def _judge_order(row: Any, root: Node) -> None:
    if row is None or row is ...:
        raise Hint("Your function returns nothing yet.")
    if not isinstance(row, list | tuple) or not all(isinstance(node, Node) for node in row):
        raise Hint("Return a list of nodes.")
    if len(set(row)) < len(row):
        twice = next(node.name for i, node in enumerate(row) if node in row[:i])
        raise Hint(f"In your list for the root {root.name}, {twice} stands more than once.")
    place = {node: i for i, node in enumerate(row)}
    if root not in place:
        raise Hint(f"The root, {root.name}, is not in your list.")
    _judge_places(row, place)


def _judge_places(row: Sequence[Node], place: dict[Node, int]) -> None:
    if len(row) > 1 and not row[-1].name.startswith(("a", "x0")) and not row[0].args:
        raise Hint(f"Your list begins with {row[0].name} and ends with {row[-1].name}; who has to send first?")
    for node in row:
        for x in node.args:
            if x not in place:
                raise Hint(f"{x.name} is not in your list, though {node.name} is made of it.")
            if place[x] < place[node]:
                raise Hint(f"In your list {x.name} stands before {node.name}, which uses it.")


@exercise("4.3")
def a_test_of_engines(test: Any) -> None:
    """Passed by the sound engine, failed by all seven broken ones."""
    expect_function(test, "my_test(engine)")
    score = faults.score(test, faults.SCALAR)
    if score.problem:
        raise Hint(score.problem)
    if score.missed:
        count = len(faults.SCALAR)
        missed = "; ".join(map(faults.says, score.missed[:2]))
        more = f"; and {len(score.missed) - 2} more" if len(score.missed) > 2 else ""
        raise Hint(f"Your test catches {len(score.caught)} of {count} broken engines, but not these: {missed}{more}.")
