"""The stepper: its steps are the backward pass, its gradients those of a real one, its page closed to hostile words."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import ops
import scalar.nn
import viz
from ops.errors import ChangedDataError, ParameterError
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from viz.trail import trail

Leaf = Callable[..., Any]
HOUSE = Path(__file__).resolve().parent.parent
HOSTILE = "</script><img src=x onerror=alert(1)>\u2028<!--&"


def _named(node: Any, label: str) -> Any:
    node.label = label
    return node


def _diamond(leaf: Leaf) -> Any:
    a = leaf(3.0, label="a")
    b = _named(a + a, "b")
    return _named(b + _named(b + a, "d"), "e")


def _expression(leaf: Leaf) -> Any:
    a, b = leaf(-0.5, label="a"), leaf(0.8, label="b")
    return (a * b + b**3).tanh() + ops.relu(b - a)


def _perceptron(count: int) -> Value:
    """A scalar network of one hidden layer on one point."""
    random.seed(1)
    return (scalar.nn.MLP(2, [count, 1])([1.0, -2.0]) - 1.0) ** 2


def _network(engine: str) -> Any:
    """A network of arrays on one point."""
    model = nn.MLP(2, [4, 1], engine=engine)
    draw = np.random.default_rng(0)
    for p in model.parameters():
        p.data = draw.normal(size=p.shape)
    return ((model(nn.array([[1.0, -2.0]], engine)) - 1.0) ** 2).mean()


# the text form


def test_each_step_shows_the_rule_in_letters_and_numbers_and_why_it_is_next():
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(0.5, label="c")
    d = _named(a * b, "d")
    assert viz.step(_named(d * d + c.tanh(), "L")).text() == (
        "step 0 of 5: Start; L is L: it changes one for one with itself; dL/dL = 1\n"
        "step 1 of 5: L = v5 + v1; nothing uses it: the pass starts here; dL/dL = 1\n"
        "    dL/dv5 += dL/dL * 1 = 1 * 1 = 1; complete\n"
        "    dL/dv1 += dL/dL * 1 = 1 * 1 = 1; complete\n"
        "step 2 of 5: v5 = d * d; every user of it is done: 1 of 1 (L); dL/dv5 = 1\n"
        "    dL/dd += dL/dv5 * d = 1 * (-6) = -6\n"
        "    dL/dd += dL/dv5 * d = 1 * (-6) = -6; -6 + (-6) = -12; complete\n"
        "step 3 of 5: d = a * b; every user of it is done: 1 of 1 (v5); dL/dd = -12\n"
        "    dL/da += dL/dd * b = -12 * (-3) = 36; complete\n"
        "    dL/db += dL/dd * a = -12 * 2 = -24; complete\n"
        "step 4 of 5: v1 = tanh(c); every user of it is done: 1 of 1 (L); dL/dv1 = 1\n"
        "    dL/dc += dL/dv1 * (1 - v1**2) = 1 * (1 - 0.4621**2) = 1 * 0.7864 = 0.7864; complete\n"
        "step 5 of 5: End; every node has passed its gradient on, once and complete\n"
        "    dL/dc = 0.7864\n"
        "    dL/db = -24\n"
        "    dL/da = 36\n"
    )


def test_naive_recursion_on_the_diamond_ends_with_seven_where_five_is_right(number: Leaf):
    assert viz.step(_diamond(number)).text().endswith("dL/da = 5\n")
    assert viz.step(_diamond(number), order="recursive").text() == (
        "step 0 of 5: Start; L is e: it changes one for one with itself; dL/de = 1\n"
        "step 1 of 5: e = b + d; nothing uses it: the pass starts here; dL/de = 1\n"
        "    dL/db += dL/de * 1 = 1 * 1 = 1; 1 of 2 users done\n"
        "    dL/dd += dL/de * 1 = 1 * 1 = 1; complete\n"
        "step 2 of 5: b = a + a; the recursion comes by; 1 of 2 users of it are done; dL/db = 1\n"
        "    ! Too early: d has still to send to b, and b passes on 1 already, where 2 is the whole of it.\n"
        "    dL/da += dL/db * 1 = 1 * 1 = 1\n"
        "    dL/da += dL/db * 1 = 1 * 1 = 1; 1 + 1 = 2; 0 of 2 users done\n"
        "step 3 of 5: d = b + a; every user of it is done: 1 of 1 (e); dL/dd = 1\n"
        "    dL/db += dL/dd * 1 = 1 * 1 = 1; 1 + 1 = 2; complete\n"
        "    dL/da += dL/dd * 1 = 1 * 1 = 1; 2 + 1 = 3; 1 of 2 users done\n"
        "step 4 of 5: b = a + a; every user of it is done: 2 of 2 (d and e); dL/db = 2\n"
        "    ! Counted twice: b passed on 1 before, which is part of the 2 it passes on now.\n"
        "    dL/da += dL/db * 1 = 2 * 1 = 2; 3 + 2 = 5\n"
        "    dL/da += dL/db * 1 = 2 * 1 = 2; 5 + 2 = 7; 2 of 2 users done\n"
        "step 5 of 5: End; the recursion has gone down every path\n"
        "    ! Wrong in the end: 1 of 1 leaves, for what was passed on early was passed on again.\n"
        "    dL/da = 7; wrong: 5 is right\n"
    )


def test_array_steps_show_the_vjp_in_letters_and_what_happens_to_the_shape(array: Leaf):
    x, w, c = array([[1.0, -2.0]], label="x"), array(np.ones((2, 3)), label="w"), array([1.0, 2.0, 3.0], label="c")
    text = viz.step((x @ w + c).sum()).text()
    assert "dL/dx += dL/dv3 @ w.mT = [[3, 3]]; complete" in text
    assert "dL/dw += x.mT @ dL/dv3 = [[1, 1, 1], [-2, -2, -2]]; complete" in text
    assert "[1, 1, 1]; summed back from shape (1, 3) to (3,), since it was stretched; complete" in text
    assert "dL/dv5 is repeated to shape (1, 3), since every element took part" in text


def test_a_rule_without_a_formula_goes_by_its_name(array: Leaf):
    text = viz.step(array([1.0, 2.0, 3.0], label="x")[1:].sum()).text()
    assert "dL/dx += getitem_adjoint(dL/dv1) = [0, 1, 1]" in text


def test_a_label_that_is_a_formula_stands_in_brackets():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    text = viz.step(_named(a * b, "a*b") + a).text()
    assert "dL/d(a*b) += dL/dv3 * 1 = 1 * 1 = 1" in text
    assert "a*b = a * b; every user of it is done" in text


# the numbers


def _agree(root: Any, rel: float = 1e-12) -> None:
    """The pass ends with what a real backward leaves in `.grad`, in every node."""
    its = trail(root)
    root.backward()
    assert len(its.grads) > 1
    for i, g in its.grads.items():
        np.testing.assert_allclose(g, its.nodes[i].grad, rtol=rel, atol=1e-15)


@pytest.mark.parametrize("make", [_diamond, _expression])
def test_gradients_are_those_of_a_real_backward(make: Callable[[Leaf], Any], number: Leaf):
    _agree(make(number))


def test_gradients_of_a_scalar_network_are_those_of_a_real_backward():
    _agree(_perceptron(8))


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_gradients_of_an_array_network_are_those_of_a_real_backward(engine: str):
    loss = _network(engine)
    its = trail(loss)
    loss.backward()
    leaves = [i for i, node in enumerate(its.nodes) if node.op is None and i in its.grads]
    assert len(leaves) == 4
    for i in leaves:
        np.testing.assert_allclose(its.grads[i], its.nodes[i].grad, rtol=1e-12)


def test_infinite_and_missing_slopes_are_those_of_a_real_backward():
    x = Value(0.0, label="x")
    its = viz.step(x.sqrt() * 2.0 + ops.maximum(x, 1.0))
    assert "dL/dx = inf" in its.text()
    assert "alert" not in its.html()


@pytest.mark.parametrize("order", ["topological", "recursive"])
def test_a_learners_gradients_stay_as_they_are(order: str, number: Leaf):
    e = _diamond(number)
    viz.step(e, order=order).html()
    assert all(not node.grad for node in ops.topological(e))
    e.backward()
    before = [node.grad for node in ops.topological(e)]
    assert viz.step(e).text().endswith("dL/da = 5\n")
    assert [node.grad for node in ops.topological(e)] == before


def test_a_graph_whose_data_was_changed_is_refused_as_backward_does(number: Leaf):
    x = number(2.0, label="x")
    y = x * x
    x.data = number(3.0).data
    with pytest.raises(ChangedDataError, match="'x' was changed"):
        viz.step(y)


# array nodes opened


def test_an_array_node_opens_into_scalar_steps_that_add_up_to_what_it_sends():
    x, w = Tensor([[1.0, -2.0]], label="x"), Tensor([[0.5, 1.0], [2.0, -1.0]], requires_grad=True, label="w")
    its = viz.step(((x @ w) ** 2).sum())
    inside = next(s for s in its.scenes if "x @ w" in s["title"])
    assert inside["title"] == "inside v2 = x @ w"
    last = {words for _, words, *_ in inside["steps"][-1]["lines"]}
    assert {"dL/dw[0, 0] = -7", "dL/dw[1, 1] = -12", "dL/dw[1, 0] = 14", "dL/dw[0, 1] = 6"} <= last
    assert "dL/dw += x.mT @ dL/dv2 = [[1, -2]].mT @ [[-7, 6]] = [[-7, 6], [14, -12]]" in its.text()


def test_a_node_too_large_to_open_whole_opens_for_one_element_or_says_why_not():
    a = Tensor(np.ones((8, 8)), requires_grad=True)
    titles = [scene["title"] for scene in viz.step((a @ a).sum(axis=0)[0]).scenes]
    assert any("element [0, 0] alone, of 64" in title for title in titles)
    big = Tensor(np.ones((40, 40)), requires_grad=True)
    nodes = viz.step((big * big).sum()).scenes[0]["nodes"]
    assert (
        nodes[-1]["closed"] == "1,600 numbers meet in one element of it, and no more than 200 scalar nodes are opened"
    )
    small = Tensor(np.ones((2, 3)), requires_grad=True)
    assert "only moves numbers" in viz.step(small.mT[0, 0]).scenes[0]["nodes"][1]["closed"]


# two graphs


def test_two_engines_share_their_steps():
    its = viz.step(_network("scalar"), _network("tensor"))
    one, other = its.scenes[:2]
    assert [s["node"] for s in one["steps"]] == [s["node"] for s in other["steps"]]
    assert (one["title"], other["title"]) == ("ValueArray", "Tensor")


def test_graphs_that_differ_do_not_share_steps():
    x = Tensor(1.0, requires_grad=True)
    with pytest.raises(ParameterError, match=r"the graphs part at node 1, .mul. against .add."):
        viz.step(x * x, x + x)


def test_nodes_of_two_engines_open_together():
    its = viz.step(_network("scalar"), _network("tensor"))
    one, other = its.scenes[:2]
    opened = [k for k, node in enumerate(one["nodes"]) if "opens" in node]
    assert opened
    assert opened == [k for k, node in enumerate(other["nodes"]) if "opens" in node]
    for k in opened:
        inside, beside = (its.scenes[s["nodes"][k]["opens"]] for s in (one, other))
        assert inside["title"] == beside["title"].replace("Tensor", "ValueArray")
        assert [s["node"] for s in inside["steps"]] == [s["node"] for s in beside["steps"]]


# a window on a large graph


def _large() -> tuple[Value, Value]:
    x = Value(1.0, label="x")
    return x, _named(sum((x * k * k for k in range(1, 200)), x), "total")


def test_a_large_graph_is_stepped_through_near_its_root_and_says_what_is_left_out():
    _, total = _large()
    its = viz.step(total)
    count, shown = len(ops.topological(total)), len(its.trails[0].nodes)
    assert shown < 220
    assert f"{count - shown:,} more are not shown" in its.html()
    assert f"below these go on {count - shown:,} nodes that are not shown" in its.text()


def test_gradients_in_a_window_are_whole_unless_it_says_so_far():
    _, total = _large()
    its = viz.step(total).trails[0]
    total.backward()
    for i, g in its.grads.items():
        assert i in its.beyond or g == its.nodes[i].grad
        assert its.beyond.get(i) or g == its.nodes[i].grad
    its = viz.step(sum((total * 1.0 for _ in range(300)), Value(0.0)))
    assert re.search(r"dL/dtotal = \d+; so far: \d+ more users of it are not shown", its.text())


def test_array_graphs_have_a_window_too(array: Leaf):
    y = x = array([1.0, 2.0])
    for _ in range(300):
        y = y * 0.5 + x
    its = viz.step(y.sum())
    assert its.trails[0].hidden > 500
    assert "more are not shown" in repr(its)


# what is refused


def test_what_cannot_be_stepped_through_is_told_in_a_sentence(tmp_path: Path):
    x = Value(1.0)
    with pytest.raises(ParameterError, match=r'order is .wild.; it may be "topological" or "recursive"'):
        viz.step(x * x, order="wild")
    with pytest.raises(TypeError, match="got a float"):
        viz.step(1.0)
    with pytest.raises(ParameterError, match="requires_grad=True"):
        viz.step(Tensor(1.0) * 2.0)
    with pytest.raises(ParameterError, match=r"'x.pdf' ends in '.pdf'; it may end in .html, .txt or .svg"):
        viz.step(x * x).save(tmp_path / "x.pdf")
    for _ in range(12):
        x = x + x
    with pytest.raises(ParameterError, match="1,000 visits"):
        viz.step(x, order="recursive")


# the page


def _data(html: str) -> Any:
    return json.loads(re.findall(r'<script type="application/json" id="trail">(.*?)</script>', html, re.S)[0])


@pytest.mark.parametrize("make", [Value, lambda x, label: Tensor(x, requires_grad=True, label=label)])
def test_a_hostile_label_stays_a_label(make: Leaf):
    a = make(2.0, label=HOSTILE)
    b = make(3.0, label="<b>&")
    html = viz.step(_named(a * b, HOSTILE)).html()
    assert html.count("</script>") == 2
    assert "<img" not in html
    assert "<b>" not in html
    assert "\u2028" not in html
    assert [node["name"] for node in _data(html)["scenes"][0]["nodes"]] == ["<b>&", "v1", "v2"]


def test_the_page_asks_for_nothing():
    html = viz.step(_expression(Value)).html()
    assert not re.search(r"""(src|href)=["'](?!#)|url\(|@import|fetch\(|XMLHttp|import\(""", html)
    assert "default-src 'none'" in html


