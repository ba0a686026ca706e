"""Laws of gradcheck: it finds what is wrong, and says what it saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ops
from scalar import Value
from tensor import Tensor
from tests.declaring import declared, scratch as scratch, square


def test_gradcheck_is_true_where_gradient_and_slope_agree(array: Callable[..., Any]) -> None:
    report = ops.gradcheck(lambda a, b: ops.tanh(a @ b), array([[0.3, -1.0]]), array([[0.5], [2.0]]))
    assert report
    assert report.checked == 4


@pytest.mark.usefixtures("scratch")
def test_gradcheck_names_the_element_whose_gradient_is_wrong() -> None:
    def wrong_partials(xp, y, x, /):
        return (xp.where(x > 1, 2 * x, x),)

    op = declared(ops.pointwise((-2, 2)), square, partials=wrong_partials)
    report = ops.gradcheck(op, np.array([1.5, 0.5]))
    assert not report
    (mismatch,) = report.mismatches
    assert mismatch.index == (1,)
    assert not mismatch.kink


def test_gradcheck_says_that_a_kink_is_a_kink() -> None:
    report = ops.gradcheck(ops.relu, np.array([0.0, 1.0]))
    (mismatch,) = report.mismatches
    assert mismatch.kink
    assert "kink" in str(report)


@pytest.mark.usefixtures("scratch")
def test_the_numbers_of_a_single_output_are_its_own_gradient() -> None:
    (found,) = ops.gradcheck(lambda x: x * x, 3.0).compared
    assert found.gradient == 6.0
    assert found.slope == pytest.approx(6.0)
    report = ops.gradcheck(lambda x: ops.sum(x * x), [1.0, 2.0])
    assert [each.gradient for each in report.compared] == [2.0, 4.0]


@pytest.mark.parametrize("constant", [3.0, np.ones(2), Value(2.0), Tensor([1.0, 2.0])], ids=str)
def test_the_gradient_of_a_constant_is_zero_and_so_is_its_slope(constant: Any) -> None:
    report = ops.gradcheck(lambda x: constant, 0.5)
    assert report
    assert report.compared[0].gradient == report.compared[0].slope == 0.0


def test_a_function_that_leaves_the_graph_is_told_so() -> None:
    report = ops.gradcheck(lambda x: 2 * x.item(), 0.5)
    assert not report
    assert "f returned plain numbers, not a node" in str(report)


def test_float32_and_whole_numbers_are_checked_in_float64() -> None:
    assert ops.gradcheck(ops.tanh, np.array([0.5, 0.25], np.float32)).worst < 1e-8
    assert ops.gradcheck(ops.tanh, Tensor(np.array([0.5], np.float32))).worst < 1e-8
    assert ops.gradcheck(ops.tanh, np.array([1, 2]))
    with pytest.raises(TypeError, match="f returned float32, too coarse for differences"):
        ops.gradcheck(lambda x: x.astype(np.float32), [0.5])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "not None; is its return missing"),
        ("text", "not a str"),
        ((1.0, 2.0), "not a tuple"),
        ([1.0], "not a list"),
    ],
)
def test_a_function_that_gives_no_number_is_told_what_to_return(answer: Any, says: str) -> None:
    with pytest.raises(TypeError, match=f"^gradcheck: f must return one number, one array or one node, {says}"):
        ops.gradcheck(lambda x: answer, 0.5)


def test_nothing_to_differentiate_by_is_refused() -> None:
    with pytest.raises(TypeError, match="give f's inputs"):
        ops.gradcheck(lambda: 1.0)


def test_a_report_reads_as_sentences_and_shows_the_first_elements() -> None:
    text = str(ops.gradcheck(ops.tanh, np.linspace(-1, 1, 20)))
    first, *lines = text.splitlines()
    assert first.startswith("gradcheck: the gradient, of f's elements summed with random weights, is the slope at 20")
    assert lines[0].startswith("  argument 0 at [0]: gradient ")
    assert "  and 12 more" in lines
    assert "reverse and forward mode agree" in lines[-1]


def test_a_report_is_a_table_in_a_notebook() -> None:
    html = ops.gradcheck(ops.mul, 2.0, 3.0)._repr_html_()
    assert html.count("<tr>") == 3
    assert "&lt;g, J t&gt;" in html
