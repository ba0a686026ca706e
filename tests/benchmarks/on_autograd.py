"""Each workload on HIPS autograd, by `value_and_grad` of its loss."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.starts import Array, Program, Start


def program(kind: str, start: Start) -> Program:
    if kind.startswith("add"):
        return add(start, "back" in kind)
    autograd: Any = import_module("autograd")
    peer, parameters = peer_of(), list(start.parameters.values())
    value_and_grads = autograd.value_and_grad(lambda parameters: peers.LOSSES[kind](peer, parameters, start))

    def step(k: int) -> float:
        loss, grads = value_and_grads(parameters)
        for p, g in zip(parameters, grads):
            p -= start.rate(k) * g
        return loss.item()

    return Program(step, lambda: parameters)


def add(start: Start, back: bool) -> Program:
    """The sum recorded by make_vjp, the way that autograd has to record without going back."""
    autograd: Any = import_module("autograd")
    record = autograd.make_vjp(lambda pair: pair[0] + pair[1])
    pair, ones = tuple(start.parameters.values()), start.data["ones"]

    def step(k: int) -> None:
        record(pair)

    def step_back(k: int) -> None:
        record(pair)[0](ones)

    return Program(step_back if back else step, lambda: record(pair)[0](ones) if back else [record(pair)[1]])


def peer_of() -> peers.Peer:
    xp: Any = import_module("autograd.numpy")
    special: Any = import_module("autograd.scipy.special")

    def relu(x: Any) -> Any:
        return xp.maximum(x, 0)

    def cross_entropy(logits: Any, classes: Array) -> Any:
        log_p = logits - special.logsumexp(logits, axis=1, keepdims=True)
        return -xp.mean(log_p[np.arange(len(classes)), classes])

    def conv3x3(x: Any, filters: Any) -> Any:
        n, c, h, w = x.shape
        framed = xp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), "constant")
        parts = [framed[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)]
        rows = xp.transpose(xp.stack(parts), (1, 3, 4, 2, 0)).reshape(n * h * w, 9 * c)
        return xp.transpose((rows @ filters.reshape(-1, 9 * c).T).reshape(n, h, w, -1), (0, 3, 1, 2))

    def pool2x2(x: Any) -> Any:
        a, b, c, d = (x[:, :, i::2, j::2] for i in range(2) for j in range(2))
        return xp.maximum(xp.maximum(a, b), xp.maximum(c, d))

    def gauss(x: Any) -> Any:
        return 0.5 * (1 + special.erf(x * 0.5**0.5))

    return peers.Peer(xp, relu, cross_entropy, conv3x3, pool2x2, gauss)
