"""What nobody can have meant is refused in one clear sentence, which names what was called; kind by kind.

`fuzz` finds such inputs by chance; here stands one test for each kind that it found.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

import ops
import scalar
import scalar.array
import tensor
from ops.words import shown
from tests.declaring import scratch as scratch

loosely: Any = ops  # the wrong types are the point
Value: Any = scalar.Value
ValueArray: Any = scalar.array.ValueArray
Tensor: Any = tensor.Tensor
ARRAYS = [ValueArray, Tensor]


def nested(depth: int) -> list[Any]:
    row: list[Any] = [1.0]
    for _ in range(depth):
        row = [row]
    return row


def endless() -> list[Any]:
    row: list[Any] = []
    row.append(row)
    return row


def refused(call: Callable[[], Any], begins: str, *kinds: type[Exception]) -> str:
    """The one sentence that the call is refused with; it begins with who speaks."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(kinds or (TypeError, ValueError)) as caught:
            call()
    said = str(caught.value.args[0])
    assert said.startswith(begins), said
    assert "\n" not in said
    assert len(said) < 500
    return said


@pytest.mark.parametrize("node", ARRAYS)
@pytest.mark.parametrize("keepdims", [2**63, ..., None, "yes", [], np.ones(2), type(None), "a" * 5000])
def test_keepdims_is_true_or_false(node: Any, keepdims: Any) -> None:
    for name in ("sum", "max", "prod", "var"):
        refused(lambda: getattr(node([1.0, 2.0]), name)(keepdims=keepdims), f"{name}: keepdims is", TypeError)
        refused(lambda: ops.REGISTRY[name](node([1.0, 2.0]), keepdims=keepdims), f"{name}: keepdims is", TypeError)


@pytest.mark.parametrize("node", ARRAYS)
@pytest.mark.parametrize("axis", [{}, set(), {0}, "", b"", bytearray(b"ab"), ("a",), 0.5, np.array(1.0)])
def test_an_axis_is_an_integer_or_a_sequence_of_them(node: Any, axis: Any) -> None:
    x = node(np.ones((2, 3)))
    refused(lambda: x.sum(axis), "sum: axis must be an integer", TypeError)
    refused(lambda: x.softmax(axis=axis), "softmax: axis must be an integer", TypeError)


@pytest.mark.parametrize("axis", [range(2), np.array([0, 1]), [0, 1], np.array([0, 1], "uint8")])
def test_any_sequence_of_integers_names_axes(axis: Any) -> None:
    x = np.arange(6.0).reshape(2, 3)
    for node in ARRAYS:
        assert node(x).sum(axis=axis).item() == x.sum()
    assert loosely.sum(x, axis=axis) == x.sum()


def test_an_axis_that_no_computer_counts_to_is_not_there() -> None:
    refused(lambda: loosely.softmax(np.ones(3), axis=2**63), "softmax: there is no axis", ValueError)
    refused(lambda: loosely.concat([np.ones(3)], axis=[]), "concat: axis must be an integer", TypeError)
    refused(lambda: loosely.stack([np.ones(3)], axis=None), "stack: axis must be an integer", TypeError)


@pytest.mark.parametrize("node", [Value, ValueArray, Tensor])
@pytest.mark.parametrize(
    "slope", ["a", b"", ["a"], [float("nan")], ..., 1j, np.complex64(1), 10**400, nested(3000), np]
)
def test_a_slope_is_a_number(node: Any, slope: Any) -> None:
    refused(lambda: node(2.0).leaky_relu(slope=slope), "leaky_relu: slope is", TypeError)
    refused(lambda: node(2.0).clip(low=slope), "clip: low is", TypeError)


@pytest.mark.parametrize("ddof", ["1.0", {}, [1], None, 1j])
def test_ddof_is_a_number(ddof: Any) -> None:
    refused(lambda: loosely.var([1.0, 2.0], ddof=ddof), "var: ddof is", TypeError)


def test_numbers_of_all_kinds_are_good_parameters() -> None:
    for slope in (
        0.25,
        np.float32(0.25),
        np.array(0.25),
        Fraction(1, 4),
        Decimal("0.25"),
        np.longdouble(0.25),
        Tensor(0.25),
    ):
        for node in (Value, ValueArray, Tensor):
            assert node(-2.0).leaky_relu(slope=slope).item() == -0.5
            assert node(-2.0).clip(low=slope).item() == 0.25


