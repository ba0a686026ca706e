"""Lesson 4: wrong answers, each with a piece of its hint, and what the student's edition passes unanswered."""

from __future__ import annotations

from typing import Any

from scalar import Value


def _recursive(root: Any) -> Any:
    done: list[Any] = []

    def visit(node: Any) -> None:
        if node not in done:
            for x in node.args:
                visit(x)
            done.append(node)

    visit(root)
    return done[::-1]


def _not_turned(root: Any) -> Any:
    return _recursive(root)[::-1]


def _when_first_met(root: Any) -> Any:
    row: dict[Any, None] = {root: None}
    for node in (walk := [root]):
        new = [x for x in dict.fromkeys(node.args) if x not in row]
        row |= dict.fromkeys(new)
        walk += new
    return list(row)


def _every_visit(root: Any) -> Any:
    row = [root]
    for node in row:
        row += node.args
    return row


def _root_forgotten(root: Any) -> Any:
    return _recursive(root)[1:]


def _without_leaves(root: Any) -> Any:
    return [node for node in _recursive(root) if node.args]


def _returns_nothing(*_: Any) -> None:
    return None


def _only_sums(engine: Any) -> None:
    a = engine.Value(3.0)
    b = a + a
    (b + (b + a)).backward()
    assert a.grad == 5


def _too_strict(engine: Any) -> None:
    x = engine.Value(3.0)
    y = x * x * x
    y.backward()
    y.backward()
    assert x.grad == 27, "twice should leave 27"


def _the_real_one(engine: Any) -> None:
    _only_sums(type("Real", (), {"Value": Value}))


def _without_asking(engine: Any) -> None:
    a = engine.Value(3.0)
    (a + a).backward()


def _half(engine: Any) -> None:
    _only_sums(engine)
    a, b = engine.Value(2.0), engine.Value(5.0)
    (a * b - b).backward()
    assert (a.grad, b.grad) == (5, 1)


WRONG = {
    "4.1": [
        ({"A": "missing +=", "B": "wrong order", "C": "stale gradients"}, "with it, a + a at 3"),
        (
            {"A": "wrong order", "B": "missing +=", "C": "stale gradients"},
            "the graph of this lesson leaves a.grad at 3",
        ),
        ({"A": "stale gradients", "B": "missing +=", "C": "wrong order"}, "Engine B is not guilty"),
        ({"A": "stale gradients", "B": "wrong order", "C": "partials swapped"}, "a * b at 3 and 2"),
        ({"A": "wrong sign"}, "a - b leaves b.grad at 1, and here it is -1"),
        ({"A": "mutated saved data"}, "x.relu() at -3"),
        ({"A": "re-wrapped data"}, "x.tanh() at 0"),
        ({"A": "stale gradients", "B": "wrong order"}, "C has no answer"),
        ({"A": "a bug"}, "not in the catalogue"),
        (["stale gradients"], "Give a dict"),
    ],
    "4.2": [
        (_recursive, "still calls itself"),
        (_not_turned, "who has to send first"),
        (_when_first_met, "b stands before d"),
        (_every_visit, "more than once"),
        (_root_forgotten, "root, e, is not"),
        (_without_leaves, "a is not in your list, though"),
        (lambda root: root, "Return a list"),
        ([], "should be a function"),
    ],
    "4.3": [
        (_only_sums, "2 of 7"),
        (_half, "4 of 7"),
        (_too_strict, "twice should leave 27"),
        (_the_real_one, "never used the engine"),
        (_without_asking, "0 of 7"),
        (lambda: None, "TypeError"),
        (True, "should be a function"),
    ],
}
BLANK = {"4.1": {}, "4.2": _returns_nothing, "4.3": _returns_nothing}
