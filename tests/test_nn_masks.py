"""Attention's masks: booleans as before, floats as PyTorch adds them, and no shape or number of two meanings."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import nn
import ops
from scalar.array import ValueArray
from tensor import Tensor

Array = np.ndarray[Any, Any]
BATCH, HEADS, LENGTH, WIDTH = 2, 2, 3, 4
RNG = np.random.default_rng(2)
X = RNG.normal(size=(BATCH, LENGTH, WIDTH))
FULL = (BATCH, HEADS, LENGTH, LENGTH)
# each shape that a mask may have, and how to make the full one of it
SHAPES: dict[tuple[int, ...], Any] = {
    (LENGTH, LENGTH): lambda m: np.broadcast_to(m, FULL),
    (BATCH * HEADS, LENGTH, LENGTH): lambda m: m.reshape(FULL),
    (BATCH, 1, LENGTH, LENGTH): lambda m: np.broadcast_to(m, FULL),
    (1, HEADS, LENGTH, LENGTH): lambda m: np.broadcast_to(m, FULL),
    (BATCH, 1, 1, LENGTH): lambda m: np.broadcast_to(m, FULL),
    FULL: lambda m: m,
}
ENGINES = {"scalar": ValueArray, "tensor": Tensor}


def attention(engine: str = "tensor") -> Any:
    return nn.MultiHeadAttention(WIDTH, HEADS, rng=0, engine=engine)


def booleans(shape: tuple[int, ...]) -> Array:
    """Random booleans under which each query may look at one key at least."""
    looks = np.random.default_rng(4).random(shape) < 0.5
    looks[..., 0] = True
    return looks


def of_torch(mask: Array, call: Any = None) -> tuple[Array, Array]:
    """What torch.nn.MultiheadAttention of the same numbers gives under a mask of its own, and the gradient of x."""
    torch: Any = pytest.importorskip("torch")
    twin = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).double()
    twin.load_state_dict({k: torch.tensor(v) for k, v in attention().state_dict().items()})
    x = torch.tensor(X, requires_grad=True)
    y, _ = twin(x, x, x, attn_mask=torch.tensor(np.array(mask)), need_weights=False)
    (y * y).sum().backward()
    return y.detach().numpy(), x.grad.numpy()


def of_ours(engine: str, mask: Any, **options: Any) -> tuple[Array, Array]:
    x = nn.array(X, engine, requires_grad=True)
    y = attention(engine)(x, mask, **options)
    (y * y).sum().backward()
    return y.numpy(), x.grad


def agree(ours: tuple[Array, Array], theirs: tuple[Array, Array]) -> None:
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, atol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_mask_of_floats_is_added_to_the_scores_as_in_pytorch(engine: str, shape: tuple[int, ...]) -> None:
    mask = np.where(booleans(shape), np.random.default_rng(5).normal(size=shape), -np.inf)
    theirs = of_torch(SHAPES[shape](mask).reshape(-1, LENGTH, LENGTH))
    agree(of_ours(engine, mask), theirs)
    agree(of_ours(engine, mask.tolist()), theirs)
    agree(of_ours(engine, ENGINES[engine](mask)), theirs)


@pytest.mark.torch
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_mask_of_booleans_is_true_where_a_query_may_look(engine: str, shape: tuple[int, ...]) -> None:
    looks = booleans(shape)
    theirs = of_torch(~SHAPES[shape](looks).reshape(-1, LENGTH, LENGTH))  # in PyTorch true hides
    agree(of_ours(engine, looks), theirs)
    agree(of_ours(engine, looks.tolist()), theirs)


@pytest.mark.torch
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("hidden", [-np.inf, -1e9])
def test_pytorchs_causal_mask_is_causal(engine: str, hidden: float) -> None:
    mask = np.triu(np.full((LENGTH, LENGTH), hidden), 1)
    agree(of_ours(engine, mask), of_torch(mask))
    agree(of_ours(engine, mask), of_ours(engine, None, causal=True))
    agree(of_ours(engine, mask), of_ours(engine, np.tri(LENGTH, dtype=bool)))


@pytest.mark.torch
@pytest.mark.parametrize("engine", ENGINES)
def test_causal_hides_what_is_ahead_under_either_kind_of_mask(engine: str) -> None:
    bias, ahead = RNG.normal(size=(LENGTH, LENGTH)), np.triu(np.full((LENGTH, LENGTH), -np.inf), 1)
    agree(of_ours(engine, bias, causal=True), of_torch(bias + ahead))
    looks = booleans((LENGTH, LENGTH))
    agree(of_ours(engine, looks, causal=True), of_ours(engine, looks & np.tri(LENGTH, dtype=bool)))


@pytest.mark.torch
@pytest.mark.parametrize("ones", [False, True])  # which would be refused where nothing is learned
@pytest.mark.parametrize("engine", ENGINES)
def test_a_mask_that_is_learned_gets_pytorchs_gradient(engine: str, ones: bool) -> None:
    torch: Any = pytest.importorskip("torch")
    numbers = np.ones((LENGTH, LENGTH)) if ones else RNG.normal(size=(LENGTH, LENGTH))
    bias = nn.array(numbers, engine, requires_grad=True)
    y = attention(engine)(nn.array(X, engine), bias)
    (y * y).sum().backward()
    twin = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).double()
    twin.load_state_dict({k: torch.tensor(v) for k, v in attention().state_dict().items()})
    x, theirs = torch.tensor(X), torch.tensor(numbers, requires_grad=True)
    z, _ = twin(x, x, x, attn_mask=theirs, need_weights=False)
    (z * z).sum().backward()
    np.testing.assert_allclose(bias.grad, theirs.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "shape",
    [
        (BATCH, LENGTH),  # of keys
        (BATCH, LENGTH, LENGTH),  # of samples, which was taken for one of heads
        (HEADS, LENGTH, LENGTH),
        (1, LENGTH, LENGTH),
        (1, LENGTH),
        (LENGTH,),
        (LENGTH + 1, LENGTH + 1),
        (BATCH + 1, 1, LENGTH, LENGTH),
        (BATCH, HEADS + 1, LENGTH, LENGTH),
        (1, BATCH, HEADS, LENGTH, LENGTH),
        (),
    ],
)
def test_a_mask_of_any_other_shape_is_refused_with_what_to_write(engine: str, shape: tuple[int, ...]) -> None:
    said = f"MultiHeadAttention: its mask has shape {shape}, but the scores, (batch, heads, query, key), have {FULL};"
    for mask in (np.ones(shape, bool), np.full(shape, 0.5)):
        with pytest.raises(ops.ShapeError, match=f"^{re.escape(said)}"):
            attention(engine)(nn.array(X, engine), mask)


def test_what_a_refused_shape_is_told_to_write_is_right() -> None:
    samples, keys = booleans((BATCH, LENGTH, LENGTH)), booleans((BATCH, LENGTH))
    assert of_ours("tensor", samples[:, None])[0].shape == X.shape
    every_query = np.repeat(keys[:, None, :], LENGTH, axis=1)
    agree(of_ours("tensor", keys[:, None, None]), of_ours("tensor", every_query[:, None]))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", [np.array, lambda m: m.tolist(), Tensor], ids=["array", "list", "Tensor"])
@pytest.mark.parametrize("dtype", [int, np.uint8, float, np.float32])
def test_ones_and_zeros_that_are_no_booleans_are_refused(engine: str, make: Any, dtype: Any) -> None:
    with pytest.raises(TypeError, match=r"^MultiHeadAttention: its mask holds .* could mean either; give booleans"):
        attention(engine)(X, make(np.tri(LENGTH, dtype=dtype)))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_mask_that_adds_nothing_changes_nothing(engine: str) -> None:
    agree(of_ours(engine, np.zeros((LENGTH, LENGTH))), of_ours(engine, None))


def test_a_mask_of_double_precision_leaves_single_precision_single() -> None:
    model = nn.MultiHeadAttention(WIDTH, HEADS, dtype=np.float32, rng=0)
    assert model(X, np.triu(np.full((LENGTH, LENGTH), -1e300), 1)).dtype == np.float32
    assert model(X, Tensor(np.full((LENGTH, LENGTH), 0.5), requires_grad=True)).dtype == np.float32


@pytest.mark.parametrize("engine", ENGINES)
def test_a_transformer_block_takes_the_masks_of_its_attention(engine: str) -> None:
    block = nn.TransformerBlock(WIDTH, HEADS, 8, rng=0, engine=engine)
    ahead = np.triu(np.full((LENGTH, LENGTH), -np.inf), 1)
    there = block(nn.array(X, engine), causal=True).numpy()
    np.testing.assert_allclose(block(nn.array(X, engine), ahead).numpy(), there, atol=1e-12)
    with pytest.raises(ops.ShapeError, match="its mask has shape"):
        block(nn.array(X, engine), ahead[None])


@pytest.mark.parametrize("wrong", ["True", 1, None])
def test_causal_is_true_or_false_and_nothing_that_counts_as_one(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^MultiHeadAttention: causal is .*, but it must be True or False"):
        attention()(X, causal=wrong)


def test_a_mask_of_words_is_refused_in_a_sentence() -> None:
    with pytest.raises(TypeError, match="MultiHeadAttention: its mask holds real numbers"):
        attention()(X, "causal")
