"""How a node looks: a box of numbers whose outline tells its kind, and before it the op that makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from viz.graph import Node
from viz.shapes import (
    Mark,
    Outline,
    Word,
    chamfered,
    dog_eared,
    path,
    pill,
    polygon,
    rounded,
    scissors,
    stacked,
)
from viz.words import LONGEST, clipped, columns, rows

LETTER, ROW = 7.25, 16.0  # a character and a line of the 12 px fixed-width font
PAD_X, PAD_Y, BASELINE = 9.0, 5.0, 12.0
NARROWEST = 84.0
OP, OP_LETTER, STEM = 26.0, 7.9, 9.0  # an op's height, its characters, and the line from it to its box
EAR = 10.0  # of a constant's sheet
STACK = 8.0  # how far the sheets of a stack reach past the front one, to the right and above
SINK, STAR_SINK = 4.5, 6.5  # how far below its middle a symbol's baseline lies; a star hangs high

Box = Callable[[float, float, float, float], Outline]
OUTLINES: dict[str, Box] = {
    "parameter": lambda x, y, w, h: chamfered(x, y, w, h, min(8, h / 3)),
    "input": lambda x, y, w, h: rounded(x, y, w, h, 16),
    "constant": lambda x, y, w, h: dog_eared(x, y, w, h, min(EAR, h / 2)),
    "intermediate": lambda x, y, w, h: polygon((x, y), (x + w, y), (x + w, y + h), (x, y + h)),
    "cut": lambda x, y, w, h: rounded(x, y, w, h, 16),
    "folded": lambda x, y, w, h: stacked(x, y, w, h, min(STACK, h / 3)),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A node's picture, from its upper left corner.

    entry: width and height of what edges enter, the op or the scissors; (0, 0) where none do.
    """

    width: float
    height: float
    entry: tuple[float, float]
    parts: list[Mark | Word]


def figure(node: Node, args: int, direction: str) -> Figure:
    """The picture of a node with so many edges into it."""
    table = rows(node)
    behind = STACK if node.kind == "folded" else 0.0
    w, h = (side + behind for side in _box_size(table))
    op_w, op_h = entry = _entry_size(node, args, direction)
    stem = STEM if op_w else 0.0
    if direction == "LR":
        width, height = op_w + stem + w, max(op_h, h)
        x, y, at = op_w + stem, (height - h) / 2, (op_w / 2, height / 2)
        line = path((op_w, height / 2), (x, height / 2))
    else:
        width, height = max(op_w, w), op_h + stem + h
        x, y, at = (width - w) / 2, op_h + stem, (width / 2, op_h / 2)
        line = path((width / 2, op_h), (width / 2, y))
    before = [Mark("line", line), *_op(node, *at, *entry)] if node.op else []
    if node.kind == "cut":
        before = [Mark("cutline", line), Mark("scissors", scissors(*at))]
    words = _words(table, x, y + behind, w - behind, EAR if node.kind == "constant" else 0.0)
    parts = [*before, Mark(node.kind, OUTLINES[node.kind](x, y, w, h)), *words]
    return Figure(width, height, entry, parts)


def _box_size(table: Sequence[tuple[str, ...]]) -> tuple[float, float]:
    letters = 1 + max(sum(map(columns, cells)) + (0 if look == "heading" else columns(look)) for look, *cells in table)
    return max(NARROWEST, 2 * PAD_X + LETTER * letters), 2 * PAD_Y + ROW * len(table)


def _words(table: Sequence[tuple[str, ...]], x: float, top: float, w: float, ear: float) -> list[Word]:
    """The rows of a table in a box: label and, before the ear, shape; what a number is and the number."""
    left, right = x + PAD_X, x + w - PAD_X
    words: list[Word] = []
    for k, (look, *cells) in enumerate(table):
        y = top + PAD_Y + ROW * k + BASELINE
        if look == "heading":
            words += [Word("label", left, y, cells[0]), Word("name", right - ear, y, cells[1], "end")]
        else:
            its = look if look in ("data", "grad") else "name"
            words += [Word("name", left, y, look), Word(its, right, y, cells[0], "end")]
    return [word for word in words if word.text]


def _entry_size(node: Node, args: int, direction: str) -> tuple[float, float]:
    """Width and height of an op: a circle, longer for a long symbol or for many arguments."""
    if node.kind == "cut":
        return 22.0, OP
    if not node.op:
        return 0.0, 0.0
    letters = columns(clipped(node.symbol, LONGEST))
    width = OP if letters <= 2 else 14 + OP_LETTER * letters
    crowd = OP + min(8.0 * max(args - 3, 0), 240.0)
    return (width, crowd) if direction == "LR" else (max(width, crowd), OP)


def _op(node: Node, x: float, y: float, w: float, h: float) -> list[Mark | Word]:
    symbol = clipped(node.symbol, LONGEST)
    sink = STAR_SINK if set(symbol) == {"*"} else SINK
    return [Mark("op", pill(x - w / 2, y - h / 2, w, h)), Word("symbol", x, y + sink, symbol, "middle")]
