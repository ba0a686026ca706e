"""What is written into a node arrives, or is refused: updates by hand, `.data`, `.grad`, and writes before backward."""

from __future__ import annotations

import copy
import itertools
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import nn
import ops
from ops.modes import enable_grad
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests.declaring import scratch as scratch

Leaf = Callable[..., Any]

OPERATORS = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
    "/=": operator.itruediv,
    "**=": operator.ipow,
}


def _numbers(x: Any) -> Any:
    return x.numpy() if hasattr(x, "numpy") else x.data


# updates by hand


@pytest.mark.parametrize("symbol", OPERATORS)
def test_an_in_place_operator_under_no_grad_changes_the_parameter_as_in_torch(number: Leaf, symbol: str) -> None:
    x: Any = number(3.0)
    twin: Any = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    (x * x).backward()
    (twin * twin).backward()
    same, other_name = x, x
    with ops.no_grad():
        same = OPERATORS[symbol](same, 0.1 * x.grad)
    with torch.no_grad():
        twin = OPERATORS[symbol](twin, 0.1 * twin.grad)
    assert same is other_name
    assert same.op is None
    assert same.requires_grad
    assert float(_numbers(x)) == twin.item()


def test_a_matrix_product_in_place_changes_the_parameter_too(array: Leaf) -> None:
    w = array([[1.0, 2.0], [3.0, 4.0]])
    kept, turn = w, np.array([[0.0, 1.0], [1.0, 0.0]])
    with ops.no_grad():
        w @= turn
    assert kept is w
    np.testing.assert_array_equal(kept.numpy(), [[2.0, 1.0], [4.0, 3.0]])


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_pytorchs_update_by_hand_trains_as_in_torch(engine: str) -> None:
    model, rng = nn.MLP(2, [4, 1], rng=0, engine=engine), np.random.default_rng(1)
    twin, X, y = model.torch_twin(), rng.normal(size=(8, 2)), rng.normal(size=(8, 1))
    for _ in range(5):
        nn.mse_loss(model(X), y).backward()
        torch.nn.functional.mse_loss(twin(torch.tensor(X)), torch.tensor(y)).backward()
        with ops.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        model.zero_grad()
        with torch.no_grad():
            for p in twin.parameters():
                p -= 0.1 * p.grad
        twin.zero_grad()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.detach().numpy(), rtol=1e-12)


def test_an_update_keeps_a_parameters_dtype() -> None:
    w = Tensor(np.ones(2, np.float32), requires_grad=True)
    with ops.no_grad():
        w -= np.array([0.5, 0.25])
    assert w.dtype == np.float32
    np.testing.assert_array_equal(w.numpy(), [0.5, 0.75])


def test_an_update_between_forward_and_backward_is_refused_like_any_write(number: Leaf) -> None:
    x = number(3.0, label="weight")
    y = x * x
    with ops.no_grad():
        x -= 0.5
    with pytest.raises(ops.ChangedDataError, match="'weight'"):
        y.backward()


@pytest.mark.parametrize("symbol", OPERATORS)
def test_where_calls_are_recorded_an_in_place_operator_is_one_more_op(number: Leaf, symbol: str) -> None:
    x, a = number(3.0), number(2.0)
    y = x
    y = OPERATORS[symbol](y, a)
    assert y is not x
    assert len(y.args) == 2
    assert float(_numbers(x)) == 3.0
    y.backward()
    twin: Any = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    OPERATORS[symbol](twin * 1.0, 2.0).backward()
    assert float(x.grad) == pytest.approx(twin.grad.item(), rel=1e-12)


def test_enable_grad_inside_no_grad_records_an_in_place_operator(number: Leaf) -> None:
    x = number(3.0)
    y = x
    with ops.no_grad(), enable_grad():
        y += 1.0
    assert y.op is ops.add


def test_a_sum_in_place_of_what_is_no_parameter_stays_a_sum_under_no_grad(number: Leaf) -> None:
    x = number(3.0)
    with ops.no_grad():
        total = Value(0) if isinstance(x, Value) else type(x)(0.0)
        start = total
        for _ in range(3):
            total += x
    assert float(_numbers(total)) == 9.0
    assert float(_numbers(start)) == 0.0


