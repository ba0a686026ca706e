"""Turns of training steps: every candidate in a process of its own, one at a time, in an order shuffled anew."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import starts
from tests.benchmarks.processes import Process, Refusal
from tests.benchmarks.starts import Array, Start
from tests.benchmarks.table import Outcome, figure, share, spread, verdict
from tests.benchmarks.workloads import CANDIDATES, Goal, Workload

TURN = 0.05  # seconds that a candidate's turn takes at least
Samples = dict[str, list[float]]


def run(workload: Workload, turns: int) -> Outcome:
    """Check that all candidates that are installed compute the same, then time them."""
    names = [name for name in workload.candidates if CANDIDATES[name].installed]
    start = workload.start()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        starts.save(start, Path(folder) / "start.npz")
        processes = {
            name: stack.enter_context(Process(name, "worker", workload.name, CANDIDATES[name].place, folder))
            for name in names
        }
        demand_equal(workload, start, {name: read(process.ask("check")) for name, process in processes.items()})
        counts = {name: steps_per_turn(process) for name, process in processes.items()}
        seconds = measure(processes, counts, turns)
    return outcome(workload, counts, seconds)


def steps_per_turn(process: Process) -> int:
    """As many steps as fill a turn."""
    n = 1
    while (seconds := process.ask("time", n)) < TURN / 4:
        n *= 4
    return ceil(n * TURN / seconds)


def measure(processes: Mapping[str, Process], counts: Mapping[str, int], turns: int) -> Samples:
    """Seconds of one step, turn by turn."""
    seconds: Samples = {name: [] for name in processes}
    order, rng = list(processes), random.Random(0)
    for _ in range(turns):
        rng.shuffle(order)
        for name in order:
            seconds[name].append(processes[name].ask("time", counts[name]) / counts[name])
    return seconds


# whether all compute the same


def read(path: str) -> tuple[Array, list[Array]]:
    """The losses of the first steps, and the arrays that they changed."""
    with np.load(path) as file:
        return file["losses"], [file[str(i)] for i in range(len(file.files) - 1)]


def demand_equal(workload: Workload, start: Start, found: Mapping[str, tuple[Array, list[Array]]]) -> None:
    """Refusal if a candidate's losses or changes differ from those of the one that is written by hand."""
    by_hand = "NumPy" if "NumPy" in found else "floats"
    losses, arrays = found[by_hand]
    before = list(start.parameters.values()) if losses.size else [np.zeros(1) for _ in arrays]
    for name, (theirs, changed) in found.items():
        compared = [("the loss", theirs, losses, np.zeros(1))]
        compared += [(f"array {i}", *three) for i, three in enumerate(zip(changed, arrays, before, strict=True))]
        for what, a, b, base in compared:
            if (gap := difference(a, b, base)) > workload.bound:
                raise Refusal(
                    f"{workload.name}: {name} computes something else than {by_hand}: after the first steps {what} "
                    f"is off by {gap:.1e} of its change, where {workload.bound:.0e} is allowed"
                )


def difference(a: Array, b: Array, before: Array) -> float:
    """The largest difference, as a part of the largest change from what was before, past the rounding of that."""
    if a.size != b.size or not np.isfinite(a).all():
        return np.inf
    if not a.size:
        return 0.0
    b = b.ravel()
    rounding = 8 * np.finfo(b.dtype).eps * np.abs(before).max()
    gap = max(0.0, np.abs(a.ravel() - b).max() - rounding)
    return float(gap / max(np.abs(b - before.ravel()).max(), np.finfo(b.dtype).tiny))


# figures


def outcome(workload: Workload, counts: Mapping[str, int], seconds: Samples) -> Outcome:
    candidates = {
        name: spread(samples) | {"steps a turn": counts[name], "turns": samples} for name, samples in seconds.items()
    }
    medians = {name: each["median"] for name, each in candidates.items()}
    figures = {
        "unit": "seconds a step",
        "candidates": candidates,
        "reference": workload.reference,
        "goals": [reached(goal, medians) for goal in workload.goals if goal.of in medians],
        "not installed": [name for name in workload.candidates if name not in medians],
    }
    unit, scale = ("µs", 1e6) if min(medians.values()) < 1e-3 else ("ms", 1e3)
    head = ("candidate", f"median, {unit}", "min", "max", f"of {workload.reference}", "goal")
    missing = ", ".join(figures["not installed"])
    return Outcome(
        workload.name,
        workload.says,
        figures,
        head,
        [row(name, figures, scale) for name in candidates],
        [f"Not installed: {missing}."] if missing else [],
    )


def reached(goal: Goal, medians: Mapping[str, float]) -> dict[str, Any]:
    ratio = medians["duograd"] / medians[goal.of]
    return {"of": goal.of, "goal": goal.ratio, "reached": ratio, "met": ratio <= goal.ratio}


def row(name: str, figures: Mapping[str, Any], scale: float) -> Sequence[str]:
    """A candidate's line; duograd's has its goals."""
    mine, reference = figures["candidates"][name], figures["candidates"].get(figures["reference"])
    ratio = share(mine["median"] / reference["median"]) if reference else "-"
    goals = "; ".join(map(said, figures["goals"])) if name == "duograd" else ""
    return (name, *(figure(scale * mine[key]) for key in ("median", "min", "max")), ratio, goals)


def said(goal: Mapping[str, Any]) -> str:
    return f"{share(goal['goal'])} of {goal['of']}: {share(goal['reached'])}, {verdict(goal['met'])}"
