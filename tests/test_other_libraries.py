"""Other libraries' arrays beside nodes: recorded right, or refused in one sentence; never cut from the graph unseen."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import ops
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

ARRAYS: list[Any] = [Tensor, ValueArray]
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


def _asks(array: Any) -> Any:
    return array([0.5, 2.0], requires_grad=True)


def _gradient(y: Any, w: Any) -> list[float]:
    w.grad = None
    y.sum().backward()
    return np.asarray(w.grad).tolist()


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_pandas_on_either_side_is_recorded_as_numpy_is(array: Any, operator: str) -> None:
    pd = pytest.importorskip("pandas")
    w, a, op = _asks(array), np.array([[3.0, 4.0]]), OPERATORS[operator]
    for frame, numbers in ((pd.DataFrame(a), a), (pd.Series(a[0]), a[0]), (pd.Index(a[0]), a[0])):
        for ours, theirs in ((op(frame, w), op(numbers, w)), (op(w, frame), op(w, numbers))):
            assert type(ours) is array
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
            assert _gradient(ours, w) == _gradient(theirs, w)


@pytest.mark.parametrize("array", ARRAYS)
def test_pandas_products_and_functions_are_refused_or_right(array: Any) -> None:
    pd = pytest.importorskip("pandas")
    w, frame, series = _asks(array), pd.DataFrame([[3.0, 4.0]]), pd.Series([3.0, 4.0])
    kind = array.__name__
    for call in (
        lambda: frame @ w,
        lambda: series @ w,
        lambda: frame.dot(w),
        lambda: pd.Series(w),
        lambda: series.where(series > 3.5, w),
    ):
        with pytest.raises(TypeError, match=rf"pandas would take the numbers of this {kind} out of the graph"):
            call()
    assert _gradient(w @ series, w) == [3.0, 4.0]
    assert _gradient(array(frame) @ w, w) == [3.0, 4.0]
    assert array(series).tolist() == [3.0, 4.0]
    assert (series > w).tolist() == [True, True]


def test_pandas_beside_a_value_is_an_array_of_values() -> None:
    pd = pytest.importorskip("pandas")
    for product in (lambda v: pd.Series([3.0, 4.0]) * v, lambda v: v * pd.DataFrame([[3.0, 4.0]])):
        v = Value(2.0)
        product(v).sum().backward()
        assert v.grad == 7.0


@pytest.mark.parametrize("array", ARRAYS)
def test_a_mask_that_hides_something_is_refused_everywhere(array: Any) -> None:
    w, masked = _asks(array), np.ma.masked_array([3.0, 4.0], [True, False])
    for call in (
        lambda: array(masked),
        lambda: array([masked, masked]),
        lambda: w * masked,
        lambda: w @ masked,
        lambda: ops.mul(masked, w),
        lambda: ops.sum(masked),
        lambda: ops.exp(masked),
        lambda: ops.stack([masked, w]),
        lambda: ops.grad(ops.sum)(masked),
        lambda: array(np.ma.masked),
        lambda: Value(np.ma.masked),
    ):
        with pytest.raises(TypeError, match=r"masked array that hides some of its numbers; .* x\.filled\(0\)"):
            call()
    for call in (lambda: masked * w, lambda: masked - w, lambda: masked @ w, lambda: np.ma.exp(w)):
        with pytest.raises(TypeError, match=r"would take the numbers of this|hides some of its numbers"):
            call()
    for call in (lambda: masked * Value(2.0), lambda: Value(2.0) * masked):
        with pytest.raises(TypeError, match="hides some of its numbers"):
            call()
    nothing_hidden = np.ma.masked_array([3.0, 4.0], [False, False])
    assert _gradient(w * nothing_hidden, w) == [3.0, 4.0]
    assert array(nothing_hidden.filled(0)).tolist() == [3.0, 4.0]


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("form", ["csr_array", "coo_array", "csc_matrix", "dia_array"])
def test_a_sparse_array_is_refused_on_either_side(array: Any, form: str) -> None:
    sparse = getattr(pytest.importorskip("scipy.sparse"), form)(np.eye(2))
    w = _asks(array)
    for call in (lambda: sparse @ w, lambda: sparse * w, lambda: sparse.multiply(w), lambda: sparse.dot(w)):
        with pytest.raises(TypeError, match=rf"would take the numbers of this {array.__name__}"):
            call()
    for call in (lambda: w @ sparse, lambda: w * sparse, lambda: array(sparse), lambda: ops.sum(sparse)):
        with pytest.raises(TypeError, match=r"which is a sparse array; give x\.toarray\(\)"):
            call()
    assert _gradient(w @ sparse.toarray(), w) == [1.0, 1.0]


@pytest.mark.parametrize("array", ARRAYS)
def test_scipy_s_functions_of_a_node_are_refused(array: Any) -> None:
    special, w = pytest.importorskip("scipy.special"), _asks(array)
    for call in (lambda: special.erf(w), lambda: special.logsumexp(w), lambda: special.softmax(w)):
        with pytest.raises(TypeError, match="would take the numbers of this"):
            call()


@pytest.mark.parametrize("array", ARRAYS)
def test_numpy_s_polynomials_are_refused_or_right(array: Any) -> None:
    w, p = _asks(array), np.poly1d([3.0, 1.0])
    for call in (lambda: p * w, lambda: p + w, lambda: p(w), lambda: np.polynomial.Polynomial([1.0, 3.0])(w)):
        with pytest.raises(TypeError, match="would take the numbers of this"):
            call()
    with pytest.raises(TypeError, match="not a Polynomial"):
        OPERATORS["*"](np.polynomial.Polynomial([1.0, 3.0]), w)


def test_polynomials_of_values_keep_their_graph() -> None:
    v: Any = Value(2.0)
    p: Any = np.poly1d([3.0, 1.0])
    for y, slope in (
        (p(v), 3.0),
        (np.polynomial.Polynomial([1.0, 3.0])(v), 3.0),
        ((p * v).coefficients[0], 3.0),
    ):
        v.grad = 0
        y.backward()
        assert v.grad == slope


@pytest.mark.parametrize("number", [Fraction(1, 4), Decimal("0.25")])
@pytest.mark.parametrize("array", ARRAYS)
def test_fractions_and_decimals_on_the_left_are_recorded(array: Any, number: Any) -> None:
    w = _asks(array)
    assert _gradient(number * w, w) == [0.25, 0.25]
    assert _gradient(number - w, w) == [-1.0, -1.0]
    assert _gradient(number / w, w) == [-1.0, -0.0625]
    assert _gradient(np.array([number, number], dtype=object) * w, w) == [0.25, 0.25]
    v = Value(2.0)
    (number * v).backward()
    assert v.grad == 0.25


@pytest.mark.parametrize("array", ARRAYS)
def test_numpy_s_helpers_refuse_what_asks_and_take_what_does_not(array: Any) -> None:
    for call in (lambda x: np.r_[x, x], lambda x: np.c_[x, x], lambda x: np.full(2, x[0], float)):
        with pytest.raises(TypeError, match=r"[Nn]um[Pp]y would take the numbers of this"):
            call(_asks(array))
        assert len(call(array([0.5, 2.0]))) in (2, 4)