def test_an_in_place_operator_under_no_grad_leaves_what_an_op_made_as_it_was(number: Leaf) -> None:
    x = number(3.0)
    h = x * x
    z = h
    with ops.no_grad():
        z += 1.0
        made = x * 2.0
        kept = made
        made += 1.0
    assert float(_numbers(h)) == 9.0
    assert float(_numbers(z)) == 10.0
    assert float(_numbers(kept)) == 6.0
    h.backward()  # which was not written into
    assert float(x.grad) == 6.0


def test_a_node_on_the_right_of_a_parameter_is_refused_under_no_grad_and_the_parameter_stays(number: Leaf) -> None:
    bias, x = number(1.0), number(3.0)
    (bias * x).backward()
    out = bias
    with ops.no_grad(), pytest.raises(TypeError, match=r"\+=.*p\.data \+= other\.data.*p = p \+ other"):
        out += x
    assert float(_numbers(bias)) == 1.0


def test_an_update_that_would_change_the_shape_is_refused(array: Leaf) -> None:
    w = array([1.0, 2.0])
    with ops.no_grad(), pytest.raises(ops.ShapeError, match=r"-=.*\(2,\).*\(3, 2\)"):
        w -= np.ones((3, 2))
    np.testing.assert_array_equal(w.numpy(), [1.0, 2.0])


# writes into .data and .grad


def _put_first(x: Any) -> None:
    x[0] = 9.0


def _put_in_a_row(x: Any) -> None:
    row = x[1]
    row[0] = 8.0
    row += 1.0


def _put_in_a_turned_view(x: Any) -> None:
    x.T[0] = -1.0


def _put_by_mask(x: Any) -> None:
    x[x > 2] = 0.0


def _put_flat(x: Any) -> None:
    x.flat[1] = 9.0
    x.flat[2:] = [7.0, 5.0]


def _put_in_place(x: Any) -> None:
    x -= 1.0
    x *= 2.0
    x **= 2


WRITES: dict[str, Callable[[Any], Any]] = {
    "x[0] = ": _put_first,
    "row": _put_in_a_row,
    "turned": _put_in_a_turned_view,
    "mask": _put_by_mask,
    "flat": _put_flat,
    "in place": _put_in_place,
    "fill": lambda x: x.fill(0.0),
    "sort": lambda x: x.sort(axis=0),
    "partition": lambda x: x.partition(0),
    "put": lambda x: x.put([0, 3], [5.0, 6.0]),
    "fill of a reshaped slice": lambda x: x.reshape(4)[1:3].fill(0.0),
    "fill of ravel": lambda x: x.ravel().fill(0.0),
    "copyto": lambda x: np.copyto(x, 7.0),
    "copyto of a row": lambda x: np.copyto(x[0], [7.0, 8.0], where=[True, False]),
    "fill_diagonal": lambda x: np.fill_diagonal(x, 5.0),
    "np.put": lambda x: np.put(x, [1], 3.0),
    "place": lambda x: np.place(x, x > 2, [0.0]),
    "putmask": lambda x: np.putmask(x, x > 2, 0.0),
    "put_along_axis": lambda x: np.put_along_axis(x, np.array([[0], [1]]), 9.0, 1),
    "add.at": lambda x: np.add.at(x, ([0, 0], [0, 0]), 1.0),
    "clip, out=": lambda x: np.clip(x, -1.0, 1.0, out=x),
    "add, out=": lambda x: np.add(x, 1.0, out=x),
    "add, out= by place": lambda x: np.add(x, 1.0, x),
    "cumsum, out=": lambda x: np.cumsum(x, axis=0, out=x),
    "out= a column": lambda x: np.negative(x[:, 1], out=x[:, 1]),
    "where=": lambda x: np.multiply(x, 10.0, out=x, where=x > 2),
}


@pytest.mark.parametrize("attribute", ["data", "grad"])
@pytest.mark.parametrize("write", WRITES)
def test_a_write_into_data_or_grad_is_numpys_on_both_engines(array: Leaf, attribute: str, write: str) -> None:
    x = array([[4.0, 2.0], [3.0, 1.0]])
    (x * x).sum().backward()
    plain = np.array(getattr(x, attribute))
    WRITES[write](plain)
    WRITES[write](getattr(x, attribute))
    np.testing.assert_array_equal(np.asarray(getattr(x, attribute)), plain)


