"""Lesson 7: a training step point by point, the two numbers of the demo, and batches."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isclose
from typing import Any
from unittest.mock import patch

import ops
from lessons import moons
from lessons.check import Hint, exercise, expect_close, expect_function, one_number
from scalar import Value
from scalar.nn import MLP

POINTS = 21  # of the hundred: enough to tell the right step from wrong ones, and quick
LARGE = 2500  # nodes: more than the graphs of one point and of the penalty together have
TEN = (  # the first losses of the demo
    *(0.8958441, 1.7235905, 0.7429006, 0.7705641, 0.3692793),
    *(0.3135455, 0.2814234, 0.2688873, 0.2567147, 0.2704863),
)
_RATES = {
    0.4726089: "a learning rate that stays at 0.1",
    0.7599827: "a learning rate that stays at 1.0",
    0.5994760: "a learning rate that has fallen to 0.1 after ten steps, where the demo takes a hundred",
}


@exercise("7.1")
def step_goes_point_by_point(answer: Any) -> None:
    """The loss and the gradients of the whole batch, twice in a row, from graphs of one point each."""
    expect_function(answer, "point_step(model, xs, ys, lr)")
    xs, ys = _points()
    mine, theirs = _network(), _network()
    for k, lr in enumerate((1.0, 0.5)):
        hinges, penalties = _gradients(mine, xs, ys)
        before = [p.data for p in theirs.parameters()]
        with _sizes() as sizes:
            said = answer(theirs, xs, ys, lr)
        _expect_loss(said, mine, xs, ys, k)
        _expect_small(sizes)
        moved = [(old - p.data) / lr for old, p in zip(before, theirs.parameters())]
        _expect_gradients(moved, hinges, penalties, mine, k)
        for p, old, a, b in zip(mine.parameters(), before, hinges, penalties):
            p.data = old - lr * (a + b)


def _points() -> tuple[list[list[float]], list[float]]:
    X, y = moons.moons(100, 1337)
    return X[:POINTS].tolist(), y[:POINTS].tolist()


def _network() -> MLP:
    random.seed(1337)
    return MLP(2, [16, 16, 1])


@contextmanager
def _sizes() -> Iterator[list[int]]:
    """The sizes of the graphs that go backward meanwhile."""
    sizes: list[int] = []
    backward = Value.backward

    def counted(root: Value, *args: Any, **kwargs: Any) -> None:
        sizes.append(len(ops.topological(root)))
        backward(root, *args, **kwargs)

    with patch.object(Value, "backward", counted):
        yield sizes


def _hinges(model: MLP, xs: Sequence[Any], ys: Sequence[float]) -> Value:
    return sum([(1 - c * model(x)).relu() for x, c in zip(xs, ys)], Value(0.0)) / len(xs)


def _penalty(model: MLP) -> float:
    return 1e-4 * sum(p.data**2 for p in model.parameters())


def _gradients(model: MLP, xs: Sequence[Any], ys: Sequence[float]) -> tuple[list[float], list[float]]:
    """Those of the mean hinge and those of the penalty; the model's own are left at zero."""
    _hinges(model, xs, ys).backward()
    found = [p.grad for p in model.parameters()]
    model.zero_grad()
    return found, [2e-4 * p.data for p in model.parameters()]


def _expect_loss(said: Any, model: MLP, xs: Sequence[Any], ys: Sequence[float], k: int) -> None:
    hinge, penalty = _hinges(model, xs, ys).data, _penalty(model)
    said = one_number(said, "What point_step returns")
    known = {
        hinge: "the penalty is not in it",
        hinge * len(xs) + penalty: "the hinges are added up, but the loss has their mean",
        hinge + penalty * len(xs): "the penalty is in it once for each point",
        penalty: "the hinges are not in it",
    }
    for number, what in known.items():
        if isclose(said, number, rel_tol=1e-9):
            raise Hint(f"The loss that step {k} returns is off: {what}.")
    expect_close(said, hinge + penalty, f"The loss that step {k} returns")


def _expect_small(sizes: Sequence[int]) -> None:
    if sizes and max(sizes) > LARGE:
        raise Hint(f"A graph of {max(sizes):,} nodes went backward, so many points are in it; one at a time is asked.")


