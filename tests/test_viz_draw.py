"""Drawings: what they say is what the graph holds, on every engine and in every format."""

from __future__ import annotations

import base64
import html
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import ops
import scalar.nn
import viz
from lessons import pictures
from ops.errors import ParameterError
from scalar import Value
from tensor import Tensor
from viz.colours import DARK, LIGHT, Palette

Leaf = Callable[..., Any]
SVG = "{http://www.w3.org/2000/svg}"


def _loss(leaf: Leaf) -> Any:
    """loss = (w x + b)^2, labelled, before backward."""
    w, x, b = leaf(2.0, label="w"), leaf(-1.5, label="x"), leaf(1.0, label="b")
    loss = (w * x + b) ** 2
    loss.label = "loss"
    return loss


def _parameter(data: float, label: str) -> Tensor:
    return Tensor(data, requires_grad=True, label=label)


def _words(svg: str) -> list[str]:
    """What is written in a drawing, in the order of writing."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def _marks(svg: str, look: str) -> list[str]:
    """The path data of the marks of one look."""
    return [path.attrib["d"] for path in ElementTree.fromstring(svg).iter(f"{SVG}path") if path.attrib["class"] == look]


# the text form


def test_the_text_of_a_value_graph_has_a_dash_before_backward_and_a_number_after():
    loss = _loss(Value)
    before = viz.draw(loss)
    loss.backward()
    assert before.text() == (
        "b     input   data 1     grad —\n"
        "x     input   data -1.5  grad —\n"
        "w     input   data 2     grad —\n"
        "#3    w * x   data -3    grad —\n"
        "#4    #3 + b  data -2    grad —\n"
        "loss  #4**2   data 4     grad —\n"
    )
    assert viz.draw(loss).text() == (
        "b     input   data 1     grad -4\n"
        "x     input   data -1.5  grad -8\n"
        "w     input   data 2     grad 6\n"
        "#3    w * x   data -3    grad -4\n"
        "#4    #3 + b  data -2    grad -4\n"
        "loss  #4**2   data 4     grad 1\n"
    )


def test_both_array_engines_leave_the_same_text(array: Leaf):
    w, x = array([2.0, -3.0], label="w"), array([1.0, 0.5], label="x")
    loss = ((w * x).sum() - 3.0) ** 2
    loss.backward()
    assert viz.draw(loss).text() == (
        "#0  constant   ()    data 3          grad —\n"
        "x   parameter  (2,)  data [1, 0.5]   grad [-10, 15]\n"
        "w   parameter  (2,)  data [2, -3]    grad [-5, -2.5]\n"
        "#3  w * x      (2,)  data [2, -1.5]  grad [-5, -5]\n"
        "#4  sum(#3)    ()    data 0.5        grad -5\n"
        "#5  #4 - #0    ()    data -2.5       grad -5\n"
        "#6  #5**2      ()    data 6.25       grad 1\n"
    )


def test_a_large_array_is_told_by_its_range_and_mean():
    w = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True, label="w")
    total = w.sum(axis=1)
    assert viz.draw(total).text() == (
        "w   parameter       (2, 3)  data 1 … 6, mean 3.5  grad —\n"
        "#1  sum(w, axis=1)  (2,)    data [6, 15]          grad —\n"
    )


@pytest.mark.parametrize("data", [[np.inf, -np.inf, np.nan, 0.0, 1.0], np.zeros((0, 3)), np.full(6, 1e308)])
def test_arrays_without_a_mean_are_drawn_too(data: Any):
    assert "(" in viz.draw(Tensor(data, requires_grad=True)).text()


# what a graph holds


def test_an_argument_used_twice_gives_two_edges_and_two_lines(number: Leaf):
    a = number(3.0, label="a")
    b = a + a
    assert [(e.source, e.target, e.operand) for e in viz.trace(b).edges] == [(0, 1, 0), (0, 1, 1)]
    assert len(set(_marks(viz.draw(b).svg(), "edge"))) == 2


def test_detach_is_drawn_as_a_cut_edge_while_its_source_is_drawn_too(number: Leaf):
    a = number(3.0, label="a")
    b = a * a
    graph = viz.trace(b * b.detach())
    assert [(e.source, e.target) for e in graph.edges if e.cut] == [(1, 2)]
    assert [node.kind for node in graph.nodes] == [viz.trace(a).root.kind, "intermediate", "cut", "intermediate"]
    svg = viz.draw(b.detach() * b).svg()
    assert len(_marks(svg, "cutedge")) == len(_marks(svg, "cut")) - 1 == 1  # the other one is the legend's


def test_a_detached_leaf_whose_source_has_gone_is_still_drawn_as_cut(number: Leaf):
    gone = number(3.0) * 2.0
    copy = gone.detach()
    del gone
    graph = viz.trace(copy * number(1.0))
    assert [node.kind for node in graph.nodes].count("cut") == 1
    assert not any(edge.cut for edge in graph.edges)


def test_leaves_are_told_apart_by_what_they_ask_for():
    w, x = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
    graph = viz.trace((w * x + 5.0) * Tensor(2.0, label="scale"))
    kinds = {str(node.data): node.kind for node in graph.nodes if not node.op}
    assert kinds == {"[1. 2.]": "parameter", "[3. 4.]": "input", "5.0": "constant", "2.0": "input"}


def test_values_named_as_parameters_look_like_parameters():
    w, x = Value(2.0), Value(3.0)
    assert [node.kind for node in viz.trace(w * x, parameters=[w]).nodes] == ["input", "parameter", "intermediate"]


def test_every_kind_of_node_has_an_outline_of_its_own():
    from viz.boxes import OUTLINES

    assert len({outline(0.0, 0.0, 90.0, 60.0) for kind, outline in OUTLINES.items() if kind != "cut"}) == 5


def test_a_drawing_stays_as_it_was_when_the_graph_goes_on(number: Leaf):
    y = number(2.0) * 3.0
    drawing = viz.draw(y)
    text, svg = drawing.text(), drawing.svg()
    y.backward()
    assert (drawing.text(), drawing.svg()) == (text, svg)


def test_what_is_not_a_node_is_refused():
    with pytest.raises(TypeError, match="got a float; give a Value, a ValueArray or a Tensor"):
        viz.draw(3.0)


# the picture


def test_the_svg_shows_each_label_symbol_value_and_gradient():
    loss = _loss(Value)
    loss.backward()
    words = _words(viz.draw(loss).svg())
    assert {"w", "x", "b", "loss", "*", "+", "**2"} <= set(words)
    assert [words[i + 1] for i, word in enumerate(words) if word == "grad"] == ["-4", "-8", "6", "-4", "-4", "1"]


def test_the_svg_is_an_image_with_a_text_alternative():
    drawing = viz.draw(_loss(Value))
    root = ElementTree.fromstring(drawing.svg())
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "The graph of a Value loss, made by **2: 6 nodes"
    assert root.findtext(f"{SVG}desc") == drawing.text()


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_words_have_a_contrast_of_at_least_four_and_a_half_to_one(palette: Palette):
    boxes = ["sheet", "parameter", "input", "constant", "intermediate", "cut", "folded"]
    pairs = [(ink, box) for ink in ("label", "name", "data", "grad") for box in boxes]
    pairs += [("symbol", "op"), ("legend", "sheet"), ("caption", "sheet")]
    assert min(_contrast(palette.words[ink], palette.outlines[box][0]) for ink, box in pairs) >= 4.5


def _contrast(one: str, two: str) -> float:
    """The ratio of two colours' luminances. [WCAG 2.2]"""
    bright, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


