"""The sum over paths: it is the gradient, and the paths shown are the largest of all there are."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import nn
import ops
import viz
from ops.errors import EngineError, ParameterError, ShapeError
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests.conftest import array_leaf

Leaf = Callable[..., Any]
Program = list[tuple[int, int, int]]
PROGRAMS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=9)
NUMBERS = st.lists(st.floats(-2, 2).map(lambda x: round(x, 3)), min_size=2, max_size=2)
STEPS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b,
    lambda a, b: a.tanh(),
    lambda a, b: a.relu(),
    lambda a, b: a * 0.5,
    lambda a, b: ops.maximum(a, b),
]


def _run(program: Program, leaves: list[Any]) -> Any:
    """The last node of a straight program whose lines read any earlier ones."""
    nodes = list(leaves)
    for op, i, j in program:
        nodes.append(STEPS[op](nodes[i % len(nodes)], nodes[j % len(nodes)]))
    return nodes[-1]


def _every_path(leaf: Any, root: Any) -> list[float]:
    """The product of each path, one after the other, by walking them all."""
    products, stack = [], [(root, 1.0)]
    while stack:
        node, p = stack.pop()
        if node is leaf:
            products.append(p)
        elif node.op is not None:
            stack += [(arg, p * d) for arg, d in zip(node.args, node._partials()) if d is not None]
    return products


@settings(derandomize=True, max_examples=60, deadline=None)
@given(PROGRAMS, NUMBERS)
def test_the_sum_over_paths_is_the_gradient(program: Program, numbers: list[float]) -> None:
    leaves = [Value(x) for x in numbers]
    root = _run(program, leaves)
    root.backward()
    for leaf in leaves:
        assert viz.explain(leaf, root).total == pytest.approx(float(leaf.grad), rel=1e-9, abs=1e-9)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(PROGRAMS, NUMBERS, st.integers(1, 5))
def test_the_paths_shown_are_the_largest_of_all(program: Program, numbers: list[float], limit: int) -> None:
    leaves = [Value(x) for x in numbers]
    root = _run(program, leaves)
    found, every = viz.explain(leaves[0], root, limit=limit), _every_path(leaves[0], root)
    shown = sorted((abs(path.product) for path in found.paths), reverse=True)
    assert found.count == len(every)
    assert len(found.paths) == min(limit, len(every))
    assert shown == pytest.approx(sorted(map(abs, every), reverse=True)[:limit], rel=1e-9, abs=1e-9)
    assert sum(path.product for path in found.paths) + found.rest == pytest.approx(sum(every), rel=1e-9, abs=1e-9)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(PROGRAMS, NUMBERS)
def test_no_path_is_shown_twice(program: Program, numbers: list[float]) -> None:
    leaf = Value(numbers[0])
    root = _run(program, [leaf, Value(numbers[1])])
    paths = viz.explain(leaf, root, limit=50).paths
    assert len({(path.nodes, path.operands) for path in paths}) == len(paths)


@settings(derandomize=True, max_examples=20, deadline=None)
@given(PROGRAMS, NUMBERS)
def test_a_tensor_of_single_numbers_is_explained_as_values_are(program: Program, numbers: list[float]) -> None:
    explained = []
    for kind in (Value, array_leaf(Tensor), array_leaf(ValueArray)):
        leaves = [kind(x, label="xy"[i]) for i, x in enumerate(numbers)]
        explained.append(viz.explain(leaves[0], _run(program, leaves)))
    value, tensor, array = explained
    assert value.count == tensor.count == array.count
    assert value.total == pytest.approx(tensor.total) == pytest.approx(array.total)


def test_the_diamond_gives_5_and_not_7(number: Leaf) -> None:
    a = number(1.0, label="a")
    b = a + a
    d = b + a
    e = b + d
    for node, label in zip((b, d, e), "bde"):
        node.label = label
    e.backward()
    found = viz.explain(a, e)
    assert (found.count, found.total, float(a.grad)) == (5, 5.0, 5.0)
    assert "de/da = 5: the sum over 5 paths from e to a" in found.text()
    assert "de/dd * dd/db * db/da (1st)" in found.text()
    assert "de/dd * dd/db * db/da (2nd)" in found.text()


def test_a_path_tells_its_partials_in_letters_and_in_numbers() -> None:
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    y = (2 * x * w).tanh()
    y.label = "y"
    (path,) = viz.explain(w, y).paths
    assert path.nodes == ("y", "#4", "w")
    assert path.formulas == ("1 - y**2", "#3")
    assert path.partials == (1 - y.data**2, 4.0)
    assert path.product == path.partials[0] * path.partials[1]


def test_the_op_that_stops_a_path_shows_a_product_of_zero() -> None:
    x = Value(-1.0, label="x")
    assert viz.explain(x, x.relu() * 3.0).paths[0].product == 0.0


def test_a_division_by_zero_gives_the_slope_that_backward_gives() -> None:
    x = Value(0.0, label="x")
    y = 1.0 / x
    y.backward()
    assert viz.explain(x, y).total == x.grad == -math.inf


def test_the_condition_of_where_is_no_path() -> None:
    x = Value(2.0, label="x")
    y = ops.where(x, x * 3.0, x)
    assert viz.explain(x, y).count == 2


@pytest.mark.parametrize("engine", [Tensor, ValueArray])
def test_each_element_of_an_array_is_explained_by_its_own_paths(engine: Any) -> None:
    w = engine(np.arange(6.0).reshape(2, 3) / 5, requires_grad=True, label="w")
    x = engine([[1.0, -2.0], [0.5, 3.0]])
    loss = ((x @ w).tanh() ** 2).mean()
    loss.backward()
    for element in np.ndindex(2, 3):
        assert viz.explain(w, loss, element=element).total == pytest.approx(w.grad[element])
    assert "dw[0, 1]" in viz.explain(w, loss, element=(0, 1)).text()


def test_a_network_on_one_point_is_explained_from_any_weight() -> None:
    model = nn.MLP(2, [4, 1], rng=0)
    loss = model(Tensor([[0.5, -1.0]])).sum()
    loss.backward()
    for p in model.parameters():
        last = tuple(n - 1 for n in p.shape)
        assert viz.explain(p, loss, element=last).total == pytest.approx(p.grad[last])


def test_more_paths_than_atoms_are_counted_and_summed() -> None:
    a = Value(1.0, label="a")
    y = a
    for _ in range(200):
        y = y * 0.75 + y * 0.25
    y.backward()
    found = viz.explain(a, y)
    assert found.count == 2**200
    assert found.total == pytest.approx(a.grad)
    assert [path.product for path in found.paths[:2]] == pytest.approx([0.75**200, 0.75**199 * 0.25], rel=1e-6)
    assert found.left_out == 2**200 - 10
    assert "paths more, which add up to 1" in found.text()


def test_equal_paths_without_number_are_shown_at_once() -> None:
    a = Value(1.0)
    y = a
    for _ in range(300):
        y = y * 0.1 + y * 0.1
    assert viz.explain(a, y).count == 2**300


def test_a_dead_graph_of_many_paths_answers() -> None:
    a = Value(-1.0)
    y = a.relu()
    for _ in range(300):
        y = y + y
    found = viz.explain(a, y)
    assert (found.total, found.rest, found.paths[0].product) == (0.0, 0.0, 0.0)


@pytest.mark.slow
def test_a_chain_of_a_million_nodes_answers() -> None:
    a = Value(1.0, label="a")
    y = a
    for _ in range(1_000_000):
        y = y + 1.0
    found = viz.explain(a, y)
    assert (found.count, found.total, len(found.paths[0].partials)) == (1, 1.0, 1_000_000)
    assert "(999,994 factors)" in found.text()


def test_a_leaf_that_root_does_not_reach_has_no_path(number: Leaf) -> None:
    found = viz.explain(number(2.0, label="w"), number(3.0) * 2.0)
    assert (found.count, found.total, found.paths) == (0, 0.0, ())
    assert "why_no_grad" in found.text()


def test_a_node_is_explained_to_itself_by_one_path_of_no_steps(number: Leaf) -> None:
    x = number(2.0)
    assert (viz.explain(x, x).count, viz.explain(x, x).total) == (1, 1.0)
    assert viz.explain(x, x).text()


@pytest.mark.parametrize("engine", [Tensor, ValueArray])
def test_what_is_not_one_number_is_asked_for(engine: Any) -> None:
    w = engine([[1.0, 2.0]], requires_grad=True, label="w")
    with pytest.raises(ShapeError, match=r"w has shape \(1, 2\).*element=\(0, 0\)"):
        viz.explain(w, w.sum())
    with pytest.raises(ShapeError, match=r"no element \[0, 2\]"):
        viz.explain(w, w.sum(), element=(0, 2))
    with pytest.raises(ShapeError, match="not one number"):
        viz.explain(w, w * 2.0, element=(0, 0))


def test_what_cannot_be_explained_is_refused() -> None:
    with pytest.raises(EngineError, match="two engines"):
        viz.explain(Value(1.0), Tensor(1.0))
    with pytest.raises(TypeError, match="give a Value"):
        viz.explain(1.0, Tensor(1.0))
    with pytest.raises(ParameterError, match="limit is 0; give a whole number, 1 or more"):
        viz.explain(Value(1.0), Value(1.0), limit=0)
    big = Tensor(np.zeros((300, 300)), requires_grad=True)
    with pytest.raises(ParameterError, match="smaller input"):
        viz.explain(big, (big @ big).sum(), element=(0, 0))


def test_an_explanation_is_saved_as_text_and_as_a_page_with_its_labels_escaped(tmp_path: Path) -> None:
    x = Value(2.0, label="<img onerror=x>")
    found = viz.explain(x, x * x)
    assert found.save(tmp_path / "a.txt").read_text(encoding="utf-8") == found.text() + "\n"
    page = found.save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<img" not in page
    assert found._repr_html_() in page
    with pytest.raises(ParameterError, match="txt"):
        found.save(tmp_path / "a.png")