def _expect_gradients(
    moved: Sequence[float], hinges: Sequence[float], penalties: Sequence[float], model: MLP, k: int
) -> None:
    """The change that was made, per unit of learning rate, is the gradient; what else it may be has a name."""
    whole = [a + b for a, b in zip(hinges, penalties)]
    known = {
        "the parameters did not move": [0.0] * len(whole),
        "the parameters moved uphill": [-g for g in whole],
        "the gradient of the penalty never arrived": hinges,
        "only the penalty's gradient was left, as if all gradients had been set to zero after the points": penalties,
        "each point went backward with its whole hinge instead of its share of the mean": [
            POINTS * a + b for a, b in zip(hinges, penalties)
        ],
    }
    if _close(moved, whole):
        return
    for what, gradients in known.items():
        if _close(moved, gradients):
            raise Hint(f"After step {k}: {what}.")
    if k == 0:
        raise Hint(
            "The loss is right, but the parameters moved elsewhere: are gradients set to zero, or parameters changed, "
            "before all points have gone backward?"
        )
    raise Hint("Step 0 is right and step 1 is not: something of step 0 is still there.")


def _close(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(isclose(x, y, rel_tol=1e-6, abs_tol=1e-9) for x, y in zip(a, b))


@exercise("7.2")
def demo_is_reproduced(answer: Any) -> None:
    """The losses of the demo's first ten steps, from a model of its own."""
    expect_function(answer, "reproduce(steps)")
    said = _ten_losses(answer(len(TEN)))
    if _same(said[0], TEN[1]):
        raise Hint("The first loss is that of after the first update: a step returns the loss it had before its own.")
    if not _same(said[0], TEN[0]):
        raise Hint(f"The first loss is {said[0]:.6f}: is the model new, and made right after random.seed(1337)?")
    for k, (loss, wanted) in enumerate(zip(said, TEN)):
        for other, what in _RATES.items():
            if _same(loss, other):
                raise Hint(f"The loss of step {k} is that of {what}.")
        expect_close(loss, wanted, f"Up to step {k - 1} the losses are right; that of step {k}", tolerance=1e-6)


def _ten_losses(said: Any) -> list[float]:
    if said is None or said is ...:
        raise Hint("reproduce returns nothing yet.")
    if not isinstance(said, list | tuple):
        raise Hint(f"reproduce should return the list of all losses, and yours returns one {type(said).__name__}.")
    if len(said) != len(TEN):
        raise Hint(f"reproduce({len(TEN)}) returned {len(said)} losses: it takes as many steps as it is told.")
    return [one_number(loss, f"The loss of step {k}") for k, loss in enumerate(said)]


def _same(a: float, b: float) -> bool:
    return isclose(a, b, abs_tol=1e-6)


@exercise("7.3")
def batches_are_understood(answer: Any) -> None:
    """17,968 nodes, 97 points right, and that batches of one do not learn at this rate."""
    if not isinstance(answer, dict) or set(answer) - {"nodes", "ten", "one"}:
        raise Hint("The answer is a dictionary with the names nodes, ten and one.")
    if missing := [name for name in ("nodes", "ten", "one") if name not in answer]:
        raise Hint(f"There is no answer yet for {', '.join(missing)}.")
    _expect_nodes(one_number(answer["nodes"], "`nodes`"))
    ten = one_number(answer["ten"], "`ten`")
    if ten == 100:
        raise Hint("`ten`: that is what batches of 100 reach.")
    if 0 < ten <= 1:
        raise Hint("`ten`: a count of points is asked, not a share.")
    if abs(ten - 97) > 1:
        raise Hint("`ten` is off: count with the model that with_batches(10) returns, over all 100 points.")
    _expect_letter(answer["one"])


def _expect_nodes(nodes: float) -> None:
    if nodes == 68818 / 4:
        raise Hint("`nodes`: a quarter of the points, but the parameters and the penalty are there once in any batch.")
    if nodes == 1014 * 25:
        raise Hint("`nodes`: twenty-five graphs, but they share their parameters.")
    expect_close(nodes, 17968, "`nodes`")


def _expect_letter(letter: Any) -> None:
    wrong = {
        "a": "`one`: how many of the 100 points are right after with_batches(1)?",
        "c": "`one`: plot the losses that with_batches(1) returns: are they smooth?",
    }
    if letter != "b":
        raise Hint(wrong.get(letter, "`one` should be one of the letters a, b and c."))