HOSTILE = '</script><img src=x onerror="alert(1)">&amp;{}|\\\x00\ud800\n'


def test_a_hostile_label_stays_a_label(tmp_path: Any):
    node = Value(1.0, label=HOSTILE) * Value(2.0, label="]]>--><!--")
    drawing = viz.draw(node, captions=[HOSTILE])
    page, bundle = drawing.html(), drawing._repr_mimebundle_()
    assert "<img" not in page + drawing.svg()
    assert bundle["text/html"].count("<img") == 1
    assert "]]>--><!--" in _words(drawing.svg())
    for ending in ("svg", "html", "png", "dot", "txt"):
        drawing.save(tmp_path / f"x.{ending}")


def test_a_notebook_shows_an_image_that_needs_no_trust():
    drawing = viz.draw(_loss(Value))
    bundle = drawing._repr_mimebundle_()
    image = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', bundle["text/html"])
    assert image is not None
    assert base64.b64decode(image[1]).decode() == bundle["image/svg+xml"] == drawing.svg()
    assert html.escape(drawing.text()) in bundle["text/html"]
    assert bundle["text/plain"] == drawing.text()


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_two_graphs_stand_on_one_sheet_in_step(direction: str):
    drawing = viz.draw(_loss(Value), _loss(_parameter), direction=direction, captions=["Value", "Tensor"])
    words = _words(drawing.svg())
    assert words.count("loss") == 2
    assert {"Value", "Tensor"} <= set(words)
    assert drawing.text().startswith("Value\nb ")
    assert "\n\nTensor\n" in drawing.text()


