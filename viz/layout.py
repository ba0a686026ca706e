"""A layered layout in plain Python: where boxes and edges go, and nothing about how they look. [Sugiyama 1981]

Every node stands in the last rank that its users leave it; peers, such as the neurons of a layer, all in the
first of theirs.  An edge over several ranks bends at a point in
each; all long edges from a node share one line, and leave it where they must.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from viz.ordering import ordered
from viz.placing import BEND, LEAF, NODE, placed
from viz.settling import settled

Point = tuple[float, float]
Pair = tuple[int, int]
Size = tuple[float, float]

BETWEEN = 16.0  # from one box to the next in a rank
LINE = 12.0  # what a passing line takes in a rank
NARROW, WIDE, STEEP = 30.0, 110.0, 0.1  # between two ranks: narrow, and STEEP times the greatest rise more
STRETCH = 16  # ranks that an edge may be longer for the sake of lining up peers
PORT = 9.0  # between two edges where they enter a node


@dataclass(frozen=True, slots=True)
class Link:
    """A piece of an edge: a curve from start to bend, then a straight line to its end.

    before: the link that it continues, -1 where it starts at a node.
    """

    before: int
    start: Point
    bend: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes as (left, top, width, height); links, the last one of each edge; where each rank begins and ends."""

    width: float
    height: float
    boxes: list[tuple[float, float, float, float]]
    links: list[Link]
    last: list[int]
    columns: list[Point]

    def route(self, edge: int) -> list[Link]:
        """The links of an edge from its source to its target."""
        links = []
        at = self.last[edge]
        while at >= 0:
            links.append(self.links[at])
            at = links[-1].before
        return links[::-1]


@dataclass(slots=True)
class _Net:
    """The graph with its bends: vertices 0 to n - 1 are nodes.  feeds: where the last piece of each edge begins."""

    ranks: list[int]
    ins: list[list[int]]
    outs: list[list[int]]
    feeds: list[int]
    kinds: list[int]


def layout(
    sizes: Sequence[Size],
    edges: Sequence[Pair],
    direction: str = "LR",
    reach: Sequence[float] = (),
    apart: Collection[int] = (),
    columns: Sequence[Point] = (),
    peers: Sequence[Hashable] = (),
) -> Layout:
    """A place for each box and a way for each edge.

    sizes: (width, height) of each node.  edges: (source, target), source before target in `sizes`, those into
    a node in operand order.  reach: how far from its middle edges may enter each node.  apart: the edges that
    share a line only among themselves, as dashed ones must.  columns: where ranks begin and end, if not as
    near to each other as they may.  peers: nodes of one name and depth stand in one rank, where that is near enough
    for all of them; None stands alone.
    """
    if any(not 0 <= u < v < len(sizes) for u, v in edges):
        raise ValueError("layout: an edge must go from a node to a later one; order the nodes arguments first")
    across = direction == "TB"
    sizes = [(h, w) for w, h in sizes] if across else list(sizes)
    net = _net(_ranks(peers or [None] * len(sizes), edges), edges, set(apart))
    y = _heights(sizes, net)
    drawn = _drawn(sizes, edges, net, y, reach or [0.0] * len(sizes), columns or _columns(sizes, net, y))
    return _turned(drawn) if across else drawn


def _heights(sizes: Sequence[Size], net: _Net) -> list[float]:
    """The centre of each vertex, from the top of all."""
    thickness = [h + BETWEEN for _, h in sizes] + [LINE] * (len(net.ranks) - len(sizes))
    layers = ordered(net.ranks, net.ins)
    y = placed(layers, net.ins, net.outs, thickness, net.kinds)
    y = settled(y, layers, net.ins, thickness, net.kinds)
    top = min(centre - (sizes[v][1] / 2 if v < len(sizes) else 0.0) for v, centre in enumerate(y))
    return [centre - top for centre in y]


def _ranks(peers: Sequence[Hashable], edges: Iterable[Pair]) -> list[int]:
    """The rank of each node: the last that its users leave it, or leave the first of its peers; roots in the last."""
    ins: list[list[int]] = [[] for _ in peers]
    users: list[list[int]] = [[] for _ in peers]
    for u, v in edges:
        ins[v].append(u)
        users[u].append(v)
    depth: list[int] = []
    for sources in ins:
        depth.append(max((depth[u] + 1 for u in sources), default=0))
    to_go = [0] * len(peers)
    for its in _alike(peers, depth):
        left = [max((to_go[v] + 1 for v in users[u]), default=0) for u in its]
        aligned = peers[its[0]] is not None and max(left) - min(left) <= STRETCH
        for u, own in zip(its, left):
            to_go[u] = max(left) if aligned else own
    return [max(to_go, default=0) - left for left in to_go]


def _alike(peers: Sequence[Hashable], depth: Sequence[int]) -> list[list[int]]:
    """Nodes in groups of peers of one depth, the deepest first, so that all users of a group come before it."""
    groups: dict[tuple[int, Hashable], list[int]] = defaultdict(list)
    for v, (peer, its) in enumerate(zip(peers, depth)):
        groups[its, peer].append(v)
    return [groups[key] for key in sorted(groups, key=lambda key: -key[0])]


