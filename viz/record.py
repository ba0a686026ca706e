"""Nodes and edges as graphviz takes them, laid out and drawn without graphviz."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from html import unescape

from ops.errors import ParameterError
from viz.boxes import EAR, LETTER, NARROWEST, OUTLINES, PAD_X, PAD_Y, ROW, Figure
from viz.dot import SHAPES
from viz.graph import Edge, Graph
from viz.layout import layout
from viz.picture import Picture, lines_of
from viz.shapes import Cluster, Mark, Word, path, pill, polygon
from viz.sheet import sheet
from viz.words import columns

Looks = Mapping[str, str]
_KINDS = {(its["shape"], its.get("style", "")): kind for kind, its in SHAPES.items()}
_FIELD = re.compile(r"(?<!\\)\|")  # between two fields of a record
_FRAME = re.compile(r"(?<!\\)(?:[{}]|<[^>]*>)")  # braces and ports
_LINE = re.compile(r"\\[lnr]|\n")


def picture_of(looks: Mapping[str, Looks], edges: Sequence[Sequence[str]], rankdir: str) -> Picture:
    """The graph on a sheet.

    looks: the attributes of each node.  edges: source, target and style.  rankdir: TB, or LR for any other.
    ParameterError for a graph with a cycle.
    """
    direction = "TB" if rankdir == "TB" else "LR"
    names = _ordered([*looks, *(name for edge in edges for name in edge[:2])], edges)
    place = {name: i for i, name in enumerate(names)}
    figures = [_figure(looks.get(name, {"label": name}), direction) for name in names]
    links = sorted((Edge(place[a], place[b], cut="dashed" in style) for a, b, style in edges), key=lambda e: e.target)
    plan = layout(
        [(its.width, its.height) for its in figures],
        [(edge.source, edge.target) for edge in links],
        direction,
        reach=[max(its.entry[direction == "LR"] / 2 - 4, 0) for its in figures],
        apart={i for i, edge in enumerate(links) if edge.cut},
    )
    said = [" ".join(word.text for word in its.parts if isinstance(word, Word)) for its in figures]
    boxes = [Cluster(text, left, top, its.parts) for text, (left, top, *_), its in zip(said, plan.boxes, figures)]
    lines = lines_of(Graph("", (), tuple(links)), figures, plan, direction, False)
    brief = f"A graph of {len(names)} nodes and {len(edges)} edges"
    text = "".join(f"{said[edge.source]} -> {said[edge.target]}\n" for edge in links) or "\n".join(said)
    clusters = [Cluster("", 0.0, 0.0, lines), *boxes]
    return sheet([Picture(plan.width, plan.height, clusters, frozenset(), brief, text)], [""], direction)


def _ordered(names: Iterable[str], edges: Sequence[Sequence[str]]) -> list[str]:
    """The nodes, each after those that lead to it."""
    before: dict[str, list[str]] = {name: [] for name in names}
    for source, target, _ in edges:
        before[target].append(source)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        raise ParameterError(f"Digraph: {ring} is a cycle, which takes graphviz's own dot program to draw") from None


def _figure(looks: Looks, direction: str) -> Figure:
    shape, label = looks.get("shape", "ellipse"), looks["label"]
    if "record" in shape:
        across = label.lstrip().startswith("{") == (direction == "LR")
        fields = [_lines(field) for field in _FIELD.split(_FRAME.sub("", label))]
        return _row(fields) if across else _column(fields)
    kind = _KINDS.get((shape, looks.get("style", "")), "intermediate" if "box" in shape or "rect" in shape else "op")
    return _box(_lines(label), kind)


def _lines(label: str) -> list[str]:
    """A label's lines, its escapes undone."""
    ends = _LINE.sub("\n", label.strip()).removesuffix("\n")
    return [re.sub(r"\\(.)", r"\1", unescape(line)).strip() for line in ends.split("\n")]


def _size(lines: Sequence[str], least: float = 0.0) -> tuple[float, float]:
    return max(least, 2 * PAD_X + LETTER * max(map(columns, lines))), 2 * PAD_Y + ROW * len(lines)


def _box(lines: Sequence[str], kind: str) -> Figure:
    """Lines in an outline; what is round holds an op."""
    if kind == "op":
        w, h = _size(lines)
        return Figure(w, h, (w, h), [Mark("op", pill(0, 0, w, h)), *_words(lines, 0, 0, w, "symbol")])
    w, h = _size(lines, NARROWEST)
    room = w - EAR if kind == "constant" else w
    return Figure(w, h, (0.0, 0.0), [Mark(kind, OUTLINES[kind](0, 0, w, h)), *_words(lines, 0, 0, room)])


def _row(fields: Sequence[Sequence[str]]) -> Figure:
    """Fields side by side."""
    widths, height = [_size(lines)[0] for lines in fields], max(_size(lines)[1] for lines in fields)
    lefts = [sum(widths[:i]) for i in range(len(widths))]
    rules = [Mark("intermediate", path((x, 0), (x, height))) for x in lefts[1:]]
    words = [word for lines, x, w in zip(fields, lefts, widths) for word in _words(lines, x, 0, w)]
    return _framed(sum(widths), height, [*rules, *words])


def _column(fields: Sequence[Sequence[str]]) -> Figure:
    """Fields under each other."""
    width, heights = max(_size(lines)[0] for lines in fields), [_size(lines)[1] for lines in fields]
    tops = [sum(heights[:i]) for i in range(len(heights))]
    rules = [Mark("intermediate", path((0, y), (width, y))) for y in tops[1:]]
    words = [word for lines, y in zip(fields, tops) for word in _words(lines, 0, y, width)]
    return _framed(width, sum(heights), [*rules, *words])


def _framed(w: float, h: float, parts: Sequence[Mark | Word]) -> Figure:
    return Figure(w, h, (0.0, 0.0), [Mark("intermediate", polygon((0, 0), (w, 0), (w, h), (0, h))), *parts])


def _words(lines: Sequence[str], left: float, top: float, width: float, look: str = "data") -> list[Word]:
    return [
        Word(look, left + width / 2, top + PAD_Y + ROW * k + 12, line, "middle") for k, line in enumerate(lines) if line
    ]
