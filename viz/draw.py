"""Drawings of graphs: what a notebook shows, what a file holds, and the same as text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ops.errors import ParameterError
from viz import dot, png
from viz.fold import within
from viz.graph import Graph
from viz.picture import pictures_of
from viz.sheet import sheet
from viz.svg import as_svg
from viz.words import tidy

DIRECTIONS = ("LR", "TB")
BUDGET = 400  # nodes that are drawn before the rest is folded


class Drawing:
    """One graph or several on a sheet; a notebook shows it, `.save("x.svg")` keeps it."""

    def __init__(self, graphs: Sequence[Graph], direction: str, captions: Sequence[str]):
        self.graphs, self.direction = tuple(graphs), direction
        self._picture = sheet(pictures_of(graphs, direction), captions, direction)

    def svg(self, width: float | None = None) -> str:
        """An SVG image, scaled to `width` if that is given."""
        return as_svg(self._picture, width)

    def html(self) -> str:
        """A page of its own: the image, and the same as text."""
        title = escape(self._picture.brief)
        return (
            f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
            f'<meta name="viewport" content="width=device-width">\n<style>{_PAGE}</style>\n'
            f'<div class="wide" tabindex="0" role="region" aria-label="{title}">\n{self.svg()}</div>\n'
            f"<details><summary>The same as text</summary><pre>{escape(self.text())}</pre></details>\n</html>\n"
        )

    def dot(self) -> str:
        """Graphviz source."""
        return dot.source(self.graphs, self.direction)

    def text(self) -> str:
        """One line for each node, arguments before what is made of them."""
        return self._picture.text

    def save(self, path: str | Path) -> Path:
        """Write the drawing as its ending says: svg, html, png, dot or txt."""
        path = Path(path)
        ending = path.suffix.removeprefix(".").lower()
        if ending not in _WRITERS:
            raise ParameterError(
                f"save: {path.name!r} ends in {path.suffix!r}; it may end in .svg, .html, .png, .dot or .txt"
            )
        _WRITERS[ending](self, path)
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows, even an untrusted one: an image, with the text as its alternative."""
        svg = self.svg()
        image = b64encode(svg.encode()).decode()
        alternative = escape(self.text(), quote=True)
        html = (
            f'<div style="overflow-x:auto"><img style="max-width:none" alt="{alternative}" '
            f'src="data:image/svg+xml;base64,{image}"></div>'
        )
        return {"text/plain": self.text(), "text/html": html, "image/svg+xml": svg}

    def __repr__(self) -> str:
        return f"<Drawing: {self._picture.brief}>"


class DotDrawing(Drawing):
    """What `draw_dot` returns: a drawing with the attributes of graphviz's that notebooks use."""

    def __init__(self, graphs: Sequence[Graph], direction: str, format: str):
        super().__init__(graphs, direction, [""] * len(graphs))
        self.format = format

    @property
    def source(self) -> str:
        """Graphviz source."""
        return self.dot()

    def render(self, filename: str | Path, format: str | None = None) -> str:
        """Write the drawing to `filename` with the format's ending added, and say where; needs no `dot`."""
        return str(self.save(f"{filename}.{format or self.format}"))


def draw(
    *roots: Any,
    direction: str = "LR",
    budget: int = BUDGET,
    captions: Sequence[str] = (),
    parameters: Iterable[Any] = (),
) -> Drawing:
    """The graph below a Value, a ValueArray or a Tensor, or several graphs on one sheet.

    direction: "LR" or "TB".  budget: about how many nodes are drawn; the others are folded and counted.
    captions: one for each root.  parameters: Values that are to look like parameters; arrays know themselves.

    >>> from scalar import Value
    >>> a = Value(3.0, label="a")
    >>> print(draw(a + a).text(), end="")
    a   input  data 3  grad —
    #1  a + a  data 6  grad —
    """
    _one_of("draw", "direction", direction, DIRECTIONS)
    if budget < 1 or not roots:
        raise ParameterError(f"draw: got {len(roots)} roots and a budget of {budget}; give at least one of each")
    if captions and len(captions) != len(roots):
        raise ParameterError(f"draw: got {len(captions)} captions for {len(roots)} roots; give one for each root")
    special = list(parameters)
    graphs = [within(root, budget, special) for root in roots]
    return Drawing(graphs, direction, [tidy(caption) for caption in captions] or [""] * len(roots))


def draw_dot(root: Any, format: str = "svg", rankdir: str = "LR") -> DotDrawing:
    """micrograd's call: `draw_dot(root).render("name")` writes name.svg, without the `dot` program."""
    _one_of("draw_dot", "rankdir", rankdir, DIRECTIONS)
    _one_of("draw_dot", "format", format, tuple(_WRITERS))
    return DotDrawing([within(root, BUDGET)], rankdir, format)


def _one_of(asker: str, name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        choices = " or ".join([", ".join(f'"{x}"' for x in allowed[:-1]), f'"{allowed[-1]}"'])
        raise ParameterError(f"{asker}: {name} is {value!r}; it may be {choices}")


_WRITERS: dict[str, Callable[[Drawing, Path], Any]] = {
    "svg": lambda drawing, path: path.write_text(drawing.svg(), encoding="utf-8"),
    "html": lambda drawing, path: path.write_text(drawing.html(), encoding="utf-8"),
    "png": lambda drawing, path: png.write(drawing._picture, path),
    "dot": lambda drawing, path: path.write_text(drawing.dot(), encoding="utf-8"),
    "txt": lambda drawing, path: path.write_text(drawing.text(), encoding="utf-8"),
}
_PAGE = (
    "body{margin:1rem;font:15px/1.5 system-ui,sans-serif;background:#fff;color:#1f2328}"
    ".wide{overflow-x:auto}pre{overflow-x:auto;line-height:1.35}"
    "@media (prefers-color-scheme:dark){body{background:#0d1117;color:#f0f6fc}}"
)
