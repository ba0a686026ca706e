"""Arrays without elements: every op answers as NumPy does, and sends back a gradient of the right shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import ops
from scalar.array import ValueArray
from tensor import Tensor
from tests import laws


def _emptied(op: Any) -> Iterator[laws.Case]:
    """The op's samples, with each size in turn set to 0 wherever it stands."""
    for sample in op.samples:
        for n in sorted({n for shape in sample.shapes for n in shape}):
            shapes = tuple(tuple(0 if size == n else size for size in shape) for shape in sample.shapes)
            yield laws.Case(op, sample._replace(shapes=shapes))


def _answer(case: laws.Case, engine: Any) -> Any:
    """The shape of what comes out on this engine, or the sentence that refuses; what comes back is checked."""
    leaves = [engine(x, requires_grad=x.dtype == float) for x in case.arrays]
    try:
        y = case.call(*leaves)
    except (ValueError, IndexError) as refused:
        return f"{type(refused).__name__}: {refused}"
    y.sum().backward()
    for x in leaves:
        assert x.grad is None or (x.grad.shape == x.shape and np.isfinite(np.sum(x.grad)))
    assert y.numpy().shape == y.shape
    return y.shape


@pytest.mark.parametrize("op", ops.REGISTRY.values(), ids=lambda op: op.name)
def test_an_op_of_arrays_without_elements_is_answered_alike_by_all(op: Any) -> None:
    for case in _emptied(op):
        try:
            wanted: Any = np.shape(case.call(*case.arrays))
        except (ValueError, IndexError) as refused:
            wanted = f"{type(refused).__name__}: {refused}"
        assert _answer(case, Tensor) == wanted, case
        assert _answer(case, ValueArray) == wanted, case
        if isinstance(wanted, tuple) and all(x.dtype == float for x in case.arrays):
            y, t = ops.jvp(case.function, tuple(case.inputs()), tuple(case.directions()))
            assert np.shape(y) == np.shape(t) == wanted


@pytest.mark.parametrize("op", [ops.max, ops.min], ids=lambda op: op.name)
def test_the_largest_of_nothing_is_refused_in_our_words(array: Callable[..., Any], op: Any) -> None:
    for x in (array(np.zeros((0, 3))), np.zeros((0, 3))):
        with pytest.raises(ops.ShapeError, match=rf"^{op.name}: \(0, 3\) has no elements along axis 0, and of none"):
            op(x, axis=0)


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap"])
def test_an_axis_without_elements_has_none_to_repeat(array: Callable[..., Any], mode: str) -> None:
    x = array(np.zeros((0, 3)))
    with pytest.raises(ops.ShapeError, match=r"^pad: mode .* repeats elements of the array, but axis 0 of \(0, 3\)"):
        ops.pad(x, ((1, 1), (0, 0)), mode=mode)
    y = ops.pad(x, ((0, 0), (1, 1)), mode=mode)
    y.sum().backward()
    assert y.shape == (0, 5)
    assert x.grad is None or x.grad.shape == (0, 3)


def test_products_over_nothing_are_zeros(array: Callable[..., Any]) -> None:
    for a, b in (((2, 3, 0), (0, 2)), ((3, 0), (0, 2)), ((0, 3), (3, 2)), ((5, 0, 3), (3, 2)), ((0,), (0,))):
        x, w = array(np.ones(a)), array(np.ones(b))
        y = x @ w
        np.testing.assert_array_equal(y.numpy(), np.ones(a) @ np.ones(b))
        y.sum().backward()


@pytest.mark.parametrize("index", [[], np.array([], int), slice(0, 0), np.array([False, False])], ids=repr)
def test_an_index_that_picks_nothing_gives_nothing(array: Callable[..., Any], index: Any) -> None:
    x = array([1.0, 2.0])
    assert x[index].shape == (0,)
    (x[index].sum() + x.sum()).backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])
