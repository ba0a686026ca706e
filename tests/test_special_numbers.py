"""Infinities, NaN, zeros, tiny and huge numbers: the answers of both engines, with PyTorch as the judge."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ops
from scalar import Value
from tensor import Tensor
from tests.declaring import declared, scratch as scratch
from tests.laws import SPECIAL

Leaf = Callable[..., Any]
NUMBERS = (*SPECIAL, 1e308, -1e308, 40.0, -40.0)


def _slope(f: Callable[[Any], Any], x: Any) -> Any:
    x.grad = None
    f(x).sum().backward()
    return np.asarray(x.grad)


# PyTorch's answers

UNARY = [
    "exp",
    "log",
    "sqrt",
    "sin",
    "cos",
    "tanh",
    "erf",
    "erfc",
    "abs",
    "sign",
    "neg",
    "relu",
    "leaky_relu",
    "sigmoid",
    "softplus",
    "silu",
    "gelu",
]
BINARY = ["add", "sub", "mul", "div", "power", "maximum", "minimum"]
OTHERWISE = {  # (op, number): what PyTorch says there is not what is right
    ("abs", "nan"): "its slope at NaN is 0",
    ("sign", "nan"): "its value at NaN is 0",
    ("sigmoid", "40.0"): "its slope is 0 as soon as the value rounds to 1",
}


def _torchs(name: str) -> Callable[..., Any]:
    torch = pytest.importorskip("torch")
    named = {"sub": "subtract", "power": "pow"}.get(name, name)
    return getattr(torch, named, None) or getattr(torch.nn.functional, named)


@pytest.mark.torch
@pytest.mark.parametrize("name", UNARY)
def test_an_op_of_one_number_answers_as_pytorch(number: Leaf, name: str) -> None:
    torch = pytest.importorskip("torch")
    for data in NUMBERS:
        x, t = number(data), torch.tensor(data, dtype=torch.float64, requires_grad=True)
        y, z = ops.REGISTRY[name](x), _torchs(name)(t)
        y.backward()
        z.backward()
        if (name, str(data)) not in OTHERWISE:
            np.testing.assert_allclose(float(y.data), z.item(), rtol=1e-12, atol=0, err_msg=str(data))
            np.testing.assert_allclose(float(x.grad), t.grad.item(), rtol=1e-10, atol=0, err_msg=str(data))


@pytest.mark.torch
@pytest.mark.parametrize("name", BINARY)
def test_an_op_of_two_numbers_answers_as_pytorch(number: Leaf, name: str) -> None:
    torch = pytest.importorskip("torch")
    for a in (*NUMBERS, 2.0, -3.0):
        for b in (*NUMBERS, 2.0, -3.0):
            ours = [number(a), number(b)]
            theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (a, b)]
            y, z = ops.REGISTRY[name](*ours), _torchs(name)(*theirs)
            y.backward()
            z.backward()
            np.testing.assert_allclose(float(y.data), z.item(), rtol=1e-12, atol=0, err_msg=f"{a}, {b}")
            if not _has_a_convention(name, a, b):
                got, wanted = [float(x.grad) for x in ours], [t.grad.item() for t in theirs]
                np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=0, err_msg=f"{a}, {b}")


def _has_a_convention(name: str, a: float, b: float) -> bool:
    """Where ours differs: ties and NaN of maximum go to one argument, as its card says; the slope of NaN**0 is NaN."""
    is_a_tie = a == b or a != a or b != b
    return is_a_tie if name in ("maximum", "minimum") else name == "power" and b == 0 and (a != a or abs(a) < 1e-300)


def test_the_slope_of_the_sigmoid_is_even_to_the_last_digits(number: Leaf) -> None:
    for data in (0.5, 20.0, 40.0, 700.0):
        right, left = number(data), number(-data)
        ops.sigmoid(right).backward()
        ops.sigmoid(left).backward()
        assert float(right.grad) == pytest.approx(float(left.grad), rel=1e-15)
        assert float(right.grad) == pytest.approx(math.exp(-data) / (1 + math.exp(-data)) ** 2, rel=1e-14)


def test_softplus_bends_as_much_at_40_as_at_minus_40() -> None:
    bend = ops.grad(ops.grad(ops.softplus))
    assert bend(40.0) == pytest.approx(bend(-40.0), rel=1e-14)
    assert ops.grad(ops.softplus)(math.inf) == 1.0


def test_nan_goes_on_and_keeps_its_gradient(array: Leaf) -> None:
    for f in (ops.relu, ops.max, lambda x: ops.maximum(x, 0.0), lambda x: ops.minimum(0.0, x), ops.min):
        x = array([np.nan])
        y = f(x)
        assert np.isnan(y.data).all()
        np.testing.assert_array_equal(_slope(f, x), [1.0])


def test_the_first_nan_gets_the_gradient_of_max_as_in_pytorch(array: Leaf) -> None:
    for op in (ops.max, ops.min):
        np.testing.assert_array_equal(_slope(op, array([1.0, np.nan, np.nan, 2.0])), [0.0, 1.0, 0.0, 0.0])
    pooled = array(np.array([[1.0, np.nan], [np.nan, 2.0]])[None, None])
    np.testing.assert_array_equal(_slope(lambda x: ops.max_pool2d(x, 2), pooled)[0, 0], [[0.0, 1.0], [0.0, 0.0]])


# a branch that was not taken sends 0, whatever the slope of what follows

STEEP = {"sqrt": ops.sqrt, "log": ops.log, "1/x": lambda x: 1 / x, "x**0.5": lambda x: x**0.5, "x**-2": lambda x: x**-2}
CLOSED = {
    "relu": ops.relu,
    "clip": lambda x: ops.clip(x, 0.0, 9.0),
    "maximum": lambda x: ops.maximum(x, 0.0),
    "maximum of a number": lambda x: ops.maximum(0.0, x),
    "minimum": lambda x: -ops.minimum(-x, 0.0),
    "where": lambda x: ops.where(x > 0, x, 0.0),
    "where, the other way": lambda x: ops.where(x <= 0, 0.0, x),
    "where of numbers": lambda x: ops.where(np.array([0.0, 7.0]), x, 0.0),
    "sign": lambda x: ops.sign(ops.relu(x)) * 4.0,
    "x**0": lambda x: x**0 * np.array([0.0, 4.0]),
}


@pytest.mark.parametrize("steep", STEEP.values(), ids=STEEP)
@pytest.mark.parametrize("closed", CLOSED.values(), ids=CLOSED)
def test_an_infinite_slope_does_not_pass_a_closed_branch(array: Leaf, closed: Any, steep: Any) -> None:
    def f(x: Any) -> Any:
        return steep(closed(x))

    slope = _slope(f, array([-1.0, 4.0]))
    assert slope[0] == 0.0
    assert np.isfinite(slope[1])


@pytest.mark.parametrize("reduce", [ops.max, ops.min], ids=["max", "min"])
def test_an_infinite_slope_does_not_pass_the_elements_that_were_not_picked(array: Leaf, reduce: Any) -> None:
    x = array([[0.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(_slope(lambda x: ops.sqrt(reduce(x)), x), [[np.inf, 0.0], [0.0, 0.0]])
    image = array(np.zeros((1, 1, 2, 2)))
    slope = _slope(lambda x: ops.sqrt(ops.max_pool2d(x, 2)), image)
    np.testing.assert_array_equal(slope[0, 0], [[np.inf, 0.0], [0.0, 0.0]])


def test_the_usual_safe_form_is_safe_in_forward_mode(array: Leaf) -> None:
    def f(a: Any) -> Any:
        return ops.where(a > 0, ops.sqrt(a), a)

    _, t = ops.jvp(f, array([0.0, 4.0]), array([0.0, 1.0]))
    np.testing.assert_array_equal(np.asarray(t.data), [0.0, 0.25])


def test_second_derivatives_do_not_pass_a_closed_branch(array: Leaf) -> None:
    x = array([-1.0, 4.0])
    ops.sqrt(ops.relu(x)).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward()
    np.testing.assert_allclose(np.asarray(x.grad), [0.0, -1 / 32])


def test_a_closed_branch_of_many_numbers_sends_0_too() -> None:
    data = np.linspace(-1, 1, 10_000).reshape(100, 100)
    for x in (Tensor(data, True), Tensor(data.T, True), Tensor(data.astype(np.float32)[::2, ::3], True)):
        slope = _slope(lambda x: ops.sqrt(ops.relu(x)), x)
        np.testing.assert_array_equal(slope == 0, x.numpy() <= 0)
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(slope[slope > 0], 0.5 / np.sqrt(x.numpy()[x.numpy() > 0]), rtol=1e-6)


# where


@pytest.mark.parametrize("condition", [[2.0, 0.0], [0.5, -0.0], [np.nan, 0.0], [-1, 0], [True, False]], ids=str)
def test_what_is_not_0_holds_as_a_condition_and_sends_the_whole_gradient(array: Leaf, condition: Any) -> None:
    for given in (condition, np.array(condition), array(np.array(condition, float))):
        a, b = array([1.0, 2.0]), array([10.0, 20.0])
        y = ops.where(given, a, b)
        y.sum().backward()
        np.testing.assert_array_equal(y.data, [1.0, 20.0])
        np.testing.assert_array_equal((a.grad, b.grad), ([1.0, 0.0], [0.0, 1.0]))
        _, t = ops.jvp(lambda a, b: ops.where(np.array(condition), a, b), ([1.0, 2.0], [3.0, 4.0]), ([1, 2], [3, 4]))
        np.testing.assert_array_equal(t, [1.0, 4.0])


def test_a_value_chooses_by_a_number() -> None:
    for condition, slopes in ((2.0, (1.0, 0.0)), (0.0, (0.0, 1.0)), (Value(0.5), (1.0, 0.0)), (math.nan, (1.0, 0.0))):
        a, b = Value(3.0), Value(4.0)
        ops.where(condition, a, b).backward()
        assert (a.grad, b.grad) == slopes


# softmax

LARGE = [[-1e9] * 3, [1e9, 1e9, 1e9], [100.0, 100.0, 100.0], [1e9, 1e9 - 64, -1e9], [3e4, 3e4, 3e4]]


@pytest.mark.torch
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64], ids=lambda t: t.__name__)
@pytest.mark.parametrize("logits", LARGE, ids=str)
def test_softmax_of_large_logits_has_its_normaliser(logits: list[float], dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    data = np.clip(logits, -3e4, 3e4).astype(dtype)
    tolerance = 4 * np.finfo(dtype).eps
    weights = np.array([1.0, 2.0, 3.0])
    for ours, theirs in ((ops.softmax, torch.softmax), (ops.log_softmax, torch.log_softmax)):
        x, t = Tensor(data, True), torch.tensor(data.astype(float), requires_grad=True)
        y, z = ours(x), theirs(t, 0)
        y.backward(weights.astype(dtype))
        z.backward(torch.tensor(weights))
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=8 * tolerance, atol=8 * tolerance)
    assert abs(float(ops.softmax(Tensor(data)).numpy().astype(float).sum()) - 1) <= tolerance


def test_the_slopes_of_logsumexp_of_large_numbers_add_up_to_1(array: Leaf) -> None:
    for shift in (1e9, -1e9, 1e15, 0.0):
        slope = _slope(ops.logsumexp, array([shift, shift, shift]))
        np.testing.assert_allclose(slope, 1 / 3, rtol=1e-12)


# products, variances, tails


def test_a_product_sends_back_the_product_of_the_others(array: Leaf) -> None:
    for data, slope in (
        ([np.inf, 1.0], [1.0, np.inf]),
        ([1e-200, 1e-200], [1e-200, 1e-200]),
        ([1e200, 1e200], [1e200, 1e200]),
        ([0.0, 3.0], [3.0, 0.0]),
    ):
        np.testing.assert_array_equal(_slope(ops.prod, array(data)), slope)


def test_a_long_product_with_extreme_factors_has_the_slopes_of_a_short_one(array: Leaf) -> None:
    for extreme in (1e-200, 1e-300, 0.0, 1e200):
        data = np.array([extreme, extreme, *[1.0] * 20])
        slope = _slope(ops.prod, array(data))
        np.testing.assert_allclose(slope[:2], [extreme, extreme], rtol=1e-12)


def test_a_product_is_straight_along_each_factor(array: Leaf) -> None:
    for tiny in (1e-300, 1e-9, 0.5):
        for ones in (1, 20):
            x, v = np.array([tiny, *[1.0] * ones]), np.array([1.0, *[0.0] * ones])
            turned = ops.hvp(ops.prod, array(x), array(v))
            assert abs(np.asarray(turned.data)[0]) < 1e-9


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("data", [0.0, 1e-300, 1e-15, -1e-15, 1e-8, 1e-3, -6.0, 6.0, -30.0])
@pytest.mark.torch
def test_gelu_has_the_second_derivative_of_pytorch_near_0_and_in_its_tails(data: float, approximate: str) -> None:
    torch = pytest.importorskip("torch")
    t = torch.tensor(data, dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.gelu(t, approximate=approximate)
    (first,) = torch.autograd.grad(y, t, create_graph=True)
    (second,) = torch.autograd.grad(first, t)
    f = lambda x: ops.gelu(x, approximate)  # noqa: E731
    assert ops.grad(ops.grad(f))(data) == pytest.approx(second.item(), rel=1e-7, abs=1e-15)


def test_gelu_has_a_tail_in_single_precision() -> None:
    for data in (-6.0, -8.0, -10.0):
        exact = data * math.erfc(-data / math.sqrt(2)) / 2
        assert Tensor(np.float32(data)).gelu().item() == pytest.approx(exact, rel=1e-5)


# halves


@pytest.mark.parametrize(
    ("f", "value"),
    [
        (lambda x: x.mean(), 1.0),
        (lambda x: x.var(), 0.0),
        (lambda x: (x * 0.0).logsumexp(), math.log(70_000)),
        (lambda x: x.softmax().max() * 60_000.0, 6 / 7),
        (lambda x: -x.log_softmax().max(), math.log(70_000)),
    ],
    ids=["mean", "var", "logsumexp", "softmax", "log_softmax"],
)
def test_many_halves_are_added_up_in_single_precision(f: Callable[[Any], Any], value: float) -> None:
    x = Tensor(np.ones(70_000, np.float16), requires_grad=True)
    y = f(x)
    assert y.dtype == np.float16
    assert y.item() == pytest.approx(value, rel=0.02)
    y.backward()
    assert x.grad.dtype == np.float16
    assert np.isfinite(x.grad).all()


def test_long_doubles_and_halves_keep_their_type_in_scipys_functions() -> None:
    for dtype in (np.float16, np.longdouble):
        for op in (ops.erf, ops.erfc, ops.gelu):
            assert op(Tensor(np.array([0.5], dtype))).dtype == dtype


# empty axes


@pytest.mark.parametrize("op", [ops.softmax, ops.log_softmax], ids=lambda op: op.name)
def test_softmax_along_an_empty_axis_is_empty(array: Leaf, op: Any) -> None:
    x = array(np.zeros((0, 3)))
    y = op(x, axis=0)
    assert y.shape == (0, 3)
    assert _slope(lambda x: op(x, axis=0), x).shape in ((0, 3), ())


def test_logsumexp_of_nothing_is_minus_infinity(array: Leaf) -> None:
    np.testing.assert_array_equal(np.asarray(ops.logsumexp(array(np.zeros((0, 3))), axis=0).data), [-np.inf] * 3)


# no warnings

LOUD = {
    "log 0": lambda x: ops.log(x * 0.0),
    "1/0": lambda x: 1 / (x * 0.0),
    "0/0": lambda x: (x * 0.0) / (x * 0.0),
    "sqrt -1": lambda x: ops.sqrt(x * 0.0 - 1.0),
    "exp 1000": lambda x: ops.exp(x * 1000.0),
    "inf - inf": lambda x: x * np.inf - x * np.inf,
    "1e300**2": lambda x: (x * 1e300) ** 2,
    "a sum": lambda x: ops.sum(ops.stack([x * 1e308, x * 1e308])),
    "a masked row": lambda x: ops.softmax(ops.where(np.array([False]), ops.stack([x, x]), -np.inf)),
    "0 ** -1": lambda x: (x * 0.0) ** np.array(-1.0),
}


@pytest.mark.parametrize("f", LOUD.values(), ids=LOUD)
def test_infinities_and_nan_come_without_a_warning(array: Leaf, f: Callable[[Any], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = array([1.0])
        f(x).sum().backward()
        f(x).sum().backward(create_graph=True)
        ops.jvp(f, np.array([1.0]), np.array([1.0]))


@pytest.mark.usefixtures("scratch")
def test_a_rule_of_ones_own_comes_without_a_warning_too(array: Leaf) -> None:
    def reciprocal(xp, x, /):
        return 1 / x

    def reciprocal_partials(xp, y, x, /):
        return (-y * y,)

    op = declared(ops.pointwise((1, 2)), reciprocal, partials=reciprocal_partials)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        op(array([0.0])).sum().backward()


def test_an_op_leaves_numpys_own_warnings_as_they_were() -> None:
    before = np.geterr()
    Tensor([0.0], True).log().sum().backward()
    with pytest.raises(ops.ShapeError):
        ops.matmul(Tensor([[1.0]]), Tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert np.geterr() == before
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.log(np.zeros(1))
