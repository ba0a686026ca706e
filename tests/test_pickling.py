"""Pickle keeps together what belongs together, however deep the graph and through another process too."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import ops
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

Leaf = Callable[..., Any]


def _python_pickled(x: Any) -> Any:
    into = io.BytesIO()
    pickle._Pickler(into).dump(x)  # pyright: ignore  (the pickler written in Python)
    return pickle.loads(into.getvalue())


CARRIERS: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    **{f"protocol {i}": lambda x, i=i: pickle.loads(pickle.dumps(x, i)) for i in range(2, 6)},
    "Python's pickler": _python_pickled,
}


@pytest.fixture(params=CARRIERS.values(), ids=list(CARRIERS))
def carry(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return request.param


def _float(x: Any) -> float:
    return float(x.item() if hasattr(x, "item") else x)


def test_a_leaf_beside_its_root_stays_its_leaf(number: Leaf, carry: Any) -> None:
    x = number(3.0, label="x")
    y = x * x
    for pair in ((x, y), (y, x)):
        one, other = carry(pair)
        a, b = (one, other) if one.op is None else (other, one)
        b.backward()
        assert (_float(a.grad), a.label, b.args[0] is a) == (6.0, "x", True)
    assert x.grad is None or _float(x.grad) == 0.0


def test_a_write_into_a_carried_leaf_is_seen_by_the_carried_root(number: Leaf, carry: Any) -> None:
    x = number(3.0)
    a, b = carry((x, x * x))
    a.data = 4.0
    with pytest.raises(ops.ChangedDataError):
        b.backward()


def test_roots_that_share_a_node_share_it_afterwards(number: Leaf, carry: Any) -> None:
    x = number(3.0)
    h = x * x
    y, z = h * 2.0, h * 5.0
    a, b, c, d = carry({"roots": [y, z], "rest": (h, x)}["roots"] + [h, x])
    assert a.args[0] is b.args[0] is c
    a.backward()
    b.backward()
    assert (_float(d.grad), _float(c.grad)) == (12.0 + 30.0, 5.0)


def test_a_graph_with_gradients_arrives_with_them(number: Leaf, carry: Any) -> None:
    x = number(3.0)
    y = x * x * x
    y.backward()
    a, b = carry((x, y))
    assert _float(a.grad) == 27.0
    b.backward()
    assert _float(a.grad) == 54.0


def test_an_array_and_the_values_it_stands_on_stay_together(carry: Any) -> None:
    a, b = Value(2.0), Value(3.0)
    x = ValueArray([a, b, a])
    y = (x * x).sum()
    a2, x2, y2 = carry((a, x, y))
    assert x2.values[0] is x2.values[2] is a2
    y2.backward()
    assert (a2.grad, x2.grad.tolist()) == (8.0, [8.0, 6.0, 8.0])


def test_a_moved_array_shows_the_same_values_afterwards(carry: Any) -> None:
    x = ValueArray([[1.0, 2.0]], requires_grad=True)
    a, b = carry((x, x.mT))
    assert b.values[1, 0] is a.values[0, 1]


def test_a_model_its_loss_and_its_optimiser_stay_together(array: Leaf, carry: Any) -> None:
    engine = array([0.0]).engine
    model = nn.MLP(2, [3, 1], rng=0, engine=engine)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    X = nn.array(np.ones((2, 2)), engine)
    loss = model(X).sum()
    twin, its_optimizer, its_loss = carry((model, optimizer, loss))
    its_loss.backward()
    its_optimizer.step()
    loss.backward()
    optimizer.step()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_array_equal(p.numpy(), q.numpy())


def _double(job: tuple[Any, Any]) -> tuple[Any, float]:
    """Runs in another process: backward there, and back again."""
    leaf, root = job
    root.backward()
    return job, _float(leaf.grad)


@pytest.mark.parametrize("method", ["spawn"])
def test_a_leaf_and_its_root_go_through_another_process_and_back(method: str) -> None:
    jobs = []
    for leaf in (Value(3.0), ValueArray(3.0, requires_grad=True), Tensor(3.0, requires_grad=True)):
        jobs.append((leaf, leaf * leaf))
    with multiprocessing.get_context(method).Pool(1) as pool:
        for (a, b), there in pool.map(_double, jobs):
            assert (there, _float(a.grad), b.args[0] is a) == (6.0, 6.0, True)
            b.backward()
            assert _float(a.grad) == 12.0


@pytest.mark.slow
@pytest.mark.parametrize("carrier", ["deepcopy", "protocol 5", "Python's pickler"])
def test_deep_roots_beside_their_leaf_need_no_recursion(number: Leaf, carrier: str) -> None:
    x = number(1.0)
    y = x
    for _ in range(3 * sys.getrecursionlimit()):
        y = y + 0.0
    z = y * 2.0
    a, b, c, _ = CARRIERS[carrier]((x, z, y, y))
    assert b.args[0] is c
    c.backward()
    assert _float(a.grad) == 1.0


def test_a_pickle_that_breaks_off_leaves_the_next_one_right(number: Leaf) -> None:
    x = number(3.0)
    h = x * x
    for _ in range(3):
        h = h * 1.0
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps([h, lambda: None])
    bad = h * 1.0
    bad.label = lambda: None  # type: ignore
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(bad * 1.0)
    for node in (h, bad.args[0], x):
        a, b = pickle.loads(pickle.dumps((x, node)))
        b.backward()
        assert _float(a.grad) in (6.0, 1.0)


def test_pickling_leaves_the_graph_as_it_was_and_keeps_none_of_it(number: Leaf) -> None:
    import weakref

    x = number(3.0)
    y = x * x
    gone = weakref.ref(y)
    pickle.dumps((x, y))
    y.backward()
    assert _float(x.grad) == 6.0
    del y
    assert gone() is None


def test_a_shallow_copy_has_numbers_of_its_own(array: Leaf) -> None:
    x = array([1.0, 2.0])
    x.data[0] = 1.0
    twin = copy.copy(x)
    twin.data[...] = 7.0
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])
