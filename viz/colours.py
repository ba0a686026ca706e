"""The colours of pictures, by what they paint: (fill, stroke) of outlines, the ink of words.

All words have a contrast of at least 4.5 to 1 with what they stand on, and no kind of node is told by colour
alone.
"""

from __future__ import annotations

from typing import NamedTuple

NONE = "none"


class Palette(NamedTuple):
    """Colours for one background."""

    outlines: dict[str, tuple[str, str]]
    words: dict[str, str]


# fmt: off
LIGHT = Palette(
    outlines={
        "sheet": ("#ffffff", NONE),
        "edge": (NONE, "#6e7781"),         "line": (NONE, "#6e7781"),      "arrow": ("#6e7781", NONE),
        "cutedge": (NONE, "#8250df"),      "cutline": (NONE, "#8250df"),   "scissors": (NONE, "#8250df"),
        "op": ("#24292f", "#24292f"),
        "parameter": ("#fff4d6", "#9a6700"), "input": ("#e1f2ff", "#0a5cb8"), "constant": ("#f0f1f3", "#59636e"),
        "intermediate": ("#ffffff", "#59636e"), "cut": ("#ffffff", "#8250df"), "folded": ("#f0f1f3", "#59636e"),
    },
    words={
        "label": "#1f2328", "name": "#59636e", "data": "#1f2328", "grad": "#b02a0c",
        "symbol": "#ffffff", "legend": "#59636e", "caption": "#1f2328",
    },
)
DARK = Palette(
    outlines={
        "sheet": ("#0d1117", NONE),
        "edge": (NONE, "#8b949e"),         "line": (NONE, "#8b949e"),      "arrow": ("#8b949e", NONE),
        "cutedge": (NONE, "#b794ff"),      "cutline": (NONE, "#b794ff"),   "scissors": (NONE, "#b794ff"),
        "op": ("#e6edf3", "#e6edf3"),
        "parameter": ("#3b2e0a", "#e3b341"), "input": ("#0c2d4d", "#6cb6ff"), "constant": ("#21262d", "#9198a1"),
        "intermediate": ("#0d1117", "#9198a1"), "cut": ("#0d1117", "#b794ff"), "folded": ("#21262d", "#9198a1"),
    },
    words={
        "label": "#f0f6fc", "name": "#b1bac4", "data": "#f0f6fc", "grad": "#ffab91",
        "symbol": "#0d1117", "legend": "#b1bac4", "caption": "#f0f6fc",
    },
)
# fmt: on
