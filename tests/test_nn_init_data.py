"""Starting values keep signals at their size, batches hold each row once, and toy sets are what they are called."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import ks_2samp

import nn
from ops.errors import ParameterError, ShapeError

Array = np.ndarray[Any, Any]
Draw = tuple[str, tuple[int, ...], dict[str, Any]]

# starting values

DRAWS: dict[str, Draw] = {
    "uniform": ("uniform", (90, 80), {}),
    "uniform wide": ("uniform", (90, 80), {"a": -2.0, "b": 3.0}),
    "normal": ("normal", (90, 80), {}),
    "normal moved": ("normal", (90, 80), {"mean": 1.0, "std": 0.1}),
    "xavier_uniform": ("xavier_uniform", (90, 80), {}),
    "xavier_uniform of a window": ("xavier_uniform", (30, 20, 3, 4), {"gain": 2.0}),
    "xavier_normal": ("xavier_normal", (20, 360), {"gain": 0.5}),
    "kaiming_uniform": ("kaiming_uniform", (90, 80), {}),
    "kaiming_uniform leaky": ("kaiming_uniform", (90, 80), {"a": 1.5, "mode": "fan_out"}),
    "kaiming_normal of a window": ("kaiming_normal", (10, 60, 3, 4), {"mode": "fan_out", "nonlinearity": "relu"}),
    "kaiming_normal tanh": ("kaiming_normal", (20, 360), {"nonlinearity": "tanh"}),
}
LAWS = pytest.mark.parametrize("draw", [*DRAWS.values(), ("orthogonal", (9, 4, 3), {})], ids=[*DRAWS, "orthogonal"])


def alike(a: Array, b: Array) -> bool:
    """Whether the two samples may come from one distribution, at a level of one in a hundred."""
    result: Any = ks_2samp(a.ravel(), b.ravel())
    return result.pvalue > 0.01


def drawn(draw: Draw, rng: Any = 0) -> Array:
    name, shape, settings = draw
    return getattr(nn.init, name)(shape, **settings, rng=rng)


@pytest.mark.torch
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_draws_are_distributed_as_pytorchs(draw: Draw) -> None:
    torch: Any = pytest.importorskip("torch")
    name, shape, settings = draw
    there = torch.empty(shape, dtype=torch.float64)
    getattr(torch.nn.init, name + "_")(there, **settings, generator=torch.Generator().manual_seed(0))
    assert alike(drawn(draw), there.numpy())
    assert not alike(1.05 * drawn(draw) + 0.05, there.numpy())  # it would tell


@LAWS
def test_same_seed_draws_the_same_numbers_and_a_generator_goes_on(draw: Draw) -> None:
    rng = np.random.default_rng(0)
    first, second = drawn(draw, rng), drawn(draw, rng)
    assert first.shape == draw[1]
    assert first.tolist() == drawn(draw, 0).tolist()
    assert not np.isclose(first, second).all()
    assert not np.isclose(drawn(draw, None), drawn(draw, None)).all()


def through(shape: Callable[[int], Array], bend: Callable[[Array], Array]) -> float:
    """How many times larger signals are, in mean square, after ten layers of 256."""
    first = x = np.random.default_rng(1).normal(size=(64, 256))
    for layer in range(10):
        x = bend(x @ shape(layer).T)
    return float((x**2).mean() / (first**2).mean())


@pytest.mark.parametrize("name", ["kaiming_uniform", "kaiming_normal"])
def test_kaiming_keeps_the_size_of_signals_through_relus_and_xavier_does_not(name: str) -> None:
    def relu(x: Array) -> Array:
        return np.maximum(x, 0)

    assert 0.5 < through(lambda i: drawn((name, (256, 256), {"nonlinearity": "relu"}), i), relu) < 2
    assert through(lambda i: drawn(("xavier_normal", (256, 256), {}), i), relu) < 0.01


@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal", "orthogonal"])
def test_xavier_and_orthogonal_keep_the_size_of_signals_through_linear_layers(name: str) -> None:
    assert 0.5 < through(lambda i: drawn((name, (256, 256), {}), i), lambda x: x) < 2


def test_fan_out_keeps_the_size_of_gradients_and_fan_in_that_of_signals() -> None:
    x, g = np.random.default_rng(1).normal(size=(2, 500, 400))
    there = drawn(("kaiming_normal", (100, 400), {"nonlinearity": "linear"}))
    back = drawn(("kaiming_normal", (400, 100), {"nonlinearity": "linear", "mode": "fan_out"}))
    assert ((x @ there.T) ** 2).mean() == pytest.approx(1, rel=0.05)
    assert ((g @ back) ** 2).mean() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (6, 2, 2, 2), (1, 5)])
def test_orthogonal_rows_or_columns_are_orthonormal_times_the_gain(shape: tuple[int, ...]) -> None:
    w = nn.init.orthogonal(shape, gain=2.0, rng=0).reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_draws_turn_and_mirror_equally_often() -> None:
    rng = np.random.default_rng(0)
    turns = sum(np.linalg.det(nn.init.orthogonal((2, 2), rng=rng)) > 0 for _ in range(400))
    assert 160 < turns < 240


@pytest.mark.torch
@pytest.mark.parametrize(
    "name", ["linear", "conv1d", "conv2d", "conv3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
)
def test_gains_are_pytorchs(name: str) -> None:
    torch: Any = pytest.importorskip("torch")
    assert nn.init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert nn.init.calculate_gain(name, 0.3) == pytest.approx(torch.nn.init.calculate_gain(name, 0.3))


def test_starting_values_go_into_a_layer_of_either_engine() -> None:
    for engine in ("scalar", "tensor"):
        layer = nn.Linear(3, 2, engine=engine)
        layer.weight.data = nn.init.orthogonal(layer.weight.shape, rng=0)
        assert layer.weight.tolist() == nn.init.orthogonal((2, 3), rng=0).tolist()


@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal"])
@pytest.mark.parametrize("shape", [(), (3,), (0, 3)])
def test_shape_of_no_weight_is_refused(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=re.escape(f"{name}: shape {shape} is no weight's; give (out, in)")):
        getattr(nn.init, name)(shape)


def test_unknown_mode_and_nonlinearity_are_refused_with_those_there_are() -> None:
    with pytest.raises(ParameterError, match='kaiming_normal: mode is \'fan\'; it may be "fan_in" or "fan_out"'):
        nn.init.kaiming_normal((2, 2), mode="fan")
    with pytest.raises(
        ParameterError, match="kaiming_uniform: nonlinearity is 'relu6'; it may be tanh, relu, leaky_relu"
    ):
        nn.init.kaiming_uniform((2, 2), nonlinearity="relu6")


# batches

SIZES: dict[str, Any] = {"n": st.integers(0, 12), "batch_size": st.integers(1, 14)}


@given(**SIZES, shuffle=st.booleans(), seed=st.integers(0, 99))
def test_epoch_holds_each_row_once_and_rows_stay_together(n: int, batch_size: int, shuffle: bool, seed: int) -> None:
    rows = np.arange(n)
    loader = nn.DataLoader(rows, np.stack([rows, -rows], 1), batch_size=batch_size, shuffle=shuffle, rng=seed)
    for _ in range(2):
        batches = list(loader)
        assert len(batches) == len(loader)
        assert all(len(x) == batch_size for x, _ in batches[:-1])
        assert all(np.array_equal(x, y[:, 0]) and np.array_equal(x, -y[:, 1]) for x, y in batches)
        seen = [i for x, _ in batches for i in x]
        assert (sorted(seen) if shuffle else seen) == list(range(n))


@given(**SIZES)
def test_drop_last_leaves_out_the_short_batch_alone(n: int, batch_size: int) -> None:
    settings: dict[str, Any] = {"batch_size": batch_size, "shuffle": True, "rng": 3}
    whole = [x.tolist() for (x,) in nn.DataLoader(np.arange(n), **settings)]
    full = nn.DataLoader(np.arange(n), **settings, drop_last=True)
    assert [x.tolist() for (x,) in full] == [x for x in whole if len(x) == batch_size]
    assert len(full) == n // batch_size


def test_order_is_the_seeds_and_another_in_every_epoch() -> None:
    def epochs(seed: int) -> list[list[int]]:
        loader = nn.DataLoader(np.arange(50), batch_size=50, shuffle=True, rng=seed)
        return [x.tolist() for _ in range(3) for (x,) in loader]

    assert epochs(1) == epochs(1)
    assert len({tuple(order) for order in epochs(1) + epochs(2)}) == 6


def test_loader_keeps_rows_of_its_own() -> None:
    rows = np.zeros(4)
    loader = nn.DataLoader(rows, batch_size=4)
    rows[:] = 1
    for (batch,) in loader:
        batch[:] = 2
    assert next(iter(loader))[0].tolist() == [0, 0, 0, 0]


def test_loader_takes_lists_and_nodes(array: Callable[..., Any]) -> None:
    X, y = next(iter(nn.DataLoader(array([[1.0], [2.0]]), [3, 4], batch_size=2)))
    assert (X.tolist(), y.tolist()) == ([[1.0], [2.0]], [3, 4])


@pytest.mark.parametrize("arrays", [(), (np.zeros(3), np.zeros(4)), (np.zeros(()),), (np.zeros(3), 1.0)])
def test_arrays_of_different_lengths_are_refused_and_shown(arrays: Any) -> None:
    shown = ", ".join(str(np.shape(x)) for x in arrays) or "no arrays"
    with pytest.raises(ShapeError, match=re.escape(f"DataLoader: got {shown}; give arrays of as many rows each")):
        nn.DataLoader(*arrays)


def test_batches_of_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="DataLoader: batch_size is 0, but it must be a whole number, 1 or more"):
        nn.DataLoader([1.0], batch_size=0)


# toy sets

Toy = Callable[..., tuple[Array, Array]]
TOYS = [nn.data.moons, nn.data.circles, nn.data.spirals, nn.data.xor, nn.data.two_gaussians, nn.data.ring]


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("n", [2, 3, 100, 101])
def test_toy_set_has_n_points_of_two_classes_in_balance(toy: Toy, n: int) -> None:
    X, y = toy(n, rng=0)
    assert X.shape == (n, 2)
    assert y.dtype.kind == "i"
    assert np.bincount(y).tolist() == [n - n // 2, n // 2]


@pytest.mark.parametrize("toy", TOYS)
def test_toy_set_is_its_seeds_and_in_random_order(toy: Toy) -> None:
    (X, y), again, other = toy(rng=4), toy(rng=4), toy(rng=5)
    assert (X.tolist(), y.tolist()) == (again[0].tolist(), again[1].tolist())
    assert not np.isclose(X, other[0]).all()
    assert 20 < (np.diff(y) != 0).sum() < 80  # of 99 neighbours in the list, about half differ


@pytest.mark.parametrize("toy", TOYS)
def test_noise_is_normal_and_of_the_deviation_asked_for(toy: Toy) -> None:
    moved = toy(2000, noise=0.3, rng=0)[0] - toy(2000, noise=0.0, rng=0)[0]
    assert alike(moved, np.random.default_rng(1).normal(0, 0.3, 4000))


@pytest.mark.parametrize("toy", TOYS)
def test_neighbours_part_the_classes_and_a_line_does_so_for_the_gaussians_alone(toy: Toy) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    train, test = toy(400, rng=0), toy(400, rng=1)
    assert KNeighborsClassifier(3).fit(*train).score(*test) > 0.95
    assert (LogisticRegression().fit(*train).score(*test) > 0.95) == (toy is nn.data.two_gaussians)


def test_moons_and_circles_without_noise_are_scikit_learns() -> None:
    from sklearn.datasets import make_circles, make_moons

    for ours, theirs in (
        (nn.data.moons(40, noise=0.0), make_moons(40, shuffle=False)),
        (nn.data.circles(40, noise=0.0, factor=0.3), make_circles(40, shuffle=False, factor=0.3)),
    ):
        here, there = (np.column_stack(pair).round(12) + 0.0 for pair in (ours, theirs))
        assert sorted(here.tolist()) == sorted(there.tolist())


@pytest.mark.parametrize("toy", TOYS)
def test_too_few_points_and_noise_below_zero_are_refused(toy: Toy) -> None:
    for settings, said in (
        ({"n": 1}, "n is 1, but it must be a whole number, 2 or more"),
        ({"noise": -0.1}, "noise is -0.1, but it must be a number, 0 or more"),
        ({"noise": float("nan")}, "noise is nan, but"),
    ):
        with pytest.raises(ValueError, match=f"^{toy.__name__}: {said}"):
            toy(**settings)


def test_digits_are_split_by_the_seed_with_every_image_in_one_part() -> None:
    from sklearn.datasets import load_digits

    (X, y), (X_test, y_test) = nn.data.digits(0.25, rng=1)
    pixels, classes = load_digits(return_X_y=True)
    assert (len(X), len(X_test)) == (1348, 449)
    assert (X.min(), X.max(), X.shape[1:]) == (0, 1, (8, 8))
    ours = np.column_stack([np.concatenate([X, X_test]).reshape(-1, 64) * 16, np.concatenate([y, y_test])])
    assert sorted(ours.tolist()) == sorted(np.column_stack([pixels, classes]).tolist())
    assert nn.data.digits(0.25, rng=1)[1][1].tolist() == y_test.tolist()
    assert nn.data.digits(0.25, rng=2)[1][1].tolist() != y_test.tolist()


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5])
def test_digits_without_one_of_the_parts_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match=f"digits: test_share is {share}, but it must lie between 0 and 1"):
        nn.data.digits(share)