@pytest.mark.parametrize("attribute", ["data", "grad"])
@pytest.mark.parametrize(
    "write",
    [
        lambda x: np.random.default_rng(0).random(out=x),
        lambda x: np.random.default_rng(0).shuffle(x),
        lambda x: np.asarray(x).fill(0.0),
        lambda x: x.view(np.ndarray).fill(0.0),
        lambda x: memoryview(x).cast("B").__setitem__(0, 1),
    ],
    ids=["random out=", "shuffle", "asarray", "a view as ndarray", "memoryview"],
)
def test_a_write_past_the_window_of_a_value_array_is_refused_and_not_lost(attribute: str, write: Any) -> None:
    x = ValueArray([[4.0, 2.0], [3.0, 1.0]], requires_grad=True)
    (x * x).sum().backward()
    with pytest.raises((ValueError, TypeError), match=r"read-only|writable"):
        write(getattr(x, attribute))


@pytest.mark.parametrize("attribute", ["data", "grad"])
def test_a_copy_of_data_or_grad_is_written_alone(array: Leaf, attribute: str) -> None:
    x = array([4.0, 2.0])
    (x * x).sum().backward()
    before = np.array(getattr(x, attribute))
    for twin in (lambda a: a.copy(), copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a)), lambda a: a[[1, 0]]):
        twin(getattr(x, attribute)).fill(0.0)
    np.testing.assert_array_equal(np.asarray(getattr(x, attribute)), before)


@pytest.mark.parametrize("update", ["data = ", "step", "element"])
def test_data_kept_from_before_an_update_still_writes_into_the_node_and_undoes_nothing(
    array: Leaf, update: str
) -> None:
    x = array([1.0, 2.0])
    kept = x.data
    (x * x).sum().backward()
    if update == "data = ":
        x.data = [5.0, 6.0]
    elif update == "step":
        nn.SGD([x], lr=0.25).step()
    else:
        x.data[1] = 6.0
    after = x.numpy()
    kept[0] = 1.0
    np.testing.assert_array_equal(x.numpy(), [1.0, after[1]])


def test_a_gradient_of_an_earlier_pass_is_written_alone(array: Leaf) -> None:
    x = array([1.0, 2.0])
    (x * x).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    first[0] = 100.0
    np.testing.assert_array_equal(x.grad, [4.0, 8.0])


def test_a_written_gradient_is_what_the_optimiser_reads(array: Leaf) -> None:
    x = array([1.0, 2.0])
    (x * x).sum().backward()
    x.grad[0] = 0.0
    np.clip(x.grad, -1.0, 1.0, out=x.grad)
    nn.SGD([x], lr=0.5).step()
    np.testing.assert_array_equal(x.numpy(), [1.0, 1.5])


@pytest.mark.parametrize("write", ["fill", "copyto", "flat", "sort"])
def test_a_write_before_backward_is_refused_through_every_door(array: Leaf, write: str) -> None:
    x = array([[4.0, 2.0], [3.0, 1.0]], label="weight")
    y = (x * x).sum()
    WRITES[write](x.data)
    with pytest.raises(ops.ChangedDataError, match=r"'weight'.*mul"):
        y.backward()


def test_none_is_no_gradient_on_every_node(number: Leaf) -> None:
    x = number(3.0)
    for create_graph in (False, False, True):
        x.grad = None
        (x * x).backward(create_graph=create_graph)
        assert _gradient(x) == 6.0


def _gradient(x: Any) -> float:
    return float(_numbers(x.grad) if hasattr(x.grad, "op") else x.grad)


