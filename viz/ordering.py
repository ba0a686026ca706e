"""The order of the vertices within each rank: few crossings, operands in their order. [Gansner et al. 1993]

Sweep up and down the ranks: sort each by the median place of its vertices' neighbours in the rank just
passed, then exchange neighbours where that undoes crossings; keep the best order met.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

Neighbours = Sequence[Sequence[int]]
Layers = list[list[int]]
Pulls = list[list[tuple[int, float]]]

_SWEEPS = 24
_PATIENCE, _LITTLE = 4, 2  # sweeps without a better order before it stops; where there are many vertices, fewer do
_MANY = 2000
_SMALL, _TWICE = 80, 2  # what is worth doing once is worth doing twice where there are so few vertices


def ordered(ranks: Sequence[int], ins: Neighbours) -> Layers:
    """The vertices of each rank, in order.

    ranks: the rank of each vertex.  ins: the vertices in the rank before it that it is made of, in operand
    order.
    """
    pulls = _pulls(ins)
    starts = [_as_met(ranks, ins, backward) for backward in (False, True)]
    firsts = (0, 1) if len(ins) <= _SMALL else (0,)
    orders = [_improved(start, ins, pulls, first) for start in starts for first in firsts]
    return min(orders, key=lambda layers: crossings(layers, ins))


def _improved(layers: Layers, ins: Neighbours, pulls: tuple[Pulls, Pulls], first: int) -> Layers:
    """The best order that sweeps find from this one; first: 0 to go up before down, 1 down before up.

    Every other time around, ties are turned over, which leads out of many a dead end.
    """
    best, fewest = layers, crossings(layers, ins)
    to_ins, to_users = pulls
    stale, sweep, patience = 0, 0, _PATIENCE if len(ins) <= _MANY else _LITTLE
    while fewest and stale < patience and sweep < _SWEEPS:
        upward, turning = (sweep + first) % 2 == 0, sweep % 4 > 1
        layers = _swept(layers[::-1], to_users, turning)[::-1] if upward else _swept(layers, to_ins, turning)
        layers = _switched(layers, pulls, turning)
        count = crossings(layers, ins)
        stale = 0 if count < fewest else stale + 1
        if count < fewest:
            best, fewest = layers, count
        sweep += 1
    return best


def _switched(layers: Layers, pulls: tuple[Pulls, Pulls], turning: bool) -> Layers:
    """The ranks after neighbours have changed places wherever that undoes more crossings than it makes."""
    place: list[float] = _places(layers)
    layers = [layer[:] for layer in layers]
    for turn in range(_TWICE if len(place) <= _SMALL else 1):
        least = 0 if turning and turn == 0 else 1
        if not sum([_switch(layer, pulls, place, least) for layer in layers]):
            break
    return layers


def _switch(layer: list[int], pulls: tuple[Pulls, Pulls], place: list[float], least: int) -> bool:
    """Exchange neighbours in one rank where at least so many crossings go; whether any went."""
    ends = {v: [sorted([place[u] + side for u, side in its[v]]) for its in pulls] for v in layer}
    gained = False
    for i in range(len(layer) - 1):
        a, b = layer[i], layer[i + 1]
        fewer = _excess(ends[a], ends[b])
        if fewer >= least:
            layer[i], layer[i + 1] = b, a
            gained = gained or fewer > 0
    for i, v in enumerate(layer):
        place[v] = i
    return gained


def _excess(a: list[list[float]], b: list[list[float]]) -> int:
    """How many crossings fewer there are with b before a, given where the edges of both go on either side."""
    total = 0
    for of_a, of_b in zip(a, b):
        for end in of_a:
            total += bisect_left(of_b, end) - (len(of_b) - bisect_right(of_b, end))
    return total


def crossings(layers: Layers, ins: Neighbours) -> int:
    """How many pairs of edges cross, operands out of order at their op among them."""
    place = _places(layers)
    return sum(_inversions([place[u] for v in layer for u in ins[v]]) for layer in layers[1:])


def _inversions(sequence: Sequence[float]) -> int:
    seen: list[float] = []
    total = 0
    for x in sequence:
        total += len(seen) - bisect_right(seen, x)
        insort(seen, x)
    return total


def _as_met(ranks: Sequence[int], ins: Neighbours, backward: bool = False) -> Layers:
    """Each rank in the order of a depth-first walk from the roots, which draws a tree without crossings.

    backward: last operands first, and all upside down.
    """
    layers: Layers = [[] for _ in range(max(ranks, default=-1) + 1)]
    used = {u for sources in ins for u in sources}
    stack = [v for v in reversed(range(len(ranks))) if v not in used]
    met: set[int] = set()
    while stack:
        v = stack.pop()
        if v not in met:
            met.add(v)
            layers[ranks[v]].append(v)
            stack += ins[v] if backward else reversed(ins[v])
    return [layer[::-1] for layer in layers] if backward else layers


def _pulls(ins: Neighbours) -> tuple[Pulls, Pulls]:
    """What each vertex is drawn to: its arguments, and its users at the side where it enters them."""
    to_ins: Pulls = [[(u, 0.0) for u in sources] for sources in ins]
    to_users: Pulls = [[] for _ in ins]
    for v, sources in enumerate(ins):
        for k, u in enumerate(sources, start=1):
            to_users[u].append((v, k / (len(sources) + 1)))
    return to_ins, to_users


def _swept(layers: Layers, pulls: Pulls, turning: bool) -> Layers:
    """The ranks sorted one after the other, each by the one before it."""
    place: list[float] = _places(layers)
    out = layers[:1]
    for layer in layers[1:]:
        layer = _sorted(layer, pulls, place, turning)
        for i, v in enumerate(layer):
            place[v] = i
        out.append(layer)
    return out


def _sorted(layer: list[int], pulls: Pulls, place: Sequence[float], turning: bool) -> list[int]:
    """The rank by medians, ties as they were or turned over; who has no neighbours there keeps its place."""
    medians = {v: _median(sorted([place[u] + side for u, side in pulls[v]])) for v in layer if pulls[v]}
    movers = iter(sorted(reversed(medians) if turning else medians, key=medians.__getitem__))
    return [next(movers) if v in medians else v for v in layer]


def _median(places: Sequence[float]) -> float:
    half = len(places) // 2
    return places[half] if len(places) % 2 else (places[half - 1] + places[half]) / 2


def _places(layers: Layers) -> list[float]:
    place = [0.0] * sum(map(len, layers))
    for layer in layers:
        for i, v in enumerate(layer):
            place[v] = i
    return place
