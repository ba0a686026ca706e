"""Optimisers, schedules and loaders take their own settings, states and data, and refuse others whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn as right_nn
from scalar import Value
from tensor import Tensor

nn: Any = right_nn  # some calls below are wrong on purpose; the type checker would say so first


def leaf(data: Any = 1.0, engine: str = "tensor") -> Any:
    return nn.array(data, engine, requires_grad=True)


def stepped(optimizer: Any) -> Any:
    for p in optimizer.parameters:
        p.grad = np.ones(p.shape)
    optimizer.step()
    return optimizer


def one_sentence(error: pytest.ExceptionInfo[BaseException]) -> None:
    said = str(error.value)
    assert "\n" not in said
    assert ". " not in said


# settings

FLAGS: dict[str, Callable[[], Any]] = {
    "SGD: nesterov is 'False', but it must be True or False": lambda: nn.SGD([leaf()], momentum=0.9, nesterov="False"),
    "SGD: nesterov is 1, but": lambda: nn.SGD([leaf()], momentum=0.9, nesterov=1),
    "RMSprop: centered is 'no', but it must be True or False": lambda: nn.RMSprop([leaf()], centered="no"),
    "DataLoader: shuffle is 'no', but it must be True or False": lambda: nn.DataLoader([1.0], shuffle="no"),
    "DataLoader: drop_last is None, but": lambda: nn.DataLoader([1.0], drop_last=None),
}


@pytest.mark.parametrize(("said", "call"), FLAGS.items(), ids=FLAGS)
def test_a_setting_that_is_no_bool_is_refused(said: str, call: Any) -> None:
    with pytest.raises(TypeError, match=re.escape(said)) as caught:
        call()
    one_sentence(caught)


def test_bools_of_numpy_are_bools() -> None:
    assert nn.SGD([leaf()], momentum=0.9, nesterov=np.True_).nesterov is True
    assert nn.DataLoader([1.0], shuffle=np.False_).shuffle is False


def test_a_rate_of_numpys_float32_stands_in_the_repr() -> None:
    optimizer = nn.SGD([leaf([1.0])], lr=np.float32(0.5), momentum=np.float32(0.25))
    assert repr(optimizer) == "SGD(lr=0.5, momentum=0.25, 1 parameter in 1 array)"
    optimizer.lr = np.float32(0.125)
    assert repr(optimizer).startswith("SGD(lr=0.125, ")
    assert "p=0.5" in repr(nn.Dropout(np.float32(0.5)))


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_settings_of_numpys_float64_do_not_widen_a_float32_state(name: str) -> None:
    w = leaf(np.ones(2, np.float32))
    optimizer = stepped(getattr(nn, name)([w], lr=np.float64(0.1), weight_decay=np.float64(0.1)))
    optimizer.lr = np.float64(0.1)
    stepped(optimizer)
    assert {w.dtype, *(x.dtype for x in optimizer.state[0].values() if np.ndim(x))} == {np.dtype("float32")}


@pytest.mark.parametrize("lr", ["x", None, -1, np.float32(np.nan), True])
def test_a_rate_set_by_hand_that_is_no_rate_is_refused_at_the_step(lr: Any) -> None:
    w = leaf([1.0])
    optimizer = nn.SGD([w], lr=0.1)
    optimizer.lr = lr
    with pytest.raises((TypeError, ValueError), match=r"SGD: lr is .*, but it must be a number, 0 or more"):
        stepped(optimizer)
    assert w.item() == 1.0


# numbers at the edge


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_float16_at_gradient_zero_stays_where_it_is(name: str) -> None:
    w = leaf(np.ones(2, np.float16))
    optimizer = getattr(nn, name)([w], **({} if name != "AdamW" else {"weight_decay": 0.0}))
    for _ in range(3):
        w.grad = np.zeros(2, np.float16)
        optimizer.step()
    assert w.dtype == np.float16
    assert w.tolist() == [1.0, 1.0]


@pytest.mark.torch
def test_float16_adam_follows_pytorchs_float32_on_small_gradients() -> None:
    torch: Any = pytest.importorskip("torch")
    ours, theirs = leaf(np.ones(3, np.float16)), torch.ones(3, requires_grad=True)
    here, there = nn.Adam([ours], lr=0.01), torch.optim.Adam([theirs], lr=0.01)
    for g in ([1e-4, 0.0, 2e-3], [2e-4, 1e-4, 0.0]):
        ours.grad, theirs.grad = np.array(g, np.float16), torch.tensor(np.array(g, np.float16).astype(np.float32))
        here.step()
        there.step()
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), atol=1e-3)


@pytest.mark.torch
@pytest.mark.parametrize("scale", [1e30, 1e-30, 1.0])
def test_clipping_measures_and_scales_float32_gradients_of_any_size(scale: float) -> None:
    torch: Any = pytest.importorskip("torch")
    g = np.array([3.0, -4.0, 12.0], np.float32) * np.float32(scale)
    ours, theirs = leaf(np.ones(3, np.float32)), torch.ones(3, dtype=torch.float64, requires_grad=True)
    ours.grad, theirs.grad = g, torch.tensor(g.astype(float))
    norm = nn.clip_grad_norm([ours], 1.0)
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_([theirs], 1.0)), rel=1e-6)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_clipping_measures_float64_gradients_whose_squares_leave_the_range(size: float) -> None:
    w = leaf(np.ones(2))
    w.grad = np.array([3.0, 4.0]) * size
    assert nn.clip_grad_norm([w], float("inf")) == pytest.approx(5 * size)
    assert w.grad.tolist() == [3.0 * size, 4.0 * size]


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_clipping_without_a_bound_only_measures(engine: str) -> None:
    w = leaf([1.5, 2.0], engine)
    (w * w).sum().backward()
    assert nn.clip_grad_norm([w], max_norm=float("inf")) == 5.0
    assert w.grad.tolist() == [3.0, 4.0]


def test_clipping_takes_single_values() -> None:
    a, b, unused = Value(1.5), Value(2.0), Value(9.0)
    (a * a + b * b).backward()
    assert nn.clip_grad_norm([a, b, unused], 2.5) == 5.0
    assert [a.grad, b.grad] == pytest.approx([1.5, 2.0])


@pytest.mark.parametrize("parameters", [lambda: iter(()), lambda: [], lambda: (p for p in ())])
def test_clipping_of_nothing_is_refused(parameters: Any) -> None:
    with pytest.raises(ValueError, match=r"^clip_grad_norm: got no parameters; give it model.parameters\(\)$"):
        nn.clip_grad_norm(parameters(), 1.0)


def test_clipping_refuses_what_is_no_parameter_and_no_bound() -> None:
    for call, said in (
        (lambda: nn.clip_grad_norm([1.0], 1.0), "parameter 0 is of type float"),
        (lambda: nn.clip_grad_norm([leaf()], float("nan")), "max_norm is nan, but"),
        (lambda: nn.clip_grad_norm([leaf()], "1"), "max_norm is '1', but"),
    ):
        with pytest.raises((TypeError, ValueError), match=f"^clip_grad_norm: {said}"):
            call()


# an optimiser's state

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: nn.SGD(p),
    "SGD momentum": lambda p: nn.SGD(p, momentum=0.9),
    "SGD nesterov": lambda p: nn.SGD(p, momentum=0.9, nesterov=True),
    "RMSprop": lambda p: nn.RMSprop(p),
    "RMSprop centred": lambda p: nn.RMSprop(p, centered=True),
    "Adam": lambda p: nn.Adam(p),
    "Adam betas": lambda p: nn.Adam(p, betas=(0.8, 0.9)),
    "AdamW": lambda p: nn.AdamW(p),
}


@pytest.mark.parametrize("theirs", OPTIMIZERS)
@pytest.mark.parametrize("ours", OPTIMIZERS)
def test_a_state_is_taken_by_an_optimiser_of_its_class_and_settings_alone(ours: str, theirs: str) -> None:
    state = stepped(OPTIMIZERS[theirs]([leaf(np.ones(2))])).state_dict()
    optimizer = stepped(OPTIMIZERS[ours]([leaf(np.ones(2))]))
    before = repr(optimizer.state_dict())
    if ours == theirs:
        optimizer.load_state_dict(state | {"lr": 0.5})
        assert optimizer.lr == 0.5
        return
    with pytest.raises(ValueError, match=r"^load_state_dict: the state is of .*\(.*, but this is .*\); give") as caught:
        optimizer.load_state_dict(state)
    one_sentence(caught)
    assert repr(optimizer.state_dict()) == before


BAD_STATES: dict[str, Any] = {
    "lr a word": {"lr": "x"},
    "lr below 0": {"lr": -1.0},
    "lr NaN": {"lr": float("nan")},
    "lr a list": {"lr": [0.1]},
    "state numbers": {"state": [5, 5]},
    "state a dict": {"state": {0: {}}},
    "state a number": {"state": 5},
    "too few": {"state": [{}]},
    "unknown letter": {"state": [{"q": np.ones(2)}, {}]},
    "a letter missing": {"state": [{"t": 1, "m": np.ones(2)}, {}]},
    "words": {"state": [{"t": 1, "m": np.array(["a", "b"]), "v": np.ones(2)}, {}]},
    "complex": {"state": [{"t": 1, "m": np.ones(2) * 1j, "v": np.ones(2)}, {}]},
    "ragged": {"state": [{"t": 1, "m": [[1.0], [1.0, 2.0]], "v": np.ones(2)}, {}]},
    "shape": {"state": [{"t": 1, "m": np.ones(3), "v": np.ones(2)}, {}]},
    "t not whole": {"state": [{"t": 1.5, "m": np.ones(2), "v": np.ones(2)}, {}]},
    "t negative": {"state": [{"t": -1, "m": np.ones(2), "v": np.ones(2)}, {}]},
    "settings a word": {"settings": "x"},
    "settings other": {"settings": {"eps": 1.0}},
    "class": {"class": "SGD"},
    "class a number": {"class": 3},
    "counts private": {"counts": {"_x": 1}},
    "counts a list of lists": {"counts": {"x": [[1]]}},
    "extra": {"extra": 1},
}


@pytest.mark.parametrize("bad", BAD_STATES.values(), ids=BAD_STATES)
def test_a_state_with_anything_wrong_is_refused_whole(bad: dict[str, Any]) -> None:
    optimizer = stepped(nn.Adam([leaf(np.ones(2)), leaf(np.ones(()))], lr=0.1))
    good, before = optimizer.state_dict() | {"lr": 0.7}, repr(optimizer.state_dict())
    with pytest.raises((TypeError, ValueError), match=r"^load_state_dict: ") as caught:
        optimizer.load_state_dict(good | bad)
    one_sentence(caught)
    assert repr(optimizer.state_dict()) == before
    optimizer.load_state_dict(good)
    assert optimizer.lr == 0.7


def test_an_optimiser_of_ones_own_carries_its_counts() -> None:
    class Cooling(nn.Optimizer):
        def __init__(self, parameters: Any, lr: float = 0.1, rate: float = 0.5):
            super().__init__(parameters, lr)
            self.rate, self.seen = rate, 0

        def update(self, p: Any, g: Any, state: Any) -> Any:
            self.seen += 1
            return p - self.lr * self.rate**self.seen * g

    state = stepped(stepped(Cooling([leaf([1.0])]))).state_dict()
    again = Cooling([leaf([1.0])])
    again.load_state_dict(state)
    assert again.seen == 2
    with pytest.raises(ValueError, match=r"the state is of Cooling\(.*rate=0.5\), but this is Cooling\(.*rate=0.1\)"):
        Cooling([leaf([1.0])], rate=0.1).load_state_dict(state)


# schedules


def rates(optimizer: Any, schedules: list[Any], steps: int, read: Any, by_hand: Any = None) -> list[float]:
    seen = [read(optimizer)]
    for step in range(steps):
        if by_hand and step == 4:
            by_hand(optimizer)
        optimizer.step()
        for schedule in schedules:
            schedule.step()
        seen.append(read(optimizer))
    return seen


PAIRS: dict[str, Any] = {
    "warm-up, then steps": [("LinearWarmup", "LinearLR", {"total_iters": 5}), ("StepLR",) * 2 + ({"step_size": 2},)],
    "steps, then warm-up": [("StepLR",) * 2 + ({"step_size": 3},), ("LinearWarmup", "LinearLR", {"total_iters": 4})],
    "two steps": [("StepLR",) * 2 + ({"step_size": 2},), ("StepLR",) * 2 + ({"step_size": 3, "gamma": 0.5},)],
    "warm-up, then a wave": [
        ("LinearWarmup", "LinearLR", {"total_iters": 3}),
        ("CosineAnnealingLR",) * 2 + ({"T_max": 20},),
    ],
    "one": [("StepLR",) * 2 + ({"step_size": 3},)],
    "a wave": [("CosineAnnealingLR",) * 2 + ({"T_max": 20, "eta_min": 0.01},)],
}


@pytest.mark.torch
@pytest.mark.parametrize("by_hand", [False, True], ids=["alone", "set by hand"])
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_schedules_compose_and_go_on_from_a_rate_set_by_hand_as_pytorchs(pair: Any, by_hand: bool) -> None:
    torch: Any = pytest.importorskip("torch")
    ours, theirs = nn.SGD([leaf(np.ones(2))], lr=0.1), torch.optim.SGD([torch.ones(2, requires_grad=True)], lr=0.1)
    here = [getattr(nn, name)(ours, **settings) for name, _, settings in pair]
    there = [getattr(torch.optim.lr_scheduler, name)(theirs, **settings) for _, name, settings in pair]

    def set_ours(optimizer: Any) -> None:
        optimizer.lr = 0.07

    def set_theirs(optimizer: Any) -> None:
        optimizer.param_groups[0]["lr"] = 0.07

    left = rates(ours, here, 12, lambda o: o.lr, set_ours if by_hand else None)
    right = rates(theirs, there, 12, lambda o: o.param_groups[0]["lr"], set_theirs if by_hand else None)
    assert left == pytest.approx(right, rel=1e-9)


def test_a_schedule_that_stands_at_zero_says_that_it_cannot_go_on() -> None:
    optimizer = nn.SGD([leaf()], lr=0.1)
    schedule = nn.LambdaLR(optimizer, lambda t: 0.0 if t else 1.0)
    schedule.step()
    optimizer.lr = 0.5
    with pytest.raises(
        ValueError, match=r"^LambdaLR: lr was set to 0.5 where the schedule has 0 whatever its"
    ) as caught:
        schedule.step()
    one_sentence(caught)
    assert optimizer.lr == 0.5


def test_a_rate_that_is_no_number_is_refused() -> None:
    for rate in (float("nan"), "x", -1.0):
        with pytest.raises(
            (TypeError, ValueError), match=r"^LambdaLR: lr_lambda\(0\) is .*, but it must be a number, 0"
        ):
            nn.LambdaLR(nn.SGD([leaf()], lr=1.0), lambda t, rate=rate: rate).step()


SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "StepLR": lambda o: nn.StepLR(o, 3, gamma=0.7),
    "StepLR other": lambda o: nn.StepLR(o, 4, gamma=0.7),
    "CosineAnnealingLR": lambda o: nn.CosineAnnealingLR(o, 9),
    "LinearWarmup": lambda o: nn.LinearWarmup(o, 0.1, 7),
    "LambdaLR": lambda o: nn.LambdaLR(o, lambda t: 1 / (1 + t)),
}


@pytest.mark.parametrize("theirs", SCHEDULES)
@pytest.mark.parametrize("ours", SCHEDULES)
def test_a_schedule_goes_on_from_its_own_state_alone(ours: str, theirs: str) -> None:
    first, second = (nn.SGD([leaf()], lr=0.1) for _ in range(2))
    source, target = SCHEDULES[theirs](first), SCHEDULES[ours](second)
    for _ in range(4):
        source.step()
    first.lr = 0.3  # by hand: it goes over too
    if ours != theirs:
        before = repr(target)
        with pytest.raises(ValueError, match=r"^load_state_dict: the state is of .* but this is "):
            target.load_state_dict(source.state_dict())
        assert repr(target) == before
        return
    target.load_state_dict(source.state_dict())
    for _ in range(3):
        assert first.lr == second.lr
        source.step()
        target.step()


@pytest.mark.parametrize("bad", [{"last_epoch": -1}, {"last_epoch": 1.5}, {"base_lr": "x"}, {"lr": None}, {"q": 1}])
def test_a_schedules_state_with_anything_wrong_is_refused_whole(bad: dict[str, Any]) -> None:
    schedule = nn.StepLR(nn.SGD([leaf()], lr=0.1), 3)
    with pytest.raises((TypeError, ValueError), match=r"^load_state_dict: "):
        schedule.load_state_dict(schedule.state_dict() | {"last_epoch": 2, "base_lr": 0.5} | bad)
    assert (schedule.last_epoch, schedule.base_lr, schedule.optimizer.lr) == (0, 0.1, 0.1)


# loaders

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6)


class Dataset:
    """Samples by index, which counts how often it was asked."""

    def __init__(self, sample: Callable[[int], Any], n: int = 6):
        self.sample, self.n, self.asked = sample, n, 0

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Any:
        if not 0 <= i < 10**6:
            raise AssertionError("no end of this dataset was seen")
        self.asked += 1
        return self.sample(i)


def torch_pairs() -> Any:
    torch: Any = pytest.importorskip("torch")
    return torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))


PAIRED: dict[str, Callable[[], tuple[Any, ...]]] = {
    "arrays": lambda: (X, Y),
    "a tuple": lambda: ((X, Y),),
    "a list of pairs": lambda: (list(zip(X, Y)),),
    "a list of lists": lambda: ([[x, y] for x, y in zip(X, Y)],),
    "a list of pairs of lists": lambda: ([(x.tolist(), int(y)) for x, y in zip(X, Y)],),
    "a dataset": lambda: (Dataset(lambda i: (X[i], Y[i])),),
    "a dataset of lists": lambda: (Dataset(lambda i: [X[i], Y[i]]),),
    "a dataset of Tensors": lambda: (Dataset(lambda i: (Tensor(X[i]), int(Y[i]))),),
    "PyTorch's dataset": lambda: (torch_pairs(),),
    "PyTorch's tensors": lambda: tuple(pytest.importorskip("torch").tensor(x) for x in (X, Y)),
}


@pytest.mark.parametrize("data", PAIRED.values(), ids=PAIRED)
def test_pairs_come_as_batches_of_both_parts_however_they_are_kept(data: Any) -> None:
    loader = nn.DataLoader(*data(), batch_size=4)
    batches = list(loader)
    assert len(batches) == len(loader) == 2
    assert [[part.tolist() for part in batch] for batch in batches] == [
        [X[:4].tolist(), Y[:4].tolist()],
        [X[4:].tolist(), Y[4:].tolist()],
    ]


def test_a_datasets_samples_are_read_when_their_batch_comes_in_the_seeds_order() -> None:
    dataset = Dataset(lambda i: (float(i), i))
    loader = nn.DataLoader(dataset, batch_size=2, shuffle=True, rng=3)
    assert (repr(loader), dataset.asked) == (
        "DataLoader(Dataset of 6, batch_size=2, shuffle=True, drop_last=False, batches=3)",
        0,
    )
    first = next(iter(loader))
    assert dataset.asked == 2
    assert [part.dtype.kind for part in first] == ["f", "i"]
    assert first[1].tolist() == next(iter(nn.DataLoader(Y, batch_size=2, shuffle=True, rng=3)))[0].tolist()


REFUSED: dict[str, tuple[Any, ...]] = {
    "array 1 holds strings, but batches are numbers; number them first, as in np.unique(": (X, list("abcabc")),
    "array 0 is a list_iterator, but batches are numbers; give arrays": (iter([1]),),
    "array 0 is a dict, but": ({"X": X},),
    "array 0 is a set, but": ({1, 2},),
    "array 0 is a NoneType, but": (None,),
    "array 0 holds dict, but": ([{"x": 1}],),
    "array 0 holds strings, but": ("abc",),
    "array 0 is of complex128, but": (X * 1j,),
    "rows of different lengths make no array; pad them": ([(np.ones(2), 1), (np.ones(3), 1)],),
    "samples have 2 to 3 parts; give each as many": ([(np.ones(2), 1), (np.ones(2), 1, 1)],),
    "got (6, 2), (5,); give arrays of as many rows each": ((X, Y[:5]),),
}


@pytest.mark.parametrize(("said", "data"), REFUSED.items(), ids=REFUSED)
def test_what_makes_no_batches_of_numbers_is_refused(said: str, data: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^DataLoader: {re.escape(said)}") as caught:
        nn.DataLoader(*data, batch_size=2)
    one_sentence(caught)


@pytest.mark.torch
def test_torch_tensors_that_are_no_plain_numbers_are_refused() -> None:
    torch: Any = pytest.importorskip("torch")
    for data, said in (
        (torch.ones(3, requires_grad=True), "array 0 is a torch.Tensor that asks for a gradient; give its detach"),
        (torch.ones(3, dtype=torch.bfloat16), "array 0, a Tensor, makes no array of NumPy: .*; convert it"),
    ):
        with pytest.raises(TypeError, match=f"^DataLoader: {said}"):
            nn.DataLoader(data)


@pytest.mark.parametrize("taken", [0, 1, 3, 4])
def test_a_loader_goes_on_in_the_middle_of_an_epoch(taken: int) -> None:
    def loader(seed: int) -> Any:
        return nn.DataLoader(np.arange(7), batch_size=2, shuffle=True, rng=seed)

    source = loader(0)
    batches = iter(source)
    for _ in range(taken):
        next(batches)
    again = loader(1)
    again.load_state_dict(source.state_dict())
    rest = [x.tolist() for (x,) in (batches if taken else source)]
    assert [x.tolist() for (x,) in again] == rest
    assert [x.tolist() for (x,) in again] == [x.tolist() for (x,) in source]


def test_a_loader_whose_loop_was_left_begins_a_new_epoch_here_and_there() -> None:
    source = nn.DataLoader(np.arange(7), batch_size=2, shuffle=True, rng=0)
    for _ in source:
        break
    again = nn.DataLoader(np.arange(7), batch_size=2, shuffle=True, rng=1)
    again.load_state_dict(source.state_dict())
    assert [x.tolist() for (x,) in again] == [x.tolist() for (x,) in source]


@pytest.mark.parametrize(
    "bad", [{"rows": 5}, {"left": [9]}, {"left": "x"}, {"left": [0.5]}, {"rng": {}}, {"rng": 5}, {"class": "SGD"}]
)
def test_a_loaders_state_with_anything_wrong_is_refused_whole(bad: Any) -> None:
    loader = nn.DataLoader(Y, batch_size=2, shuffle=True, rng=0)
    other = nn.DataLoader(Y, batch_size=2, shuffle=True, rng=1).state_dict()
    with pytest.raises((TypeError, ValueError), match=r"^load_state_dict: ") as caught:
        loader.load_state_dict(other | bad)
    one_sentence(caught)
    same = nn.DataLoader(Y, batch_size=2, shuffle=True, rng=0)
    assert [x.tolist() for (x,) in loader] == [x.tolist() for (x,) in same]
