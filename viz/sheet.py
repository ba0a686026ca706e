"""Pictures on one sheet: under each other or side by side, with captions, and a legend of the shapes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from viz.boxes import OUTLINES
from viz.picture import Picture
from viz.shapes import Cluster, Mark, Point, Word
from viz.words import columns

MARGIN, BETWEEN = 16.0, 28.0  # around a sheet, and from one picture on it to the next
CAPTION, LEGEND = 26.0, 34.0  # their heights
WIDE_LETTER, LEGEND_LETTER = 7.4, 6.4  # widths of a caption's and of a legend's characters, generously

MEANINGS = {
    "parameter": "parameter",
    "input": "input",
    "constant": "constant",
    "cut": "detached",
    "folded": "folded nodes",
}
NOTES = {"range": "least … greatest", "dash": "— no gradient has arrived"}


def sheet(pictures: Sequence[Picture], captions: Sequence[str], direction: str) -> Picture:
    """Pictures under each other, or side by side where they run from top to bottom."""
    head = CAPTION if any(captions) else 0.0
    corners = _corners(pictures, captions, head, direction)
    clusters: list[Cluster] = []
    for picture, caption, (x, y) in zip(pictures, captions, corners):
        clusters += [Cluster("", x, y, [Word("caption", 0.0, 13.0, caption)])] if caption else []
        clusters += [replace(its, x=x + its.x, y=y + head + its.y) for its in picture.clusters]
    width = max(x + _width(picture, caption) for picture, caption, (x, _) in zip(pictures, captions, corners))
    height = max(y + head + picture.height for picture, (_, y) in zip(pictures, corners))
    legend, length = _legend(frozenset[str]().union(*(picture.kinds for picture in pictures)))
    return Picture(
        width=max(width, MARGIN + length) + MARGIN,
        height=height + (LEGEND if legend else 0.0) + MARGIN,
        clusters=[*clusters, Cluster("", MARGIN, height + LEGEND - 12, legend)],
        kinds=frozenset(),
        brief="; ".join(_said(caption, picture.brief, ": ") for picture, caption in zip(pictures, captions)),
        text="\n".join(_said(caption, picture.text, "\n") for picture, caption in zip(pictures, captions)),
    )


def _said(caption: str, text: str, joint: str) -> str:
    return f"{caption}{joint}{text}" if caption else text


def _width(picture: Picture, caption: str) -> float:
    return max(picture.width, WIDE_LETTER * columns(caption))


def _corners(pictures: Sequence[Picture], captions: Sequence[str], head: float, direction: str) -> list[Point]:
    corners = []
    x = y = MARGIN
    for picture, caption in zip(pictures, captions):
        corners.append((x, y))
        if direction == "LR":
            y += head + picture.height + BETWEEN
        else:
            x += _width(picture, caption) + BETWEEN
    return corners


def _legend(kinds: Collection[str]) -> tuple[list[Mark | Word], float]:
    """The outline of each kind of leaf with its meaning, notes on the numbers, and how long the line is."""
    parts: list[Mark | Word] = []
    x = 0.0
    for kind in [kind for kind in [*MEANINGS, *NOTES] if kind in kinds]:
        words = MEANINGS.get(kind) or NOTES[kind]
        if kind in MEANINGS:
            parts.append(Mark(kind, OUTLINES[kind](x, -10.0, 22.0, 14.0)))
            x += 28
        parts.append(Word("legend", x, 1.0, words))
        x += LEGEND_LETTER * len(words) + 18
    return parts, x
