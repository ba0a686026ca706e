"""The contract of an op: every law over every op of the registry, then what a registry cannot know."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import ops
from ops.spec import sample
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests import laws

CONTRACT = [
    pytest.param(each, op, id=f"{op.name}-{each.name}", marks=[pytest.mark.torch] if each.needs == "torch" else [])
    for op in ops.REGISTRY.values()
    for each in laws.LAWS
    if each.applies(op)
]


@pytest.mark.parametrize(("each", "op"), CONTRACT)
def test_law(each: laws.Law, op: Any) -> None:
    pytest.importorskip(each.needs)
    each.hold(op)


@pytest.mark.torch
def test_native_functions_of_torch_stand_for_ops_that_exist() -> None:
    pytest.importorskip("torch")
    from tests import torch_namespace

    assert set(torch_namespace.NATIVE) <= set(ops.REGISTRY)


# the laws themselves


@pytest.fixture
def scratch() -> Iterator[None]:
    """Ops declared inside a test go out of the registry again."""
    before = dict(ops.REGISTRY)
    yield
    for name in set(ops.REGISTRY) - set(before):
        ops.forget(name)


def _declared(kind: Callable[..., Any], forward: Callable[..., Any], **rules: Callable[..., Any]) -> Any:
    op = kind(forward)
    for role, rule in rules.items():
        getattr(op, role)(rule)
    return op


def square(xp, x, /):
    """Square."""
    return x * x


def square_partials(xp, y, x, /):
    return (2 * x,)


@pytest.mark.usefixtures("scratch")
def test_a_students_op_passes_every_law() -> None:
    op = _declared(ops.pointwise((-2, 2)), square, partials=square_partials)
    tried = laws.check(op)
    assert {"adjoint identity", "slope", "rules of the rules", "engines agree"} <= set(tried)


@pytest.mark.usefixtures("scratch")
def test_a_wrong_partial_fails_in_one_sentence() -> None:
    def wrong_partials(xp, y, x, /):
        return (x,)

    op = _declared(ops.pointwise((-2, 2)), square, partials=wrong_partials)
    with pytest.raises(AssertionError, match=r"^square\(\(2, 3\)\): slope: .* differ by"):
        laws.check(op)


@pytest.mark.usefixtures("scratch")
def test_every_law_that_reads_a_partial_refuses_a_wrong_one() -> None:
    def wrong_partials(xp, y, x, /):
        return (2 * x + 1e-3,)

    op = _declared(ops.pointwise((-2, 2)), square, partials=wrong_partials)
    for each in laws.LAWS:
        if each.name in ("slope", "PyTorch", "proof"):
            pytest.importorskip(each.needs)
            with pytest.raises(AssertionError, match=each.name):
                each.hold(op)


@pytest.mark.usefixtures("scratch")
def test_a_wrong_second_derivative_fails_though_the_first_is_right() -> None:
    def frozen_partials(xp, y, x, /):
        return (2 * (x.data if hasattr(x, "op") else x),)

    op = _declared(ops.pointwise((-2, 2)), square, partials=frozen_partials)
    with pytest.raises(AssertionError, match="rules of the rules"):
        laws.check(op)


@pytest.mark.usefixtures("scratch")
def test_a_wrong_adjoint_fails_the_adjoint_identity() -> None:
    def shift(xp, x, /):
        """Order turned round."""
        return xp.flip(x, axis=0)

    def shift_adjoint(xp, g, x, /):
        return g

    op = _declared(ops.linear(sample((3,))), shift, adjoint=shift_adjoint)
    with pytest.raises(AssertionError, match="adjoint identity"):
        laws.check(op)


@pytest.mark.usefixtures("scratch")
def test_an_op_that_calls_itself_linear_and_is_not_fails_linearity() -> None:
    def shifted(xp, x, /):
        """Plus one."""
        return x + 1

    def shifted_adjoint(xp, g, x, /):
        return g

    op = _declared(ops.linear(sample((3,))), shifted, adjoint=shifted_adjoint)
    (linearity,) = [each for each in laws.LAWS if each.name == "linearity"]
    with pytest.raises(AssertionError, match="linearity"):
        linearity.hold(op)


# gradcheck


def test_gradcheck_is_true_where_gradient_and_slope_agree(array: Callable[..., Any]) -> None:
    report = ops.gradcheck(lambda a, b: ops.tanh(a @ b), array([[0.3, -1.0]]), array([[0.5], [2.0]]))
    assert report
    assert report.checked == 4


@pytest.mark.usefixtures("scratch")
def test_gradcheck_names_the_element_whose_gradient_is_wrong() -> None:
    def wrong_partials(xp, y, x, /):
        return (xp.where(x > 1, 2 * x, x),)

    op = _declared(ops.pointwise((-2, 2)), square, partials=wrong_partials)
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


# declarations


@pytest.mark.usefixtures("scratch")
def test_declaring_an_op_twice_is_refused_and_the_first_stays() -> None:
    first = ops.pointwise((-2, 2))(square)
    with pytest.raises(ops.DeclarationError, match=r"square is declared already.*forget\('square'\)"):
        ops.pointwise((-2, 2))(square)
    assert ops.REGISTRY["square"] is first


@pytest.mark.usefixtures("scratch")
def test_a_second_rule_is_refused_and_the_first_stays() -> None:
    op = _declared(ops.pointwise(), square, partials=square_partials)
    with pytest.raises(ops.DeclarationError, match="square already has its partials rule: square_partials"):
        op.partials(square_partials)
    assert op.rules["partials"] is square_partials


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("role", ["adjoint", "defvjp", "defjvp"])
def test_a_rule_of_the_wrong_kind_is_refused(role: str) -> None:
    op = ops.pointwise()(square)
    with pytest.raises(ops.DeclarationError, match=f"square is pointwise: it declares partials, not {role}"):
        getattr(op, role)(square_partials)
    assert not op.rules


@pytest.mark.usefixtures("scratch")
def test_a_lambda_is_no_rule() -> None:
    with pytest.raises(ops.DeclarationError, match="named function"):
        ops.pointwise()(lambda xp, x, /: x)
    op = ops.pointwise()(square)
    with pytest.raises(ops.DeclarationError, match="named function"):
        op.partials(lambda xp, y, x, /: (x,))


@pytest.mark.usefixtures("scratch")
def test_a_wrong_number_of_partials_is_refused_at_declaration() -> None:
    def blend(xp, a, b, /):
        """Product."""
        return a * b

    def blend_partials(xp, y, a, b, /):
        return (b,)

    with pytest.raises(ops.DeclarationError, match=r"blend_partials must return.*\(a, b\).*1 entries"):
        ops.pointwise()(blend).partials(blend_partials)


@pytest.mark.usefixtures("scratch")
def test_a_rule_with_the_wrong_arguments_is_refused() -> None:
    def short_partials(xp, x, /):
        return (x,)

    with pytest.raises(ops.DeclarationError, match=r"takes \(xp, y, x, /\), but short_partials takes \(xp, x, /\)"):
        ops.pointwise()(square).partials(short_partials)


def test_an_op_without_an_array_is_refused() -> None:
    def nothing(xp, x):
        """No slash."""
        return x

    with pytest.raises(ops.DeclarationError, match="before the slash"):
        ops.pointwise()(nothing)
    assert "nothing" not in ops.REGISTRY


@pytest.mark.usefixtures("scratch")
def test_a_missing_rule_is_named_when_it_is_used(number: Callable[..., Any]) -> None:
    op = ops.pointwise()(square)
    x = number(3.0)
    y = op(x)
    assert float(y.data) == 9.0
    with pytest.raises(ops.DeclarationError, match="square has no derivative yet: declare its partials rule"):
        y.backward()


@pytest.mark.usefixtures("scratch")
def test_a_forgotten_op_can_be_declared_again() -> None:
    ops.pointwise()(square)
    ops.forget("square")
    assert "square" not in ops.REGISTRY
    with pytest.raises(AttributeError, match="square"):
        _ = ops.square
    again = ops.pointwise()(square)
    assert ops.square is again


def test_forgetting_what_was_never_declared_names_it() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        ops.forget("nonsense")


@pytest.mark.usefixtures("scratch")
def test_a_declared_op_is_found_in_the_package_and_in_other_rules(array: Callable[..., Any]) -> None:
    _declared(ops.pointwise(), square, partials=square_partials)

    def fourth(xp, x, /):
        """Fourth power."""
        return xp.square(xp.square(x))

    def fourth_partials(xp, y, x, /):
        return (4 * x * xp.square(x),)

    op = _declared(ops.pointwise(), fourth, partials=fourth_partials)
    x = array([1.0, 2.0])
    op(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [4.0, 32.0])


# calling


def test_numbers_give_a_number() -> None:
    assert type(ops.tanh(0.5)) is float
    assert type(ops.add(1, 2.5)) is float


@pytest.mark.parametrize("data", [[0.5, 1.0], np.array([0.5, 1.0]), (0.5, 1.0)], ids=["list", "array", "tuple"])
def test_lists_and_arrays_give_an_array(data: Any) -> None:
    y = ops.exp(data)
    assert isinstance(y, np.ndarray)
    np.testing.assert_allclose(y, [1.6487212707001282, 2.718281828459045], rtol=1e-15)


def test_nodes_give_nodes_of_their_engine(number: Callable[..., Any]) -> None:
    x = number(0.5)
    assert type(ops.tanh(x)) is type(x)
    assert type(ops.add(1, x)) is type(ops.mul(x, 2.0)) is type(x)


def test_arrays_and_lists_mix_in_on_either_side(array: Callable[..., Any]) -> None:
    x = array([1.0, 2.0])
    for other in (np.array([3.0, 4.0]), [3.0, 4.0]):
        for y in (x * other, other * x, ops.mul(x, other), ops.mul(other, x)):
            assert type(y) is type(x)
            np.testing.assert_array_equal(y.data, [3.0, 8.0])


@pytest.mark.parametrize("scalar", [np.float64(2.0), np.float32(2.0), np.int64(2), np.array(2.0)], ids=repr)
def test_numpys_numbers_stand_on_either_side(number: Callable[..., Any], scalar: Any) -> None:
    for f, value, slope in (
        (lambda x: scalar * x, 6.0, 2.0),
        (lambda x: x * scalar, 6.0, 2.0),
        (lambda x: scalar - x, -1.0, -1.0),
        (lambda x: x / scalar, 1.5, 0.5),
        (lambda x: x**scalar, 9.0, 6.0),
    ):
        x = number(3.0)
        y = f(x)
        assert type(y) is type(x)
        y.backward()
        assert (float(y.data), float(x.grad)) == (value, slope)


def test_an_array_that_an_op_takes_twice_gets_both_gradients(array: Callable[..., Any]) -> None:
    for f, wanted in (
        (lambda x: ops.concat([x, x, x]).sum(), [[3.0, 3.0], [3.0, 3.0]]),
        (lambda x: (ops.stack([x, 2.0 * x]) * 1.0).sum(), [[3.0, 3.0], [3.0, 3.0]]),
        (lambda x: (x @ x).sum(), [[7.0, 11.0], [9.0, 13.0]]),
        (lambda x: ops.where(np.array([True, False]), x, x).sum(), [[1.0, 1.0], [1.0, 1.0]]),
    ):
        x = array([[1.0, 2.0], [3.0, 4.0]])
        f(x).backward()
        np.testing.assert_array_equal(x.grad, wanted)


def test_a_value_among_value_arrays_keeps_its_graph() -> None:
    v, x = Value(3.0), ValueArray([1.0, 2.0], requires_grad=True)
    for y in (v * x, x * v):
        assert type(y) is ValueArray
        v.grad = 0
        y.sum().backward()
        assert v.grad == 3.0


MIXED = [
    ("Value and Tensor", lambda: (Value(1.0), Tensor([1.0], requires_grad=True))),
    ("ValueArray and Tensor", lambda: (ValueArray([1.0], requires_grad=True), Tensor([1.0], requires_grad=True))),
]


@pytest.mark.parametrize("pair", [make for _, make in MIXED], ids=[name for name, _ in MIXED])
@pytest.mark.parametrize("op", ["add", "mul", "maximum", "matmul", "where", "concat"])
def test_engines_do_not_mix(pair: Callable[[], tuple[Any, Any]], op: str) -> None:
    a, b = pair()
    arguments = {"where": (True, a, b), "concat": ([a, b],)}.get(op, (a, b))
    with pytest.raises(ops.EngineError) as caught:
        ops.REGISTRY[op](*arguments)
    assert all(text in str(caught.value) for text in (op, type(a).__name__, type(b).__name__, ".data"))


@pytest.mark.parametrize("bad", ["1.0", None, 1j, object(), {}], ids=["string", "None", "complex", "object", "dict"])
@pytest.mark.parametrize("name", ["add", "mul", "maximum"])
def test_what_is_no_number_is_refused_as_an_operand(number: Callable[..., Any], name: str, bad: Any) -> None:
    x = number(1.0)
    for pair in ((x, bad), (bad, x)):
        with pytest.raises(TypeError, match="number"):
            ops.REGISTRY[name](*pair)


def test_a_call_that_does_not_fit_shows_the_signature_and_what_was_given() -> None:
    with pytest.raises(TypeError, match=r"tanh\(x, /\) does not take \(float, float\)"):
        ops.REGISTRY["tanh"](1.0, 2.0)
    with pytest.raises(TypeError, match=r"sum\(.*does not take.*axes=1"):
        ops.REGISTRY["sum"]([1.0], axes=1)


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


@pytest.mark.parametrize("op", [ops.max, ops.min, ops.logsumexp], ids=["max", "min", "logsumexp"])
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


# index forms

INDICES = {
    "integer": 1,
    "negative": -1,
    "slice": slice(1, 3),
    "negative step": slice(None, None, -2),
    "backwards": (slice(3, 0, -1), slice(None, None, -1)),
    "None": (None, 1),
    "None inside": (slice(None), None, 2),
    "Ellipsis": (..., 0),
    "Ellipsis and None": (None, ..., None),
    "empty": slice(0, 0),
    "all": (),
    "pair": (2, 1),
    "mask": np.arange(12).reshape(4, 3) % 2 == 0,
    "mask of rows": [True, False, True, True],
    "mask as an array": np.array([True, False, False, True]),
    "nothing in the mask": np.zeros((4, 3), bool),
    "repeated": [0, 2, 0, 0],
    "repeated negative": np.array([-1, 3, -1]),
    "two lists": ([0, 1, 0], [2, 2, 2]),
    "open mesh": ([[0], [3]], [0, 2, 2]),
    "list and slice": ([0, 0, 1], slice(None, None, -1)),
    "slice and list": (slice(1, None), [0, 0]),
    "list and integer": ([1, 1, 3], 0),
    "NumPy integer": np.int64(2),
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_index_forms_pick_as_numpy_and_send_back_to_where_they_picked(array: Callable[..., Any], index: Any) -> None:
    data = np.random.default_rng(1).normal(size=(4, 3))
    x = array(data)
    y = x[index]
    np.testing.assert_array_equal(y.data, data[index])
    g = np.random.default_rng(2).normal(size=y.shape)
    y.backward(g)
    source = np.asarray(np.arange(12).reshape(4, 3)[index])
    wanted = np.bincount(source.ravel(), weights=g.ravel(), minlength=12).reshape(4, 3)
    found = np.zeros((4, 3)) if x.grad is None else x.grad
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_index_forms_have_a_zero_second_derivative(array: Callable[..., Any], index: Any) -> None:
    x = array(np.arange(12.0).reshape(4, 3))
    second = ops.hvp(lambda v: ops.sum(v[index] * v[index]), x, type(x)(np.ones((4, 3))))
    counted = np.bincount(np.asarray(np.arange(12).reshape(4, 3)[index]).ravel(), minlength=12).reshape(4, 3)
    np.testing.assert_allclose(second.data, 2.0 * counted, atol=1e-12)


def test_an_index_list_changed_after_forward_does_not_change_the_gradient(array: Callable[..., Any]) -> None:
    for index in ([0, 0], np.array([0, 0])):
        x = array([1.0, 2.0])
        y = x[index].sum()
        index[0] = 1
        y.backward()
        np.testing.assert_array_equal(x.grad, [2.0, 0.0])


def test_a_node_serves_as_a_mask_or_an_index(array: Callable[..., Any]) -> None:
    x = array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(x[x > 1.5].data, [3.0, 2.0])
    rows = [row.item() for row in x]
    assert rows == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("index", [4, -5, (0, 3), [0, 9], np.array([7])], ids=str)
def test_an_index_out_of_range_is_an_index_error_that_shows_the_shape(array: Callable[..., Any], index: Any) -> None:
    with pytest.raises(IndexError, match=r"getitem.*\(4, 3\)"):
        _ = array(np.zeros((4, 3)))[index]


@pytest.mark.parametrize("index", [1.0, "a", (0, 1.5)], ids=str)
def test_an_index_that_is_none_names_what_may_stand_there(array: Callable[..., Any], index: Any) -> None:
    with pytest.raises(IndexError, match="an integer, a slice"):
        _ = array(np.zeros((4, 3)))[index]


# frames and windows

PADS = list(product(("constant", "reflect", "edge", "wrap"), (0, 1, (1, 2), ((0, 1), (2, 1)), ((2,), (1,)))))


@pytest.mark.parametrize(("mode", "width"), PADS, ids=str)
def test_pad_is_numpys_and_sends_back_to_where_it_copied(array: Callable[..., Any], mode: Any, width: Any) -> None:
    data = np.random.default_rng(3).normal(size=(3, 4))
    x = array(data)
    y = ops.pad(x, width, mode=mode)
    np.testing.assert_array_equal(y.data, np.pad(data, width, mode=mode))
    g = np.random.default_rng(4).normal(size=y.shape)
    y.backward(g)
    outside: dict[str, Any] = {"constant_values": 12} if mode == "constant" else {}
    source = np.pad(np.arange(12).reshape(3, 4), width, mode=mode, **outside)
    wanted = np.bincount(source.ravel(), weights=g.ravel(), minlength=13)[:12].reshape(3, 4)
    np.testing.assert_allclose(x.grad, wanted, atol=1e-12)


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_pad_wider_than_the_array_goes_on_as_numpys(array: Callable[..., Any], mode: Any) -> None:
    for size in (1, 2, 3):
        x = array(np.arange(1.0, size + 1))
        y = ops.pad(x, (7, 5), mode=mode)
        np.testing.assert_array_equal(y.data, np.pad(np.arange(1.0, size + 1), (7, 5), mode=mode))
        y.backward(np.ones(y.shape))
        counted = np.bincount(np.pad(np.arange(size), (7, 5), mode=mode), minlength=size)
        np.testing.assert_array_equal(x.grad, counted)


def test_pad_fills_with_its_constant(array: Callable[..., Any]) -> None:
    x = array([1.0, 2.0])
    y = ops.pad(x, (2, 1), constant_values=-1.5)
    np.testing.assert_array_equal(y.data, [-1.5, -1.5, 1.0, 2.0, -1.5])
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


@pytest.mark.torch
@pytest.mark.parametrize(("mode", "width"), [(m, w) for m, w in PADS if w != ((2,), (1,)) or m != "reflect"], ids=str)
def test_pad_gradient_is_torchs(mode: str, width: Any) -> None:
    pytest.importorskip("torch")
    from tests import torch_namespace

    data = np.random.default_rng(3).normal(size=(3, 4))
    x, theirs = Tensor(data, requires_grad=True), torch_namespace.leaf(data)
    y = ops.pad(x, width, mode=mode)
    g = np.random.default_rng(4).normal(size=y.shape)
    y.backward(g)
    z = torch_namespace.NATIVE["pad"](theirs, width, mode, 0)
    np.testing.assert_array_equal(y.data, z.detach().numpy())
    np.testing.assert_allclose(x.grad, torch_namespace.gradients(z, g, [theirs])[0], atol=1e-12)


@pytest.mark.parametrize("width", [-1, (1, 2, 3), ((1, 1),) * 3, 1.5], ids=str)
def test_a_frame_that_does_not_fit_is_refused(array: Callable[..., Any], width: Any) -> None:
    with pytest.raises((ops.ShapeError, TypeError), match="pad_width"):
        ops.pad(array(np.zeros((2, 3))), width)


def test_an_unknown_pad_mode_lists_the_modes(array: Callable[..., Any]) -> None:
    with pytest.raises(ops.ParameterError, match=r"'mirror'.*constant.*reflect.*edge.*wrap"):
        ops.pad(array([1.0]), 1, mode="mirror")


window = st.tuples(*[st.integers(1, 3)] * 3, st.integers(0, 3))


@settings(derandomize=True, deadline=None, max_examples=60, database=None)
@given(st.lists(window, min_size=1, max_size=2))
def test_windows_and_overlap_add_are_adjoint(drawn: list[tuple[int, int, int, int]]) -> None:
    size, stride, dilation, spare = zip(*drawn)
    shape = (2, *((k - 1) * d + 1 + r for k, d, r in zip(size, dilation, spare)))
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    y = ops.windows(x, size, stride, dilation)
    w = rng.normal(size=y.shape)
    back = ops.overlap_add(w, shape, size, stride, dilation)
    np.testing.assert_allclose(np.sum(y * w), np.sum(x * back), rtol=1e-10, atol=1e-10)


@settings(derandomize=True, deadline=None, max_examples=60, database=None)
@given(window)
def test_a_window_holds_the_numbers_that_it_slides_over(drawn: tuple[int, int, int, int]) -> None:
    size, stride, dilation, spare = drawn
    x = np.arange(float((size - 1) * dilation + 1 + spare))
    starts = range(0, spare + 1, stride)
    wanted = [[x[start + k * dilation] for k in range(size)] for start in starts]
    np.testing.assert_array_equal(ops.windows(x, size, stride, dilation), wanted)


@pytest.mark.parametrize("options", [{"size": 6}, {"size": 0}, {"size": 2, "stride": 0}, {"size": 3, "dilation": 3}])
def test_windows_that_do_not_fit_are_refused(array: Callable[..., Any], options: Any) -> None:
    with pytest.raises(ops.ShapeError, match="window"):
        ops.windows(array(np.zeros(5)), **options)


# matrix products

MATMULS = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((3,), (5, 3, 2)),
    ((5, 2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((4, 1, 2, 3), (5, 3, 2)),
    ((1, 2, 3), (5, 3, 2)),
    ((1, 1), (1, 1)),
]


@pytest.mark.parametrize(("a_shape", "b_shape"), MATMULS, ids=str)
def test_matmul_of_vectors_and_batches_is_numpys(array: Callable[..., Any], a_shape: Any, b_shape: Any) -> None:
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=a_shape), rng.normal(size=b_shape)
    y = array(a) @ array(b)
    np.testing.assert_allclose(y.data, a @ b, rtol=1e-12)
    np.testing.assert_allclose((a @ array(b)).data, a @ b, rtol=1e-12)
    np.testing.assert_allclose((array(a) @ b).data, a @ b, rtol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize(("a_shape", "b_shape"), MATMULS, ids=str)
def test_matmul_gradients_are_torchs(array: Callable[..., Any], a_shape: Any, b_shape: Any) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    data = [rng.normal(size=a_shape), rng.normal(size=b_shape)]
    ours, theirs = [array(x) for x in data], [torch.tensor(x, requires_grad=True) for x in data]
    y, z = ours[0] @ ours[1], theirs[0] @ theirs[1]
    g = rng.normal(size=y.shape)
    y.backward(g)
    z.backward(torch.tensor(g))
    for x, t in zip(ours, theirs):
        np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("a_shape", "b_shape", "says"),
    [
        ((3, 4), (5, 2), r"matmul: \(3, 4\) @ \(5, 2\): the inner sizes 4 and 5 differ"),
        ((3, 4), (5, 4), r"the inner sizes 4 and 5 differ; did you mean a @ b\.mT\?"),
        ((4, 3), (4, 5), r"did you mean a\.mT @ b\?"),
        ((3,), (4, 2), "inner sizes 3 and 4 differ"),
        ((2, 3), (4,), "inner sizes 3 and 4 differ"),
        ((2, 2, 3), (3, 3, 4), "batches.*do not broadcast"),
        ((), (3,), "a number has no axis"),
    ],
)
def test_shapes_that_do_not_multiply_are_explained(array: Callable[..., Any], a_shape: Any, b_shape: Any, says: str):
    with pytest.raises(ops.ShapeError, match=says):
        _ = array(np.zeros(a_shape)) @ array(np.zeros(b_shape))


# types

FLOAT32 = [op for op in ops.REGISTRY.values() if op.name != "astype"]


@pytest.mark.parametrize("op", FLOAT32, ids=lambda op: op.name)
def test_float32_stays_float32_through_an_op_and_back(op: Any) -> None:
    for case in laws.cases(op):
        single = [x.astype(np.float32) if x.dtype == float else x for x in case.arrays]
        leaves = [Tensor(x, requires_grad=x.dtype == np.float32) for x in single]
        y = case.call(*leaves)
        assert y.dtype == np.float32
        y.backward(np.ones(y.shape))
        assert all(x.grad is None or x.grad.dtype == np.float32 for x in leaves)


@pytest.mark.parametrize("op", FLOAT32, ids=lambda op: op.name)
def test_float32_stays_float32_in_gradients_of_gradients(op: Any) -> None:
    for case in laws.cases(op):
        leaves = [Tensor(x.astype(np.float32), requires_grad=True) for x in case.inputs()]
        y = ops.sum(case.function(*leaves))
        y.backward(create_graph=True)
        assert all(x.grad is None or x.grad.dtype == np.float32 for x in leaves)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "power", "maximum", "minimum"])
@pytest.mark.parametrize("other", [2, 2.5, True, np.float32(2.0)], ids=repr)
def test_a_python_number_never_promotes_float32(name: str, other: Any) -> None:
    op = ops.REGISTRY[name]
    for swapped in (False, True):
        x = Tensor(np.array([0.5, 1.5], np.float32), requires_grad=True)
        y = op(other, x) if swapped else op(x, other)
        assert y.dtype == np.float32
        y.sum().backward()
        assert x.grad.dtype == np.float32


def test_python_numbers_become_float64_and_arrays_keep_their_type() -> None:
    assert Tensor([1, 2]).dtype == Tensor(3).dtype == Tensor([1.5]).dtype == np.float64
    assert Tensor(np.array([1, 2])).dtype == np.array([1, 2]).dtype
    assert Tensor(np.array([1.5], np.float32)).dtype == np.float32
    assert Tensor([1.5], dtype=np.float32).dtype == np.float32


def test_astype_carries_the_gradient_back_in_the_type_of_its_source() -> None:
    x = Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    y = x.astype(np.float64) * 3.0
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])


CONSTANTS = {
    "integers": np.array([2, 3]),
    "small integers": np.array([2, 3], np.int8),
    "booleans": np.array([True, False]),
}


@pytest.mark.parametrize("constant", CONSTANTS.values(), ids=CONSTANTS)
def test_integer_and_boolean_arrays_serve_as_constants(array: Callable[..., Any], constant: Any) -> None:
    x = array([0.5, 1.5])
    for y in (x * constant, constant * x):
        np.testing.assert_array_equal(y.data, np.array([0.5, 1.5]) * constant)
        x.grad = None
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, constant.astype(float))


def test_where_takes_a_mask_and_sends_each_gradient_to_its_side(array: Callable[..., Any]) -> None:
    a, b = array([1.0, 2.0, 3.0]), array(10.0)
    y = ops.where(np.array([True, False, True]), a, b)
    np.testing.assert_array_equal(y.data, [1.0, 10.0, 3.0])
    y.sum().backward()
    np.testing.assert_array_equal(a.grad, [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(b.grad, 1.0)


def test_where_on_a_comparison_of_nodes_follows_the_larger(array: Callable[..., Any]) -> None:
    a, b = array([1.0, 5.0]), array([3.0, 4.0])
    y = ops.where(a > b, a, b)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [3.0, 5.0])
    np.testing.assert_array_equal((a.grad, b.grad), ([0.0, 1.0], [1.0, 0.0]))


def test_no_op_warns_on_the_numbers_of_its_own_domain() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for op in ops.REGISTRY.values():
            for case in laws.cases(op):
                case.call(*case.arrays)


# axes that are not there

BAD_AXES = [
    ("sum", {"axis": 2}),
    ("sum", {"axis": -3}),
    ("mean", {"axis": 2}),
    ("var", {"axis": (0, 2)}),
    ("max", {"axis": 2}),
    ("min", {"axis": 5}),
    ("prod", {"axis": 2}),
    ("logsumexp", {"axis": 2}),
    ("softmax", {"axis": 2}),
    ("log_softmax", {"axis": -3}),
    ("squeeze", {"axis": 2}),
    ("flip", {"axis": 2}),
    ("expand_dims", {"axis": 4}),
    ("permute_dims", {"axes": (0, 2)}),
]


@pytest.mark.parametrize(("name", "params"), BAD_AXES, ids=[f"{n} {p}" for n, p in BAD_AXES])
def test_an_axis_that_is_not_there_is_named(array: Callable[..., Any], name: str, params: Any) -> None:
    x = array(np.zeros((2, 3)))
    with pytest.raises(ops.ShapeError, match=rf"{name}.*(no axis|must name)") as caught:
        ops.REGISTRY[name](x, **params)
    assert "axes" in str(caught.value)
    assert x.grad is None


@pytest.mark.parametrize("name", ["concat", "stack"])
def test_an_axis_that_is_not_there_is_refused_in_joining(array: Callable[..., Any], name: str) -> None:
    with pytest.raises(ops.ShapeError, match=f"{name}.*axis 5"):
        ops.REGISTRY[name]([array([1.0]), array([2.0])], axis=5)


@pytest.mark.parametrize("name", ["sum", "max", "logsumexp"])
def test_an_axis_named_twice_is_refused(array: Callable[..., Any], name: str) -> None:
    with pytest.raises(ops.ShapeError, match="twice"):
        ops.REGISTRY[name](array(np.zeros((2, 3))), axis=(0, -2))


SHAPES_THAT_DO_NOT_FIT = [
    ("reshape", lambda x: x.reshape(4, 2), r"\(2, 3\) holds 6 elements.*\(4, 2\)"),
    ("broadcast_to", lambda x: ops.broadcast_to(x, (4, 3)), r"\(2, 3\) does not stretch to \(4, 3\)"),
    ("squeeze", lambda x: ops.squeeze(x, 1), r"axis 1 of \(2, 3\) has size 3"),
    ("concat", lambda x: ops.concat([x, x[:, :2]]), r"\(2, 3\) and \(2, 2\) do not join"),
    ("stack", lambda x: ops.stack([x, x[:1]]), r"\(2, 3\) and \(1, 3\) do not stack"),
    ("add", lambda x: x + np.zeros((2, 2)), r"\(2, 3\) and \(2, 2\) do not broadcast: on axis -1 the sizes 2 and 3"),
    ("concat of nothing", lambda x: ops.concat([]), "concat"),
]


@pytest.mark.parametrize(
    ("call", "says"), [case[1:] for case in SHAPES_THAT_DO_NOT_FIT], ids=[case[0] for case in SHAPES_THAT_DO_NOT_FIT]
)
def test_shapes_that_do_not_fit_are_shown(array: Callable[..., Any], call: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(ops.ShapeError, match=says):
        call(array(np.zeros((2, 3))))


@pytest.mark.parametrize("name", ["add", "mul", "div", "power", "maximum", "where"])
def test_shapes_that_do_not_broadcast_are_shown(array: Callable[..., Any], name: str) -> None:
    arguments = [array(np.ones((2, 3))), array(np.ones((3, 2)))]
    if name == "where":
        arguments.insert(0, np.array(True))
    with pytest.raises(ops.ShapeError, match=rf"{name}: .*\(2, 3\) and \(3, 2\) do not broadcast"):
        ops.REGISTRY[name](*arguments)


def test_gelu_of_an_unknown_form_lists_the_forms(number: Callable[..., Any]) -> None:
    with pytest.raises(ops.ParameterError, match=r"'sigmoid'.*none.*tanh"):
        ops.gelu(number(1.0), approximate="sigmoid")


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
