"""The numbers that all candidates of a workload start from: parameters in PyTorch's layouts, and one batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
SEED = 1337


class Start(NamedTuple):
    """parameters: by name, in the order in which a module lists them.  data: the batch.  rate: of SGD, by step."""

    parameters: Arrays
    data: Arrays
    rate: Callable[[int], float]

    @property
    def dtype(self) -> np.dtype[Any]:
        return next(iter(self.parameters.values())).dtype

    @property
    def sizes(self) -> list[int]:
        """The widths of an MLP: of its input, then of each layer."""
        weights = [p for p in self.parameters.values() if p.ndim == 2]
        return [weights[0].shape[1], *(w.shape[0] for w in weights)]


class Program(NamedTuple):
    """One candidate's step, a function of the step number, and what it has changed, in the start's order.

    step: returns the loss, or None where a workload has none.
    """

    step: Callable[[int], float | None]
    changed: Callable[[], Sequence[Any]]


def save(start: Start, path: Path) -> None:
    arrays = {f"p/{name}": x for name, x in start.parameters.items()} | {f"d/{k}": x for k, x in start.data.items()}
    np.savez(path, **arrays)  # type: ignore[arg-type]


def load(path: Path, rate: Callable[[int], float]) -> Start:
    with np.load(path) as file:
        return Start(_under("p/", file), _under("d/", file), rate)


def _under(head: str, file: Mapping[str, Array]) -> Arrays:
    return {name.removeprefix(head): x for name, x in file.items() if name.startswith(head)}


# what each workload draws


def moons() -> tuple[Arrays, Arrays]:
    """micrograd's demo: two moons of 100 points, and the weights that it draws after `random.seed(1337)`."""
    from sklearn.datasets import make_moons

    X, y = make_moons(n_samples=100, noise=0.1, random_state=SEED)
    random.seed(SEED)
    parameters: Arrays = {}
    for i, (n, m) in enumerate(((2, 16), (16, 16), (16, 1))):
        parameters[f"{i}.weight"] = np.array([[random.uniform(-1, 1) for _ in range(n)] for _ in range(m)])
        parameters[f"{i}.bias"] = np.zeros(m)
    return parameters, {"X": np.asarray(X), "y": np.asarray(y) * 2.0 - 1.0}


def mlp(sizes: Sequence[int], batch: int) -> tuple[Arrays, Arrays]:
    rng = np.random.default_rng(SEED)
    parameters: Arrays = {}
    for i, (n, m) in enumerate(pairwise(sizes)):
        parameters |= _linear(rng, str(i), n, m)
    return parameters, {"X": rng.normal(size=(batch, sizes[0])), "y": rng.integers(0, sizes[-1], batch)}


def cnn(side: int, batch: int = 64) -> tuple[Arrays, Arrays]:
    """side: of the images, which two poolings divide by four."""
    rng = np.random.default_rng(SEED)
    parameters: Arrays = {}
    for i, (n, m) in enumerate(((1, 16), (16, 32))):
        k = (9 * n) ** -0.5
        parameters[f"{i}.weight"], parameters[f"{i}.bias"] = rng.uniform(-k, k, (m, n, 3, 3)), rng.uniform(-k, k, m)
    parameters |= _linear(rng, "2", 32 * (side // 4) ** 2, 10)
    return parameters, {"X": rng.normal(size=(batch, 1, side, side)), "y": rng.integers(0, 10, batch)}


def block(width: int = 64, tokens: int = 32, batch: int = 16) -> tuple[Arrays, Arrays]:
    rng = np.random.default_rng(SEED)
    layers = (("in_proj", width, 3 * width), ("out_proj", width, width))
    layers += (("linear1", width, 4 * width), ("linear2", 4 * width, width))
    parameters: Arrays = {}
    for name, n, m in layers:
        parameters |= _linear(rng, name, n, m)
    for name in ("norm1", "norm2"):
        parameters |= {f"{name}.weight": np.ones(width), f"{name}.bias": np.zeros(width)}
    return parameters, {"X": rng.normal(size=(batch, tokens, width))}


def million() -> tuple[Arrays, Arrays]:
    return {"x": np.random.default_rng(SEED).normal(size=1_000_000)}, {}


def pair() -> tuple[Arrays, Arrays]:
    rng = np.random.default_rng(SEED)
    return {"a": rng.normal(size=64), "b": rng.normal(size=64)}, {"ones": np.ones(64)}


def rnn(width: int = 64, steps: int = 64, batch: int = 32) -> tuple[Arrays, Arrays]:
    rng = np.random.default_rng(SEED)
    k = width**-0.5
    parameters = {f"weight_{name}": rng.uniform(-k, k, (width, width)) for name in ("ih", "hh")}
    parameters |= {f"bias_{name}": rng.uniform(-k, k, width) for name in ("ih", "hh")}
    return parameters, {"X": rng.normal(size=(batch, steps, width))}


def _linear(rng: np.random.Generator, name: str, n: int, m: int) -> Arrays:
    k = n**-0.5
    return {f"{name}.weight": rng.uniform(-k, k, (m, n)), f"{name}.bias": rng.uniform(-k, k, m)}
