"""One candidate in a process of its own: `python -m tests.benchmarks.worker WORKLOAD PLACE FOLDER`.

It answers each line of stdin by a line of JSON: `check` runs the first steps and says in which file their losses and
what they changed are; `time 20` runs twenty steps and gives their seconds.  FOLDER holds the numbers to start from,
start.npz.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import starts
from tests.benchmarks.workloads import WORKLOADS

STEPS_CHECKED = 3


def serve(answers: Mapping[str, Callable[..., Any]]) -> None:
    """Answer each line of stdin, a command and its arguments, by the function of that name."""
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        print(json.dumps(answers[command](*arguments)), flush=True)


class Stepper:
    """A program and how many of its steps have been run."""

    def __init__(self, program: starts.Program, path: Path):
        self.program, self.path, self.steps = program, path, count()

    def check(self) -> str:
        """A file with the losses of the first steps and the arrays that they changed."""
        losses = [self.program.step(next(self.steps)) for _ in range(STEPS_CHECKED)]
        changed = {str(i): np.asarray(x) for i, x in enumerate(self.program.changed())}
        np.savez(self.path, losses=np.array([x for x in losses if x is not None]), **changed)  # type: ignore[arg-type]
        return str(self.path)

    def time(self, n: str) -> float:
        """Seconds that n steps take."""
        step, numbers = self.program.step, [next(self.steps) for _ in range(int(n))]
        start = time.perf_counter()
        for k in numbers:
            step(k)
        return time.perf_counter() - start


def build(workload: str, place: str, folder: Path) -> starts.Program:
    module, _, function = place.partition(":")
    chosen = WORKLOADS[workload]
    start = starts.load(folder / "start.npz", chosen.rate)
    return getattr(import_module(module), function)(chosen.kind, start)


def main(workload: str, place: str, folder: str) -> None:
    # A file name of its own: a place has a colon, and two candidates may share a module.
    path = Path(folder) / f"{place.rpartition('.')[2].replace(':', '_')}.npz"
    stepper = Stepper(build(workload, place, Path(folder)), path)
    serve({"check": stepper.check, "time": stepper.time})


if __name__ == "__main__":
    main(*sys.argv[1:])
