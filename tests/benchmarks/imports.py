"""What an import costs beyond what it stands on: fresh processes, bytecode kept, in an order shuffled anew."""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.benchmarks.processes import HOUSE, environment
from tests.benchmarks.table import Outcome, figure, spread, verdict


class Import(NamedTuple):
    """A program that imports, the program it is compared with, and how many milliseconds it may take beyond that."""

    program: str
    beyond: str = "pass"
    goal: float | None = None


IMPORTS = (
    Import("import scalar", goal=15),
    Import("import micrograd.engine"),
    Import("import tensor", "import numpy", goal=30),
)


def run(turns: int) -> Outcome:
    imports = [each for each in IMPORTS if importlib.util.find_spec(each.program.split()[1].partition(".")[0])]
    samples = measure(sorted({program for each in imports for program in (each.program, each.beyond)}), turns)
    found = {each.program: figures(each, samples) for each in imports}
    head = ("program", "median, ms", "min", "max", "beyond", "goal")
    whole = {"unit": "milliseconds", "imports": found, "processes": samples}
    return Outcome("C1", "imports in fresh processes", whole, head, [row(name, f) for name, f in found.items()])


def measure(programs: Sequence[str], turns: int) -> dict[str, list[float]]:
    """Milliseconds of a whole process for each program, turn by turn; the first run, which fills caches, is dropped."""
    samples: dict[str, list[float]] = {program: [] for program in programs}
    order, rng = list(programs), random.Random(0)
    for _ in range(turns + 1):
        rng.shuffle(order)
        for program in order:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], cwd=HOUSE, env=environment(), check=True)
            samples[program].append(1e3 * (time.perf_counter() - start))
    return {program: times[1:] for program, times in samples.items()}


def figures(each: Import, samples: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    extra = spread([a - b for a, b in zip(samples[each.program], samples[each.beyond])])
    met = None if each.goal is None else extra["median"] <= each.goal
    return {"beyond": each.beyond, **extra, "goal": each.goal, "met": met}


def row(program: str, found: Mapping[str, Any]) -> Sequence[str]:
    base = "bare Python" if found["beyond"] == "pass" else found["beyond"]
    goal = "" if found["goal"] is None else f"{found['goal']} ms: {figure(found['median'])}, {verdict(found['met'])}"
    return (program, *(figure(found[key]) for key in ("median", "min", "max")), base, goal)
