"""Where a gradient was cut: each way of losing one is named, with the line of code that lost it."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import ops
import viz
from ops.errors import EngineError
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

Leaf = Callable[..., Any]
ENGINES = pytest.mark.parametrize("engine", [Tensor, ValueArray], ids=["Tensor", "ValueArray"])


def _marked(mark: str) -> int:
    """The number of the line in this file that ends with the mark."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return 1 + next(i for i, line in enumerate(lines) if line.endswith(f"# {mark}"))


def _blames(reason: viz.Reason, kind: str, mark: str) -> None:
    """The reason is of this kind, and names the marked line of this file."""
    assert reason.kind == kind, reason.text()
    assert reason.line is not None
    assert (Path(reason.line.path).name, reason.line.number) == (Path(__file__).name, _marked(mark))
    assert reason.line.text.endswith(f"# {mark}")
    assert f"test_viz_why.py:{reason.line.number}" in reason.text()


# the patterns: each loses the gradient of w


def convolution_written_into_data(engine: Any, w: Any) -> Any:
    x = np.arange(25.0).reshape(5, 5)
    out = engine(np.zeros((4, 4)), requires_grad=True)
    for i in range(4):
        for j in range(4):
            out.data[i, j] = (w * x[i : i + 2, j : j + 2]).sum().item()  # written by the convolution
    return out.sum()


def pooling_wrapped_again(engine: Any, w: Any) -> Any:
    image = engine(np.arange(16.0).reshape(4, 4))
    hidden = (w[0, 0] * image).relu()
    pooled = engine(hidden.data.reshape(2, 2, 2, 2).max(axis=(1, 3)), requires_grad=True)  # wrapped after pooling
    return (pooled * pooled).sum()


def recurrence_wrapped_again(engine: Any, w: Any) -> Any:
    u, state = engine(np.eye(2), requires_grad=True), engine(np.zeros((1, 2)))
    for x in np.ones((3, 1, 2)):
        state = engine((x @ w + state).tanh().data)  # wrapped at each time
    return (state @ u).sum()


def recurrence_through_numpy(engine: Any, w: Any) -> Any:
    u, state = engine(np.eye(2), requires_grad=True), engine(np.zeros((1, 2)))
    for x in np.ones((3, 1, 2)):
        hidden = np.asarray(x @ w + state)  # made a NumPy array
        state = engine(np.tanh(hidden))
    return (state @ u).sum()


def state_assigned_as_data(engine: Any, w: Any) -> Any:
    u, state = engine(np.eye(2), requires_grad=True), engine(np.zeros((1, 2)), requires_grad=True)
    state.data = (np.ones((1, 2)) @ w).tanh().numpy()  # assigned to data
    return (state @ u).sum()


def relu_by_numpy(engine: Any, w: Any) -> Any:
    b = engine(np.zeros(2), requires_grad=True)
    return (engine(np.maximum(w.numpy(), 0.0)) + b).sum()  # relu by NumPy


def scaled_by_data(engine: Any, w: Any) -> Any:
    x = engine(np.ones((2, 2)), requires_grad=True)
    return (x * w.data).sum()  # used as a constant


def selected_by_comparison(engine: Any, w: Any) -> Any:
    x = engine(np.ones((2, 2)), requires_grad=True)
    return (x * (w > 0.0)).sum()  # used as a mask


def loss_made_a_number(engine: Any, w: Any) -> Any:
    error = (w * w).sum()
    return engine(error.item(), requires_grad=True)  # made a number


def detached(engine: Any, w: Any) -> Any:
    x = engine(np.ones((2, 2)), requires_grad=True)
    hidden = (w * w).detach()  # detached
    return (hidden * x).sum()


def under_no_grad(engine: Any, w: Any) -> Any:
    x = engine(np.ones((2, 2)), requires_grad=True)
    with ops.no_grad():  # not recorded
        hidden = (w * 2.0).tanh()
    return (hidden * x).sum()


def all_under_no_grad(engine: Any, w: Any) -> Any:
    with ops.no_grad():  # nothing recorded
        return (w * 2.0).sum()


def cut_twice(engine: Any, w: Any) -> Any:
    u = engine(np.ones((2, 2)), requires_grad=True)
    first = engine((w * 2.0).data)  # cut first
    second = (first + u).detach()
    return (second * u).sum()


PATTERNS = [
    (convolution_written_into_data, "write", "written by the convolution"),
    (pooling_wrapped_again, "rewrapped", "wrapped after pooling"),
    (recurrence_wrapped_again, "rewrapped", "wrapped at each time"),
    (recurrence_through_numpy, "numpy", "made a NumPy array"),
    (state_assigned_as_data, "write", "assigned to data"),
    (relu_by_numpy, "numpy", "relu by NumPy"),
    (scaled_by_data, "data", "used as a constant"),
    (selected_by_comparison, "conversion", "used as a mask"),
    (loss_made_a_number, "conversion", "made a number"),
    (detached, "detach", "detached"),
    (under_no_grad, "no_grad", "not recorded"),
    (all_under_no_grad, "no_grad", "nothing recorded"),
    (cut_twice, "rewrapped", "cut first"),
]


@ENGINES
@pytest.mark.parametrize(("pattern", "kind", "mark"), PATTERNS, ids=[pattern.__name__ for pattern, *_ in PATTERNS])
def test_the_line_that_cut_the_gradient_is_named(engine: Any, pattern: Any, kind: str, mark: str) -> None:
    w = engine(np.eye(2) + 0.5, requires_grad=True, label="w")
    root = pattern(engine, w)
    if root.requires_grad:
        root.backward()
    assert w.grad is None
    _blames(viz.why_no_grad(w, root), kind, mark)


