"""What a node costs in graphs of a thousand to a million Values: time forward, backward and to free, and bytes.

`python -m tests.benchmarks.growth` is the process that is timed: it answers `time SHAPE NODES PASSES` by the seconds
of each phase and `bytes SHAPE NODES` by the bytes of a graph with its gradients, and of the highest point on the way.
"""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import Any

from scalar import Value
from tests.benchmarks.processes import Process
from tests.benchmarks.table import Outcome, figure, spread, verdict
from tests.benchmarks.worker import serve

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PHASES = ("forward", "backward", "free")
FACTOR, BYTES = 1.3, 250  # the goals: time a node flat within this factor, and no more bytes a node than these
TURN = 0.05  # seconds that a turn takes at least


def chain(nodes: int) -> Value:
    """y + 1 again and again, deep and thin: two nodes a step, since the 1 is a leaf."""
    y = Value(1.0)
    for _ in range((nodes - 1) // 2):
        y = y + 1.0
    return y


def balanced(nodes: int) -> Value:
    """A tournament of leaves, each pair added: flat and wide."""
    row = [Value(1.0) for _ in range((nodes + 1) // 2)]
    while len(row) > 1:
        odd = row[len(row) & ~1 :]
        row = [a + b for a, b in zip(row[::2], row[1::2])] + odd
    return row[0]


SHAPES: dict[str, Callable[[int], Value]] = {"chain": chain, "sum": balanced}
UNCOLLECTED = "-uncollected"  # behind a shape's name: with Python's cycle collector off


def seconds(shape: str, nodes: str, passes: str) -> list[float]:
    """Of each phase, summed over the passes."""
    build, n, totals = SHAPES[shape.removesuffix(UNCOLLECTED)], int(nodes), [0.0] * len(PHASES)
    (gc.disable if shape.endswith(UNCOLLECTED) else gc.enable)()
    for _ in range(int(passes)):
        times = [time.perf_counter()]
        y = build(n)
        times.append(time.perf_counter())
        y.backward()
        times.append(time.perf_counter())
        del y
        times.append(time.perf_counter())
        totals = [total + b - a for total, a, b in zip(totals, times, times[1:])]
    return totals


def memory(shape: str, nodes: str) -> tuple[int, int]:
    """Bytes of the graph when backward is through, and at the highest point till then."""
    gc.collect()
    tracemalloc.start()
    y = SHAPES[shape.removesuffix(UNCOLLECTED)](int(nodes))
    y.backward()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held, peak


# the parent


def run(turns: int, sizes: Sequence[int] = SIZES) -> Outcome:
    cases = [(shape + collector, nodes) for shape in SHAPES for collector in ("", UNCOLLECTED) for nodes in sizes]
    with ExitStack() as stack:
        processes = {case: stack.enter_context(Process(case[0], "growth")) for case in cases}
        samples = measure(processes, turns)
        found = [figures(case, samples[case], processes[case].ask("bytes", *case)) for case in cases]
    head = ("graph", "nodes", *(f"{phase}, ns" for phase in PHASES), "together", "bytes", "at the highest", "")
    return Outcome(
        "S2",
        "graphs of single numbers, nanoseconds and bytes a node",
        {"unit": "nanoseconds and bytes a node", "graphs": found, "goals": (goals := verdicts(found))},
        head,
        [row(each) for each in found],
        [f"{goal['says']}: {goal['reached']:.3g}, {verdict(goal['met'])}." for goal in goals],
    )


def measure(processes: Mapping[Any, Process], turns: int) -> dict[Any, list[list[float]]]:
    """Nanoseconds a node of each phase, turn by turn."""
    samples: dict[Any, list[list[float]]] = {case: [] for case in processes}
    order, rng = list(processes), random.Random(0)
    passes = {case: ceil(TURN / sum(process.ask("time", *case, 1))) for case, process in processes.items()}
    for _ in range(turns):
        rng.shuffle(order)
        for shape, nodes in order:
            n = passes[shape, nodes]
            spent = processes[shape, nodes].ask("time", shape, nodes, n)
            samples[shape, nodes].append([1e9 * each / n / nodes for each in spent])
    return samples


def figures(case: tuple[str, int], samples: list[list[float]], held: Sequence[int]) -> dict[str, Any]:
    shape, nodes = case
    phases = {phase: spread(column) for phase, column in zip(PHASES, zip(*samples))}
    together = spread([sum(sample) for sample in samples])
    found = {"shape": shape, "nodes": nodes, **phases, "together": together}
    return found | {"bytes": held[0] / nodes, "highest": held[1] / nodes}


def verdicts(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Whether time is flat for each shape, and whether a node is small."""
    goals = []
    for shape in SHAPES:
        times = [each["together"]["median"] for each in found if each["shape"] == shape]
        goals.append(
            _goal(f"Time a node of a {shape}, largest over smallest, at most", FACTOR, max(times) / min(times))
        )
    return [*goals, _goal("Bytes a node, at most", BYTES, max(each["bytes"] for each in found))]


def _goal(says: str, most: float, reached: float) -> dict[str, Any]:
    return {"says": f"{says} {most:g}", "goal": most, "reached": reached, "met": reached <= most}


def row(found: Mapping[str, Any]) -> Sequence[str]:
    times = [figure(found[key]["median"]) for key in (*PHASES, "together")]
    shape = found["shape"].replace(UNCOLLECTED, ", collector off")
    return (shape, f"{found['nodes']:,}", *times, figure(found["bytes"]), figure(found["highest"]), "")


def picture(figures: Mapping[str, Any], path: Path) -> None:
    """Time and bytes a node against the number of nodes, as an SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from viz.plots import BLUE, ORANGE

    mpl.rcParams["svg.hashsalt"] = "growth"  # the same figures draw the same file
    canvas = Figure(figsize=(8, 3), layout="constrained")
    for ax, key, says in zip(canvas.subplots(1, 2), ("together", "bytes"), ("nanoseconds a node", "bytes a node")):
        for shape, colour, marker, size in (("chain", BLUE, "o", 8), ("sum", ORANGE, "^", 5)):  # both seen where equal
            ax.plot(*line(figures, shape, key), color=colour, marker=marker, markersize=size, label=shape)
            if key == "together":
                off = line(figures, shape + UNCOLLECTED, key)
                ax.plot(
                    *off, color=colour, linestyle="--", marker=marker, markersize=3, label=f"{shape}, collector off"
                )
        ax.set(xscale="log", xlabel="nodes", ylabel=says, ylim=(0, 1.1 * ax.get_ylim()[1]))
    canvas.legend(*canvas.axes[0].get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=4)
    canvas.savefig(path, metadata={"Date": None})


def line(figures: Mapping[str, Any], shape: str, key: str) -> tuple[list[int], list[float]]:
    """The sizes of a shape's graphs, and what a node of each costs."""
    mine = [each for each in figures["graphs"] if each["shape"] == shape]
    costs = [each[key]["median"] if key == "together" else each[key] for each in mine]
    return [each["nodes"] for each in mine], costs


if __name__ == "__main__":
    serve({"time": seconds, "bytes": memory})
