"""What ops compute at the edges: large numbers, ties, zeros, nothing at all, infinities and NaN."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ops
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests.declaring import scratch as scratch

# stability at +-1000

# value and slope at -1000 and at 1000, as limits
LIMITS = {
    "sigmoid": ((0.0, 0.0), (1.0, 0.0)),
    "softplus": ((0.0, 0.0), (1000.0, 1.0)),
    "tanh": ((-1.0, 0.0), (1.0, 0.0)),
    "gelu": ((0.0, 0.0), (1000.0, 1.0)),
    "gelu tanh": ((0.0, 0.0), (1000.0, 1.0)),
    "silu": ((0.0, 0.0), (1000.0, 1.0)),
    "relu": ((0.0, 0.0), (1000.0, 1.0)),
    "erf": ((-1.0, 0.0), (1.0, 0.0)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_values_and_slopes_reach_their_limits_at_1000(number: Callable[..., Any], name: str) -> None:
    op, *variant = name.split()
    for x, (value, slope) in zip((-1000.0, 1000.0), LIMITS[name]):
        leaf = number(x)
        y = ops.REGISTRY[op](leaf, *variant)
        y.backward()
        assert (float(y.data), float(leaf.grad)) == (value, slope)


@pytest.mark.parametrize("name", LIMITS)
def test_slopes_of_slopes_vanish_at_1000(number: Callable[..., Any], name: str) -> None:
    op, *variant = name.split()
    for x in (-1000.0, 1000.0):
        second = ops.grad(ops.grad(lambda leaf: ops.REGISTRY[op](leaf, *variant)))(number(x))
        assert float(second.data) == 0.0


SPREAD = [1000.0, 0.0, -1000.0]


def test_logsumexp_of_numbers_far_apart_is_the_largest(array: Callable[..., Any]) -> None:
    for sign in (1.0, -1.0):
        x = array(sign * np.array([1000.0, 999.0]))
        y = x.logsumexp()
        y.backward()
        top = float(np.max(x.data))
        np.testing.assert_allclose(y.item(), top + 0.31326168751822286, rtol=1e-15)  # ln(1 + 1/e)
        np.testing.assert_allclose(sorted(x.grad), [0.2689414213699951, 0.7310585786300049], rtol=1e-12)


def test_softmax_of_numbers_far_apart_picks_the_largest(array: Callable[..., Any]) -> None:
    x = array(SPREAD)
    y = x.softmax()
    np.testing.assert_array_equal(y.data, [1.0, 0.0, 0.0])
    y.backward(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0])


def test_log_softmax_of_numbers_far_apart_keeps_their_distance(array: Callable[..., Any]) -> None:
    x = array(SPREAD)
    y = x.log_softmax()
    np.testing.assert_array_equal(y.data, [0.0, -1000.0, -2000.0])
    y.backward(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(x.grad, [-5.0, 2.0, 3.0])


def test_logsumexp_of_nothing_but_minus_infinity_is_minus_infinity(array: Callable[..., Any]) -> None:
    with np.errstate(divide="ignore"):
        assert array([-np.inf, -np.inf]).logsumexp().item() == -np.inf


# ties and kinks


def test_the_first_of_equals_gets_the_gradient_of_max_and_min(array: Callable[..., Any]) -> None:
    for op in (ops.max, ops.min):
        x = array([2.0, 2.0, 2.0])
        op(x).backward()
        np.testing.assert_array_equal(x.grad, [1.0, 0.0, 0.0])


@pytest.mark.parametrize("axis", [None, 0, 1, 2, (0, 1), (0, 2), (2, 0), (1, 2), (-1, -2)], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_the_first_maximiser_in_row_major_order_gets_the_gradient(
    array: Callable[..., Any], axis: Any, keepdims: bool
) -> None:
    data = np.random.default_rng(5).integers(0, 2, (3, 4, 3)).astype(float)
    x = array(data)
    y = ops.max(x, axis=axis, keepdims=keepdims)
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(x.grad, _first_maximisers(data, axis))
    np.testing.assert_array_equal(y.data, data.max(axis=axis, keepdims=keepdims))


def _first_maximisers(data: Any, axis: Any) -> Any:
    """Ones at the first largest element met, walking in row-major order, for each place left by the reduction."""
    axes = range(data.ndim) if axis is None else {a % data.ndim for a in np.atleast_1d(axis).tolist()}
    found, best = np.zeros(data.shape), {}
    for index in np.ndindex(data.shape):
        group = tuple(0 if i in axes else n for i, n in enumerate(index))
        if group not in best or data[index] > data[best[group]]:
            best[group] = index
    for index in best.values():
        found[index] = 1.0
    return found


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_the_first_of_two_equals_gets_the_gradient(number: Callable[..., Any], name: str) -> None:
    a, b = number(2.0), number(2.0)
    ops.REGISTRY[name](a, b).backward()
    assert (float(a.grad), float(b.grad)) == (1.0, 0.0)


def test_one_node_against_itself_gets_the_gradient_once(number: Callable[..., Any]) -> None:
    a = number(2.0)
    ops.maximum(a, a).backward()
    assert float(a.grad) == 1.0


SLOPES_AT_A_KINK = [
    ("relu", 0.0, {}, 0.0),
    ("relu", -0.0, {}, 0.0),
    ("abs", 0.0, {}, 0.0),
    ("sign", 0.0, {}, 0.0),
    ("leaky_relu", 0.0, {"slope": 0.1}, 0.1),
    ("clip", -1.0, {"low": -1.0, "high": 1.0}, 1.0),
    ("clip", 1.0, {"low": -1.0, "high": 1.0}, 1.0),
    ("clip", 1.0, {"low": None, "high": 1.0}, 1.0),
    ("clip", 1.5, {"low": None, "high": 1.0}, 0.0),
    ("clip", -1.5, {"low": -1.0, "high": None}, 0.0),
    ("clip", 0.5, {"low": None, "high": None}, 1.0),
]


@pytest.mark.parametrize(("name", "at", "params", "slope"), SLOPES_AT_A_KINK)
def test_slope_at_a_kink(number: Callable[..., Any], name: str, at: float, params: Any, slope: float) -> None:
    x = number(at)
    ops.REGISTRY[name](x, **params).backward()
    assert float(x.grad) == slope


def test_the_card_says_who_wins_a_tie() -> None:
    for name in ("max", "min", "maximum", "minimum"):
        assert "first" in (ops.REGISTRY[name].__doc__ or "")
    assert "slope at 0 is 0" in (ops.relu.__doc__ or "")


# products with zeros


@pytest.mark.parametrize("data", [[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]], ids=str)
def test_gradient_and_hessian_of_a_product_leave_out_their_own_factors(
    array: Callable[..., Any], data: list[float]
) -> None:
    others = [data[1] * data[2], data[0] * data[2], data[0] * data[1]]
    hessian = [[0.0, data[2], data[1]], [data[2], 0.0, data[0]], [data[1], data[0], 0.0]]
    x = array(data)
    np.testing.assert_allclose(ops.grad(ops.prod)(x).data, others, atol=1e-12)
    for i, row in enumerate(hessian):
        found = ops.grad(lambda v, i=i: ops.grad(ops.prod)(v)[i])(x)
        np.testing.assert_allclose(found.data, row, atol=1e-12)


@pytest.mark.parametrize("axis", [0, -1, (0, 2), None], ids=str)
def test_product_with_zeros_along_axes_matches_the_slope(array: Callable[..., Any], axis: Any) -> None:
    data = np.arange(12.0).reshape(2, 3, 2) % 5 - 1
    report = ops.gradcheck(lambda x: ops.prod(x, axis=axis), array(data), tolerance=1e-6)
    assert report, str(report)


# empty arrays, single numbers


def test_sums_and_products_of_nothing(array: Callable[..., Any]) -> None:
    x = array(np.zeros((0, 3)))
    assert ops.sum(x).item() == 0.0
    assert ops.prod(x).item() == 1.0
    np.testing.assert_array_equal(ops.sum(x, axis=0).data, [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(ops.prod(x, axis=0).data, [1.0, 1.0, 1.0])
    assert ops.sum(x, axis=1).shape == (0,)


@pytest.mark.parametrize("op", [ops.sum, ops.prod], ids=["sum", "prod"])
@pytest.mark.parametrize("axis", [None, 0, 1], ids=str)
def test_a_reduction_of_nothing_goes_on_and_sends_back_an_empty_gradient(
    array: Callable[..., Any], op: Any, axis: Any
) -> None:
    x = array(np.zeros((0, 3)))
    y = op(x, axis=axis) * 2.0 + x.sum()
    y.backward(np.ones(y.shape))
    assert x.grad is None or x.grad.shape == (0, 3)


@pytest.mark.parametrize("op", [ops.max, ops.min], ids=["max", "min"])
def test_the_largest_of_nothing_is_refused_by_name(array: Callable[..., Any], op: Any) -> None:
    with pytest.raises(ops.ShapeError, match=op.name):
        op(array(np.zeros((0, 3))), axis=0)


def test_mean_of_nothing_is_nan(array: Callable[..., Any]) -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(ops.mean(array(np.zeros(0))).item())


def test_an_empty_inner_size_makes_a_product_of_zeros(array: Callable[..., Any]) -> None:
    a, b = array(np.zeros((2, 0))), array(np.zeros((0, 3)))
    y = a @ b + 1.0
    np.testing.assert_array_equal(y.data, np.ones((2, 3)))
    y.sum().backward()


def test_joining_with_nothing_changes_nothing(array: Callable[..., Any]) -> None:
    x = array([[1.0, 2.0]])
    y = ops.concat([x, array(np.zeros((0, 2)))])
    np.testing.assert_array_equal(y.data, [[1.0, 2.0]])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [[1.0, 1.0]])


@pytest.mark.parametrize("op", [op for op in ops.REGISTRY.values() if op.elementwise], ids=lambda op: op.name)
def test_a_single_number_stays_a_single_number(array: Callable[..., Any], op: Any) -> None:
    leaves = [array(0.75) for _ in op.arrays]
    y = op(*leaves, **op.samples[0].params)
    assert (y.shape, y.ndim, y.size) == ((), 0, 1)
    assert isinstance(y.data, np.ndarray)
    assert isinstance(y.numpy(), np.ndarray)
    y.backward()
    assert all(x.grad is None or (isinstance(x.grad, np.ndarray) and x.grad.shape == ()) for x in leaves)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod", "logsumexp"])
def test_a_reduction_of_a_single_number_is_that_number(array: Callable[..., Any], name: str) -> None:
    x = array(0.75)
    y = ops.REGISTRY[name](x)
    assert (y.shape, y.item()) == ((), 0.75)
    y.backward()
    assert (x.grad.shape, float(x.grad)) == ((), 1.0)


# IEEE

IEEE = [
    ("div", (1.0, 0.0)),
    ("div", (-1.0, 0.0)),
    ("div", (1.0, -0.0)),
    ("div", (0.0, 0.0)),
    ("log", (0.0,)),
    ("log", (-1.0,)),
    ("exp", (1000.0,)),
    ("sqrt", (-1.0,)),
    ("sqrt", (0.0,)),
    ("pow", (0.0, -1)),
    ("pow", (-0.0, -1)),
    ("pow", (-0.0, -2)),
    ("pow", (0.0, 0)),
    ("pow", (-2.0, 0.5)),
    ("pow", (10.0, 400)),
    ("pow", (-10.0, 401)),
    ("power", (0.0, -1.0)),
    ("power", (-2.0, 0.5)),
    ("power", (10.0, 400.0)),
    ("mul", (np.inf, 0.0)),
    ("sub", (np.inf, np.inf)),
    ("sin", (np.inf,)),
    ("cos", (-np.inf,)),
    ("tanh", (np.nan,)),
    ("abs", (np.nan,)),
    ("sign", (np.nan,)),
    ("relu", (np.nan,)),
    ("maximum", (np.nan, 1.0)),
    ("maximum", (1.0, np.nan)),
    ("minimum", (np.nan, 1.0)),
    ("minimum", (1.0, np.nan)),
    ("sigmoid", (np.nan,)),
    ("sigmoid", (-np.inf,)),
    ("sigmoid", (np.inf,)),
    ("softplus", (np.inf,)),
    ("softplus", (-np.inf,)),
    ("erf", (np.inf,)),
    ("exp", (-np.inf,)),
    ("log", (np.inf,)),
]


@pytest.mark.parametrize(("name", "numbers"), IEEE, ids=[f"{n}{x}" for n, x in IEEE])
def test_infinities_and_nan_are_the_same_on_both_engines(name: str, numbers: tuple[float, ...]) -> None:
    op = ops.REGISTRY[name]
    count = len(op.arrays)
    found = []
    with np.errstate(all="ignore"):
        for leaf in (Value, _tensor, _value_array):
            leaves = [leaf(x) for x in numbers[:count]]
            y = op(*leaves, *numbers[count:])
            y.backward()
            found.append([float(y.data), *(float(x.grad) for x in leaves)])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[2], found[1])
    assert [np.signbit(x) for x in found[0] if x == x] == [np.signbit(x) for x in found[1] if x == x]


@pytest.mark.torch
@pytest.mark.parametrize(("name", "numbers"), [(n, x) for n, x in IEEE if n not in ("pow", "power", "sign")], ids=str)
def test_infinities_and_nan_are_torchs(name: str, numbers: tuple[float, ...]) -> None:
    torch = pytest.importorskip("torch")
    from tests import torch_namespace

    native = torch_namespace.NATIVE | {"div": torch.div, "sub": torch.sub, "mul": torch.mul}
    function = native[name] if name in native else getattr(torch, name)
    with np.errstate(all="ignore"):
        ours = ops.REGISTRY[name](*map(_tensor, numbers))
    theirs = function(*(torch.tensor(x, dtype=torch.float64) for x in numbers))
    np.testing.assert_array_equal(ours.data, theirs.numpy())


def _tensor(x: float) -> Tensor:
    return Tensor(x, requires_grad=True)


def _value_array(x: float) -> ValueArray:
    return ValueArray(x, requires_grad=True)


POWERS = [
    (0.0, 0.0),
    (-0.0, 0.0),
    (0.0, 1.0),
    (0.0, 2.0),
    (0.0, 0.5),
    (0.0, -1.0),
    (np.inf, 0.0),
    (-2.0, 3.0),
    (2.0, 0.0),
]


@pytest.mark.torch
@pytest.mark.parametrize("engine", [Value, _tensor, _value_array])
@pytest.mark.parametrize("numbers", POWERS, ids=str)
def test_slopes_of_powers_at_zero_are_torchs(engine: Callable[[float], Any], numbers: tuple[float, float]) -> None:
    torch = pytest.importorskip("torch")
    a, b = map(engine, numbers)
    with np.errstate(all="ignore"):
        (a**b).backward()
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    torch.pow(*theirs).backward()
    np.testing.assert_array_equal([float(a.grad), float(b.grad)], [x.grad.item() for x in theirs])


def test_zero_to_the_zero_has_finite_slopes_of_slopes(number: Callable[..., Any]) -> None:
    a, b = number(0.0), number(0.0)
    (a**b).backward(create_graph=True)
    (a.grad + b.grad).backward()
    assert np.isfinite(float(a.data))


@pytest.mark.parametrize("ddof", [2, 3])
@pytest.mark.parametrize("data", [[1.0, 2.0], [2.0, 2.0]], ids=str)
def test_variance_without_freedom_is_numpys_and_has_no_gradient(
    array: Callable[..., Any], data: list[float], ddof: int
) -> None:
    x = array(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = ops.var(x, ddof=ddof)
        y.backward()
        np.testing.assert_array_equal(y.data, np.var(data, ddof=ddof))
    assert np.isnan(x.grad).all()  # inf - inf, by way of the mean; PyTorch says inf, with the sign of x - mean dropped
