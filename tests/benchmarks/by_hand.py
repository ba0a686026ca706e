"""Each workload in plain NumPy, its backward pass by hand: what the arithmetic on arrays costs without an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.benchmarks.by_hand_block import block
from tests.benchmarks.by_hand_deep import cnn, rnn
from tests.benchmarks.by_hand_parts import cross_entropy, trained
from tests.benchmarks.starts import Array, Program, Start


def program(kind: str, start: Start) -> Program:
    return PROGRAMS[kind](start)


def moons(start: Start) -> Program:
    parameters, (X, y) = list(start.parameters.values()), start.data.values()

    def loss_and_grads() -> tuple[Any, list[Array]]:
        acts = forward(parameters, X)
        shortfall = 1 - y * acts[-1][:, 0]
        loss = np.maximum(shortfall, 0).mean() + 1e-4 * sum(np.vdot(p, p) for p in parameters)
        g = np.where(shortfall > 0, y, 0) * (-1 / len(y))
        grads = backward(parameters, acts, g[:, None])
        for p, d in zip(parameters, grads):
            d += 2e-4 * p
        return loss, grads

    return trained(parameters, loss_and_grads, start.rate)


def mlp(start: Start) -> Program:
    parameters, (X, y) = list(start.parameters.values()), start.data.values()

    def loss_and_grads() -> tuple[Any, list[Array]]:
        acts = forward(parameters, X)
        loss, g = cross_entropy(acts[-1], y)
        return loss, backward(parameters, acts, g)

    return trained(parameters, loss_and_grads, start.rate)


def forward(parameters: Sequence[Array], x: Array) -> list[Array]:
    """The input and what each layer of an MLP makes of it."""
    acts = [x]
    for i in range(0, len(parameters), 2):
        x = x @ parameters[i].T
        x += parameters[i + 1]
        if i + 2 < len(parameters):
            np.maximum(x, 0, out=x)
        acts.append(x)
    return acts


def backward(parameters: Sequence[Array], acts: Sequence[Array], g: Array) -> list[Array]:
    """The gradient of each parameter, from dL/d(output) on."""
    grads: list[Array] = []
    for i in reversed(range(len(acts) - 1)):
        grads += [g.sum(axis=0), g.T @ acts[i]]
        if i > 0:
            g = g @ parameters[2 * i]
            g *= acts[i] > 0
    return grads[::-1]


def composite(start: Start) -> Program:
    (x,) = start.parameters.values()
    a, c = 0.044715, 0.79788456

    def loss_and_grads() -> tuple[Any, list[Array]]:
        square = x * x
        t = square * a
        t += 1
        t *= x
        t *= c
        np.tanh(t, out=t)  # y = 0.5 x (1 + t)
        g = 0.5 * x
        loss = np.vdot(g, t) + g.sum()
        g *= 1 - t * t
        square *= 3 * a * c
        square += c
        g *= square
        t += 1
        t *= 0.5
        g += t
        g /= x.size
        return loss / x.size, [g]

    return trained([x], loss_and_grads, start.rate)


def add(start: Start) -> Program:
    a, b = start.parameters.values()

    def step(k: int) -> None:
        np.add(a, b)

    return Program(step, lambda: [np.add(a, b)])


def add_and_back(start: Start) -> Program:
    (a, b), ones = start.parameters.values(), start.data["ones"]
    grads: list[Array] = []

    def step(k: int) -> None:
        np.add(a, b)
        grads[:] = ones.copy(), ones.copy()

    return Program(step, lambda: grads)


PROGRAMS: dict[str, Callable[[Start], Program]] = {
    "moons": moons,
    "mlp": mlp,
    "cnn": cnn,
    "block": block,
    "composite": composite,
    "add": add,
    "add and back": add_and_back,
    "rnn": rnn,
}
