"""What detect_anomaly takes for an anomaly: NaN, and an infinity that was not there before; and what it keeps alive."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import ops
from ops import anomalies
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests.declaring import scratch as scratch

Leaf = Callable[..., Any]
HOUSE = Path(__file__).resolve().parent.parent
ENGINES = ("scalar", "tensor")


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


# what passes


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mask", [{"causal": True}, {"mask": [[True, False, False]] * 3}, {}], ids=str)
def test_masked_attention_passes_forward_and_backward(engine: str, mask: dict[str, Any]) -> None:
    layer = nn.MultiHeadAttention(4, 2, rng=0, engine=engine)
    x: Any = nn.array(np.random.default_rng(0).normal(size=(2, 3, 4)), engine, requires_grad=True)
    mask = {name: np.array(value) if name == "mask" else value for name, value in mask.items()}
    layer(x, **mask).sum().backward()
    plain, x.grad = np.array(x.grad), None
    with ops.detect_anomaly():
        layer(x, **mask).sum().backward()
        layer(x, **mask).sum().backward(create_graph=True)
    total: Any = x.grad
    np.testing.assert_allclose(np.asarray(total.data), 2 * plain, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_padded_max_pooling_passes_forward_and_backward(engine: str) -> None:
    x = nn.array(np.random.default_rng(0).normal(size=(1, 1, 4, 4)), engine, requires_grad=True)
    with ops.detect_anomaly():
        nn.MaxPool2d(2, 2, 1)(x).sum().backward()
    assert np.isfinite(np.asarray(x.grad)).all()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ops.where(np.array([True, False]), x, -np.inf).exp().sum(),
        lambda x: ops.where(np.array([True, False]), x, -np.inf).max(),
        lambda x: ops.pad(x, ((1, 1),), constant_values=-np.inf).logsumexp(),
        lambda x: (x + np.array([0.0, -np.inf])).softmax().max(),
        lambda x: ops.concat([x, np.array([-np.inf])]).sigmoid().sum(),
        lambda x: ops.clip(x, -np.inf, 5.0).sum(),
        lambda x: ops.minimum(x, np.inf).sum(),
    ],
    ids=["exp of a mask", "max of a mask", "a frame", "an additive mask", "concat", "clip", "minimum"],
)
def test_an_infinity_that_an_op_was_handed_passes(array: Leaf, f: Callable[[Any], Any]) -> None:
    x, twin = array([0.5, 1.5]), array([0.5, 1.5])
    with ops.detect_anomaly():
        f(x).backward()
    f(twin).backward()
    np.testing.assert_array_equal(x.grad, twin.grad)


def test_an_infinite_gradient_that_came_in_is_handed_on(number: Leaf) -> None:
    x = number(2.0)
    y = x + 1.0
    with ops.detect_anomaly():
        y.backward(np.inf)
    assert float(x.grad) == np.inf


# what does not


@pytest.mark.parametrize(
    ("f", "op"),
    [
        (lambda x: (x * 0.0).log(), "log"),
        (lambda x: 1.0 / (x * 0.0), "div"),
        (lambda x: (x * 1000.0).exp(), "exp"),
        (lambda x: x * 1e308 * 1e10, "mul"),
        (lambda x: (-x).log(), "log"),
        (lambda x: (-x).sqrt(), "sqrt"),
        (lambda x: ops.where(True, x, 0.0) * np.nan, "mul"),
        (lambda x: (x + np.inf) - np.inf, "sub"),
        (lambda x: (x + np.inf) * 0.0, "mul"),
    ],
    ids=["log 0", "1/0", "exp 1000", "overflow", "log -1", "sqrt -1", "NaN in", "inf - inf", "inf * 0"],
)
def test_nan_and_new_infinities_are_refused_and_the_op_is_named(number: Leaf, f: Callable[[Any], Any], op: str) -> None:
    with ops.detect_anomaly(), pytest.raises(ops.AnomalyError, match=rf"^{op}\(.*test_anomaly\.py.*not finite"):
        f(number(2.0))


def test_a_new_infinity_beside_one_that_was_handed_in_is_refused(array: Leaf) -> None:
    x = array([1000.0, 1.0])
    with ops.detect_anomaly(), pytest.raises(ops.AnomalyError, match=r"^exp\("):
        ops.where(np.array([True, False]), x, -np.inf).exp()


@pytest.mark.parametrize(
    ("f", "op"),
    [(lambda x: x.sqrt(), "sqrt"), (lambda x: x**0.5, "pow"), (lambda x: (x * x).sqrt(), "sqrt|mul")],
    ids=["sqrt", "pow", "sqrt of a square"],
)
def test_a_new_infinity_in_a_gradient_is_refused_on_the_line_that_made_the_op(
    number: Leaf, f: Callable[[Any], Any], op: str
) -> None:
    x = number(0.0)
    with ops.detect_anomaly():
        y = f(x)
        with pytest.raises(ops.AnomalyError, match=rf"^({op})\(.*test_anomaly\.py.*gradient"):
            y.backward()
    assert x.grad is None or float(x.grad) == 0.0


def test_gradients_whose_sum_overflows_are_refused(number: Leaf) -> None:
    x = number(0.25)
    with ops.detect_anomaly():
        y = x * 1e308 + x * 1e308
        with pytest.raises(ops.AnomalyError, match=r"^mul\(.*inf"):
            y.backward()


def test_a_gradient_made_outside_is_found_and_its_line_is_called_unknown(number: Leaf) -> None:
    y = number(0.0).sqrt()
    with ops.detect_anomaly(), pytest.raises(ops.AnomalyError, match="ran outside"):
        y.backward()


def test_a_node_of_one_block_is_known_in_the_next(number: Leaf) -> None:
    with ops.detect_anomaly():
        y = number(0.0).sqrt()  # this line
    with ops.detect_anomaly(), pytest.raises(ops.AnomalyError, match="this line"):
        y.backward()


def test_the_package_trains_under_detect_anomaly_as_without(array: Leaf) -> None:
    engine = array([0.0]).engine
    X, y = np.random.default_rng(0).normal(size=(6, 2)), np.array([0, 1, 0, 1, 1, 0])
    found = []
    for watched in (False, True):
        model = nn.MLP(2, [4, 2], rng=0, engine=engine)
        optimizer = nn.Adam(model.parameters(), lr=0.1)
        for _ in range(3):
            with ops.detect_anomaly() if watched else ops.modes.enable_grad():
                optimizer.zero_grad()
                nn.cross_entropy(model(X if engine == "tensor" else nn.array(X, engine)), y).backward()
                optimizer.step()
        found.append([p.numpy().tolist() for p in model.parameters()])
    assert found[0] == found[1]


# what it keeps alive


@pytest.mark.parametrize("make", [Value, lambda x: ValueArray([x], True), lambda x: Tensor([x], True)])
def test_a_node_goes_at_once_inside_the_block(make: Leaf) -> None:
    gc.disable()
    try:
        with ops.detect_anomaly():
            y = make(2.0) * 3.0
            gone = weakref.ref(y)
            del y
            assert gone() is None
    finally:
        gc.enable()


def test_the_lines_of_nodes_that_went_are_forgotten(number: Leaf) -> None:
    with ops.detect_anomaly():
        before, y = len(anomalies._born), None
        for _ in range(100):
            y = number(2.0) * 3.0 + 1.0
            y.backward()
        del y
        assert len(anomalies._born) == before


TRAINING = """
import resource, numpy as np, nn, ops
def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
r = np.random.default_rng(0)
X, y = r.normal(size=(256, 2)), r.normal(size=(256, 1))
model = nn.MLP(2, [64, 64, 1], rng=0)
optimizer = nn.SGD(model.parameters(), lr=0.01)
with ops.detect_anomaly():
    for k in range(STEPS):
        optimizer.zero_grad()
        nn.mse_loss(model(X), y).backward()
        optimizer.step()
        if k == 9:
            early = megabytes()
