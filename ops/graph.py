"""The node protocol, the order of a graph, the reverse pass, and copies.

A node of either engine bears `data`, `grad`, `op` (None for a leaf), `args` (in operand order, an argument
used twice stands twice), `params` and `label`.  Nothing here recurses, so a graph may be a million deep.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Protocol

from ops import traces
from ops.dispatch import is_node, shape_of
from ops.errors import ChangedDataError, ShapeError
from ops.modes import MODES, watch_gradient
from ops.shapes import fold
from ops.words import shown


class Node(Protocol):
    """What viz, nn and the tests may ask of a node of any engine."""

    data: Any
    grad: Any
    op: Any
    args: tuple[Any, ...]
    params: Mapping[str, Any]
    label: str


def topological(*roots: Any) -> list[Any]:
    """Every node below the roots, arguments before what is made of them.

    A depth-first walk with a stack of its own: a node is opened when first met, and put in order when
    everything below it has been, which the None on top of it tells.
    """
    for root in roots:
        if not hasattr(root, "args"):
            raise TypeError(f"topological: a graph has nodes for its roots, such as Value(2.0), not {shown(root)}")
    order, opened, stack = [], set(), list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in opened:
            opened.add(node)
            if args := node.args:
                stack += (node, None)
                stack += args
            else:
                order.append(node)
    return order


Read = tuple[Any, Any, Sequence[Any], Sequence[bool]]
Reader = Callable[[Any, Any], Read]


def reverse(order: Sequence[Any], seeds: Mapping[Any, Any], xp: Any, read: Reader) -> dict[Any, Any]:
    """The reverse pass: dL/d(node) for each node of `order`, from dL/d(root) in `seeds`.

    `read(node, g)` gives g, y and the arguments as the rules shall see them, and which arguments ask for a
    gradient: arrays for a first derivative, with `xp` a namespace of arrays; the nodes themselves, with `xp` the
    ops, to record the pass itself.
    """
    grads, sums = dict(seeds), set[Any]()
    for node in reversed(order):
        op = node.op
        if op is None or node not in grads:
            continue
        g, y, args, wanted = read(node, grads[node])
        sent = op.vjp(xp, g, y, args, node.params, wanted)
        if MODES:
            watch_gradient(node, sent)
        for arg, x, asked, g in zip(node.args, args, wanted, sent):
            if asked and g is not None:
                if g.shape != x.shape or (g.dtype is not x.dtype and g.dtype != x.dtype):
                    g = fold(xp, g, x)
                if arg not in grads:
                    grads[arg] = g
                elif arg in sums:  # a sum made here, which nobody else holds: add in place
                    grads[arg] += g
                else:
                    grads[arg] = grads[arg] + g
                    sums.add(arg)
    return grads


def as_nodes(node: Any, g: Any) -> Read:
    """What `reverse` reads to record its pass: the nodes themselves."""
    return g, node, node.args, [arg.requires_grad for arg in node.args]


def seed(root: Any, gradient: Any) -> Any:
    """dL/d(root) as a node of root's engine and shape; ones where none is given and root is one number."""
    if gradient is None and root.size != 1:
        raise ShapeError(
            f"backward: a {type(root).__name__} of shape {root.shape} is not one number; sum it first, or give "
            f"backward a gradient of that shape"
        )
    if gradient is None:
        return root.one()
    given = gradient if type(gradient) is type(root) else type(root)(gradient)
    if given.shape != root.shape:
        raise ShapeError(f"backward: the gradient has shape {given.shape}, but the root has {root.shape}")
    return given


def parts(node: Any) -> Sequence[Any]:
    """The nodes that gradients flow through: an array's Values, one by one; of any other node itself."""
    return list(node.values.flat) if hasattr(node, "values") else [node]


def assembled(like: Any, found: Sequence[Any]) -> Any:
    """What was found for each of the parts of a node, as one node of its shape."""
    return like.holding(found) if hasattr(like, "values") else found[0]


def demand_fit(what: str, given: Any, node: Any) -> tuple[int, ...]:
    """The shape of the node; ShapeError where the given array is neither of that shape nor one number."""
    if (shape := shape_of(given)) not in ((), node.shape):
        raise ShapeError(f"{what}: shape {shape} does not fit a {type(node).__name__} of shape {node.shape}")
    return node.shape


def backward_recorded(seeds: Mapping[Any, Any]) -> None:
    """Backward with `create_graph=True`: every gradient is a node, recorded like any other."""
    for node, g in reverse(topological(*seeds), seeds, sys.modules["ops"], as_nodes).items():
        has_some = node.op is None and node.grad is not None and type(node.grad) is not int
        node.grad = node.grad + g if has_some else g


