"""What is drawn, as plain marks: outlines and words with a class each, which SVG and matplotlib paint alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

Point = tuple[float, float]
Step = tuple[str, tuple[float, ...]]  # "M", "L", "C" or "Z" as in SVG, with absolute numbers
Outline = tuple[Step, ...]

_ROUND = 0.5523  # the handle of a Bezier quarter circle of radius 1
_ROUNDEST = 26.0  # the greatest diameter of a pill's corners


@dataclass(frozen=True, slots=True)
class Mark:
    """An outline."""

    look: str
    outline: Outline


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text on the baseline at (x, y); anchor: "start", "middle" or "end"."""

    look: str
    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Marks and words that belong together, moved by (x, y), with a sentence that says what they show.

    link: the id of what they open into on a page.
    """

    title: str
    x: float
    y: float
    parts: Sequence[Mark | Word]
    link: str = ""


def polygon(*points: Point) -> Outline:
    """Straight lines from point to point and back."""
    return (("M", points[0]), *(("L", point) for point in points[1:]), ("Z", ()))


def path(*points: Point) -> Outline:
    """Straight lines from point to point."""
    return (("M", points[0]), *(("L", point) for point in points[1:]))


def rounded(x: float, y: float, w: float, h: float, r: float) -> Outline:
    """A rectangle with corners of radius r."""
    r = min(r, w / 2, h / 2)
    k = r * (1 - _ROUND)
    right, bottom = x + w, y + h
    return (
        ("M", (x + r, y)),
        ("L", (right - r, y)),
        ("C", (right - k, y, right, y + k, right, y + r)),
        ("L", (right, bottom - r)),
        ("C", (right, bottom - k, right - k, bottom, right - r, bottom)),
        ("L", (x + r, bottom)),
        ("C", (x + k, bottom, x, bottom - k, x, bottom - r)),
        ("L", (x, y + r)),
        ("C", (x, y + k, x + k, y, x + r, y)),
        ("Z", ()),
    )


def chamfered(x: float, y: float, w: float, h: float, c: float) -> Outline:
    """A rectangle with its corners cut off."""
    right, bottom = x + w, y + h
    return polygon(
        (x + c, y), (right - c, y), (right, y + c), (right, bottom - c),
        (right - c, bottom), (x + c, bottom), (x, bottom - c), (x, y + c),
    )  # fmt: skip


def dog_eared(x: float, y: float, w: float, h: float, c: float) -> Outline:
    """A rectangle with its upper right corner folded in."""
    right, bottom = x + w, y + h
    sheet = polygon((x, y), (right - c, y), (right, y + c), (right, bottom), (x, bottom))
    return (*sheet, *path((right - c, y), (right - c, y + c), (right, y + c)))


def stacked(x: float, y: float, w: float, h: float, c: float) -> Outline:
    """A sheet lying on two others."""
    front = rounded(x, y + c, w - c, h - c, 3)
    for step in (c / 2, c):
        left, top, right, bottom = x + step, y + c - step, x + w - c + step, y + h - step
        front += path((left, top + c / 2), (left, top), (right, top), (right, bottom), (right - c / 2, bottom))
    return front


def pill(x: float, y: float, w: float, h: float) -> Outline:
    """A rectangle with round ends; a circle where it is as wide as high, if not too large."""
    return rounded(x, y, w, h, min(w, h, _ROUNDEST) / 2)


def pill_inset(offset: float, along: float, deep: float) -> float:
    """How far from a pill's bounding side its outline lies, `offset` from the middle of that side.

    along: the length of that side.  deep: the pill's other length.
    """
    r = min(along, deep, _ROUNDEST) / 2
    past = max(0.0, abs(offset) - (along / 2 - r))
    return r - sqrt(max(0.0, r * r - past * past))


def scissors(x: float, y: float) -> Outline:
    """Open scissors, 18 wide and 14 high around (x, y), blades to the right."""
    return (
        *pill(x - 9, y - 7, 6, 6),
        *pill(x - 9, y + 1, 6, 6),
        *path((x - 3.6, y - 2.4), (x + 9, y + 4.5)),
        *path((x - 3.6, y + 2.4), (x + 9, y - 4.5)),
    )
