"""A picture as SVG text: self-contained, escaped, light or dark as its reader prefers."""

from __future__ import annotations

from html import escape

from viz.colours import DARK, LIGHT, Palette
from viz.picture import Picture
from viz.shapes import Cluster, Mark, Outline, Word

MONOSPACE = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace'
SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif'


def as_svg(picture: Picture, width: float | None = None) -> str:
    """The picture as an SVG image, as wide as it is drawn or scaled to `width`."""
    scale = width / picture.width if width else 1.0
    size = f'width="{_n(picture.width * scale)}" height="{_n(picture.height * scale)}"'
    box = f"0 0 {_n(picture.width)} {_n(picture.height)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="duograd" role="img" {size} viewBox="{box}">',
        f"<title>{escape(picture.brief)}</title>",
        f"<desc>{escape(picture.text)}</desc>",
        f"<style>{_style()}</style>",
        f'<path class="sheet" d="M0 0H{_n(picture.width)}V{_n(picture.height)}H0z"/>',
        *map(_cluster, picture.clusters),
        "</svg>\n",
    ]
    return "\n".join(lines)


def _cluster(cluster: Cluster) -> str:
    title = f"<title>{escape(cluster.title)}</title>" if cluster.title else ""
    parts = "".join(_mark(part) if isinstance(part, Mark) else _word(part) for part in cluster.parts)
    return f'<g transform="translate({_n(cluster.x)} {_n(cluster.y)})">{title}{parts}</g>'


def _mark(mark: Mark) -> str:
    return f'<path class="{mark.look}" d="{_path(mark.outline)}"/>'


def _word(word: Word) -> str:
    classes = word.look if word.anchor == "start" else f"{word.look} {word.anchor}"
    return f'<text class="{classes}" x="{_n(word.x)}" y="{_n(word.y)}">{escape(word.text)}</text>'


def _path(outline: Outline) -> str:
    """Path data; a line along an axis takes one number, a line to where we are none."""
    text, x, y = "", "", ""
    for step, numbers in outline:
        coordinates = [_n(number) for number in numbers]
        if step == "L" and coordinates[0] == x:
            text += f"V{coordinates[1]}" if coordinates[1] != y else ""
        elif step == "L" and coordinates[1] == y:
            text += f"H{coordinates[0]}"
        else:
            text += step + " ".join(coordinates)
        x, y = coordinates[-2:] or (x, y)
    return text


def _n(x: float) -> str:
    """A coordinate to a tenth of a pixel."""
    return f"{x:.1f}".removesuffix(".0")


def _style() -> str:
    """The style sheet, whose rules reach nothing outside our own pictures."""
    fixed = (
        f"text{{font:12px {MONOSPACE}}}"
        f".legend{{font:11px {SANS}}}.caption{{font:600 14px {SANS}}}"
        ".label{font-weight:700}.name{font-size:11px}.symbol{font-size:13px;font-weight:700}"
        ".end{text-anchor:end}.middle{text-anchor:middle}"
        "path{stroke-width:1.4;stroke-linejoin:round}.cut,.cutedge,.cutline{stroke-dasharray:5 3}"
    )
    return f"{_ours(fixed)}{_ours(_colours(LIGHT))}@media (prefers-color-scheme:dark){{{_ours(_colours(DARK))}}}"


def _colours(palette: Palette) -> str:
    outlines = "".join(f".{look}{{fill:{fill};stroke:{ink}}}" for look, (fill, ink) in palette.outlines.items())
    return outlines + "".join(f".{look}{{fill:{ink}}}" for look, ink in palette.words.items())


def _ours(rules: str) -> str:
    return "".join(f".duograd {rule}}}" for rule in rules.split("}") if rule)
