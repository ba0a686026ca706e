"""The backward pass as plain data: which node passes its gradient on when, how much, and what it adds up to.

The pass is computed here on numbers of its own, so nobody's `.grad` changes, before backward or after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import ops
from ops import graph as protocol
from ops.errors import ParameterError
from ops.kinds import times
from ops.shapes import fold
from scalar import floats
from viz.fold import alone, nearest
from viz.folded import drawn
from viz.graph import Graph, cuts_last, of_order, sources_of_cuts, special_among

Grads = dict[int, Any]
Sent = tuple[Any, Any]  # the amount, and the partial dy/dx where it is one number
MOST_NODES = 400  # that are stepped through
WINDOW = 200  # nodes nearest to the root, where there are more
MOST_VISITS = 1000  # of a recursion that goes down every path


@dataclass(frozen=True, slots=True)
class Send:
    """What one visit adds to the gradient of one argument; before is None where it is the first to arrive.

    partial: dy/dx, where it is one number.
    """

    target: int
    operand: int
    amount: Any
    before: Any
    after: Any
    partial: Any


@dataclass(frozen=True, slots=True)
class Visit:
    """One node passing its gradient on.

    missing: the users that have still to send to it, which in a right order are none.  passed: what it passed
    on at its visit before this one, None at its first.
    """

    node: int
    gradient: Any
    sends: tuple[Send, ...]
    missing: tuple[int, ...] = ()
    passed: Any = None


@dataclass(frozen=True, slots=True)
class Trail:
    """A graph, its nodes themselves by id, who uses each, the pass, and where it leads.

    grads: the gradients that the pass ends with.  right: those of the topological order.  beyond: how many users
    of a node are not in the graph, which holds the nodes nearest to the root.  hidden: how many nodes it leaves out.
    """

    graph: Graph
    nodes: Sequence[Any]
    users: Sequence[Sequence[int]]
    seeds: Grads
    visits: Sequence[Visit]
    grads: Grads
    right: Grads
    beyond: Mapping[int, int] = field(default_factory=dict)
    hidden: int = 0


def trail(root: Any, order: str = "topological", budget: int = MOST_NODES) -> Trail:
    """The backward pass from root, in topological order or by naive recursion.

    Of a graph of more than `budget` nodes, the pass through some nearest to the root, as far as their arguments.
    """
    _refuse_without_gradient(root)
    nodes = ops.topological(root)
    for node in nodes:
        _refuse_changed(node)
    if len(nodes) > budget:
        return _through_nearest(root, nodes, order)
    if cuts := sources_of_cuts(nodes):
        nodes = cuts_last(nodes, cuts)
    return passed(of_order(root, nodes, special_among(nodes)), nodes, {len(nodes) - 1: _seed(root)}, order)


def _through_nearest(root: Any, nodes: Sequence[Any], order: str) -> Trail:
    """The pass through the nodes nearest to the root, all whose users are among them; what they are made of is shut."""
    boxes = alone(nearest(nodes, [root], WINDOW))
    graph, _ = drawn(type(root).__name__, boxes, [], special_among(nodes), crowd=len(nodes))
    kept = [node for its, _ in boxes for node in its]
    inside = set(kept)
    border = list(dict.fromkeys(x for node in kept for x in node.args if x not in inside))
    its = passed(graph, [*border, *kept], {len(graph.nodes) - 1: _seed(root)}, order, len(border))
    users = Counter(chain.from_iterable(set(node.args) for node in nodes))
    beyond = {i: users[x] - len(its.users[i]) for i, x in enumerate(border)}
    return replace(its, beyond=beyond, hidden=len(nodes) - len(its.nodes))


def passed(graph: Graph, nodes: Sequence[Any], seeds: Grads, order: str = "topological", shut: int = 0) -> Trail:
    """The backward pass through nodes in topological order, from the gradients that come in at some of them.

    shut: how many of the first nodes pass nothing on, whatever they are made of.
    """
    place = {node: i for i, node in enumerate(nodes)}
    args = [[] if i < shut else [place[x] for x in node.args] for i, node in enumerate(nodes)]
    users = [list(dict.fromkeys(found)) for found in _users(args)]
    send = _sent_by_array if nodes and hasattr(nodes[-1], "numpy") else _sent_by_value
    right = dict(seeds)
    visits = _topological(nodes, args, right, send)
    grads = right
    if order == "recursive":
        grads = dict(seeds)
        visits = _judged(_recursive(nodes, args, grads, send), users)
    return Trail(graph, nodes, users, seeds, visits, grads, right)


def _topological(nodes: Sequence[Any], args: Sequence[Sequence[int]], grads: Grads, send: Any) -> list[Visit]:
    ready = (i for i in reversed(range(len(nodes))) if args[i])
    return [_visit(i, nodes[i], args[i], grads, send) for i in ready if i in grads]


def _recursive(nodes: Sequence[Any], args: Sequence[Sequence[int]], grads: Grads, send: Any) -> list[Visit]:
    """Pass on, then go into each argument at once: naive recursion, written with a stack."""
    visits: list[Visit] = []
    before: Grads = {}
    stack = [len(nodes) - 1]
    while stack:
        i = stack.pop()
        if not args[i] or i not in grads:
            continue
        if len(visits) == MOST_VISITS:
            raise ParameterError(
                f"step: the naive recursion goes down every path of this graph, which takes more than "
                f'{MOST_VISITS:,} visits; choose a smaller graph, or order="topological"'
            )
        visits.append(_visit(i, nodes[i], args[i], grads, send, before.get(i)))
        before[i] = visits[-1].gradient
        stack += reversed(args[i])
    return visits


def _judged(visits: Sequence[Visit], users: Sequence[Sequence[int]]) -> list[Visit]:
    """The visits, each with the users of its node that come later."""
    last = {visit.node: k for k, visit in enumerate(visits)}
    return [
        Visit(v.node, v.gradient, v.sends, tuple(u for u in users[v.node] if last.get(u, -1) > k), v.passed)
        for k, v in enumerate(visits)
    ]


def _visit(i: int, node: Any, args: Sequence[int], grads: Grads, send: Callable[..., Any], before: Any = None) -> Visit:
    """Pass the gradient of a node on to its arguments, and remember how."""
    gradient, sends = grads[i], []
    for k, (arg, (amount, partial)) in enumerate(zip(args, send(node, gradient))):
        if amount is None:
            continue
        was = grads.get(arg)
        grads[arg] = amount if was is None else was + amount
        sends.append(Send(arg, k, amount, was, grads[arg], partial))
    return Visit(i, gradient, tuple(sends), passed=before)


def _sent_by_value(node: Any, g: float) -> list[Sent]:
    numbers = [node.data, *(x.data for x in node.args)]
    partials = node.op.checked(floats.run(node.op.rules["partials"], numbers, node.params))
    return [(None, None) if d is None else (float(times(floats, g, d)), float(d)) for d in partials]


def _sent_by_array(node: Any, g: Any) -> list[Sent]:
    from tensor import arrays  # here, so that Values are stepped through without NumPy

    args, wanted = [x.numpy() for x in node.args], [x.requires_grad for x in node.args]
    sent = node.op.vjp(arrays, g, node.numpy(), args, node.params, wanted)
    found = zip(args, wanted, sent)
    return [(fold(arrays, s, x) if asked and s is not None else None, None) for x, asked, s in found]


def _users(args: Sequence[Sequence[int]]) -> list[list[int]]:
    users: list[list[int]] = [[] for _ in args]
    for i, sources in enumerate(args):
        for j in sources:
            users[j].append(i)
    return users


def _seed(root: Any) -> Any:
    return protocol.seed(root, None).numpy() if hasattr(root, "numpy") else 1.0


def _refuse_without_gradient(root: Any) -> None:
    if not root.requires_grad:
        raise ParameterError(
            f"step: nothing below this {type(root).__name__} has requires_grad=True, so there is no backward pass"
        )


def _refuse_changed(node: Any) -> None:
    """ChangedDataError where backward would raise it."""
    if hasattr(node, "numpy"):
        node._refuse_changed()
    elif node.op is not None:
        protocol.refuse_written(node)


def final(its: Trail) -> Mapping[int, Any]:
    """The gradients of the leaves at the end of the pass."""
    return {i: g for i, g in sorted(its.grads.items()) if not its.graph.nodes[i].op}


def running(its: Trail, node: int) -> list[Any]:
    """Every gradient that a node has in the course of the pass."""
    seed = [its.seeds[node]] if node in its.seeds else []
    return seed + [s.after for s in chain.from_iterable(v.sends for v in its.visits) if s.target == node]