def test_a_number_too_large_for_a_float_is_refused_on_both_engines() -> None:
    refused(lambda: loosely.erfc(-(10**400)), "erfc: a number is too large")
    for node in (Value, Tensor):
        refused(lambda: node(2.0).pow(-(10**400)), "pow: exponent is", TypeError)
    refused(lambda: tensor.full(2, 10**400), "full: value is", TypeError)


@pytest.mark.usefixtures("scratch")
def test_an_error_in_ones_own_rule_stays_what_it_is() -> None:
    def own(xp, x, /, k=1.0):
        return x * int(k)

    op = loosely.pointwise()(own)
    for x in (2.0, Value(2.0), Tensor([2.0])):
        with pytest.raises(ValueError, match="invalid literal for int") as caught:
            op(x, k="two")
        assert "own" in [entry.name for entry in caught.traceback] or "own" in str(caught.value)


@pytest.mark.parametrize("depth", [100, 3000, None])
def test_lists_deeper_than_an_array_has_axes_are_refused(depth: int | None) -> None:
    data = endless() if depth is None else nested(depth)
    refused(lambda: loosely.erf(data), "erf: got lists in lists", ValueError)
    refused(lambda: Tensor(data), "Tensor: got lists in lists", ValueError)
    refused(lambda: ValueArray(data), "ValueArray: got lists in lists", ValueError)
    refused(lambda: data - Value(2.0), "ValueArray: got lists in lists", ValueError)
    refused(lambda: Tensor(np.ones((2, 3)))[data], "getitem: got lists in lists", ValueError)
    refused(lambda: loosely.scatter_add(np.ones(3), 0, data), "scatter_add: shape must be an integer", TypeError)
    assert "\n" not in shown(data)


def test_an_array_of_values_has_no_more_axes_than_loops_over_objects_take() -> None:
    refused(lambda: ValueArray(np.ones((1,) * 40)), "ValueArray: an array of 40 axes", ValueError)
    refused(lambda: np.ones((1,) * 40) ** Value(2.0), "ValueArray: an array of 40 axes", ValueError)


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_a_message_shows_anything_on_one_line() -> None:
    for odd in (Broken(), nested(3000), np.ones((3, 3)), "a" * 5000, object()):
        assert len(shown(odd)) <= 60
        assert "\n" not in shown(odd)


@pytest.mark.parametrize("other", [[1.0], (), "a", {}, set(), object(), ..., np.datetime64("2020-01-01")])
def test_a_value_compares_with_numbers(other: Any) -> None:
    refused(lambda: Value(0) < other, "<: numbers compare with numbers", TypeError)
    refused(lambda: Value(0) >= other, ">=: numbers compare with numbers", TypeError)


def test_a_value_still_compares_with_every_number_and_array() -> None:
    assert all([Value(1.0) < 2, Value(1.0) < Value(2.0), Value(1.0) > Fraction(1, 2), Value(1.0) <= np.float32(1)])
    assert (Value(1.0) < np.array([0.0, 2.0])).tolist() == [False, True]


@pytest.mark.parametrize("node", ARRAYS)
@pytest.mark.parametrize("other", [endless(), (1, 0), set(), Decimal("nan"), np, "a"])
def test_an_array_node_compares_with_numbers(node: Any, other: Any) -> None:
    refused(lambda: node([1.0, 2.0, 3.0]) < other, "<: ", TypeError, ValueError)


def test_every_value_asks_for_a_gradient() -> None:
    x = Value(2.0)
    x.requires_grad = True
    refused(lambda: setattr(x, "requires_grad", False), "Value: requires_grad is True of every Value", ValueError)
    refused(lambda: setattr(x, "requires_grad", 0), "Value: requires_grad is True or False", TypeError)
    assert x.requires_grad is True


@pytest.mark.parametrize("odd", [int, np.array("3"), np.datetime64("2020-01-01"), np.complex64(1), np.dtype("f4")])
def test_a_value_holds_one_real_number(odd: Any) -> None:
    refused(lambda: Value(odd), "Value: a node holds one real number", TypeError)
    refused(lambda: odd / Value(2.0), "", TypeError)
    refused(lambda: Value(2.0).maximum(odd), "", TypeError)


def test_a_tensor_takes_no_complex_number() -> None:
    refused(lambda: Tensor([]) ** np.complex64(1), "power takes real numbers", TypeError)