@pytest.mark.parametrize(("count", "nodes", "limit"), [(3, 43, 60_000), (25, 329, 250_000)])
def test_pages_are_small(count: int, nodes: int, limit: int):
    loss = _perceptron(count)
    assert len(ops.topological(loss)) == nodes
    assert len(viz.step(loss).html().encode()) < limit


def test_opened_nodes_keep_a_page_small_and_each_op_has_its_turn():
    rng = np.random.default_rng(0)
    w, v = (Tensor(rng.normal(size=shape), requires_grad=True) for shape in ((16, 16), (16, 1)))
    h = Tensor(rng.normal(size=(1, 16))) @ w
    its = viz.step(((h.tanh() * h).relu() @ v).tanh().sum())
    titles = " ".join(scene["title"] for scene in its.scenes)
    assert all(op in titles for op in ("tanh(", " * ", "ReLU(", " @ "))
    assert len(its.html().encode()) < 250_000


def test_a_page_is_saved_by_its_ending(tmp_path: Path):
    its = viz.step(_expression(Value))
    assert its.save(tmp_path / "x.html").read_text(encoding="utf-8") == its.html()
    assert its.save(tmp_path / "x.TXT").read_text(encoding="utf-8") == its.text()


def test_a_notebook_gets_a_frame_over_an_image():
    html = viz.step(_diamond(Value))._repr_html_()
    assert 'sandbox="allow-scripts" srcdoc="&lt;!doctype html&gt;' in html
    assert html.index("data:image/svg+xml;base64,") < html.index("<iframe")
    assert html.count("<iframe") == html.count("</iframe>") == 1


