"""Drawings: what they say is what the graph holds, on every engine and in every format."""

from __future__ import annotations

import base64
import html
import math
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, strategies as st

import nn
import ops
import scalar.nn
import viz
from lessons import pictures
from ops.errors import ParameterError
from scalar import Value
from tensor import Tensor
from viz.colours import DARK, LIGHT, Palette
from viz.groups import grouped
from viz.words import number

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


@given(st.data())
def test_groups_hold_every_node_once_and_make_no_cycle(data: st.DataObject):
    nodes: list[Any] = [Value(1.0), Value(2.0)]
    for _ in range(data.draw(st.integers(5, 60))):
        a, b = (data.draw(st.integers(0, len(nodes) - 1)) for _ in range(2))
        nodes.append(nodes[a] * nodes[b])
    order = ops.topological(nodes[-1])
    place = {node: i for i, node in enumerate(order)}
    items = grouped(order, [[place[x] for x in node.args] for node in order], 5) or []
    assert not items or sorted(place[node] for item in items for node in item.nodes) == list(range(len(order)))
    seen: set[Any] = set()
    for item in items:
        assert seen.issuperset(item.args)
        seen.add(item)


def test_a_neuron_folds_into_one_box_with_its_own_value_and_gradient():
    random.seed(1337)
    model = scalar.nn.MLP(2, [16, 16, 1])
    out = model([Value(1.0, label="x"), Value(-2.0, label="y")])
    out.backward()
    graph = viz.draw(out, parameters=model.parameters()).graphs[0]
    neurons = [node for node in graph.nodes if node.holds == "*, +, ReLU"]
    assert sorted(node.count for node in neurons) == [8] * 16 + [52] * 15 + [54]
    values = {node.data for node in ops.topological(out)}
    assert all(node.data in values and node.grad is not None for node in neurons)


def _network() -> Any:
    """The loss of a network of two layers all whose parameters are one half."""
    model = nn.MLP(2, [3, 1], rng=0)
    for p in model.parameters():
        p.data = np.full(p.shape, 0.5)
    return (model(Tensor([[1.0, 2.0]], label="x")) ** 2).sum()


def test_calls_of_modules_fold_and_say_their_path_class_count_and_shapes():
    loss = _network()
    loss.backward()
    assert viz.draw(loss, budget=8).text() == (
        "x         input                   (1, 2)  data [[1, 2]]     grad —\n"
        "layers.0  5 nodes (Linear) of x   (1, 3)  data [[2, 2, 2]]  grad [[3.5, 3.5, 3.5]]\n"
        "#2        ReLU(layers.0)          (1, 3)  data [[2, 2, 2]]  grad [[3.5, 3.5, 3.5]]\n"
        "layers.1  5 nodes (Linear) of #2  (1, 1)  data [[3.5]]      grad [[7]]\n"
        "#4        layers.1**2             (1, 1)  data [[12.25]]    grad [[1]]\n"
        "#5        sum(#4)                 ()      data 12.25        grad 1\n"
    )


def test_what_a_folded_box_holds_opens_on_the_page_with_a_way_back(tmp_path: Any):
    loss = _network()
    drawing = viz.draw(loss, budget=8)
    page = drawing.html()
    assert drawing.graphs[0].insides
    links, targets = set(re.findall(r'href="#(p\d+)"', page)), set(re.findall(r'<section id="(p\d+)"', page))
    assert links == targets
    assert page.count('<nav aria-label="The way back">') == len(targets) - 1
    assert "<a " not in drawing.svg()
    assert not re.search(r"""(src|href)=["'](?!#)|url\(|@import|fetch\(""", page)
    assert "<iframe" in drawing._repr_mimebundle_()["text/html"]


def test_every_folded_node_of_a_page_is_found_again_inside():
    loss = _network()
    graph = viz.draw(loss, budget=8).graphs[0]
    for i, inside in graph.insides.items():
        incoming = {edge.source for edge in graph.edges if edge.target == i}
        assert len(inside.nodes) == graph.nodes[i].count + len(incoming)
        assert inside.root.data is not None
        assert np.array_equal(inside.root.data, graph.nodes[i].data)


def _nested(graph: viz.Graph) -> int:
    return 1 + max(map(_nested, graph.insides.values()), default=0)


@pytest.mark.parametrize("budget", [1, 3, 40])
def test_boxes_within_boxes_come_to_an_end(budget: int):
    y = x = Tensor([1.0], requires_grad=True)
    for _ in range(300):
        y = y * 0.5 + x.tanh()
    graph = viz.draw(y, budget=budget).graphs[0]
    assert _nested(graph) < 10
    assert graph.size == len(ops.topological(y))