@pytest.mark.parametrize("dtype", [[1j], {}, object, "a", "U3", b"", complex, nested(3000), Value(0)])
def test_astype_takes_types_of_real_numbers(dtype: Any) -> None:
    refused(lambda: Tensor([1.0]).astype(dtype), "astype: ", TypeError)
    refused(lambda: loosely.astype([1.0], dtype), "astype: ", TypeError)
    refused(lambda: tensor.set_default_dtype(dtype), "set_default_dtype: ", TypeError)


@pytest.mark.parametrize("rng", [1j, -7, "a", b"ab", [np.ones(2)], endless(), nested(3000), {}, True])
def test_a_seed_is_a_whole_number_or_a_generator(rng: Any) -> None:
    refused(lambda: tensor.normal(3, rng=rng), "normal: rng is", TypeError, ValueError)
    refused(lambda: tensor.uniform(3, rng=rng), "uniform: rng is", TypeError, ValueError)


def test_permuted_axes_come_in_a_sequence() -> None:
    for axes in (-7, int, None, "ab", {}):
        refused(lambda: loosely.permute_dims(np.ones((2, 3)), axes), "permute_dims: ")
    assert loosely.permute_dims(np.ones((2, 3)), iter((1, 0))).shape == (3, 2)


@pytest.mark.parametrize("index", ["a", {}, object(), int, np, 0.5, slice("a", None)])
def test_an_index_is_of_numpys_forms(index: Any) -> None:
    for node in ARRAYS:
        refused(lambda: node(np.ones((2, 3)))[index], "getitem: ", IndexError, TypeError)
    if not isinstance(index, slice):
        refused(lambda: loosely.scatter_add(np.ones(3), index, 3), "getitem: ", IndexError)


@pytest.mark.parametrize("name", [-7, [], {}, nested(10), "no such op"])
def test_forgetting_what_is_no_op_says_so(name: Any) -> None:
    refused(lambda: loosely.forget(name), "forget: no op is called", KeyError)


@pytest.mark.parametrize("rule", [1, {}, np.ones((4, 3)), nested(3000), "a" * 5000])
def test_a_decorator_that_refuses_names_itself(rule: Any) -> None:
    refused(lambda: loosely.pointwise((-3, 3))(rule), "pointwise: a rule is a named function", TypeError)
    refused(lambda: loosely.pointwise(rule), "pointwise: an interval is a pair", TypeError)
    refused(lambda: loosely.pointwise(params=rule), "pointwise: params holds", TypeError)
    refused(lambda: loosely.reduction(params=rule), "reduction: params holds", TypeError)
    refused(lambda: loosely.linear(rule), "linear: the shapes and parameters", TypeError)
    refused(lambda: loosely.card(rule), "card: ", TypeError)
    refused(lambda: loosely.grad(rule), "grad: the first argument is a function", TypeError)
    refused(lambda: loosely.gradcheck(rule, 2.0), "gradcheck: the first argument is a function", TypeError)


@pytest.mark.parametrize("option", ["x", {1.0}, 0, -1.0, float("nan"), None, Value(1.0), [0.1]])
def test_gradchecks_step_and_tolerance_are_numbers_above_0(option: Any) -> None:
    refused(lambda: loosely.gradcheck(loosely.sin, 2.0, step=option), "gradcheck: step is")
    refused(lambda: loosely.gradcheck(loosely.sin, 2.0, tolerance=option), "gradcheck: tolerance is")


def test_gradchecks_draws_come_from_a_generator() -> None:
    for rng in (b"ab", 0.0, Value(1.0)):
        refused(lambda: loosely.gradcheck(loosely.sin, 2.0, rng=rng), "gradcheck: rng is", TypeError)
    assert loosely.gradcheck(loosely.sin, 2.0, rng=Random(1))


def test_the_roots_of_a_graph_are_nodes() -> None:
    for root in (ValueError("a"), Value, "a", 2.0):
        refused(lambda: loosely.topological(root), "topological: ", TypeError)


@pytest.mark.parametrize("size", [{}, set(), ..., "ab", (1, 2, 3), (), np])
def test_a_window_has_one_size_or_a_pair(size: Any) -> None:
    image = np.ones((1, 2, 4, 4))
    refused(lambda: loosely.max_pool2d(image, size), "max_pool2d: size")
    refused(lambda: loosely.avg_pool2d(image, 2, padding=size), "avg_pool2d: padding")
    refused(lambda: loosely.conv2d(image, np.ones((2, 2, 2, 2)), padding=size), "conv2d: padding")
    refused(lambda: loosely.overlap_add(np.ones((4, 3)), size, 3), "")


