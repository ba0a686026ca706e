"""What the engines promise: one test, or a few, for every row of the design's table, on both engines."""

from __future__ import annotations

import copy
import gc
import itertools
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ops
from ops.modes import recording
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

Leaf = Callable[..., Any]
HOUSE = Path(__file__).resolve().parent.parent


def _float(x: Any) -> float:
    """A datum or a gradient as a float: a number, a 0-d array or a node."""
    return float(x.data if hasattr(x, "op") else x)


def _forget(x: Any) -> None:
    """Forget a leaf's gradient, as each engine writes it."""
    x.grad = 0 if isinstance(x, Value) else None


# backward twice


def test_backward_twice_gives_leaves_exactly_twice_the_gradient(number: Leaf) -> None:
    x = number(3.0)
    y = x**3
    y.backward()
    assert _float(x.grad) == 27.0
    y.backward()
    assert _float(x.grad) == 54.0


def test_gradients_of_interior_nodes_are_per_call(number: Leaf) -> None:
    x = number(3.0)
    h = x * x
    y = h * 2.0
    for _ in range(3):
        y.backward()
        assert (_float(y.grad), _float(h.grad)) == (1.0, 2.0)
    assert _float(x.grad) == 36.0


def test_two_roots_add_up_in_a_shared_leaf_and_not_in_a_shared_node(number: Leaf) -> None:
    x = number(2.0)
    h = x * x
    (h * 3.0).backward()
    (h * 5.0).backward()
    assert _float(h.grad) == 5.0
    assert _float(x.grad) == 32.0


def test_backward_from_an_interior_node_starts_there(number: Leaf) -> None:
    x = number(2.0)
    h = x * x
    y = h * 3.0
    h.backward()
    assert _float(x.grad) == 4.0
    assert y.grad is None or _float(y.grad) == 0.0


def test_backward_from_a_leaf_gives_it_one(number: Leaf) -> None:
    x = number(2.0)
    x.backward()
    x.backward()
    assert _float(x.grad) == 2.0


def test_a_recorded_and_a_plain_backward_add_up_in_a_leaf(number: Leaf) -> None:
    for first, second in ((True, False), (False, True), (True, True)):
        x = number(3.0)
        y = x * x
        y.backward(create_graph=first)
        y.backward(create_graph=second)
        assert _float(x.grad) == 12.0, f"create_graph={first}, then {second}"


def test_a_node_that_is_met_on_many_paths_passes_on_the_sum(number: Leaf) -> None:
    x = number(0.5)
    y = x
    for _ in range(60):
        y = y + y  # 2**60 paths
    y.backward()
    assert _float(x.grad) == 2.0**60


def test_zeroed_gradients_start_anew(number: Leaf) -> None:
    x = number(3.0)
    (x * x).backward()
    _forget(x)
    (x * x).backward()
    assert _float(x.grad) == 6.0


# the graph after backward


def test_the_graph_is_kept_after_backward(number: Leaf) -> None:
    x = number(3.0, label="x")
    y = (x * x).tanh()
    y.backward()
    assert y.op is ops.tanh
    (square,) = y.args
    assert square.op is ops.mul
    assert square.args[0] is square.args[1] is x


