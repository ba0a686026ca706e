"""A picture as SVG text: self-contained, escaped, light or dark as its reader prefers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from types import MappingProxyType

from viz.colours import DARK, LIGHT, Palette
from viz.picture import Picture
from viz.shapes import Cluster, Mark, Outline, Word

MONOSPACE = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace'
SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif'

Parts = tuple[Mark | Word, ...]
NOTHING: Mapping[Parts, str] = MappingProxyType({})


def as_svg(picture: Picture, width: float | None = None, linked: bool = False) -> str:
    """The picture as an SVG image, as wide as it is drawn or scaled to `width`.

    linked: for a page that holds `style()`, the text and what folded boxes lead to.
    """
    scale = width / picture.width if width else 1.0
    size = f'width="{_n(picture.width * scale)}" height="{_n(picture.height * scale)}"'
    box = f"0 0 {_n(picture.width)} {_n(picture.height)}"
    own = [] if linked else [f"<desc>{escape(picture.text)}</desc>", f"<style>{style()}</style>"]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="duograd" role="{"group" if linked else "img"}" {size} '
        f'viewBox="{box}">',
        f"<title>{escape(picture.brief)}</title>",
        *own,
        f'<path class="sheet" d="M0 0H{_n(picture.width)}V{_n(picture.height)}H0z"/>',
        *(_linked(its) if linked and its.link else _cluster(its) for its in picture.clusters),
        "</svg>\n",
    ]
    return "\n".join(lines)


def as_figure(picture: Picture, name: str, margin: float = 14.0) -> str:
    """The picture of one graph for a page that holds `style("")`: node i has the id `{name}-{i}`, its edges `{name}-e`.

    What many nodes have in common is written once and used where it stands.
    """
    width, height = picture.width + 2 * margin, picture.height + 2 * margin
    box = f"{_n(-margin)} {_n(-margin)} {_n(width)} {_n(height)}"
    head = f'<svg class="duograd" role="img" width="{_n(width)}" height="{_n(height)}" viewBox="{box}"'
    edges, *nodes = picture.clusters
    common = _common(nodes, name)
    drawn = [_cluster(edges, f"{name}-e"), *(_cluster(its, f"{name}-{i}", common) for i, its in enumerate(nodes))]
    defs = "".join(_defined(parts, id) for parts, id in common.items())
    return "\n".join([f'{head} aria-label="{escape(picture.brief)}">', f"<defs>{defs}</defs>", *drawn, "</svg>"])


def _common(nodes: Iterable[Cluster], name: str) -> dict[Parts, str]:
    """An id for the words that many nodes have in common, and for each outline with curves."""
    found = Counter(parts for its in nodes for parts in (_fixed(its), *((mark,) for mark in _curved(its))) if parts)
    return {parts: f"{name}c{k}" for k, (parts, count) in enumerate(found.items()) if count > 1}


def _defined(parts: Parts, id: str) -> str:
    """Words, or an outline without its looks, which it gets where it is used."""
    if isinstance(parts[0], Mark):
        return f'<path id="{id}" d="{_path(parts[0].outline)}"/>'
    return f'<g id="{id}">{"".join(map(_part, parts))}</g>'


def _fixed(cluster: Cluster) -> Parts:
    """The words that stand beside numbers, and the op's symbol."""
    return tuple(part for part in cluster.parts if isinstance(part, Word) and part.look in ("name", "symbol"))


def _curved(cluster: Cluster) -> Iterator[Mark]:
    return (part for part in cluster.parts if isinstance(part, Mark) and len(part.outline) > 6)


def _cluster(cluster: Cluster, id: str = "", common: Mapping[Parts, str] = NOTHING) -> str:
    """A group; one with an id goes without its title, since what that says may change."""
    title = f"<title>{escape(cluster.title)}</title>" if cluster.title and not id else ""
    fixed = _fixed(cluster) if common else ()
    own = [part for part in cluster.parts if fixed not in common or part not in fixed]
    parts = "".join(_used((part,), common) or _part(part) for part in own)
    its = f' id="{id}"' if id else ""
    place = f'transform="translate({_n(cluster.x)} {_n(cluster.y)})"'
    return f"<g{its} {place}>{title}{parts}{_used(fixed, common)}</g>"


def _linked(cluster: Cluster) -> str:
    return f'<a href="#{cluster.link}" aria-label="{escape(f"Open {cluster.title}")}">{_cluster(cluster)}</a>'


def _used(parts: Parts, common: Mapping[Parts, str]) -> str:
    if parts not in common:
        return ""
    look = f'class="{parts[0].look}" ' if isinstance(parts[0], Mark) else ""
    return f'<use {look}href="#{common[parts]}"/>'


def _part(part: Mark | Word) -> str:
    return _mark(part) if isinstance(part, Mark) else _word(part)


def _mark(mark: Mark) -> str:
    return f'<path class="{mark.look}" d="{_path(mark.outline)}"/>'


def _word(word: Word) -> str:
    looks = word.look if word.anchor == "start" else f"{word.look} {word.anchor}"
    return f'<text class="{looks}" x="{_n(word.x)}" y="{_n(word.y)}">{escape(word.text)}</text>'


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


def style(within: str = ".duograd ") -> str:
    """The style sheet, whose rules reach nothing outside our own pictures.

    within: empty on a page of ours that uses what it defines once, which rules for what is inside something miss.
    """
    fixed = (
        f"text{{font:12px {MONOSPACE}}}"
        f".legend{{font:11px {SANS}}}.caption{{font:600 14px {SANS}}}"
        ".label{font-weight:700}.name{font-size:11px}.symbol{font-size:13px;font-weight:700}"
        ".end{text-anchor:end}.middle{text-anchor:middle}"
        "path{stroke-width:1.4;stroke-linejoin:round}.cut,.cutedge,.cutline{stroke-dasharray:5 3}"
    )
    fixed, light, dark = (_scoped(rules, within) for rules in (fixed, _colours(LIGHT), _colours(DARK)))
    return f"{fixed}{light}@media (prefers-color-scheme:dark){{{dark}}}"


def _colours(palette: Palette) -> str:
    outlines = "".join(f".{look}{{fill:{fill};stroke:{ink}}}" for look, (fill, ink) in palette.outlines.items())
    return outlines + "".join(f".{look}{{fill:{ink}}}" for look, ink in palette.words.items())


def _scoped(rules: str, within: str) -> str:
    return "".join(f"{within}{rule}}}" for rule in rules.split("}") if rule)
