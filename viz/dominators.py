"""Which results every path to the exits goes through, and so what serves a result alone. [Cooper et al. 2001]

Where two paths first meet again is looked for by jumps: each node knows, besides the next one up, one further up, so
far that any way takes about as many jumps as it has digits. [Myers 1983]
"""

from __future__ import annotations

from collections.abc import Sequence


def dominators(args: Sequence[Sequence[int]]) -> list[int]:
    """For each node the first one that all its paths lead through; len(args) where there is none, for exits too.

    args: the nodes that each is made of, all of them before it.
    """
    end = len(args)
    users: list[list[int]] = [[] for _ in args]
    for i, sources in enumerate(args):
        for j in sources:
            users[j].append(i)
    up, far, depth = [end] * (end + 1), [end] * (end + 1), [0] * (end + 1)
    for i in reversed(range(end)):
        at = users[i][0] if users[i] else end
        for other in users[i][1:]:
            if at != other:
                at = _meeting(at, other, up, far, depth)
        up[i], depth[i] = at, depth[at] + 1
        j = far[at]
        far[i] = far[j] if depth[at] - depth[j] == depth[j] - depth[far[j]] else at
    return up[:end]


def _meeting(a: int, b: int, up: Sequence[int], far: Sequence[int], depth: Sequence[int]) -> int:
    """The first node that both of two nodes' ways up have."""
    if depth[a] < depth[b]:
        a, b = b, a
    while depth[a] > depth[b]:
        a = far[a] if depth[far[a]] >= depth[b] else up[a]
    while a != b:
        a, b = (far[a], far[b]) if far[a] != far[b] else (up[a], up[b])
    return a


def dominated(over: Sequence[int]) -> list[int]:
    """How many nodes serve each result alone, itself among them."""
    size = [1] * (len(over) + 1)
    for i, at in enumerate(over):
        size[at] += size[i]
    return size[:-1]
