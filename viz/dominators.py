"""Which results every path to the exits goes through, and so what serves a result alone. [Cooper et al. 2001]"""

from __future__ import annotations

from collections.abc import Sequence

_PATIENCE = 300  # steps up for each node, past which it is given up


def dominators(args: Sequence[Sequence[int]]) -> list[int] | None:
    """For each node the first one that all its paths lead through; len(args) where there is none, for exits too.

    args: the nodes that each is made of, all of them before it.  None for a graph that would take long.
    """
    end = len(args)
    users: list[list[int]] = [[] for _ in args]
    for i, sources in enumerate(args):
        for j in sources:
            users[j].append(i)
    over, depth, steps = [end] * (end + 1), [0] * (end + 1), 0
    for i in reversed(range(end)):
        at = users[i][0] if users[i] else end
        for other in users[i][1:]:
            while at != other:
                steps += 1
                if depth[at] >= depth[other]:
                    at = over[at]
                else:
                    other = over[other]
        if steps > _PATIENCE * end:
            return None
        over[i], depth[i] = at, depth[at] + 1
    return over[:end]


def dominated(over: Sequence[int]) -> list[int]:
    """How many nodes serve each result alone, itself among them."""
    size = [1] * (len(over) + 1)
    for i, at in enumerate(over):
        size[at] += size[i]
    return size[:-1]
