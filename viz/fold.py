"""A graph within a budget: what backward visits first is drawn, and the rest is folded away and counted.

A node is drawn only when all its users are, so nothing drawn is made of something folded that is itself made
of something drawn: the folded graph has no cycle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

import ops
from viz.graph import Edge, Graph, Node, check_root, cuts_last, edges_into, of_order, record, sources_of_cuts

_SLACK = 8  # how far past the budget the arguments of the last node drawn may go


def within(root: Any, budget: int, parameters: Iterable[Any] = ()) -> Graph:
    """The graph below root in about `budget` nodes, of which the folded ones each stand for many."""
    check_root("draw", root)
    order = ops.topological(root)
    if len(order) <= budget:
        return of_order(root, order, set(parameters))
    kept = _nearest(root, order, budget)
    return _folded(root, kept, _bundles(kept, budget), set(parameters))


def _nearest(root: Any, order: Sequence[Any], budget: int) -> list[Any]:
    """The nodes to draw, arguments first: breadth first from the root, each after all its users."""
    users = Counter(chain.from_iterable([node.args for node in order]))
    kept, ready, border = [], deque([root]), {root}
    while ready and (not kept or len(kept) + len(border) < budget):
        node = ready.popleft()
        kept.append(node)
        border.discard(node)
        border.update(node.args)
        for arg in node.args:
            users[arg] -= 1
            if users[arg] == 0:
                ready.append(arg)
    return kept[::-1]


def _bundles(kept: Sequence[Any], budget: int) -> list[list[Any]]:
    """What to fold: each bundle holds border nodes, whose graphs below go into one folded node.

    A border node is a bundle of its own; where there are too many, the border nodes of each user are one.
    """
    drawn = set(kept)
    borders = [[arg for arg in dict.fromkeys(node.args) if arg not in drawn] for node in reversed(kept)]
    together = len(set(chain.from_iterable(borders))) + len(kept) > budget + _SLACK
    taken: set[Any] = set()
    bundles = []
    for border in borders:
        fresh = [node for node in border if node not in taken]
        taken.update(fresh)
        bundles += [fresh] if together else [[node] for node in fresh]
    return [bundle for bundle in bundles if bundle]


def _folded(root: Any, kept: list[Any], bundles: list[list[Any]], parameters: set[Any]) -> Graph:
    """The kept nodes above one node for each bundle; a bundle that holds a leaf alone is that leaf."""
    cuts = sources_of_cuts(kept)
    order = cuts_last(kept, cuts) if cuts else kept
    groups = _shares(bundles)
    place = {node: i for i, group in enumerate(groups) for node in group[0]}
    nodes = [_stub(i, group, parameters) for i, group in enumerate(groups)]
    place |= {node: i for i, node in enumerate(order, start=len(groups))}
    nodes += [record(i, node, node in parameters) for i, node in enumerate(order, start=len(groups))]
    edges = [edge for i, node in enumerate(order, start=len(groups)) for edge in edges_into(i, node, place, cuts)]
    return Graph(type(root).__name__, tuple(nodes), tuple(_merged(edges, nodes)))


def _shares(bundles: list[list[Any]]) -> list[tuple[list[Any], int]]:
    """The border nodes of each folded node, and how many nodes it folds.

    A folded node takes all that is below its border but for what an earlier one has; a border node that an
    earlier one has goes there.  What one folded node takes from another is not drawn.
    """
    border = set(chain.from_iterable(bundles))
    below = ops.topological(*chain.from_iterable(bundles))
    place = {node: i for i, node in enumerate(below) if node in border}
    ends = list(dict.fromkeys(accumulate((max(place[node] for node in bundle) for bundle in bundles), max)))
    groups: list[list[Any]] = [[] for _ in ends]
    for node in place:
        groups[bisect_left(ends, place[node])].append(node)
    counts = [end - before for before, end in pairwise([-1, *ends])]
    return list(zip(groups, counts))


def _stub(i: int, group: tuple[list[Any], int], parameters: set[Any]) -> Node:
    border, count = group
    if count == 1 and border[0].op is None:
        return record(i, border[0], border[0] in parameters)
    return Node(id=i, kind="folded", label=f"{count:,} more", count=count)


def _merged(edges: Iterable[Edge], nodes: Sequence[Node]) -> list[Edge]:
    """The edges, with one alone from a folded node to each of its users."""
    seen: set[tuple[int, int]] = set()
    out = []
    for edge in edges:
        ends = (edge.source, edge.target)
        if nodes[edge.source].kind != "folded" or ends not in seen:
            out.append(edge)
        seen.add(ends)
    return out