@pytest.fixture
def without_cycle_collector() -> Iterator[None]:
    """What dies inside the test dies by its count of references alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_cycle_collector")
def test_the_graph_goes_with_its_root_at_once(number: Leaf) -> None:
    x = number(3.0)
    y = ((x * x).tanh() + x) ** 2.0
    y.backward()
    dying = [weakref.ref(node) for node in ops.topological(y) if node is not x]
    assert len(dying) >= 4
    del y
    assert [ref() for ref in dying] == [None] * len(dying)


@pytest.mark.usefixtures("without_cycle_collector")
def test_a_graph_of_arrays_goes_with_its_root_at_once(array: Leaf) -> None:
    x = array([[1.0, 2.0], [3.0, 4.0]])
    y = ops.logsumexp(ops.concat([x @ x, x[:1]]) / 2.0)
    y.backward()
    dying = [weakref.ref(node) for node in ops.topological(y) if node is not x]
    del y
    assert [ref() for ref in dying] == [None] * len(dying)


@pytest.mark.usefixtures("without_cycle_collector")
def test_a_failed_op_leaves_nothing_behind(array: Leaf) -> None:
    x = array([1.0, 2.0])
    h = x * 2.0
    ref = weakref.ref(h)
    with pytest.raises(ops.ShapeError):
        _ = h + np.zeros(3)
    del h
    assert ref() is None


# depth


def _chain(x: Any, depth: int) -> Any:
    for _ in range(depth):
        x = x + 1.0
    return x


def _live(x: Any, depth: int) -> None:
    """Build, go backward and free a chain of this depth."""
    y = _chain(x, depth)
    y.backward()
    assert _float(x.grad) == 1.0
    assert _float(y.data) == depth
    assert len(ops.topological(y)) == 2 * depth + 1
    ref = weakref.ref(y.args[0])
    del y
    assert ref() is None


def _travel(x: Any, depth: int, carry: Callable[[Any], Any]) -> None:
    """Carry a chain of this depth elsewhere, where it goes backward without the first."""
    y = _chain(x, depth)
    twin = carry(y)
    twin.backward()
    bottom = twin
    while bottom.op is not None:
        bottom = bottom.args[0]
    assert _float(bottom.grad) == 1.0
    assert x.grad is None or _float(x.grad) == 0.0


def _pickled(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))


@pytest.mark.slow
@pytest.mark.usefixtures("without_cycle_collector")
def test_a_chain_deeper_than_the_recursion_limit_lives_and_dies(number: Leaf) -> None:
    _live(number(0.0), 20_000)


@pytest.mark.slow
@pytest.mark.parametrize("carry", [copy.deepcopy, _pickled])
def test_a_chain_deeper_than_the_recursion_limit_is_copied_and_pickled(number: Leaf, carry: Any) -> None:
    depth = 1_100 if number.__name__ == "ValueArray" else 20_000
    assert depth > sys.getrecursionlimit()
    _travel(number(0.0), depth, carry)


@pytest.mark.parametrize("carry", [copy.deepcopy, _pickled])
def test_copying_takes_time_in_proportion_to_the_graph(number: Leaf, carry: Any) -> None:
    short, long = (_chain(number(0.0), depth) for depth in (100, 400))
    assert _calls(lambda: carry(long)) < 6 * _calls(lambda: carry(short))


def _calls(work: Callable[[], Any]) -> int:
    """How many functions the work calls."""
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.slow
@pytest.mark.usefixtures("without_cycle_collector")
@pytest.mark.parametrize("engine", [Value, Tensor, ValueArray])
def test_a_chain_a_million_deep_lives_and_dies(engine: Any) -> None:
    _live(engine(0.0) if engine is Value else engine(0.0, requires_grad=True), 1_000_000)


@pytest.mark.slow
@pytest.mark.usefixtures("without_cycle_collector")
@pytest.mark.parametrize("carry", [copy.deepcopy, _pickled])
def test_a_value_two_hundred_thousand_deep_is_copied_and_pickled(carry: Any) -> None:
    _travel(Value(0.0), 200_000, carry)


def test_a_deep_gradient_of_a_gradient_needs_no_recursion(number: Leaf) -> None:
    x = number(1.0)
    y = x
    for _ in range(3_000):
        y = y * 1.0
    y = y * y
    y.backward(create_graph=True)
    first = x.grad
    _forget(x)
    first.backward()
    assert _float(x.grad) == 2.0


# copies


def test_a_copy_is_a_graph_of_its_own(number: Leaf) -> None:
    x = number(3.0, label="x")
    y = x * x
    twin = copy.deepcopy(y)
    twin.backward()
    assert twin.args[0] is twin.args[1]
    assert twin.args[0] is not x
    assert (twin.args[0].label, _float(twin.args[0].grad)) == ("x", 6.0)
    assert x.grad is None or _float(x.grad) == 0.0


def test_one_deepcopy_of_many_nodes_keeps_what_they_share(number: Leaf) -> None:
    x = number(3.0)
    twin = copy.deepcopy({"x": x, "y": x * x, "z": [x + 1.0]})
    assert twin["y"].args[0] is twin["z"][0].args[0] is twin["x"]


def test_a_pickled_graph_goes_backward(number: Leaf) -> None:
    x = number(3.0, label="x")
    loaded = pickle.loads(pickle.dumps((x * x).tanh() * x))
    loaded.backward()
    twin = loaded.args[1]
    assert twin.label == "x"
    x2 = number(3.0)
    ((x2 * x2).tanh() * x2).backward()
    assert _float(twin.grad) == _float(x2.grad)


def test_a_pickled_array_keeps_numbers_gradient_and_label(array: Leaf) -> None:
    x = array([1.0, 2.0], label="x")
    (x * x).sum().backward()
    twin = pickle.loads(pickle.dumps(x))
    assert type(twin) is type(x)
    np.testing.assert_array_equal(twin.data, [1.0, 2.0])
    np.testing.assert_array_equal(twin.grad, [2.0, 4.0])
    assert (twin.label, twin.requires_grad) == ("x", True)


@pytest.mark.parametrize("name", ["add", "matmul", "sum", "pad"])
def test_an_op_is_pickled_and_copied_as_itself(name: str) -> None:
    op = ops.REGISTRY[name]
    assert pickle.loads(pickle.dumps(op)) is op
    assert copy.deepcopy(op) is op


# IEEE, detect_anomaly


@pytest.mark.parametrize(
    ("f", "at", "value", "slope"),
    [
        (lambda x: 1.0 / x, 0.0, np.inf, -np.inf),
        (lambda x: x.log(), 0.0, -np.inf, np.inf),
        (lambda x: x.exp(), 1000.0, np.inf, np.inf),
        (lambda x: x / x, 0.0, np.nan, np.nan),
        (lambda x: x.sqrt(), -1.0, np.nan, np.nan),
    ],
    ids=["1/0", "log 0", "exp 1000", "0/0", "sqrt -1"],
)
def test_division_by_zero_overflow_and_their_like_are_ieees(
    number: Leaf, f: Callable[[Any], Any], at: float, value: float, slope: float
) -> None:
    x = number(at)
    with np.errstate(all="ignore"):
        y = f(x)
        y.backward()
    np.testing.assert_array_equal((_float(y.data), _float(x.grad)), (value, slope))


def test_detect_anomaly_names_op_inputs_and_line_of_a_value(number: Leaf) -> None:
    x = number(0.0)
    with np.errstate(all="ignore"), pytest.raises(ops.AnomalyError) as caught, ops.detect_anomaly():
        (x * 2.0).log()  # the line
    message = str(caught.value)
    assert all(part in message for part in ("log(", "0.", "inf", "test_semantics.py", "(x * 2.0).log()", "finite"))


def test_detect_anomaly_names_op_inputs_and_line_of_a_gradient(number: Leaf) -> None:
    x = number(0.0)
    with np.errstate(all="ignore"), ops.detect_anomaly():
        y = x.sqrt()  # the value is finite, its slope is not
        with pytest.raises(ops.AnomalyError) as caught:
            y.backward()
    message = str(caught.value)
    assert all(part in message for part in ("sqrt(", "0.", "inf", "test_semantics.py", "y = x.sqrt()", "gradient"))


def test_detect_anomaly_names_the_line_of_a_recorded_gradient(number: Leaf) -> None:
    x = number(0.0)
    with np.errstate(all="ignore"), pytest.raises(ops.AnomalyError, match="sqrt"), ops.detect_anomaly():
        x.sqrt().backward(create_graph=True)


def test_detect_anomaly_is_silent_on_finite_numbers_and_off_outside(number: Leaf) -> None:
    with ops.detect_anomaly():
        y = number(2.0).log()
        y.backward()
    with np.errstate(all="ignore"):
        number(0.0).log().backward()


@pytest.mark.usefixtures("without_cycle_collector")
def test_detect_anomaly_keeps_no_node_alive_afterwards(number: Leaf) -> None:
    with ops.detect_anomaly():
        y = number(2.0) * 3.0
        ref = weakref.ref(y)
    del y
    assert ref() is None


# no_grad, detach


def test_no_grad_leaves_no_graph_as_a_context(number: Leaf) -> None:
    x = number(2.0)
    with ops.no_grad():
        y = x * x
    assert (y.op, y.args, _float(y.data)) == (None, (), 4.0)
    assert (x * x).op is ops.mul


def test_no_grad_leaves_no_graph_as_a_decorator(number: Leaf) -> None:
    x = number(2.0)

    @ops.no_grad()
    def forward(x: Any, depth: int) -> Any:
        return x * x if depth == 0 else forward(x, depth - 1)

    for _ in range(2):
        assert forward(x, 3).op is None
    assert recording()


def test_backward_through_what_no_grad_made_reaches_only_what_was_recorded(number: Leaf) -> None:
    x = number(3.0)
    with ops.no_grad():
        h = x * x
    y = x * h
    y.backward()
    assert _float(x.grad) == 9.0


def test_no_grad_nested_and_left_early_restores_recording(number: Leaf) -> None:
    x = number(2.0)
    with ops.no_grad():
        with ops.no_grad():
            pass
        assert (x * x).op is None
    assert (x * x).op is ops.mul


@pytest.mark.parametrize("mode", [ops.no_grad, ops.detect_anomaly])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_leaves_recording_as_it_was(number: Leaf, mode: Any, error: type[BaseException]) -> None:
    x = number(2.0)
    with pytest.raises(error), mode():
        raise error
    assert recording()
    assert (x * x).op is ops.mul
    with np.errstate(all="ignore"):
        number(0.0).log()


def test_an_exception_inside_an_op_leaves_recording_as_it_was(number: Leaf) -> None:
    x = number(2.0)
    with ops.no_grad():
        with pytest.raises(TypeError):
            _ = x + "1"
        assert not recording()
    assert recording()


@pytest.mark.slow
@pytest.mark.usefixtures("without_cycle_collector")
def test_ten_thousand_forward_steps_under_no_grad_leave_no_node(number: Leaf) -> None:
    w = number(0.999)
    kind = type(w)
    before = _alive(kind)
    with ops.no_grad():
        h = number(1.0)
        for _ in range(10_000):
            h = (w * h + 0.1).tanh()
    assert _alive(kind) <= before + 1
    assert h.args == ()


def _alive(kind: type) -> int:
    return sum(type(thing) is kind for thing in gc.get_objects())


def test_detach_passes_no_gradient_on_and_remembers_what_it_was_cut_from(number: Leaf) -> None:
    x = number(3.0, label="x")
    h = x * x
    cut = h.detach()
    assert (cut.op, cut.args, _float(cut.data)) == (None, (), 9.0)
    assert cut.params["cut_from"]() is h
    (cut * x).backward()
    assert _float(x.grad) == 9.0
    assert h.grad is None or _float(h.grad) == 0.0


@pytest.mark.usefixtures("without_cycle_collector")
def test_a_cut_lets_the_graph_behind_it_go(number: Leaf) -> None:
    h = number(3.0) * 2.0
    cut = h.detach()
    del h
    assert cut.params["cut_from"]() is None
    assert _float((cut * 2.0).data) == 12.0


def test_a_detached_copy_survives_copy_and_pickle(number: Leaf) -> None:
    h = number(3.0) * 2.0
    cut = h.detach()
    for twin in (copy.deepcopy(cut), pickle.loads(pickle.dumps(cut))):
        assert _float(twin.data) == 6.0


# higher order


def test_create_graph_makes_gradients_nodes(number: Leaf) -> None:
    x = number(2.0)
    y = x**3
    y.backward(create_graph=True)
    first = x.grad
    assert type(first) is type(x)
    assert first.op is not None or first.values.item().op is not None  # ValueArray: recorded number by number
    _forget(x)
    first.backward(create_graph=True)
    second = x.grad
    _forget(x)
    second.backward()
    assert (_float(first), _float(second), _float(x.grad)) == (12.0, 12.0, 6.0)


def test_grad_of_grad_of_a_plain_number_is_a_plain_number() -> None:
    assert ops.grad(ops.grad(lambda x: x**3))(2.0) == 12.0
    assert ops.grad(ops.grad(ops.grad(lambda x: x**3)))(2.0) == 6.0


def test_higher_derivatives_alternate_as_those_of_the_sine(number: Leaf) -> None:
    f, found = ops.sin, []
    for _ in range(4):
        f = ops.grad(f)
        found.append(_float(f(number(0.7))))
    s, c = 0.644217687237691, 0.7648421872844885
    np.testing.assert_allclose(found, [c, -s, -c, s], rtol=1e-14)


@pytest.mark.torch
def test_three_derivatives_of_a_mixed_expression_are_torchs(number: Leaf) -> None:
    torch = pytest.importorskip("torch")

    def f(x: Any, lib: Any) -> Any:
        return lib.sin(lib.tanh(x * x)) / (x + 3)

    t = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    z, theirs = f(t, torch), []
    for _ in range(3):
        (z,) = torch.autograd.grad(z, t, create_graph=True)
        theirs.append(z.item())

    g, ours = (lambda x: f(x, ops)), []
    for _ in range(3):
        g = ops.grad(g)
        ours.append(_float(g(number(0.8))))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_hessian_times_vector_is_the_slope_of_the_gradient(array: Leaf) -> None:
    def f(x: Any) -> Any:
        return ops.logsumexp(ops.tanh(x @ x.mT) * x[0, 0])

    x, v, h = np.array([[0.3, -0.2], [0.5, 0.9]]), np.array([[1.0, -2.0], [0.5, 0.3]]), 1e-5
    slope = (ops.grad(f)(x + h * v) - ops.grad(f)(x - h * v)) / (2 * h)
    np.testing.assert_allclose(ops.hvp(f, array(x), type(array(x))(v)).data, slope, atol=1e-8)


def test_a_mixed_second_derivative_does_not_depend_on_the_order(number: Leaf) -> None:
    def f(a: Any, b: Any) -> Any:
        return ops.sin(a * b) * ops.exp(a)

    one = ops.grad(lambda a, b: ops.grad(f, 1)(a, b), 0)(number(0.4), number(1.3))
    other = ops.grad(lambda a, b: ops.grad(f, 0)(a, b), 1)(number(0.4), number(1.3))
    np.testing.assert_allclose(_float(one), _float(other), rtol=1e-14)


def test_a_gradient_inside_a_loss_is_differentiated(array: Leaf) -> None:
    x = array([1.0, 2.0])
    y = (x**3).sum()
    y.backward(create_graph=True)
    penalty = (x.grad * x.grad).sum()  # sum of 9 x**4, whose slope is 36 x**3
    _forget(x)
    penalty.backward()
    np.testing.assert_allclose(x.grad, [36.0, 288.0], rtol=1e-14)


def test_value_and_grad_gives_a_gradient_for_each_argument_named() -> None:
    value, (da, db) = ops.value_and_grad(lambda a, b: a * b * b, argnums=(0, 1))(3.0, 2.0)
    assert (value, da, db) == (12.0, 4.0, 12.0)


def test_gradients_through_functions_reach_inside_no_grad(number: Leaf) -> None:
    with ops.no_grad():
        assert _float(ops.grad(lambda x: x * x)(number(3.0))) == 6.0


def test_grad_leaves_the_grad_of_its_arguments_alone(number: Leaf) -> None:
    x = number(3.0)
    before = x.grad
    ops.grad(lambda v: v * v)(x)
    assert x.grad is before


# mixing engines


@pytest.mark.parametrize("other", [Value(2.0), ValueArray([2.0], requires_grad=True)], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: b + a,
        lambda a, b: a**b,
        lambda a, b: b / a,
        lambda a, b: a.maximum(b),
        lambda a, b: b.maximum(a),
        lambda a, b: ops.stack([a, b]),
        lambda a, b: ops.where(True, b, a),
    ],
    ids=["+", "reflected +", "**", "/", "maximum", "reflected maximum", "stack", "where"],
)
def test_mixing_engines_names_both_and_says_how_to_convert(other: Any, mix: Callable[[Any, Any], Any]) -> None:
    t = Tensor([1.0], requires_grad=True)
    with pytest.raises(ops.EngineError) as caught:
        mix(t, other)
    assert all(part in str(caught.value) for part in ("Tensor", type(other).__name__, ".data"))
    assert t.grad is None


def test_an_engine_error_is_a_type_error() -> None:
    assert issubclass(ops.EngineError, TypeError)


@pytest.mark.parametrize(
    ("cls", "node"),
    [
        (Tensor, Value(1.0)),
        (Tensor, ValueArray(1.0)),
        (Tensor, Tensor(1.0)),
        (ValueArray, Tensor(1.0)),
        (ValueArray, ValueArray(1.0)),
        (Value, Tensor(1.0)),
        (Value, ValueArray(1.0)),
        (Value, Value(1.0)),
    ],
)
def test_a_node_made_of_a_node_is_refused_unless_its_graph_may_go(cls: Any, node: Any) -> None:
    with pytest.raises(TypeError, match=type(node).__name__):
        cls(node)
    assert _float(cls(node.data).data) == 1.0


# changed data


def _replace(x: Any) -> None:
    x.data = x.data * 0.0 + 7.0


def _subtract(x: Any) -> None:
    x.data -= 0.5


def _write(x: Any) -> None:
    x.data[...] = 7.0


def _write_one(x: Any) -> None:
    x.data[0, 1] = 7.0


def _write_through_a_row(x: Any) -> None:
    x.data[0][1] = 7.0


DOORS = [_replace, _subtract, _write, _write_one, _write_through_a_row]


@pytest.mark.parametrize("change", [_replace, _subtract])
def test_changing_what_a_rule_reads_makes_backward_name_tensor_and_op(number: Leaf, change: Any) -> None:
    x = number(3.0, label="weight")
    y = x * x
    change(x)
    with pytest.raises(ops.ChangedDataError, match=r"'weight'.*mul"):
        y.backward()


@pytest.mark.parametrize("change", DOORS)
def test_changing_an_array_through_any_door_makes_backward_refuse(array: Leaf, change: Any) -> None:
    x = array([[1.0, 2.0]], label="weight")
    y = (x * x).sum()
    change(x)
    with pytest.raises(ops.ChangedDataError, match=r"'weight'.*mul"):
        y.backward()
    assert x.grad is None


@pytest.mark.parametrize("change", DOORS)
def test_a_change_through_any_door_arrives_in_the_next_forward(array: Leaf, change: Any) -> None:
    x = array([[1.0, 2.0]])
    change(x)
    assert x.data[0, 1] in (7.0, 1.5)
    assert (x * 1.0).data[0, 1] == x.numpy()[0, 1] == x.data[0, 1]


@pytest.mark.parametrize("write", ["element", "in place"])
def test_a_view_of_the_data_kept_from_before_is_watched_too(array: Leaf, write: str) -> None:
    x = array([1.0, 2.0], label="weight")
    view = x.data
    y = (x * x).sum()
    if write == "element":
        view[1] = 7.0
    else:
        view += 5.0
    assert x.numpy()[1] == 7.0
    with pytest.raises(ops.ChangedDataError, match=r"'weight'.*mul"):
        y.backward()


def test_changing_an_interior_node_that_a_rule_reads_is_refused(number: Leaf) -> None:
    x = number(0.5)
    y = x.tanh()
    y.label = "hidden"
    z = y * 2.0
    y.data = 0.25
    with pytest.raises(ops.ChangedDataError, match=r"'hidden'.*(tanh|mul)"):
        z.backward()


def test_an_unlabelled_tensor_is_shown_by_its_numbers(number: Leaf) -> None:
    x = number(3.0)
    y = x * x
    x.data = 4.25
    with pytest.raises(ops.ChangedDataError, match=r"4\.25"):
        y.backward()


@pytest.mark.parametrize(
    "f",
    [lambda x: x + 1.0, lambda x: -x, lambda x: x - 2.0, lambda x: x + x, lambda x: ops.sum(x)],
    ids=["add", "neg", "sub", "add twice", "sum"],
)
def test_changing_what_no_rule_reads_is_allowed(number: Leaf, f: Callable[[Any], Any]) -> None:
    x = number(3.0)
    y = f(x)
    x.data = 100.0
    y.backward()
    assert _float(x.grad) in (1.0, -1.0, 2.0)


@pytest.mark.parametrize(
    "f",
    [lambda x: x.exp(), lambda x: x.tanh(), lambda x: x.sqrt()],
    ids=["exp", "tanh", "sqrt"],
)
def test_a_rule_that_reads_its_output_lets_its_input_be_changed(number: Leaf, f: Callable[[Any], Any]) -> None:
    x, twin = number(0.5), number(0.5)
    y = f(x)
    x.data = 100.0
    y.backward()
    f(twin).backward()
    assert _float(x.grad) == _float(twin.grad)


def test_changing_a_factor_that_no_wanted_gradient_reads_is_allowed() -> None:
    w = Tensor([[1.0, 2.0]], requires_grad=True)
    y = np.array([[3.0]]) @ w
    w.data = [[100.0, 200.0]]
    y.sum().backward()
    np.testing.assert_array_equal(w.grad, [[3.0, 3.0]])


def test_changing_data_after_backward_is_how_training_works(array: Leaf) -> None:
    w, losses = array([4.0, -3.0]), []
    for _ in range(30):
        loss = (w * w).sum()
        _forget(w)
        loss.backward()
        w.data -= 0.2 * w.grad
        losses.append(loss.item())
    assert losses[-1] < 1e-6 * losses[0]


def test_changing_data_before_forward_is_no_change(number: Leaf) -> None:
    x = number(1.0)
    x.data = 3.0
    y = x * x
    y.backward()
    assert _float(x.grad) == 6.0


def test_a_change_refused_once_is_refused_again_and_changes_no_gradient(number: Leaf) -> None:
    x = number(3.0)
    h = x * x
    y = h * 2.0
    y.backward()
    before = [_float(node.grad) for node in (x, h, y)]
    x.data = 4.0
    for _ in range(2):
        with pytest.raises(ops.ChangedDataError):
            y.backward()
        assert _float(x.grad) == before[0]  # of the leaf; what lies between starts anew with every call


def test_recorded_backward_refuses_changed_data_too(number: Leaf) -> None:
    x = number(3.0)
    y = x * x
    x.data = 4.0
    with pytest.raises(ops.ChangedDataError, match="mul"):
        y.backward(create_graph=True)


def test_changing_data_between_the_first_and_the_second_derivative_is_refused(number: Leaf) -> None:
    x = number(3.0)
    (x * x * x).backward(create_graph=True)
    first = x.grad
    x.data = 4.0
    with pytest.raises(ops.ChangedDataError):
        first.backward()


def test_a_graph_loaded_in_another_process_still_watches_its_data(number: Leaf) -> None:
    x = number(3.0, label="weight")
    for _ in range(5):
        x.data = 3.0 + 1e-9
        x.data = 3.0
    program = """