def test_every_control_has_a_name():
    for button in re.findall(r"<button[^>]*>[^<]*</button>", viz.step(_diamond(Value)).html()):
        assert "aria-label=" in button or re.search(r">[^<]*[A-Z][a-z]+|hidden>", button)


def _contrast(one: str, other: str) -> float:
    lights = sorted(_light(colour) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _light(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_words_have_contrast_on_light_and_dark():
    css = (HOUSE / "viz" / "stepper.css").read_text(encoding="utf-8")
    for palette in re.findall(r":root \{(.*?)\}", css, re.S):
        colours = dict(re.findall(r"--(\w+): (#\w{6})", palette))
        pairs = [(ink, sheet) for ink in ("ink", "soft", "done", "grad") for sheet in ("sheet", "band")]
        for ink, sheet in [*pairs, ("bad", "badsheet"), ("grad", "glow"), ("ink", "glow"), ("soft", "glow")]:
            assert _contrast(colours[ink], colours[sheet]) >= 4.5, (ink, sheet)


def test_values_are_stepped_through_without_numpy():
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "import viz\nfrom scalar import Value\nx = Value(3.0, label='x')\n"
        "its = viz.step(x * x)\nprint(len(its.html()) > 1000, 'dL/dx = 6' in its.text())"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=HOUSE, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_a_value_array_steps_like_its_tensor():
    a, b = (
        viz.step((leaf([1.0, 2.0], requires_grad=True, label="w") ** 2).sum()).text() for leaf in (ValueArray, Tensor)
    )
    assert a == b