def refuse_changed(node: Any, changed: Sequence[Any]) -> None:
    """ChangedDataError if the rule of `node` reads one of the changed nodes, itself or an argument."""
    family = (node, *node.args)
    for i in node.op.reads([x.requires_grad for x in node.args]):
        if any(family[i] is other for other in changed):
            name = f"{type(family[i]).__name__} {family[i].label!r}" if family[i].label else _short(family[i])
            raise ChangedDataError(
                f"backward: the data of {name} was changed after {node.op.name} had saved it, so a gradient would be "
                f"wrong; change `.data` before the forward pass or after backward"
            )


def _short(node: Any) -> str:
    return repr(node) if node.shape == () else f"a {type(node).__name__} of shape {node.shape}"


def refuse_unrecorded(node: Any) -> None:
    """RuntimeError for a node that no_grad left without a graph."""
    if "no_grad" in node.params:
        raise RuntimeError(
            f"backward: this {type(node).__name__} was made under no_grad() ({node.params['no_grad']}), so nothing "
            f"was recorded; make it outside"
        )


def symbol(node: Any) -> str:
    """What a drawing shows for a node's op, `**2` say; empty for a leaf."""
    return node.op.symbol.format(**node.params) if node.op else ""


clock = 0  # counts the writes to any Value's `.data`, so that backward can tell what was changed after forward
CONSTANT = -1  # in place of the time at which a leaf was made: one that asks for no gradient, though it is a Value


def cut_from(source: Any, leaf: Any) -> Any:
    """The leaf, remembering (weakly, so that the graph can go) the node it was detached from, and where."""
    leaf.params = {"cut_from": weakref.ref(source), "cut": traces.read(source, "detach()")}
    return leaf


_ABOUT_CUTS = ("cut_from", "cut", "no_grad")  # what a leaf's params tell of where it comes from


_PLAIN_TYPES = (int, float, str, bool, type(None))


def copy_graph(root: Any, memo: dict[int, Any]) -> Any:
    """A copy of the graph below root, for `copy.deepcopy`, as far as the memo does not hold it."""
    stack = [root]
    while stack:
        node = stack[-1]
        if left := [arg for arg in node.args if id(arg) not in memo]:
            stack += left
            continue
        if id(stack.pop()) not in memo:
            fields = {k: v if type(v) in _PLAIN_TYPES else deepcopy(v, memo) for k, v in _fields(node).items()}
            memo[id(node)] = restored(type(node), fields, [memo[id(arg)] for arg in node.args])
    return memo[id(root)]


def flatten(root: Any) -> tuple[Any, ...]:
    """The graph below root as a flat list, for pickle."""
    return _unflatten, (records(topological(root)),)


def records(order: Sequence[Any], *without: str) -> list[tuple[type, dict[str, Any], list[int]]]:
    """Each node's class, its fields but those named, and the places of its arguments in the order."""
    place = {node: i for i, node in enumerate(order)}
    return [(type(node), _fields(node, *without), [place[arg] for arg in node.args]) for node in order]


def from_records(given: Iterable[tuple[type, dict[str, Any], list[int]]]) -> list[Any]:
    """The nodes that `records` told."""
    nodes: list[Any] = []
    for cls, fields, places in given:
        nodes.append(restored(cls, fields, [nodes[i] for i in places]))
    return nodes


def _unflatten(given: list[tuple[type, dict[str, Any], list[int]]]) -> Any:
    return from_records(given)[-1]


def _fields(node: Any, *without: str) -> dict[str, Any]:
    """What a node holds, but for its arguments; what it was cut from and the modules around it stay behind.

    A gradient that is a node itself (after create_graph) goes as its numbers, since its graph leads back here.
    """
    left_out = ("args", "_a", "_b", "params", "scope", "_taken", "_trace", "__weakref__", *without)
    params = {name: value for name, value in node.params.items() if name not in _ABOUT_CUTS}
    fields = {name: getattr(node, name) for name in type(node).__slots__ if name not in left_out}
    return {name: value.data if is_node(value) else value for name, value in fields.items()} | {"params": params}


def restored(cls: type, fields: Mapping[str, Any], args: Sequence[Any]) -> Any:
    """A node of the class with these fields over these arguments."""
    global clock
    node: Any = object.__new__(cls)
    for name, value in fields.items():
        setattr(node, name, value)
    node.args = tuple(args)
    clock = max(clock, fields.get("_made", 0), fields.get("_written", 0))  # it may come from another process
    if hasattr(cls, "scope"):
        node.scope = None
    return node
