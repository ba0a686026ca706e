"""What layers and losses take: whatever one of them takes, all of them do, and the rest is refused in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import ops
from ops.errors import ShapeError
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests.test_nn_layers import CASES, Case

Array = np.ndarray[Any, Any]
LAYERS = {name: case for name, case in CASES.items() if name != "ModuleList"}  # which is a module of the tests' own
ENGINES = {"scalar": ValueArray, "tensor": Tensor}
on_both_engines = pytest.mark.parametrize("engine", ENGINES)


def first(y: Any) -> Array:
    return np.asarray(y[0] if isinstance(y, tuple) else y)


def result(case: Case, engine: str, x: Any) -> Array:
    return first(case.build().to(engine)(x, **(case.call or {})))


@on_both_engines
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_takes_arrays_lists_and_nodes_alike(name: str, engine: str) -> None:
    case = LAYERS[name]
    x = case.input()
    there = result(case, engine, nn.array(x, engine))
    for other in (x, x.tolist(), tuple(x.tolist()), np.asfortranarray(x)):
        np.testing.assert_allclose(result(case, engine, other), there, atol=1e-12)


@on_both_engines
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("wrong", [None, "abc", {"x": 1}, 1j, [[1.0], [1.0, 2.0]], object(), nn.ReLU()])
def test_what_is_no_array_of_numbers_is_refused_by_the_layers_name(name: str, engine: str, wrong: Any) -> None:
    asker = {"MLP": "Linear", "Sequential": "Linear", "ModuleList": "Linear"}.get(name.split()[0], name.split()[0])
    with pytest.raises((TypeError, ShapeError), match=f"^{asker}: ") as caught:
        result(LAYERS[name], engine, wrong)
    assert "\n" not in str(caught.value)


@on_both_engines
@pytest.mark.parametrize("name", LAYERS)
def test_a_list_of_nodes_is_refused_since_its_graph_would_be_lost(name: str, engine: str) -> None:
    for node in (nn.array([1.0, 2.0], engine, requires_grad=True), Value(1.0)):
        with pytest.raises(TypeError, match=r"got a list of \w+s; make it one array with ops\.stack"):
            result(LAYERS[name], engine, [node, node])


@pytest.mark.torch
@pytest.mark.parametrize("name", LAYERS)
def test_a_tensor_of_pytorch_is_refused(name: str) -> None:
    torch: Any = pytest.importorskip("torch")
    with pytest.raises(ops.EngineError, match=r"torch\.Tensor"):
        result(LAYERS[name], "tensor", torch.tensor(LAYERS[name].input()))


@pytest.mark.torch
@on_both_engines
@pytest.mark.parametrize("make", [np.array, lambda x: x.tolist(), "node"], ids=["array", "list", "node"])
def test_batch_norm_in_training_counts_whatever_it_is_given_as_pytorch_does(engine: str, make: Any) -> None:
    torch: Any = pytest.importorskip("torch")
    ours, theirs = nn.BatchNorm1d(2, engine=engine), torch.nn.BatchNorm1d(2).double()
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(4, 2))
        y = ours(nn.array(x, engine) if make == "node" else make(x))
        np.testing.assert_allclose(y.numpy(), theirs(torch.tensor(x)).detach().numpy(), atol=1e-12)
    for name, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name], value.numpy(), atol=1e-12, err_msg=name)


@on_both_engines
def test_batch_norm_may_come_first_in_a_model_that_is_fed_arrays(engine: str) -> None:
    model = nn.Sequential(nn.BatchNorm1d(2, engine=engine), nn.Linear(2, 1, engine=engine, rng=0))
    nn.mse_loss(model(np.random.default_rng(0).random((4, 2))), np.ones((4, 1))).backward()
    assert all(np.isfinite(p.grad).all() for p in model.parameters())


# ids


@on_both_engines
@pytest.mark.parametrize(
    "ids", [[-1], [0, 3], [[0], [-3]], np.array([2**40]), np.array([2**63], np.uint64), [7.0], [-1.0], [np.inf]]
)
def test_an_embedding_refuses_ids_that_have_no_row(engine: str, ids: Any) -> None:
    with pytest.raises(IndexError, match=r"^Embedding: ids lie in \[0, 3\), but (-?\d+|inf) is among them$"):
        nn.Embedding(3, 2, engine=engine, rng=0)(ids)


@on_both_engines
@pytest.mark.parametrize("ids", [[0.5], [0, np.nan], [True, False]])
def test_an_embedding_refuses_ids_that_are_no_integers(engine: str, ids: Any) -> None:
    with pytest.raises(TypeError, match=r"^Embedding: ids are integers, such as \[0, 2\], but"):
        nn.Embedding(3, 2, engine=engine, rng=0)(ids)


@on_both_engines
def test_an_embedding_takes_ids_from_wherever_whole_numbers_stand(engine: str) -> None:
    layer = nn.Embedding(3, 2, engine=engine, rng=0)
    rows = layer.weight.numpy()[[2, 0]]
    for ids in (
        [2, 0],
        np.array([2, 0], np.uint8),
        Tensor([2, 0]),
        Tensor([2, 0], dtype=int),
        ValueArray([2, 0]),
        (2, 0),
    ):
        np.testing.assert_array_equal(layer(ids).numpy(), rows)
    assert layer([]).shape == (0, 2)
    assert layer(2).shape == (2,)


# shapes


@pytest.mark.torch
@on_both_engines
@pytest.mark.parametrize("shape", [(0, 3, 2), (0, 1), (2, 0, 3), (0, 0, 0)])
def test_flatten_of_an_empty_batch_has_pytorchs_shape(engine: str, shape: tuple[int, ...]) -> None:
    torch: Any = pytest.importorskip("torch")
    x = nn.array(np.zeros(shape), engine, requires_grad=True)
    y = nn.Flatten()(x)
    assert y.shape == tuple(torch.nn.Flatten()(torch.zeros(shape)).shape)
    y.sum().backward()


@pytest.mark.torch
@pytest.mark.parametrize(("start", "end"), [(0, -1), (1, 2), (2, 2), (-2, -1), (0, 1)])
def test_flatten_joins_the_axes_that_pytorch_joins(start: int, end: int) -> None:
    torch: Any = pytest.importorskip("torch")
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(nn.Flatten(start, end)(x), torch.nn.Flatten(start, end)(torch.tensor(x)).numpy())


WRONG: dict[str, Callable[[str], Any]] = {
    "Flatten: from axis 2 to axis 1 of (2, 3, 4) there is nothing to join": lambda e: nn.Flatten(2, 1)(
        np.ones((2, 3, 4))
    ),
    "Linear: it takes an array of shape (..., 3), but got one of shape (2,)": lambda e: nn.Linear(3, 2, engine=e)(
        [1, 2]
    ),
    "Linear: it takes an array of shape (..., 3), but got one of shape ()": lambda e: nn.Linear(3, 2, engine=e)(1.0),
    "Conv1d: it takes an array of shape (n, 4, length), not (4, 7)": lambda e: nn.Conv1d(4, 4, 3, groups=2, engine=e)(
        np.ones((4, 7))
    ),
    "PositionalEmbedding: it takes an array of shape (..., position, 3), not (2, 4, 1)": lambda e: (
        nn.PositionalEmbedding(6, 3, engine=e)(np.ones((2, 4, 1)))
    ),
    "PositionalEmbedding: it takes an array of shape (..., position, 3), not (3,)": lambda e: nn.PositionalEmbedding(
        6, 3, engine=e
    )(np.ones(3)),
    "LayerNorm: the last axes of () are not (4,)": lambda e: nn.LayerNorm(4, engine=e)(2.0),
    "BatchNorm1d: got (), but it takes (batch, 3, ...)": lambda e: nn.BatchNorm1d(3, engine=e)(2.0),
    "MultiHeadAttention: a sequence has shape (batch, position, 4), not (4,)": lambda e: nn.MultiHeadAttention(
        4, 2, engine=e
    )([1, 2, 3, 4]),
}


@on_both_engines
@pytest.mark.parametrize("said", WRONG)
def test_a_shape_that_does_not_fit_is_refused_in_a_sentence(said: str, engine: str) -> None:
    with pytest.raises(ShapeError, match=f"^{re.escape(said)}"):
        WRONG[said](engine)


def test_a_single_value_goes_through_what_needs_no_shape() -> None:
    x = Value(0.5)
    assert nn.Tanh()(x).data == pytest.approx(np.tanh(0.5))
    assert nn.Dropout(0.5).eval()(x) is x
    with pytest.raises(ShapeError, match="Linear: it takes an array of shape"):
        nn.Linear(1, 1, engine="scalar")(x)


@pytest.mark.parametrize("wrong", ["False", 0, 1, None, [], np.array([True])])
def test_bias_is_true_or_false_and_nothing_that_counts_as_one(wrong: Any) -> None:
    for build in (
        lambda b: nn.Linear(2, 1, b),
        lambda b: nn.Conv2d(1, 1, 2, bias=b),
        lambda b: nn.Conv1d(1, 1, 2, bias=b),
    ):
        with pytest.raises(TypeError, match=r"^\w+: bias is .*, but it must be True or False$"):
            build(wrong)
    assert nn.Linear(2, 1, bias=False).bias is None


# losses

PAIRS: dict[str, tuple[Callable[..., Any], float, float]] = {
    "mse_loss": (nn.mse_loss, 0.3, 0.9),
    "l1_loss": (nn.l1_loss, 0.3, 0.9),
    "huber_loss": (nn.huber_loss, 0.3, 0.9),
    "hinge_loss": (nn.hinge_loss, 0.3, -1.0),
    "binary_cross_entropy": (nn.binary_cross_entropy, 0.3, 0.9),
    "binary_cross_entropy_with_logits": (nn.binary_cross_entropy_with_logits, 0.3, 0.9),
    "kl_div": (nn.kl_div, -0.3, 0.9),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", PAIRS)
def test_a_value_may_stand_on_either_side_of_a_loss(name: str, reduction: str) -> None:
    loss, p, t = PAIRS[name]
    x, y = Tensor(p, requires_grad=True), Tensor(t, requires_grad=True)
    there = loss(x, y, reduction=reduction)
    there.backward()
    for prediction, target in ((Value(p), t), (p, Value(t)), (Value(p), Value(t)), (Value(p), np.array(t))):
        here = loss(prediction, target, reduction=reduction)
        here.backward()
        assert here.item() == pytest.approx(there.item(), rel=1e-12)
        for leaf, slope in ((prediction, x.grad), (target, y.grad)):
            if isinstance(leaf, Value):
                assert leaf.grad == pytest.approx(float(slope), rel=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", PAIRS)
def test_two_plain_numbers_cost_what_two_tensors_cost(name: str, reduction: str) -> None:
    loss, p, t = PAIRS[name]
    there = loss(Tensor(p), Tensor(t), reduction=reduction).item()
    for prediction, target in ((p, t), (np.float64(p), np.array(t)), (np.array(p), t)):
        assert float(loss(prediction, target, reduction=reduction)) == pytest.approx(there, rel=1e-12)
    assert nn.hinge_loss(2, 1) == 0


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.nll_loss])
def test_a_single_value_is_no_row_of_scores(loss: Any) -> None:
    with pytest.raises(ShapeError, match=rf"^{loss.__name__}: the scores have shape \(\)"):
        loss(Value(0.5), 1)
    with pytest.raises(ShapeError, match=rf"^{loss.__name__}: the target has shape \(\)"):
        loss([[0.5, 0.1]], Value(1.0))


def test_a_batch_of_one_number_has_no_rows_to_divide_by() -> None:
    with pytest.raises(ShapeError, match="kl_div: batchmean divides by the rows of a batch"):
        nn.kl_div(Value(-0.5), 0.3, reduction="batchmean")


@pytest.mark.parametrize("name", [*PAIRS, "cross_entropy", "nll_loss"])
@pytest.mark.parametrize("wrong", [None, "abc", 1j, [[1.0], [1.0, 2.0]], [Value(1.0)], nn.ReLU()])
def test_what_is_no_array_of_numbers_is_refused_by_the_losss_name(name: str, wrong: Any) -> None:
    loss = getattr(nn, name)
    for call in (
        lambda: loss(wrong, [1.0]),
        lambda: loss([[0.5]] if name in ("cross_entropy", "nll_loss") else 1, wrong),
    ):
        with pytest.raises((TypeError, ShapeError), match=f"^{name}: ") as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("delta", [True, "1", None, np.nan, [1.0]])
def test_a_delta_that_is_no_number_is_refused(delta: Any) -> None:
    with pytest.raises(ops.ParameterError, match="huber_loss: delta is"):
        nn.huber_loss([1.0], [0.0], delta=delta)


@on_both_engines
def test_true_and_false_name_the_classes_one_and_zero(engine: str) -> None:
    scores = nn.array([[0.2, 1.0], [0.7, -1.0]], engine)
    assert nn.cross_entropy(scores, [True, False]).item() == nn.cross_entropy(scores, [1, 0]).item()


@pytest.mark.parametrize("name", PAIRS)
def test_a_loss_of_plain_numbers_that_are_not_finite_warns_of_nothing(name: str) -> None:
    loss, _, t = PAIRS[name]
    for p in (1e300, -np.inf, np.nan) if name != "binary_cross_entropy" else (0.0, 1.0):
        loss(np.array([p]), np.array([t]), reduction="none")  # the tests take a warning for an error


@pytest.mark.parametrize("layer", [nn.LayerNorm(2), nn.BatchNorm1d(2), nn.Dropout(0.5, rng=0), nn.Softmax()])
def test_a_layer_of_plain_numbers_that_are_not_finite_warns_of_nothing(layer: nn.Module) -> None:
    for number in (1e300, np.inf, np.nan):
        layer(np.array([[number, -number], [1.0, 2.0]]))
