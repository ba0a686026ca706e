"""Lesson 6: a network's size, a network that has learned four points, and a test for the forgotten zero_grad."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import ops
import scalar.nn
from lessons.check import Hint, exercise, expect_close, expect_function
from scalar import Value

INPUTS = ((2.0, 3.0, -1.0), (3.0, -1.0, 0.5), (0.5, 1.0, 1.0), (1.0, 1.0, -1.0))
TARGETS = (1.0, -1.0, -1.0, 1.0)
_POINTS = ((-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0))
_ANSWERS = (-1.0, 1.0, 1.0, -1.0)
Step = Callable[[Any, float], Any]


@exercise("6.1")
def network_is_counted(answer: Any) -> None:
    """41 parameters and, for one point, 72 results."""
    parameters, results = answer["parameters"], answer["results"]
    if parameters == 32:
        raise Hint("`parameters`: the weights are all there, but a neuron has something besides its weights.")
    expect_close(parameters, 41, "`parameters`")
    known = {
        32: "those are the products alone, or the sums alone",
        64: "those are the products and the sums, as if no neuron did anything after them",
        73: "one neuron is counted with a relu that it does not have",
    }
    if results in known:
        raise Hint(f"`results`: {known[results]}.")
    expect_close(results, 72, "`results`")


@exercise("6.2")
def four_points_are_learned(model: Any) -> None:
    """A model whose squared differences at the four points add up to less than 0.01."""
    if not callable(model):
        raise Hint(f"train() should return the model itself, and it returned a {type(model).__name__}.")
    outputs: list[Any] = [model(x) for x in INPUTS]
    _expect_values(model, outputs)
    numbers: list[float] = [y.data for y in outputs]
    if not all(map(isfinite, numbers)) or max(map(abs, numbers)) > 1e3:
        raise Hint("The outputs have run away to infinity: is the learning rate too large, or the update's sign wrong?")
    off = [(y - t) ** 2 for y, t in zip(numbers, TARGETS)]
    if sum(off) >= 0.01:
        raise Hint(_not_learned(numbers, off))


def _expect_values(model: Any, outputs: Sequence[Any]) -> None:
    if not all(isinstance(y, Value) for y in outputs):
        raise Hint(f"The model should give one Value for a point, and it gave a {type(outputs[0]).__name__}.")
    own = set(model.parameters()) if hasattr(model, "parameters") else set()
    if not own & set(ops.topological(outputs[0])):
        raise Hint("The outputs do not come from any parameter of the model.")


def _not_learned(numbers: Sequence[float], off: Sequence[float]) -> str:
    if len(set(numbers)) == 1:
        return "The model says the same at all four points: its relus have died; begin anew from another seed."
    worst = max(range(len(off)), key=off.__getitem__)
    return f"The loss is {sum(off):.3g}, most of it from point {worst}, where the model says {numbers[worst]:.3g}."


@exercise("6.3")
def forgetful_steps_are_found(answer: Any) -> None:
    """True for the steps that leave old gradients behind, False for those that do not."""
    expect_function(answer, "forgets(step, model)")
    for step, forgets, what in _STEPS:
        random.seed(1)
        said = answer(step, scalar.nn.MLP(2, [4, 1]))
        if said is None or said is ...:
            raise Hint("forgets returns nothing yet.")
        if bool(said) is not forgets:
            raise Hint(f"It says {bool(said)} of a step that {what}.")


def _backward(model: Any) -> None:
    sum([(model(x) - t) ** 2 for x, t in zip(_POINTS, _ANSWERS)], Value(0)).backward()


def _move(model: Any, lr: float) -> None:
    for p in model.parameters():
        p.data -= lr * p.grad


def _right(model: Any, lr: float) -> None:
    model.zero_grad()
    _backward(model)
    _move(model, lr)


def _forgetful(model: Any, lr: float) -> None:
    _backward(model)
    _move(model, lr)


def _cleared_at_the_end(model: Any, lr: float) -> None:
    _forgetful(model, lr)
    model.zero_grad()


def _only(chosen: Callable[[Any], Sequence[Value]]) -> Step:
    """A step that clears the chosen parameters alone."""

    def step(model: Any, lr: float) -> None:
        for p in chosen(model):
            p.grad = 0
        _forgetful(model, lr)

    return step


def _weights(model: Any) -> list[Value]:
    return [w for layer in model.layers for neuron in layer.neurons for w in neuron.w]


def _first_layer(model: Any) -> list[Value]:
    return model.layers[0].parameters()


_STEPS: tuple[tuple[Step, bool, str], ...] = (
    (_right, False, "sets all gradients to zero before it goes backward"),
    (_forgetful, True, "never sets a gradient to zero"),
    (_cleared_at_the_end, False, "sets all gradients to zero after its update"),
    (_only(_weights), True, "sets the gradients of the weights to zero, but not those of the biases"),
    (_only(_first_layer), True, "sets the gradients of the first layer to zero, but not those of the last"),
)
