"""A picture as SVG text: self-contained, escaped, light or dark as its reader prefers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from viz.colours import DARK, LIGHT, Palette
from viz.picture import Picture
from viz.shapes import Cluster, Mark, Outline, Word

MONOSPACE = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace'
SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif'

NOTHING: Mapping[Mark | Word, str] = MappingProxyType({})


def as_svg(picture: Picture, width: float | None = None) -> str:
    """The picture as an SVG image, as wide as it is drawn or scaled to `width`."""
    scale = width / picture.width if width else 1.0
    size = f'width="{_n(picture.width * scale)}" height="{_n(picture.height * scale)}"'
    box = f"0 0 {_n(picture.width)} {_n(picture.height)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="duograd" role="img" {size} viewBox="{box}">',
        f"<title>{escape(picture.brief)}</title>",
        f"<desc>{escape(picture.text)}</desc>",
        f"<style>{style()}</style>",
        f'<path class="sheet" d="M0 0H{_n(picture.width)}V{_n(picture.height)}H0z"/>',
        *map(_cluster, picture.clusters),
        "</svg>\n",
    ]
    return "\n".join(lines)


def as_figure(picture: Picture, name: str, margin: float = 14.0) -> str:
    """The picture of one graph for a page that holds `style()`: node i has the id `{name}-{i}`, its edges `{name}-e`.

    What many nodes have in common is written once and used where it stands.
    """
    width, height = picture.width + 2 * margin, picture.height + 2 * margin
    box = f"{_n(-margin)} {_n(-margin)} {_n(width)} {_n(height)}"
    head = f'<svg class="duograd" role="img" width="{_n(width)}" height="{_n(height)}" viewBox="{box}"'
    edges, *nodes = picture.clusters
    common = _common([part for its in nodes for part in its.parts], name)
    drawn = [_cluster(edges, f"{name}-e"), *(_cluster(its, f"{name}-{i}", common) for i, its in enumerate(nodes))]
    defs = "".join(_defined(part, id) for part, id in common.items())
    return "\n".join([f'{head} aria-label="{escape(picture.brief)}">', f"<defs>{defs}</defs>", *drawn, "</svg>"])


def _common(parts: list[Mark | Word], name: str) -> dict[Mark | Word, str]:
    """An id for each outline with curves and each word beside a number that stands in more places than one."""
    long = [its for its in parts if (its.look == "name" if isinstance(its, Word) else len(its.outline) > 6)]
    return {its: f"{name}c{k}" for k, (its, count) in enumerate(Counter(long).items()) if count > 1}


def _defined(part: Mark | Word, id: str) -> str:
    """A part without its looks, which it gets where it is used."""
    if isinstance(part, Mark):
        return f'<path id="{id}" d="{_path(part.outline)}"/>'
    return f'<text id="{id}" x="{_n(part.x)}" y="{_n(part.y)}">{escape(part.text)}</text>'


def _cluster(cluster: Cluster, id: str = "", common: Mapping[Mark | Word, str] = NOTHING) -> str:
    """A group; one with an id goes without its title, since what that says may change."""
    title = f"<title>{escape(cluster.title)}</title>" if cluster.title and not id else ""
    parts = "".join(_part(part, common) for part in cluster.parts)
    its = f' id="{id}"' if id else ""
    return f'<g{its} transform="translate({_n(cluster.x)} {_n(cluster.y)})">{title}{parts}</g>'


def _part(part: Mark | Word, common: Mapping[Mark | Word, str]) -> str:
    if part in common:
        return f'<use class="{_classes(part)}" href="#{common[part]}"/>'
    return _mark(part) if isinstance(part, Mark) else _word(part)


def _mark(mark: Mark) -> str:
    return f'<path class="{mark.look}" d="{_path(mark.outline)}"/>'


def _classes(part: Mark | Word) -> str:
    return part.look if isinstance(part, Mark) or part.anchor == "start" else f"{part.look} {part.anchor}"


def _word(word: Word) -> str:
    return f'<text class="{_classes(word)}" x="{_n(word.x)}" y="{_n(word.y)}">{escape(word.text)}</text>'


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


def style() -> str:
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
