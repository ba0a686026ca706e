"""Nodes among NumPy's and PyTorch's own: recorded, answered, or refused with a sentence; never cut unseen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ops
from ops.errors import EngineError, ShapeError
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

pytestmark = pytest.mark.parametrize("array", [Tensor, ValueArray])


def _asks(array: Any) -> Any:
    return array([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda x: np.exp(x), r"np\.exp: .* call ops\.exp, or give x\.numpy\(\)"),
        (lambda x: np.where(x > 1, x, 0.0), r"call ops\.where"),
        (lambda x: np.dot(x, x), r"call ops\.matmul"),
        (lambda x: np.concatenate([x, x]), r"call ops\.concat"),
        (lambda x: np.sum(x), r"call ops\.sum"),
        (lambda x: np.linalg.norm(x), r"np\.linalg\.norm: .* write it with ops"),
        (lambda x: np.add.reduce(x), r"np\.add: "),
    ],
)
def test_a_numpy_function_that_would_cut_the_graph_is_refused_by_name(array: Any, call: Any, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        call(_asks(array))


def test_numpy_s_operators_are_recorded(array: Any) -> None:
    x, a = _asks(array), np.full((2, 2), 3.0)
    for y, g in ((a * x, 3.0), (a + x, 1.0), (a - x, -1.0), (a @ x, 6.0), (np.float64(3.0) * x, 3.0)):
        x.grad = None
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, np.full((2, 2), g))


def test_questions_about_the_numbers_are_answered(array: Any) -> None:
    x = _asks(array)
    assert np.allclose(x, x.numpy())
    assert np.argmax(x) == 3
    assert (np.ones((2, 2)) < x).tolist() == [[False, True], [True, True]]
    assert np.asarray(x).tolist() == x.tolist()


def test_what_asks_for_no_gradient_is_numbers_to_numpy(array: Any) -> None:
    x = array([1.0, 2.0])
    assert np.sum(x) == 3.0
    np.testing.assert_array_equal(np.concatenate([x, x]), [1.0, 2.0, 1.0, 2.0])


def test_an_array_cannot_take_up_a_node_in_place(array: Any) -> None:
    a = np.ones((2, 2))
    with pytest.raises(TypeError, match="write a = a \\+ x"):
        a += _asks(array)
    assert a.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_list_of_nodes_is_refused_and_stack_named(array: Any) -> None:
    x = _asks(array)
    for call in (lambda: array([x, x]), lambda: ops.sum([x * x, x]), lambda: ops.exp([[x]])):
        with pytest.raises(TypeError, match=r"make it one array with ops\.stack"):
            call()
    assert ops.sum(ops.stack([x * x, x])).item() == 40.0


def test_a_tensor_of_pytorch_is_refused(array: Any) -> None:
    torch = pytest.importorskip("torch")
    for call in (lambda: array([1.0, 2.0]) + torch.ones(2), lambda: torch.ones(2) * array([1.0, 2.0])):
        with pytest.raises(EngineError, match=r"and a torch\.Tensor, which belong to two libraries"):
            call()
    assert array(torch.ones(2)).tolist() == [1.0, 1.0]


def test_comparisons_that_do_not_fit_are_told(array: Any) -> None:
    x = _asks(array)
    with pytest.raises(ShapeError, match=r"<: \(2, 2\) and \(3,\) do not broadcast"):
        assert x < np.ones(3)
    with pytest.raises(TypeError, match="<: numbers compare with numbers, not with 'a'"):
        assert x < "a"


def test_a_gradient_of_another_shape_is_refused(array: Any) -> None:
    x = _asks(array)
    with pytest.raises(ShapeError, match=r"grad: shape \(3,\) does not fit"):
        x.grad = np.ones(3)
    assert x.grad is None


def test_reprs_and_formats_tell_what_a_reader_asks(array: Any) -> None:
    assert "label='w'" in repr(array([1.0], label="w"))
    assert f"{array(1.234):.2f} {Value(1.234):.2f}" == "1.23 1.23"
    assert repr(ValueArray([1.0, 2.0]).data) == "array([1., 2.])"
    assert "dtype=float32" in repr(Tensor(np.ones(2, np.float32)))


def test_a_tensor_holds_real_numbers_whatever_the_dtype_asked(array: Any) -> None:
    for dtype in (complex, object, str):
        with pytest.raises(TypeError, match="holds real numbers"):
            Tensor([1, 2], dtype=dtype)


def test_a_mode_that_watches_tells_where_nothing_is_recorded(array: Any) -> None:
    log = pytest.raises(ops.AnomalyError, match=r"log\(.*gave")
    with ops.detect_anomaly(), ops.no_grad(), log, np.errstate(all="ignore"):
        array([-1.0]).log()
    with ops.detect_anomaly(), pytest.raises(ops.AnomalyError, match="inf"), np.errstate(all="ignore"):
        ops.mul(array([1e300]), 1e300)


def test_backward_from_what_no_grad_made_is_refused(array: Any) -> None:
    with ops.no_grad():
        y = Value(2.0) * 3.0
        z = _asks(array).sum()
    with pytest.raises(RuntimeError, match="made under no_grad"):
        y.backward()
    with pytest.raises(RuntimeError, match=r"no_grad|requires_grad"):
        z.backward()


def test_a_copy_after_create_graph_has_the_gradient_s_numbers(array: Any) -> None:
    import copy
    import pickle

    x = _asks(array)
    (x * x).sum().backward(create_graph=True)
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        np.testing.assert_array_equal(twin.grad, 2 * x.numpy())
