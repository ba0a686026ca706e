"""The graph of boxes, each of one node or of many, and what a box of many says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from viz.graph import Edge, Graph, Node, edges_into, record, sources_of_cuts, symbol_and_options
from viz.modules import named, path_of
from viz.words import LONGEST, clipped

Box = tuple[list[Any], Any]  # nodes drawn as one, and the call of a module that made them
Share = tuple[list[Any], list[Any]]  # what is not drawn: its nodes that drawn ones are made of, and all of it
Special = Mapping[Any, str]  # parameters and their names
CROWD = 40  # nodes that come in one by one
Drawn = tuple[Graph, dict[int, Box]]


def drawn(engine: str, boxes: Sequence[Box], below: Sequence[Share], special: Special, crowd: int = CROWD) -> Drawn:
    """The graph of the boxes, over what comes in from outside and one node for each share; what its nodes hold.

    crowd: how many nodes come in one by one, where more are gathered.
    """
    border = {node: i for i, (its, _) in enumerate(below) for node in its}
    outside, gathered = _gathered(_outside(boxes, border), boxes, crowd)
    below = [*below, *gathered]
    border |= {node: i for i, (its, _) in enumerate(below) for node in its}
    first, start = len(outside), len(outside) + len(below)
    place = {x: i for i, x in enumerate(outside)} | {x: first + i for x, i in border.items()}
    place |= {node: i for i, (nodes, _) in enumerate(boxes, start=start) for node in nodes}
    nodes = [_incoming(i, x, special) for i, x in enumerate(outside)]
    words = ["more"] * (len(below) - len(gathered)) + ["from outside"] * len(gathered)
    nodes += [_share(i, *its, special) for i, its in enumerate(zip(below, words), start=first)]
    leaving = {x for its, _ in boxes for node in its for x in node.args if place[x] != place[node]}
    nodes += [_box(i, box, place, leaving, special) for i, box in enumerate(boxes, start=start)]
    closed = {i: (its, None) for i, (_, its) in enumerate(below, start=first) if nodes[i].kind == "folded"}
    closed |= {i: box for i, box in enumerate(boxes, start=start) if len(box[0]) > 1}
    return Graph(engine, tuple(nodes), tuple(_edges(boxes, place, nodes))), closed


def _outside(boxes: Sequence[Box], border: Mapping[Any, int]) -> list[Any]:
    held = {node for nodes, _ in boxes for node in nodes}
    used = dict.fromkeys(x for nodes, _ in boxes for node in nodes for x in node.args)
    return [x for x in used if x not in held and x not in border]


def _gathered(outside: list[Any], boxes: Sequence[Box], crowd: int) -> tuple[list[Any], list[Share]]:
    """What comes in, in one share for each set of boxes that use it where it is much."""
    if len(outside) <= crowd:
        return outside, []
    users: dict[Any, set[int]] = {x: set() for x in outside}
    for i, (nodes, _) in enumerate(boxes):
        for node in nodes:
            for x in node.args:
                if x in users:
                    users[x].add(i)
    shares: dict[frozenset[int], list[Any]] = {}
    for x, its in users.items():
        shares.setdefault(frozenset(its), []).append(x)
    alone = [its[0] for its in shares.values() if len(its) == 1]
    return alone, [(its, its) for its in shares.values() if len(its) > 1]


def _incoming(i: int, node: Any, special: Special) -> Node:
    """A node of the graph around this one, which counts as an input here."""
    its = record(i, node, special)
    if not its.op:
        return its
    label = its.label or (f"from {path_of(node)}" if path_of(node) else "")
    return replace(its, kind="input", op="", symbol="", options="", label=label)


def _share(i: int, share: Share, word: str, special: Special) -> Node:
    border, its = share
    if len(its) == 1 and border[0].op is None:
        return record(i, border[0], special)
    return Node(id=i, kind="folded", label=f"{len(its):,} {word}", count=len(its))


def _box(i: int, box: Box, place: Mapping[Any, int], leaving: set[Any], special: Special) -> Node:
    """A node alone, or what many are: the module or the ops, what comes in and the one result that goes out."""
    nodes, call = box
    if len(nodes) == 1:
        return record(i, nodes[0], special)
    used = {x for node in nodes for x in node.args}
    results = [node for node in nodes if node in leaving or node not in used]
    incoming = dict.fromkeys(x for node in nodes for x in node.args if place[x] != i)
    shapes = dict.fromkeys(str(x.shape) for x in incoming if hasattr(x, "numpy"))
    its = record(i, results[0], special) if len(results) == 1 else Node(i, "folded")
    label, holds = named(call) if call else (its.label, _ops(nodes))
    return replace(
        its, kind="folded", op="", symbol="", options="", label=label, count=len(nodes), holds=holds,
        takes=clipped(", ".join(shapes), LONGEST),
    )  # fmt: skip


def _ops(nodes: Iterable[Any]) -> str:
    """The symbols of the ops, each once, the first applied first."""
    makers = {node.op.name if not node.params else node: node for node in nodes if node.op is not None}
    symbols = dict.fromkeys(symbol_and_options(node)[0] for node in makers.values())
    return clipped(", ".join(symbols), LONGEST) or "leaves"


def _edges(boxes: Sequence[Box], place: Mapping[Any, int], nodes: Sequence[Node]) -> list[Edge]:
    """Every edge between boxes, one alone where a folded one has an end."""
    cuts = sources_of_cuts([node for its, _ in boxes for node in its])
    here = [edge for its, _ in boxes for node in its for edge in edges_into(place[node], node, place, cuts)]
    seen: set[tuple[int, int]] = set()
    out = []
    for edge in here:
        ends = (edge.source, edge.target)
        folded = any(nodes[i].kind == "folded" for i in ends)
        if edge.source != edge.target and not (folded and ends in seen):
            out.append(edge)
        seen.add(ends)
    return out
