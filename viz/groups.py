"""What is drawn as one: the nodes of one call of a module, or a result and all that serves it alone.

Either way nothing leaves a group and comes back to it, so the graph of the groups has no cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from viz.dominators import dominated, dominators
from viz.graph import kind_of

TREES = (64, 256, 1024, 4096, 16384)  # how many nodes that serve one result alone are folded with it
FEWEST, FEWEST_RESULTS = 3, 8  # calls, or results, that a picture must show to say more than the one it opens into
WORTH = 3  # how many times fewer they must be for it to be worth folding more than the budget asks for

Args = Sequence[Sequence[int]]


class Item:
    """A group as a node of a graph of groups; `nodes` in topological order."""

    __slots__ = ("args", "call", "nodes")

    def __init__(self, nodes: list[Any], call: Any):
        self.nodes, self.call = nodes, call
        self.args: tuple[Item, ...] = ()


def grouped(nodes: Sequence[Any], args: Args, budget: int) -> list[Item] | None:
    """The nodes in groups, arguments first: as fine as the budget lets them be; None where folding is of no use.

    nodes: in topological order.  args: the places in it of what each is made of.
    """
    found = None
    for keys, calls in _ways(nodes, args):
        count = len(set(keys))
        fits = (FEWEST if calls else FEWEST_RESULTS) <= count <= budget
        if (fits or (found is None and count * WORTH <= len(nodes))) and (items := _items(nodes, args, keys, calls)):
            found = items
            if fits:
                return items
    return found


def single(nodes: Sequence[Any], args: Args) -> list[Item]:
    """Each node as a group of its own."""
    return _items(nodes, args, range(len(nodes)), None)


def _ways(nodes: Sequence[Any], args: Args) -> Iterator[tuple[list[Hashable], Callable[[Hashable], Any] | None]]:
    """Ways to group, each as a key for every node: by calls of modules, the innermost first, then by result."""
    chains = _chains(nodes)
    for depth in range(max(map(len, chains), default=0), 0, -1):
        keys, calls = _by_call(nodes, args, chains, depth)
        yield keys, calls.get
    over = dominators(args)
    size = dominated(over)
    for most in TREES:
        keys = _by_result(over, size, most)
        together = _leaves_together(nodes, args, keys)
        if len(set(keys)) < WORTH * len(set(together)):
            yield keys, None
        yield together, None


def _chains(nodes: Iterable[Any]) -> list[Sequence[Any]]:
    """The calls of modules that each node was made in, from the outermost."""
    known: dict[int, Sequence[Any]] = {}
    out = []
    for node in nodes:
        scope = getattr(node, "scope", None)
        if id(scope) not in known:
            chain, at = [], scope
            while at is not None:
                chain.append(at)
                at = at[1]
            known[id(scope)] = chain[::-1]
        out.append(known[id(scope)])
    return out


def _by_call(
    nodes: Sequence[Any], args: Args, chains: Sequence[Sequence[Any]], depth: int
) -> tuple[list[Hashable], Mapping[Hashable, Any]]:
    """Nodes made in the same call at this depth have one key; parameters that one call alone uses join it."""
    keys: list[Hashable] = list(range(len(nodes)))
    calls: dict[Hashable, Any] = {}
    for i, chain in enumerate(chains):
        if len(chain) >= depth:
            keys[i] = ("call", id(chain[depth - 1]))
            calls[keys[i]] = chain[depth - 1]
    users: dict[int, set[Hashable]] = {}
    for i, sources in enumerate(args):
        for j in sources:
            if nodes[j].op is None and kind_of(nodes[j]) != "input":
                users.setdefault(j, set()).add(keys[i])
    for j, its in users.items():
        if len(its) == 1 and (key := next(iter(its))) in calls:
            keys[j] = key
    return keys, calls


def _by_result(over: Sequence[int], size: Sequence[int], most: int) -> list[Hashable]:
    """A result and what serves it alone have one key, where they are no more than `most`; exits stand alone."""
    keys: list[Hashable] = list(range(len(over)))
    for i in reversed(range(len(over))):
        at = over[i]
        if at < len(over) and over[at] < len(over) and size[at] <= most:
            keys[i] = keys[at]
    return keys


def _leaves_together(nodes: Sequence[Any], args: Args, keys: Sequence[Hashable]) -> list[Hashable]:
    """The same, with one key for all the leaves that the same groups share."""
    users: dict[int, set[Hashable]] = {}
    for i, sources in enumerate(args):
        for j in sources:
            if nodes[j].op is None and keys[j] == j and not args[j]:
                users.setdefault(j, set()).add(keys[i])
    shared = {j: frozenset(its) for j, its in users.items() if len(its) > 1}
    return [shared.get(i, key) for i, key in enumerate(keys)]


def _items(
    nodes: Sequence[Any], args: Args, keys: Sequence[Hashable], call: Callable[[Hashable], Any] | None
) -> list[Item]:
    """The groups in topological order; none where they would make a cycle."""
    place: dict[Hashable, int] = {}
    members: list[list[int]] = []
    for i, key in enumerate(keys):
        if key not in place:
            place[key] = len(members)
            members.append([])
        members[place[key]].append(i)
    below = [list(dict.fromkeys(place[keys[j]] for i in its for j in args[i] if keys[j] != keys[i])) for its in members]
    items = [Item([nodes[i] for i in its], call(keys[its[0]]) if call else None) for its in members]
    for item, sources in zip(items, below):
        item.args = tuple([items[j] for j in sources])
    order = _arguments_first(below)
    return [items[i] for i in order] if len(order) == len(items) else []


def _arguments_first(below: Args) -> list[int]:
    """A topological order, near to the one given; shorter than that where there is a cycle."""
    above: list[list[int]] = [[] for _ in below]
    for i, sources in enumerate(below):
        for j in sources:
            above[j].append(i)
    waits = [len(sources) for sources in below]
    ready = [i for i, count in enumerate(waits) if count == 0]
    heapify(ready)
    order = []
    while ready:
        order.append(i := heappop(ready))
        for j in above[i]:
            waits[j] -= 1
            if waits[j] == 0:
                heappush(ready, j)
    return order