import pickle, sys
import ops
y = pickle.loads(sys.stdin.buffer.read())
y.args[0].data = 7.0
try:
    y.backward()
except ops.ChangedDataError:
    print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(x * x), cwd=HOUSE, capture_output=True, check=True
    )
    assert done.stdout.strip() == b"refused"


def test_data_of_another_shape_cannot_replace_data(array: Leaf) -> None:
    x = array([1.0, 2.0])
    with pytest.raises(ops.ShapeError, match=r"\(3,\).*\(2,\)"):
        x.data = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(x.data, [1.0, 2.0])


@pytest.mark.parametrize("bad", ["3", None, 1j, [1.0, "a"]], ids=repr)
def test_data_that_is_no_number_cannot_replace_data(number: Leaf, bad: Any) -> None:
    x = number(2.0)
    with pytest.raises(TypeError, match="number"):
        x.data = bad
    assert _float(x.data) == 2.0


# aliasing


def test_an_array_changed_by_its_owner_changes_no_gradient(array: Leaf) -> None:
    mine = np.array([1.0, 2.0])
    x = array(mine)
    y = (x * x).sum()
    mine[:] = 100.0
    y.backward()
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_a_constant_changed_by_its_owner_changes_no_gradient(array: Leaf) -> None:
    mine = np.array([3.0, 4.0])
    x = array([1.0, 2.0])
    y = (x * mine).sum()
    mine[:] = 100.0
    y.backward()
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])


