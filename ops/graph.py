"""The node protocol, the order of a graph, the reverse pass, and copies.

A node of either engine bears `data`, `grad`, `op` (None for a leaf), `args` (in operand order, an argument
used twice stands twice), `params` and `label`.  Nothing here recurses, so a graph may be a million deep.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ops import anomalies, modes, passes, traces
from ops.dispatch import shape_of
from ops.errors import ChangedDataError, ShapeError
from ops.fitting import demand_foldable
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
        if not isinstance(getattr(root, "args", None), (tuple, list)) or isinstance(root, BaseException):
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
    grads, sums, watched = dict(seeds), set[Any](), modes.watching()
    for node in reversed(order):
        op = node.op
        if op is None or node not in grads:
            continue
        g, y, args, wanted = read(node, grads[node])
        sent = op.vjp(xp, g, y, args, node.params, wanted)
        refuse_sums = anomalies.watch(node, g, sent, grads) if watched else None
        for arg, x, asked, g in zip(node.args, args, wanted, sent):
            if asked and g is not None:
                if g.shape != x.shape or (g.dtype is not x.dtype and g.dtype != x.dtype):
                    demand_foldable(op, g, x, y)
                    g = fold(xp, g, x)
                if arg not in grads:
                    grads[arg] = g
                elif arg in sums:  # a sum made here, which nobody else holds: add in place
                    grads[arg] += g
                else:
                    grads[arg] = grads[arg] + g
                    sums.add(arg)
        if refuse_sums:
            refuse_sums()
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
    if (shape := shape_of(given, what)) not in ((), node.shape):
        raise ShapeError(f"{what}: shape {shape} does not fit a {type(node).__name__} of shape {node.shape}")
    return node.shape


def backward_recorded(seeds: Mapping[Any, Any]) -> None:
    """Backward with `create_graph=True`: every gradient is a node, recorded like any other."""
    order = topological(*seeds)
    for root in seeds:
        passes.refuse_unrecorded(root)
    for node in order:
        refuse_written(node) if node.rank == 0 else node._refuse_changed()
    grads = reverse(order, seeds, sys.modules["ops"], as_nodes)
    with passes.lock:
        passes.hand_over([write for node, g in grads.items() for write in _gradient_of(node, g)])


def _gradient_of(node: Any, g: Any) -> Sequence[passes.Write]:
    """What gives a node its gradient, into its slots themselves: a signal may come while a property is being set."""
    has_some = node.op is None and node.grad is not None and type(node.grad) is not int
    total = node.grad + g if has_some else g
    return [(node, "grad", total)] if node.rank == 0 else [(node, "_grad", total), (node, "_grad_is_ours", True)]


# Ops that only show the numbers of their arguments in other places: a write to an argument is a write to the result.
MOVES = frozenset(
    ("reshape", "permute_dims", "matrix_transpose", "expand_dims", "squeeze", "broadcast_to", "flip", "astype")
    + ("getitem", "concat", "stack", "pad", "windows")
)


def refuse_changed(node: Any, changed: Sequence[Any]) -> None:
    """ChangedDataError if the rule of `node` reads one of the changed nodes, itself or an argument."""
    family = (node, *node.args)
    for i in node.op.reads([x.requires_grad for x in node.args]) if node.op else ():
        if any(family[i] is other for other in changed):
            source = _moved_from(family[i])
            name = f"{type(source).__name__} {source.label!r}" if source.label else _short(source)
            raise ChangedDataError(
                f"backward: the data of {name} was changed after {node.op.name} had saved it, so a gradient would be "
                f"wrong; change `.data` before the forward pass or after backward"
            )


def _moved_from(node: Any) -> Any:
    """The node of which an unlabelled one shows the numbers in other places, for a story to name."""
    while not node.label and node.op and node.op.name in MOVES and len(node.args) == 1:
        (node,) = node.args
    return node


def refuse_written(node: Any) -> None:
    """ChangedDataError if the rule of a Value reads a number that was written after the Value was made."""
    refuse_changed(node, [x for x in (node, *node.args) if x._written > node._made])


def _short(node: Any) -> str:
    return repr(node) if node.shape == () else f"a {type(node).__name__} of shape {node.shape}"


def symbol(node: Any) -> str:
    """What a drawing shows for a node's op, `**2` say; empty for a leaf."""
    return node.op.symbol.format(**node.params) if node.op else ""


clock = 0  # counts the writes to any Value's `.data`, so that backward can tell what was changed after forward
CONSTANT = -1  # in place of the time at which a leaf was made: one that asks for no gradient, though it is a Value


def cut_from(source: Any, leaf: Any) -> Any:
    """The leaf, remembering (weakly, so that the graph can go) the node it was detached from, and where."""
    leaf.params = {"cut_from": weakref.ref(source), "cut": traces.read(source, "detach()")}
    return leaf
