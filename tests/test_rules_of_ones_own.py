"""Rules that somebody else declares: what is wrong with them is told, by name, and never summed up or left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ops
from ops.spec import sample
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests.declaring import declared, scratch as scratch

pytestmark = pytest.mark.usefixtures("scratch")


def squared(xp, x, /):
    return x * x


def total(xp, x, /, axis=None, keepdims=False):
    return xp.sum(x * x, axis=axis, keepdims=keepdims)


# a gradient of another shape


def _is_an_array(x: Any) -> bool:
    return type(x) is np.ndarray  # so that letters pass, as they would pass a rule that looks at its numbers


def wide_partials(xp, y, x, /):
    return (2 * x.reshape(-1, 1) if _is_an_array(x) else 2 * x,)


def wide_partial_of_a_sum(xp, y, x, /, axis):
    return (2 * x.reshape(-1, 1) * np.ones(3) if _is_an_array(x) else 2 * x,)


def wide_adjoint(xp, g, x, /):
    return xp.expand_dims(2 * g, axis=0)


def wide_vjp(xp, g, y, x, /):
    return (xp.expand_dims(2 * x * g, axis=1) * x,)


def flat_jvp(xp, t, y, x, /):
    return 2 * x * t


def doubled(xp, x, /):
    return 2 * x


WIDE = {
    "wide_partials": lambda: declared(ops.pointwise((-3, 3)), squared, partials=wide_partials),
    "wide_partial_of_a_sum": lambda: declared(ops.reduction(), total, partials=wide_partial_of_a_sum),
    "wide_adjoint": lambda: declared(ops.linear(sample((3,))), doubled, adjoint=wide_adjoint),
    "wide_vjp": lambda: declared(ops.general(sample((3,))), squared, defvjp=wide_vjp, defjvp=flat_jvp),
}


@pytest.mark.parametrize("rule", WIDE)
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_of_another_shape_is_told_by_the_name_of_its_rule(rule: str, create_graph: bool) -> None:
    op = WIDE[rule]()
    if create_graph and "partial" in rule:
        pytest.skip("these rules do otherwise on nodes")
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    with pytest.raises(ops.ShapeError, match=rf"{rule}.*shape \(.*\) came back for an argument of {op.name} of shape"):
        op(x).sum().backward(create_graph=create_graph)
    assert x.grad is None


def test_a_bilinear_adjoint_may_stretch_along_batches_alone() -> None:
    def outer(xp, a, b, /):
        return xp.expand_dims(a, axis=1) * b

    def outer_adjoint_a(xp, g, a, b, /):
        return g * b

    def outer_adjoint_b(xp, g, a, b, /):
        return xp.sum(g * xp.expand_dims(a, axis=1), axis=0)

    op = declared(ops.bilinear(sample((3,), (2,))), outer)
    op.adjoint("a")(outer_adjoint_a)
    op.adjoint("b")(outer_adjoint_b)
    a, b = Tensor([1.0, 2.0, 3.0], requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ops.ShapeError, match="outer_adjoint_a"):
        op(a, b).sum().backward()
    batch, w = Tensor(np.ones((5, 2, 3)), requires_grad=True), Tensor(np.ones((3, 4)), requires_grad=True)
    (batch @ w).sum().backward()
    np.testing.assert_array_equal(w.grad, np.full((3, 4), 10.0))


def test_stretched_arguments_are_folded_as_before(array: Callable[..., Any]) -> None:
    op = declared(ops.pointwise((-3, 3)), squared, partials=lambda_free_partials)
    x, column = array([1.0, 2.0, 3.0]), array([[1.0], [2.0]])
    (op(x) * op(column)).sum().backward()
    np.testing.assert_array_equal(x.grad, [10.0, 20.0, 30.0])
    np.testing.assert_array_equal(column.grad, [[28.0], [56.0]])


def lambda_free_partials(xp, y, x, /):
    return (2 * x,)


# rules that leave the graph

KEPT: dict[str, Any] = {}


def bent(xp, x, /):
    KEPT["y"] = xp.tanh(x)
    return KEPT["y"]


def by_numpy(xp, y, x, /):
    return (1 - np.asarray(y) ** 2,)


def by_np_array(xp, y, x, /):
    return (1 - np.array([y])[0] ** 2,)


def by_data(xp, y, x, /):
    return (1 - y.data**2,)


def by_detach(xp, y, x, /):
    return (1 - y.detach() ** 2,)


def by_numpy_method(xp, y, x, /):
    return (1 - y.numpy() ** 2,)


def by_float(xp, y, x, /):
    return (1 - float(y) ** 2,)


def by_kept(xp, y, x, /):
    return (1 - KEPT["y"] ** 2,)


@pytest.mark.parametrize(
    "rule", [by_numpy, by_np_array, by_data, by_detach, by_numpy_method, by_float, by_kept], ids=lambda f: f.__name__
)
def test_a_rule_that_leaves_the_graph_is_refused_when_it_is_declared(rule: Any) -> None:
    with pytest.raises(ops.DeclarationError, match=rf"^{rule.__name__} .*(argument itself|arguments alone)$"):
        declared(ops.pointwise((-3, 3)), bent, partials=rule)


def test_what_only_nodes_show_is_found_by_gradcheck(number: Callable[..., Any]) -> None:
    def sly_partials(xp, y, x, /):
        return (1 - (y.data if hasattr(y, "op") else y) ** 2,)

    op = declared(ops.pointwise((-3, 3)), bent, partials=sly_partials)
    report = ops.gradcheck(op, number(0.3))
    assert not report
    assert "the gradient's own derivative along a random direction is 0 by the rules, but -0.1" in str(report)
    assert ops.gradcheck(ops.tanh, number(0.3))


@pytest.mark.parametrize("op", [op for op in ops.REGISTRY.values() if len(op.arrays) == 1 and not op.variadic])
def test_gradcheck_finds_no_fault_with_the_derivatives_of_our_gradients(op: Any) -> None:
    from tests.laws import cases

    for case in cases(op):
        assert ops.gradcheck(case.function, *case.inputs()), case


# a pointwise rule runs on single numbers


def centred(xp, x, /):
    return x - xp.mean(x)


def first(xp, x, /):
    return x[0] * x


def shaped(xp, x, /):
    return xp.reshape(x, (-1,)) * 2


def column_partials(xp, y, a, b, /):
    return b, a[:, None]


@pytest.mark.parametrize("forward", [centred, first, shaped], ids=lambda f: f.__name__)
def test_a_pointwise_forward_across_elements_is_refused_when_it_is_declared(forward: Any) -> None:
    with pytest.raises(
        ops.DeclarationError, match=rf"^{forward.__name__} .* single numbers; declare the op as ops\.gen"
    ):
        declared(ops.pointwise((-3, 3)), forward)
    assert forward.__name__ not in ops.REGISTRY


def test_a_pointwise_partial_across_elements_is_refused_when_it_is_declared() -> None:
    def times(xp, a, b, /):
        return a * b

    op = declared(ops.pointwise((-3, 3), (-3, 3)), times)
    with pytest.raises(ops.DeclarationError, match=r"^column_partials picks parts of an argument by \[\.\.\.\]"):
        op.partials(column_partials)


@pytest.mark.parametrize("name", ["mean", "sum", "softmax", "reshape", "matmul", "prod"])
def test_a_function_across_elements_is_no_function_of_floats(name: str) -> None:
    from scalar import floats

    with pytest.raises(ops.DeclarationError, match=rf"^xp\.{name} goes across the elements of an array"):
        getattr(floats, name)


def test_a_rule_may_call_the_op_it_belongs_to() -> None:
    def logistic(xp, x, /):
        return 1 / (1 + xp.exp(-x))

    def logistic_partials(xp, y, x, /):
        return (y * xp.logistic(-x),)

    op = declared(ops.pointwise((-3, 3)), logistic, partials=logistic_partials)
    for leaf in (Value(0.3), Tensor(0.3, requires_grad=True), ValueArray(0.3, requires_grad=True)):
        op(leaf).backward()
        assert float(leaf.grad) == pytest.approx(ops.grad(ops.sigmoid)(0.3), rel=1e-14)
