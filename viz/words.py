"""Nodes in words and numbers: what the pictures write in their boxes, and the whole graph as lines of text."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from viz.graph import Graph, Node

DASH = "—"  # a gradient that has not been computed
FEW = 4  # an array of at most this many numbers is written out
FINEST = 12  # digits that tell a number from an integer
LONGEST = 28  # characters of a label or a symbol that a picture shows


def number(x: Any, digits: int = 4) -> str:
    """A number in so many significant digits, or in as many as it takes not to read as an integer beside it.

    What differs from an integer by less than a part in 10^12 is rounding, and reads as that integer.

    >>> number(24.70408163), number(-4.0), number(-0.0), number(0.99999977), number(3 * 1.1 / 1.1)
    ('24.7', '-4', '0', '0.9999998', '3')
    """
    x = float(x) + 0.0
    texts = [f"{x:.{count}g}" for count in range(digits, FINEST + 1)] if _is_nearly_whole(x, digits) else []
    return next((text for text in texts if "." in text), f"{x:.{digits}g}")


def _is_nearly_whole(x: float, digits: int) -> bool:
    """Whether rounding to so many digits makes an integer of what is none."""
    return abs(x) < 10**digits and not x.is_integer() and float(f"{x:.{digits}g}").is_integer()


def tidy(text: Any, longest: int = 200) -> str:
    """One line that any format can hold: no control characters, cut short where it is very long."""
    return clipped(" ".join("".join(c if c.isprintable() else " " for c in str(text)).split()), longest)


def columns(text: str) -> int:
    """How many columns of a fixed-width font a text takes."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def clipped(text: str, longest: int) -> str:
    """The text cut to so many characters, with an ellipsis where something is missing."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def size_of(data: Any) -> int:
    """How many numbers there are."""
    return data.size if hasattr(data, "size") else 1


def written(data: Any) -> str:
    """The numbers themselves, in nested brackets.

    >>> written([[1.0, 2.5], [3.0, 4.0]])
    '[[1, 2.5], [3, 4]]'
    """
    data = data.tolist() if hasattr(data, "tolist") else data
    return f"[{', '.join(map(written, data))}]" if isinstance(data, list) else number(data)


@contextmanager
def quietly() -> Iterator[None]:
    """Without NumPy's warnings of infinities and NaN, which stand in what is shown, and come from lines of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def summary(data: Any, digits: int = 4) -> tuple[str, str, str]:
    """Mean, least and greatest of an array."""
    if data.size == 0:
        return DASH, DASH, DASH
    with quietly():  # inf - inf, and sums past the largest float, say so in the mean
        return number(data.mean(), digits), number(data.min(), digits), number(data.max(), digits)


def rows(node: Node) -> list[tuple[str, ...]]:
    """What stands in a node's box, row by row: what the row is, then its cells.

    The heading holds the label and the shape; it is left out where a Value has no label.
    """
    label = clipped(node.label, LONGEST)
    shape = "" if node.shape is None else str(node.shape)
    heading = [("heading", label, shape)] if label or shape else []
    held = [(node.holds, f"{node.count:,} nodes")] if node.holds else []
    taken = [("takes", node.takes)] if node.takes else []
    if node.data is None:
        return [*heading, *held, *taken]
    numbers = [("data", in_short(node.data)), ("grad", DASH if node.grad is None else in_short(node.grad))]
    return [*heading, *held, *taken, *numbers]


def in_short(data: Any) -> str:
    """The numbers where they are few, else their range."""
    if size_of(data) <= FEW:
        return written(data)
    _, low, high = summary(data, 3)
    return f"{low} … {high}" if low != high else f"all {low}"


def names(graph: Graph) -> list[str]:
    """A name for each node: its label where no other node bears it, else its id."""
    bearers = Counter(node.label for node in graph.nodes)
    plain = [node.label if bearers[node.label] == 1 and not _only_counts(node) else "" for node in graph.nodes]
    return [name or f"#{i}" for i, name in enumerate(plain)]


def _only_counts(node: Node) -> bool:
    return node.kind == "folded" and not node.holds


def formula(node: Node, args: Sequence[str]) -> str:
    """A node as written in code: `a + b`, `x**2`, `ReLU(x)`; of a leaf, its kind."""
    if node.kind == "folded":
        shown = args if len(args) <= FEW else [*args[: FEW - 1], f"{len(args) - FEW + 1} others"]
        of = f" of {', '.join(shown)}" if args else ""
        return f"{node.count:,} nodes ({node.holds}){of}" if node.holds else node.label
    if not node.op:
        return node.kind
    if not any(c.isalpha() for c in node.symbol) and len(args) == 2:
        return f"{args[0]} {node.symbol} {args[1]}"
    if node.symbol.startswith("*") and len(args) == 1:
        return f"{args[0]}{node.symbol}"
    return f"{node.symbol}({', '.join([*args, node.options] if node.options else args)})"


def sentences(graph: Graph) -> Iterator[tuple[str, ...]]:
    """Each node as name, formula, shape, data and gradient; what it does not have is empty."""
    called = names(graph)
    args: list[list[str]] = [[] for _ in graph.nodes]
    for edge in graph.edges:
        args[edge.target].append(called[edge.source])
    for node, name, its_args in zip(graph.nodes, called, args):
        cut = f" from {its_args[0]}" if node.kind == "cut" and its_args else ""
        label = f" {node.label!r}" if node.label and name != node.label and not _only_counts(node) else ""
        shape = "" if node.shape is None else str(node.shape)
        yield name, formula(node, its_args) + cut + label, shape, *_values(node)


def _values(node: Node) -> tuple[str, str]:
    if node.data is None:
        return "", ""
    grad = DASH if node.grad is None else _value(node.grad)
    return f"data {_value(node.data)}", f"grad {grad}"


def _value(data: Any) -> str:
    if size_of(data) <= FEW:
        return written(data)
    mean, low, high = summary(data)
    return f"{low} … {high}, mean {mean}" if low != high else f"all {low}"


def as_text(graph: Graph) -> str:
    """The graph as one line for each node, in columns, arguments before what is made of them."""
    table = [column for column in zip(*sentences(graph)) if any(column)]
    widths = [max(map(columns, column)) for column in table]
    padded = [[cell + " " * (width - columns(cell)) for cell in column] for column, width in zip(table, widths)]
    return "".join("  ".join(row).rstrip() + "\n" for row in zip(*padded))


def in_brief(graph: Graph) -> str:
    """One sentence about the whole graph."""
    root = graph.root
    made = f", made by {root.symbol}" if root.op else ""
    called = f" {root.label}" if root.label else ""
    return f"The graph of a {graph.engine}{called}{made}: {graph.size:,} node{'s' * (graph.size != 1)}"