def test_a_drawing_can_be_scaled():
    root = ElementTree.fromstring(viz.draw(_loss(Value)).svg(width=900))
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    assert float(root.attrib["width"]) == 900
    assert float(root.attrib["height"]) == pytest.approx(900 * height / width, abs=0.1)
    assert (left, top) == (0, 0)


def test_the_picture_in_the_readme_is_what_the_code_draws():
    kept = Path(__file__).resolve().parent.parent / "docs" / "two_graphs.svg"
    assert kept.read_text(encoding="utf-8") == pictures.two_graphs().svg(width=pictures.WIDTH)


# files


@pytest.mark.parametrize("ending", ["svg", "html", "png", "dot", "txt", "SVG"])
def test_a_drawing_is_saved_as_its_ending_says(tmp_path: Any, ending: str):
    starts = {"svg": b"<svg ", "html": b"<!doctype html>", "png": b"\x89PNG", "dot": b"digraph", "txt": b"b "}
    path = viz.draw(_loss(_parameter)).save(tmp_path / f"graph.{ending}")
    assert path.read_bytes().startswith(starts[ending.lower()])


@pytest.mark.parametrize("name", ["graph.gif", "graph"])
def test_another_ending_is_refused_by_name(tmp_path: Any, name: str):
    with pytest.raises(ParameterError, match=r"it may end in \.svg, \.html, \.png, \.dot or \.txt"):
        viz.draw(_loss(Value)).save(tmp_path / name)


def test_the_graphviz_source_has_a_node_for_each_op_and_each_value():
    source = viz.draw(_loss(Value)).dot()
    assert source.count(" -> ") == 5 + 3  # edges, and each op's to its value
    assert "rankdir=LR" in source


def test_draw_dot_renders_without_the_dot_program(tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    drawing = viz.draw_dot(_loss(Value), format="svg", rankdir="TB")
    assert drawing.render(tmp_path / "gout") == str(tmp_path / "gout.svg")
    assert (tmp_path / "gout.svg").read_text(encoding="utf-8") == drawing.svg()
    assert drawing.source == drawing.dot()


@pytest.mark.parametrize("options", [{"rankdir": "RL"}, {"format": "pdf"}])
def test_draw_dot_refuses_what_it_cannot_draw(options: dict[str, str]):
    with pytest.raises(ParameterError, match="it may be"):
        viz.draw_dot(_loss(Value), **options)


def test_a_direction_that_is_not_one_is_refused():
    with pytest.raises(ParameterError, match=r'direction is .sideways.; it may be "LR" or "TB"'):
        viz.draw(_loss(Value), direction="sideways")


# folding


@pytest.mark.parametrize("budget", [1, 2, 7, 40, 200])
def test_a_folded_graph_keeps_the_budget_and_counts_every_node(budget: int):
    random.seed(1337)
    out = scalar.nn.MLP(2, [4, 4, 1])([Value(1.0), Value(-2.0)])
    whole = len(ops.topological(out))
    graph = viz.draw(out, budget=budget).graphs[0]
    assert graph.size == whole
    assert len(graph.nodes) <= max(budget + 8, 3)
    assert graph.root.data == out.data
    assert all(edge.source < edge.target for edge in graph.edges)


def test_a_graph_within_the_budget_is_drawn_whole():
    loss = _loss(Value)
    assert viz.draw(loss, budget=6).graphs[0] == viz.trace(loss)
    assert [node.kind for node in viz.draw(loss, budget=3).graphs[0].nodes].count("folded") == 1


def test_a_node_of_a_thousand_arguments_is_drawn_within_the_budget():
    total = ops.concat([Tensor([float(i)], requires_grad=True) * 2.0 for i in range(1000)], axis=0)
    graph = viz.draw(total).graphs[0]
    assert [node.label for node in graph.nodes] == ["3,000 more", ""]
    assert len(graph.edges) == 1


@pytest.mark.slow
def test_a_million_nodes_are_drawn_in_seconds():
    x = y = Value(1.0, label="x")
    for _ in range(500_000):
        y = y * 0.5 + x
    start = time.perf_counter()
    drawing = viz.draw(y)
    assert drawing.graphs[0].size == 1_500_001
    assert len(drawing.svg()) < 400_000
    assert time.perf_counter() - start < 20