def test_data_given_later_are_copied(array: Leaf) -> None:
    mine = np.array([3.0, 4.0])
    x, z = array([1.0, 2.0]), array([0.0, 0.0])
    x.data = mine
    z.data = x.data
    mine[:] = 100.0
    z.data[...] = 50.0
    np.testing.assert_array_equal(x.data, [3.0, 4.0])


@pytest.mark.parametrize("name", ["numpy", "tolist"])
def test_what_is_read_out_is_a_copy(array: Leaf, name: str) -> None:
    x = array([1.0, 2.0])
    y = (x * x).sum()
    getattr(x, name)()[0] = 100.0
    y.backward()
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_an_array_made_of_a_node_is_a_copy(array: Leaf) -> None:
    x = array([1.0, 2.0])
    for copied in (np.array(x), np.asarray(x)):
        copied[0] = 100.0
    np.testing.assert_array_equal(x.data, [1.0, 2.0])


def test_a_detached_copy_shares_no_memory_with_its_source(array: Leaf) -> None:
    x = array([1.0, 2.0])
    y = (x * x).sum()
    cut = x.detach()
    cut.data[0] = 100.0
    y.backward()
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_writing_into_what_an_op_made_does_not_write_into_its_source() -> None:
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    for view in (x[0], x.T, x.reshape(4), x.broadcast_to((2, 2, 2)), +x, x.flip()):
        view.data[...] = 100.0
        np.testing.assert_array_equal(x.data, [[1.0, 2.0], [3.0, 4.0]])


