"""Ops that pick, frame and multiply: NumPy's index forms and shapes, and what is said where they do not fit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import ops
from tensor import Tensor
from tests.declaring import scratch as scratch

# index forms

INDICES = {
    "integer": 1,
    "negative": -1,
    "slice": slice(1, 3),
    "negative step": slice(None, None, -2),
    "backwards": (slice(3, 0, -1), slice(None, None, -1)),
    "None": (None, 1),
    "None inside": (slice(None), None, 2),
    "Ellipsis": (..., 0),
    "Ellipsis and None": (None, ..., None),
    "empty": slice(0, 0),
    "all": (),
    "pair": (2, 1),
    "mask": np.arange(12).reshape(4, 3) % 2 == 0,
    "mask of rows": [True, False, True, True],
    "mask as an array": np.array([True, False, False, True]),
    "nothing in the mask": np.zeros((4, 3), bool),
    "repeated": [0, 2, 0, 0],
    "repeated negative": np.array([-1, 3, -1]),
    "two lists": ([0, 1, 0], [2, 2, 2]),
    "open mesh": ([[0], [3]], [0, 2, 2]),
    "list and slice": ([0, 0, 1], slice(None, None, -1)),
    "slice and list": (slice(1, None), [0, 0]),
    "list and integer": ([1, 1, 3], 0),
    "NumPy integer": np.int64(2),
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_index_forms_pick_as_numpy_and_send_back_to_where_they_picked(array: Callable[..., Any], index: Any) -> None:
    data = np.random.default_rng(1).normal(size=(4, 3))
    x = array(data)
    y = x[index]
    np.testing.assert_array_equal(y.data, data[index])
    g = np.random.default_rng(2).normal(size=y.shape)
    y.backward(g)
    source = np.asarray(np.arange(12).reshape(4, 3)[index])
    wanted = np.bincount(source.ravel(), weights=g.ravel(), minlength=12).reshape(4, 3)
    found = np.zeros((4, 3)) if x.grad is None else x.grad
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_index_forms_have_a_zero_second_derivative(array: Callable[..., Any], index: Any) -> None:
    x = array(np.arange(12.0).reshape(4, 3))
    second = ops.hvp(lambda v: ops.sum(v[index] * v[index]), x, type(x)(np.ones((4, 3))))
    counted = np.bincount(np.asarray(np.arange(12).reshape(4, 3)[index]).ravel(), minlength=12).reshape(4, 3)
    np.testing.assert_allclose(second.data, 2.0 * counted, atol=1e-12)


def test_an_index_list_changed_after_forward_does_not_change_the_gradient(array: Callable[..., Any]) -> None:
    for index in ([0, 0], np.array([0, 0])):
        x = array([1.0, 2.0])
        y = x[index].sum()
        index[0] = 1
        y.backward()
        np.testing.assert_array_equal(x.grad, [2.0, 0.0])


def test_a_node_serves_as_a_mask_or_an_index(array: Callable[..., Any]) -> None:
    x = array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(x[x > 1.5].data, [3.0, 2.0])
    rows = [row.item() for row in x]
    assert rows == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("index", [4, -5, (0, 3), [0, 9], np.array([7])], ids=str)
def test_an_index_out_of_range_is_an_index_error_that_shows_the_shape(array: Callable[..., Any], index: Any) -> None:
    with pytest.raises(IndexError, match=r"getitem.*\(4, 3\)"):
        _ = array(np.zeros((4, 3)))[index]


@pytest.mark.parametrize("index", [1.0, "a", (0, 1.5)], ids=str)
def test_an_index_that_is_none_names_what_may_stand_there(array: Callable[..., Any], index: Any) -> None:
    with pytest.raises(IndexError, match="an integer, a slice"):
        _ = array(np.zeros((4, 3)))[index]


# frames and windows

PADS = list(product(("constant", "reflect", "edge", "wrap"), (0, 1, (1, 2), ((0, 1), (2, 1)), ((2,), (1,)))))


@pytest.mark.parametrize(("mode", "width"), PADS, ids=str)
def test_pad_is_numpys_and_sends_back_to_where_it_copied(array: Callable[..., Any], mode: Any, width: Any) -> None:
    data = np.random.default_rng(3).normal(size=(3, 4))
    x = array(data)
    y = ops.pad(x, width, mode=mode)
    np.testing.assert_array_equal(y.data, np.pad(data, width, mode=mode))
    g = np.random.default_rng(4).normal(size=y.shape)
    y.backward(g)
    outside: dict[str, Any] = {"constant_values": 12} if mode == "constant" else {}
    source = np.pad(np.arange(12).reshape(3, 4), width, mode=mode, **outside)
    wanted = np.bincount(source.ravel(), weights=g.ravel(), minlength=13)[:12].reshape(3, 4)
    np.testing.assert_allclose(x.grad, wanted, atol=1e-12)


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_pad_wider_than_the_array_goes_on_as_numpys(array: Callable[..., Any], mode: Any) -> None:
    for size in (1, 2, 3):
        x = array(np.arange(1.0, size + 1))
        y = ops.pad(x, (7, 5), mode=mode)
        np.testing.assert_array_equal(y.data, np.pad(np.arange(1.0, size + 1), (7, 5), mode=mode))
        y.backward(np.ones(y.shape))
        counted = np.bincount(np.pad(np.arange(size), (7, 5), mode=mode), minlength=size)
        np.testing.assert_array_equal(x.grad, counted)


def test_pad_fills_with_its_constant(array: Callable[..., Any]) -> None:
    x = array([1.0, 2.0])
    y = ops.pad(x, (2, 1), constant_values=-1.5)
    np.testing.assert_array_equal(y.data, [-1.5, -1.5, 1.0, 2.0, -1.5])
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


@pytest.mark.torch
@pytest.mark.parametrize(("mode", "width"), [(m, w) for m, w in PADS if w != ((2,), (1,)) or m != "reflect"], ids=str)
def test_pad_gradient_is_torchs(mode: str, width: Any) -> None:
    pytest.importorskip("torch")
    from tests import torch_namespace

    data = np.random.default_rng(3).normal(size=(3, 4))
    x, theirs = Tensor(data, requires_grad=True), torch_namespace.leaf(data)
    y = ops.pad(x, width, mode=mode)
    g = np.random.default_rng(4).normal(size=y.shape)
    y.backward(g)
    z = torch_namespace.NATIVE["pad"](theirs, width, mode, 0)
    np.testing.assert_array_equal(y.data, z.detach().numpy())
    np.testing.assert_allclose(x.grad, torch_namespace.gradients(z, g, [theirs])[0], atol=1e-12)


@pytest.mark.parametrize("width", [-1, (1, 2, 3), ((1, 1),) * 3, 1.5], ids=str)
def test_a_frame_that_does_not_fit_is_refused(array: Callable[..., Any], width: Any) -> None:
    with pytest.raises((ops.ShapeError, TypeError), match="pad_width"):
        ops.pad(array(np.zeros((2, 3))), width)


def test_an_unknown_pad_mode_lists_the_modes(array: Callable[..., Any]) -> None:
    with pytest.raises(ops.ParameterError, match=r"'mirror'.*constant.*reflect.*edge.*wrap"):
        ops.pad(array([1.0]), 1, mode="mirror")


window = st.tuples(*[st.integers(1, 3)] * 3, st.integers(0, 3))


@settings(derandomize=True, deadline=None, max_examples=60, database=None)
@given(st.lists(window, min_size=1, max_size=2))
def test_windows_and_overlap_add_are_adjoint(drawn: list[tuple[int, int, int, int]]) -> None:
    size, stride, dilation, spare = zip(*drawn)
    shape = (2, *((k - 1) * d + 1 + r for k, d, r in zip(size, dilation, spare)))
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    y = ops.windows(x, size, stride, dilation)
    w = rng.normal(size=y.shape)
    back = ops.overlap_add(w, shape, size, stride, dilation)
    np.testing.assert_allclose(np.sum(y * w), np.sum(x * back), rtol=1e-10, atol=1e-10)


@settings(derandomize=True, deadline=None, max_examples=60, database=None)
@given(window)
def test_a_window_holds_the_numbers_that_it_slides_over(drawn: tuple[int, int, int, int]) -> None:
    size, stride, dilation, spare = drawn
    x = np.arange(float((size - 1) * dilation + 1 + spare))
    starts = range(0, spare + 1, stride)
    wanted = [[x[start + k * dilation] for k in range(size)] for start in starts]
    np.testing.assert_array_equal(ops.windows(x, size, stride, dilation), wanted)


@pytest.mark.parametrize("options", [{"size": 6}, {"size": 0}, {"size": 2, "stride": 0}, {"size": 3, "dilation": 3}])
def test_windows_that_do_not_fit_are_refused(array: Callable[..., Any], options: Any) -> None:
    with pytest.raises(ops.ShapeError, match="window"):
        ops.windows(array(np.zeros(5)), **options)


# matrix products

MATMULS = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((3,), (5, 3, 2)),
    ((5, 2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((4, 1, 2, 3), (5, 3, 2)),
    ((1, 2, 3), (5, 3, 2)),
    ((1, 1), (1, 1)),
]


@pytest.mark.parametrize(("a_shape", "b_shape"), MATMULS, ids=str)
def test_matmul_of_vectors_and_batches_is_numpys(array: Callable[..., Any], a_shape: Any, b_shape: Any) -> None:
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=a_shape), rng.normal(size=b_shape)
    y = array(a) @ array(b)
    np.testing.assert_allclose(y.data, a @ b, rtol=1e-12)
    np.testing.assert_allclose((a @ array(b)).data, a @ b, rtol=1e-12)
    np.testing.assert_allclose((array(a) @ b).data, a @ b, rtol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize(("a_shape", "b_shape"), MATMULS, ids=str)
def test_matmul_gradients_are_torchs(array: Callable[..., Any], a_shape: Any, b_shape: Any) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    data = [rng.normal(size=a_shape), rng.normal(size=b_shape)]
    ours, theirs = [array(x) for x in data], [torch.tensor(x, requires_grad=True) for x in data]
    y, z = ours[0] @ ours[1], theirs[0] @ theirs[1]
    g = rng.normal(size=y.shape)
    y.backward(g)
    z.backward(torch.tensor(g))
    for x, t in zip(ours, theirs):
        np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("a_shape", "b_shape", "says"),
    [
        ((3, 4), (5, 2), r"matmul: \(3, 4\) @ \(5, 2\): the inner sizes 4 and 5 differ"),
        ((3, 4), (5, 4), r"the inner sizes 4 and 5 differ; did you mean a @ b\.mT\?"),
        ((4, 3), (4, 5), r"did you mean a\.mT @ b\?"),
        ((3,), (4, 2), "inner sizes 3 and 4 differ"),
        ((2, 3), (4,), "inner sizes 3 and 4 differ"),
        ((2, 2, 3), (3, 3, 4), "batches.*do not broadcast"),
        ((), (3,), "a number has no axis"),
    ],
)
def test_shapes_that_do_not_multiply_are_explained(array: Callable[..., Any], a_shape: Any, b_shape: Any, says: str):
    with pytest.raises(ops.ShapeError, match=says):
        _ = array(np.zeros(a_shape)) @ array(np.zeros(b_shape))


# axes that are not there

BAD_AXES = [
    ("sum", {"axis": 2}),
    ("sum", {"axis": -3}),
    ("mean", {"axis": 2}),
    ("var", {"axis": (0, 2)}),
    ("max", {"axis": 2}),
    ("min", {"axis": 5}),
    ("prod", {"axis": 2}),
    ("logsumexp", {"axis": 2}),
    ("softmax", {"axis": 2}),
    ("log_softmax", {"axis": -3}),
    ("squeeze", {"axis": 2}),
    ("flip", {"axis": 2}),
    ("expand_dims", {"axis": 4}),
    ("permute_dims", {"axes": (0, 2)}),
]


@pytest.mark.parametrize(("name", "params"), BAD_AXES, ids=[f"{n} {p}" for n, p in BAD_AXES])
def test_an_axis_that_is_not_there_is_named(array: Callable[..., Any], name: str, params: Any) -> None:
    x = array(np.zeros((2, 3)))
    with pytest.raises(ops.ShapeError, match=rf"{name}.*(no axis|must name)") as caught:
        ops.REGISTRY[name](x, **params)
    assert "axes" in str(caught.value)
    assert x.grad is None


@pytest.mark.parametrize("name", ["concat", "stack"])
def test_an_axis_that_is_not_there_is_refused_in_joining(array: Callable[..., Any], name: str) -> None:
    with pytest.raises(ops.ShapeError, match=f"{name}.*axis 5"):
        ops.REGISTRY[name]([array([1.0]), array([2.0])], axis=5)


@pytest.mark.parametrize("name", ["sum", "max", "logsumexp"])
def test_an_axis_named_twice_is_refused(array: Callable[..., Any], name: str) -> None:
    with pytest.raises(ops.ShapeError, match="twice"):
        ops.REGISTRY[name](array(np.zeros((2, 3))), axis=(0, -2))


SHAPES_THAT_DO_NOT_FIT = [
    ("reshape", lambda x: x.reshape(4, 2), r"\(2, 3\) holds 6 elements.*\(4, 2\)"),
    ("broadcast_to", lambda x: ops.broadcast_to(x, (4, 3)), r"\(2, 3\) does not stretch to \(4, 3\)"),
    ("squeeze", lambda x: ops.squeeze(x, 1), r"axis 1 of \(2, 3\) has size 3"),
    ("concat", lambda x: ops.concat([x, x[:, :2]]), r"\(2, 3\) and \(2, 2\) do not join"),
    ("stack", lambda x: ops.stack([x, x[:1]]), r"\(2, 3\) and \(1, 3\) do not stack"),
    ("add", lambda x: x + np.zeros((2, 2)), r"\(2, 3\) and \(2, 2\) do not broadcast: on axis -1 the sizes 2 and 3"),
    ("concat of nothing", lambda x: ops.concat([]), "concat"),
]


@pytest.mark.parametrize(
    ("call", "says"), [case[1:] for case in SHAPES_THAT_DO_NOT_FIT], ids=[case[0] for case in SHAPES_THAT_DO_NOT_FIT]
)
def test_shapes_that_do_not_fit_are_shown(array: Callable[..., Any], call: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(ops.ShapeError, match=says):
        call(array(np.zeros((2, 3))))


@pytest.mark.parametrize("name", ["add", "mul", "div", "power", "maximum", "where"])
def test_shapes_that_do_not_broadcast_are_shown(array: Callable[..., Any], name: str) -> None:
    arguments = [array(np.ones((2, 3))), array(np.ones((3, 2)))]
    if name == "where":
        arguments.insert(0, np.array(True))
    with pytest.raises(ops.ShapeError, match=rf"{name}: .*\(2, 3\) and \(3, 2\) do not broadcast"):
        ops.REGISTRY[name](*arguments)


def test_gelu_of_an_unknown_form_lists_the_forms(number: Callable[..., Any]) -> None:
    with pytest.raises(ops.ParameterError, match=r"'sigmoid'.*none.*tanh"):
        ops.gelu(number(1.0), approximate="sigmoid")
