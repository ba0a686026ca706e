"""Refusals of nn: whatever stands where a setting should, the answer is one sentence that says who speaks."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import ops
import viz
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from viz.modules import names_of_parameters

Call = Callable[[Any], Any]


def leaf() -> Tensor:
    """A parameter."""
    return Tensor(2.0, requires_grad=True)


def endless() -> list[Any]:
    """A list that holds itself."""
    row: list[Any] = []
    row.append(row)
    return row


ODD = {
    "an array": np.ones((4, 3)),
    "a record": np.zeros(1, "f8,i4"),
    "a node": ValueArray(np.ones((2, 3))),
    "a list of arrays": [np.ones((2, 3)), 1.0],
    "a dict": {"a": 1.0},
    "an endless list": endless(),
    "a long word": "é" * 5000,
    "lines": "two\nlines",
    "a model": nn.Sequential(nn.ReLU()),
    "a complex number": np.complex64(1),
}
SETTINGS: dict[str, Call] = {
    "Linear": lambda x: nn.Linear(x, 2),
    "BatchNorm2d": lambda x: nn.BatchNorm2d(2, eps=x),
    "LayerNorm": nn.LayerNorm,
    "MaxPool2d": nn.MaxPool2d,
    "GELU": nn.GELU,
    "StepLR": lambda x: nn.StepLR(nn.SGD([leaf()]), 1, gamma=x),
    "RMSprop": lambda x: nn.RMSprop([leaf()], centered=x),
    "AdamW": lambda x: nn.AdamW([leaf()], betas=x),
    "SGD": lambda x: nn.SGD([leaf()], lr=x),
    "MSELoss": lambda x: nn.MSELoss(reduction=x),
    "huber_loss": lambda x: nn.huber_loss([1.0], [1.0], delta=x),
    "cross_entropy": lambda x: nn.cross_entropy([[1.0]], [0], label_smoothing=x),
    "calculate_gain": nn.init.calculate_gain,
    "kaiming_normal": lambda x: nn.init.kaiming_normal((2, 3), mode=x),
    "kaiming_uniform": lambda x: nn.init.kaiming_uniform((2, 3), nonlinearity=x),
    "clip_grad_norm": lambda x: nn.clip_grad_norm([leaf()], x),
    "array": lambda x: nn.array([1.0], engine=x),
    "Embedding": lambda x: nn.Embedding(5, 4, engine=x),
    "Dropout": lambda x: nn.Dropout(rng=x),
    "moons": lambda x: nn.data.moons(rng=x),
    "Linear.to": lambda x: nn.Linear(3, 2).to(x),
    "Linear.register_buffer": lambda x: nn.Linear(3, 2).register_buffer(["a", x], np.ones(2)),  # pyright: ignore[reportArgumentType]
    "DataLoader": lambda x: nn.DataLoader(np.ones(3), drop_last=x),
}


def said_by(call: Callable[[], Any]) -> str:
    """What the call is refused with."""
    with warnings.catch_warnings(action="error"), pytest.raises((TypeError, ValueError)) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("asker", SETTINGS)
def test_an_odd_setting_is_refused_on_one_short_line_that_begins_with_who_asked(asker: str, odd: Any) -> None:
    said = said_by(lambda: SETTINGS[asker](odd))
    assert said.startswith(f"{asker}: ")
    assert "\n" not in said
    assert len(said) < 250


LAYERS: dict[str, Call] = {
    "Linear": lambda dtype: nn.Linear(3, 2, dtype=dtype),
    "LSTM": lambda dtype: nn.LSTM(3, 2, dtype=dtype),
    "BatchNorm1d": lambda dtype: nn.BatchNorm1d(2, dtype=dtype),
    "Linear.astype": lambda dtype: nn.Linear(3, 2).astype(dtype),
}


@pytest.mark.parametrize("wrong", [-7, [0], Value(0), "no type"])
@pytest.mark.parametrize("asker", LAYERS)
def test_what_is_no_type_is_refused_by_the_layer_that_was_asked_for_it(asker: str, wrong: Any) -> None:
    assert said_by(lambda: LAYERS[asker](wrong)).startswith(f"{asker}: ")


def test_no_type_is_not_taken_for_float64() -> None:
    with pytest.raises(TypeError, match="cannot hold None"):
        nn.Linear(3, 2, dtype=np.float32).astype(None)


WRONG_CALLS = {
    "HingeLoss.forward": lambda: nn.HingeLoss()([1.0]),
    "LSTM.forward": lambda: nn.LSTM(3, 2)(),
    "BatchNorm1d.forward": lambda: nn.BatchNorm1d(2)(),
    "MaxPool2d.__init__": lambda: nn.MaxPool2d(),  # pyright: ignore[reportCallIssue]
    "GRU.__init__": lambda: nn.GRU(3),  # pyright: ignore[reportCallIssue]
}


@pytest.mark.parametrize("public", WRONG_CALLS)
def test_a_call_that_does_not_fit_names_the_public_class_and_not_its_private_base(public: str) -> None:
    said = said_by(WRONG_CALLS[public])
    assert said.startswith(f"{public}() missing 1 required positional argument")


def test_a_type_error_from_within_forward_is_left_as_it_is() -> None:
    class Mistaken(nn.Module):
        def forward(self, x: Any) -> Any:
            return len(x)

    with pytest.raises(TypeError, match=r"^object of type 'int' has no len\(\)$"):
        Mistaken()(3)


TOO_LARGE = {
    "Linear": lambda: nn.Linear(2**70, 1),
    "Embedding": lambda: nn.Embedding(2**40, 2**40),
    "LayerNorm": lambda: nn.LayerNorm((2**31, 2**31, 2)),
    "Conv2d": lambda: nn.Conv2d(2, np.uint64(2**63), 2),  # pyright: ignore[reportArgumentType]
    "MultiHeadAttention": lambda: nn.MultiHeadAttention(2**62, 2),
    "circles": lambda: nn.data.circles(2**62),
    "spirals": lambda: nn.data.spirals(turns=1e308),
    "normal": lambda: nn.init.normal((2**58,)),
    "SGD": lambda: nn.SGD([leaf()], lr=10**400),
    "HuberLoss": lambda: nn.HuberLoss(delta=10**400),
}


@pytest.mark.parametrize("asker", TOO_LARGE)
def test_what_is_too_large_for_memory_or_for_a_float_is_refused_by_name(asker: str) -> None:
    assert said_by(TOO_LARGE[asker]).startswith(f"{asker}: ")


@pytest.mark.parametrize("number", [np.float16(2), np.float32(2), np.longdouble(2), np.int8(2)])
def test_a_number_of_any_type_of_numpy_is_a_setting(number: Any) -> None:
    said_nothing = nn.HuberLoss(delta=number)
    assert nn.SGD([leaf()], lr=number).lr == 2.0
    assert said_nothing([3.0], [0.0]).item() == 4.0


def test_a_single_number_is_no_list_of_modules_or_parameters() -> None:
    assert said_by(lambda: nn.ModuleList(ValueArray(2.0))).startswith("ModuleList: got ValueArray")  # pyright: ignore[reportArgumentType]
    assert said_by(lambda: nn.Adam(np.array(1))).startswith("Adam: got ndarray")


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_ids_of_more_axes_than_arrays_can_have_are_refused(engine: str) -> None:
    assert said_by(lambda: nn.Embedding(5, 4, engine=engine)(np.ones((1,) * 40))).startswith("Embedding: ids have 40")


def test_an_empty_array_of_objects_is_refused_as_one_of_objects_is() -> None:
    assert "array 0 is of object" in said_by(lambda: nn.DataLoader(np.zeros((2, 0), object)))


def test_a_very_long_name_is_cut_off_where_it_is_refused() -> None:
    model = nn.Linear(3, 2)
    assert len(said_by(lambda: model.register_parameter("e" * 5000, np.ones(2)))) < 400
    assert len(said_by(lambda: nn.save(model, "e" * 5000))) < 400


def test_rows_of_different_lengths_are_no_buffer() -> None:
    said = said_by(lambda: nn.Linear(3, 2).register_buffer("mean", [[1.0], [2.0, 3.0]]))
    assert said == "Linear: mean is a buffer, so it holds an array of numbers, not list"


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.Tanh(), nn.GELU(), nn.LeakyReLU()])
def test_a_layer_takes_a_single_value_as_its_op_does(layer: nn.Module) -> None:
    op = getattr(ops, {"LeakyReLU": "leaky_relu"}.get(type(layer).__name__, type(layer).__name__.lower()))
    assert layer(Value(-1.5)).data == op(Value(-1.5)).data


def test_losses_take_single_values() -> None:
    p = Value(2.0)
    nn.mse_loss(p, 0.5).backward()
    assert p.grad == 3.0


def test_a_seed_set_later_reaches_the_dropout_of_a_twin() -> None:
    dropout = nn.Dropout()
    twin = nn.Sequential(dropout).to("scalar")
    x = np.ones(64)
    nn.seed(0)
    first = dropout(x)
    nn.seed(0)
    assert np.array_equal(first, twin(x))


def test_a_generator_of_ones_own_is_copied_into_the_twin() -> None:
    dropout = nn.Dropout(rng=0)
    x = np.ones(64)
    twin = dropout.to("scalar")
    assert np.array_equal(dropout(x), twin(x))


def test_a_frozen_parameter_keeps_its_name_in_pictures() -> None:
    model = nn.Linear(3, 2, rng=0)
    model.weight.requires_grad = False
    order = ops.topological(model(np.ones((1, 3))))
    assert names_of_parameters(order) == {model.weight: "weight", model.bias: "bias"}


@pytest.mark.parametrize("rows", [0, 2])
def test_the_engines_agree_on_a_model_however_few_rows_it_sees(rows: int) -> None:
    model = nn.Linear(3, 2, rng=0)
    x, target = np.ones((rows, 3)), np.zeros((rows, 2))
    assert viz.compare(model, x, target, lambda a, b: nn.mse_loss(a, b, reduction="sum")).ok
