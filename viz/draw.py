"""Drawings of graphs: what a notebook shows, what a file holds, and the same as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.collector import collector_paused
from ops.errors import ParameterError
from viz import dot, png
from viz.arguments import choice, kind, nodes, number, whole, words
from viz.by_dot import laid_out
from viz.fold import within
from viz.graph import Graph, check_root
from viz.notebook import document, framed, region, scrolled
from viz.opening import leaves, page
from viz.picture import pictures_of
from viz.saving import saved
from viz.sheet import sheet
from viz.svg import as_svg
from viz.words import tidy

if TYPE_CHECKING:
    from viz.digraph import Digraph

DIRECTIONS = ("LR", "TB")
LAYOUTS = ("own", "dot")
BUDGET = 400  # nodes that are drawn before the rest is folded


class Drawing:
    """One graph or several on a sheet; a notebook shows it, `.save("x.svg")` keeps it."""

    def __init__(self, graphs: Sequence[Graph], direction: str, captions: Sequence[str], layout: str = "own"):
        self.graphs, self.direction = tuple(graphs), direction
        links, self._below = leaves(graphs)
        pictures = pictures_of(graphs, direction, links=links)
        if layout == "dot":
            pictures = [laid_out(graph, its, direction) for graph, its in zip(graphs, pictures)]
        self._picture = sheet(pictures, captions, direction)

    def svg(self, width: float | None = None) -> str:
        """An SVG image, scaled to `width` if that is given."""
        return as_svg(self._picture, None if width is None else number("svg", "width", width, above=0))

    def html(self) -> str:
        """A page of its own: the image, and the same as text; on it folded boxes open."""
        if self._below:
            return page(self._picture, self._below, self.direction)
        text = f"<details><summary>The same as text</summary><pre>{escape(self.text())}</pre></details>"
        return document(self._picture.brief, region(self._picture.brief, f"\n{self.svg()}") + f"\n{text}")

    def dot(self) -> str:
        """Graphviz source."""
        return dot.source(self.graphs, self.direction)

    def text(self) -> str:
        """One line for each node, arguments before what is made of them."""
        return self._picture.text

    def save(self, path: str | Path) -> Path:
        """Write the drawing as its ending says: svg, html, png, dot or txt."""
        forms = {"svg": self.svg, "html": self.html, "png": self._png, "dot": self.dot, "txt": self.text}
        return saved(path, forms)

    def _png(self) -> bytes:
        file = BytesIO()
        png.write(self._picture, file)
        return file.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows, even an untrusted one: an image, with the text as its alternative."""
        svg, text = self.svg(), self.text()
        shown = framed(self.html(), svg, text, "A graph whose boxes open") if self._below else scrolled(svg, text)
        return {"text/plain": text, "text/html": shown, "image/svg+xml": svg}

    def __repr__(self) -> str:
        return f"<Drawing: {self._picture.brief}>"


def draw(
    *roots: Any,
    direction: str = "LR",
    budget: int = BUDGET,
    captions: Sequence[str] = (),
    parameters: Iterable[Any] = (),
    layout: str = "own",
) -> Drawing:
    """The graph below a Value, a ValueArray or a Tensor, or several graphs on one sheet.

    direction: "LR" or "TB".  budget: about how many nodes are drawn.  Past it calls of modules are
    drawn as one box each, then results with all that serves them alone; saved as html, and in a notebook, boxes open.
    captions: one for each root.  parameters: Values that are to look like parameters; arrays know themselves.
    layout: "own", or "dot" for graphviz's, by its program or by the extra `dot`.

    >>> from scalar import Value
    >>> a = Value(3.0, label="a")
    >>> print(draw(a + a).text(), end="")
    a   input  data 3  grad —
    #1  a + a  data 6  grad —
    """
    choice("draw", "direction", direction, DIRECTIONS)
    choice("draw", "layout", layout, LAYOUTS)
    budget, special = whole("draw", "budget", budget, 1), nodes("draw", "parameters", parameters)
    if not roots:
        raise ParameterError("draw: got no root; give a Value, a ValueArray or a Tensor")
    is_without = isinstance(captions, (tuple, list)) and not captions
    captions = [""] * len(roots) if is_without else words("draw", "captions", captions, len(roots))
    with collector_paused():
        graphs = [within(root, budget, special) for root in roots]
    return Drawing(graphs, direction, [tidy(caption) for caption in captions], layout)


def draw_dot(root: Any, format: str = "svg", rankdir: str = "LR") -> Digraph:
    """micrograd's call: a graphviz.Digraph, so that `draw_dot(root).render("name")` writes name.svg.

    It renders without the `dot` program too; format: svg, png or pdf there, and all of graphviz's with it.
    """
    choice("draw_dot", "rankdir", rankdir, DIRECTIONS)
    check_root("draw_dot", root)
    if not isinstance(format, str):
        raise TypeError(f'draw_dot: format is {kind(format)}; give a word, such as "svg", "png" or "pdf"')
    return dot.digraph([within(root, BUDGET)], rankdir, format)
