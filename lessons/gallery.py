"""Every kind of picture, from real graphs, on one page: `python -m lessons.gallery OUT`."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nn
import ops
import scalar.nn
import viz
from lessons import moons, pictures
from lessons.arguments import folder
from ops import files
from scalar import Value
from tensor import Tensor
from viz import plots
from viz.notebook import document, region
from viz.saving import of_figure

SEED = 1337


# graphs, after backward


def readme() -> Value:
    """The README's expression."""
    a, b = Value(-0.5, label="a"), Value(0.8, label="b")
    return _back((a * b + b**3).tanh() + ops.relu(b - a), "y")


def expression() -> Value:
    """micrograd's README expression."""
    a, b = Value(-4.0, label="a"), Value(2.0, label="b")
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    return _back(e**2 / 2.0 + 10.0 / e**2, "g")


def diamond() -> Value:
    """Two paths that meet: b = a + a, d = b + a, e = b + d."""
    a = Value(2.0, label="a")
    b = a + a
    b.label = "b"
    return _back(b + (b + a), "e")


def neuron() -> Value:
    """The lecture's tanh neuron, whose gradients are 0.5, 1 and 1.5."""
    x = [Value(2.0, label="x1"), Value(0.0, label="x2")]
    w, b = [Value(-3.0, label="w1"), Value(1.0, label="w2")], Value(6.8813735870195432, label="b")
    return _back((x[0] * w[0] + x[1] * w[1] + b).tanh(), "o")


def small_network() -> Value:
    """Three neurons and one, of Values."""
    import random

    random.seed(SEED)
    return _back((scalar.nn.MLP(2, [3, 1])([Value(1.0, label="x1"), Value(-2.0, label="x2")]) - 1.0) ** 2, "loss")


def network(engine: str) -> Any:
    """The moons network on one point."""
    X, y = moons.moons(100, SEED)
    model = moons.starting_model(SEED, engine)
    return _back(nn.hinge_loss(model(nn.array(X[:1], engine)).squeeze(axis=1), y[:1]), "loss")


def attention() -> Tensor:
    """One causal attention layer over three positions."""
    x = nn.array(np.random.default_rng(0).normal(size=(1, 3, 4)))
    x.label = "x"
    return _back(nn.MultiHeadAttention(4, 2, rng=0)(x, causal=True).sum(), "y")


def cut() -> Tensor:
    """A detached branch, which passes no gradient on."""
    x = Tensor([1.0, 2.0], requires_grad=True, label="x")
    h = x * x
    return _back((h * h.detach()).sum(), "y")


def product() -> Any:
    """A product of two matrices, on the way to a loss."""
    a = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    y = a @ Tensor([[1.0, 0.0], [0.5, -1.0], [2.0, 1.0]], requires_grad=True)
    _back((y * y).sum(), "loss")
    return y


def _back(root: Any, label: str) -> Any:
    root.label = label
    root.backward()
    return root


def leaf_of(root: Any, sought: str | tuple[int, ...]) -> Any:
    """The leaf with this label, or of this shape, which is then called W."""
    leaves = [x for x in ops.topological(root) if x.op is None]
    found = next(x for x in leaves if sought in (x.label, x.shape))
    found.label = found.label or "W"
    return found


# what shows itself


class Page(NamedTuple):
    """A file's name, its title, and the page or the picture that goes into it."""

    name: str
    title: str
    shown: Any


def drawings() -> Iterator[Page]:
    """What saves itself as SVG."""
    yield Page("two_graphs", "The same loss as Values and as Tensors", pictures.two_graphs())
    yield Page("readme", "The README's expression", viz.draw(readme()))
    yield Page("neuron", "A neuron with tanh", viz.draw(neuron()))
    yield Page("diamond", "Two paths that meet", viz.draw(diamond(), direction="TB"))
    yield Page("expression", "micrograd's README expression", viz.draw(expression()))
    try:
        yield Page("expression_dot", "The same, laid out by dot", viz.draw(expression(), layout="dot"))
    except ImportError as error:
        print(f"left out: {error}")
    yield Page("cut", "A detached branch", viz.draw(cut()))
    yield Page("small_network", "A network of four neurons, number by number", viz.draw(small_network()))
    yield Page("network", "The moons network on one point, as arrays", viz.draw(network("tensor")))
    scalars = viz.draw(*network("scalar").values.flat, budget=60)
    yield Page("network_scalars", "The same, number by number, folded", scalars)
    yield Page("attention", "One attention layer", viz.draw(attention(), budget=80))
    yield Page("zoom", "Inside one element of a matrix product", viz.zoom(product(), (0, 1)))


