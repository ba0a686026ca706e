"""A graph laid out and turned into marks: its nodes' figures and the edges between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from viz.boxes import Figure, figure
from viz.graph import Graph, Node
from viz.layout import Layout, Link, in_step, layout
from viz.shapes import Cluster, Mark, Outline, Point, Step, pill_inset, polygon
from viz.words import FEW, as_text, in_brief, sentences, size_of

ARROW, HALF = 6.0, 3.2  # an arrowhead's length and half its width


@dataclass(frozen=True, slots=True)
class Picture:
    """Marks on a sheet of this size, and what they show, in one sentence and in full.

    kinds: what a legend may have to explain: kinds of nodes, dashes, ranges.
    """

    width: float
    height: float
    clusters: Sequence[Cluster]
    kinds: frozenset[str]
    brief: str
    text: str


def pictures_of(
    graphs: Sequence[Graph], direction: str, whole: bool = False, links: Sequence[Mapping[int, str]] = ()
) -> list[Picture]:
    """A picture of each graph, without margin or legend, in step where their ranks are as many.

    whole: every edge a line of its own, where otherwise the long ones from a node share one.  links: for each
    graph, where its folded nodes lead.
    """
    figures = [_figures(graph, direction) for graph in graphs]
    plans = [_plan(graph, its, direction) for graph, its in zip(graphs, figures)]
    if len(graphs) > 1 and (columns := in_step(plans)):
        plans = [_plan(graph, its, direction, columns) for graph, its in zip(graphs, figures)]
    return [
        _picture(graph, its, plan, direction, whole, leads)
        for graph, its, plan, leads in zip(graphs, figures, plans, links or [{}] * len(graphs))
    ]


def _figures(graph: Graph, direction: str) -> list[Figure]:
    into = Counter(edge.target for edge in graph.edges)
    return [figure(node, into[node.id], direction) for node in graph.nodes]


def _plan(graph: Graph, figures: Sequence[Figure], direction: str, columns: Sequence[Point] = ()) -> Layout:
    side = 1 if direction == "LR" else 0
    return layout(
        [(its.width, its.height) for its in figures],
        [(edge.source, edge.target) for edge in graph.edges],
        direction,
        reach=[max(its.entry[side] / 2 - 4, 0) for its in figures],
        apart={i for i, edge in enumerate(graph.edges) if edge.cut},
        columns=columns,
        peers=_peers(graph),
    )


def _peers(graph: Graph) -> list[str | None]:
    """What must line up, so that the layers of a network show: what many use, what is made of it, and what bends.

    The products of a neuron stand behind the inputs that all neurons read, where otherwise each would stand before
    the sum that it goes into; the ops of one argument are its activations.
    """
    users = Counter(edge.source for edge in graph.edges)
    args: list[list[int]] = [[] for _ in graph.nodes]
    for edge in graph.edges:
        args[edge.target].append(edge.source)
    shared = [users[node.id] > 1 and (node.op != "" or node.kind in ("input", "folded")) for node in graph.nodes]
    bends = [len(below) == 1 and bool(graph.nodes[below[0]].op) for below in args]
    lined = [its or bend or any(shared[i] for i in below) for its, bend, below in zip(shared, bends, args)]
    return [node.op or node.holds or node.kind if its else None for node, its in zip(graph.nodes, lined)]


def _picture(
    graph: Graph, figures: Sequence[Figure], plan: Layout, direction: str, whole: bool, links: Mapping[int, str]
) -> Picture:
    nodes = [
        Cluster(" ".join(filter(None, said)), left, top, its.parts, links.get(i, ""))
        for i, (said, (left, top, _, _), its) in enumerate(zip(sentences(graph), plan.boxes, figures))
    ]
    clusters = [Cluster("", 0.0, 0.0, lines_of(graph, figures, plan, direction, whole)), *nodes]
    kinds = frozenset(kind for node in graph.nodes for kind in _kinds(node))
    return Picture(plan.width, plan.height, clusters, kinds, in_brief(graph), as_text(graph))


def _kinds(node: Node) -> Iterator[str]:
    yield node.kind
    if node.data is not None:
        yield "dash" if node.grad is None else "gradient"
        yield "range" if size_of(node.data) > FEW else "numbers"


def lines_of(graph: Graph, figures: Sequence[Figure], plan: Layout, direction: str, whole: bool) -> list[Mark]:
    """A line for each edge, whole or from where it leaves what is drawn already, and all the arrowheads."""
    drawn: set[int] = set()
    marks, heads = [], []
    for i, edge in enumerate(graph.edges):
        end = plan.links[plan.last[i]].end
        inset = _inset(figures[edge.target], plan.boxes[edge.target], end, direction)
        tip = (end[0] + inset, end[1]) if direction == "LR" else (end[0], end[1] + inset)
        marks.append(
            Mark("cutedge" if edge.cut else "edge", _line(_undrawn(plan, i, set() if whole else drawn), tip, direction))
        )
        heads += [] if edge.cut else _arrow(tip, direction)
    return [*marks, Mark("arrow", tuple(heads))] if heads else marks


def _undrawn(plan: Layout, edge: int, drawn: set[int]) -> list[Link]:
    """The links of an edge after the last one drawn, which now count as drawn."""
    links = []
    at = plan.last[edge]
    while at >= 0 and at not in drawn:
        drawn.add(at)
        links.append(plan.links[at])
        at = links[-1].before
    return links[::-1]


def _line(links: Sequence[Link], tip: Point, direction: str) -> Outline:
    """Curves that leave and arrive along the direction of the drawing, and straight lines on from them."""
    steps: list[Step] = [("M", links[0].start)]
    for link in links:
        (x0, y0), (x1, y1) = link.start, link.bend
        xm, ym = (x0 + x1) / 2, (y0 + y1) / 2
        curve = (xm, y0, xm, y1, x1, y1) if direction == "LR" else (x0, ym, x1, ym, x1, y1)
        straight = y0 == y1 if direction == "LR" else x0 == x1
        steps += [] if straight else [("C", curve)]
        steps += [("L", link.end)] if straight or link.end != link.bend else []
    return (*steps, ("L", tip))


def _inset(its: Figure, box: tuple[float, float, float, float], end: Point, direction: str) -> float:
    """How far an edge goes on from the side of a figure to the outline of its op."""
    (left, top, width, height), (deep, tall) = box, its.entry
    if direction == "LR":
        return pill_inset(end[1] - top - height / 2, tall, deep)
    return pill_inset(end[0] - left - width / 2, deep, tall)


def _arrow(tip: Point, direction: str) -> Outline:
    x, y = tip
    if direction == "LR":
        return polygon(tip, (x - ARROW, y - HALF), (x - ARROW, y + HALF))
    return polygon(tip, (x - HALF, y - ARROW), (x + HALF, y - ARROW))
