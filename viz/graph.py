"""The graph of an expression as plain data, at the moment it is asked for.

What is traced stays as it was, so a drawing made before backward can stand beside one made after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any

import ops
from ops import dispatch
from viz.arguments import nodes, sort
from viz.modules import names_of_parameters, path_of
from viz.words import number, tidy


@dataclass(frozen=True, slots=True)
class Node:
    """One value: what made it, what it holds, and the gradient that has reached it.

    kind: "parameter", "input", "constant", "cut" (a detached copy), "intermediate", or "folded", which stands
    for `count` nodes: its data and gradient are those of its one result, `holds` says what it is made of and
    `takes` the shapes that come in; one that `holds` nothing only counts.  symbol: the op as pictures show it.
    options: the op's parameters that are not its usual ones.  shape: None for a Value.  data, grad: a number or
    an array; grad is None until one arrives.  module: the path of the module that made it, empty where none did.
    """

    id: int
    kind: str
    op: str = ""
    symbol: str = ""
    options: str = ""
    label: str = ""
    shape: tuple[int, ...] | None = None
    data: Any = None
    grad: Any = None
    module: str = ""
    count: int = 1
    holds: str = ""
    takes: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An argument and what is made of it; `operand` is its place there, and a cut edge passes no gradient."""

    source: int
    target: int
    operand: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes with arguments before what is made of them (node i has the id i), edges in operand order.

    insides: by their ids, the graphs that folded nodes open into, with what comes into them as inputs.
    """

    engine: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    insides: dict[int, Graph] = field(default_factory=dict)

    @property
    def root(self) -> Node:
        """What was traced."""
        return self.nodes[-1]

    @property
    def size(self) -> int:
        """The number of nodes, with those that are folded away."""
        return sum(node.count for node in self.nodes)


def trace(root: Any, parameters: Iterable[Any] = ()) -> Graph:
    """The graph below root, which may be a Value, a ValueArray or a Tensor.

    A leaf that asks for a gradient is a parameter; of the others, a single number without a label is a
    constant and anything else an input.  Values all ask for a gradient, and the 2 of `2 * x` is a Value like
    x, so their leaves are inputs, but for those among `parameters`.

    >>> from scalar import Value
    >>> a = Value(3.0, label="a")
    >>> [(edge.source, edge.target, edge.operand) for edge in trace(a + a).edges]
    [(0, 1, 0), (0, 1, 1)]
    """
    check_root("trace", root)
    order, special = ops.topological(root), nodes("trace", "parameters", parameters)
    return of_order(root, order, special_among(order, special))


def check_root(asker: str, root: Any) -> None:
    """TypeError for what is not a node."""
    if not dispatch.is_node(root):
        raise TypeError(f"{asker}: got {sort(root)}; give a Value, a ValueArray or a Tensor")


def special_among(order: Iterable[Any], parameters: Iterable[Any] = ()) -> dict[Any, str]:
    """The parameters among the nodes, each with its path in its module, `layers.0.weight`, or an empty name."""
    return dict.fromkeys(parameters, "") | names_of_parameters(order)


def of_order(root: Any, order: Sequence[Any], special: Mapping[Any, str]) -> Graph:
    """The graph of all the nodes in `order`, where arguments come first; special: the parameters and their names."""
    cuts = sources_of_cuts(order)
    order = cuts_last(order, cuts) if cuts else order
    place = {node: i for i, node in enumerate(order)}
    edges = [edge for i, node in enumerate(order) for edge in edges_into(i, node, place, cuts)]
    nodes = tuple(record(i, node, special) for i, node in enumerate(order))
    return Graph(type(root).__name__, nodes, tuple(edges))


def edges_into(i: int, node: Any, place: Mapping[Any, int], cuts: Mapping[Any, Any]) -> list[Edge]:
    """The edges to node i from whichever of its arguments have a place."""
    if node in cuts:
        return [Edge(place[cuts[node]], i, cut=True)]
    return [Edge(place[arg], i, k) for k, arg in enumerate(node.args) if arg in place]


def record(i: int, node: Any, special: Mapping[Any, str]) -> Node:
    """A node as plain data, with numbers of its own; one among `special` is a parameter, named so if not labelled."""
    symbol, options = symbol_and_options(node)
    return Node(
        id=i,
        kind="parameter" if node in special and node.op is None else kind_of(node),
        op=node.op.name if node.op else "",
        symbol=symbol,
        options=options,
        label=tidy(node.label) or special.get(node, ""),
        shape=node.shape if hasattr(node, "numpy") else None,
        data=_plain(node),
        grad=_gradient(node.grad),
        module=path_of(node),
    )


def sources_of_cuts(order: Iterable[Any]) -> dict[Any, Any]:
    """For each detached leaf, the node it was cut from, where that node is drawn too."""
    cut = {node: node.params["cut_from"]() for node in order if node.op is None and "cut_from" in node.params}
    drawn = set(order) if cut else set()
    return {leaf: source for leaf, source in cut.items() if source in drawn}


def cuts_last(order: Sequence[Any], cuts: dict[Any, Any]) -> list[Any]:
    """The order changed as little as it takes for a detached leaf to stand after what it was cut from."""
    place = {node: i for i, node in enumerate(order)}
    below = [[place[x] for x in ([cuts[node]] if node in cuts else node.args) if x in place] for node in order]
    above: list[list[int]] = [[] for _ in order]
    for i, sources in enumerate(below):
        for j in sources:
            above[j].append(i)
    waits, done = [len(sources) for sources in below], []
    ready = [i for i, count in enumerate(waits) if count == 0]
    heapify(ready)
    while ready:
        i = heappop(ready)
        done.append(order[i])
        for j in above[i]:
            waits[j] -= 1
            if waits[j] == 0:
                heappush(ready, j)
    return done


def kind_of(node: Any) -> str:
    """What a node is drawn as, unless it is named as a parameter."""
    if node.op is not None:
        return "intermediate"
    if "cut_from" in node.params:
        return "cut"
    if not hasattr(node, "numpy"):
        return "input"
    if node.requires_grad:
        return "parameter"
    return "input" if node.label or node.shape else "constant"


def symbol_and_options(node: Any) -> tuple[str, str]:
    """The op's symbol with its parameters put in, and the parameters that the symbol leaves out."""
    if node.op is None:
        return "", ""
    if not node.params:
        return tidy(node.op.symbol), ""
    shown = {k: number(v) if isinstance(v, (int, float)) else v for k, v in node.params.items()}
    left_out = [k for k, v in node.params.items() if "{" + k not in node.op.symbol and _unusual(node.op, k, v)]
    return tidy(node.op.symbol.format(**shown)), ", ".join(f"{k}={tidy(_code(node.params[k]), 30)}" for k in left_out)


def _code(x: Any) -> str:
    """A parameter as one writes it, slices with colons."""
    if isinstance(x, tuple):
        return f"({', '.join(map(_code, x))}{',' * (len(x) == 1)})"
    if isinstance(x, slice):
        ends = ":".join("" if end is None else str(end) for end in (x.start, x.stop))
        return ends if x.step is None else f"{ends}:{x.step}"
    return repr(x)


def _unusual(op: Any, name: str, value: Any) -> bool:
    usual = op.defaults.get(name, ...)
    return type(value) is not type(usual) or repr(value) != repr(usual)


def _plain(node: Any) -> Any:
    return node.numpy() if hasattr(node, "numpy") else node.data


def _gradient(grad: Any) -> Any:
    """A gradient as numbers; None where none has arrived, which a Value says by the integer 0."""
    if grad is None or type(grad) is int:
        return None
    return _plain(grad) if dispatch.is_node(grad) else grad
