"""Inside a transform numbers leave the graph by name alone: item, numpy, tolist, data, detach; all else is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

import nn
import ops
import viz
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

ARRAYS = [Tensor, ValueArray]
X = [1.0, 2.0, 3.0]


def _filled(x: Any) -> Any:
    a = np.zeros(3)
    a[:] = x
    return a


TAKEN: dict[str, Callable[[Any], Any]] = {
    "asarray": lambda x: np.asarray(x),
    "array": lambda x: np.array(x, float),
    "r_": lambda x: np.r_[x, x],
    "c_": lambda x: np.c_[x, x],
    "array of elements": lambda x: np.array([x[0], x[1]], float),
    "array of arrays": lambda x: np.array([x, x], float),
    "slice": _filled,
    "full": lambda x: np.full(2, x[0], float),
    "full_like": lambda x: np.full_like(np.ones(2), x[0]),
    "full_like of itself": lambda x: np.full_like(x, x[0]),
    "atleast_1d": lambda x: np.atleast_1d(x),
    "unique": lambda x: np.unique(x),
    "histogram": lambda x: np.histogram([1.0], weights=x[:1])[0],
    "vectorize": lambda x: np.vectorize(lambda t: t)(x),
    "dlpack": lambda x: np.from_dlpack(x),
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "math": lambda x: math.sin(x[0]),
    "float64": lambda x: np.float64(x[0]),
    "percent": lambda x: float("%f" % x[0]),  # noqa: UP031
}


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("taken", TAKEN)
def test_numbers_taken_out_unasked_inside_a_transform_are_refused(array: Any, taken: str) -> None:
    def f(x: Any) -> Any:
        return ops.sum(x) * ops.sum(TAKEN[taken](x))

    for run in (lambda x: ops.grad(f)(x), lambda x: ops.jvp(f, x, np.ones(3)), lambda x: ops.grad(ops.grad(f))(x)):
        with pytest.raises(TypeError, match=r"(grad|jvp): .* so its derivative would be lost|would take the numbers"):
            run(array(X))


@pytest.mark.parametrize("taken", ["float", "int", "math", "float64", "percent", "full", "array of elements"])
def test_values_that_leave_unasked_are_refused_too(taken: str) -> None:
    with pytest.raises(TypeError, match=r"grad: .* so its derivative would be lost"):
        ops.grad(lambda x: x * np.sum(TAKEN[taken]([x, x])))(2.0)


@pytest.mark.parametrize("array", ARRAYS)
def test_an_element_of_a_plain_array_is_not_written_from_inside_a_transform(array: Any) -> None:
    a = np.zeros(3)

    def f(x: Any) -> Any:
        a[0] = x[0]
        return ops.sum(x * a)

    with pytest.raises(ValueError, match="setting an array element") as seen:  # NumPy's words, for ours
        ops.grad(f)(array(X))
    assert "grad: " in str(seen.value.__cause__)
    assert "derivative would be lost" in str(seen.value.__cause__)
    assert a.tolist() == [0.0, 0.0, 0.0]


def test_numpy_s_arrays_of_values_keep_their_graph() -> None:
    assert ops.grad(lambda x: np.sum(np.array([x, x * x])))(3.0) == 7.0
    assert ops.grad(lambda x: np.sum(np.r_[x, x * x]))(3.0) == 7.0
    assert ops.grad(lambda x: np.full(2, x).sum())(3.0) == 2.0
    assert ops.grad(lambda x: np.mean([x, x * x]))(3.0) == 3.5


ASKED: dict[str, Callable[[Any], Any]] = {
    "item": lambda x: x[0].item(),
    "numpy": lambda x: x.numpy(),
    "tolist": lambda x: np.array(x.tolist()),
    "data": lambda x: x.data,
    "detach": lambda x: x.detach(),
    "comparison": lambda x: (x > 0.0) * 2.0,
    "full_like": lambda x: np.full_like(x, 2.0),
    "zeros_like": lambda x: np.zeros_like(x),
    "argmax": lambda x: float(np.argmax(x)),
    "shape": lambda x: float(x.shape[0] + x.size + len(x) + np.ndim(x)),
}


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("asked", ASKED)
def test_numbers_asked_for_by_name_count_as_constants(array: Any, asked: str) -> None:
    constant = ASKED[asked](array(X))
    constant = constant.numpy() if hasattr(constant, "numpy") else constant
    g = ops.grad(lambda x: ops.sum(x * ASKED[asked](x)))(array(X))
    np.testing.assert_array_equal(g.numpy(), np.broadcast_to(constant, (3,)))


@pytest.mark.parametrize("array", ARRAYS)
def test_showing_checking_and_branching_go_on_inside_a_transform(array: Any, capsys: Any) -> None:
    model = nn.Linear(3, 1, rng=0, engine=array.engine)

    def f(x: Any) -> Any:
        y = model(ops.reshape(x, (1, 3))).sum() * (x * x).sum()
        print(x, y, f"{y:.1f}", repr(x))
        str(viz.draw(y))
        np.testing.assert_array_equal(x, X)
        assert len(model.state_dict()) == 2
        assert x[0] < x[1]
        return y if y > 0.0 else -y

    assert ops.grad(f)(array(X)).shape == (3,)
    assert array.__name__ in capsys.readouterr().out


def test_a_picture_may_have_the_numbers() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes, x = figure.add_subplot(), Tensor(X, requires_grad=True)
    axes.plot(x, x)
    axes.scatter(x, x)
    axes.hist(x)

    def f(x: Any) -> Any:
        axes.plot(x)
        return ops.sum(x)

    assert ops.grad(f)(np.array(X)).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("array", ARRAYS)
def test_a_deep_copy_that_would_lose_a_derivative_is_refused(array: Any) -> None:
    model, c = nn.Linear(3, 1, rng=0, engine=array.engine), array(X, requires_grad=True)
    for copied in (lambda x: deepcopy(x), lambda x: deepcopy([x * x])[0]):
        with pytest.raises(TypeError, match=r"grad: a deep copy of this .* would be cut from the graph"):
            ops.grad(lambda x, copied=copied: ops.sum(copied(x)))(array(X))
    with pytest.raises(TypeError, match="grad: a deep copy of this Value"):
        ops.grad(lambda x: deepcopy(x))(2.0)
    g = ops.grad(lambda x: ops.sum(deepcopy(c) * x) + 0.0 * deepcopy(model)(ops.reshape(x, (1, 3))).sum())(array(X))
    assert g.tolist() == X


@pytest.mark.parametrize("array", ARRAYS)
def test_constants_may_leave_inside_a_transform_and_anything_under_no_grad(array: Any) -> None:
    c = array([1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        with ops.no_grad():
            numbers = np.asarray(x) + float(x[0]) + int(x[1])
        return ops.sum(x * (np.asarray(c) + numbers))

    assert ops.grad(f)(array(X)).tolist() == [5.0, 7.0, 9.0]


@pytest.mark.parametrize("array", ARRAYS)
def test_outside_all_transforms_an_array_of_a_node_is_its_numbers(array: Any) -> None:
    x = array(X, requires_grad=True)
    assert np.asarray(x).tolist() == X
    assert np.array([x[0], x[1]], float).tolist() == X[:2]
    assert (int(x[1]), float(x[1]), math.floor(Value(2.5))) == (2, 2.0, 2)
    with pytest.raises(TypeError, match="grad: NumPy made a plain array"):
        ops.grad(lambda x: ops.sum(np.asarray(x)))(array(X))
    assert np.asarray(x).tolist() == X  # a transform that failed leaves nothing behind
