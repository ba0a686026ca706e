"""How ops and transforms are called: they take numbers, lists, arrays and nodes, and say what they do not take."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import ops
from ops.errors import EngineError, ShapeError
from ops.spec import REGISTRY
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

UNTYPED: Any = ops  # for calls that a type checker would not let through
ARRAYS: list[Any] = [Tensor, ValueArray]
KINDS = [np.array, Tensor, ValueArray]
A, B = [[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]


# arguments


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda a, b: UNTYPED.sum(a, 0, axis=1),
            "sum(x, /, axis=None, keepdims=False) got multiple values for argument 'axis'",
        ),
        (lambda a, b: UNTYPED.var(a, 0, True, keepdims=False), "got multiple values for argument 'keepdims'"),
        (lambda a, b: UNTYPED.reshape(a, (4,), shape=(2, 2)), "got multiple values for argument 'shape'"),
        (lambda a, b: UNTYPED.leaky_relu(a, 0.1, slope=0.2), "got multiple values for argument 'slope'"),
        (lambda a, b: ops.concat([a, b], 0, axis=1), "got multiple values for argument 'axis'"),
        (lambda a, b: ops.concat(a, b, axis=0), "write ops.concat([a, b]), not ops.concat(a, b)"),
        (lambda a, b: ops.stack(a, b, axis=0), "write ops.stack([a, b]), not ops.stack(a, b)"),
        (lambda a, b: ops.concat(a, b), "write ops.concat([a, b]), not ops.concat(a, b)"),
        (lambda a, b: ops.stack(a, b, a), "write ops.stack([a, b]), not ops.stack(a, b)"),
        (lambda a, b: ops.concat("ab"), "write ops.concat([a, b])"),
        (lambda a, b: ops.concat({"a": a}), "write ops.concat([a, b])"),
        (lambda a, b: UNTYPED.sum(a, dim=0), "sum(x, /, axis=None, keepdims=False) does not take"),
    ],
)
def test_no_argument_is_given_twice_and_none_is_dropped(kind: Any, call: Callable[..., Any], told: str) -> None:
    with pytest.raises(TypeError, match=re.escape(told)):
        call(kind(A), kind(B))


@pytest.mark.parametrize("kind", KINDS)
def test_axes_stand_in_a_list_as_in_a_tuple(kind: Any) -> None:
    x = kind(np.arange(24.0).reshape(2, 3, 4))
    for name in ("sum", "max", "var", "logsumexp"):
        as_tuple = np.asarray(REGISTRY[name](x, axis=(0, 2)))
        np.testing.assert_array_equal(np.asarray(REGISTRY[name](x, axis=[0, 2])), as_tuple)
        if kind is not np.array and name != "var":
            np.testing.assert_array_equal(getattr(x, name)(axis=[0, 2]).numpy(), as_tuple)
    np.testing.assert_array_equal(np.asarray(ops.flip(x, [0, 1])), np.asarray(ops.flip(x, (0, 1))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axis", [True, False, 1.0, "0"])
def test_an_axis_is_a_whole_number(kind: Any, axis: Any) -> None:
    x = kind(A)
    for call in (
        lambda: ops.sum(x, axis=axis),
        lambda: ops.softmax(x, axis=axis),
        lambda: ops.concat([x, x], axis=axis),
        lambda: ops.stack([x, x], axis),
        lambda: ops.expand_dims(x, axis),
        lambda: ops.flip(x, axis=axis),
    ):
        with pytest.raises(TypeError, match=f"axis.* must be an integer, not {axis!r}|takes its arrays in one list"):
            call()


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("slope", lambda x, k: ops.leaky_relu(x, k)),
        ("slope", lambda x, k: ops.leaky_relu(x, slope=k)),
        ("constant_values", lambda x, k: ops.pad(x, 1, constant_values=k)),
        ("ddof", lambda x, k: ops.var(x, ddof=k)),
        ("low", lambda x, k: ops.clip(x, k)),
    ],
)
@pytest.mark.parametrize("array", ARRAYS)
def test_a_parameter_that_asks_for_a_gradient_is_refused(array: Any, name: str, call: Callable[..., Any]) -> None:
    for k in (array(0.1, requires_grad=True), Value(0.1)):
        with pytest.raises(TypeError, match=f"{name} is a parameter, which gets no gradient"):
            call(array([1.0, 2.0]), k)
    with pytest.raises(TypeError, match="slope is a parameter"):
        UNTYPED.leaky_relu(Value(-1.0), Value(0.1))
    assert ops.pow(Value(2.0), Value(3.0)).data == 8.0  # pow goes over to power, which has a slope by its exponent


# numbers and lists

LISTS: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: ops.reshape(x, (4, 1)),
    "permute_dims": lambda x: ops.permute_dims(x, (1, 0)),
    "matrix_transpose": lambda x: ops.matrix_transpose(x),
    "expand_dims": lambda x: ops.expand_dims(x, 1),
    "squeeze": lambda x: ops.squeeze(ops.reshape(x, (1, 4)).tolist(), 0),
    "broadcast_to": lambda x: ops.broadcast_to(x, (3, 2, 2)),
    "flip": lambda x: ops.flip(x, 0),
    "astype": lambda x: ops.astype(x, np.float32),
    "getitem": lambda x: ops.getitem(x, (0, slice(None))),
    "pad": lambda x: ops.pad(x, 1),
    "windows": lambda x: ops.windows(x, (2, 1)),
    "matmul": lambda x: ops.matmul(x, x),
    "matmul of a vector": lambda x: ops.matmul(x, [1.0, 2.0]),
    "mean": lambda x: ops.mean(x),
    "var": lambda x: ops.var(x, axis=0, ddof=1),
    "prod": lambda x: ops.prod(x, axis=1),
    "logsumexp": lambda x: ops.logsumexp(x, axis=0),
    "softmax": lambda x: ops.softmax(x),
    "concat": lambda x: ops.concat([x, x]),
    "stack": lambda x: ops.stack([x, x], axis=1),
    "scatter_add": lambda x: ops.scatter_add(x, index=[0, 0], shape=(1, 2)),
    "where": lambda x: ops.where([[True, False], [False, True]], x, 0.0),
    "exp": lambda x: ops.exp(x),
    "pow": lambda x: ops.pow(x, 2),
    "conv2d": lambda x: ops.conv2d([[x]], [[[[1.0]]]]),
    "max_pool2d": lambda x: ops.max_pool2d([[x]], 2),
    "avg_pool2d": lambda x: ops.avg_pool2d([[x]], 2),
}


@pytest.mark.parametrize("name", LISTS)
def test_an_op_of_a_list_is_the_op_of_the_array(name: str) -> None:
    if name in ("conv2d", "max_pool2d", "avg_pool2d"):
        image = {"conv2d": [[A]], "max_pool2d": [[[[4.0]]]], "avg_pool2d": [[[[2.5]]]]}[name]
        assert np.asarray(LISTS[name](A)).tolist() == image
    elif name == "squeeze":
        assert np.asarray(LISTS[name](np.array(A))).tolist() == [1.0, 2.0, 3.0, 4.0]
    else:
        np.testing.assert_array_equal(LISTS[name](A), LISTS[name](np.array(A)))
        np.testing.assert_array_equal(LISTS[name](np.array(A)), LISTS[name](Tensor(A)).numpy())


def _takes_a_number(name: str) -> bool:
    op = REGISTRY[name]
    return len(op.arrays) == 1 and not op.variadic and op.parameters.keys() <= op.defaults.keys()


@pytest.mark.parametrize("name", [*filter(_takes_a_number, sorted(REGISTRY))])
def test_an_op_of_a_number_is_the_op_of_an_array_without_axes(name: str) -> None:
    op = REGISTRY[name]
    try:
        expected = op(np.array(0.7))
    except (ShapeError, IndexError) as error:
        with pytest.raises(type(error), match=re.escape(str(error))):
            op(0.7)
        return
    assert np.asarray(op(0.7)).tolist() == pytest.approx(np.asarray(expected).tolist(), abs=1e-15)


def test_ops_with_parameters_take_numbers() -> None:
    assert ops.reshape(2.0, (1, 1)).tolist() == [[2.0]]
    assert ops.astype(2, np.float32).dtype == np.float32
    assert ops.broadcast_to(2.0, (2,)).tolist() == [2.0, 2.0]
    assert ops.pad(ops.reshape(2.0, (1,)), 1).tolist() == [0.0, 2.0, 0.0]


@pytest.mark.parametrize("array", ARRAYS)
def test_a_node_times_a_list_is_recorded_on_either_side(array: Any) -> None:
    x = array([1.0, 2.0], requires_grad=True)
    (x @ [3.0, 4.0] + [5.0, 6.0] @ x + (x * [1.0, 1.0]).sum() + ([2.0, 2.0] * x).sum()).backward()
    assert x.grad.tolist() == [11.0, 13.0]


def test_a_value_stretches_over_an_array_on_either_side() -> None:
    v: Any = Value(2.0)
    a = np.array([1.0, 3.0])
    for y in (v * a, a * v, [1.0, 3.0] * v, v * [1.0, 3.0], ops.mul(v, a), ops.mul([1.0, 3.0], v)):
        assert isinstance(y, ValueArray)
        assert y.tolist() == [2.0, 6.0]
    v.grad = 0
    (a - v).sum().backward()
    assert v.grad == -2.0
    v.grad = 0
    (v**a / a).sum().backward()
    assert v.grad == pytest.approx(1.0 + 4.0)  # of v + v^3 / 3
    assert (np.array([v, v], dtype=object) * v).tolist() == [4.0, 4.0]


# what numbers are


@pytest.mark.parametrize("number", [Fraction(1, 4), Decimal("0.25"), 2**70, np.float32(0.25), np.int8(3), True])
@pytest.mark.parametrize("node", [Tensor([2.0]), ValueArray([2.0]), Value(2.0)])
def test_every_real_number_is_taken_alike_on_either_side(node: Any, number: Any) -> None:
    for y in (node * number, number * node, ops.mul(node, number)):
        assert type(y) is type(node)
        assert np.ravel(y.data).tolist() == [2.0 * float(number)]
    assert np.ravel((node - number).data).tolist() == [2.0 - float(number)]
    assert np.ravel((number - node).data).tolist() == [float(number) - 2.0]


@pytest.mark.parametrize("make", [Tensor, ValueArray, lambda x: Value(x[0])])
def test_fractions_and_decimals_become_floats(make: Any) -> None:
    assert np.ravel(make([Fraction(1, 4), Decimal("0.5")]).data)[0] == 0.25
    with pytest.raises(TypeError, match="too large for a float"):
        make([10**400])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (lambda: (i for i in range(3)), "not a generator; make a list of it first"),
        (lambda: map(abs, [1.0]), "not a map; make a list of it first"),
        (lambda: [1.0, "a"], "not "),
        (lambda: "a", "not 'a'"),
        (lambda: None, "not None"),
        (lambda: {1.0, 2.0}, "not {1.0, 2.0}"),
        (lambda: [1.0, None], "not None"),
        (lambda: 1j, "not 1j"),
        (lambda: object(), "not an object"),
    ],
)
@pytest.mark.parametrize("make", [Tensor, ValueArray, ops.sum, ops.exp, lambda x: Tensor([1.0]) * x])
def test_what_is_no_number_is_named_and_not_by_its_address(make: Any, data: Callable[[], Any], told: str) -> None:
    with pytest.raises(TypeError, match=told) as seen:
        make(data())
    assert " at 0x" not in str(seen.value)


def test_a_value_names_what_is_no_number() -> None:
    with pytest.raises(TypeError, match=r"one real number, such as 2\.0, not a generator"):
        Value(i for i in range(3))


def test_numpy_s_functions_of_values_answer_or_name_the_op() -> None:
    a: Any = Value(1.0)
    b: Any = Value(2.0)
    mean: Any = np.mean([a, b])
    mean.backward()
    assert (mean.data, a.grad, b.grad) == (1.5, 0.5, 0.5)
    assert (int(Value(2.7)), int(Value(-2.7)), int(Tensor(2.7))) == (2, -2, 2)
    functions: Any = ((np.tanh, "tanh"), (np.maximum, "maximum"), (np.exp, "exp"))
    for f, name in functions:
        with pytest.raises(TypeError, match=rf"np\.{name}: .* this Value .* call ops\.{name}, or give x\.item\(\)"):
            f(*[a, 0.0][: f.nin])
    assert np.isfinite(a)
    assert np.less(a, b)
    assert isinstance(np.float64(3.0) * a, Value)
    assert isinstance(np.multiply(3.0, a), Value)


# settings


@pytest.mark.parametrize("asks", ["a", "False", 1, 0, 2, [3.0, 4.0], None, np.array([True])])
@pytest.mark.parametrize("array", ARRAYS)
def test_requires_grad_is_true_or_false(array: Any, asks: Any) -> None:
    with pytest.raises(TypeError, match=rf"{array.__name__}: requires_grad is True or False, not "):
        array(2.0, asks)
    for before in (True, False):
        x = array([2.0], requires_grad=before)
        with pytest.raises(TypeError, match="requires_grad is True or False"):
            x.requires_grad = asks
        assert x.requires_grad is before
    assert array(2.0, np.True_).requires_grad is True


@pytest.mark.parametrize("array", ARRAYS)
def test_a_label_in_the_place_of_requires_grad_is_told_its_name(array: Any) -> None:
    with pytest.raises(TypeError, match="a label is given by its name, as in label='a'"):
        array(2.0, "a")


# shapes


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_that_no_array_has_are_told(kind: Any) -> None:
    x = kind([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    for shape in ((-2, 3), (3, -2), (-1, -1)):
        with pytest.raises(ShapeError, match=r"reshape: a size in .* one size alone may be -1"):
            ops.reshape(x, shape)
    assert ops.reshape(x, (-1, 3)).shape == (2, 3)
    with pytest.raises(ShapeError, match=r"is too large: it would hold \d+ elements"):
        ops.broadcast_to(x, (2**40, 2**40, 6))
    with pytest.raises(ShapeError, match="does not stretch to"):
        ops.broadcast_to(x, (2**40, 2**40, 3))
    with pytest.raises(IndexError, match=r"getitem: a single number has no elements to pick; x\.item\(\)"):
        ops.getitem(kind(3.0), 0)


def test_a_graph_has_nodes_for_its_roots() -> None:
    for root in (None, 3.0, "a", [Value(1.0)]):
        with pytest.raises(TypeError, match="topological: a graph has nodes for its roots"):
            ops.topological(root)


# transforms


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_beside_arrays_become_tensors_of_their_type(dtype: Any) -> None:
    w = np.array([1.0, 2.0, 3.0], dtype)
    y, (by_s, by_w) = ops.value_and_grad(lambda s, w: ops.sum(s * s * w), (0, 1))(2.0, w)
    assert (float(y), by_s, by_w.tolist()) == (24.0, 24.0, [4.0, 4.0, 4.0])
    assert (y.dtype, type(by_s), by_w.dtype) == (dtype, float, dtype)
    assert ops.grad(lambda s, w: ops.sum(s * s * w))(2.0, w) == 24.0  # w is no argument to differentiate by
    assert ops.grad(lambda s, w: ops.sum(s * s * w))(2.0, w=w) == 24.0
    assert ops.grad(lambda s, w: ops.sum(s * w))(2.0, Tensor(w)).item() == 6.0
    y, t = ops.jvp(lambda s, w: s * w, (2.0, w), (1.0, np.zeros_like(w)))
    assert (y.tolist(), t.tolist()) == ([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert ops.gradcheck(lambda s, w: s * w, 2.0, w)


def test_numbers_beside_values_become_values() -> None:
    x = ValueArray([1.0, 2.0])
    s, g = ops.grad(lambda s, x: ops.sum(s * x), (0, 1))(2.0, x)
    assert (s.item(), g.tolist()) == (3.0, [2.0, 2.0])
    s, g = ops.grad(lambda s, a: ops.sum(s * a), (0, 1))(Value(2.0), np.array([1.0, 2.0]))
    assert (s.item(), g.tolist()) == (3.0, [2.0, 2.0])


def test_numbers_meet_arrays_inside_the_function() -> None:
    assert ops.grad(lambda s: ops.sum(s * np.array([1.0, 2.0])))(2.0) == 3.0
    assert ops.grad(lambda s: ops.sum(np.array([1.0, 2.0]) ** s))(2.0) == pytest.approx(4 * np.log(2.0))
    assert ops.jvp(lambda s: ops.sum(s * np.array([1.0, 2.0])), 2.0, 1.0) == (6.0, 3.0)
    assert ops.grad(lambda s: s * Fraction(1, 2))(Fraction(1, 3)) == 0.5
    with pytest.raises(EngineError, match=r"grad makes a Value of a number .* give np\.array\(2\.0\) in place of 2\.0"):
        ops.grad(lambda s: ops.sum(s * Tensor([1.0, 2.0])))(2.0)
    assert ops.grad(lambda s: ops.sum(s * Tensor([1.0, 2.0])))(np.array(2.0)).tolist() == 3.0


def test_keywords_go_on_to_the_function() -> None:
    def f(x: Any, k: float = 1.0) -> Any:
        return x * x * k

    assert ops.grad(f)(3.0, k=2.0) == 12.0
    assert ops.value_and_grad(f)(3.0, k=2.0) == (18.0, 12.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'j'"):
        ops.grad(f)(3.0, j=2.0)


@pytest.mark.parametrize(
    "x",
    [
        [np.ones((2, 2)), np.ones(2)],
        [np.ones(2), np.ones(2)],
        (np.ones((2, 2)), np.ones(2)),
        [Tensor([1.0]), Tensor([1.0, 2.0])],
        [Value(1.0), Value(2.0)],
        {"w": np.ones(2)},
        [{"w": 1.0}],
        {1.0, 2.0},
    ],
)
def test_lists_of_arrays_and_dicts_are_refused_by_transforms(x: Any) -> None:
    with pytest.raises(TypeError, match=r"grad: argument 0 is a .*; gradients by lists of arrays and by dicts are not"):
        ops.grad(lambda p: ops.sum(p[0]))(x)
    with pytest.raises(TypeError, match=r"gradients by lists of arrays and by dicts are not taken"):
        ops.jvp(lambda p: p, (x,), (1.0,))
    assert ops.grad(ops.sum)([1.0, 2.0]).tolist() == [1.0, 1.0]  # a list of numbers is an array


def test_a_tangent_of_the_other_engine_is_refused() -> None:
    with pytest.raises(EngineError, match="jvp: got a Tensor and a ValueArray"):
        ops.jvp(lambda x: x, Tensor([1.0]), ValueArray([1.0]))