@ENGINES
def test_a_weight_beside_the_cut_one_has_its_gradient(engine: Any) -> None:
    w, v = (engine([1.0, 2.0], requires_grad=True, label=name) for name in "wv")
    loss = (engine(w.data * 2) * v).sum()
    loss.backward()
    assert viz.why_no_grad(w, loss).kind == "rewrapped"
    assert viz.why_no_grad(v, loss).kind == "present"


@ENGINES
def test_a_look_at_the_numbers_is_not_blamed_where_another_line_cut(engine: Any) -> None:
    w, v = (engine([1.0, 2.0], requires_grad=True, label=name) for name in "wv")
    inner = engine(w.data * 2)  # cut before the look
    assert w.numpy().sum() == w.data.sum() == 3.0
    _blames(viz.why_no_grad(w, (inner * v).sum()), "rewrapped", "cut before the look")


@ENGINES
def test_requires_grad_that_was_never_asked_for_is_told_with_the_line_that_made_the_leaf(engine: Any) -> None:
    w = engine([1.0, 2.0], label="w")  # made without requires_grad
    x = engine([1.0, 2.0], requires_grad=True)
    loss = (w * x).sum()
    loss.backward()
    _blames(viz.why_no_grad(w, loss), "requires_grad", "made without requires_grad")


def test_a_leaf_that_was_not_used_is_told(number: Leaf) -> None:
    x, w = number(2.0), number(3.0, label="w")
    reason = viz.why_no_grad(w, x * x)
    assert reason.kind == "unused"
    assert "w was not used" in reason.text()


def test_backward_that_was_not_run_is_told(number: Leaf) -> None:
    x = number(2.0)
    assert viz.why_no_grad(x, x * x).kind == "backward"


def test_a_gradient_that_is_there_is_told(number: Leaf) -> None:
    x = number(2.0)
    y = x * x
    y.backward()
    assert viz.why_no_grad(x, y).kind == "present"


def test_a_dead_relu_is_named(number: Leaf) -> None:
    x = number(-2.0, label="x")
    h = (x * 3.0).relu()
    h.label = "hidden"
    y = h * 5.0
    y.backward()
    reason = viz.why_no_grad(x, y)
    assert reason.kind == "zero"
    assert "relu (hidden)" in reason.said


def test_a_factor_of_zero_is_named_on_each_path(number: Leaf) -> None:
    x, zero = number(2.0, label="x"), number(0.0, label="zero")
    y = x * zero + (-x).relu()
    y.backward()
    reason = viz.why_no_grad(x, y)
    assert reason.kind == "zero"
    assert "mul" in reason.said
    assert "relu" in reason.said


def test_paths_that_cancel_are_told_from_dead_ones(number: Leaf) -> None:
    x = number(2.0, label="x")
    y = 3.0 * x - 3.0 * x
    y.backward()
    reason = viz.why_no_grad(x, y)
    assert reason.kind == "zero"
    assert "adds up to zero" in reason.said


def test_a_detached_value_is_told_with_its_line() -> None:
    x, w = Value(2.0), Value(3.0, label="w")
    y = (w * w).detach() * x  # a Value detached
    y.backward()
    _blames(viz.why_no_grad(w, y), "detach", "a Value detached")


def test_a_value_under_no_grad_is_told_with_the_line_of_the_with() -> None:
    x, w = Value(2.0), Value(3.0, label="w")
    with ops.no_grad():  # Values not recorded
        h = w * w
    _blames(viz.why_no_grad(w, h * x), "no_grad", "Values not recorded")


def test_a_parameter_of_a_module_is_traced_through_the_users_own_line() -> None:
    first, second = nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=0)
    x = Tensor(np.ones((4, 2)))
    hidden = Tensor(first(x).data)  # wrapped between two layers
    loss = (second(hidden) ** 2).sum()
    loss.backward()
    _blames(viz.why_no_grad(first.weight, loss), "rewrapped", "wrapped between two layers")
    assert viz.why_no_grad(second.weight, loss).kind == "present"


def test_an_optimiser_that_reads_data_is_not_blamed() -> None:
    w, x = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    (w * x).sum().backward()
    nn.SGD([w, x], lr=0.1).step()
    assert viz.why_no_grad(w, (x * x).sum()).kind == "unused"


@ENGINES
def test_numbers_taken_out_keep_no_node_alive(engine: Any) -> None:
    w = engine([1.0, 2.0], requires_grad=True)
    h = w * 2.0
    seen = weakref.ref(h)
    root = engine(h.data) * w
    gc.disable()
    try:
        del h
        assert seen() is None
    finally:
        gc.enable()
    assert viz.why_no_grad(w, root).kind in ("backward", "present")


@ENGINES
def test_what_one_thread_takes_out_is_not_linked_to_what_another_makes(engine: Any) -> None:
    w, made = engine([1.0], requires_grad=True), []

    def take() -> None:
        made.append(np.asarray(w))  # in another thread

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    seen = [take.exit.place.text for t in engine([2.0])._trace.values() for take in (*t.sure, *t.maybe)]
    assert not any(text.endswith("# in another thread") for text in seen)


def test_two_engines_are_refused() -> None:
    with pytest.raises(EngineError, match="two engines"):
        viz.why_no_grad(Value(1.0), Tensor([1.0]))
    with pytest.raises(TypeError, match="give a Value"):
        viz.why_no_grad(1.0, Tensor([1.0]))


def test_a_reason_shows_itself_with_its_words_escaped() -> None:
    w, x = Tensor([1.0], requires_grad=True, label="<b>"), Tensor([2.0], requires_grad=True)
    page = viz.why_no_grad(w, (Tensor(w.data) * x).sum())._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "Tensor(w.data)" in page
