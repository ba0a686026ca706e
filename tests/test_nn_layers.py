"""Every module of nn, on both engines and against its PyTorch twin, from one table.

A module that is exported and has no row fails `test_every_module_has_a_row`, so a new one is covered by being there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nn
import ops

RNG = np.random.default_rng(7)
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """How to build a module, what to feed it, and its twin in PyTorch."""

    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    torch: Callable[[Any], Any] | None = None
    call: dict[str, Any] | None = None
    integers: bool = False

    def input(self) -> Array:
        rng = np.random.default_rng(11)
        return rng.integers(0, 5, self.shape) if self.integers else rng.normal(size=self.shape)


class Bias(nn.Module):
    """A module that keeps a ModuleList and a dict of parts."""

    def __init__(self) -> None:
        self.parts = nn.ModuleList([nn.Linear(3, 3, rng=1), nn.Linear(3, 2, rng=2)])

    def forward(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x


CAUSAL = np.tri(4, dtype=bool)
CASES: dict[str, Case] = {
    "Linear": Case(lambda: nn.Linear(3, 2, rng=0), (4, 3), lambda t: t.nn.Linear(3, 2)),
    "MLP": Case(lambda: nn.MLP(3, [4, 2], rng=0), (4, 3)),
    "Sequential": Case(
        lambda: nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1)),
        (4, 3),
        lambda t: t.nn.Sequential(t.nn.Linear(3, 4), t.nn.Tanh(), t.nn.Linear(4, 2)),
    ),
    "ModuleList": Case(Bias, (4, 3)),
    "Flatten": Case(nn.Flatten, (2, 3, 2), lambda t: t.nn.Flatten()),
    "ReLU": Case(nn.ReLU, (3, 4), lambda t: t.nn.ReLU()),
    "LeakyReLU": Case(lambda: nn.LeakyReLU(0.1), (3, 4), lambda t: t.nn.LeakyReLU(0.1)),
    "Tanh": Case(nn.Tanh, (3, 4), lambda t: t.nn.Tanh()),
    "Sigmoid": Case(nn.Sigmoid, (3, 4), lambda t: t.nn.Sigmoid()),
    "GELU": Case(nn.GELU, (3, 4), lambda t: t.nn.GELU()),
    "GELU tanh": Case(lambda: nn.GELU("tanh"), (3, 4), lambda t: t.nn.GELU("tanh")),
    "SiLU": Case(nn.SiLU, (3, 4), lambda t: t.nn.SiLU()),
    "Softplus": Case(nn.Softplus, (3, 4), lambda t: t.nn.Softplus()),
    "Softmax": Case(lambda: nn.Softmax(1), (3, 4), lambda t: t.nn.Softmax(1)),
    "Dropout": Case(lambda: nn.Dropout(0.5, rng=3), (5, 6)),
    "Dropout eval": Case(lambda: nn.Dropout(0.5, rng=3).eval(), (5, 6), lambda t: t.nn.Dropout(0.5).eval()),
    "Embedding": Case(lambda: nn.Embedding(5, 3, rng=0), (2, 4), lambda t: t.nn.Embedding(5, 3), integers=True),
    "PositionalEmbedding": Case(lambda: nn.PositionalEmbedding(6, 3, rng=0), (2, 4, 3)),
    "LayerNorm": Case(lambda: nn.LayerNorm(4), (2, 3, 4), lambda t: t.nn.LayerNorm(4)),
    "LayerNorm two axes": Case(lambda: nn.LayerNorm((3, 4)), (2, 3, 4), lambda t: t.nn.LayerNorm((3, 4))),
    "BatchNorm1d": Case(lambda: nn.BatchNorm1d(3), (4, 3), lambda t: t.nn.BatchNorm1d(3)),
    "BatchNorm1d lengths": Case(lambda: nn.BatchNorm1d(3), (2, 3, 4), lambda t: t.nn.BatchNorm1d(3)),
    "BatchNorm1d eval": Case(lambda: nn.BatchNorm1d(3).eval(), (4, 3), lambda t: t.nn.BatchNorm1d(3).eval()),
    "BatchNorm2d": Case(lambda: nn.BatchNorm2d(2), (2, 2, 3, 2), lambda t: t.nn.BatchNorm2d(2)),
    "Conv1d": Case(
        lambda: nn.Conv1d(2, 4, 3, stride=2, padding=1, dilation=2, groups=2, rng=0),
        (2, 2, 9),
        lambda t: t.nn.Conv1d(2, 4, 3, stride=2, padding=1, dilation=2, groups=2),
    ),
    "Conv2d": Case(lambda: nn.Conv2d(2, 3, 3, rng=0), (2, 2, 5, 4), lambda t: t.nn.Conv2d(2, 3, 3)),
    "Conv2d of everything": Case(
        lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, rng=0),
        (2, 4, 6, 5),
        lambda t: t.nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
    ),
    "MaxPool2d": Case(lambda: nn.MaxPool2d(3, 2, 1), (2, 2, 6, 5), lambda t: t.nn.MaxPool2d(3, 2, 1)),
    "AvgPool2d": Case(lambda: nn.AvgPool2d((2, 3), 2, 1), (2, 2, 6, 5), lambda t: t.nn.AvgPool2d((2, 3), 2, 1)),
    "RNN": Case(lambda: nn.RNN(3, 4, rng=0), (2, 5, 3), lambda t: t.nn.RNN(3, 4, batch_first=True)),
    "GRU": Case(lambda: nn.GRU(3, 4, rng=0), (2, 5, 3), lambda t: t.nn.GRU(3, 4, batch_first=True)),
    "LSTM": Case(lambda: nn.LSTM(3, 4, rng=0), (2, 5, 3), lambda t: t.nn.LSTM(3, 4, batch_first=True)),
    "MultiHeadAttention": Case(lambda: nn.MultiHeadAttention(6, 2, rng=0), (2, 4, 6)),
    "MultiHeadAttention causal": Case(lambda: nn.MultiHeadAttention(6, 2, rng=0), (2, 4, 6), call={"causal": True}),
    "MultiHeadAttention masked": Case(lambda: nn.MultiHeadAttention(6, 2, rng=0), (2, 4, 6), call={"mask": CAUSAL}),
    "TransformerBlock": Case(lambda: nn.TransformerBlock(6, 2, 8, rng=0), (2, 4, 6), call={"causal": True}),
}


def weighted(y: Any, dot: Callable[[Any, Array], Any]) -> Any:
    """One number of everything that the module returned: sums with fixed, uneven weights."""
    parts = [
        p for part in (y if isinstance(y, tuple) else (y,)) for p in (part if isinstance(part, tuple) else (part,))
    ]
    rng = np.random.default_rng(5)
    terms = [dot(part, rng.normal(size=tuple(part.shape))) for part in parts]
    return sum(terms[1:], terms[0])


def run(case: Case, engine: str) -> tuple[float, dict[str, Array]]:
    """The value, and the gradient of the input and of every parameter."""
    model = case.build().to(engine)
    x: Any = case.input() if case.integers else nn.array(case.input(), engine, requires_grad=True)
    loss = weighted(model(x, **(case.call or {})), lambda part, w: (part * w).sum())
    grads = {}
    if loss.requires_grad:
        loss.backward()
        grads = {name: p.grad for name, p in model.named_parameters()} | ({} if case.integers else {"x": x.grad})
    return loss.item(), grads


def agree(one: tuple[float, dict[str, Array]], two: tuple[float, dict[str, Array]]) -> None:
    assert one[0] == pytest.approx(two[0], abs=1e-9, rel=1e-9)
    assert one[1].keys() == two[1].keys()
    for name, g in one[1].items():
        np.testing.assert_allclose(g, two[1][name], atol=1e-9, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", CASES)
def test_both_engines_give_the_same_value_and_gradients(name: str) -> None:
    value, grads = run(CASES[name], "tensor")
    assert grads
    assert all(np.abs(g).max() > 0 for g in grads.values())
    agree((value, grads), run(CASES[name], "scalar"))


@pytest.mark.torch
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.torch])
def test_the_torch_twin_gives_the_same_value_and_gradients(name: str) -> None:
    torch: Any = pytest.importorskip("torch")
    case = CASES[name]
    assert case.torch is not None
    model, twin = case.build(), case.torch(torch).double()
    twin.load_state_dict({k: torch.tensor(v) for k, v in model.state_dict().items()})
    x = torch.tensor(case.input(), requires_grad=not case.integers)
    loss = weighted(twin(x), lambda part, w: (part * torch.tensor(w)).sum())
    loss.backward()
    grads = {k: p.grad.numpy() for k, p in twin.named_parameters()} | ({} if case.integers else {"x": x.grad.numpy()})
    agree(run(case, "tensor"), (loss.item(), grads))


@pytest.mark.torch
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.torch])
def test_weights_come_back_from_the_torch_twin_in_one_line(name: str) -> None:
    torch: Any = pytest.importorskip("torch")
    case = CASES[name]
    assert case.torch is not None
    twin, model = case.torch(torch).double(), case.build()
    model.load_state_dict(twin.state_dict())
    for key, value in twin.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[key], value.numpy())


@pytest.mark.torch
@pytest.mark.parametrize("causal", [False, True])
def test_attention_and_the_transformer_block_equal_pytorchs(causal: bool) -> None:
    torch: Any = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(2, 4, 6))
    hidden = torch.tensor(~CAUSAL) if causal else None
    attention, block = nn.MultiHeadAttention(6, 2, rng=0), nn.TransformerBlock(6, 2, 8, rng=0)
    for ours, theirs, arguments in (
        (attention, torch.nn.MultiheadAttention(6, 2, batch_first=True), {"need_weights": False, "attn_mask": hidden}),
        (
            block,
            torch.nn.TransformerEncoderLayer(6, 2, 8, 0.0, "gelu", batch_first=True, norm_first=True),
            {"src_mask": hidden},
        ),
    ):
        twin = theirs.double()
        twin.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
        inputs = [torch.tensor(x)] * (3 if ours is attention else 1)
        y = twin(*inputs, **arguments)
        y = y[0] if isinstance(y, tuple) else y
        weighted(y, lambda part, w: (part * torch.tensor(w)).sum()).backward()
        loss = weighted(ours(nn.array(x), causal=causal), lambda part, w: (part * w).sum())
        loss.backward()
        np.testing.assert_allclose(ours(nn.array(x), causal=causal).numpy(), y.detach().numpy(), atol=1e-9)
        theirs_grads = dict(twin.named_parameters())
        for name, p in ours.named_parameters():
            np.testing.assert_allclose(p.grad, theirs_grads[name].grad.numpy(), atol=1e-9, err_msg=name)


def test_every_module_has_a_row() -> None:
    losses = {name for name in vars(nn) if name.endswith("Loss")}  # met by test_nn_losses
    exported = (
        {k for k, v in vars(nn).items() if isinstance(v, type) and issubclass(v, nn.Module)} - {"Module"} - losses
    )
    assert exported == {name.split()[0] for name in CASES}


@pytest.mark.torch
def test_batch_norms_running_numbers_equal_pytorchs_after_several_batches() -> None:
    torch: Any = pytest.importorskip("torch")
    ours, theirs = nn.BatchNorm2d(2), torch.nn.BatchNorm2d(2).double()
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(3, 2, 4, 4))
        ours(nn.array(x))
        theirs(torch.tensor(x))
    for name, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name], value.numpy(), atol=1e-12, err_msg=name)


def test_dropout_keeps_the_mean_and_only_drops_in_training() -> None:
    layer, x = nn.Dropout(0.3, rng=0), np.ones((200, 200))
    y = layer(nn.array(x)).numpy()
    assert abs(y.mean() - 1) < 0.02
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    np.testing.assert_array_equal(layer.eval()(nn.array(x)).numpy(), x)


def test_a_causal_position_does_not_depend_on_later_ones() -> None:
    attention = nn.MultiHeadAttention(6, 2, rng=0)
    x = nn.array(np.random.default_rng(0).normal(size=(1, 4, 6)), requires_grad=True)
    attention(x, causal=True)[0, 1].sum().backward()
    assert np.abs(x.grad[0, :2]).min() > 0
    assert np.abs(x.grad[0, 2:]).max() == 0


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_convolutions_state_is_named_and_counted(engine: str) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3, engine=engine, rng=0), nn.BatchNorm2d(2, engine=engine))
    assert list(model.state_dict()) == [
        *("0.weight", "0.bias", "1.weight", "1.bias"),
        *("1.running_mean", "1.running_var", "1.num_batches_tracked"),
    ]
    assert "Conv2d" in repr(model)
    assert repr(model).splitlines()[0].endswith("24")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: nn.MLP(2, [1], engine="quantum"), "scalar"),
        (lambda: nn.Dropout(1.5), r"\[0, 1\)"),
        (lambda: nn.Embedding(3, 2, rng=0)([0.5]), "integers"),
        (lambda: nn.Embedding(3, 2, rng=0)([7]), r"lie in \[0, 3\), but 7"),
        (lambda: nn.MultiHeadAttention(5, 2), "heads"),
        (lambda: nn.LayerNorm(3)(nn.array(np.ones((2, 4)))), "last axes"),
        (lambda: nn.BatchNorm1d(3)(nn.array(np.ones((1, 3)))), "variance"),
        (lambda: nn.BatchNorm2d(3)(nn.array(np.ones((2, 3)))), "axes"),
        (lambda: nn.Conv2d(2, 3, 3, rng=0)(nn.array(np.ones((1, 4, 5, 5)))), "channels"),
        (lambda: nn.MaxPool2d(2, padding=2)(nn.array(np.ones((1, 1, 5, 5)))), "half"),
        (lambda: nn.RNN(3, 4, rng=0)(nn.array(np.ones((2, 3)))), "steps"),
        (lambda: nn.Linear(2, 1, rng=0).load_state_dict({"weight": np.ones((1, 2)), "b": 1}), "lacks bias"),
        (lambda: nn.Linear(2, 1, rng=0).load_state_dict({"weight": np.ones(2), "bias": np.ones(1)}), "shape"),
        (lambda: nn.Linear(2, 1, rng=0, engine="scalar").astype("float32"), "float32"),
    ],
)
def test_wrong_use_is_told_in_one_sentence(wrong: Callable[[], Any], said: str) -> None:
    with pytest.raises((ValueError, TypeError, IndexError), match=said) as error:
        wrong()
    assert "\n" not in str(error.value)


def test_a_refused_state_leaves_the_module_as_it_was() -> None:
    model = nn.Linear(2, 1, rng=0)
    before = model.state_dict()
    with pytest.raises(ops.ShapeError):
        model.load_state_dict({"weight": np.zeros((1, 2)), "bias": np.zeros(7)})
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
