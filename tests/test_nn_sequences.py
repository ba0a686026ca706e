"""Recurrent layers: a state that PyTorch would refuse is refused by its name, and no sequence is without steps."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import nn
from ops.errors import EngineError, ShapeError
from scalar.array import ValueArray
from tensor import Tensor

BATCH, STEPS, SIZE, HIDDEN = 2, 5, 3, 4
RNG = np.random.default_rng(1)
X = RNG.normal(size=(BATCH, STEPS, SIZE))
SHAPE = (1, BATCH, HIDDEN)
H, C = RNG.normal(size=SHAPE), RNG.normal(size=SHAPE)
KINDS = ("RNN", "GRU", "LSTM")
ENGINES = {"scalar": ValueArray, "tensor": Tensor}
OTHER_SHAPES = [(1, 1, HIDDEN), (BATCH, HIDDEN), (1, BATCH, 1), (HIDDEN,), (), (2, BATCH, HIDDEN), (BATCH, 1, HIDDEN)]
on_both_engines = pytest.mark.parametrize("engine", ENGINES)
of_each_kind = pytest.mark.parametrize("kind", KINDS)


def layer(kind: str, engine: str = "tensor") -> Any:
    return getattr(nn, kind)(SIZE, HIDDEN, engine=engine, rng=0)


def state_of(kind: str, h: Any) -> Any:
    return (h, C) if kind == "LSTM" else h


@pytest.mark.torch
@on_both_engines
@of_each_kind
def test_a_state_is_carried_on_as_in_pytorch(kind: str, engine: str) -> None:
    torch: Any = pytest.importorskip("torch")
    ours = layer(kind, engine)
    twin = getattr(torch.nn, kind)(SIZE, HIDDEN, batch_first=True).double()
    twin.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    h = nn.array(H, engine, requires_grad=True)
    y, last = ours(nn.array(X, engine), state_of(kind, h))
    (y * y).sum().backward()
    theirs = torch.tensor(H, requires_grad=True)
    z, end = twin(torch.tensor(X), (theirs, torch.tensor(C)) if kind == "LSTM" else theirs)
    (z * z).sum().backward()
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(h.grad, theirs.grad.numpy(), atol=1e-12)
    pairs = zip(last, end) if kind == "LSTM" else [(last, end)]
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), atol=1e-12)


@on_both_engines
@of_each_kind
def test_two_halves_with_the_state_handed_over_are_the_whole(kind: str, engine: str) -> None:
    ours = layer(kind, engine)
    whole, _ = ours(X)
    one, state = ours(X[:, :2])
    two, _ = ours(X[:, 2:], state)
    np.testing.assert_allclose(np.concatenate([one.numpy(), two.numpy()], axis=1), whole.numpy(), atol=1e-12)


@on_both_engines
@of_each_kind
@pytest.mark.parametrize("make", ["array", "list", "node"])
def test_a_state_may_be_an_array_a_list_or_a_node(kind: str, engine: str, make: str) -> None:
    h = {"array": H, "list": H.tolist(), "node": nn.array(H, engine)}[make]
    there = layer(kind, engine)(X, state_of(kind, H))[0].numpy()
    np.testing.assert_array_equal(layer(kind, engine)(X, state_of(kind, h))[0].numpy(), there)


@on_both_engines
@pytest.mark.parametrize("make", [np.array, lambda h: h.tolist(), Tensor, ValueArray])
def test_an_lstm_given_h_alone_asks_for_the_pair(engine: str, make: Any) -> None:
    said = f"LSTM: its state is a pair (h, c), each of shape {SHAPE}, but got "
    with pytest.raises(TypeError, match=f"^{re.escape(said)}"):
        layer("LSTM", engine)(X, make(H))


@on_both_engines
@pytest.mark.parametrize("pair", [(H,), (H, C, C), (), [H]])
def test_an_lstm_counts_the_parts_of_its_state(engine: str, pair: Any) -> None:
    with pytest.raises(TypeError, match=f"pair .*, but got {len(pair)} of them$"):
        layer("LSTM", engine)(X, pair)


@on_both_engines
@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_a_layer_of_one_state_refuses_a_pair(kind: str, engine: str) -> None:
    said = f"{kind}: its state is one array h of shape {SHAPE}, not a tuple; give h itself"
    with pytest.raises(TypeError, match=f"^{re.escape(said)}$"):
        layer(kind, engine)(X, (H, C))


@on_both_engines
@of_each_kind
@pytest.mark.parametrize("shape", OTHER_SHAPES)
def test_a_state_of_another_shape_is_refused_by_name(kind: str, engine: str, shape: tuple[int, ...]) -> None:
    said = f"{kind}: its state h has shape {shape}, but here it must have {SHAPE}, which is (1, batch, hidden_size)"
    for h in (np.zeros(shape), nn.array(np.zeros(shape), engine)):
        with pytest.raises(ShapeError, match=f"^{re.escape(said)}$"):
            layer(kind, engine)(X, state_of(kind, h))


@on_both_engines
@pytest.mark.parametrize("shape", OTHER_SHAPES)
def test_the_cell_of_an_lstm_is_refused_by_its_own_name(engine: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=f"^{re.escape(f'LSTM: its state c has shape {shape}, but')}"):
        layer("LSTM", engine)(X, (H, np.zeros(shape)))


@pytest.mark.torch
@of_each_kind
@pytest.mark.parametrize("shape", OTHER_SHAPES)
def test_pytorch_refuses_the_same_shapes(kind: str, shape: tuple[int, ...]) -> None:
    torch: Any = pytest.importorskip("torch")
    twin, h = getattr(torch.nn, kind)(SIZE, HIDDEN, batch_first=True).double(), torch.zeros(shape).double()
    with pytest.raises(RuntimeError):
        twin(torch.tensor(X), (h, torch.tensor(C)) if kind == "LSTM" else h)


@on_both_engines
@of_each_kind
def test_a_state_of_no_numbers_is_refused_by_name(kind: str, engine: str) -> None:
    with pytest.raises(TypeError, match=f"^{kind}: its state h holds real numbers"):
        layer(kind, engine)(X, state_of(kind, "zeros"))


@of_each_kind
def test_a_state_of_the_other_engine_is_refused(kind: str) -> None:
    with pytest.raises(EngineError, match="ValueArray"):
        layer(kind)(Tensor(X), state_of(kind, ValueArray(H)))


@on_both_engines
@of_each_kind
def test_a_sequence_without_steps_is_refused_as_in_pytorch(kind: str, engine: str) -> None:
    said = f"{kind}: the sequence (2, 0, 3) has no steps, but it must have one or more"
    for state in (None, state_of(kind, H)):
        with pytest.raises(ShapeError, match=f"^{re.escape(said)}$"):
            layer(kind, engine)(X[:, :0], state)


@on_both_engines
@of_each_kind
def test_an_empty_batch_of_sequences_gives_an_empty_batch_of_states(kind: str, engine: str) -> None:
    y, last = layer(kind, engine)(X[:0])
    assert y.shape == (0, STEPS, HIDDEN)
    assert (last[0] if kind == "LSTM" else last).shape == (1, 0, HIDDEN)
    y.sum().backward()
