"""What the Tensor engine does to go through memory well changes no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import ops
from tensor import Tensor
from tensor.arrays import SMALL
from tensor.scattered import Scattered

Array = np.ndarray[Any, Any]


def leaf(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True)


# slices


@pytest.mark.parametrize("indices", [[0, 1, 2, 3], [2, 2, 0], [slice(1, 3), slice(0, 2)], [[0, 0, 3], [3, 1]]])
def test_what_is_picked_in_parts_sends_back_what_a_product_with_a_mask_would(indices: list[Any]) -> None:
    x, times = leaf(4, 3), np.zeros((4, 3))
    for i, index in enumerate(indices):
        np.add.at(times, index, i + 1.0)
    total = sum((i + 1.0) * x[index].sum() for i, index in enumerate(indices))
    (total + (x * x).sum()).backward()
    np.testing.assert_allclose(x.grad, times + 2 * x.data)


def test_a_scattered_gradient_answers_as_the_array_it_stands_for() -> None:
    one = Scattered(np.array([1.0, 2.0]), [1, 1], (3,))
    assert np.asarray(one).tolist() == [0, 3, 0]
    assert (2 * one - 1).tolist() == [-1, 5, -1]
    assert (one.reshape(3, 1).shape, one[1], np.add.reduce(one)) == ((3, 1), 3, 3)
    total = np.ones(3)
    same = total
    total += one
    assert total is same
    assert total.tolist() == [1, 4, 1]


def test_a_scattered_gradient_leaves_what_it_is_added_to_as_it_is() -> None:
    before = np.ones(3)
    assert (before + Scattered(np.ones(1), slice(0, 1), (3,))).tolist() == [2, 1, 1]
    assert before.tolist() == [1, 1, 1]


# memory order


@pytest.mark.parametrize("layer", [nn.Linear(3, 5, rng=0), nn.RNN(3, 5, rng=0), nn.MultiHeadAttention(4, 2, rng=0)])
def test_a_weight_its_gradient_and_its_update_lie_in_one_order(layer: nn.Module) -> None:
    weight = next(p for p in layer.parameters() if p.ndim == 2)
    y = layer(np.ones((2, 6, weight.shape[1])))
    ops.sum(y[0] if isinstance(y, tuple) else y).backward()
    assert weight.grad.flags.f_contiguous
    nn.SGD([weight], lr=0.1).step()
    assert weight.data.flags.f_contiguous
    weight.data = np.ones(weight.shape)
    assert weight.data.flags.f_contiguous


def test_arrays_in_any_order_have_the_same_gradients() -> None:
    numbers = np.random.default_rng(0).normal(size=(2, 3, 40, 40))
    assert numbers.size > SMALL
    grads = []
    for order in ((0, 1, 2, 3), (0, 2, 3, 1), (3, 1, 0, 2)):
        turned = np.ascontiguousarray(numbers.transpose(order)).transpose(np.argsort(order))
        x = Tensor(turned, requires_grad=True)
        y = ops.max_pool2d(ops.relu(ops.conv2d(x, np.ones((2, 3, 3, 3)), padding=1)), 2)
        (y * y.reshape(-1).reshape(y.shape)).sum().backward()
        grads.append(x.grad)
    np.testing.assert_allclose(grads[1], grads[0], atol=1e-12)
    np.testing.assert_allclose(grads[2], grads[0], atol=1e-12)


def test_a_stretched_gradient_goes_through_a_matrix_product() -> None:
    x, w = leaf(100, 60), leaf(60, 80, seed=1)
    (x @ w).sum().backward()
    np.testing.assert_allclose(x.grad, np.ones((100, 80)) @ w.data.T)
    np.testing.assert_allclose(w.grad, x.data.T @ np.ones((100, 80)))
    x.grad[0, 0] = 7.0  # an array of its own, which may be written to


def test_many_matrices_times_one_are_their_products_one_by_one() -> None:
    x, w = leaf(2, 5, 4, 3), leaf(3, 6, seed=1)
    y = x @ w
    np.testing.assert_allclose(y.data, np.einsum("abij,jk->abik", x.data, w.data))
    (y * y).sum().backward()
    np.testing.assert_allclose(w.grad, np.einsum("abij,abik->jk", x.data, 2 * y.data))


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1)])
@pytest.mark.parametrize("axis", [(0, 2, 3), (0, 1, 2), (-1, -2, -3), (1, 2)])
def test_a_sum_down_a_tall_table_is_numpys(order: tuple[int, ...], axis: tuple[int, ...]) -> None:
    numbers = np.random.default_rng(0).normal(size=(30, 20, 5, 4))
    turned = np.ascontiguousarray(numbers.transpose(order)).transpose(np.argsort(order))
    assert numbers.size > SMALL
    np.testing.assert_allclose(ops.sum(Tensor(turned), axis=axis).data, numbers.sum(axis=axis), atol=1e-12)


# the largest of few


@pytest.mark.parametrize("largest", [ops.max, ops.min])
@pytest.mark.parametrize("axis", [-1, (-2, -1), 1])
def test_the_largest_of_few_places_is_that_of_numpy_and_the_first_of_equals_gets_the_gradient(
    largest: Any, axis: Any
) -> None:
    numbers = np.random.default_rng(0).integers(0, 3, (1000, 4, 3)).astype(float)  # many equals
    assert numbers.size > SMALL
    x = Tensor(numbers, requires_grad=True)
    y = largest(x, axis=axis)
    np.testing.assert_array_equal(y.data, getattr(np, largest.name)(numbers, axis=axis))
    y.sum().backward()
    few = Tensor(numbers[:5], requires_grad=True)
    largest(few, axis=axis).sum().backward()
    np.testing.assert_array_equal(x.grad[:5], few.grad)
    assert x.grad.sum() == y.size


def test_the_largest_of_few_is_nan_where_one_is() -> None:
    numbers = np.zeros((SMALL, 2))
    numbers[3, 1] = np.nan
    assert np.isnan(ops.max(Tensor(numbers), axis=1).data).nonzero()[0].tolist() == [3]


# types, and reading alone


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_recurrent_layer_in_float32_stays_there(layer: Any) -> None:
    outputs, _ = layer(3, 4, rng=0).astype(np.float32)(Tensor(np.ones((2, 5, 3), np.float32)))
    assert outputs.dtype == np.float32


def test_what_is_peeked_at_is_not_written_to() -> None:
    x = leaf(3)
    with pytest.raises(ValueError, match="read-only"):
        x.peek()[0] = 1.0
