"""The moons step on micrograd 0.1.0."""

from __future__ import annotations

from tests.benchmarks import number_by_number
from tests.benchmarks.starts import Program, Start


def program(kind: str, start: Start) -> Program:
    from micrograd import engine, nn  # type: ignore[import-not-found]

    return number_by_number.program(nn.MLP, engine.Value, start)