print(early, megabytes())
"""


def _training(steps: int) -> tuple[float, float]:
    """The most memory after ten steps and at the end, in megabytes."""
    program = TRAINING.replace("STEPS", str(steps))
    done = subprocess.run([sys.executable, "-c", program], cwd=HOUSE, capture_output=True, text=True, check=True)
    early, late = map(float, done.stdout.split())
    return early, late


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no resource module on Windows")
def test_a_training_loop_inside_the_block_needs_no_more_memory_at_the_end() -> None:
    early, late = _training(150)
    assert late - early < 8


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no resource module on Windows")
def test_two_thousand_steps_inside_the_block_need_no_more_memory_at_the_end() -> None:
    early, late = _training(2000)
    assert late - early < 8


@pytest.mark.slow
def test_values_trained_inside_the_block_need_no_more_memory_at_the_end() -> None:
    w = Value(0.5)

    def step() -> None:
        loss: Any = sum((w * float(i) - 1.0) ** 2 for i in range(30)) * 0.001
        w.grad = 0
        loss.backward()
        w.data -= 0.01 * w.grad

    tracemalloc.start()
    try:
        with ops.detect_anomaly():
            for _ in range(5):
                step()
            early = tracemalloc.get_traced_memory()[0]
            for _ in range(50):
                step()
            assert tracemalloc.get_traced_memory()[0] - early < 50_000
    finally:
        tracemalloc.stop()
