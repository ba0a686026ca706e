"""Every optimiser and schedule of nn: fifty steps on both engines and in PyTorch, from two tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor
from tests.conftest import array_leaf

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(11)
X, Y = RNG.normal(size=(5, 2)), RNG.normal(size=(5, 1))
START = RNG.normal(size=(3, 2)), RNG.normal(size=3), RNG.normal(size=(3, 1))
STEPS = 50

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD by default": ("SGD", {}),
    "SGD": ("SGD", {"lr": 0.3}),
    "SGD decay": ("SGD", {"lr": 0.3, "weight_decay": 0.1}),
    "SGD momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "SGD dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    "SGD Nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "SGD Nesterov decay": ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    "RMSprop by default": ("RMSprop", {}),
    "RMSprop": ("RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-3}),  # at lr 0.05 it is chaotic: 1e-15 grows to 2e-8
    "RMSprop momentum": ("RMSprop", {"lr": 0.02, "momentum": 0.7}),
    "RMSprop centred": ("RMSprop", {"lr": 0.02, "centered": True}),
    "RMSprop all": ("RMSprop", {"lr": 0.01, "alpha": 0.95, "momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    "Adam by default": ("Adam", {}),
    "Adam": ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-4}),
    "Adam without means": ("Adam", {"lr": 0.01, "betas": (0.0, 0.0)}),
    "Adam decay": ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    "AdamW by default": ("AdamW", {}),
    "AdamW": ("AdamW", {"lr": 0.1, "betas": (0.8, 0.95), "weight_decay": 0.3}),
}
SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "StepLR by default": ("StepLR", {"step_size": 20}),
    "StepLR": ("StepLR", {"step_size": 7, "gamma": 0.8}),
    "CosineAnnealingLR": ("CosineAnnealingLR", {"T_max": STEPS}),
    "CosineAnnealingLR risen again": ("CosineAnnealingLR", {"T_max": 15, "eta_min": 0.05}),
    "LinearWarmup by default": ("LinearWarmup", {}),
    "LinearWarmup": ("LinearWarmup", {"start_factor": 0.01, "total_iters": 30}),
    "LambdaLR": ("LambdaLR", {"lr_lambda": lambda t: 0.95**t if t % 3 else 0.0}),
}
IN_TORCH = {"LinearWarmup": "LinearLR"}
Run = tuple[str, dict[str, Any], str, dict[str, Any]]
RUNS: dict[str, Run] = {name: (*row, "", {}) for name, row in OPTIMIZERS.items()}
RUNS |= {name: ("SGD", {"lr": 0.3}, *row) for name, row in SCHEDULES.items()}

scalar_leaf, tensor_leaf = array_leaf(ValueArray), array_leaf(Tensor)


def torch_leaf(data: Array) -> Any:
    import torch

    return torch.tensor(data, requires_grad=True)


def walk(leaf: Callable[[Array], Any], run: Run, optim: Any = nn, schedules: Any = nn) -> Array:
    """The parameters of a small network, and so a nonconvex loss, after each of fifty steps: (steps, numbers)."""
    W, b, v = parameters = [leaf(x) for x in START]
    name, settings, schedule, rates = run
    optimizer = getattr(optim, name)(parameters, **settings)
    turn = getattr(schedules, schedule)(optimizer, **rates) if schedule else None
    taken = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        (((leaf(X) @ W.mT + b).tanh() @ v - leaf(Y)) ** 2).mean().backward()
        optimizer.step()
        if turn:
            turn.step()
        taken.append(np.concatenate([p.detach().numpy().ravel() for p in parameters]))
    return np.array(taken)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_fifty_steps_are_the_same_on_both_engines(run: Run) -> None:
    np.testing.assert_allclose(walk(scalar_leaf, run), walk(tensor_leaf, run), rtol=0, atol=1e-10)


@pytest.mark.torch
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_fifty_steps_are_pytorchs(run: Run) -> None:
    torch: Any = pytest.importorskip("torch")
    there = (*run[:2], IN_TORCH.get(run[2], run[2]), run[3])
    ours, theirs = walk(tensor_leaf, run), walk(torch_leaf, there, torch.optim, torch.optim.lr_scheduler)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    assert np.ptp(ours, axis=0).max() > 1e-2  # they went somewhere


@pytest.mark.parametrize("row", SCHEDULES.values(), ids=SCHEDULES)
def test_schedule_changes_where_the_steps_lead(row: tuple[str, dict[str, Any]]) -> None:
    constant = ("SGD", {"lr": 0.3}, "", {})
    assert np.abs(walk(tensor_leaf, ("SGD", {"lr": 0.3}, *row)) - walk(tensor_leaf, constant)).max() > 1e-3


@pytest.mark.torch
@pytest.mark.parametrize(("name", "settings"), SCHEDULES.values(), ids=SCHEDULES)
def test_rates_are_pytorchs_from_before_the_first_step(name: str, settings: dict[str, Any]) -> None:
    torch: Any = pytest.importorskip("torch")
    ours = nn.SGD([tensor_leaf(Y)], lr=0.3)
    theirs = torch.optim.SGD([torch_leaf(Y)], lr=0.3)
    here = getattr(nn, name)(ours, **settings)
    there = getattr(torch.optim.lr_scheduler, IN_TORCH.get(name, name))(theirs, **settings)
    for _ in range(STEPS):
        assert ours.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-9, abs=1e-15)
        theirs.step()
        here.step()
        there.step()


def test_every_optimiser_and_schedule_has_a_row() -> None:
    exported = {v for v in vars(nn).values() if isinstance(v, type)}
    optimizers = {v.__name__ for v in exported if issubclass(v, nn.Optimizer)} - {"Optimizer"}
    schedules = {v.__name__ for v in exported if issubclass(v, nn.Schedule)} - {"Schedule"}
    assert optimizers == {name for name, _ in OPTIMIZERS.values()}
    assert schedules == {name for name, _ in SCHEDULES.values()}


# what an optimiser does and leaves alone


def test_parameter_without_a_gradient_stays(array: Callable[..., Any]) -> None:
    used, unused = array([1.0]), array([2.0])
    optimizer = nn.AdamW([used, unused], lr=0.1, weight_decay=1.0)
    (used * used).sum().backward()
    optimizer.step()
    assert used.item() < 1
    assert unused.item() == 2
    optimizer.zero_grad()
    assert used.grad is None


def test_optimiser_trains_single_values_as_it_trains_arrays() -> None:
    for name in ("SGD", "RMSprop", "Adam", "AdamW"):
        a, b, both = Value(1.0), Value(-2.0), ValueArray([1.0, -2.0], requires_grad=True)
        here, there = (getattr(nn, name)(ps, lr=0.1) for ps in ([a, b], [both]))
        for _ in range(5):
            here.zero_grad()
            there.zero_grad()
            (a * a * a + b * b).backward()
            (both[0] ** 3 + both[1] ** 2).backward()
            here.step()
            there.step()
        assert [a.data, b.data] == pytest.approx(both.tolist(), abs=1e-12)


def test_gradients_that_are_nodes_are_read_as_numbers(array: Callable[..., Any]) -> None:
    w = array([1.0, 2.0])
    (w * w).sum().backward(create_graph=True)
    nn.SGD([w], lr=0.25, momentum=0.9).step()
    assert w.tolist() == [0.5, 1.0]


def test_momentum_keeps_its_own_copy_of_the_gradient() -> None:
    w = tensor_leaf(np.ones(2))
    w.grad = np.ones(2)
    optimizer = nn.SGD([w], lr=1.0, momentum=0.5)
    optimizer.step()
    w.grad[:] = 0.0
    optimizer.step()
    assert w.tolist() == [-0.5, -0.5]


def test_single_precision_stays_single() -> None:
    for name, settings in OPTIMIZERS.values():
        w = tensor_leaf(np.ones(2, "float32"))
        (w * w).sum().backward()
        optimizer = getattr(nn, name)([w], **settings)
        optimizer.step()
        assert {w.dtype, *(x.dtype for x in optimizer.state[0].values() if np.ndim(x))} == {np.dtype("float32")}


@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_goes_on_from_a_state_dict_as_if_it_had_not_stopped(name: str, settings: dict[str, Any]) -> None:
    def train(w: Any, optimizer: Any, steps: int) -> Any:
        for _ in range(steps):
            optimizer.zero_grad()
            (w.sin() * w).sum().backward()
            optimizer.step()
        return w

    one, first = tensor_leaf(START[0]), tensor_leaf(START[0])
    train(one, getattr(nn, name)([one], **settings), 10)
    stopped = getattr(nn, name)([first], **settings)
    saved = train(first, stopped, 4).numpy(), stopped.state_dict()
    train(first, stopped, 1)
    second = tensor_leaf(saved[0])
    again = getattr(nn, name)([second], **settings | {"lr": 1.0})
    again.load_state_dict(saved[1])
    assert train(second, again, 6).tolist() == one.tolist()


def test_centred_rmsprop_takes_a_constant_gradient_without_nan() -> None:
    w = tensor_leaf(np.zeros(3))
    optimizer = nn.RMSprop([w], lr=1e-9, alpha=0.5, centered=True)
    for _ in range(200):
        w.grad = np.array([0.1, 0.7, 1.3])
        optimizer.step()
    assert np.isfinite(w.numpy()).all()


# clipping


def with_gradients(leaf: Callable[..., Any]) -> list[Any]:
    W, b, unused = leaf(START[0]), leaf(START[1]), leaf(Y)
    ((W * W).sum() + (b**3).sum()).backward()
    return [W, b, unused]


@pytest.mark.torch
@pytest.mark.parametrize("max_norm", [0.0, 0.5, 1e3])
def test_clipping_returns_the_norm_and_scales_as_pytorch_does(array: Callable[..., Any], max_norm: float) -> None:
    torch: Any = pytest.importorskip("torch")
    ours, theirs = with_gradients(array), with_gradients(torch_leaf)
    norm = nn.clip_grad_norm(ours, max_norm)
    assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, max_norm).item(), abs=1e-9)
    for p, q in zip(ours[:2], theirs):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=0, atol=1e-9)
    assert ours[2].grad is None


def test_clipped_gradients_keep_their_direction_and_are_no_longer_than_asked(array: Callable[..., Any]) -> None:
    parameters = with_gradients(array)
    before = np.concatenate([p.grad.ravel() for p in parameters[:2]])
    nn.clip_grad_norm(parameters, 0.5)
    after = np.concatenate([p.grad.ravel() for p in parameters[:2]])
    assert 0.499 < np.linalg.norm(after) <= 0.5
    assert before @ after == pytest.approx(np.linalg.norm(before) * np.linalg.norm(after))


def test_clipping_refuses_a_norm_that_is_not_finite(array: Callable[..., Any]) -> None:
    w = array([1.0, 2.0])
    w.grad = np.array([1.0, np.nan])
    with pytest.raises(FloatingPointError, match=r"clip_grad_norm: the norm is nan; ops.detect_anomaly\(\) names"):
        nn.clip_grad_norm([w], 1.0)


# bad input


def w() -> Any:
    return tensor_leaf(Y)


BAD: dict[str, Callable[[], Any]] = {
    "SGD: got no parameters; give it model.parameters()": lambda: nn.SGD([]),
    "SGD: lr is -0.1, but it must be a number, 0 or more": lambda: nn.SGD([w()], lr=-0.1),
    "SGD: lr is nan, but it must": lambda: nn.SGD([w()], lr=float("nan")),
    "SGD: lr is '0.1', but it must": lambda: nn.SGD([w()], lr="0.1"),  # pyright: ignore[reportArgumentType]
    "SGD: momentum is -1, but": lambda: nn.SGD([w()], momentum=-1),
    "SGD: nesterov=True got momentum=0.0 and dampening=0.0": lambda: nn.SGD([w()], nesterov=True),
    "RMSprop: alpha is 1.0, but it must be a number in [0, 1)": lambda: nn.RMSprop([w()], alpha=1.0),
    "RMSprop: eps is -1, but": lambda: nn.RMSprop([w()], eps=-1),
    "Adam: betas[0] is 1.0, but it must be a number in [0, 1)": lambda: nn.Adam([w()], betas=(1.0, 0.9)),
    "AdamW: betas[1] is -0.1, but": lambda: nn.AdamW([w()], betas=(0.9, -0.1)),
    "Adam: betas is 0.9, but it must be a pair": lambda: nn.Adam([w()], betas=0.9),  # pyright: ignore[reportArgumentType]
    "AdamW: weight_decay is -1, but": lambda: nn.AdamW([w()], weight_decay=-1),
    "clip_grad_norm: max_norm is -1, but": lambda: nn.clip_grad_norm([w()], -1),
    "StepLR: step_size is 0, but it must be a whole number, 1 or more": lambda: nn.StepLR(nn.SGD([w()]), 0),
    "CosineAnnealingLR: T_max is -3, but": lambda: nn.CosineAnnealingLR(nn.SGD([w()]), -3),
    "LinearWarmup: start_factor is 2, but it must be a number in [0, 1]": lambda: nn.LinearWarmup(nn.SGD([w()]), 2),
}


@pytest.mark.parametrize(("said", "call"), BAD.items(), ids=BAD)
def test_bad_settings_are_refused_in_a_sentence(said: str, call: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(said)}.*$"):
        call()


@pytest.mark.parametrize("make", [lambda w: [w * 2], lambda w: [w.detach()], lambda w: [w.numpy()]])
def test_what_is_no_leaf_that_asks_for_a_gradient_is_refused(make: Any, array: Callable[..., Any]) -> None:
    with pytest.raises(
        TypeError,
        match=r"^SGD: parameter 0 is (a \w+ (made by mul|cut from .* detach\(\))|of type ndarray, .* trains); give",
    ):
        nn.SGD(make(array([[1.0], [2.0]])))


def test_state_of_other_parameters_is_refused_and_nothing_taken_over() -> None:
    optimizer = nn.SGD([w()], lr=0.5)
    for state in ([{"v": np.zeros(2)}], [], [{}, {}]):
        with pytest.raises(
            ValueError, match=r"^load_state_dict: the state holds .* but the parameters have \[\(5, 1\)\]"
        ):
            optimizer.load_state_dict(optimizer.state_dict() | {"lr": 0.1, "state": state})
    with pytest.raises(
        ValueError, match=r"^load_state_dict: got state, param_groups; give what SGD\.state_dict\(\) re"
    ):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    assert optimizer.lr == 0.5


def test_an_update_that_writes_into_the_parameter_is_told_to_return_new_numbers() -> None:
    class InPlace(nn.Optimizer):
        def update(self, p: Any, g: Any, state: Any) -> Any:
            p -= self.lr * g
            return p

    w = nn.array([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    with pytest.raises(ValueError, match=r"InPlace\.update: p and g are to be read alone; return new numbers"):
        InPlace([w], lr=0.1).step()
    assert w.data.tolist() == [1.0, 2.0]


def test_an_array_that_an_update_keeps_is_not_the_parameters() -> None:
    class Keeping(nn.Optimizer):
        def update(self, p: Any, g: Any, state: Any) -> Any:
            state["p"] = p - self.lr * g
            return state["p"]

    w = nn.array([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    optimizer = Keeping([w], lr=0.25)
    optimizer.step()
    optimizer.state[0]["p"][:] = 0.0
    assert w.data.tolist() == [0.5, 1.0]