def steppers() -> Iterator[Page]:
    """Backward passes that are played step by step."""
    yield Page("step_readme", "The README's expression", viz.step(readme()))
    yield Page("step_neuron", "A neuron with tanh", viz.step(neuron()))
    yield Page("step_wrong", "The diamond by naive recursion, which is wrong", viz.step(diamond(), order="recursive"))
    yield Page("step_network", "The moons network on one point, arrays that open", viz.step(network("tensor")))
    both = viz.step(network("scalar"), network("tensor"))
    yield Page("step_both", "The same on both engines, side by side", both)
    yield Page("step_scalars", "A network of four neurons, number by number", viz.step(small_network()))
    yield Page("step_attention", "One attention layer", viz.step(attention()))


def explanations() -> Iterator[Page]:
    """Gradients as sums over paths."""
    yield Page("explain_readme", "The README's expression, from b", _explained(readme(), "b"))
    yield Page("explain_expression", "micrograd's README expression, from a", _explained(expression(), "a"))
    first = _explained(network("tensor"), (16, 2), (4, 0))
    yield Page("explain_network", "The moons network, from a weight of its first layer", first)
    queries = _explained(attention(), (12, 4), (0, 0))
    yield Page("explain_attention", "One attention layer, from a weight of its queries", queries)


def _explained(root: Any, sought: str | tuple[int, ...], element: tuple[int, ...] | None = None) -> viz.Explanation:
    return viz.explain(leaf_of(root, sought), root, element)


def reasons() -> Iterator[tuple[str, Any]]:
    """Ways to lose a gradient, and what is said of each."""

    def parameter() -> Tensor:
        return Tensor([1.0, 2.0], requires_grad=True, label="w")

    w = parameter()
    yield "Wrapped again", viz.why_no_grad(w, (Tensor(w.data * 2.0, requires_grad=True) ** 2).sum())
    w, x = parameter(), parameter()
    yield "Detached", viz.why_no_grad(w, (w.detach() * x).sum())
    w, x = parameter(), parameter()
    yield "Through NumPy", viz.why_no_grad(w, (Tensor(np.tanh(w.numpy())) * x).sum())
    w, x = parameter(), parameter()
    with ops.no_grad():
        hidden = w * 3.0
    yield "Under no_grad", viz.why_no_grad(w, (hidden * x).sum())
    yield "Never used", viz.why_no_grad(parameter(), (x * x).sum())
    w = Tensor([-1.0, -2.0], requires_grad=True, label="w")
    yield "A dead relu", viz.why_no_grad(w, _back((ops.relu(w) * 3.0).sum(), "loss"))


def comparison() -> Any:
    """The moons network on ten points, on both engines."""
    X, y = moons.moons(100, SEED)
    return viz.compare(moons.starting_model(SEED, "tensor"), X[:10], y[:10, None], nn.hinge_loss)


@cache
def trained() -> tuple[moons.Run, plots.Replay]:
    """The moons demo on Tensors, recorded step by step."""
    X, y = moons.moons(100, SEED)
    run, replay = moons.Run("tensor", moons.starting_model(SEED, "tensor")), plots.training_replay(X, y)
    for _ in moons.train(run, X, y, 100):
        replay.record(lambda points: moons.scores_of(run, points), run.losses[-1], run.model.parameters())
    return run, replay


def first_step() -> tuple[nn.MLP, Any]:
    """The moons network after one backward pass over all points, and its loss."""
    X, y = moons.moons(100, SEED)
    model = moons.starting_model(SEED, "tensor")
    return model, _back(nn.hinge_loss(model(nn.array(X)).squeeze(axis=1), nn.array(y)), "loss")