def test_groups_are_a_whole_number_above_0() -> None:
    image, filters = np.ones((1, 2, 4, 4)), np.ones((2, 2, 2, 2))
    for groups in (0, -1, "a", zip([1], [2]), None, 0.5):
        refused(lambda: loosely.conv2d(image, filters, groups=groups), "conv2d: ")


@pytest.mark.parametrize("width", [{}, "ab", np.array(1.5), object(), set()])
def test_a_frame_has_whole_widths(width: Any) -> None:
    refused(lambda: loosely.pad(np.ones((2, 3)), width), "pad: pad_width must be an integer", TypeError)


def test_what_a_frame_is_filled_with_is_a_number() -> None:
    refused(lambda: loosely.pad(np.ones(3), 1, constant_values={"a": 1}), "pad: constant_values is", TypeError)
    refused(lambda: loosely.pad(np.ones(3), 1, mode=Tensor(np.ones((2, 3)))), "pad: mode is", TypeError)
    refused(lambda: Tensor([1.0]).gelu(approximate=np.ones((4, 3))), "gelu: approximate is", TypeError)
    refused(lambda: Value(1.0).gelu(approximate="a" * 5000), "gelu: approximate is a str", ValueError)


def test_a_number_that_is_padded_stays_as_it_is_on_both_engines() -> None:
    assert loosely.pad(Value(2.0), 1).item() == loosely.pad(Tensor(2.0), 1).item() == 2.0


def test_create_graph_is_true_or_false() -> None:
    for root in (Value(2.0), Tensor(2.0, requires_grad=True)):
        refused(lambda: root.backward(create_graph=np.ones((2, 3))), "backward: create_graph is", TypeError)


def test_a_label_is_a_string() -> None:
    refused(lambda: Tensor([1.0], label=np.ones((2, 3))), "Tensor: label is", TypeError)
    refused(lambda: ValueArray([1.0], label=Tensor([1.0, 2.0])), "ValueArray: label is", TypeError)


def test_data_and_gradients_that_are_set_name_what_was_set() -> None:
    for node in ARRAYS:
        x = node([1.0, 2.0], requires_grad=True)
        refused(lambda: setattr(x, "grad", set()), "grad holds real numbers", TypeError)
        refused(lambda: setattr(x, "grad", [1.0, [2.0]]), "grad: rows of different lengths", ValueError)
        refused(lambda: setattr(x, "data", Value(1.0)), f"{node.__name__}: got a Value", TypeError)
        assert x.grad is None


def test_a_form_that_is_no_form_of_numbers_is_refused() -> None:
    for node in (Value, ValueArray, Tensor):
        assert f"{node(1.5):.3f}" == "1.500"
        refused(lambda: format(node(1.5), "{}"), "format: '{}' is no form", ValueError)
    refused(lambda: format(Tensor([1.0, 2.0]), ".3f"), "format: an array of shape (2,)", ValueError)


def test_arrays_times_a_single_value_is_refused_from_either_side() -> None:
    refused(lambda: np.ones((2, 3)) @ Value(2.0), "")
    refused(lambda: np.matmul(Value(2.0), np.ones((2, 3))), "matmul")


def test_a_class_is_no_operand() -> None:
    for kind in (Tensor, ValueArray, np.float32):
        refused(lambda: Value(2.0) * kind, "Value: a node holds one real number", TypeError)


def test_whole_numbers_hold_no_infinity_and_nothing_beyond_their_range() -> None:
    whole = Tensor(np.arange(1))
    for number in (1e30, float("nan"), float("inf")):
        refused(lambda: setattr(whole, "data", [number]), "Tensor: int64 cannot hold", ValueError)
    assert Tensor([1e300], dtype=np.float16).data.tolist() == [float("inf")]


def test_what_cannot_be_called_on_the_arguments_is_told_by_who_called_it() -> None:
    refused(lambda: loosely.grad(type(None))(2.0), "grad: NoneType takes no arguments", TypeError)
    refused(lambda: loosely.jvp(lambda: 1.0, 2.0, 1.0), "jvp: ", TypeError)


def test_a_record_is_no_number() -> None:
    record = np.array(1).astype("f8,i4")
    refused(lambda: Value(0).maximum(record), "Value: a node holds one real number", TypeError)
    refused(lambda: Tensor(np.zeros((2, 0))).clip(high=slice("a", None)), "clip: high is", TypeError)
