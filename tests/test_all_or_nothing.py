"""An exception in backward leaves every gradient as it was: from a rule, detect_anomaly, a write or Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ops
from scalar import Value
from scalar.array import ValueArray
from tests.declaring import scratch as scratch

Leaf = Callable[..., Any]


class Stopped(Exception):
    """What a rule of these tests raises."""


def _float(x: Any) -> Any:
    return None if x is None else float(x.item() if hasattr(x, "item") else x)


def _gradients(root: Any) -> list[Any]:
    """Every gradient below a root, of arrays that of each Value too."""
    nodes = ops.topological(root)
    values = [v for x in nodes if hasattr(x, "values") for v in x.values.flat]
    grads = [x.grad for x in (*nodes, *ops.topological(*values))]
    return [_float(g) if g is None or np.size(getattr(g, "data", g)) == 1 else np.asarray(g).tolist() for g in grads]


@pytest.fixture
def stop(scratch: None) -> Callable[[BaseException | None], Any]:
    """An op that passes its argument on, and whose rule raises what it is told to."""
    told: list[BaseException | None] = [None]

    @ops.pointwise((-2, 2))
    def stop(xp, x, /):
        return x * 1.0

    @stop.partials
    def stop_partials(xp, y, x, /):
        if told[0] is not None:
            raise told[0]
        return (1.0 + 0.0 * x,)

    def tell(error: BaseException | None) -> Any:
        told[0] = error
        return stop

    return tell


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize("error", [Stopped("no"), ZeroDivisionError(), KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_an_exception_in_a_rule_leaves_every_gradient_as_it_was(
    number: Leaf, stop: Any, error: BaseException, create_graph: bool
) -> None:
    op = stop(None)
    x, w = number(3.0), number(2.0)
    (x * 0.5).backward()  # x has a gradient already, w has none
    early = w * x
    y = op(early) * w + x * w * x  # the last product sends to both leaves before the rule is reached
    y.backward()
    x.grad, w.grad = x.grad, None if w.rank else 0
    before = _gradients(y)
    if type(error) is ZeroDivisionError and isinstance(x, (Value, ValueArray)):
        error = Stopped("floats run a rule twice on a division by zero")
    stop(error)
    for _ in range(2):
        with pytest.raises(type(error)):
            y.backward(create_graph=create_graph)
        assert _gradients(y) == before
    stop(None)
    y.backward(create_graph=create_graph)
    # dy/dx = w * w + 2 * x * w, dy/dw = 2 * w * x + x * x; x had 0.5, and the same once more from the pass before
    assert (_float(x.grad), _float(w.grad)) == (0.5 + 2 * 16.0, 21.0)


def test_an_anomaly_leaves_every_gradient_as_it_was_and_a_retry_is_right(number: Leaf) -> None:
    x, zero = number(2.0), number(0.0)
    (x * 1.0).backward()
    y = x * x * 3.0 + (zero * x).sqrt()
    before = _gradients(y)
    with np.errstate(all="ignore"), ops.detect_anomaly():
        for create_graph in (False, True):
            with pytest.raises(ops.AnomalyError, match=r"sqrt|div"):
                y.backward(create_graph=create_graph)
            assert _gradients(y) == before
    z = x * x * 3.0
    z.backward()
    assert _float(x.grad) == 1.0 + 12.0


def test_a_refused_write_leaves_every_gradient_as_it_was(number: Leaf) -> None:
    x, w = number(2.0), number(5.0)
    h = x * w
    y = (h + x) * x
    y.backward()
    before = _gradients(y)
    w.data = 7.0
    for create_graph in (False, True):
        with pytest.raises(ops.ChangedDataError):
            y.backward(create_graph=create_graph)
        assert _gradients(y) == before


def test_a_gradient_that_is_refused_leaves_every_gradient_as_it_was(array: Leaf) -> None:
    x = array([1.0, 2.0])
    y = x * x
    y.backward(np.ones(2))
    before = _gradients(y)
    for gradient in (np.ones(3), "abc", None):
        with pytest.raises((ops.ShapeError, TypeError)):
            y.backward(gradient)
        assert _gradients(y) == before


def _interrupt_after(lines: int) -> Callable[..., Any]:
    """A trace that raises KeyboardInterrupt before the given line of ours, counted over all that runs."""
    left = [lines]

    def trace(frame: Any, event: str, _: Any) -> Any:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith(("ops", "scalar", "tensor")):
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return trace

    return trace


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "recorded"])
def test_an_interrupt_at_any_line_of_a_pass_leaves_all_or_nothing(number: Leaf, create_graph: bool) -> None:
    def graph() -> tuple[Any, list[Any], list[Any]]:
        x, w = number(3.0), number(2.0)
        (x * 0.5).backward()
        y = w * x * x + (w * x).tanh() * x
        y.backward()
        return y, _gradients(y), [x, w]

    y, nothing, _ = graph()
    y.backward(create_graph=create_graph)
    everything = _gradients(y)
    assert everything != nothing
    line, done = 0, False
    while not done:
        line += 1 if line < 40 else 7
        y, before, leaves = graph()
        assert before == nothing
        sys.settrace(_interrupt_after(line))
        try:
            y.backward(create_graph=create_graph)
            done = True
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        assert _gradients(y) in (nothing, everything)
        for x in leaves:
            x.grad = None
        y.backward()  # and the next pass is right
        assert _float(leaves[1].grad) == pytest.approx(9.0 + 9.0 * (1 - np.tanh(6.0) ** 2), rel=1e-12)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "recorded"])
def test_ctrl_c_in_a_long_pass_leaves_all_or_nothing(number: Leaf, create_graph: bool) -> None:
    x = number(1.0)
    y = x
    for _ in range(1500):
        y = y * 0.5 + y * 0.5
    (x * 1.0).backward()
    before = _gradients(y)
    interrupted = 0

    def raise_interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    handler = signal.signal(signal.SIGALRM, raise_interrupt)
    try:
        for wait in np.linspace(1e-4, 5e-3, 12):
            try:
                signal.setitimer(signal.ITIMER_REAL, wait)
                y.backward(create_graph=create_graph)
                signal.setitimer(signal.ITIMER_REAL, 0)
                break
            except KeyboardInterrupt:
                interrupted += 1
                assert _gradients(y) == before or _float(x.grad) == 2.0
                if _float(x.grad) == 2.0:
                    break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert interrupted
    x.grad = None
    y.backward()
    assert _float(x.grad) == 1.0


def test_a_leaf_used_many_times_gets_exactly_twice_its_gradient_from_two_passes(number: Leaf) -> None:
    x = number(0.1)
    y = x * 0.1 + x * 0.2 + x * 0.3 + x * 0.7 + x * x
    y.backward()
    once = _float(x.grad)
    y.backward()
    assert _float(x.grad) == 2 * once


def test_a_pass_inside_a_pass_adds_to_the_leaf_that_both_reach(number: Leaf, stop: Any) -> None:
    op = stop(None)
    other = number(5.0)
    inner = other * 2.0

    @ops.pointwise((-2, 2))
    def nesting(xp, x, /):
        return x * 1.0

    @nesting.partials
    def nesting_partials(xp, y, x, /):
        if other.grad is None or _float(other.grad) == 0.0:
            inner.backward()
        return (1.0 + 0.0 * x,)

    x = number(3.0)
    (op(x) * nesting(x)).backward()
    assert (_float(x.grad), _float(other.grad) in (2.0, 4.0)) == (6.0, True)
