"""Every path from a root down to a leaf: counted and summed without listing them, and the largest found first.

There may be more paths than atoms, so only what each node can say about all paths below it is kept: what they
add up to, and which edge the largest of them takes.  Nothing here recurses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop
from typing import Any, NamedTuple

import ops
from scalar import floats

_BEYOND = 1e9  # stands for the logarithm of an infinity, and with a minus for that of zero


class Edge(NamedTuple):
    """One argument of a node, its place there, and the node's partial derivative for it."""

    operand: int
    arg: Any
    d: float


class Step(NamedTuple):
    """A node on a path, and which of its edges the path takes."""

    node: Any
    taken: int


Route = list[Step]


@dataclass
class Flow:
    """What all paths from each node down to the leaf say together.

    edges: of each node above the leaf, those that lead to it.  total: the sum over paths of their products.
    rank: the logarithm of the largest product.  best: the edge that it takes.
    """

    leaf: Any
    order: list[Any] = field(default_factory=list)
    edges: dict[Any, list[Edge]] = field(default_factory=dict)
    total: dict[Any, float] = field(default_factory=dict)
    rank: dict[Any, float] = field(default_factory=dict)
    best: dict[Any, int] = field(default_factory=dict)

    def rank_by(self, edge: Edge) -> float:
        """The rank of the largest path that begins with this edge."""
        return _log(edge.d) + self.rank[edge.arg]

    def add(self, node: Any, edges: list[Edge]) -> None:
        """A node whose arguments are known already."""
        ranks = [self.rank_by(edge) for edge in edges]
        self.order.append(node)
        self.edges[node] = edges
        self.total[node] = sum(edge.d * self.total[edge.arg] for edge in edges)
        self.rank[node] = max(ranks)
        self.best[node] = ranks.index(max(ranks))


def flow(leaf: Any, root: Any) -> Flow:
    """The paths of Values between root and leaf, by one walk over the graph, arguments first."""
    found = Flow(leaf, total={leaf: 1.0}, rank={leaf: 0.0})
    for node in ops.topological(root):
        if node is leaf or not any([arg in found.total for arg in node.args]):
            continue
        below = enumerate(zip(node.args, partials(node)))
        edges = [Edge(k, arg, float(d)) for k, (arg, d) in below if arg in found.total and d is not None]
        if edges:
            found.add(node, edges)
    return found


def partials(node: Any) -> Sequence[Any]:
    """dy/dx for each argument x, from the op's own rule on floats; None where the op has none."""
    numbers = [node.data, *[x.data for x in node.args]]
    return node.op.checked(floats.run(node.op.rule("partials"), numbers, node.params))


def count_and_total(found: Flow, root: Any) -> tuple[int, float]:
    """How many paths there are and what they add up to, sent from the root down as backward sends it.

    A node's numbers go when it has sent them on: of 2**1000000 paths only the count itself is large.
    """
    if root not in found.total:
        return 0, 0.0
    ways, grads = {root: 1}, {root: 1.0}
    for node in reversed(found.order):
        if node in ways:
            n, g = ways.pop(node), grads.pop(node)
            for _, arg, d in found.edges[node]:
                ways[arg] = ways.get(arg, 0) + n
                grads[arg] = grads.get(arg, 0.0) + g * d
    return ways[found.leaf], grads[found.leaf]


class _Branch(NamedTuple):
    """Paths not yet found: those that follow route `of` to step `place`, and there take another edge.

    key: minus the rank of the largest of them.  total: what they add up to.
    """

    key: float
    of: int
    place: int
    taken: int
    total: float


def largest(found: Flow, root: Any, limit: int) -> tuple[list[Route], float]:
    """The paths of largest absolute product, largest first, and what all others add up to.

    Each step takes the best of the branches left by the paths before it, so no path is met that is not shown.
    """
    if root not in found.total:
        return [], 0.0
    routes, waiting, rest = [_onward(found, root, [])], [], 0.0
    newest = _branches(found, routes, 0, 0.0)
    while len(routes) < limit and (waiting or newest):
        waiting, dropped = _shortened([*waiting, *newest], limit - len(routes))
        rest += dropped
        branch = heappop(waiting)
        routes.append(_along(found, routes, branch))
        newest = _branches(found, routes, branch.place + 1, branch.key)
    return routes, rest + sum(branch.total for branch in (*waiting, *newest))


def product(found: Flow, route: Route) -> float:
    """The product of the partial derivatives along a path, from the root down."""
    p = 1.0
    for node, taken in route:
        p *= found.edges[node][taken].d
    return p


def _onward(found: Flow, node: Any, route: Route) -> Route:
    """The route, gone on from the node by the best edges."""
    while node is not found.leaf:
        route.append(Step(node, found.best[node]))
        node = found.edges[node][found.best[node]].arg
    return route


def _along(found: Flow, routes: Sequence[Route], branch: _Branch) -> Route:
    before = routes[branch.of]
    node = before[branch.place].node
    route = [*before[: branch.place], Step(node, branch.taken)]
    return _onward(found, found.edges[node][branch.taken].arg, route)


def _branches(found: Flow, routes: Sequence[Route], start: int, key: float) -> list[_Branch]:
    """Where other paths leave the newest route, from its step `start` on."""
    return list(_leaving(found, routes[-1], len(routes) - 1, start, key))


def _leaving(found: Flow, route: Route, index: int, start: int, key: float) -> Iterator[_Branch]:
    p = 1.0
    for place, (node, taken) in enumerate(route):
        edges = found.edges[node]
        if place >= start and len(edges) > 1:
            whole = found.rank_by(edges[taken])
            for k, edge in enumerate(edges):
                if k != taken:
                    worse = key + whole - found.rank_by(edge)
                    yield _Branch(worse, index, place, k, p * edge.d * found.total[edge.arg])
        p *= edges[taken].d


def _shortened(branches: list[_Branch], length: int) -> tuple[list[_Branch], float]:
    """The best branches, as a heap, and what the others add up to."""
    branches.sort()
    kept, left = branches[:length], branches[length:]
    heapify(kept)
    return kept, sum(branch.total for branch in left)


def _log(d: float) -> float:
    return math.log(abs(d)) if 0 < abs(d) < math.inf else -_BEYOND if d == 0 else _BEYOND
