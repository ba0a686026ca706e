"""Every kind of picture, from real graphs, on one page: `python -m lessons.gallery OUT`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

import nn
import ops
import viz
from lessons import moons, pictures
from scalar import Value
from tensor import Tensor
from viz import plots

SEED = 1337


def expression() -> Value:
    """micrograd's README expression, after backward."""
    a, b = Value(-4.0, label="a"), Value(2.0, label="b")
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    g = e**2 / 2.0 + 10.0 / e**2
    g.label = "g"
    g.backward()
    return g


def diamond() -> Value:
    """Two paths that meet: b = a + a, d = b + a, e = b + d."""
    a = Value(2.0, label="a")
    b = a + a
    e = b + (b + a)
    e.backward()
    return e


def neuron() -> Value:
    """The lecture's tanh neuron, whose gradients are 0.5, 1 and 1.5."""
    x = [Value(2.0, label="x1"), Value(0.0, label="x2")]
    w, b = [Value(-3.0, label="w1"), Value(1.0, label="w2")], Value(6.8813735870195432, label="b")
    o = (x[0] * w[0] + x[1] * w[1] + b).tanh()
    o.label = "o"
    o.backward()
    return o


def network(engine: str) -> Any:
    """The moons network on one point, after backward."""
    X, y = moons.moons(100, SEED)
    loss = nn.hinge_loss(moons.starting_model(SEED, engine)(nn.array(X[:1], engine)).squeeze(axis=1), y[:1])
    loss.label = "loss"
    loss.backward()
    return loss


def attention() -> Tensor:
    """One causal attention layer over four positions, after backward."""
    x = nn.array(np.random.default_rng(0).normal(size=(1, 4, 6)))
    y = nn.MultiHeadAttention(6, 2, rng=0)(x, causal=True).sum()
    y.backward()
    return y


def cut() -> Tensor:
    """A detached branch, which passes no gradient on."""
    x = Tensor([1.0, 2.0], requires_grad=True, label="x")
    h = x * x
    y = (h * h.detach()).sum()
    y.backward()
    return y


def product() -> Any:
    """One element of a matrix product, opened."""
    a = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    y = a @ Tensor([[1.0, 0.0], [0.5, -1.0], [2.0, 1.0]], requires_grad=True)
    (y * y).sum().backward()
    return viz.zoom(y, (0, 1))


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
    loss = nn.hinge_loss(model(nn.array(X)).squeeze(axis=1), nn.array(y))
    loss.backward()
    return model, loss


def drawings() -> Iterator[tuple[str, str, Any]]:
    """Name, title and something that saves itself as SVG."""
    yield "two_graphs", "The same loss as Values and as Tensors", pictures.two_graphs()
    yield "expression", "micrograd's README expression", viz.draw(expression())
    yield "neuron", "A neuron with tanh", viz.draw(neuron())
    yield "diamond", "Two paths that meet", viz.draw(diamond(), direction="TB")
    yield "cut", "A detached branch", viz.draw(cut())
    yield "network", "The moons network on one point, as arrays", viz.draw(network("tensor"))
    yield "network_scalars", "The same, number by number, folded", viz.draw(*network("scalar").values.flat, budget=60)
    yield "attention", "One attention layer", viz.draw(attention(), budget=60)
    yield "zoom", "Inside one element of a matrix product", product()


def charts() -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    """Name, title and a function that draws on axes."""
    X, y = moons.moons(100, SEED)
    run, _ = trained()
    model, loss = first_step()
    yield (
        "boundary",
        "Decision boundary",
        lambda ax: plots.decision_boundary(lambda p: moons.scores_of(run, p), X, y, ax),
    )
    yield "loss", "Loss curve", lambda ax: plots.loss_curve({"tensor": run.losses}, ax)
    yield "gradients", "Gradients by parameter", lambda ax: plots.histograms(plots.gradients(model), ax)
    yield "activations", "Activations by layer", lambda ax: plots.histograms(plots.activations(loss), ax)
    yield "u_curve", "Error of finite differences", lambda ax: plots.gradient_check_curve(ops.tanh, 0.5, ax)
    yield "broadcast", "Broadcasting, and the sums that fold it back", lambda ax: plots.broadcast((3, 1), (1, 4), ax)
    compared = viz.compare(model, X[:10], y[:10, None], nn.hinge_loss)
    yield "comparison", "Both engines, node by node", compared.plot


def write(out: Path) -> Path:
    """Write all pictures and pages into the folder, and the index that shows them."""
    from matplotlib.figure import Figure

    out.mkdir(parents=True, exist_ok=True)
    shown = [(title, drawing.save(out / f"{name}.svg")) for name, title, drawing in drawings()]
    for name, title, draw in charts():
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        draw(figure.subplots())
        figure.savefig(out / f"{name}.svg")
        shown.append((title, out / f"{name}.svg"))
    pages = [("Training replay", trained()[1].save(out / "replay.html"))]
    index = out / "index.html"
    index.write_text(_index(shown, pages))
    return index


def _index(shown: Sequence[tuple[str, Path]], pages: Sequence[tuple[str, Path]]) -> str:
    figures = "\n".join(
        f'<figure><img src="{path.name}" alt="{escape(title)}"><figcaption>{escape(title)}</figcaption></figure>'
        for title, path in shown
    )
    links = "\n".join(f'<li><a href="{path.name}">{escape(title)}</a></li>' for title, path in pages)
    style = "body{font:16px system-ui,sans-serif;margin:2rem}img{max-width:100%}figure{margin:0 0 2.5rem}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>duograd: gallery</title><style>{style}</style>'
        f"<h1>duograd: gallery</h1><h2>Pages</h2><ul>{links}</ul><h2>Pictures</h2>{figures}</html>\n"
    )


def main(argv: Sequence[str]) -> int:
    """The command line: one argument, the folder to write to."""
    if len(argv) != 1:
        print("usage: python -m lessons.gallery OUT, the folder to write the pictures to")
        return 2
    print(f"gallery: {write(Path(argv[0]))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
