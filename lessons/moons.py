"""The moons demo: one network learns two half-moons on both engines, number by number and array by array.

    python -m lessons.moons [--engine scalar|tensor|both] [--samples N] [--steps N] [--seed N] [--out DIR]

Data, network, loss and schedule are those of micrograd's demo: two moons with noise 0.1, an MLP 2-16-16-1
with U(-1, 1) weights and zero biases, mean hinge loss plus 1e-4 times the sum of squares, and a learning
rate that falls from 1.0 to 0.1.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import scalar.nn
from lessons.arguments import SEED, folder, whole
from ops import no_grad, topological
from ops.files import write
from viz import plots
from viz.saving import of_figure

Array = np.ndarray[Any, Any]
SIZES = (2, [16, 16, 1])


@dataclass
class Run:
    """What one engine did: a loss, an accuracy and the gradients of every step, and what it cost."""

    name: str
    model: Any
    nodes: str = "-"
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    grads: list[Array] = field(default_factory=list)


def moons(samples: int, seed: int) -> tuple[Array, Array]:
    """Points (samples, 2) and their classes (samples,) in {-1, 1}."""
    from sklearn.datasets import make_moons

    X, y = make_moons(n_samples=samples, noise=0.1, random_state=seed)
    return np.asarray(X), np.asarray(y) * 2.0 - 1.0


def starting_model(seed: int, engine: str) -> nn.MLP:
    """The MLP with the numbers that micrograd draws after `random.seed(seed)`: neuron by neuron, weights first."""
    random.seed(seed)
    drawn = iter([p.data for p in scalar.nn.MLP(*SIZES).parameters()])
    model = nn.MLP(*SIZES, engine=engine)
    for layer in model.layers:
        rows = [[next(drawn) for _ in range(layer.weight.shape[1] + 1)] for _ in range(layer.weight.shape[0])]
        layer.weight.data, layer.bias.data = np.array(rows)[:, :-1], np.array(rows)[:, -1]
    return model


def learning_rate(k: int, steps: int) -> float:
    """From 1.0 down to 0.1, in a straight line."""
    return 1.0 - 0.9 * k / steps


def train(run: Run, X: Array, y: Array, steps: int) -> Iterator[None]:
    """Train on the whole batch, one step at each turn, and keep what happened."""
    points, classes = nn.array(X, run.name), nn.array(y, run.name)
    optimizer = nn.SGD(run.model.parameters())
    for k in range(steps):
        start = time.perf_counter()
        scores = run.model(points).squeeze(axis=1)
        loss = nn.hinge_loss(scores, classes) + 1e-4 * sum((p * p).sum() for p in optimizer.parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = learning_rate(k, steps)
        optimizer.step()
        run.seconds.append(time.perf_counter() - start)
        run.nodes = f"{count_nodes(loss):,}"
        keep(run, loss.item(), scores.numpy(), y, [p.grad for p in optimizer.parameters])
        yield


def train_torch(run: Run, X: Array, y: Array, steps: int) -> Iterator[None]:
    """The same in PyTorch, in float64."""
    import torch

    points, classes = torch.tensor(X), torch.tensor(y)
    parameters = list(run.model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=1.0)
    for k in range(steps):
        start = time.perf_counter()
        scores = run.model(points).squeeze(1)
        loss = (1 - classes * scores).relu().mean() + 1e-4 * sum((p * p).sum() for p in parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = learning_rate(k, steps)
        optimizer.step()
        run.seconds.append(time.perf_counter() - start)
        keep(run, loss.item(), scores.detach().numpy(), y, [p.grad.numpy() for p in parameters])
        yield


def torch_model(model: nn.MLP) -> Any:
    """The MLP as a torch module with the same numbers; None where torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    parts = []
    for layer in model.layers:
        twin = torch.nn.Linear(*layer.weight.shape[::-1], dtype=torch.float64)
        twin.weight.data, twin.bias.data = torch.tensor(layer.weight.numpy()), torch.tensor(layer.bias.numpy())
        parts += [twin, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])


def keep(run: Run, loss: float, scores: Array, y: Array, grads: Sequence[Array]) -> None:
    """Note down one step."""
    run.losses.append(loss)
    run.accuracies.append(float(((scores > 0) == (y > 0)).mean()))
    run.grads.append(np.concatenate([g.ravel() for g in grads]))


