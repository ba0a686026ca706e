"""The pictures of the README, drawn from real graphs and runs: `python -m lessons.pictures` writes them into docs/."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import viz
from lessons.arguments import folder
from lessons.thumbnails import THUMBNAILS
from ops.files import write
from scalar import Value
from tensor import Tensor

DOCS = Path(__file__).parent.parent / "docs"
WIDTH = 900  # of a README's column, in pixels
CAPTIONS = (
    "Value, a node for each number: loss = (w1 * x1 + w2 * x2 + b - y) ** 2",
    "Tensor, a node for each array: loss = ((w * x).sum() + b - y) ** 2",
)


def two_graphs() -> viz.Drawing:
    """One expression after backward: as a Value graph, and as a Tensor graph that stands for it."""
    (w1, w2, b), (x1, x2, y) = _values(w1=2.0, w2=-3.0, b=1.0), _values(x1=1.0, x2=0.5, y=3.0)
    by_values = (w1 * x1 + w2 * x2 + b - y) ** 2
    w = Tensor([2.0, -3.0], requires_grad=True, label="w")
    bias = Tensor(1.0, requires_grad=True, label="b")
    x, target = Tensor([1.0, 0.5], label="x"), Tensor(3.0, label="y")
    by_tensors = ((w * x).sum() + bias - target) ** 2
    for loss in (by_values, by_tensors):
        loss.label = "loss"
        loss.backward()
    return viz.draw(
        by_values,
        by_tensors,
        captions=CAPTIONS,
        parameters=[w1, w2, b],
    )


def _values(**numbers: float) -> list[Value]:
    return [Value(number, label=label) for label, number in numbers.items()]


def pictures() -> Iterator[tuple[str, str]]:
    """Each file's name and its SVG: the two graphs, then a small picture for each lesson."""
    yield "two_graphs.svg", two_graphs().svg(width=WIDTH)
    for number, thumbnail in enumerate(THUMBNAILS, start=1):
        yield f"lesson_{number:02}.svg", thumbnail()


def main(argv: Sequence[str] | None = None) -> None:
    """Write every picture into the folder."""
    parser = argparse.ArgumentParser(prog="python -m lessons.pictures", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("out", type=folder, nargs="?", default=DOCS, help="folder for the pictures (docs)")
    out = parser.parse_args(argv).out
    for name, svg in pictures():
        try:
            write(out / name, svg)
        except OSError as error:
            raise SystemExit(f"lessons.pictures: {error}") from None


if __name__ == "__main__":
    main()
