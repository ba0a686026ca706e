"""A trail told: what the page shows at each step, as plain data, and the same as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from viz.graph import Graph
from viz.stepper_letters import bare, headed, letters, line, note, running as sum_of, told
from viz.trail import Trail, Visit, final, running
from viz.words import FEW, formula, in_short, size_of

Scene = dict[str, Any]


def scene(its: Trail, title: str = "") -> Scene:
    """The steps in words and numbers; a page reads them, and `lines` writes them down.

    nodes: name and formula of each.  edges: source and target.  steps: `node` (-1 at the start and the end, which
    have a `head`), `why`, `wrong`, `lines` (target, line, sum, note, state) and `set` (node, its gradient in
    writing, and to twelve digits).
    """
    names = letters(its.graph)
    called = [bare(name) for name in names]
    said = _formulas(its.graph, names)
    steps = [_start(its, names), *_visits(its, names, called), _end(its, names)]
    return {
        "title": title,
        "nodes": [{"name": name, "says": words} for name, words in zip(called, said)],
        "edges": [[edge.source, edge.target] for edge in its.graph.edges],
        "steps": steps,
    }


def _formulas(graph: Graph, names: Sequence[str]) -> list[str]:
    """`d = b + a` for each node; a leaf's name and number."""
    args: list[list[str]] = [[] for _ in graph.nodes]
    for edge in graph.edges:
        if not edge.cut:
            args[edge.target].append(names[edge.source])
    return [
        f"{bare(name)} = {formula(node, its_args) if node.op else told(node.data)}"
        for node, name, its_args in zip(graph.nodes, names, args)
    ]


def _start(its: Trail, names: Sequence[str]) -> Scene:
    seeds = [f"dL/d{names[i]} = {told(g)}" for i, g in its.seeds.items()]
    root = names[its.graph.root.id]
    why = f"L is {root}: it changes one for one with itself" if len(seeds) == 1 else "this is what comes in from above"
    if len(seeds) == 1 and told(its.seeds[its.graph.root.id]) != "1":
        why = "this is what comes in from above"
    return _step(-1, "Start", why, [], _sets(its.seeds.items()), seeds=seeds)


def _end(its: Trail, names: Sequence[str]) -> Scene:
    """The leaves' gradients; where the order was wrong, beside the right ones."""
    lines = [
        [i, f"dL/d{names[i]} = {told(g)}", "", _still(its, i), _verdict(g, its.right[i])] for i, g in final(its).items()
    ]
    if all(not visit.missing and visit.passed is None for visit in its.visits):
        return _step(-1, "End", f"every node has passed its gradient on, once and complete{_left_out(its)}", lines, [])
    wrong = len([1 for *_, verdict in lines if verdict])
    said = f"Wrong in the end: {wrong} of {len(lines)} leaves, for what was passed on early was passed on again."
    return _step(-1, "End", "the recursion has gone down every path", lines, [], wrong=said)


def _left_out(its: Trail) -> str:
    if not its.hidden:
        return ""
    return (
        f"; below these go on {its.hidden:,} nodes that are not shown: for the whole pass on one page take fewer "
        f"points, or Tensors, where one node is a whole array"
    )


def _still(its: Trail, i: int) -> str:
    more = its.beyond.get(i, 0)
    return f"so far: {more} more user{'s' * (more != 1)} of it {'are' if more != 1 else 'is'} not shown" if more else ""


def _verdict(g: Any, right: Any) -> str:
    return "" if _same(g, right) else f"wrong: {told(right)} is right"


def _visits(its: Trail, names: Sequence[str], called: Sequence[str]) -> Iterator[Scene]:
    sent: set[int] = set()
    for k, visit in enumerate(its.visits):
        last = {v.node for v in its.visits[k + 1 :]}
        sent = {v.node for v in its.visits[: k + 1]} - last
        yield _step(
            visit.node,
            "",
            _why(its, visit, called),
            [_told(its, visit, i, names, sent) for i in range(len(visit.sends))],
            _sets((s.target, s.after) for s in visit.sends),
            gradient=f"dL/d{names[visit.node]} = {told(visit.gradient)}",
            wrong=_wrong(its, visit, called),
        )


def _step(node: int, head: str, why: str, lines: list[Any], sets: list[Any], **more: Any) -> Scene:
    return {
        "node": node,
        **({"head": head} if head else {}),
        "why": why,
        "lines": lines,
        "set": sets,
        **{k: v for k, v in more.items() if v},
    }


