"""The contract of an op: every law over every op of the registry, how an op is called, and its types."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ops
from ops.spec import sample
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests import laws
from tests.declaring import declared, scratch as scratch, square, square_partials

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


@pytest.mark.usefixtures("scratch")
def test_a_students_op_passes_every_law() -> None:
    op = declared(ops.pointwise((-2, 2)), square, partials=square_partials)
    tried = laws.check(op)
    assert {"adjoint identity", "slope", "rules of the rules", "engines agree"} <= set(tried)


@pytest.mark.usefixtures("scratch")
def test_a_wrong_partial_fails_in_one_sentence() -> None:
    def wrong_partials(xp, y, x, /):
        return (x,)

    op = declared(ops.pointwise((-2, 2)), square, partials=wrong_partials)
    with pytest.raises(AssertionError, match=r"^square\(\(2, 3\)\): slope: .* differ by"):
        laws.check(op)


@pytest.mark.usefixtures("scratch")
def test_every_law_that_reads_a_partial_refuses_a_wrong_one() -> None:
    def wrong_partials(xp, y, x, /):
        return (2 * x + 1e-3,)

    op = declared(ops.pointwise((-2, 2)), square, partials=wrong_partials)
    for each in laws.LAWS:
        if each.name in ("slope", "PyTorch", "proof"):
            pytest.importorskip(each.needs)
            with pytest.raises(AssertionError, match=each.name):
                each.hold(op)


@pytest.mark.usefixtures("scratch")
def test_a_wrong_second_derivative_fails_though_the_first_is_right() -> None:
    def frozen_partials(xp, y, x, /):
        return (2 * (x.data if hasattr(x, "op") else x),)

    op = declared(ops.pointwise((-2, 2)), square, partials=frozen_partials)
    with pytest.raises(AssertionError, match="rules of the rules"):
        laws.check(op)


@pytest.mark.usefixtures("scratch")
def test_a_wrong_adjoint_fails_the_adjoint_identity() -> None:
    def shift(xp, x, /):
        """Order turned round."""
        return xp.flip(x, axis=0)

    def shift_adjoint(xp, g, x, /):
        return g

    op = declared(ops.linear(sample((3,))), shift, adjoint=shift_adjoint)
    with pytest.raises(AssertionError, match="adjoint identity"):
        laws.check(op)


@pytest.mark.usefixtures("scratch")
def test_an_op_that_calls_itself_linear_and_is_not_fails_linearity() -> None:
    def shifted(xp, x, /):
        """Plus one."""
        return x + 1

    def shifted_adjoint(xp, g, x, /):
        return g

    op = declared(ops.linear(sample((3,))), shifted, adjoint=shifted_adjoint)
    (linearity,) = [each for each in laws.LAWS if each.name == "linearity"]
    with pytest.raises(AssertionError, match="linearity"):
        linearity.hold(op)


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


@pytest.mark.usefixtures("scratch")
def test_the_examples_of_contributing_pass_every_law() -> None:
    guide = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text()
    for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL):
        exec(block, {"ops": ops})
    for name in ("length", "tail", "dot"):
        assert "adjoint identity" in laws.check(ops.REGISTRY[name])
