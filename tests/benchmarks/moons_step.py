"""One training step of the moons demo (forward, backward, SGD), on every engine that is installed.

Each candidate is a function of the step number that returns the loss; all start from the same numbers, so
all must return the same losses, which is checked at every turn.
"""

from __future__ import annotations

import gc
import importlib.util
import random
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import nn
import scalar.nn
from lessons import moons
from scalar import Value

Step = Callable[[int], float]
SEED = 1337


def number_by_number(network: type, number: type) -> Step:
    """The demo as micrograd writes it: a list of neurons, one point after the other."""
    X, y = moons.moons(100, SEED)
    random.seed(SEED)
    model: Any = network(*moons.SIZES)

    def step(k: int) -> float:
        inputs = [list(map(number, row)) for row in X]
        losses: Any = [(1 + -yi * score).relu() for yi, score in zip(y, map(model, inputs))]
        loss: Any = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= moons.learning_rate(k, 100) * p.grad
        return loss.data

    return step


def penalty(parameters: Iterable[Any]) -> Any:
    """1e-4 times the sum of squares."""
    return 1e-4 * sum((p * p).sum() for p in parameters)


def array_by_array(engine: str) -> Step:
    """The demo on whole arrays: the step of lessons.moons."""
    X, y = (nn.array(part, engine) for part in moons.moons(100, SEED))
    model = moons.starting_model(SEED, engine)
    optimizer = nn.SGD(model.parameters())

    def step(k: int) -> float:
        loss = nn.hinge_loss(model(X).squeeze(axis=1), y) + penalty(optimizer.parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = moons.learning_rate(k, 100)
        optimizer.step()
        return loss.item()

    return step


def pytorch() -> Step:
    """The same in PyTorch's eager mode, float64, one thread."""
    import torch

    torch.set_num_threads(1)
    X, y = map(torch.tensor, moons.moons(100, SEED))
    model = moons.torch_model(moons.starting_model(SEED, "tensor"))
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=1.0)

    def step(k: int) -> float:
        loss = (1 - y * model(X).squeeze(1)).relu().mean() + penalty(parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = moons.learning_rate(k, 100)
        optimizer.step()
        return loss.item()

    return step


def candidates() -> dict[str, Step]:
    """Every candidate whose package is installed."""
    found = {
        "Value": number_by_number(scalar.nn.MLP, Value),
        "ValueArray": array_by_array("scalar"),
        "Tensor": array_by_array("tensor"),
    }
    if importlib.util.find_spec("micrograd"):
        from micrograd import engine, nn as micrograd_nn  # type: ignore[import-not-found]

        found["micrograd"] = number_by_number(micrograd_nn.MLP, engine.Value)
    if importlib.util.find_spec("torch"):
        found["PyTorch"] = pytorch()
    return found


def measure(steps: Mapping[str, Step], turns: int, collect: bool) -> dict[str, list[float]]:
    """Seconds of each candidate's steps, turn by turn.

    collect: whether garbage is collected before each turn, off the clock, so that nobody pays for another's.
    """
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for k in range(turns):
        losses = {}
        for name, step in steps.items():
            if collect:
                gc.collect()
            start = time.perf_counter()
            losses[name] = step(min(k, 99))
            seconds[name].append(time.perf_counter() - start)
        assert max(losses.values()) - min(losses.values()) < 1e-9, losses
    return seconds


def report(turns: int = 20) -> str:
    """Medians, minima and maxima in milliseconds, and the ratios that the project promises."""
    steps = candidates()
    quick = {name: steps[name] for name in ("Tensor", "PyTorch") if name in steps}
    cold = table(measure(steps, turns, collect=True), {"Value": "micrograd", "ValueArray": "micrograd"})
    warm = table(measure(quick, 20 * turns, collect=False), {"Tensor": "PyTorch"})
    return f"one step of the moons demo, milliseconds: median (min to max) of {turns} turns\n{cold}\n\n" + (
        f"the quick ones alone, without a garbage collection before each turn, {20 * turns} turns\n{warm}"
    )


def table(seconds: Mapping[str, list[float]], against: Mapping[str, str]) -> str:
    medians = {name: 1e3 * statistics.median(values) for name, values in seconds.items()}
    lines = []
    for name, values in seconds.items():
        lines.append(f"  {name:<11}{medians[name]:>9.3f}  ({1e3 * min(values):.3f} to {1e3 * max(values):.3f})")
    for name, base in against.items():
        if base in medians:
            lines.append(f"  {name} is {medians[base] / medians[name]:.2f} times as fast as {base}")
    return "\n".join(lines)