def test_pages_of_large_graphs_stay_small():
    random.seed(1337)
    model = scalar.nn.MLP(2, [16, 16, 1])
    total = sum((model([Value(0.1 * i), Value(1.0)]) for i in range(20)), Value(0.0))
    drawing = viz.draw(total)
    assert drawing.graphs[0].size == len(ops.topological(total)) > 10_000
    assert len(drawing.graphs[0].nodes) < 100
    assert len(drawing.html()) < 2_000_000


def test_leaves_that_the_same_boxes_share_are_one_box():
    random.seed(1337)
    model = scalar.nn.MLP(2, [16, 16, 1])
    total = sum((model([Value(0.1 * i), Value(1.0)]) for i in range(20)), Value(0.0))
    assert [node.count for node in viz.draw(total).graphs[0].nodes if node.holds == "leaves"] == [337]


# numbers


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (math.tanh(8), "0.9999998"),
        (-math.tanh(8), "-0.9999998"),
        (1 - 1e-9, "0.999999999"),
        (2.00004, "2.00004"),
        (0.1 * 3 * 10, "3"),
        (1e-9, "1e-09"),
        (math.inf, "inf"),
        (24.70408163, "24.7"),
    ],
)
def test_a_number_beside_an_integer_does_not_read_as_it(x: float, said: str):
    assert number(x) == said


# zoom


@pytest.mark.parametrize("element", [(0, 0), (299, 7)])
def test_one_element_of_a_large_product_opens_at_once(element: tuple[int, int]):
    a = Tensor(np.arange(90_000.0).reshape(300, 300), requires_grad=True)
    y = a @ a
    start = time.perf_counter()
    opened = viz.zoom(y, element)
    assert opened.counts() == {"mul": 300, "add": 299}
    assert opened.values[0].data == pytest.approx(y.numpy()[element])
    assert len(opened.svg()) < 1_000_000
    assert time.perf_counter() - start < 5


OPENED: dict[str, Callable[[Any], Any]] = {
    "pointwise": lambda x: x * x[0],
    "matmul": lambda x: ops.matmul(ops.stack([x, x]), x.mT),
    "sum": lambda x: x.sum(axis=1, keepdims=True),
    "var": lambda x: x.var(axis=-1),
    "logsumexp": lambda x: x.logsumexp(axis=(0, 1)),
    "softmax": lambda x: ops.softmax(x, axis=0),
    "reshape": lambda x: x.reshape((6,)),
    "concat": lambda x: ops.concat([x, x]),
    "pad": lambda x: ops.pad(x, 1),
}


@pytest.mark.parametrize("name", OPENED)
def test_what_all_elements_send_adds_up_to_what_the_node_sends(name: str):
    x = Tensor(np.random.default_rng(0).normal(size=(2, 3)), requires_grad=True)
    y = OPENED[name](x)
    (y * y).sum().backward()
    parts = [viz.zoom(y, element) for element in np.ndindex(*y.shape)]
    for k, whole in enumerate(viz.zoom(y).sent):
        np.testing.assert_allclose(sum(part.sent[k] for part in parts), whole, atol=1e-12)
    assert [part.values[0].data for part in parts] == pytest.approx(y.numpy().ravel().tolist())


def test_a_product_too_large_to_draw_is_refused_with_its_count_and_a_way_out():
    a = Tensor(np.ones((30, 30)), requires_grad=True)
    with pytest.raises(ParameterError, match=r"about 54,900 scalar nodes, .* as in element=\(0, 0\)"):
        viz.zoom(a @ a)
    with pytest.raises(TypeError, match=r"element is 1.5; give an integer for each axis, as in \(0, 0\)"):
        viz.zoom(a @ a, 1.5)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="made of 160,000 numbers"):
        viz.zoom(Tensor(np.ones((400, 400)), requires_grad=True).sum())


def test_a_sum_of_many_numbers_opens_folded():
    opened = viz.zoom(Tensor(np.ones(1000), requires_grad=True).sum())
    assert opened.graphs[0].size == 1999
    assert len(opened.graphs[0].nodes) < 420


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


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_a_module_s_parameters_go_by_their_paths(engine: str) -> None:
    model = nn.MLP(2, [3, 1], engine=engine, rng=0)
    x = nn.array([[1.0, 2.0]], engine)
    drawn = viz.draw(model(x).sum()).text()
    assert [line.split()[0] for line in drawn.splitlines() if " parameter " in line] == [
        "layers.1.bias", "layers.1.weight", "layers.0.bias", "layers.0.weight"
    ]  # fmt: skip
    model.layers[0].weight.label = "W"
    assert "W  " in viz.draw(model(x).sum()).text()
    assert "(layers.0.bias)" in viz.step(model(x).sum()).text() or "layers.0.bias" in viz.step(model(x).sum()).text()
