"""A graph within a budget: what belongs together is drawn as one box, and what is far from the root is counted.

Calls of modules are folded first, then results with what serves them alone.  Where that is not enough, what
backward visits first is drawn.  A box is drawn only when all its users are, so nothing drawn is made of
something folded that is itself made of something drawn: the folded graph has no cycle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

import ops
from viz.folded import Box, Drawn, Share, Special, drawn
from viz.graph import Graph, check_root, cuts_last, of_order, sources_of_cuts, special_among
from viz.groups import Item, grouped, single

_SLACK = 8  # how far past the budget the arguments of the last node drawn may go
ROOM = 1_500  # nodes of all the pictures that folded boxes open into
ROOMY = 60  # nodes that each of them may have, however few the whole is to have
DEEPEST = 8  # boxes within boxes
LARGEST = 50_000  # nodes of a box that is opened
MANY = 200_000  # nodes past which grouping would take seconds, and only what is nearest is drawn


def within(root: Any, budget: int, parameters: Iterable[Any] = ()) -> Graph:
    """The graph below root in about `budget` boxes, of which the folded ones each stand for many nodes.

    What folded boxes hold is in the graph's `insides`, the nearest to the root first, as far as there is room.
    """
    check_root("draw", root)
    order = ops.topological(root)
    special = special_among(order, parameters)
    if len(order) <= budget:
        return of_order(root, order, special)
    graph, closed = _overview(type(root).__name__, order, [root], budget, special)
    _open(graph, closed, budget, special)
    return graph


def _open(graph: Graph, closed: dict[int, Box], budget: int, special: Special) -> None:
    """Fill the insides of the graph, then theirs, while there is room."""
    room, budget, queue = ROOM, max(budget, ROOMY), deque([(graph, closed, 1)])
    while queue:
        outer, boxes, depth = queue.popleft()
        for i in sorted(boxes, reverse=True) if depth <= DEEPEST else ():
            nodes = boxes[i][0]
            if min(len(nodes), budget) <= room and len(nodes) <= LARGEST:
                outer.insides[i], inner = _inside(graph.engine, nodes, budget, special)
                room -= len(outer.insides[i].nodes)
                queue.append((outer.insides[i], inner, depth + 1))


def _inside(engine: str, nodes: list[Any], budget: int, special: Special) -> Drawn:
    """The graph of the nodes of one box, with what comes into them from outside."""
    if len(nodes) > budget:
        return _overview(engine, nodes, [], budget, special)
    return drawn(engine, alone(nodes), [], special)


def _overview(engine: str, order: Sequence[Any], roots: Sequence[Any], budget: int, special: Special) -> Drawn:
    """The graph in boxes, and what those that are folded hold.  roots: what it is for, where it is a whole graph."""
    if len(order) > MANY:
        return _nearest_alone(engine, order, roots, budget, special)
    cuts = sources_of_cuts(order)
    order = cuts_last(order, cuts) if cuts else order
    place = {node: i for i, node in enumerate(order)}
    args = [[place[x] for x in ([cuts[node]] if node in cuts else node.args) if x in place] for node in order]
    items = grouped(order, args, budget)
    if items and len(items) <= budget:
        return drawn(engine, [(item.nodes, item.call) for item in items], [], special)
    if roots and not items:
        return _nearest_alone(engine, order, roots, budget, special)
    items = items or single(order, args)
    kept = nearest(items, _unused(items), budget)
    below = [(_nodes(border), _nodes(share)) for border, share in _shares(_bundles(kept, budget))]
    return drawn(engine, [(item.nodes, item.call) for item in kept], below, special)


def _nearest_alone(engine: str, order: Sequence[Any], roots: Sequence[Any], budget: int, special: Special) -> Drawn:
    kept = nearest(order, roots, budget)
    return drawn(engine, alone(kept), _shares(_bundles(kept, budget)), special)


def alone(nodes: Sequence[Any]) -> list[Box]:
    """Each node in a box of its own, detached ones after what they were cut from."""
    cuts = sources_of_cuts(nodes)
    return [([node], None) for node in (cuts_last(nodes, cuts) if cuts else nodes)]


def _nodes(items: Iterable[Item]) -> list[Any]:
    return [node for item in items for node in item.nodes]


def _unused(items: Sequence[Item]) -> list[Item]:
    used = set(chain.from_iterable([item.args for item in items]))
    return [item for item in items if item not in used]


def nearest(things: Sequence[Any], roots: Sequence[Any], budget: int) -> list[Any]:
    """What to draw, arguments first: breadth first from the roots, each after all its users."""
    users = Counter(chain.from_iterable([thing.args for thing in things]))
    kept, ready, border = [], deque(reversed(roots)), set(roots)
    while ready and (not kept or len(kept) + len(border) < budget):
        thing = ready.popleft()
        kept.append(thing)
        border.discard(thing)
        border.update(thing.args)
        for arg in thing.args:
            users[arg] -= 1
            if users[arg] == 0:
                ready.append(arg)
    return kept[::-1]


def _bundles(kept: Sequence[Any], budget: int) -> list[list[Any]]:
    """What to count: each bundle holds border nodes, whose graphs below go into one folded node.

    A border node is a bundle of its own; where there are too many, the border nodes of each user are one.
    """
    shown = set(kept)
    borders = [[arg for arg in dict.fromkeys(thing.args) if arg not in shown] for thing in reversed(kept)]
    together = len(set(chain.from_iterable(borders))) + len(kept) > budget + _SLACK
    taken: set[Any] = set()
    bundles = []
    for border in borders:
        fresh = [thing for thing in border if thing not in taken]
        taken.update(fresh)
        bundles += [fresh] if together else [[thing] for thing in fresh]
    return [bundle for bundle in bundles if bundle]


def _shares(bundles: list[list[Any]]) -> list[Share]:
    """The border of each folded node, and all that it folds.

    A folded node takes all that is below its border but for what an earlier one has; a border node that an
    earlier one has goes there.  What one folded node takes from another is not drawn.
    """
    border = set(chain.from_iterable(bundles))
    below = ops.topological(*chain.from_iterable(bundles))
    place = {thing: i for i, thing in enumerate(below) if thing in border}
    ends = list(dict.fromkeys(accumulate((max(place[thing] for thing in bundle) for bundle in bundles), max)))
    groups: list[list[Any]] = [[] for _ in ends]
    for thing in place:
        groups[bisect_left(ends, place[thing])].append(thing)
    return [(its, below[before + 1 : end + 1]) for its, (before, end) in zip(groups, pairwise([-1, *ends]))]
