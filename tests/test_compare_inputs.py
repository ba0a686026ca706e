"""What may be compared: inputs of every type, modes and sharing of parts, and numbers of every size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
import ops
import viz
from lessons import faults, moons
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from viz.comparison import Comparison, compare

XOR, ANSWERS = np.array([[0, 1], [1, 1], [0, 0], [1, 0]]), np.array([[1], [0], [0], [1]])
RNG = np.random.default_rng(0)


def agrees(comparison: Comparison) -> None:
    """Both engines, and PyTorch, say the same."""
    torch = pytest.importorskip("torch")
    assert torch
    assert comparison.torch is not None
    assert comparison.ok, comparison.verdict()
    assert "PyTorch parts" not in comparison.verdict()


# inputs and targets

TYPES = [np.int64, np.int8, np.uint8, np.uint16, np.bool_, np.float16, np.float32, np.float64]


@pytest.mark.torch
@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.__name__)
def test_a_table_of_any_type_is_compared_with_pytorch(dtype: Any) -> None:
    agrees(compare(nn.MLP(2, [4, 1], rng=0), XOR.astype(dtype), ANSWERS, nn.mse_loss))
    convolution = nn.Sequential(nn.Conv2d(1, 2, 2, rng=0), nn.Tanh(), nn.Flatten(), nn.Linear(2, 1, rng=1))
    agrees(compare(convolution, XOR[None, None, :2].astype(dtype), [[1]], nn.mse_loss))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", [dtype for dtype in TYPES if dtype is not np.bool_], ids=lambda dtype: dtype.__name__)
def test_a_target_of_any_type_is_compared_with_pytorch(dtype: Any) -> None:
    agrees(compare(nn.Linear(2, 1, rng=0), XOR, ANSWERS.astype(dtype), nn.mse_loss))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", [dtype for dtype in TYPES if np.dtype(dtype).kind in "iu"])
def test_ids_and_classes_of_any_whole_type_are_compared_with_pytorch(dtype: Any) -> None:
    ids, classes = np.array([[0, 1], [4, 2]], dtype), np.array([1, 0], dtype)
    model = nn.Sequential(nn.Embedding(5, 3, rng=0), nn.Flatten(), nn.Linear(6, 2, rng=1))
    agrees(compare(model, ids, classes, nn.cross_entropy))
    agrees(compare(nn.Sequential(nn.Flatten(), *model), ids, classes, nn.cross_entropy))


@pytest.mark.torch
@pytest.mark.parametrize("make", [np.ndarray.tolist, Tensor, ValueArray], ids=["lists", "Tensor", "ValueArray"])
def test_lists_and_arrays_of_either_engine_are_compared(make: Callable[[Any], Any]) -> None:
    agrees(compare(nn.Linear(2, 1, rng=0), make(XOR.astype(float)), make(ANSWERS.astype(float)), nn.mse_loss))
    if make is np.ndarray.tolist:
        agrees(compare(nn.Linear(2, 3, rng=0), XOR.tolist(), [0, 1, 2, 0], nn.cross_entropy))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_narrow_model_is_compared_in_float64_and_stays_as_it_is(dtype: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1, rng=1)).astype(dtype)
    before = model.state_dict()
    agrees(compare(model, RNG.normal(size=(6, 2)).astype(dtype), np.ones((6, 1), dtype), nn.mse_loss))
    assert all(p.dtype == dtype for p in model.parameters())
    assert all(np.array_equal(before[name], x) for name, x in model.state_dict().items())


# modes and sharing


def with_batch_norm() -> nn.Sequential:
    """A model whose running mean and variance are not those of the next batch."""
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Linear(3, 1, rng=1))
    for _ in range(3):
        model(nn.array(3 * RNG.normal(size=(8, 2)) + 1))
    return model


@pytest.mark.torch
@pytest.mark.parametrize("part", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_the_twin_trains_in_those_parts_that_train(whole: bool, part: bool) -> None:
    model = with_batch_norm().train(whole)
    model[1].train(part)
    agrees(compare(model, XOR * 1.0, ANSWERS * 1.0, nn.mse_loss))
    twin = model.torch_twin()
    assert [twin.training, *(each.training for each in twin)] == [model.training, *(each.training for each in model)]


@pytest.mark.torch
@pytest.mark.parametrize(("p", "training"), [(0.0, True), (0.0, False), (0.5, False)])
def test_a_dropout_that_drops_nothing_has_a_twin(p: float, training: bool) -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Dropout(p, rng=0), nn.Linear(3, 1, rng=1))
    model[1].train(training)
    agrees(compare(model, XOR, ANSWERS, nn.mse_loss))


def test_a_dropout_that_drops_is_compared_without_pytorch() -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Dropout(0.5, rng=0), nn.Linear(3, 1, rng=1)).eval()
    model[1].train()
    comparison = compare(model, XOR, ANSWERS, nn.mse_loss)
    assert comparison.ok
    assert comparison.torch is None


@pytest.mark.torch
@pytest.mark.parametrize("part", [nn.Linear(2, 2, rng=0), nn.BatchNorm1d(2), nn.Sequential(nn.Linear(2, 2, rng=0))])
def test_a_part_used_twice_is_one_part_of_the_twin(part: nn.Module) -> None:
    model = nn.Sequential(nn.Linear(2, 2, rng=1), part, nn.Tanh(), part)
    agrees(compare(model, XOR * 1.0, XOR * 1.0, nn.mse_loss))
    twin = model.torch_twin()
    assert twin[1] is twin[3]


@pytest.mark.torch
def test_a_weight_that_two_parts_share_is_one_parameter_of_the_twin() -> None:
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Tanh(), nn.Linear(2, 2, rng=1))
    vars(model[2])["weight"] = vars(model[0])["weight"]
    agrees(compare(model, XOR * 1.0, XOR * 1.0, nn.mse_loss))
    twin = model.torch_twin()
    assert twin[0].weight is twin[2].weight
    tied = nn.Sequential(nn.Embedding(5, 3, rng=0), nn.Tanh(), nn.Linear(3, 5, bias=False, rng=1))
    vars(tied[2])["weight"] = vars(tied[0])["weight"]
    agrees(compare(tied, [0, 3, 3], [1, 0, 2], nn.cross_entropy))


@pytest.mark.torch
def test_a_frozen_weight_is_frozen_in_the_twin() -> None:
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Tanh(), nn.Linear(2, 1, rng=1))
    model.parameters()[0].requires_grad = False
    agrees(compare(model, XOR, ANSWERS, nn.mse_loss))
    assert [p.requires_grad for p in model.torch_twin().parameters()] == [False, True, True, True]


@pytest.mark.torch
def test_what_the_model_does_not_use_is_left_out_of_the_comparison() -> None:
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    vars(model)["spare"] = nn.Linear(2, 2, rng=1)
    agrees(compare(model, XOR, XOR * 1.0, nn.mse_loss))


@pytest.mark.torch
@pytest.mark.parametrize("activation", [ops.softplus, ops.leaky_relu, ops.gelu, ops.silu, nn.Softplus(), nn.Tanh()])
def test_an_mlp_with_any_activation_that_pytorch_has_is_compared_with_it(activation: Any) -> None:
    steep = nn.MLP(2, [4, 1], activation=activation, rng=0)
    for layer in steep.layers:
        layer.weight.data = layer.weight.numpy() * 30  # past 20, where PyTorch's own softplus is a straight line
    agrees(compare(steep, XOR, ANSWERS, nn.mse_loss))


def test_an_activation_that_pytorch_does_not_have_is_compared_without_it() -> None:
    comparison = compare(nn.MLP(2, [4, 1], activation=lambda x: x * x, rng=0), XOR, ANSWERS, nn.mse_loss)
    assert comparison.ok
    assert comparison.torch is None


@pytest.mark.torch
def test_the_verdict_says_where_pytorch_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    model = nn.Linear(2, 1, rng=0)
    twin = model.torch_twin()
    with torch.no_grad():
        twin.bias += 0.5
    monkeypatch.setattr(nn.Linear, "torch_twin", lambda self: twin)
    comparison = compare(model, XOR, ANSWERS, nn.mse_loss)
    assert not comparison.ok
    assert comparison.parting is None
    assert "the engines agree" in comparison.verdict()
    assert "PyTorch parts from them: the output differs by 0.5" in comparison.verdict()


# how much counts


class Last(nn.Module):
    """The last output of a recurrent layer, brought to one number."""

    def __init__(self) -> None:
        self.layer, self.head = nn.GRU(3, 4, rng=0), nn.Linear(4, 1, rng=1)

    def forward(self, x: Any) -> Any:
        return self.head(self.layer(x)[0][:, -1])


def models() -> dict[str, tuple[nn.Module, tuple[int, ...], tuple[int, ...], Any]]:
    """Models with the shapes of their inputs and outputs, and a loss; their sums cancel in many places."""
    normed = (nn.Linear(3, 4, rng=0), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1, rng=1))
    layered = (nn.Linear(3, 4, rng=0), nn.LayerNorm(4), nn.Softmax(), nn.Linear(4, 1, rng=1))
    seeing = (nn.Conv2d(1, 2, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 2, rng=2))
    return {
        "mlp": (nn.MLP(3, [8, 1], rng=0), (8, 3), (8, 1), nn.mse_loss),
        "bent": (nn.MLP(3, [8, 1], activation=ops.tanh, rng=0), (8, 3), (8, 1), nn.l1_loss),
        "batch norm": (nn.Sequential(*normed), (8, 3), (8, 1), nn.mse_loss),
        "layer norm": (nn.Sequential(*layered), (8, 3), (8, 1), nn.mse_loss),
        "recurrent": (Last(), (2, 5, 3), (2, 1), nn.huber_loss),
        "convolution": (nn.Sequential(*seeing), (2, 1, 4, 4), (2, 2), nn.mse_loss),
    }


@pytest.mark.parametrize("scale", [1e-100, 1e-12, 1e-4, 1.0, 1e4, 1e5, 1e12, 1e100])
@pytest.mark.parametrize("name", models())
def test_engines_that_agree_are_said_to_on_data_of_any_size(name: str, scale: float) -> None:
    model, x, y, loss = models()[name]
    comparison = compare(model, RNG.normal(size=x) * scale, RNG.normal(size=y) * scale, loss)
    assert comparison.ok, comparison.verdict()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("off", [0.0, 1e-10])
def test_the_rounding_that_is_left_of_a_perfect_fit_does_not_count(scale: float, off: float) -> None:
    model, x = nn.MLP(3, [8, 1], rng=0), RNG.normal(size=(8, 3)) * scale
    comparison = compare(model, x, model(nn.array(x)).numpy() * (1 + off), nn.mse_loss)
    assert comparison.ok, comparison.verdict()


@pytest.mark.parametrize("scale", [1e-10, 1e-3, 1.0, 1e3, 1e10])
@pytest.mark.parametrize(("fault", "op"), [("sum for mean", "mean"), ("transposed operand", "matmul")])
def test_a_wrong_rule_is_named_on_data_of_any_size(fault: str, op: str, scale: float) -> None:
    X, y = moons.moons(6, 1337)
    with faults.plant(fault, engine="tensor") as broken:
        model = broken.nn.MLP(2, [4, 4, 1], rng=0)
        comparison = broken.viz.compare(model, X * scale, y[:, None] * scale, broken.nn.mse_loss)
    assert not comparison.ok
    assert comparison.parting.op == op


def rounded() -> Any:
    """A loss that the tensor engine makes too large by a millionth of it."""
    return lambda y, t: nn.mse_loss(y, t) * (1 + 1e-6 if y.engine == "tensor" else 1.0)


def test_the_user_gives_the_relative_tolerance_and_the_absolute_one() -> None:
    case = (nn.Linear(2, 1, rng=0), XOR * 1e3, ANSWERS * 1e3, rounded())
    assert not compare(*case).ok
    assert compare(*case, rtol=1e-5).ok
    assert not compare(*case, rtol=1e-7).ok
    assert compare(*case, atol=1e2).ok
    assert not compare(*case, atol=1e-4).ok
    assert not compare(*case, rtol=0, atol=0).ok


def test_the_verdict_says_how_large_a_difference_is_beside_what_is_compared() -> None:
    assert "1e-06 of the size" in compare(nn.Linear(2, 1, rng=0), XOR * 1e3, ANSWERS * 1e3, rounded()).verdict()


@pytest.mark.parametrize(("given", "label"), [({"rtol": 1e-5}, "tolerance 1e-05"), ({"atol": 1e-3}, "size + 0.001")])
def test_the_picture_draws_the_tolerance_that_was_given(given: dict[str, float], label: str) -> None:
    from matplotlib.figure import Figure

    comparison = compare(nn.Linear(2, 1, rng=0), XOR, ANSWERS, nn.mse_loss, **given)
    ax = comparison.plot(Figure().subplots())
    assert any(label in text.get_text() for text in ax.get_legend().get_texts())
    line = next(line for line in ax.lines if label in str(line.get_label()))
    heights = np.asarray(line.get_ydata(), float)
    sizes = [1.0] * len(heights) if "rtol" in given else [row.value.size for row in comparison.rows]
    wanted = [given.get("rtol", 1e-9) + given.get("atol", 0.0) / size for size in sizes]
    np.testing.assert_allclose(heights, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "svg", "html", "txt"])
@pytest.mark.parametrize("number", [1e300, -1e300, np.inf, np.nan, 1e-320, 0.0])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_comparison_of_any_numbers_saves_itself(number: float, ending: str, tmp_path: Path) -> None:
    x = np.array([[1.0, number], [number, number]])
    path = compare(nn.Linear(2, 1, rng=0), x, np.ones((2, 1)), nn.mse_loss).save(tmp_path / f"x.{ending}")
    assert path.stat().st_size > 100
    if ending == "svg":
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


# what is refused

NOT_NUMBERS = ["three", None, [[1.0], [1.0, 2.0]], [Value(1.0)], {"x": 1.0}, np.array([1j]), np.array(["a"]), object()]


@pytest.mark.parametrize("x", NOT_NUMBERS, ids=lambda x: type(x).__name__)
def test_what_holds_no_numbers_is_refused_by_name(x: Any) -> None:
    for name, given in (("x", (x, ANSWERS)), ("target", (XOR, x))):
        if name == "target" and x is None:
            continue  # a loss may need none
        with pytest.raises(TypeError, match=rf"^compare: {name}\b") as caught:
            viz.compare(nn.Linear(2, 1, rng=0), *given, nn.mse_loss)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [5, None, "model", XOR, Tensor([1.0]), nn.Linear, nn.mse_loss, [nn.Linear(2, 1)]])
def test_what_is_no_model_is_refused(model: Any) -> None:
    with pytest.raises(TypeError, match=r"^compare: got .* as the model; give a module, such as nn\.Linear"):
        viz.compare(model, XOR, ANSWERS, nn.mse_loss)


def test_a_torch_module_and_a_model_without_parameters_are_refused() -> None:
    with pytest.raises(ops.ParameterError, match="no parameter of this Tanh asks for a gradient"):
        compare(nn.Tanh(), XOR * 1.0, XOR * 1.0, nn.mse_loss)
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="compare: got a Linear as the model"):
        compare(torch.nn.Linear(2, 1), XOR, ANSWERS, nn.mse_loss)


@pytest.mark.parametrize("loss", [None, 5, "mse", dict])
def test_what_is_no_loss_is_refused(loss: Any) -> None:
    with pytest.raises(TypeError, match=r"^compare: loss is .*; give a function of the output and the target"):
        compare(nn.Linear(2, 1, rng=0), XOR, ANSWERS, loss)


def test_a_loss_that_leaves_the_graph_is_refused() -> None:
    with pytest.raises(TypeError, match="compare: the loss gave a float on the scalar engine"):
        compare(nn.Linear(2, 1, rng=0), XOR, ANSWERS, lambda y, t: 1.0)


def test_a_loss_without_a_target_is_compared() -> None:
    assert compare(nn.Linear(2, 1, rng=0), XOR, None, lambda y, _: (y * y).mean()).ok


@pytest.mark.parametrize("name", ["rtol", "atol"])
@pytest.mark.parametrize("value", [-1e-9, np.nan, np.inf, "1e-9", None, True, [1e-9]], ids=repr)
def test_a_tolerance_that_is_no_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises((TypeError, ops.ParameterError), match=f"^compare: {name} is .*; give a number, 0 or more"):
        compare(nn.Linear(2, 1, rng=0), XOR, ANSWERS, nn.mse_loss, **{name: value})