def test_no_two_gradients_share_memory(array: Leaf) -> None:
    a, b, c = array([1.0, 2.0]), array([3.0, 4.0]), array([[1.0, 2.0]])
    h = a + b
    y = h + c.reshape(2)
    seed = np.array([1.0, 1.0])
    y.backward(seed)
    nodes = ops.topological(y)
    for one, other in itertools.combinations(nodes, 2):
        assert not np.shares_memory(one.grad, other.grad)
    assert not any(np.shares_memory(node.grad, seed) for node in nodes)
    a.grad[...] = 100.0 if isinstance(a, Tensor) else a.grad
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])
    np.testing.assert_array_equal(c.grad, [[1.0, 1.0]])


def test_a_gradient_read_before_does_not_change_with_the_next_backward(array: Leaf) -> None:
    x = array([1.0, 2.0])
    y = (x + 0.0).sum()
    y.backward()
    first = x.grad
    y.backward()
    np.testing.assert_array_equal(first, [1.0, 1.0])
    np.testing.assert_array_equal(x.grad, [2.0, 2.0])


def test_a_gradient_given_is_copied(array: Leaf) -> None:
    x = array([1.0, 2.0])
    mine = np.array([1.0, 1.0])
    x.grad = mine
    mine[0] = 100.0
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


