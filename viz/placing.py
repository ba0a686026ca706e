"""Where each vertex stands within its rank: long edges and main chains straight. [Brandes and Koepf 2001]

Four times, once from each corner, vertices are chained into straight blocks and the blocks pushed together;
a vertex then stands midway between the two middle ones of its four places.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from viz.ordering import Layers, Neighbours

LEAF, NODE, BEND = 0, 1, 2  # what a vertex is: without arguments, with some, or a point that a long edge passes
Pairs = set[tuple[int, int]]


def placed(
    layers: Layers, ins: Neighbours, outs: Neighbours, thickness: Sequence[float], kinds: Sequence[int]
) -> list[float]:
    """The centre of each vertex along its rank; neighbours lie at least half of both thicknesses apart."""
    forbidden = _crossing_long_edges(layers, ins, kinds)
    runs = []
    for near, ranks in ((ins, layers), (outs, layers[::-1])):
        partners = _partners(near, kinds)
        for mirrored in (False, True):
            rows = [rank[::-1] for rank in ranks] if mirrored else ranks
            x = _pushed(rows, _chained(rows, partners, forbidden), thickness)
            runs.append([-centre for centre in x] if mirrored else x)
    return _middle(runs, thickness)


def _crossing_long_edges(layers: Layers, ins: Neighbours, kinds: Sequence[int]) -> Pairs:
    """The edges that cross the inside of a long edge, which stays straight at their cost."""
    place = _places(layers)
    found: Pairs = set()
    for layer in layers[1:]:
        insides = [(i, place[ins[v][0]]) for i, v in enumerate(layer) if _is_inside(v, ins, kinds)]
        low, start = -1, 0
        for i, high in [*insides, (len(layer) - 1, len(place))]:
            for v in layer[start : i + 1]:
                found.update((u, v) for u in ins[v] if not low <= place[u] <= high and not _is_inside(v, ins, kinds))
            low, start = high, i + 1
    return found | {(v, u) for u, v in found}


def _is_inside(v: int, ins: Neighbours, kinds: Sequence[int]) -> bool:
    return kinds[v] == BEND and kinds[ins[v][0]] == BEND


def _partners(near: Neighbours, kinds: Sequence[int]) -> list[list[int]]:
    """The neighbours with which each vertex may share a straight line: a bend's bends, a node's main chain."""
    worth = {LEAF: (0, 2, 1), NODE: (0, 2, 1), BEND: (0, 1, 2)}
    out = []
    for v, neighbours in enumerate(near):
        worths = [worth[kinds[v]][kinds[u]] for u in neighbours]
        out.append([u for u, w in zip(neighbours, worths) if w == max(worths)])
    return out


def _chained(rows: Layers, partners: Neighbours, forbidden: Pairs) -> list[int]:
    """The block of each vertex, named by its first one: straight chains that never cross."""
    place = _places(rows)
    block = list(range(len(place)))
    for row in rows[1:]:
        last = -1
        for v in row:
            near = sorted(partners[v], key=place.__getitem__)
            for u in near[(len(near) - 1) // 2 : len(near) // 2 + 1]:
                if block[v] == v and place[u] > last and (u, v) not in forbidden:
                    block[v], last = block[u], place[u]
    return block


def _pushed(rows: Layers, block: Sequence[int], thickness: Sequence[float]) -> list[float]:
    """The centre of each vertex when blocks stand as near to each other as they may."""
    after: dict[int, dict[int, float]] = {b: {} for b in block}
    waits = dict.fromkeys(after, 0)
    for row in rows:
        for a, b in pairwise(row):
            apart, follows = (thickness[a] + thickness[b]) / 2, after[block[a]]
            waits[block[b]] += block[b] not in follows
            follows[block[b]] = max(apart, follows.get(block[b], 0.0))
    at = dict.fromkeys(after, 0.0)
    order = [b for b, count in waits.items() if count == 0]
    for a in order:  # grows as it goes
        for b, apart in after[a].items():
            at[b] = max(at[b], at[a] + apart)
            waits[b] -= 1
            if waits[b] == 0:
                order.append(b)
    for a in reversed(order):
        if after[a]:
            at[a] = max(at[a], min(at[b] - apart for b, apart in after[a].items()))
    return [at[b] for b in block]


def _middle(runs: list[list[float]], thickness: Sequence[float]) -> list[float]:
    """The mean of the two middle places, once all four runs lie over the narrowest of them."""
    lows = [min((x - t / 2 for x, t in zip(run, thickness)), default=0.0) for run in runs]
    highs = [max((x + t / 2 for x, t in zip(run, thickness)), default=0.0) for run in runs]
    best = min(range(len(runs)), key=lambda k: highs[k] - lows[k])
    shifts = [highs[best] - highs[k] if k % 2 else lows[best] - lows[k] for k in range(len(runs))]
    quartets = [sorted(x + shift for x, shift in zip(places, shifts)) for places in zip(*runs)]
    return [(second + third) / 2 for _, second, third, _ in quartets]


def _places(layers: Layers) -> list[int]:
    place = [0] * sum(map(len, layers))
    for layer in layers:
        for i, v in enumerate(layer):
            place[v] = i
    return place
