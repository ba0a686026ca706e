"""The numbers of layers and losses: whole ones become floats first, and single precision stays single."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import numpy as np
import pytest

import nn
import ops
import tensor
from scalar.array import ValueArray
from tensor import Tensor

Array = np.ndarray[Any, Any]
Build = Callable[..., nn.Module]
SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)

# how to build each layer that has parameters, and the shape of what it is fed
LAYERS: dict[str, tuple[Build, tuple[int, ...]]] = {
    "Linear": (lambda **o: nn.Linear(3, 2, rng=0, **o), (4, 3)),
    "MLP": (lambda **o: nn.MLP(3, [4, 2], rng=0, **o), (4, 3)),
    "Embedding": (lambda **o: nn.Embedding(2, 3, rng=0, **o), (2, 4)),
    "PositionalEmbedding": (lambda **o: nn.PositionalEmbedding(6, 3, rng=0, **o), (2, 4, 3)),
    "LayerNorm": (lambda **o: nn.LayerNorm(4, **o), (2, 3, 4)),
    "BatchNorm1d": (lambda **o: nn.BatchNorm1d(3, **o), (4, 3)),
    "BatchNorm2d": (lambda **o: nn.BatchNorm2d(2, **o), (2, 2, 3, 2)),
    "Conv1d": (lambda **o: nn.Conv1d(2, 4, 3, rng=0, **o), (2, 2, 9)),
    "Conv2d": (lambda **o: nn.Conv2d(2, 3, 3, rng=0, **o), (2, 2, 5, 4)),
    "RNN": (lambda **o: nn.RNN(3, 4, rng=0, **o), (2, 5, 3)),
    "GRU": (lambda **o: nn.GRU(3, 4, rng=0, **o), (2, 5, 3)),
    "LSTM": (lambda **o: nn.LSTM(3, 4, rng=0, **o), (2, 5, 3)),
    "MultiHeadAttention": (lambda **o: nn.MultiHeadAttention(6, 2, rng=0, **o), (2, 4, 6)),
    "TransformerBlock": (lambda **o: nn.TransformerBlock(6, 2, 8, dropout=0.5, rng=0, **o), (2, 4, 6)),
}
PLAIN: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    **{name: (getattr(nn, name), (3, 4)) for name in ("ReLU", "LeakyReLU", "Tanh", "Sigmoid", "GELU", "SiLU")},
    **{name: (getattr(nn, name), (3, 4)) for name in ("Softplus", "Softmax")},
    "Dropout": (lambda: nn.Dropout(0.3, rng=0), (3, 4)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2, padding=1), (1, 2, 4, 4)),
    "AvgPool2d": (lambda: nn.AvgPool2d(2, padding=1), (1, 2, 4, 4)),
}
WHOLE = (np.bool_, np.uint8, np.int8, np.int16, np.int64, np.uint64)
FED: dict[str, Callable[[Array], Any]] = {
    "an array of float64": lambda x: x.astype(float),
    "a nested list": lambda x: x.tolist(),
    "an array of uint8": lambda x: x.astype(np.uint8),
    "an array of int64": lambda x: x,
    "a Tensor of float64": lambda x: Tensor(x.astype(float), requires_grad=True),
    "a Tensor of int64": lambda x: Tensor(x),
}


def bits(shape: tuple[int, ...], dtype: Any = int) -> Array:
    return np.random.default_rng(3).integers(0, 2, shape).astype(dtype)


def first(y: Any) -> Any:
    return y[0] if isinstance(y, tuple) else y


@pytest.fixture
def single_by_default() -> Iterator[None]:
    tensor.set_default_dtype(np.float32)
    yield
    tensor.set_default_dtype(np.float64)


def test_every_layer_that_has_parameters_takes_a_dtype_and_stands_in_the_table() -> None:
    modules = {k: v for k, v in vars(nn).items() if isinstance(v, type) and issubclass(v, nn.Module)}
    on_an_engine = {name for name, module in modules.items() if "engine" in signature(module).parameters}
    assert on_an_engine == LAYERS.keys()
    assert all("dtype" in signature(modules[name]).parameters for name in LAYERS)


@pytest.mark.parametrize(("name", "fed"), [(name, fed) for name in LAYERS for fed in FED])
def test_a_layer_of_single_precision_stays_in_it_whatever_it_is_fed(name: str, fed: str) -> None:
    build, shape = LAYERS[name]
    model = build(dtype=np.float32)
    y = model(FED[fed](bits(shape)))
    for part in y if isinstance(y, tuple) else (y,):
        for each in part if isinstance(part, tuple) else (part,):
            assert each.dtype == SINGLE
    ops.sum(first(y) * first(y)).backward()
    for label, p in model.named_parameters():
        assert (p.dtype, p.grad.dtype) == (SINGLE, SINGLE), label
    assert all(b.dtype == SINGLE for label, b in model.named_buffers() if "num_batches" not in label)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_draws_the_same_numbers_in_every_type(name: str) -> None:
    build, _ = LAYERS[name]
    double = build().state_dict()
    for key, x in build(dtype="float32").state_dict().items():
        np.testing.assert_array_equal(x, double[key].astype(x.dtype))


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_on_values_is_float64_and_refuses_any_other_type(name: str) -> None:
    build, _ = LAYERS[name]
    assert {p.dtype for p in build(engine="scalar", dtype=np.float64).parameters()} == {DOUBLE}
    said = "dtype is float32, but the scalar engine computes with Python's floats, which are float64; leave dtype out"
    with pytest.raises(TypeError, match=rf"^\w+: {re.escape(said)}"):
        build(engine="scalar", dtype=np.float32)


@pytest.mark.parametrize("dtype", [int, bool, complex, "single-ish", str])
def test_a_type_that_has_no_gradient_is_refused_in_a_sentence(dtype: Any) -> None:
    with pytest.raises(TypeError, match=r"floating type, such as np\.float32|none of its types; give np\.float32"):
        nn.Linear(2, 1, dtype=dtype)
    with pytest.raises(TypeError, match=r"set_default_dtype: (dtype is|holds real numbers)"):
        tensor.set_default_dtype(dtype)
    assert tensor.get_default_dtype() == DOUBLE


def test_no_type_is_no_default() -> None:
    with pytest.raises(TypeError, match="set_default_dtype: dtype is None, but it must be a floating type"):
        tensor.set_default_dtype(None)


# what the default reaches, and what it leaves alone


@pytest.mark.usefixtures("single_by_default")
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_is_told_no_type_has_the_default(name: str) -> None:
    build, _ = LAYERS[name]
    assert {p.dtype for p in build().parameters()} == {SINGLE}
    assert {p.dtype for p in build(dtype=float).parameters()} == {DOUBLE}
    assert {p.dtype for p in build(engine="scalar").parameters()} == {DOUBLE}


FROM_NOTHING: dict[str, Callable[..., Tensor]] = {
    "zeros": lambda **o: tensor.zeros(2, **o),
    "ones": lambda **o: tensor.ones((2, 3), **o),
    "full": lambda **o: tensor.full(2, 1, **o),
    "eye": lambda **o: tensor.eye(2, **o),
    "arange": lambda **o: tensor.arange(3, **o),
    "linspace": lambda **o: tensor.linspace(0, 1, 3, **o),
    "uniform": lambda **o: tensor.uniform(3, rng=0, **o),
    "normal": lambda **o: tensor.normal(3, rng=0, **o),
}


@pytest.mark.parametrize("name", FROM_NOTHING)
def test_a_tensor_from_nothing_is_of_the_type_asked_for_or_the_default(name: str) -> None:
    make = FROM_NOTHING[name]
    assert make().dtype == DOUBLE
    tensor.set_default_dtype("float32")
    try:
        assert make().dtype == SINGLE
        assert make(dtype=np.float64).dtype == DOUBLE
        assert make(dtype=None, requires_grad=True).dtype == SINGLE
    finally:
        tensor.set_default_dtype(float)


def test_every_maker_of_tensors_stands_in_the_table() -> None:
    takes_no_numbers = {"Tensor", "detect_anomaly", "no_grad", "get_default_dtype", "set_default_dtype"}
    assert set(tensor.__all__) - takes_no_numbers == FROM_NOTHING.keys()


@pytest.mark.usefixtures("single_by_default")
def test_python_numbers_take_the_default_and_arrays_keep_their_type() -> None:
    for data in (1, 2.5, [1, 2], [[1.5], [2.5]], [np.float64(1)]):
        assert Tensor(data).dtype == SINGLE
    for dtype in (np.float64, np.float16, np.int64, np.uint8, bool):
        assert Tensor(np.ones(2, dtype)).dtype == dtype
    assert Tensor([True, False]).dtype == bool
    assert Tensor([1, 2], dtype=int).dtype == int
    assert Tensor(np.float64(2)).dtype == DOUBLE
    assert nn.array([1.0, 2.0]).dtype == SINGLE
    assert nn.array([1.0, 2.0], dtype=float).dtype == DOUBLE
    assert ValueArray([1.0]).dtype == DOUBLE


@pytest.mark.usefixtures("single_by_default")
def test_whole_numbers_given_to_a_layer_without_parameters_take_the_default() -> None:
    assert nn.Dropout(0.5, rng=0)(np.arange(4)).dtype == SINGLE
    assert nn.ReLU()(np.arange(4)).dtype == SINGLE
    assert nn.ReLU()(np.arange(4.0)).dtype == DOUBLE


# losses


VECTORS = (nn.mse_loss, nn.l1_loss, nn.huber_loss, nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits)
LOSSES: dict[str, tuple[Callable[..., Any], Array, Array]] = {
    **{loss.__name__: (loss, bits((4, 3)), 1 - bits((4, 3))) for loss in VECTORS},
    "kl_div": (nn.kl_div, bits((4, 3)), 1 - bits((4, 3))),
    "hinge_loss": (nn.hinge_loss, bits((4, 3)), np.ones((4, 3), int)),
    "cross_entropy": (nn.cross_entropy, bits((4, 3)), bits((4,))),
    "cross_entropy, soft": (nn.cross_entropy, bits((4, 3)), np.eye(3, dtype=int)[[0, 1, 2, 0]]),
    "nll_loss": (nn.nll_loss, bits((4, 3)), bits((4,))),
}


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_of_whole_numbers_is_that_of_the_same_floats(name: str, dtype: Any) -> None:
    loss, p, t = LOSSES[name]
    there = float(loss(p.astype(float), t.astype(float)))
    for make in (lambda x: x, lambda x: x.tolist(), Tensor, ValueArray):
        with np.errstate(all="ignore"):
            assert float(loss(make(p.astype(dtype)), make(t.astype(dtype)))) == pytest.approx(there, rel=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16])
def test_distances_between_the_ends_of_a_whole_type_are_pytorchs_of_floats(name: str, dtype: Any) -> None:
    torch: Any = pytest.importorskip("torch")
    ends = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max, 3], dtype)
    there = getattr(torch.nn.functional, name)(*(torch.tensor(x.astype(float)) for x in (ends, ends[::-1].copy())))
    for make in (lambda x: x, Tensor, ValueArray):
        assert float(getattr(nn, name)(make(ends), make(ends[::-1]))) == pytest.approx(there.item())


def test_the_square_of_sixteen_in_bytes_is_256() -> None:
    assert nn.mse_loss(np.array([0], np.uint8), np.array([16], np.uint8)) == 256


def test_hinge_knows_that_a_byte_is_no_class_below_zero() -> None:
    with pytest.raises(ValueError, match=r"the target holds 255\.0, but a class is -1 or 1"):
        nn.hinge_loss(Tensor([1.0]), np.array([255], np.uint8))


TARGETS: dict[str, Callable[[Array], Any]] = {
    "a list": lambda t: t.tolist(),
    "an array of float64": lambda t: t.astype(float),
    "an array of int64": lambda t: t,
    "a Tensor of float64": lambda t: Tensor(t.astype(float)),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_has_the_type_of_its_prediction(name: str, dtype: Any, reduction: str, target: str) -> None:
    loss, p, t = LOSSES[name]
    x = Tensor(p.astype(dtype), requires_grad=True)
    y = loss(x, TARGETS[target](t), reduction=reduction)
    ops.sum(y).backward()
    assert (y.dtype, x.grad.dtype) == (dtype, dtype)
    assert np.isfinite(y.numpy()).all()
    assert loss(p.astype(dtype), t.tolist(), reduction=reduction).dtype == dtype


def test_settings_of_a_loss_do_not_widen_it() -> None:
    x = Tensor(np.ones((2, 3), np.float32))
    assert nn.huber_loss(x, np.zeros((2, 3)), delta=np.float64(0.5)).dtype == SINGLE
    assert nn.cross_entropy(x, [0, 1], label_smoothing=np.float64(0.1)).dtype == SINGLE


@pytest.mark.parametrize("optimiser", [nn.SGD, nn.Adam, nn.AdamW, nn.RMSprop])
def test_ten_steps_of_a_model_of_single_precision_leave_it_single(optimiser: Any) -> None:
    first, norm, last = nn.Linear(3, 4, dtype="f4"), nn.BatchNorm1d(4, dtype="f4"), nn.Linear(4, 1, dtype="f4")
    model = nn.Sequential(first, norm, nn.Dropout(0.1), last)
    X, y = np.random.default_rng(0).normal(size=(8, 3)), np.ones((8, 1))
    rule = optimiser(model.parameters(), lr=np.float64(0.01))
    for _ in range(10):
        model.zero_grad()
        loss = nn.mse_loss(model(X), y)
        loss.backward()
        rule.step()
        assert loss.dtype == SINGLE
    assert {p.dtype for p in model.parameters()} == {SINGLE}
    assert {x.dtype for name, x in model.state_dict().items() if "num_batches" not in name} == {SINGLE}


# layers on whole numbers


@pytest.mark.parametrize(
    ("name", "dtype"),
    [(name, t) for name in LAYERS | PLAIN for t in WHOLE if (name, t) != ("Embedding", np.bool_)],  # true is no id
)
def test_a_layer_of_whole_numbers_is_that_of_the_same_floats(name: str, dtype: Any) -> None:
    build, shape = (LAYERS | PLAIN)[name]
    x = bits(shape, dtype)
    there = first(build()(x.astype(float)))
    for make in (lambda x: x, lambda x: x.tolist(), Tensor):
        y = first(build()(make(x)))
        assert y.dtype == DOUBLE
        np.testing.assert_allclose(np.asarray(y), np.asarray(there), rtol=1e-12, atol=1e-12)


def test_dropout_of_whole_numbers_makes_the_kept_ones_larger() -> None:
    for x in (np.arange(1, 9), Tensor(np.arange(1, 9)), list(range(1, 9))):
        y = np.asarray(nn.Dropout(0.3, rng=0)(x))
        np.testing.assert_allclose(y[y > 0], np.arange(1, 9)[y > 0] / 0.7)
        assert 0 < (y > 0).sum() < 8
