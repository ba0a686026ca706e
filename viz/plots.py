"""Plots with matplotlib: each draws on `ax`, or on a new figure, and returns the axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import ops
from ops.dispatch import is_node
from ops.errors import ParameterError, ShapeError
from ops.shapes import Shape, broadcast as broadcast_shape
from viz.arguments import axes, function, module, named, number, size, whole, words
from viz.graph import check_root
from viz.modules import path_of
from viz.numbers import numbers, points, row, scored
from viz.replay import Replay

Array = np.ndarray[Any, Any]
BLUE, ORANGE, GREY, RED = "#08519c", "#a63603", "#5f6368", "#b3261e"


MOST = 10_000_000  # points of a plane that are scored, and so many fit into memory many times over


def decision_boundary(score: Callable[[Array], Array], X: Array, y: Array, ax: Any = None, mesh: float = 0.25) -> Any:
    """Where a classifier's score is above zero, over the plane of its two inputs, with the points on top.

    score: from points (m, 2) to numbers (m,).  X: (n, 2).  y: (n,), the classes as -1 and 1.  mesh: the grid's step.
    """
    asker = "decision_boundary"
    ax, score = axes(asker, ax), function(asker, "score", score, "from points (m, 2) to numbers (m,)")
    X, y = points(asker, X, y)
    xx, yy = _grid_over(X, number(asker, "mesh", mesh, above=0))
    above = (scored(asker, score, np.c_[xx.ravel(), yy.ravel()]) > 0).reshape(xx.shape)
    ax.contourf(xx, yy, above, levels=[-0.5, 0.5, 1.5], colors=["#c6dbef", "#fdd0a2"])
    for label, marker, color in ((-1, "o", BLUE), (1, "^", ORANGE)):
        mine = X[y == label]
        ax.scatter(mine[:, 0], mine[:, 1], s=24, c=color, marker=marker, edgecolors="white", linewidths=0.5)
    ax.set(xlim=(xx.min(), xx.max()), ylim=(yy.min(), yy.max()), xlabel="$x_1$", ylabel="$x_2$")
    return ax


def _grid_over(X: Array, mesh: float) -> list[Array]:
    """The coordinates of a grid of this step that lies around the points."""
    low, high = X.min(axis=0) - 1, X.max(axis=0) + 1
    count = np.prod((high - low) / mesh)
    if not count <= MOST:
        raise ParameterError(
            f"decision_boundary: a mesh of {mesh:g} makes {count:.2g} points of this plane, more than {MOST:,}; give a "
            f"wider mesh"
        )
    along = [np.arange(a, b, mesh) for a, b in zip(low, high)]
    if min(map(len, along)) < 2:
        raise ParameterError(f"decision_boundary: a mesh of {mesh:g} is wider than this plane; give a finer one")
    return list(np.meshgrid(*along))


def loss_curve(losses: Mapping[str, Sequence[float]], ax: Any = None) -> Any:
    """Loss against step, on a logarithmic scale, a line for each run; interleaved dashes show equal ones."""
    runs = {name: _losses(name, run) for name, run in named("loss_curve", "losses", losses, _RUNS).items()}
    ax = axes("loss_curve", ax)
    for i, (name, values) in enumerate(runs.items()):
        dashes = (4 * (i - 1), (4, 8))  # where the first begins, how long each is, how long the gaps are
        ax.plot(values, label=name, linewidth=3 if i == 0 else 1.5, linestyle=dashes if i else "-")
    if any(len(values) > 1 and (values > 0).any() for values in runs.values()):
        ax.set_yscale("log")
    ax.set(xlabel="step", ylabel="loss")
    if runs:
        ax.legend(frameon=False)
    return ax


_RUNS = '{"scalar": [0.9, 0.5]}'


def _losses(name: str, run: Any) -> Array:
    """The losses of a run, which may be nodes of one number each."""
    many = [x.item() if is_node(x) else x for x in run] if isinstance(run, (list, tuple)) else run
    return row("loss_curve", f"losses[{name!r}]", many)


def histograms(arrays: Mapping[str, Any], ax: Any = None, bins: int = 60) -> Any:
    """How the numbers of each array are spread, a hill for each name, all on one axis; exact zeros are counted aside.

    arrays: from names to arrays of any shape, such as `gradients(model)` or `activations(loss)`.  What is not finite
    is counted aside too.
    """
    many = named("histograms", "arrays", arrays, "gradients(model)")
    flat = {name: _flat(numbers("histograms", f"arrays[{name!r}]", x)) for name, x in many.items()}
    ax, bins = axes("histograms", ax), whole("histograms", "bins", bins, 1, 10_000)
    reach = max((np.abs(v[np.isfinite(v)]).max(initial=0.0) for v in flat.values()), default=0.0) or 1.0
    edges = np.linspace(-1, 1, bins + 1) * min(reach, WIDEST)
    for i, values in enumerate(flat.values()):
        base = len(flat) - 1 - i
        counts = np.histogram(values[np.isfinite(values)], edges)[0]
        heights = counts / max(1, counts.max())
        ax.fill_between(edges[:-1], base, base + 0.85 * heights, step="post", color=BLUE, alpha=0.75)
        ax.text(edges[-1], base + 0.5, _spread(values), ha="right", color=GREY, fontsize=8)
    ax.set(yticks=np.arange(len(flat))[::-1] + 0.1, yticklabels=list(flat), xlim=(edges[0], edges[-1]))
    ax.tick_params(axis="y", length=0)
    return ax


WIDEST = 1e300  # how far an axis goes; matplotlib computes with larger numbers than its ends


def _flat(x: Array) -> Array:
    return x.ravel().astype(float)


def _spread(values: Array) -> str:
    """The standard deviation, and what is zero or not finite."""
    if not values.size:
        return "empty"
    finite = values[np.isfinite(values)]
    with np.errstate(over="ignore"):
        said = [f"sd {finite.std():.2g}"] if finite.size else []
    said += [f"{np.mean(values == 0):.0%} zero"]
    said += [f"{len(values) - len(finite):,} not finite"] if len(finite) < len(values) else []
    return ", ".join(said)


def gradients(model: Any) -> dict[str, Array]:
    """Each parameter's gradient by name, of those that have one."""
    named_parameters = module("gradients", model).named_parameters()
    return {name: p.grad for name, p in named_parameters if p.grad is not None}


