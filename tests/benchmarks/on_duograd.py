"""Each workload as duograd's users write it: modules, losses and optimisers of nn on Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import nn
import scalar.nn
from scalar import Value
from tensor import Tensor
from tests.benchmarks import number_by_number
from tests.benchmarks.starts import Program, Start


def program(kind: str, start: Start) -> Program:
    return PROGRAMS[kind](start)


def values(start: Start) -> Program:
    return number_by_number.program(scalar.nn.MLP, Value, start)


def value_arrays(start: Start) -> Program:
    return moons(start, "scalar")


def moons(start: Start, engine: str = "tensor") -> Program:
    nin, *nouts = start.sizes
    model = loaded(nn.MLP(nin, nouts, engine=engine), start)
    X, y = (nn.array(start.data[name], engine) for name in "Xy")
    parameters = model.parameters()

    def loss() -> Any:
        penalty = 1e-4 * sum((p * p).sum() for p in parameters)
        return nn.hinge_loss(model(X).squeeze(axis=1), y) + penalty

    return trained(parameters, loss, start)


def mlp(start: Start) -> Program:
    nin, *nouts = start.sizes
    return classifier(loaded(nn.MLP(nin, nouts), start), start)


def cnn(start: Start) -> Program:
    features = start.parameters["2.weight"].shape[1]
    layers = (nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    layers += (nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    return classifier(loaded(nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, 10)), start), start)


def classifier(model: Any, start: Start) -> Program:
    X, y = Tensor(start.data["X"]), start.data["y"]
    return trained(model.parameters(), lambda: nn.cross_entropy(model(X), y), start)


def block(start: Start) -> Program:
    X = Tensor(start.data["X"])
    model = loaded(nn.TransformerBlock(X.shape[-1], 4), start)
    return trained(model.parameters(), lambda: mean_square(model(X)), start)


def rnn(start: Start) -> Program:
    X = Tensor(start.data["X"])
    model = loaded(nn.RNN(X.shape[-1], X.shape[-1]), start)
    return trained(model.parameters(), lambda: mean_square(model(X)[0]), start)


def mean_square(y: Any) -> Any:
    return (y * y).mean()


def composite(start: Start) -> Program:
    x = Tensor(start.parameters["x"], requires_grad=True)
    return trained([x], lambda: (0.5 * x * (1 + (0.79788456 * (x + 0.044715 * (x * x * x))).tanh())).mean(), start)


def add(start: Start) -> Program:
    a, b = (Tensor(x, requires_grad=True) for x in start.parameters.values())

    def step(k: int) -> None:
        _ = a + b  # recorded, then dropped

    return Program(step, lambda: [(a + b).numpy()])


def add_and_back(start: Start) -> Program:
    a, b = (Tensor(x, requires_grad=True) for x in start.parameters.values())
    ones = Tensor(start.data["ones"])

    def step(k: int) -> None:
        a.grad = b.grad = None
        (a + b).backward(ones)

    return Program(step, lambda: [a.grad, b.grad])


def loaded(model: Any, start: Start) -> Any:
    """The module in the start's type and with its numbers, which stand in the order of the module's parameters."""
    model = model if model.engine == "scalar" else model.astype(start.dtype)
    for p, numbers in zip(model.parameters(), start.parameters.values(), strict=True):
        p.data = numbers
    return model


def trained(parameters: list[Any], loss_of: Callable[[], Any], start: Start) -> Program:
    optimizer = nn.SGD(parameters, lr=start.rate(0))

    def step(k: int) -> float:
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = start.rate(k)
        optimizer.step()
        return loss.item()

    return Program(step, lambda: [np.array(p.numpy()) for p in parameters])


PROGRAMS: dict[str, Callable[[Start], Program]] = {
    "values": values,
    "value arrays": value_arrays,
    "moons": moons,
    "mlp": mlp,
    "cnn": cnn,
    "block": block,
    "composite": composite,
    "add": add,
    "add and back": add_and_back,
    "rnn": rnn,
}
