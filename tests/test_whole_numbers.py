"""Whole numbers and booleans: an op that computes makes floats of them first, one that moves keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ops
import tensor
from scalar.array import ValueArray
from tensor import Tensor
from tests import laws

WHOLE = [np.dtype(code) for code in ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")]
COMPUTES = [op for op in ops.REGISTRY.values() if not op.moves]
MOVES = [op for op in ops.REGISTRY.values() if op.moves and op.name != "astype"]


def _whole(case: laws.Case, dtype: Any) -> list[Any]:
    """Whole numbers in the shapes of the case, large enough that sums and products of small types would wrap round."""
    high = 2 if dtype.kind == "b" else 120
    return [
        case.rng.integers(0, high, x.shape).astype(dtype) if i in case.varied else x for i, x in enumerate(case.arrays)
    ]


@pytest.mark.parametrize("dtype", WHOLE, ids=str)
@pytest.mark.parametrize("op", COMPUTES, ids=lambda op: op.name)
def test_an_op_computes_with_whole_numbers_as_with_floats(op: Any, dtype: Any) -> None:
    for case in laws.cases(op):
        given = _whole(case, dtype)
        wanted = case.call(*[x.astype(float) if i in case.varied else x for i, x in enumerate(given)])
        for engine in (np.asarray, Tensor, ValueArray):
            y = case.call(*[engine(x) if i in case.varied else x for i, x in enumerate(given)])
            np.testing.assert_allclose(np.asarray(y, float), wanted, rtol=1e-12)
            assert np.asarray(y).dtype == np.float64


@pytest.mark.parametrize("op", MOVES, ids=lambda op: op.name)
def test_an_op_that_moves_numbers_keeps_whole_ones(op: Any) -> None:
    for case in laws.cases(op):
        given = [x.astype(np.int16) for x in case.arrays]
        for engine in (np.asarray, Tensor):
            assert case.call(*map(engine, given)).dtype == np.int16


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64], ids=lambda t: t.__name__)
@pytest.mark.parametrize("whole", WHOLE, ids=str)
def test_whole_numbers_take_the_type_of_the_floats_beside_them(whole: Any, dtype: Any) -> None:
    x, k = Tensor(np.array([0.5, 1.5], dtype), requires_grad=True), np.array([1, 0]).astype(whole)
    for y in (x * k, k * x, x + Tensor(k), Tensor(k) - x, ops.maximum(x, k), ops.where(k > 0, x, k), ops.power(x, k)):
        assert y.dtype == dtype
        x.grad = None
        y.sum().backward()
        assert np.asarray(x.grad).dtype == dtype


@pytest.mark.parametrize("scalar", [np.float64(2.0), np.int64(2), np.arange(4.0).mean(), np.bool_(True)], ids=repr)
def test_a_single_number_of_numpy_never_promotes_float32(scalar: Any) -> None:
    x = Tensor(np.array([0.5, 1.5], np.float32), requires_grad=True)
    for y in (x * scalar, scalar * x, x - scalar, scalar / (x + 1.0), ops.maximum(x, scalar), x**scalar):
        assert y.dtype == np.float32


@pytest.mark.parametrize("numbers", [[1.0, 2.0], [1, 2], (0.5, 1.5)], ids=repr)
def test_a_list_of_pythons_numbers_never_promotes_float32(numbers: Any) -> None:
    x = Tensor(np.array([0.5, 1.5], np.float32), requires_grad=True)
    for y in (x * numbers, numbers * x, x - numbers, ops.maximum(x, numbers), ops.concat([x, ops.exp(x)]) + [1.0] * 4):
        assert y.dtype == np.float32
    assert (x * np.array([1.0, 2.0])).dtype == np.float64  # an array has a type of its own


def test_whole_numbers_alone_become_floats_of_the_default_type() -> None:
    tensor.set_default_dtype(np.float32)
    try:
        assert ops.sigmoid(np.array([3])).dtype == (Tensor(np.array([3])) * 2).dtype == np.float32
    finally:
        tensor.set_default_dtype(np.float64)


def test_a_rule_does_not_wrap_round_either() -> None:
    x = Tensor([2.0, 3.0], requires_grad=True)
    ops.power(x, np.array([0, 1], np.uint8)).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 1.0])
    x.grad = None
    ops.div(x, np.array([200, 100], np.uint8)).sum().backward()
    np.testing.assert_allclose(np.asarray(x.grad), [1 / 200, 1 / 100])


def test_a_tensor_of_whole_numbers_stays_in_the_graph_by_its_label() -> None:
    x, k = Tensor([1.0, 2.0], requires_grad=True, label="x"), Tensor(np.array([3, 4]), label="k")
    y = x * k
    assert [arg.label for arg in y.args] == ["x", "k"]
    assert k.dtype.kind == "i"
    k.data = np.array([5, 6])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])


@pytest.mark.parametrize("dtype", [int, bool, np.uint8, "int64"], ids=str)
def test_a_node_that_asks_does_not_become_whole_numbers(dtype: Any) -> None:
    for engine in (Tensor, ValueArray):
        x = engine([1.5, 2.0], requires_grad=True)
        with pytest.raises(TypeError, match=r"^astype: whole numbers and booleans have no slope"):
            x.astype(dtype)
    assert Tensor([1.5, 2.0]).astype(dtype).dtype == np.dtype(dtype)
    with pytest.raises(TypeError, match=r"^astype: whole numbers"):
        ops.grad(lambda x: (x.astype(dtype) * 3.5).sum())(np.array([1.5]))


@pytest.mark.parametrize("join", [ops.concat, ops.stack], ids=lambda op: op.name)
@pytest.mark.parametrize("whole", WHOLE, ids=str)
def test_whole_numbers_joined_to_floats_take_their_type(join: Any, whole: Any) -> None:
    k = np.array([1, 0]).astype(whole)
    for x in (Tensor(np.array([0.5, 1.5], np.float32), requires_grad=True), np.array([0.5, 1.5], np.float32)):
        assert join([x, k]).dtype == join([k, x]).dtype == np.float32
    assert join([k, k]).dtype == whole


def test_a_list_in_a_product_widens_nothing() -> None:
    x = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    assert (x @ [3.0, 4.0]).dtype == ([3.0, 4.0] @ x).dtype == np.float32


def test_a_tangent_has_the_type_of_its_primal() -> None:
    x = np.ones(2, np.float32)
    assert ops.jvp(ops.exp, x, np.ones(2))[1].dtype == ops.hvp(lambda x: ops.sum(x * x), x, np.ones(2)).dtype == x.dtype


def test_numbers_too_large_for_a_type_are_infinite_without_a_warning() -> None:
    half, single = Tensor(np.ones(2, np.float16)), Tensor(np.ones(2, np.float32))
    for y in (
        single * 1e39,
        half * 70_000,
        half + [70_000.0, 7e4],
        ops.maximum(half, 1e6),
        half * np.array([70_000] * 2),
    ):
        assert np.isinf(y.numpy()).all()
    assert np.isinf(Tensor([70_000.0]).astype(np.float16).numpy()).all()