def activations(root: Any) -> dict[str, Array]:
    """What each module made below root, by its path: the output of its last op."""
    check_root("activations", root)
    made: dict[str, Array] = {}
    for node in ops.topological(root):
        if path := path_of(node) if node.op is not None else "":
            made.pop(path, None)  # so that a module stands where its last op does
            made[path] = node.numpy()
    return made


def gradient_check_curve(f: Callable[[Any], Any], x: float, ax: Any = None) -> Any:
    """The error of finite differences against the step: too large a step bends, too small a step rounds.

    f: from one number to one number, written with ops, so that its exact slope is known.
    """
    asker = "gradient_check_curve"
    ax, f = axes(asker, ax), function(asker, "f", f, "of one number, such as ops.tanh")
    x = number(asker, "x", x)
    exact, steps = float(ops.grad(f)(x)), np.logspace(-15, 0, 61)
    differences = {
        "forward, $(f(x+h)-f(x))/h$": [(f(x + h) - f(x)) / h for h in steps],
        "central, $(f(x+h)-f(x-h))/2h$": [(f(x + h) - f(x - h)) / (2 * h) for h in steps],
    }
    for (name, slopes), marker in zip(differences.items(), "ox"):
        ax.loglog(steps, np.maximum(np.abs(np.array(slopes, float) - exact), 1e-17), marker, label=name, markersize=4)
    ax.set(xlabel="step h", ylabel="error of the slope")
    ax.legend(frameon=False)
    return ax


def training_replay(X: Array, y: Array) -> Replay:
    """An empty replay of a run on these points: `record` every step, and it shows itself with a slider.

    X: (n, 2).  y: (n,), the classes as -1 and 1.
    """
    return Replay(X, y)


def broadcast(a: Shape, b: Shape, ax: Any = None, names: tuple[str, str] = ("a", "b")) -> Any:
    """How two shapes of at most two axes stretch to one, and which sums fold the gradient back.

    names: of the two arrays, as the picture shows them.
    Raises ShapeError where the shapes do not broadcast, ValueError where they have more than two axes.
    """
    a, b = (size("broadcast", name, shape) for name, shape in (("a", a), ("b", b)))
    shape, pair = broadcast_shape(a, b), words("broadcast", "names", names, 2)
    if max(len(a), len(b)) > 2:
        raise ValueError(f"broadcast: shapes {a} and {b} have more than the two axes that a sheet of paper has")
    ax, left = axes("broadcast", ax), 0.0
    for name, own in zip((*pair, " + ".join(pair)), (a, b, shape)):
        _grid(ax, left, name, own, shape)
        left += _plane(shape)[1] + 2.0
    ax.set(xlim=(-0.5, left - 1.5), ylim=(-1.6, _plane(shape)[0] + 1.2), aspect="equal")
    ax.axis("off")
    return ax


def _grid(ax: Any, left: float, name: str, own: Shape, full: Shape) -> None:
    """One array's cells: its own solid, their stretched copies pale, and the sum that undoes the stretching."""
    from matplotlib.patches import Rectangle

    (rows, columns), (high, wide) = _plane(own), _plane(full)
    for i in range(high):
        for j in range(wide):
            mine = i < rows and j < columns
            color, edge = (BLUE, "white") if mine else ("#c6dbef", BLUE)
            ax.add_patch(Rectangle((left + j, high - 1 - i), 1, 1, facecolor=color, edgecolor=edge, linewidth=0.8))
    ax.text(left, high + 0.3, f"{name} {own}", fontsize=10)
    axes = stretched_axes(own, full)
    note = f"gradient: sum over axis {', '.join(map(str, axes))}" if axes else "gradient: as it comes"
    ax.text(left, -0.8, note if "+" not in name else "", fontsize=8, color=RED)


def stretched_axes(own: Shape, full: Shape) -> tuple[int, ...]:
    """The axes of the full shape along which the own one was repeated.

    >>> stretched_axes((3, 1), (3, 4)), stretched_axes((4,), (3, 4))
    ((1,), (0,))
    """
    own, full = size("stretched_axes", "own", own), size("stretched_axes", "full", full)
    if broadcast_shape(own, full) != full:
        raise ShapeError(f"stretched_axes: {own} does not stretch to {full}; give the shape that it was stretched to")
    lead = len(full) - len(own)
    return (*range(lead), *(i + lead for i, n in enumerate(own) if n == 1 and full[i + lead] != 1))


def _plane(shape: Shape) -> tuple[int, int]:
    """Rows and columns of a shape of at most two axes."""
    rows, columns = (1, 1, *shape)[-2:]
    return rows, columns
