"""A last look at the places: what shortens the edges by moving moves, as far as its neighbours let it.

What stands in one straight line moves together in one round, and alone in the next, so that what is straight
stays so unless bending it pays.  Leaves that are alone at one op ride with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from viz.ordering import Layers, Neighbours
from viz.placing import BEND, LEAF

_ROUNDS = 8
_STRAIGHT = 0.01  # two places no further apart than this are one
_RIGID, _FIRM, _WEAK = 8.0, 2.0, 1.0  # what a unit of slope costs: inside a long edge, elsewhere, at a leaf

Springs = list[list[tuple[int, float]]]


def settled(
    y: Sequence[float], layers: Layers, ins: Neighbours, thickness: Sequence[float], kinds: Sequence[int]
) -> list[float]:
    """Better centres from good ones, in the same order and as far apart as they must be."""
    springs, rooms = _springs(ins, kinds), _beside(layers, thickness)
    riders = {u for its in ins if len(its) > 1 and all(_rides(u, springs, kinds) for u in its) for u in its}
    y = list(y)
    for turn in range(_ROUNDS):
        groups = _lines(y, springs, riders, _RIGID if turn % 2 else 0.0)
        shifts = [_shift(group, y, springs, rooms) for group in (groups if turn % 4 < 2 else reversed(groups))]
        if turn > 1 and not any(shifts):
            break
    return y


def _rides(v: int, springs: Springs, kinds: Sequence[int]) -> bool:
    return kinds[v] == LEAF and len(springs[v]) == 1


def _springs(ins: Neighbours, kinds: Sequence[int]) -> Springs:
    springs: Springs = [[] for _ in ins]
    for v, sources in enumerate(ins):
        for u in sources:
            both = kinds[u] == BEND and kinds[v] == BEND
            cost = _RIGID if both else _WEAK if kinds[u] == LEAF else _FIRM
            springs[u].append((v, cost))
            springs[v].append((u, cost))
    return springs


def _beside(layers: Layers, thickness: Sequence[float]) -> list[list[tuple[int, float]]]:
    """For each vertex its neighbours in the rank, and how far from them it must be: negative to the one above."""
    rooms: list[list[tuple[int, float]]] = [[] for _ in thickness]
    for layer in layers:
        for a, b in pairwise(layer):
            apart = (thickness[a] + thickness[b]) / 2
            rooms[a].append((b, apart))
            rooms[b].append((a, -apart))
    return rooms


def _lines(y: Sequence[float], springs: Springs, riders: set[int], least: float) -> list[list[int]]:
    """The vertices in groups that springs of at least this strength hold in a straight line, with their riders."""
    met = [False] * len(y)
    groups = []
    for first in range(len(y)):
        if met[first]:
            continue
        met[first], group = True, [first]
        for v in group:  # grows as it goes
            for u, cost in springs[v]:
                straight = cost >= least and abs(y[u] - y[v]) < _STRAIGHT
                if not met[u] and (straight or u in riders or v in riders):
                    met[u] = True
                    group.append(u)
        groups.append(group)
    return groups


def _shift(group: Sequence[int], y: list[float], springs: Springs, rooms: Springs) -> float:
    """Move a group to where its edges are shortest; how far it went."""
    inside = set(group)
    pulls = [(y[u] - y[v], cost) for v in group for u, cost in springs[v] if u not in inside]
    shift = _balance(pulls)
    for v in group:
        for u, apart in rooms[v]:
            if u not in inside:
                room = y[u] - apart - y[v]
                shift = min(shift, max(room, 0.0)) if apart > 0 else max(shift, min(room, 0.0))
    if abs(shift) < _STRAIGHT:
        return 0.0
    for v in group:
        y[v] += shift
    return shift


def _balance(pulls: Iterable[tuple[float, float]]) -> float:
    """The weighted median of the pulls; 0 where that is no worse."""
    pulls = sorted(pulls)
    half = sum(cost for _, cost in pulls) / 2
    low = high = 0.0
    passed = 0.0
    for pull, cost in pulls:
        if passed < half:
            low = pull
        if passed <= half:
            high = pull
        passed += cost
    return max(low, min(high, 0.0))