def charts() -> Iterator[Page]:
    """Functions that draw on axes."""
    X, y = moons.moons(100, SEED)
    (run, _), (model, loss) = trained(), first_step()
    charts: dict[tuple[str, str], Callable[[Any], Any]] = {
        ("boundary", "Decision boundary"): lambda ax: plots.decision_boundary(
            lambda points: moons.scores_of(run, points), X, y, ax
        ),
        ("loss", "Loss curve"): lambda ax: plots.loss_curve({"tensor": run.losses}, ax),
        ("gradients", "Gradients by parameter"): lambda ax: plots.histograms(plots.gradients(model), ax),
        ("activations", "Activations by layer"): lambda ax: plots.histograms(plots.activations(loss), ax),
        ("u_curve", "Error of finite differences"): lambda ax: plots.gradient_check_curve(ops.tanh, 0.5, ax),
        ("broadcast", "Broadcasting, and the sums that fold it back"): lambda ax: plots.broadcast((3, 1), (1, 4), ax),
        ("differences", "Both engines, node by node"): comparison().plot,
    }
    for (name, title), draw in charts.items():
        yield Page(name, title, draw)


# the files


def write(out: Path) -> Path:
    """Write all pictures and pages into the folder, and the index that shows them."""
    out.mkdir(parents=True, exist_ok=True)
    sections = {
        "Drawn": [_drawn(page, out) for page in drawings()],
        "Stepped, node by node": _links(steppers(), out),
        "Explained, path by path": _links(explanations(), out),
        "Why there is no gradient": [f"<h3>{title}</h3>\n{reason._repr_html_()}" for title, reason in reasons()],
        "Compared and replayed": _links(_others(out), out),
        "Plotted": [_plotted(page, out) for page in charts()],
    }
    body = "\n".join(f"<h2>{escape(title)}</h2>\n" + "\n".join(parts) for title, parts in sections.items())
    index = out / "index.html"
    return files.write(index, document("duograd: gallery", f"<h1>duograd: gallery</h1>\n{body}"), "gallery")


def _others(out: Path) -> Iterator[Page]:
    page = document("Both engines", region("Both engines", comparison().html()))
    files.write(out / "compare.html", page, "gallery")
    yield Page("compare", "The moons network on both engines, node by node", None)
    yield Page("replay", "The moons demo, step by step", trained()[1])


def _links(pages: Iterator[Page], out: Path) -> list[str]:
    """A line for each page, which is written where it is not there yet."""
    lines = []
    for name, title, shown in pages:
        if shown is not None:
            shown.save(out / f"{name}.html")
        lines.append(f'<li><a href="{name}.html">{escape(title)}</a></li>')
    return ["<ul>", *lines, "</ul>"]


def _drawn(page: Page, out: Path) -> str:
    page.shown.save(out / f"{page.name}.svg")
    text = f"<details><summary>The same as text</summary><pre>{escape(page.shown.text())}</pre></details>"
    return _figure(page, text)


def _plotted(page: Page, out: Path) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    page.shown(figure.subplots())
    files.write(out / f"{page.name}.svg", of_figure(figure, "svg", metadata={"Date": None}), "gallery")
    return _figure(page)


def _figure(page: Page, text: str = "") -> str:
    """The picture in its own size: a wide one is scrolled, not shrunk."""
    title = escape(page.title)
    img = region(page.title, f'<img src="{page.name}.svg" alt="{title}">')
    return f'<figure style="margin:0 0 2rem"><figcaption>{title}</figcaption>{img}{text}</figure>'


def main(argv: Sequence[str]) -> int:
    """The command line: one argument, the folder to write to."""
    if len(argv) != 1 or argv[0].startswith("-"):
        print("usage: python -m lessons.gallery OUT, the folder to write the pictures to")
        return 2
    try:
        print(f"gallery: {write(folder(argv[0]))}")
    except (ArgumentTypeError, OSError) as error:
        print(f"lessons.gallery: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
