"""Every path from a root down to a leaf: counted and summed without listing them, and the largest found first.

There may be more paths than atoms, so each edge only says two things of all paths that begin with it: what
they add up to, and how large the largest of them is.  Nothing here recurses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from scalar import floats

_BEYOND = 1e9  # stands for the logarithm of an infinity, and with a minus for that of zero


class Edge(NamedTuple):
    """One argument of a node that leads to the leaf, its place there, and the node's partial derivative for it.

    total: the sum of the products of all paths from here.  rank: the logarithm of the largest of them.  closed: whether
    this is a branch that was not taken, which sends 0 even of an infinity.
    """

    operand: int
    arg: Any
    d: float
    total: float
    rank: float
    closed: bool = False

    def sends(self, g: float) -> float:
        """What goes on to the argument when g comes in."""
        return 0.0 if self.closed else g * self.d


Flow = dict[Any, list[Edge]]  # of each node above the leaf, arguments first, the edges towards it, the best first
Route = list[tuple[Any, Edge]]  # the nodes of a path, from the root down, each with the edge that it takes


def flow(leaf: Any, order: Sequence[Any]) -> Flow:
    """The paths of Values down to the leaf, by one walk over the graph."""
    found: Flow = {}
    below = {leaf: (1.0, 0.0)}  # total and rank of all paths from a node
    for node in order:
        args = node.args
        if node is leaf or not any([arg in below for arg in args]):
            continue
        edges = _edges(args, partials(node), below)
        if len(edges) > 1:
            edges.sort(key=attrgetter("rank"), reverse=True)
        if edges:
            found[node] = edges
            below[node] = sum([edge.total for edge in edges]), edges[0].rank
    return found


def _edges(args: Sequence[Any], slopes: Sequence[Any], below: dict[Any, tuple[float, float]]) -> list[Edge]:
    edges = []
    for k, (arg, d) in enumerate(zip(args, slopes)):
        if d is not None and arg in below:
            total, rank = below[arg]
            edge = Edge(k, arg, float(d), 0.0, _log(d) + rank, closed=d is False)
            edges.append(edge._replace(total=edge.sends(total)))
    return edges


def partials(node: Any) -> Sequence[Any]:
    """dy/dx for each argument x, from the op's own rule on floats; None where the op has none."""
    numbers = [node.data, *[x.data for x in node.args]]
    return node.op.checked(floats.run(node.op.rules["partials"], numbers, node.params))


def count_and_total(found: Flow, leaf: Any, root: Any) -> tuple[int, float]:
    """How many paths there are and what they add up to, sent from the root down as backward sends it.

    A node's numbers go when it has sent them on: of 2**1000000 paths only the count itself is large.
    """
    ways, grads = {leaf: 0, root: 1}, {leaf: 0.0, root: 1.0}
    for node in reversed(found):
        if node in ways:
            n, g = ways.pop(node), grads.pop(node)
            for edge in found[node]:
                arg = edge.arg
                ways[arg] = ways.get(arg, 0) + n
                grads[arg] = grads.get(arg, 0.0) + edge.sends(g)
    return ways[leaf], grads[leaf]


class _Branch(NamedTuple):
    """Paths not yet found: those that go on from a node, after the trail that leads to it.

    rank, total: as an edge says it of them.  p: the product along the trail.  trail: its last step, and the trail
    before that.
    """

    rank: float
    total: float
    p: float
    node: Any
    trail: Any


def largest(found: Flow, leaf: Any, root: Any, limit: int) -> tuple[list[Route], float]:
    """The paths of largest absolute product, largest first, and what all others add up to.

    Each path takes the best of the branches that those before it left, and of the branches no more are kept
    than paths are wanted.
    """
    routes: list[Route] = []
    rest, branches = 0.0, [_Branch(0.0, 0.0, 1.0, root, None)] if root in found or root is leaf else []
    while branches and len(routes) < limit:
        best, *others = branches
        trail, left = _followed(found, best)
        routes.append(_route(trail))
        branches = sorted([*others, *left], key=attrgetter("rank"), reverse=True)
        rest += sum(branch.total for branch in branches[limit - len(routes) :])
        del branches[limit - len(routes) :]
    return routes, rest + sum(branch.total for branch in branches)


def _followed(found: Flow, branch: _Branch) -> tuple[Any, list[_Branch]]:
    """The trail of a branch's largest path, and the branches beside it."""
    rank, _, p, node, trail = branch
    beside = []
    while node in found:
        best, *others = found[node]
        for edge in others:
            rest = 0.0 if edge.closed else p * edge.total
            beside.append(_Branch(rank - best.rank + edge.rank, rest, edge.sends(p), edge.arg, (node, edge, trail)))
        p = best.sends(p)
        node, trail = best.arg, (node, best, trail)
    return trail, beside


def _route(trail: Any) -> Route:
    route = []
    while trail is not None:
        node, edge, trail = trail
        route.append((node, edge))
    return route[::-1]


def _log(d: float) -> float:
    return math.log(abs(d)) if 0 < abs(d) < math.inf else -_BEYOND if d == 0 else _BEYOND
