"""grad, jvp and hvp as functions: what they take, what they refuse, and that every op's derivative goes through."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import ops
from ops.errors import ShapeError
from ops.spec import REGISTRY
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

ARRAYS = [Tensor, ValueArray]


def _of_one_number(name: str) -> bool:
    """Whether the op takes one array, and may be given a single number."""
    op = REGISTRY[name]
    return len(op.arrays) == 1 and not op.variadic and set(op.parameters) <= set(op.defaults)


def _slope(f: Callable[..., Any], x: Any) -> float:
    return float(np.asarray(ops.grad(f)(x)))


@pytest.mark.parametrize("name", [*filter(_of_one_number, sorted(REGISTRY))])
def test_the_gradient_at_a_number_is_that_at_an_array_without_axes(name: str) -> None:
    op, x = REGISTRY[name], 0.7

    def f(x: Any) -> Any:
        return ops.sum(op(x) * op(x))

    try:
        slope = _slope(f, np.array(x))
    except (ShapeError, IndexError):
        pytest.skip("the op needs axes")
    assert _slope(f, x) == pytest.approx(slope, abs=1e-15)
    assert ops.jvp(f, x, 1.0)[1] == pytest.approx(slope, abs=1e-15)


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (ops.sum, 1.0),
        (lambda x: ops.stack([x, x * x]).sum(), 7.0),
        (lambda x: ops.concat([ops.reshape(x, (1,)), [2.0]]).prod(), 2.0),
        (lambda x: nn.mse_loss(x, 1.0), 4.0),
        (lambda x: ops.softmax(ops.stack([x, x]))[0], 0.0),
    ],
)
def test_a_number_s_derivative_goes_through_ops_on_arrays(f: Callable[..., Any], slope: float) -> None:
    assert ops.grad(f)(3.0) == pytest.approx(slope, abs=1e-15)
    assert ops.grad(f)(np.array(3.0)) == pytest.approx(slope, abs=1e-15)
    x = Value(3.0)
    f(x).backward(create_graph=True)
    assert x.grad.data == pytest.approx(slope, abs=1e-15)


def test_second_derivatives_go_through_ops_on_arrays() -> None:
    x = Value(3.0)
    ops.stack([x, x * x]).sum().backward(create_graph=True)
    first, x.grad = x.grad, 0
    first.backward()
    assert (first.data, x.grad) == (7.0, 2.0)
    assert ops.grad(ops.grad(lambda x: ops.sum(x**3)))(2.0) == 12.0


@pytest.mark.parametrize("array", ARRAYS)
def test_an_array_node_need_not_ask_for_a_gradient(array: type) -> None:
    x, v = array([1.0, 2.0]), array([1.0, 0.0])
    assert ops.grad(lambda x: (x * x).sum())(x).tolist() == [2.0, 4.0]
    assert ops.jvp(lambda x: x * x, x, v)[1].tolist() == [2.0, 0.0]
    assert ops.hvp(lambda x: (x**3).sum(), x, v).tolist() == [6.0, 0.0]


@pytest.mark.parametrize(
    ("returned", "told"), [(None, "None, .* `return` missing"), ("a", "a str"), ((1, 2), "a tuple"), ({}, "a dict")]
)
def test_a_function_that_returns_no_number_is_refused(returned: Any, told: str) -> None:
    with pytest.raises(TypeError, match=f"grad: the function returned {told}"):
        ops.grad(lambda x: returned)(3.0)
    with pytest.raises(TypeError, match=f"jvp: the function returned {told}"):
        ops.jvp(lambda x: returned, 3.0, 1.0)


def test_a_constant_has_the_slope_zero() -> None:
    assert ops.grad(lambda x: 3.0)(2.0) == 0.0
    assert ops.grad(lambda x: np.array(3.0))(np.ones(2)).tolist() == [0.0, 0.0]
    assert ops.jvp(lambda x: 3.0, 2.0, 1.0) == (3.0, 0.0)


@pytest.mark.parametrize("x", [0.5, np.array(0.5)])
@pytest.mark.parametrize("f", [lambda x: math.sin(x) * x, lambda x: float(x) * x])
def test_a_number_that_leaves_the_graph_unseen_is_refused(f: Callable[..., Any], x: Any) -> None:
    with pytest.raises(TypeError, match=r"ops\.sin\(x\) for math\.sin\(x\)"):
        ops.grad(f)(x)
    assert math.sin(Value(0.5)) == math.sin(0.5)  # outside grad nothing is lost unseen


def test_a_number_may_leave_the_graph_by_item_and_by_comparison() -> None:
    assert ops.grad(lambda x: x.item() * x if x > Value(0.0) else -x)(2.0) == 2.0


def test_calls_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(TypeError, match=r"grad: the first argument is a function, as in ops\.grad\(f\), not 3"):
        ops.grad(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="argnums names argument 0, but the function was called with 0"):
        ops.grad(lambda x: x)()
    with pytest.raises(TypeError, match="argnums names argument 2"):
        ops.grad(lambda x: x, argnums=2)(1.0)
    with pytest.raises(TypeError, match="got 2 primals and 1 tangents"):
        ops.jvp(lambda a, b: a * b, (1.0, 2.0), (1.0,))
    with pytest.raises(ShapeError, match=r"a tangent has shape \(3,\), but its primal has \(2,\)"):
        ops.jvp(lambda a: a, np.ones(2), np.ones(3))
    assert ops.grad(lambda a, b: a * b, argnums=-1)(3.0, 4.0) == 3.0


@pytest.mark.parametrize("switch", [ops.no_grad, ops.detect_anomaly])
def test_a_mode_without_its_brackets_is_refused(switch: Any) -> None:
    with pytest.raises(TypeError, match=rf"write `@ops\.{switch.__name__}\(\)` with its brackets"):

        @switch
        def f(x: Any) -> Any:
            return x


def test_pow_differentiates_by_an_exponent_that_is_a_node() -> None:
    x, n = Value(2.0), Value(3.0)
    ops.pow(x, n).backward()
    assert (x.grad, n.grad) == (12.0, pytest.approx(8.0 * math.log(2.0)))
