"""A table as text and as markdown, and the way in which its cells are written."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """What one benchmark found: figures for the file, and the table that shows them."""

    name: str
    says: str
    figures: Mapping[str, Any]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default=())

    def text(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.head))]
        shown = ["  ".join(_placed(line, widths)).rstrip() for line in lines]
        return "\n".join([f"{self.name}: {self.says}", *(f"  {line}" for line in shown), *self.notes])

    def markdown(self) -> str:
        marks = ["---", *("---:" for _ in self.head[1:-1]), "---"]
        table = "\n".join(f"| {' | '.join(line)} |" for line in (self.head, marks, *self.rows))
        return "\n\n".join([f"## {self.name}: {self.says}", table, *self.notes])


def _placed(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The first and the last cell to the left; those between, which are numbers, to the right."""
    numbers = [cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1])]
    return [line[0].ljust(widths[0]), *numbers, line[-1]]


def spread(samples: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples)}


def figure(x: float) -> str:
    """Three digits or more.

    >>> figure(0.1234), figure(12.34), figure(1234.5)
    ('0.12', '12.3', '1,234')
    """
    decimals = 2 if abs(x) < 10 else 1 if abs(x) < 100 else 0
    return f"{x:,.{decimals}f}"


def share(ratio: float) -> str:
    """A small ratio of times as a fraction.

    >>> share(0.35), share(1 / 9)
    ('0.35', '1/9.0')
    """
    return f"1/{1 / ratio:.1f}" if ratio < 0.15 else f"{ratio:.2f}"


def verdict(met: bool) -> str:
    return "met" if met else "missed"
