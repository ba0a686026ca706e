"""Every loss of nn, on both engines and against PyTorch, from one table, and what bad input is told.

A loss module that is exported and has no row fails `test_every_loss_has_a_row`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import nn
import ops
from ops.errors import EngineError, ParameterError, ShapeError
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(5)
SCORES = RNG.normal(size=(4, 3)) * 3
LOGS = np.log(RNG.dirichlet([1, 1, 1], size=4))
PROBABILITIES = RNG.uniform(0.05, 0.95, (4, 3))
SIGNS = RNG.choice([-1.0, 1.0], (4, 3))
BITS = RNG.choice([0.0, 1.0], (4, 3))
SHARES = RNG.dirichlet([1, 1, 1], size=4)
CLASSES = np.array([2, 0, 1, 2])


def torch_hinge(s: Any, y: Any, reduction: str) -> Any:
    """PyTorch has no such hinge; its hinge_embedding_loss is max(0, 1 - x) where its target is -1."""
    from torch import full_like
    from torch.nn.functional import hinge_embedding_loss

    return hinge_embedding_loss(y * s, full_like(s, -1), reduction=reduction)


def torch_function(name: str) -> Callable[..., Any]:
    def call(*args: Any, **settings: Any) -> Any:
        import torch

        return getattr(torch.nn.functional, name)(*args, **settings)

    return call


@dataclass(frozen=True)
class Case:
    """A loss as a function and as a module, its PyTorch twin, what it is given, and its settings."""

    function: Callable[..., Any]
    module: Any
    prediction: Array
    target: Array
    settings: dict[str, Any] = field(default_factory=dict)
    torch: Callable[..., Any] | None = None
    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def twin(self, *args: Any, **settings: Any) -> Any:
        return (self.torch or torch_function(self.function.__name__))(*args, **settings)


ALL = ("mean", "sum", "none", "batchmean")
BCE, WITH_LOGITS = nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits
CROSS = (nn.cross_entropy, nn.CrossEntropyLoss)
CASES: dict[str, Case] = {
    "mse": Case(nn.mse_loss, nn.MSELoss, SCORES, LOGS),
    "mse of single numbers": Case(nn.mse_loss, nn.MSELoss, np.array(2.0), np.array(0.5)),
    "l1": Case(nn.l1_loss, nn.L1Loss, SCORES, LOGS),
    "l1 where equal": Case(nn.l1_loss, nn.L1Loss, SCORES, SCORES),
    "huber": Case(nn.huber_loss, nn.HuberLoss, SCORES, LOGS),
    "huber wide": Case(nn.huber_loss, nn.HuberLoss, SCORES, LOGS, {"delta": 3.0}),
    "huber at delta": Case(nn.huber_loss, nn.HuberLoss, np.array([1.0, -1, 0, 3]), np.zeros(4)),
    "hinge": Case(nn.hinge_loss, nn.HingeLoss, SCORES, SIGNS, torch=torch_hinge),
    "cross-entropy": Case(*CROSS, SCORES, CLASSES),
    "cross-entropy smoothed": Case(*CROSS, SCORES, CLASSES, {"label_smoothing": 0.2}),
    "cross-entropy soft": Case(*CROSS, SCORES, SHARES),
    "cross-entropy soft smoothed": Case(*CROSS, SCORES, SHARES, {"label_smoothing": 0.2}),
    "cross-entropy large": Case(*CROSS, SCORES * 500, CLASSES),
    "nll": Case(nn.nll_loss, nn.NLLLoss, LOGS, CLASSES),
    "bce": Case(BCE, nn.BCELoss, PROBABILITIES, BITS),
    "bce soft": Case(BCE, nn.BCELoss, PROBABILITIES, SHARES),
    "bce with logits": Case(WITH_LOGITS, nn.BCEWithLogitsLoss, SCORES, BITS),
    "bce with logits large": Case(WITH_LOGITS, nn.BCEWithLogitsLoss, SCORES * 500, BITS),
    "kl": Case(nn.kl_div, nn.KLDivLoss, LOGS, SHARES, reductions=ALL),
    "kl of sure targets": Case(nn.kl_div, nn.KLDivLoss, LOGS, np.eye(3)[CLASSES], reductions=ALL),
}
ROWS = [pytest.param(case, r, id=f"{name} {r}") for name, case in CASES.items() for r in case.reductions]


def run(case: Case, engine: Callable[..., Any], reduction: str) -> tuple[Array, Array]:
    """The loss and its gradient; where it is not one number, the gradient of a sum with weights 1, 2, 3, ..."""
    x = engine(case.prediction, requires_grad=True)
    y = case.function(x, case.target, **case.settings, reduction=reduction)
    y.backward(weights(y.shape))
    return y.numpy(), x.grad


def weights(shape: tuple[int, ...]) -> Array:
    return np.arange(1.0, 1 + np.prod(shape)).reshape(shape)


@pytest.mark.parametrize(("case", "reduction"), ROWS)
def test_loss_and_gradient_are_the_same_on_both_engines(case: Case, reduction: str) -> None:
    for ours, theirs in zip(run(case, ValueArray, reduction), run(case, Tensor, reduction)):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:reduction. 'mean':UserWarning")  # PyTorch's word to use batchmean in kl_div
@pytest.mark.parametrize(("case", "reduction"), ROWS)
def test_loss_and_gradient_are_pytorchs(case: Case, reduction: str) -> None:
    torch: Any = pytest.importorskip("torch")
    x = torch.tensor(case.prediction, requires_grad=True)
    y = case.twin(x, torch.tensor(case.target), **case.settings, reduction=reduction)
    y.backward(torch.tensor(weights(y.shape)))
    for ours, theirs in zip(run(case, Tensor, reduction), (y.detach().numpy(), x.grad.numpy())):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["cross-entropy soft", "bce soft", "bce with logits", "kl", "huber"])
def test_gradient_reaches_a_target_that_asks_for_one_as_in_pytorch(name: str) -> None:
    torch: Any = pytest.importorskip("torch")
    case = CASES[name]
    ours, theirs = Tensor(case.target, requires_grad=True), torch.tensor(case.target, requires_grad=True)
    case.function(Tensor(case.prediction), ours, reduction="sum").backward()
    case.twin(torch.tensor(case.prediction), theirs, reduction="sum").backward()
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in CASES if not name.endswith(("equal", "delta", "large"))])
def test_gradient_is_the_slope_away_from_kinks(name: str) -> None:
    case = CASES[name]
    assert ops.gradcheck(lambda x: case.function(x, case.target, **case.settings), Tensor(case.prediction))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_module_is_its_function_with_the_settings_kept(case: Case) -> None:
    loss = case.module(**case.settings, reduction="sum")
    there = case.function(Tensor(case.prediction), case.target, **case.settings, reduction="sum")
    assert loss(Tensor(case.prediction), case.target).item() == there.item()
    assert "reduction='sum'" in repr(loss)
    assert loss.parameters() == []


def test_every_loss_has_a_row() -> None:
    exported = {value for name, value in vars(nn).items() if name.endswith("Loss")}
    assert exported == {case.module for case in CASES.values()}


def test_module_refuses_an_unknown_setting_when_it_is_made() -> None:
    with pytest.raises(TypeError, match="redction"):
        nn.MSELoss(redction="sum")


# what one loss knows about another


def test_cross_entropy_is_the_nll_of_log_softmax(array: Callable[..., Any]) -> None:
    x = array(SCORES)
    assert nn.cross_entropy(x, CLASSES).item() == pytest.approx(nn.nll_loss(x.log_softmax(1), CLASSES).item())


def test_a_sure_soft_target_costs_what_its_class_costs(array: Callable[..., Any]) -> None:
    hard, soft = (nn.cross_entropy(array(SCORES), t, reduction="none").tolist() for t in (CLASSES, np.eye(3)[CLASSES]))
    assert hard == pytest.approx(soft)


def test_two_classes_cost_what_the_difference_of_their_logits_costs(array: Callable[..., Any]) -> None:
    pair = nn.cross_entropy(array(SCORES[:, :2]), BITS[:, 0].astype(int)).item()
    assert pair == pytest.approx(WITH_LOGITS(array(SCORES[:, 1] - SCORES[:, 0]), BITS[:, 0]).item())


def test_divergence_of_a_distribution_from_itself_is_nothing(array: Callable[..., Any]) -> None:
    assert nn.kl_div(array(LOGS), np.exp(LOGS), reduction="none").tolist() == pytest.approx(np.zeros((4, 3)))
    assert nn.kl_div(array(LOGS), SHARES, reduction="batchmean").item() > 0


def test_huber_turns_from_the_square_to_the_absolute_error(array: Callable[..., Any]) -> None:
    x = array(SCORES)
    assert nn.huber_loss(x, LOGS, delta=1e3).item() == pytest.approx(nn.mse_loss(x, LOGS).item() / 2)
    assert nn.huber_loss(x, LOGS, delta=1e-9).item() / 1e-9 == pytest.approx(nn.l1_loss(x, LOGS).item())


@pytest.mark.torch
@pytest.mark.parametrize("p", [0.0, 1.0])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_sure_probabilities_cost_what_they_cost_in_pytorch_and_have_finite_slopes(
    array: Callable[..., Any], p: float, t: float
) -> None:
    torch: Any = pytest.importorskip("torch")
    x = array([p])
    y = BCE(x, [t])
    y.backward()
    assert y.item() == pytest.approx(torch.nn.functional.binary_cross_entropy(*torch.tensor([[p], [t]])).item())
    assert np.isfinite(x.grad).all()


@pytest.mark.torch
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.0, 1e-40, 1e-20, 1e-13, 1e-11, 0.5, 1 - 1e-6])
@pytest.mark.parametrize("t", [0.3, 1.0])
def test_slope_of_the_binary_cross_entropy_is_pytorchs_down_to_a_sure_mistake(p: float, t: float, dtype: Any) -> None:
    torch: Any = pytest.importorskip("torch")
    for number, target in ((p, t), (1 - p, 1 - t)):
        ours, theirs = (Tensor(dtype([number]), requires_grad=True), torch.tensor(dtype([number]), requires_grad=True))
        BCE(ours, dtype([target])).backward()
        torch.nn.functional.binary_cross_entropy(theirs, torch.tensor(dtype([target]))).backward()
        np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-4)


@pytest.mark.parametrize(("p", "t", "steepest"), [(0.0, 1.0, -1e12), (1.0, 0.0, 1e12)])
def test_a_surely_wrong_probability_is_sent_away_on_both_engines(
    array: Callable[..., Any], p: float, t: float, steepest: float
) -> None:
    x, value = array([p]), Value(p)
    BCE(x, [t]).backward()
    BCE(value, t).backward()
    assert x.grad.tolist() == [steepest]
    assert value.grad == steepest
    assert BCE(array([p]), [t]).item() == 100


def test_second_derivative_of_the_binary_cross_entropy_is_that_of_the_logarithm(array: Callable[..., Any]) -> None:
    x = array([0.2])
    BCE(x, [1.0]).backward(create_graph=True)
    g: Any = x.grad
    x.grad = None
    g.sum().backward()
    np.testing.assert_allclose(np.asarray(x.grad), [1 / 0.2**2])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_sure_mistakes_have_finite_slopes_in_every_precision(dtype: Any) -> None:
    x = Tensor(np.array([0, 1, 0.5, np.finfo(dtype).smallest_subnormal], dtype), requires_grad=True)
    BCE(x, [1, 0, 1, 1], reduction="sum").backward()
    assert np.isfinite(x.grad).all()
    assert x.grad[0] < 0 < x.grad[1]


def test_divergence_is_nothing_where_nothing_is_expected_however_surely(array: Callable[..., Any]) -> None:
    x, t = array([[-np.inf, 0.0]]), array([[0.0, 1.0]])
    y = nn.kl_div(x, t, reduction="none")
    assert y.tolist() == [[0, 0]]
    y.sum().backward()
    assert x.grad.tolist() == [[0, -1]]
    assert np.isfinite(t.grad).all()


def test_divergence_from_what_was_ruled_out_is_infinite_and_nan_is_not_hidden(array: Callable[..., Any]) -> None:
    y = nn.kl_div(array([-np.inf, np.nan]), [0.5, 0.0], reduction="none").tolist()
    assert y[0] == np.inf
    assert np.isnan(y[1])


def test_far_logits_never_round_the_loss_to_zero_or_infinity(array: Callable[..., Any]) -> None:
    near, *far = WITH_LOGITS(array([40.0, 1000.0, -1000.0]), [1, 0, 1], reduction="none").tolist()
    assert near == pytest.approx(np.exp(-40))
    assert far == [1000, 1000]
    assert nn.cross_entropy(array([[0.0, 1000.0]]), [0]).item() == 1000


def test_losses_of_single_precision_stay_in_it() -> None:
    x, t = Tensor(SCORES.astype("float32")), SHARES.astype("float32")
    for y in (nn.mse_loss(x, t), nn.huber_loss(x, t), nn.cross_entropy(x, t, label_smoothing=0.1), WITH_LOGITS(x, t)):
        assert y.dtype == np.float32


def test_classes_may_stand_in_a_node(array: Callable[..., Any]) -> None:
    there = nn.cross_entropy(array(SCORES), CLASSES).item()
    assert nn.cross_entropy(array(SCORES), array(CLASSES.astype(float))).item() == there


def test_losses_take_plain_lists_and_single_values() -> None:
    assert nn.mse_loss([1.0, 3.0], [1.0, 1.0]) == 2
    assert nn.cross_entropy([[0.0, 0.0]], [1]) == pytest.approx(np.log(2))
    x = Value(2.0)
    nn.hinge_loss(x, -1).backward()
    assert x.grad == 1


# bad input


EQUAL_SHAPES = [
    *(nn.mse_loss, nn.l1_loss, nn.huber_loss, nn.hinge_loss),
    *(nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits, nn.kl_div),
]


@pytest.mark.parametrize("loss", EQUAL_SHAPES)
def test_shapes_that_would_broadcast_are_refused_and_shown(loss: Callable[..., Any], array: Callable[..., Any]) -> None:
    for a, b in (((3,), (3, 1)), ((3, 1), (3,)), ((3,), (1,)), ((2, 3), (3,))):
        with pytest.raises(
            ShapeError, match=re.escape(f"{loss.__name__}: the prediction has shape {a} and the target {b};")
        ):
            loss(array(np.ones(a)), np.ones(b))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_unknown_reduction_is_refused_with_those_there_are(case: Case) -> None:
    for word in {"average", "batchmean"} - set(case.reductions):
        with pytest.raises(ParameterError, match=f"reduction is '{word}'; it may be 'mean' or 'sum' or 'none'"):
            case.function(case.prediction, case.target, **case.settings, reduction=word)


BAD: list[tuple[type[Exception], str, Any, Any]] = [
    (ValueError, "target holds 3, but with 3 classes it lies in [0, 3)", SCORES, [0, 1, 3, 0]),
    (ValueError, "target holds -1, but with 3 classes it lies in [0, 3)", SCORES, [0, 1, -1, 0]),
    (TypeError, "target holds 0.5, but a class is a whole number", SCORES, [0, 1, 0.5, 0]),
    (TypeError, "target holds real numbers, as in [1.0, 2.0], not ['a'", SCORES, list("abcd")),
    (ShapeError, "target has shape (2,), but the scores have (4, 3); classes take the shape (4,)", SCORES, [0, 1]),
    (ShapeError, "target has shape (4, 1), but the scores have (4, 3)", SCORES, CLASSES[:, None]),
    (ShapeError, "scores have shape (3,); reshape them to (batch, classes)", SCORES[0], 1),
    (ShapeError, "scores have shape (1, 4, 3); reshape them to (batch, classes)", SCORES[None], CLASSES),
]


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.nll_loss])
@pytest.mark.parametrize(("error", "said", "scores", "target"), BAD)
def test_bad_classes_are_refused_in_a_sentence(
    loss: Any, error: type[Exception], said: str, scores: Any, target: Any, array: Callable[..., Any]
) -> None:
    with pytest.raises(error, match=rf"^{loss.__name__}: the {re.escape(said)}.*$"):
        loss(array(scores), target)


WRONG = {
    "hinge_loss: the target holds 0.0, but a class is -1 or 1": lambda x: nn.hinge_loss(x, BITS),
    "cross_entropy: the target holds 1.5, but a probability lies in [0, 1]": lambda x: nn.cross_entropy(x, BITS * 1.5),
    "cross_entropy: label_smoothing is 1.5, but": lambda x: nn.cross_entropy(x, CLASSES, label_smoothing=1.5),
    "huber_loss: delta is 0, but": lambda x: nn.huber_loss(x, LOGS, delta=0),
    "binary_cross_entropy: the prediction holds": lambda x: BCE(x, BITS),
    "binary_cross_entropy: the target holds -1.0, but a prob": lambda x: BCE(x.sigmoid(), SIGNS),
    "binary_cross_entropy_with_logits: the target holds -1.0": lambda x: WITH_LOGITS(x, SIGNS),
    "kl_div: the target holds -": lambda x: nn.kl_div(x, LOGS),
}


@pytest.mark.parametrize(("said", "call"), WRONG.items(), ids=WRONG)
def test_values_that_a_loss_cannot_mean_are_refused(said: str, call: Any, array: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        call(array(SCORES))


@pytest.mark.parametrize(("one", "two"), [(Tensor, ValueArray), (ValueArray, Tensor)])
def test_two_engines_in_one_loss_are_refused(one: type, two: type) -> None:
    with pytest.raises(EngineError, match="Tensor"):
        nn.mse_loss(one(SCORES), two(LOGS))


@pytest.mark.torch
def test_huber_bends_at_0_as_pytorchs_does(array: Callable[..., Any]) -> None:
    torch = pytest.importorskip("torch")
    data, v = [0.0, 0.1, -0.4, 3.0, -2.0], [1.0] * 5
    ours = ops.hvp(lambda x: nn.huber_loss(x, np.zeros(5), reduction="sum"), array(data), array(v))

    def theirs(x: Any) -> Any:
        return torch.nn.functional.huber_loss(x, torch.zeros(5, dtype=torch.float64), reduction="sum")

    x, v = (torch.tensor(each, dtype=torch.float64) for each in (data, v))
    np.testing.assert_allclose(
        np.asarray(ours.data), torch.autograd.functional.hvp(theirs, x, v)[1].numpy(), rtol=1e-12
    )
