"""A picture as a PNG or PDF file, painted by matplotlib from the same marks as the SVG."""

from __future__ import annotations

import warnings
from pathlib import Path as File
from typing import IO, Any

from viz.colours import LIGHT
from viz.picture import Picture
from viz.shapes import Mark, Outline, Point, Word

UNIT = 100  # SVG pixels to matplotlib's inch
SHARP = 2  # PNG pixels to an SVG pixel
SIDE_MAX = 16_000  # of the PNG, in pixels: a larger picture is scaled down

_STYLES: dict[str, dict[str, Any]] = {
    "label": {"weight": "bold"},
    "name": {"size": 11},
    "symbol": {"size": 13, "weight": "bold"},
    "legend": {"size": 11, "family": "DejaVu Sans"},
    "caption": {"size": 14, "weight": "bold", "family": "DejaVu Sans"},
}
_SIDES = {"start": "left", "middle": "center", "end": "right"}


def write(picture: Picture, file: File | IO[bytes], format: str = "png") -> None:
    """Write the picture in its light colours.  format: "png", or "pdf"."""
    from matplotlib.figure import Figure

    sheet = Figure(figsize=(picture.width / UNIT, picture.height / UNIT))
    axes = sheet.add_axes((0, 0, 1, 1), xlim=(0, picture.width), ylim=(picture.height, 0))
    axes.set_axis_off()
    parts = [(part, (cluster.x, cluster.y)) for cluster in picture.clusters for part in cluster.parts]
    for depth, (part, corner) in enumerate(parts):
        if isinstance(part, Mark):
            axes.add_patch(_patch(part, corner, depth))
        else:
            axes.text(part.x + corner[0], part.y + corner[1], part.text, zorder=depth, **_style(part))
    sharp = min(SHARP * UNIT, SIDE_MAX * UNIT / max(picture.width, picture.height))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a label in a script that the font lacks
        sheet.savefig(file, format=format, dpi=sharp, facecolor=LIGHT.outlines["sheet"][0])


def _patch(mark: Mark, corner: Point, depth: int) -> Any:
    from matplotlib.patches import PathPatch

    fill, ink = LIGHT.outlines[mark.look]
    dashes = (0, (5, 3)) if mark.look.startswith("cut") else "solid"
    return PathPatch(
        _path(mark.outline, corner),
        facecolor=fill,
        edgecolor=ink,
        linewidth=_points(1.4),
        linestyle=dashes,
        zorder=depth,
    )


def _path(outline: Outline, corner: Point) -> Any:
    from matplotlib.path import Path

    codes = {"M": [Path.MOVETO], "L": [Path.LINETO], "C": [Path.CURVE4] * 3, "Z": [Path.CLOSEPOLY]}
    points: list[Point] = []
    for _, numbers in outline:
        pairs = zip(numbers[::2], numbers[1::2]) if numbers else [(0.0, 0.0)]
        points += [(x + corner[0], y + corner[1]) for x, y in pairs]
    return Path(points, [code for step, _ in outline for code in codes[step]])


def _style(word: Word) -> dict[str, Any]:
    style = {"size": 12, "family": "DejaVu Sans Mono", "ha": _SIDES[word.anchor], "color": LIGHT.words[word.look]}
    style |= _STYLES.get(word.look, {})
    return style | {"size": _points(style["size"]), "parse_math": False}


def _points(pixels: float) -> float:
    return pixels * 72 / UNIT
