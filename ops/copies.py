"""Copies of a graph, by `copy` and by pickle, that keep together what belongs together, however deep it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from threading import local
from typing import Any

from ops import graph
from ops.dispatch import is_node
from ops.nesting import refuse_copy

_PLAIN_TYPES = (int, float, str, bool, type(None))
_ABOUT_CUTS = ("cut_from", "cut", "no_grad")  # what a leaf's params tell of where it comes from


class Copied:
    """A node that is copied and pickled with all below it."""

    __slots__ = ()

    def __copy__(self) -> Any:
        return _copy(self, {})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        refuse_copy(self)
        return _copy(self, memo)

    def __reduce__(self) -> Any:
        node: Any = self
        parts = type(node), _fields(node), node.args
        below = [] if _pickled.last == id(node) else _nodes_of(node)[:-1]
        return (_restored_above, ([_Below(x) for x in below], *parts)) if below else (_restored, parts)


def _copy(root: Any, memo: dict[int, Any]) -> Any:
    """A copy of the graph below root, as far as the memo does not hold it."""
    stack = [root]
    while stack:
        node = stack[-1]
        if left := [arg for arg in node.args if id(arg) not in memo]:
            stack += left
            continue
        if id(stack.pop()) not in memo:
            fields = {k: v if type(v) in _PLAIN_TYPES else deepcopy(v, memo) for k, v in _fields(node).items()}
            memo[id(node)] = _restored(type(node), fields, [memo[id(arg)] for arg in node.args])
    return memo[id(root)]


class _Below:
    """A node that is pickled on the way to one above it, after all that is below it.

    So pickle need not go down from a node to its arguments, and meets each node itself: what two roots share, and a
    leaf beside its root, stay one.
    """

    __slots__ = ("node",)

    def __init__(self, node: Any):
        self.node = node

    def __reduce__(self) -> Any:
        _pickled.last = id(self.node)  # the next that pickle asks for, unless it has it already
        return _itself, (self.node,)


class _Pickled(local):
    last = 0


_pickled = _Pickled()


def _itself(node: Any) -> Any:
    return node


def _nodes_of(root: Any) -> list[Any]:
    """Every node below the root, and of arrays the Values that they stand on, arguments first."""
    nodes = graph.topological(root)
    values = [x for node in nodes if hasattr(node, "values") for x in node.values.flat]
    return [*graph.topological(*values), *nodes]


def _fields(node: Any) -> dict[str, Any]:
    """What a node holds, but for its arguments; what it was cut from and the modules around it stay behind.

    A gradient that is a node itself (after create_graph) goes as its numbers, since its graph leads back here.
    """
    left_out = ("args", "_a", "_b", "params", "scope", "_taken", "_trace", "__weakref__")
    params = {name: value for name, value in node.params.items() if name not in _ABOUT_CUTS}
    fields = {name: getattr(node, name) for name in type(node).__slots__ if name not in left_out}
    fields |= getattr(node, "__dict__", {})  # of a subclass without slots
    return {name: value.data if is_node(value) else value for name, value in fields.items()} | {"params": params}


def _restored(cls: type, fields: Mapping[str, Any], args: Sequence[Any]) -> Any:
    """A node of the class with these fields over these arguments."""
    node: Any = object.__new__(cls)
    for name, value in fields.items():
        setattr(node, name, value)
    node.args = tuple(args)
    graph.clock = max(graph.clock, fields.get("_made", 0), fields.get("_written", 0))  # of another process perhaps
    if hasattr(cls, "scope"):
        node.scope = None
    return node


def _restored_above(below: Sequence[Any], cls: type, fields: Mapping[str, Any], args: Sequence[Any]) -> Any:
    return _restored(cls, fields, args)
