"""A small picture for each lesson, from the graphs and the runs that the lesson shows."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

import ops
import scalar.nn
import viz
from lessons import faults, moons
from scalar import Value, floats
from tensor import Tensor
from viz import plots
from viz.layout import layout
from viz.picture import Picture, pictures_of
from viz.plots import BLUE, GREY, ORANGE, RED
from viz.svg import as_svg
from viz.trail import trail

WIDTH, HEIGHT = 260, 110  # of every one of them, in pixels
MARGIN = 8
SEED = 1337
LOOKS: dict[Any, Any] = {
    "figure.facecolor": "white",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "duograd",
}
Places = Mapping[str, tuple[float, float]]


# the ten, in the order of the lessons


def slope() -> str:
    """The parabola of lesson 1, with two lines through two of its points, and the tangent."""

    def f(x: Any) -> Any:
        return 3 * x**2 - 4 * x + 5

    xs = np.linspace(0.5, 5.2, 60)
    with _axes() as (figure, ax):
        ax.plot(xs, f(xs), color=BLUE, linewidth=2)
        for h, style in ((1.5, ":"), (0.5, "--"), (0.0001, "-")):
            s = (f(3.0 + h) - f(3.0)) / h
            ax.plot(xs, f(3.0) + s * (xs - 3.0), style, color=ORANGE, linewidth=1.2, label=f"h = {h}: slope {s:.2f}")
        ax.plot([4.5, 3.5, 3.0], [f(4.5), f(3.5), f(3.0)], "o", color=BLUE, markersize=4)
        ax.set(ylim=(-3, 60))
        ax.legend(frameon=False, loc="upper left")
        return _svg(_bare(figure))


def remembered() -> str:
    """The graph of d = ab + c before backward: a dash for each gradient."""
    a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c")
    d = a * b + c
    d.label = "d"
    return _drawn(d)


def by_hand() -> str:
    """L = (ab + c) f, with the gradient that reaches each of its nodes."""
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
    e = a * b
    d = e + c
    L = d * f
    e.label, d.label, L.label = "e", "d", "L"
    L.backward()
    places = {"a": (0, 3), "b": (0, 1), "e": (1, 2), "c": (1, 0), "d": (2, 1), "f": (2, -1), "L": (3, 0)}
    said = {x.label: f"{x.grad:g}" for x in ops.topological(L)}
    with _axes() as (figure, ax):
        _lettered(ax, L, places, said)
        return _svg(figure)


def in_order() -> str:
    """The diamond by naive recursion, where b has its turn too early, beside the right order."""
    a = Value(3.0, "a")
    b = a + a
    d = b + a
    e = b + d
    b.label, d.label, e.label = "b", "d", "e"
    places = {"a": (0, 0), "b": (1, 1), "d": (2, 0), "e": (3, 1)}
    with _axes(1, 2) as (figure, boards):
        for ax, order in zip(boards, ("recursive", "topological")):
            its = trail(e, order)
            name = [node.label for node in its.nodes]
            early = {name[visit.node] for visit in its.visits if visit.missing}
            sent = {x: ", ".join(f"{v.gradient:g}" for v in its.visits if name[v.node] == x) for x in places}
            total = next(f"{g:g}" for i, g in its.grads.items() if name[i] == "a")
            _lettered(ax, e, places, sent | {"a": total}, early)
            ax.set_title(f"{order}: a gets {total}", color=RED if early else GREY)
        return _svg(figure)


def checked_rule() -> str:
    """The error of central differences against the step, by the rule of tanh and by a wrong one."""
    x, h = 0.5, np.logspace(-15, 0, 61)
    y = ops.tanh(x)
    (right,) = ops.tanh.rules["partials"](floats, y, x)
    differences = (np.tanh(x + h) - np.tanh(x - h)) / (2 * h)
    with _axes(1, 2, sharey=True) as (figure, boards):
        for ax, said, partial in zip(boards, ("the rule 1 - y * y", "the rule 1 - y"), (right, 1 - y)):
            ax.loglog(h, np.maximum(np.abs(differences - partial), 1e-17), ".", color=BLUE, markersize=3)
            ax.set(title=said, xlabel="step")
        boards[0].set_ylabel("error of the slope")
        return _svg(_bare(figure))


def boundary_while_it_learns() -> str:
    """Exclusive or: where an MLP of four neurons and one says yes, at four steps of its training."""
    X, y = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]), np.array([-1.0, 1.0, 1.0, -1.0])
    random.seed(1)
    model = scalar.nn.MLP(2, [4, 1])
    shown = (0, 10, 20, 100)
    with _axes(1, 4) as (figure, boards):
        for k in range(101):
            if k in shown:
                ax = plots.decision_boundary(lambda grid: _scores(model, grid), X, y, boards[shown.index(k)], mesh=0.2)
                ax.set(title=f"step {k}", xlabel="", ylabel="")
            _descend(model, X, y, lr=0.1)
        return _svg(_bare(figure))


def moons_learned() -> str:
    """The boundary through the two moons after 100 steps, and the loss on the way there."""
    X, y = moons.moons(100, SEED)
    run = moons.Run("tensor", moons.starting_model(SEED, "tensor"))
    for _ in moons.train(run, X, y, 100):
        pass
    with _axes(1, 2) as (figure, (board, curve)):
        plots.decision_boundary(lambda grid: moons.scores_of(run, grid), X, y, board, mesh=0.1)
        board.set(xlabel="", ylabel="", title=f"{run.accuracies[-1]:.0%} right")
        curve.semilogy(run.losses, color=BLUE)
        curve.set_title(f"loss {run.losses[-1]:.7f}")
        for points in board.collections[-2:]:
            points.set_sizes([9])
        return _svg(_bare(figure))


def numbers_and_arrays() -> str:
    """One layer and its loss as a graph of Values and as a graph of Tensors, a dot for each node."""
    X, W, b = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[1.0, 0.0], [0.5, -1.0], [2.0, 1.0]], [0.5, -0.5]
    columns, biases = [[Value(w) for w in column] for column in zip(*W)], [Value(x) for x in b]
    rows = [[Value(x) for x in row] for row in X]
    made = [_neuron(row, column, bias) for row in rows for column, bias in zip(columns, biases)]
    squares = [y * y for y in made]
    Y = Tensor(X) @ Tensor(W, requires_grad=True) + Tensor(b, requires_grad=True)
    with _axes(1, 2) as (figure, boards):
        for ax, root in zip(boards, (squares[0] + squares[1] + squares[2] + squares[3], (Y * Y).sum())):
            count = _dotted(ax, root)
            ax.set_title(f"{count} {type(root).__name__}s")
        return _svg(figure)


def stretched() -> str:
    """A column and a row of three, stretched to nine, and the sums that fold the gradient back."""
    with _axes() as (figure, ax):
        plots.broadcast((3, 1), (3,), ax)
        for text in ax.texts:
            text.set(fontsize=7, text=text.get_text().replace("gradient: ", ""))
        return _svg(figure)


def parted() -> str:
    """Both engines node by node, where the tensor engine subtracts with a wrong sign: its gradients part."""
    X, y = moons.moons(6, SEED)
    with faults.plant("wrong sign", engine="tensor") as broken:
        model = broken.nn.MLP(2, [4, 4, 1], rng=0)
        comparison = broken.viz.compare(model, X, y[:, None], broken.nn.hinge_loss)
    with _axes() as (figure, ax):
        comparison.plot(ax)
        ax.set(title="", ylabel="difference")
        for line in ax.lines:
            line.set_markersize(4)
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        return _svg(_bare(figure))


THUMBNAILS: tuple[Callable[[], str], ...] = (
    slope,
    remembered,
    by_hand,
    in_order,
    checked_rule,
    boundary_while_it_learns,
    moons_learned,
    numbers_and_arrays,
    stretched,
    parted,
)


# networks


def _scores(model: scalar.nn.MLP, grid: Any) -> Any:
    with ops.no_grad():
        return np.array([model(x).data for x in grid.tolist()])


def _descend(model: scalar.nn.MLP, X: Any, y: Any, lr: float) -> None:
    """One step of gradient descent on the mean square."""
    loss = sum(((model(x) - t) ** 2 for x, t in zip(X.tolist(), y.tolist())), Value(0)) / len(y)
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= lr * p.grad


def _neuron(x: list[Value], w: list[Value], b: Value) -> Value:
    return x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + b


# drawing


def _drawn(root: Value) -> str:
    """A graph as viz draws it, in the middle of a thumbnail and without a legend."""
    its = pictures_of([viz.trace(root)], "LR")[0]
    scale = max((its.width + 2 * MARGIN) / WIDTH, (its.height + 2 * MARGIN) / HEIGHT)
    width, height = WIDTH * scale, HEIGHT * scale
    x, y = (width - its.width) / 2, (height - its.height) / 2
    moved = [replace(cluster, x=cluster.x + x, y=cluster.y + y) for cluster in its.clusters]
    return as_svg(Picture(width, height, moved, its.kinds, its.brief, its.text), WIDTH)


def _lettered(ax: Any, root: Value, places: Places, said: Mapping[str, str], early: Any = ()) -> None:
    """The nodes as letters in circles, with words in red beside them; early ones are red themselves."""
    ends = [(arg.label, node.label, i) for node in ops.topological(root) for i, arg in enumerate(node.args)]
    for source, target, i in ends:
        bent = f"arc3,rad={0.25 * (2 * i - 1) if ends.count((source, target, 1 - i)) else 0}"
        arrow = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 7, "shrinkB": 7, "connectionstyle": bent}
        ax.annotate("", places[target], places[source], arrowprops=arrow)
    lowest = min(y for _, y in places.values())
    for name, (x, y) in places.items():
        color = RED if name in early else BLUE
        ax.plot(x, y, "o", markersize=13, markerfacecolor="white", markeredgecolor=color)
        ax.text(x, y, name, ha="center", va="center_baseline", color=color)
        away = {"xytext": (0, -16 if y == lowest else 10), "textcoords": "offset points", "ha": "center"}
        ax.annotate(said[name], (x, y), **away, color=RED, fontsize=8)
    ax.margins(0.12, 0.4)
    ax.axis("off")


def _dotted(ax: Any, root: Any) -> int:
    """A dot for each node and a line for each edge; returns how many nodes there are."""
    graph = viz.trace(root)
    size = 8.0
    plan = layout([(size, size)] * len(graph.nodes), [(edge.source, edge.target) for edge in graph.edges], "LR")
    x, y = np.array([box[:2] for box in plan.boxes]).T
    for edge in graph.edges:
        ax.plot(x[[edge.source, edge.target]], -y[[edge.source, edge.target]], color="#c6dbef", linewidth=0.7, zorder=1)
    ax.scatter(x, -y, s=9, color=BLUE, zorder=2)
    ax.margins(0.08, 0.15)
    ax.axis("off")
    return len(graph.nodes)


@contextmanager
def _axes(rows: int = 1, columns: int = 1, **shared: Any) -> Iterator[tuple[Any, Any]]:
    """A figure of a thumbnail's size and its axes, in the looks of thumbnails; a point is a pixel."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(LOOKS):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), layout="constrained")
        yield figure, figure.subplots(rows, columns, **shared)


def _bare(figure: Any) -> Any:
    """The figure without ticks."""
    for ax in figure.axes:
        ax.minorticks_off()
        ax.set(xticks=[], yticks=[])
    return figure


def _svg(figure: Any) -> str:
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"
