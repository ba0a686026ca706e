"""Wrong answers to lesson 7, each with a fragment of the hint it must get."""

from __future__ import annotations

from typing import Any

from lessons.exercises.lesson_07 import TEN
from scalar import Value


def _step(
    zero: str = "first",
    share: bool = True,
    penalty: str = "once",
    update: str = "last",
    sign: float = 1.0,
    said: str = "loss",
) -> Any:
    """A step that goes point by point, and does one thing wrong."""

    def point_step(model: Any, xs: Any, ys: Any, lr: float) -> Any:
        total, parameters = 0.0, model.parameters()

        def move() -> None:
            for p in parameters:
                p.data -= sign * lr * p.grad

        if zero == "first":
            model.zero_grad()
        for x, c in zip(xs, ys):
            if zero == "each":
                model.zero_grad()
            hinge = (1 - c * model(x)).relu()
            (hinge / len(xs) if share else hinge).backward()
            total += hinge.data / len(xs) if said == "loss" else hinge.data
            if update == "each":
                move()
        if zero == "late":
            model.zero_grad()
        last = 1e-4 * sum([p * p for p in parameters], Value(0))
        if penalty == "once":
            last.backward()
        if update == "last":
            move()
        return total + (last.data if penalty != "forgotten" else 0)

    return point_step


def _all_at_once(model: Any, xs: Any, ys: Any, lr: float) -> float:
    hinges = [(1 - c * model(x)).relu() for x, c in zip(xs, ys)]
    loss = sum(hinges, Value(0)) / len(hinges) + 1e-4 * sum([p * p for p in model.parameters()], Value(0))
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return loss.data


def _losses(*first: float) -> Any:
    """A reproduction that begins with these losses."""
    return lambda steps: [*first, *TEN[len(first) :]]


WRONG: dict[str, list[tuple[Any, str]]] = {
    "7.1": [
        (0.895844, "should be a function"),
        (_all_at_once, "one at a time is asked"),
        (_step(penalty="forgotten"), "the penalty is not in it"),
        (_step(said="sum"), "the loss has their mean"),
        (_step(penalty="not backward"), "gradient of the penalty never arrived"),
        (_step(share=False), "instead of its share"),
        (_step(update="never"), "did not move"),
        (_step(sign=-1.0), "moved uphill"),
        (_step(zero="late"), "been set to zero after the points"),
        (_step(zero="each"), "the parameters moved elsewhere"),
        (_step(update="each"), "The loss that step 0 returns is too"),
        (_step(zero="never"), "something of step 0 is still there"),
    ],
    "7.2": [
        (0.0109784, "should be a function"),
        (lambda steps: 0.2704863, "yours returns one float"),
        (lambda steps: TEN[::9], "returned 2 losses"),
        (lambda steps: [*TEN, *TEN], "returned 20 losses"),
        (_losses(0.0109779), "The first loss is 0.010978: is the model new"),
        (lambda steps: [*TEN[1:], 0.25], "after the first update"),
        (_losses(TEN[0], 0.4726089, 0.4019950), "stays at 0.1"),
        (_losses(*TEN[:2], 0.7599827, 0.7577324), "stays at 1.0"),
        (_losses(*TEN[:2], 0.5994760, 0.5342148), "after ten steps"),
        (_losses(*TEN[:2], 0.7427255, 0.7705948), "that of step 2 is too small"),
    ],
    "7.3": [
        ((17968, 97, "b"), "a dictionary with the names"),
        ({"ten": 97}, "no answer yet for nodes, one"),
        ({"nodes": 17204.5, "ten": 97, "one": "b"}, "there once in any batch"),
        ({"nodes": 25350, "ten": 97, "one": "b"}, "share their parameters"),
        ({"nodes": 17968, "ten": 100, "one": "b"}, "batches of 100"),
        ({"nodes": 17968, "ten": 0.97, "one": "b"}, "not a share"),
        ({"nodes": 17968, "ten": 51, "one": "b"}, "over all 100 points"),
        ({"nodes": 17968, "ten": 97, "one": "a"}, "after with_batches(1)"),
        ({"nodes": 17968, "ten": 97, "one": "c"}, "are they smooth"),
        ({"nodes": 17968, "ten": 97, "one": "d"}, "one of the letters"),
    ],
}
BLANK: dict[str, Any] = {"7.1": lambda model, xs, ys, lr: None, "7.2": lambda steps: None, "7.3": {}}