def _net(ranks: list[int], edges: Sequence[Pair], apart: set[int]) -> _Net:
    """Every edge in pieces of one rank; the long edges of a node share their bends."""
    count = len(ranks)
    ins: list[list[int]] = [[] for _ in range(count)]
    lines: dict[tuple[int, bool], list[int]] = {}
    feeds = []
    for e, (u, v) in enumerate(edges):
        line = lines.setdefault((u, e in apart), [u])
        while len(line) < ranks[v] - ranks[u]:
            ranks.append(ranks[line[-1]] + 1)
            ins.append([line[-1]])
            line.append(len(ins) - 1)
        feeds.append(line[ranks[v] - ranks[u] - 1])
        ins[v].append(feeds[-1])
    kinds = [NODE if sources else LEAF for sources in ins[:count]] + [BEND] * (len(ins) - count)
    return _Net(ranks, ins, _reversed(ins), feeds, kinds)


def _reversed(ins: Sequence[Sequence[int]]) -> list[list[int]]:
    outs: list[list[int]] = [[] for _ in ins]
    for v, sources in enumerate(ins):
        for u in sources:
            outs[u].append(v)
    return outs


def _drawn(
    sizes: Sequence[Size],
    edges: Sequence[Pair],
    net: _Net,
    y: list[float],
    reach: Sequence[float],
    columns: Sequence[Point],
) -> Layout:
    """Boxes against the right of their rank, links from the right of one vertex to the left of the next."""
    n = len(sizes)
    lefts = [columns[r][0] for r in net.ranks]
    rights = [columns[r][1] for r in net.ranks]
    boxes = [(rights[v] - w, y[v] - h / 2, w, h) for v, (w, h) in enumerate(sizes)]

    def link(u: int, v: int, enter: float, end: float) -> Link:
        return Link(max(u - n, -1), (rights[u], y[u]), (lefts[v], enter), (end, enter))

    ports = [iter(_ports([y[u] - y[v] for u in net.ins[v]], reach[v])) for v in range(n)]
    passing = [link(net.ins[v][0], v, y[v], rights[v]) for v in range(n, len(y))]
    entering = [link(u, v, y[v] + next(ports[v]), boxes[v][0]) for (_, v), u in zip(edges, net.feeds)]
    links = passing + entering
    height = max(y[v] + (sizes[v][1] if v < n else 0.0) / 2 for v in range(len(y)))
    return Layout(columns[-1][1], height, boxes, links, list(range(len(passing), len(links))), list(columns))


def _columns(sizes: Sequence[Size], net: _Net, y: Sequence[float]) -> list[Point]:
    """Left and right of each rank: as wide as its widest box, the further apart the steeper the edges between."""
    widths = [0.0] * (max(net.ranks) + 1)
    steepest = [0.0] * len(widths)
    for v, (width, _) in enumerate(sizes):
        widths[net.ranks[v]] = max(widths[net.ranks[v]], width)
    for v, sources in enumerate(net.ins):
        for u in sources:
            steepest[net.ranks[u]] = max(steepest[net.ranks[u]], abs(y[u] - y[v]))
    columns, left = [], 0.0
    for width, steep in zip(widths, steepest):
        columns.append((left, left + width))
        left += width + min(NARROW + STEEP * steep, WIDE)
    return columns


def in_step(layouts: Sequence[Layout]) -> list[Point]:
    """Columns in which each of the layouts has room, rank beside rank; none where their ranks differ in number."""
    if len({len(its.columns) for its in layouts}) != 1:
        return []
    ranks = list(zip(*(its.columns for its in layouts)))
    columns, left = [], 0.0
    for rank, following in zip(ranks, [*ranks[1:], ranks[-1]]):
        right = left + max(end - start for start, end in rank)
        columns.append((left, right))
        left = right + max(start - end for (_, end), (start, _) in zip(rank, following))
    return columns


def _ports(rises: Sequence[float], reach: float) -> list[float]:
    """Where edges enter, from the middle: each as near to where it comes from as operand order lets it be."""
    apart = min(PORT, 2 * reach / max(len(rises) - 1, 1))
    wished = [max(-reach, min(reach, rise)) - k * apart for k, rise in enumerate(rises)]
    high = reach - (len(rises) - 1) * apart
    return [max(-reach, min(high, place)) + k * apart for k, place in enumerate(_increasing(wished))]


def _increasing(wished: Iterable[float]) -> list[float]:
    """The nearest sequence, in squares, that never falls. [pool adjacent violators]"""
    pools: list[tuple[float, int]] = []
    for x in wished:
        count = 1
        while pools and pools[-1][0] > x:
            mean, others = pools.pop()
            x, count = (x * count + mean * others) / (count + others), count + others
        pools.append((x, count))
    return [mean for mean, count in pools for _ in range(count)]


def _turned(drawn: Layout) -> Layout:
    """From left-to-right to top-to-bottom: the two coordinates exchanged."""
    boxes = [(y, x, h, w) for x, y, w, h in drawn.boxes]
    links = [Link(link.before, _flipped(link.start), _flipped(link.bend), _flipped(link.end)) for link in drawn.links]
    return replace(drawn, width=drawn.height, height=drawn.width, boxes=boxes, links=links)


def _flipped(point: Point) -> Point:
    return point[1], point[0]