def count_nodes(loss: Any) -> int:
    """How many nodes the step left: single numbers on the scalar engine, arrays on the tensor engine."""
    return len(topological(*loss.values.flat)) if loss.engine == "scalar" else len(topological(loss))


def table(runs: Sequence[Run]) -> str:
    """A line for each run; differences are the largest over all steps, against the first run."""
    heads = ("engine", "nodes/step", "ms/step", "loss", "accuracy", "loss diff", "grad diff")
    rows = [heads, *(row(run, runs[0]) for run in runs)]
    widths = [max(len(r[i]) for r in rows) for i in range(len(heads))]
    return "\n".join(_line(r, widths) for r in rows)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left, the others, which are numbers, to the right."""
    name, *numbers = cells
    return "  ".join([name.ljust(widths[0]), *(x.rjust(w) for x, w in zip(numbers, widths[1:]))]).rstrip()


def row(run: Run, first: Run) -> tuple[str, ...]:
    milliseconds, last = 1e3 * float(np.median(run.seconds)), run.losses[-1]
    cost = (run.nodes, f"{milliseconds:.2f}", f"{last:.7f}", f"{run.accuracies[-1]:.0%}")
    if run is first:
        return (run.name, *cost, "", "")
    loss_diff = np.abs(np.subtract(run.losses, first.losses)).max()
    grad_diff = np.abs(np.subtract(run.grads, first.grads)).max()
    return (run.name, *cost, f"{loss_diff:.1e}", f"{grad_diff:.1e}")


def picture(runs: Sequence[Run], X: Array, y: Array, path: Path) -> None:
    """The boundary that each engine drew, and the loss curves, in one PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * (len(runs) + 1), 3.8), layout="constrained")
    *boards, last = figure.subplots(1, len(runs) + 1)
    for run, ax in zip(runs, boards):
        plots.decision_boundary(lambda points, run=run: scores_of(run, points), X, y, ax=ax)
        ax.set_title(f"{run.name} engine: {run.accuracies[-1]:.0%} after {len(run.losses)} steps")
    plots.loss_curve({run.name: run.losses for run in runs}, ax=last)
    last.set_title("loss, one line on the other" if len(runs) > 1 else "loss")
    write(path, of_figure(figure, "png", dpi=120))


@no_grad()
def scores_of(run: Run, points: Array) -> Array:
    """The network's score for each point, above zero for class 1."""
    return run.model(nn.array(points, run.name)).numpy()[:, 0]


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lessons.moons", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--engine", choices=("scalar", "tensor", "both"), default="both", help="what to train on")
    parser.add_argument("--samples", type=whole(2), default=100, help="points in the two moons (100)")
    parser.add_argument("--steps", type=whole(1), default=100, help="training steps (100)")
    parser.add_argument("--seed", type=whole(0, SEED), default=1337, help="seed of data and weights (1337)")
    parser.add_argument("--out", type=folder, default="out", help="folder for the picture (out)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    options = arguments(argv)
    X, y = moons(options.samples, options.seed)
    engines = ("scalar", "tensor") if options.engine == "both" else (options.engine,)
    runs = [Run(engine, starting_model(options.seed, engine)) for engine in engines]
    turns = [train(run, X, y, options.steps) for run in runs]
    if (twin := torch_model(starting_model(options.seed, "tensor"))) is not None:
        runs.append(Run("PyTorch", twin))
        turns.append(train_torch(runs[-1], X, y, options.steps))
    for _ in tqdm(zip(*turns, strict=True), total=options.steps, unit="step", file=sys.stderr):
        pass
    first = runs[0]
    for k in sorted({0, options.steps - 1}):
        print(f"step {k}: loss {first.losses[k]:.6g}, accuracy {first.accuracies[k]:.0%}")
    print(f"\n{table(runs)}")
    path = options.out / "moons.png"
    try:
        picture(runs[: len(engines)], X, y, path)
    except OSError as error:
        raise SystemExit(f"lessons.moons: {error}") from None
    print(f"\npicture: {path}")


if __name__ == "__main__":
    main()
