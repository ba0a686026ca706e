"""The moons step as micrograd's demo writes it: a list of neurons, one point after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.benchmarks.starts import Array, Program, Start


def program(network: type, number: type, start: Start) -> Program:
    """network, number: the MLP and the Value of micrograd, or of a package that has its interface."""
    X, y = start.data["X"].tolist(), start.data["y"].tolist()
    nin, *nouts = start.sizes
    model: Any = network(nin, nouts)
    for p, numbers in zip(_by_layer(model), start.parameters.values(), strict=True):
        for value, x in zip(np.ravel(p), numbers.ravel()):
            value.data = float(x)

    def step(k: int) -> float:
        inputs = [list(map(number, row)) for row in X]
        losses: Any = [(1 + -yi * score).relu() for yi, score in zip(y, map(model, inputs))]
        loss: Any = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= start.rate(k) * p.grad
        return loss.data

    return Program(step, lambda: [np.vectorize(lambda value: value.data)(p) for p in _by_layer(model)])


def _by_layer(model: Any) -> Iterator[Array]:
    """The weights, then the biases of each layer, as arrays of its own nodes."""
    for layer in model.layers:
        yield _boxed([w for neuron in layer.neurons for w in neuron.w])
        yield _boxed([neuron.b for neuron in layer.neurons])


def _boxed(nodes: list[Any]) -> Array:
    boxes = np.empty(len(nodes), object)
    boxes[:] = nodes
    return boxes