# threads


def _in_threads(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs at once; what each returned, or the first error."""
    found: list[Any] = [None] * len(jobs)

    def run(i: int) -> None:
        try:
            found[i] = jobs[i]()
        except BaseException as error:
            found[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in found:
        if isinstance(result, BaseException):
            raise result
    return found


def test_graphs_in_two_threads_never_meet(number: Leaf) -> None:
    def descend(start: float) -> Callable[[], float]:
        def job() -> float:
            x = number(start)
            for _ in range(150):
                y = (x - 3.0) * (x - 3.0)
                _forget(x)
                y.backward()
                x.data -= 0.1 * x.grad
            return _float(x.data)

        return job

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        found = _in_threads(*map(descend, (0.0, 100.0, -5.0, 7.0)))
    finally:
        sys.setswitchinterval(before)
    alone = [descend(start)() for start in (0.0, 100.0, -5.0, 7.0)]
    assert found == alone


def test_no_grad_in_one_thread_leaves_the_other_recording(number: Leaf) -> None:
    inside, done = threading.Event(), threading.Event()

    def without() -> Any:
        with ops.no_grad():
            inside.set()
            assert done.wait(10)
            return (number(2.0) * 3.0).op

    def recorded() -> Any:
        assert inside.wait(10)
        x = number(2.0)
        y = x * 3.0
        y.backward()
        done.set()
        return y.op, _float(x.grad)

    assert _in_threads(without, recorded) == [None, (ops.mul, 3.0)]


def test_detect_anomaly_in_one_thread_leaves_the_other_alone(number: Leaf) -> None:
    inside, done = threading.Event(), threading.Event()

    def watching() -> None:
        with ops.detect_anomaly():
            inside.set()
            assert done.wait(10)

    def dividing() -> float:
        assert inside.wait(10)
        try:
            with np.errstate(all="ignore"):
                x = number(0.0)
                (1.0 / x).backward()
            return _float(x.grad)
        finally:
            done.set()

    assert _in_threads(watching, dividing)[1] == -np.inf


def test_a_thread_that_ends_leaves_no_mode_behind_for_the_next(number: Leaf) -> None:
    def interrupted() -> None:
        with ops.no_grad():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _in_threads(interrupted)
    assert _in_threads(lambda: (number(2.0) * 3.0).op) == [ops.mul]


# bad input


def _said(error: type[Exception], call: Callable[[], Any], *parts: str) -> None:
    """The call raises this error in one sentence that holds the parts: what was asked, seen and to be done."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message


def test_item_assignment_names_the_alternatives(array: Leaf) -> None:
    x = array([1.0, 2.0])

    def assign() -> None:
        x[0] = 5.0

    _said(TypeError, assign, "x[i] = ...", "ops.where", "ops.stack", "ops.concat")
    np.testing.assert_array_equal(x.data, [1.0, 2.0])


def test_shapes_that_do_not_broadcast_say_which_axis_and_what_to_do(array: Leaf) -> None:
    x = array(np.zeros((2, 3)))
    _said(ops.ShapeError, lambda: x * np.zeros(4), "mul", "(2, 3)", "(4,)", "axis -1", "3 and 4", "reshape")
    _said(ops.ShapeError, lambda: np.zeros(4) - x, "sub", "(2, 3)", "(4,)", "axis -1")


def test_shapes_that_do_not_multiply_say_the_sizes_and_what_was_meant(array: Leaf) -> None:
    a, b = array(np.zeros((3, 4))), array(np.zeros((5, 4)))
    _said(ops.ShapeError, lambda: a @ b, "matmul", "(3, 4)", "(5, 4)", "4 and 5", "a @ b.mT")


NO_GRADIENT = {
    "integers": np.array([1, 2]),
    "booleans": np.array([True]),
    "complex": np.array([1j]),
    "strings": np.array(["a"]),
    "None": None,
    "objects": np.array([object()], dtype=object),
    "a string": "1.0",
    "a list of strings": ["1.0"],
    "a set": {1.0},
}


@pytest.mark.parametrize("data", NO_GRADIENT.values(), ids=NO_GRADIENT)
def test_data_that_can_have_no_gradient_is_refused_by_tensor(data: Any) -> None:
    _said(TypeError, lambda: Tensor(data, requires_grad=True), "Tensor", "float" if _whole(data) else "real numbers")


def _whole(data: Any) -> bool:
    return isinstance(data, np.ndarray) and data.dtype.kind in "ib"


@pytest.mark.parametrize("what", [what for what, data in NO_GRADIENT.items() if not _whole(data)])
def test_data_that_are_no_real_numbers_are_refused_by_the_scalar_engine(what: str) -> None:
    data = NO_GRADIENT[what]
    _said(TypeError, lambda: ValueArray(data, requires_grad=True), "ValueArray", "real numbers")
    _said(TypeError, lambda: Value(data), "Value", "number")


@pytest.mark.parametrize("data", [True, "1", None, 1j, [1.0], np.array([1.0, 2.0])], ids=repr)
def test_a_value_holds_one_real_number(data: Any) -> None:
    _said(TypeError, lambda: Value(data), "Value", "number")


def test_rows_of_different_lengths_are_refused(array: Leaf) -> None:
    _said(ValueError, lambda: array([[1.0, 2.0], [3.0]]), "rows of different lengths")


def test_asking_for_a_gradient_of_integers_later_is_refused_at_the_latest_in_backward() -> None:
    x = Tensor(np.array([1, 2]))

    def ask() -> None:
        x.requires_grad = True
        (x * 0.5).sum().backward()

    _said(TypeError, ask, "int64", "float")
    assert x.grad is None


def test_backward_from_many_numbers_asks_for_a_gradient(array: Leaf) -> None:
    x = array([1.0, 2.0])
    y = x * x
    _said(ops.ShapeError, y.backward, "backward", "(2,)", "sum", "gradient of that shape")
    assert x.grad is None
    assert y.grad is None


@pytest.mark.parametrize("gradient", [np.ones(3), np.ones((2, 1)), 1.0], ids=["(3,)", "(2, 1)", "()"])
def test_a_gradient_of_the_wrong_shape_shows_both(array: Leaf, gradient: Any) -> None:
    x = array([1.0, 2.0])
    y = x * x
    _said(ops.ShapeError, lambda: y.backward(gradient), "backward", str(np.shape(gradient)), "(2,)")
    assert x.grad is None
    assert y.grad is None


@pytest.mark.parametrize("gradient", ["1.0", 1j], ids=repr)
def test_a_gradient_that_is_no_number_is_refused(number: Leaf, gradient: Any) -> None:
    x = number(2.0)
    y = x * x
    _said(TypeError, lambda: y.backward(gradient), "number")
    assert x.grad is None or _float(x.grad) == 0.0


def test_a_gradient_of_another_engine_is_refused() -> None:
    x, v = Tensor([2.0], requires_grad=True), Value(2.0)
    with pytest.raises(TypeError, match="Value"):
        (x * x).backward(Value(1.0))
    with pytest.raises(TypeError, match="Tensor"):
        (v * v).backward(Tensor(1.0))
    assert x.grad is None
    assert v.grad == 0


def test_a_gradient_given_to_backward_scales_the_result(number: Leaf) -> None:
    x = number(3.0)
    (x * x).backward(0.5)
    assert _float(x.grad) == 3.0


def test_a_gradient_given_to_many_numbers_weighs_each(array: Leaf) -> None:
    x = array([1.0, 2.0])
    (x * x).backward([1.0, 10.0])
    np.testing.assert_array_equal(x.grad, [2.0, 40.0])


def test_backward_where_nothing_asks_for_a_gradient_says_so() -> None:
    for engine in (Tensor, ValueArray):
        y = engine([1.0]) * 2.0
        _said(RuntimeError, y.backward, "backward", "requires_grad=True", engine.__name__)


def test_backward_under_what_no_grad_made_says_so() -> None:
    x = Tensor([1.0], requires_grad=True)
    with ops.no_grad():
        y = (x * x).sum()
    _said(RuntimeError, y.backward, "requires_grad")


def test_an_axis_that_is_not_there_is_told_with_those_that_are(array: Leaf) -> None:
    x = array(np.zeros((2, 3)))
    _said(ops.ShapeError, lambda: x.sum(axis=2), "sum", "no axis 2", "2 dimensions", "0 to 1")
    _said(ops.ShapeError, lambda: array(1.0).sum(axis=0), "sum", "no axis 0", "0 dimensions", "it has none")
    _said(ops.ShapeError, lambda: x.swapaxes(0, 5), "swapaxes", "no axis 5")


@pytest.mark.parametrize("axis", [0.5, "0", [0.5]], ids=repr)
def test_an_axis_that_is_no_integer_is_refused(array: Leaf, axis: Any) -> None:
    x = array(np.zeros((2, 3)))
    _said(TypeError, lambda: x.sum(axis=axis), "sum", "integer")


def test_an_index_out_of_range_is_told_with_the_shape(array: Leaf) -> None:
    x = array(np.zeros((2, 3)))
    _said(IndexError, lambda: x[2], "getitem", "(2, 3)", "2")
    _said(IndexError, lambda: x[0, 0, 0], "getitem", "(2, 3)")


def test_many_numbers_are_neither_true_nor_false(array: Leaf) -> None:
    x = array([1.0, 2.0])
    _said(ValueError, lambda: bool(x), "(2,)", ".all()", ".any()", "ops.where")
    assert bool(array([2.0])) is True
    assert bool(array(0.0)) is False


def test_one_number_is_true_unless_it_is_zero(number: Leaf) -> None:
    assert number(2.0)
    assert not number(0.0)


def test_item_of_many_numbers_is_refused(array: Leaf) -> None:
    _said(ValueError, array([1.0, 2.0]).item, "item", "(2,)", "tolist()")
    assert array([[3.0]]).item() == 3.0


def test_a_node_is_compared_by_its_numbers_and_found_by_its_identity(array: Leaf) -> None:
    a, b = array([1.0, 2.0]), array([1.0, 3.0])
    np.testing.assert_array_equal(a == b, [True, False])
    np.testing.assert_array_equal(a < b, [False, True])
    assert len({a, b, a}) == 2


def test_values_are_compared_by_number() -> None:
    a, b = Value(1.0), Value(2.0)
    assert a < b <= 2.0 < 3 > b >= a > 0


# the protocol


def test_every_node_bears_the_same_six_things(number: Leaf) -> None:
    x = number(3.0, label="x")
    y = x + x
    for node in (x, y):
        assert all(hasattr(node, name) for name in ("data", "grad", "op", "args", "params", "label"))
    assert (x.op, x.args, dict(x.params), x.label) == (None, (), {}, "x")
    assert (y.op, y.args, y.label) == (ops.add, (x, x), "")


def test_parameters_of_a_call_stand_in_its_node(number: Leaf) -> None:
    x = number(3.0)
    assert dict((x**2).params) == {"exponent": 2}
    assert dict(x.leaky_relu(0.1).params) == {"slope": 0.1}
    assert dict(x.clip(high=1.0).params) == {"low": None, "high": 1.0}


def test_both_array_graphs_line_up_node_for_node() -> None:
    def model(engine: Any) -> list[tuple[str, int]]:
        x = engine([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
        y = ops.logsumexp(ops.softmax(x @ x.mT + 1.0)[0] * 2.0)
        return [(node.op.name if node.op else "leaf", len(node.args)) for node in ops.topological(y)]

    assert model(Tensor) == model(ValueArray)


def test_a_moved_array_has_its_own_gradient_on_tensors_and_its_values_whole_gradient_on_value_arrays() -> None:
    for engine, gradient in ((Tensor, [2.0, 4.0]), (ValueArray, [3.0, 5.0])):
        x = engine([[1.0, 2.0]], requires_grad=True)
        flat = x.reshape(2)
        ((flat * flat).sum() + x.sum()).backward()
        np.testing.assert_array_equal(flat.grad, gradient)
        np.testing.assert_array_equal(x.grad, [[3.0, 5.0]])


def test_topological_order_puts_arguments_first_and_each_node_once(number: Leaf) -> None:
    a, b = number(1.0), number(2.0)
    h = a * b
    y = (h + a) * h
    order = ops.topological(y)
    assert len(order) == len(set(order)) == 5
    place = {node: i for i, node in enumerate(order)}
    assert all(place[arg] < place[node] for node in order for arg in node.args)


def test_a_leaf_without_requires_grad_gets_no_gradient() -> None:
    for engine in (Tensor, ValueArray):
        x, constant = engine([1.0, 2.0], requires_grad=True), engine([3.0, 4.0])
        (x * constant).sum().backward()
        assert constant.grad is None
        np.testing.assert_array_equal(x.grad, [3.0, 4.0])
