"""A page on which folded boxes open: every picture in one file, one shown at a time, each with a way back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files

from viz.graph import Graph, Node
from viz.notebook import document, region
from viz.picture import Picture, pictures_of
from viz.sheet import sheet
from viz.svg import as_svg, style

Trail = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A graph that a folded box opens into; trail: the ids and names of what it is in, the whole first."""

    id: str
    name: str
    graph: Graph
    trail: Trail
    links: dict[int, str] = field(default_factory=dict)


WHOLE = ("p0", "The whole graph")


def leaves(graphs: Sequence[Graph]) -> tuple[list[dict[int, str]], list[Leaf]]:
    """For each graph where its boxes lead, and all that they lead to, boxes within boxes last."""
    links: list[dict[int, str]] = [{} for _ in graphs]
    found: list[Leaf] = []
    queue: deque[tuple[Graph, dict[int, str], Trail]] = deque(
        (graph, its, (WHOLE,)) for graph, its in zip(graphs, links)
    )
    while queue:
        graph, its, trail = queue.popleft()
        for i in sorted(graph.insides, reverse=True):
            leaf = Leaf(f"p{len(found) + 1}", name_of(graph.nodes[i]), graph.insides[i], trail)
            its[i] = leaf.id
            found.append(leaf)
            queue.append((leaf.graph, leaf.links, (*trail, (leaf.id, leaf.name))))
    return links, found


def name_of(node: Node) -> str:
    """A folded node in a few words: `layers.0: Linear, 5 nodes`."""
    if not node.holds:
        return node.label
    return f"{node.label}{': ' if node.label else ''}{node.holds}, {node.count:,} nodes"


def page(whole: Picture, below: Sequence[Leaf], direction: str) -> str:
    """The page of the whole picture and of all that its boxes lead to."""
    sections = [_section(WHOLE[0], whole.brief, "", whole)]
    for leaf in below:
        picture = sheet(pictures_of([leaf.graph], direction, links=[leaf.links]), [""], direction)
        sections.append(_section(leaf.id, leaf.name, _way_back(leaf), picture))
    head = f"<style>{style()}\n{_own('opening.css')}</style>\n<p>{_HOW}</p>\n"
    return document(whole.brief, f"{head}{''.join(sections)}<script>{_own('opening.js')}</script>")


_HOW = "Stacked boxes with a blue frame open: click one, or press Enter where Tab has led to it. Escape goes back."


def _section(id: str, name: str, way_back: str, picture: Picture) -> str:
    text = f"<details><summary>The same as text</summary><pre>{escape(picture.text)}</pre></details>"
    shown = region(name, f"\n{as_svg(picture, linked=True)}")
    head = f'<section id="{id}" aria-label="{escape(name)}">\n{way_back}<h1 tabindex="-1">{escape(name)}</h1>\n'
    return f"{head}{shown}\n{text}\n</section>\n"


def _way_back(leaf: Leaf) -> str:
    steps = "".join(f'<a href="#{id}">{escape(name)}</a> / ' for id, name in leaf.trail)
    return f'<nav aria-label="The way back">{steps}</nav>\n'


def _own(name: str) -> str:
    return files("viz").joinpath(name).read_text(encoding="utf-8")
