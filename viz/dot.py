"""Graphs as graphviz source, in the manner of micrograd: an op's node feeds the node of its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ops.errors import ParameterError
from viz.graph import Edge, Graph, Node
from viz.words import rows

if TYPE_CHECKING:
    from viz.digraph import Digraph

SHAPES = {
    "parameter": {"shape": "octagon"},
    "input": {"shape": "box", "style": "rounded"},
    "constant": {"shape": "note"},
    "intermediate": {"shape": "box"},
    "cut": {"shape": "box", "style": "rounded,dashed"},
    "folded": {"shape": "folder"},
}


def source(graphs: Sequence[Graph], direction: str) -> str:
    """The source of one picture of all the graphs."""
    return digraph(graphs, direction).source


def digraph(graphs: Sequence[Graph], direction: str, format: str = "svg") -> Digraph:
    """All the graphs as one Digraph, which renders itself."""
    try:
        from graphviz import FORMATS

        from viz.digraph import Digraph  # here, since importing viz imports nothing heavy
    except ImportError:
        raise ImportError("dot: the package graphviz is missing; install it with pip install graphviz") from None
    if format.lower() not in FORMATS:
        raise ParameterError(
            f'draw_dot: format is {format!r}; it may be "svg", "png" or "pdf", or another of graphviz\'s'
        )
    picture = Digraph(format=format, graph_attr={"rankdir": direction}, node_attr={"fontname": "monospace"})
    for i, graph in enumerate(graphs):
        for node in graph.nodes:
            _add_node(picture, f"{i}_{node.id}", node)
        for edge in graph.edges:
            _add_edge(picture, i, edge, graph.nodes[edge.target])
    return picture


def _add_node(picture: Digraph, name: str, node: Node) -> None:
    lines = [" ".join(cell for cell in (row[1:] if row[0] == "heading" else row) if cell) for row in rows(node)]
    picture.node(name, label="".join(_quoted(line) + r"\l" for line in lines), **SHAPES[node.kind])
    if node.op:
        picture.node(f"{name}_op", label=_quoted(node.symbol), shape="circle" if len(node.symbol) < 3 else "oval")
        picture.edge(f"{name}_op", name)


def _add_edge(picture: Digraph, i: int, edge: Edge, target: Node) -> None:
    end = f"{i}_{edge.target}" + ("_op" if target.op else "")
    picture.edge(f"{i}_{edge.source}", end, **({"style": "dashed", "arrowhead": "none"} if edge.cut else {}))


def _quoted(text: str) -> str:
    """Text that graphviz takes as it stands: no escapes, no entities and no HTML."""
    from graphviz import escape, nohtml

    return nohtml(escape(text.replace("&", "&amp;")))
