"""The training steps that are timed: what each computes, who computes it, and how quick duograd's should be."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from tests.benchmarks import starts
from tests.benchmarks.starts import Arrays, Start


@dataclass(frozen=True)
class Candidate:
    """Somebody who computes a step: `place` is the module and function that builds it, `package` what it needs."""

    place: str
    package: str

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.package) is not None


CANDIDATES = {
    "duograd": Candidate("tests.benchmarks.on_duograd:program", "nn"),
    "NumPy": Candidate("tests.benchmarks.by_hand:program", "numpy"),
    "PyTorch": Candidate("tests.benchmarks.on_torch:program", "torch"),
    "torch.nn.RNN": Candidate("tests.benchmarks.on_torch:fused", "torch"),
    "autograd": Candidate("tests.benchmarks.on_autograd:program", "autograd"),
    "MyGrad": Candidate("tests.benchmarks.on_mygrad:program", "mygrad"),
    "micrograd": Candidate("tests.benchmarks.on_micrograd:program", "micrograd"),
    "floats": Candidate("tests.benchmarks.by_floats:program", "math"),
}
NUMBERS = ("duograd", "floats", "micrograd")
ARRAYS = ("duograd", "NumPy", "PyTorch", "autograd", "MyGrad")


def level(k: int) -> float:
    """A tenth at every step."""
    return 0.1


def steep(k: int) -> float:
    """Ten thousand, since the gradient of a mean over a million numbers is as small as they are many."""
    return 1e4


def falling(k: int) -> float:
    """micrograd's schedule: from 1.0 to 0.1 in a hundred steps, where it stays."""
    return 1.0 - 0.9 * min(k, 99) / 100


@dataclass(frozen=True)
class Goal:
    """duograd's median is at most `ratio` times that of the candidate `of`."""

    ratio: float
    of: str


@dataclass(frozen=True)
class Workload:
    """A training step: forward, backward, and an update by SGD.

    kind: the name under which every candidate knows its program.
    drawn: its parameters and data, in float64, of which dtype is made.
    reference: whose time the table's ratios are of.
    """

    name: str
    says: str
    kind: str
    drawn: Callable[[], tuple[Arrays, Arrays]]
    goals: tuple[Goal, ...]
    candidates: tuple[str, ...] = ARRAYS
    reference: str = "PyTorch"
    rate: Callable[[int], float] = level
    dtype: type = np.float32

    @property
    def bound(self) -> float:
        """How far candidates may differ, as a part of what a step changes; sums run in other orders."""
        return 1e-9 if self.dtype is float else 1e-4

    def start(self) -> Start:
        parameters, data = self.drawn()
        return Start(_cast(parameters, self.dtype), _cast(data, self.dtype), self.rate)


def _cast(arrays: Arrays, dtype: type) -> Arrays:
    return {name: x.astype(dtype) if x.dtype.kind == "f" else x for name, x in arrays.items()}


def of_torch(ratio: float, of_numpy: float | None = None) -> tuple[Goal, ...]:
    return (Goal(ratio, "PyTorch"), *([Goal(of_numpy, "NumPy")] if of_numpy else []))


MOONS = "the moons step (MLP 2-16-16-1, 100 points, hinge loss, penalty)"
CNN = "CNN conv 16 - pool - conv 32 - pool - linear, batch 64, images"
_numbers = partial(Workload, drawn=starts.moons, candidates=NUMBERS, reference="micrograd", rate=falling, dtype=float)
_moons = partial(Workload, kind="moons", drawn=starts.moons, goals=of_torch(0.35, 2.0), rate=falling)
_mlp = partial(Workload, kind="mlp")
_cnn = partial(Workload, kind="cnn")

WORKLOADS = {
    w.name: w
    for w in (
        _numbers("S1", f"{MOONS} on single numbers", "values", goals=(Goal(1 / 9, "micrograd"),)),
        _numbers("S1a", f"{MOONS} on arrays of Values", "value arrays", goals=(Goal(1 / 13, "micrograd"),)),
        _moons("T1", f"{MOONS} on arrays, float64", dtype=float),
        _moons("T1f", f"{MOONS} on arrays, float32"),
        _mlp("T2", "MLP 64-64-10, batch 64", drawn=partial(starts.mlp, (64, 64, 10), 64), goals=of_torch(0.38, 1.1)),
        _mlp(
            "T3a",
            "MLP 784-256-128-10, batch 64",
            drawn=partial(starts.mlp, (784, 256, 128, 10), 64),
            goals=of_torch(0.75, 1.1),
        ),
        _mlp(
            "T3b",
            "MLP 784-512-512-10, batch 128",
            drawn=partial(starts.mlp, (784, 512, 512, 10), 128),
            goals=of_torch(0.92, 1.1),
        ),
        _cnn("T4a", f"{CNN} 8 x 8", drawn=partial(starts.cnn, 8), goals=of_torch(1.0)),
        _cnn("T4b", f"{CNN} 28 x 28", drawn=partial(starts.cnn, 28), goals=of_torch(1.1)),
        Workload(
            "T5", "transformer block, width 64, 4 heads, 16 x 32 tokens", "block", starts.block, goals=of_torch(1.1)
        ),
        Workload(
            "T6",
            "0.5 x (1 + tanh(0.798 (x + 0.0447 x^3))), a million numbers",
            "composite",
            starts.million,
            goals=of_torch(0.6),
            rate=steep,
        ),
        Workload("T7a", "one add of 64 numbers, recorded", "add", starts.pair, goals=of_torch(0.5)),
        Workload("T7b", "one add of 64 numbers, and backward", "add and back", starts.pair, goals=of_torch(0.33)),
        Workload(
            "T8",
            "RNN, 64 steps, width 64, batch 32",
            "rnn",
            starts.rnn,
            goals=of_torch(0.6),
            candidates=(*ARRAYS, "torch.nn.RNN"),
        ),
    )
}