def _why(its: Trail, visit: Visit, called: Sequence[str]) -> str:
    """Why this node is next."""
    users = its.users[visit.node]
    if not users:
        return "nothing uses it: the pass starts here"
    done = len(users) - len(visit.missing)
    if visit.missing:
        return f"the recursion comes by; {done} of {len(users)} users of it are done"
    return f"every user of it is done: {done} of {len(users)} ({_listed([called[u] for u in users])})"


def _wrong(its: Trail, visit: Visit, called: Sequence[str]) -> str:
    """What is wrong with a visit that comes too early or once more."""
    name, g, right = called[visit.node], told(visit.gradient), told(its.right[visit.node])
    said = []
    if visit.missing:
        still = _listed([called[u] for u in visit.missing])
        has = "has" if len(visit.missing) == 1 else "have"
        whole = "" if _same(visit.gradient, its.right[visit.node]) else f", where {right} is the whole of it"
        said.append(f"Too early: {still} {has} still to send to {name}, and {name} passes on {g} already{whole}.")
    if visit.passed is not None:
        said.append(
            f"Counted twice: {name} passed on {told(visit.passed)} before, which is part of the {g} it passes on now."
        )
    return " ".join(said)


def _told(its: Trail, visit: Visit, i: int, names: Sequence[str], sent: set[int]) -> list[Any]:
    """Target, line, sum, note and state of one argument's share."""
    send, node = visit.sends[i], its.nodes[visit.node]
    args = _operands(its.graph, visit.node, names)
    users = its.users[send.target]
    done = len([u for u in users if u in sent or u not in its.grads])
    count = len(users) + its.beyond.get(send.target, 0)
    is_last = all(later.target != send.target for later in visit.sends[i + 1 :])
    whole = done == count and is_last and _same(send.after, its.right[send.target])
    state = "complete" if whole else f"{done} of {count} users done" if is_last else ""
    y = names[visit.node]
    return [send.target, line(node, visit, send, y, args), sum_of(send), note(node, send, y), state]


def _operands(graph: Graph, target: int, names: Sequence[str]) -> list[str]:
    return [names[edge.source] for edge in graph.edges if edge.target == target and not edge.cut]


def _sets(found: Any) -> list[list[Any]]:
    """Node, text in its box, and the numbers themselves where they are few."""
    return [[i, in_short(g), _exact(g)] for i, g in found]


def _exact(g: Any) -> Any:
    if size_of(g) > FEW:
        return None
    g = g.tolist() if hasattr(g, "tolist") else float(g)
    return float(f"{g:.12g}") if isinstance(g, float) and g - g == 0 else str(g)


def _same(a: Any, b: Any) -> bool:
    gap = abs(a - b) <= 1e-12 * abs(b)
    return bool(gap.all() if hasattr(gap, "all") else gap) or repr(a) == repr(b)


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:4], f"{len(names) - 4} more"] if len(names) > 5 else [*names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def for_picture(its: Trail) -> Graph:
    """The graph with names, each node holding the longest of its gradients, so that its box has room for all."""
    graph = headed(its.graph, letters(its.graph))
    nodes = [replace(node, grad=max(running(its, node.id), key=_width, default=None)) for node in graph.nodes]
    return replace(graph, nodes=tuple(nodes))


def finished(its: Trail) -> Graph:
    """The graph with names and the gradients that the pass ends with."""
    graph = headed(its.graph, letters(its.graph))
    return replace(graph, nodes=tuple(replace(node, grad=its.grads.get(node.id)) for node in graph.nodes))


def _width(g: Any) -> int:
    return len(in_short(g))


def lines(its: Mapping[str, Any]) -> Iterator[str]:
    """The steps as text: a line for each, and indented ones for what it sends."""
    count = len(its["steps"]) - 1
    for k, step in enumerate(its["steps"]):
        given = step.get("gradient") or ", ".join(step.get("seeds", []))
        head = step.get("head") or its["nodes"][step["node"]]["says"]
        yield f"step {k} of {count}: {'; '.join(filter(None, [head, step['why'], given]))}"
        if step.get("wrong"):
            yield f"    ! {step['wrong']}"
        for _, words, total, remark, state in step["lines"]:
            yield "    " + "; ".join(filter(None, [words, total, remark, state]))
