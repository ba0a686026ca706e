"""Wrong answers to lesson 6, each with a fragment of the hint it must get."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import scalar.nn
from lessons.exercises.lesson_06 import INPUTS, TARGETS
from scalar import Value


def _trained(sizes: Sequence[int], seed: int, lr: float, steps: int) -> Any:
    random.seed(seed)
    model = scalar.nn.MLP(3, sizes)
    for _ in range(steps):
        loss = sum([(model(x) - t) ** 2 for x, t in zip(INPUTS, TARGETS)], Value(0))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= lr * p.grad
    return model


def _learned_by_heart(x: Sequence[float]) -> Any:
    return Value(TARGETS[INPUTS.index((x[0], x[1], x[2]))])


def _moves_between(step: Any, model: Any) -> bool:
    step(model, 0.1)
    first = [p.grad for p in model.parameters()]
    step(model, 0.1)
    return [p.grad for p in model.parameters()] != first


def _looks_at_one(step: Any, model: Any) -> bool:
    step(model, 0)
    first = model.parameters()[0].grad
    step(model, 0)
    return model.parameters()[0].grad != first


def _looks_at_the_first_layer(step: Any, model: Any) -> bool:
    step(model, 0)
    first = [p.grad for p in model.layers[0].parameters()]
    step(model, 0)
    return [p.grad for p in model.layers[0].parameters()] != first


def _any_gradient_doubles(step: Any, model: Any) -> bool:
    """Calls a gradient of zero, which is twice zero, an old one."""
    step(model, 0)
    first = [p.grad for p in model.parameters()]
    step(model, 0)
    return any(p.grad == 2 * g for p, g in zip(model.parameters(), first))


WRONG: dict[str, list[tuple[Any, str]]] = {
    "6.1": [
        ({"parameters": 32, "results": 72}, "besides its weights"),
        ({"parameters": 82, "results": 72}, "`parameters` is twice"),
        ({"parameters": 41, "results": 32}, "the products alone"),
        ({"parameters": 41, "results": 64}, "as if no neuron did anything"),
        ({"parameters": 41, "results": 73}, "a relu that it does not have"),
        ({"parameters": 41, "results": 113}, "`results` is too large"),
    ],
    "6.2": [
        (0.003, "it returned a float"),
        (_learned_by_heart, "do not come from any parameter"),
        (_trained([4, 4, 2], 2, 0, 0), "it gave a list"),
        (_trained([4, 4, 1], 2, 0, 0), "The loss is 39, most of it from point 0"),
        (_trained([4, 4, 1], 2, 0.02, 10), "The loss is 0.719, most of it from point 0"),
        (_trained([4, 4, 1], 2, -0.02, 20), "run away to infinity"),
        (_trained([4, 4, 1], 0, 0.1, 100), "relus have died"),
    ],
    "6.3": [
        (True, "should be a function"),
        (lambda step, model: False, "False of a step that never sets"),
        (_moves_between, "True of a step that sets all gradients to zero before it"),
        (_looks_at_one, "but not those of the biases"),
        (_looks_at_the_first_layer, "but not those of the last"),
        (_any_gradient_doubles, "True of a step that sets all gradients to zero after"),
    ],
}
BLANK: dict[str, Any] = {"6.1": {"parameters": ..., "results": ...}, "6.2": None, "6.3": lambda step, model: None}