def test_an_element_without_a_gradient_counts_as_zero_in_its_array() -> None:
    x = ValueArray([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.values[0].grad = None
    np.testing.assert_array_equal(x.grad, [0.0, 4.0])


# a write before backward, behind an op that only moves numbers

MOVES: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda w: w.reshape(2),
    "mT": lambda w: w.mT,
    "T": lambda w: w.T,
    "slice": lambda w: w[0, :1],
    "index": lambda w: w[0, [1, 0, 1]],
    "permute_dims": lambda w: w.permute_dims(1, 0),
    "broadcast_to": lambda w: w.broadcast_to((3, 2)),
    "flip": lambda w: w.flip(),
    "squeeze": lambda w: w.squeeze(0),
    "expand_dims": lambda w: w.expand_dims(0),
    "astype": lambda w: w.astype(float),
    "concat": lambda w: ops.concat([w, w]),
    "stack": lambda w: ops.stack([w, w]),
    "pad": lambda w: ops.pad(w, ((0, 0), (1, 1))),
    "three in a row": lambda w: ops.concat([w.mT.reshape(2), w[0]])[1:],
}


def _write_data(w: Any) -> None:
    w.data = [[5.0, 6.0]]


def _write_element(w: Any) -> None:
    w.data[0, 0] = 5.0


def _step(w: Any) -> None:
    w.grad = np.ones((1, 2))
    nn.SGD([w], lr=0.5).step()


@pytest.mark.parametrize("change", [_write_data, _write_element, _step])
@pytest.mark.parametrize("move", MOVES)
def test_a_write_behind_moved_numbers_that_a_rule_reads_is_refused(array: Leaf, move: str, change: Any) -> None:
    w = array([[1.0, 2.0]], label="weight")
    v = MOVES[move](w)
    y = (v * v).sum()
    change(w)
    before = None if w.grad is None else np.array(w.grad)
    for create_graph in (False, True):
        with pytest.raises(ops.ChangedDataError, match="mul"):
            y.backward(create_graph=create_graph)
    np.testing.assert_array_equal(w.grad, before)


@pytest.mark.parametrize("move", MOVES)
def test_a_write_behind_moved_numbers_that_no_rule_reads_is_allowed(array: Leaf, move: str) -> None:
    w = array([[1.0, 2.0]])
    y = (MOVES[move](w) + 3.0).sum()
    w.data = [[5.0, 6.0]]
    y.backward()
    twin = array([[1.0, 2.0]])
    MOVES[move](twin).sum().backward()
    np.testing.assert_array_equal(w.grad, twin.grad)


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_a_step_before_a_second_losss_backward_is_refused_as_in_torch(engine: str) -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0, engine=engine), nn.Tanh(), nn.Linear(3, 1, rng=0, engine=engine))
    out = model(np.ones((2, 2)))
    out.sum().backward()
    nn.SGD(model.parameters(), lr=0.1).step()
    with pytest.raises(ops.ChangedDataError):
        (out * out).sum().backward()

    twin = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    out = twin(torch.ones(2, 2))
    out.sum().backward(retain_graph=True)
    torch.optim.SGD(twin.parameters(), lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        (out * out).sum().backward()


@pytest.mark.parametrize("move", MOVES)
def test_what_no_grad_only_moved_passes_no_gradient_on(array: Leaf, move: str) -> None:
    w, x = array([[1.0, 2.0]]), array(3.0)
    with ops.no_grad():
        v = MOVES[move](w)
    (v * x).sum().backward()
    assert w.grad is None
    assert x.grad is not None


# what a call was given


@pytest.mark.usefixtures("scratch")
def test_a_parameter_changed_by_its_owner_changes_no_gradient(array: Leaf) -> None:
    @ops.linear(ops.sample((2,), by=2.0))
    def scaled(xp, x, /, by):
        return x * by[0]

    @scaled.adjoint
    def scaled_adjoint(xp, g, x, /, by):
        return g * by[0]

    for by in ([2.0], np.array([2.0])):
        x = array([1.0, 2.0])
        y = scaled(x, by=by).sum()
        by[0] = 100.0
        y.backward()
        np.testing.assert_array_equal(x.grad, [2.0, 2.0])


def test_a_subclass_of_value_takes_attributes_and_keeps_them_in_copies() -> None:
    class Weight(Value):
        pass

    w = Weight(3.0)
    w.m = 0.5  # pyright: ignore
    (w * w).backward()
    twin: Any = copy.deepcopy(w)
    assert (w.grad, twin.grad, twin.m) == (6.0, 6.0, 0.5)
    with pytest.raises(AttributeError):
        Value(3.0).m = 0.5  # pyright: ignore


def test_every_pair_of_leaves_keeps_its_own_numbers(array: Leaf) -> None:
    a, b = array([1.0, 2.0]), array([1.0, 2.0])
    b.data = a.data
    for x, y in itertools.permutations((a, b)):
        x.data.fill(7.0)
        assert y.numpy()[0] != 7.0
        x.data = [1.0, 2.0]
