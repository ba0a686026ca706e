"""Each workload on MyGrad, with the layers and losses of its nnet."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.starts import Array, Program, Start


def program(kind: str, start: Start) -> Program:
    mygrad: Any = import_module("mygrad")
    parameters = [mygrad.tensor(x) for x in start.parameters.values()]
    if kind.startswith("add"):
        return add(mygrad, parameters, start, "back" in kind)
    peer, loss_of = peer_of(mygrad), peers.LOSSES[kind]

    def step(k: int) -> float:
        loss = loss_of(peer, parameters, start)
        loss.backward()
        for p in parameters:
            p.data -= start.rate(k) * p.grad
        return loss.item()

    return Program(step, lambda: [p.data for p in parameters])


def add(mygrad: Any, parameters: list[Any], start: Start, back: bool) -> Program:
    (a, b), ones = parameters, mygrad.tensor(start.data["ones"], constant=True)

    def step(k: int) -> None:
        _ = a + b  # recorded, then dropped

    def step_back(k: int) -> None:
        (a + b).backward(ones)

    return Program(step_back if back else step, lambda: [a.grad, b.grad] if back else [(a + b).data])


def peer_of(mygrad: Any) -> peers.Peer:
    nnet: Any = import_module("mygrad.nnet")

    def conv3x3(x: Any, filters: Any) -> Any:
        return nnet.conv_nd(x, filters, stride=1, padding=1)

    def pool2x2(x: Any) -> Any:
        return nnet.max_pool(x, (2, 2), 2)

    return peers.Peer(mygrad, nnet.relu, nnet.softmax_crossentropy, conv3x3, pool2x2, gauss_of())


def gauss_of() -> Any:
    """The normal distribution's cumulative function, which MyGrad lacks, as an operation of one's own."""
    from scipy.special import ndtr

    Operation: Any = import_module("mygrad.operation_base").Operation
    Tensor: Any = import_module("mygrad.tensor_base").Tensor

    class Gauss(Operation):
        def __call__(self, x: Any) -> Array:
            self.variables = (x,)
            return ndtr(x.data)

        def backward_var(self, grad: Array, index: int, **kwargs: Any) -> Array:
            x = self.variables[index].data
            return grad * np.exp(x * x * x.dtype.type(-0.5)) * x.dtype.type((2 * np.pi) ** -0.5)

    return lambda x: Tensor._op(Gauss, x)
