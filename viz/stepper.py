"""The stepper: the backward pass of a learner's own graph, one node at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from ops.errors import ParameterError
from viz.arguments import choice
from viz.draw import Drawing
from viz.graph import check_root
from viz.notebook import framed
from viz.picture import pictures_of
from viz.saving import saved
from viz.stepper_page import page
from viz.stepper_scene import Scene, finished, for_picture, lines, scene
from viz.svg import as_figure
from viz.trail import Trail, trail
from viz.words import quietly, tidy

Inner = tuple[int, list[tuple[Trail | None, str]]]  # a node, and of each graph the pass inside it and what to say of it
ORDERS = ("topological", "recursive")
ROOM = 300  # nodes of a page, with those inside its array nodes, past which no more are opened


class Stepper:
    """The steps of a backward pass; a notebook plays them, `.text()` tells them, `.save("x.html")` keeps them."""

    def __init__(self, trails: Sequence[Trail]):
        self.trails = tuple(trails)
        self.scenes: list[Scene] = [scene(its, _title(its) if len(trails) > 1 else "") for its in trails]
        self._opened = self._open() if all(hasattr(its.nodes[-1], "numpy") for its in trails) else []

    def _open(self) -> list[Trail]:
        """The trails inside the array nodes, as far as the page has room; a word where it has none."""
        from viz.stepper_inside import opened  # here, so that Values are stepped through without NumPy

        room, found = ROOM - sum(len(its.nodes) for its in self.trails), []
        visits = zip(*(its.visits for its in self.trails))
        inner = [
            (its[0].node, [opened(t.nodes[v.node], v.gradient) for t, v in zip(self.trails, its)]) for its in visits
        ]
        for k, ways in _in_turn(self.trails[0], inner):
            inside = [its for its, _ in ways if its is not None]
            size = sum(len(its.nodes) for its in inside)
            if len(inside) == len(ways) and size <= room:
                room -= size
                self._link(k, inside, ways[0][1])
                found += inside
            elif why := f"a page has room for {ROOM} nodes, which other nodes have taken up" if inside else ways[0][1]:
                self._close(k, why)
        return found

    def _link(self, k: int, inside: Sequence[Trail], said: str) -> None:
        """A scene for what is inside node k of each graph."""
        for outer, its in zip(self.scenes[: len(self.trails)], inside):
            its_title = f"inside {outer['nodes'][k]['says']}"
            outer["nodes"][k]["opens"] = len(self.scenes)
            title = f"{outer['title']}, {its_title}" if outer["title"] else its_title
            self.scenes.append(scene(its, ": ".join(filter(None, [title, said]))))

    def _close(self, k: int, why: str) -> None:
        for outer in self.scenes[: len(self.trails)]:
            outer["nodes"][k]["closed"] = why

    def html(self) -> str:
        """A page of its own, which asks for nothing from anywhere."""
        view = list(range(len(self.trails)))
        mains = pictures_of([for_picture(its) for its in self.trails], "LR", whole=True)
        inner = [pictures_of([for_picture(its)], "LR", whole=True)[0] for its in self._opened]
        figures = [as_figure(picture, f"n{i}") for i, picture in enumerate([*mains, *inner])]
        return page(self._name(), self.scenes, figures, view)

    def text(self) -> str:
        """Every step as a line, what it sends under it; then the steps inside each node that can be opened."""
        parts = [[*([s["title"]] if s["title"] else []), *lines(s)] for s in self.scenes]
        return "\n\n".join("\n".join(part) for part in parts) + "\n"

    def save(self, path: str | Path) -> Path:
        """Write the steps as the ending says: html or txt; or svg, the graph when all is done."""
        return saved(path, {"html": self.html, "txt": self.text, "svg": self.svg})

    def svg(self) -> str:
        """The graph with every gradient, as it is after the last step."""
        return Drawing([finished(its) for its in self.trails], "LR", [""] * len(self.trails)).svg()

    def _name(self) -> str:
        says = self.scenes[0]["nodes"][-1]["says"]
        wrong = any(visit.missing or visit.passed is not None for visit in self.trails[0].visits)
        hidden = self.trails[0].hidden
        part = f", the {len(self.trails[0].nodes)} nodes nearest to it; {hidden:,} more are not shown" if hidden else ""
        return f"Backward through {says}{', by naive recursion' if wrong else ''}{part}"

    def _repr_html_(self) -> str:
        return framed(self.html(), self.svg(), self.text(), "Backward, step by step")

    def __repr__(self) -> str:
        return f"<Stepper: {tidy(self._name())}, {len(self.scenes[0]['steps'])} steps>"


@quietly()
def step(root: Any, *others: Any, order: str = "topological") -> Stepper:
    """The backward pass from a Value, a ValueArray or a Tensor, to be played step by step; `.grad` stays as it is.

    others: further roots of the same graph, as the other engine leaves it, that are stepped through beside it.
    order: "topological", or "recursive" for the wrong one, where a node passes its gradient on at each visit.
    Of a graph of more than 400 nodes, the 200 nearest to the root are stepped through, and it says so.

    >>> from scalar import Value
    >>> a = Value(3.0, label="a")
    >>> print(step(a * a).text(), end="")
    step 0 of 2: Start; L is v1: it changes one for one with itself; dL/dv1 = 1
    step 1 of 2: v1 = a * a; nothing uses it: the pass starts here; dL/dv1 = 1
        dL/da += dL/dv1 * a = 1 * 3 = 3
        dL/da += dL/dv1 * a = 1 * 3 = 3; 3 + 3 = 6; complete
    step 2 of 2: End; every node has passed its gradient on, once and complete
        dL/da = 6
    """
    choice("step", "order", order, ORDERS)
    for one in (root, *others):
        check_root("step", one)
    trails = [trail(one, order) for one in (root, *others)]
    for other in trails[1:]:
        _check_alike(trails[0], other)
    return Stepper(trails)


def _check_alike(one: Trail, other: Trail) -> None:
    """ParameterError where two graphs cannot share their steps."""
    a, b = ([node.op for node in its.graph.nodes] for its in (one, other))
    found = next((i for i, pair in enumerate(zip(a, b)) if pair[0] != pair[1]), min(len(a), len(b)))
    if a != b:
        seen = " against ".join(f"{(*ops, 'nothing')[min(found, len(ops))] or 'a leaf'!r}" for ops in (a, b))
        raise ParameterError(f"step: the graphs part at node {found}, {seen}; give the same expression on two engines")
    if [v.node for v in one.visits] != [v.node for v in other.visits]:
        raise ParameterError(
            "step: the graphs are alike, but gradients flow elsewhere; make the same leaves ask for one"
        )


def _in_turn(its: Trail, inner: Iterable[Inner]) -> list[Inner]:
    """What to open first: the smallest node of each op, then the second of each, and so on."""
    by_size = sorted(inner, key=lambda one: sum(len(its.nodes) for its, _ in one[1] if its))
    seen: Counter[str] = Counter()
    turns = []
    for k, *_ in by_size:
        op = its.graph.nodes[k].op
        turns.append(seen[op])
        seen[op] += 1
    return [one for _, one in sorted(zip(turns, by_size), key=itemgetter(0))]


def _title(its: Trail) -> str:
    return its.graph.engine
