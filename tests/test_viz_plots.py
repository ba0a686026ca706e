"""Plots: what they draw is what was computed."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import nn
import ops
from lessons import moons
from viz import plots


@pytest.fixture(autouse=True)
def without_a_screen() -> Iterator[None]:
    mpl.use("Agg")
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def drawn(ax: Any) -> np.ndarray[Any, Any]:
    """The figure's pixels."""
    ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())


def test_the_boundary_lies_where_the_score_changes_its_sign() -> None:
    X, y = np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([-1.0, 1.0])
    asked: list[Any] = []

    def score(points: Any) -> Any:
        asked.append(points)
        return points[:, 0]

    ax = plots.decision_boundary(score, X, y, mesh=0.5)
    assert asked[0].shape[1] == 2
    assert asked[0][:, 0].min() == -2.0
    assert len(ax.collections) == 3  # the areas, and the points of each class
    assert np.ptp(drawn(ax)[..., :3]) > 0


def test_the_loss_curve_holds_every_loss_of_every_run() -> None:
    ax = plots.loss_curve({"one": [3.0, 2.0], "two": [3.0, 1.0, 0.5]})
    assert [list(line.get_ydata()) for line in ax.lines] == [[3.0, 2.0], [3.0, 1.0, 0.5]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]


def test_gradients_and_activations_are_named_by_their_modules() -> None:
    X, y = moons.moons(10, 0)
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.ReLU(), nn.Linear(4, 1, rng=1))
    loss = nn.hinge_loss(model(nn.array(X)).squeeze(axis=1), nn.array(y))
    assert plots.gradients(model) == {}
    loss.backward()
    assert list(plots.gradients(model)) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    made = plots.activations(loss)
    assert list(made) == ["0", "1", "2"]
    np.testing.assert_array_equal(made["1"], np.maximum(made["0"], 0))


def test_a_histogram_says_how_many_numbers_are_exactly_zero() -> None:
    ax = plots.histograms({"dead": np.zeros(4), "half": [0.0, 0.0, 1.0, -1.0], "none": []})
    said = [text.get_text() for text in ax.texts]
    assert "100% zero" in said[0]
    assert "50% zero" in said[1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["dead", "half", "none"]


def test_the_gradient_check_curve_is_a_u_and_central_differences_reach_deeper() -> None:
    ax = plots.gradient_check_curve(ops.sin, 1.0)
    forward, central = (np.asarray(line.get_ydata()) for line in ax.lines)
    assert central.min() < forward.min() / 10
    for errors in (forward, central):
        assert errors[0] > 100 * errors.min()
        assert errors[-1] > 100 * errors.min()


@pytest.mark.parametrize(
    ("a", "b", "sums"),
    [((3, 1), (1, 4), ["axis 1", "axis 0"]), ((4,), (3, 4), ["axis 0", "as it comes"]), ((), (2,), ["axis 0", "as"])],
)
def test_the_broadcast_picture_names_the_sums_that_fold_the_gradient_back(a: Any, b: Any, sums: list[str]) -> None:
    ax = plots.broadcast(a, b)
    notes = [text.get_text() for text in ax.texts if text.get_text().startswith("gradient")]
    assert [part in note for part, note in zip(sums, notes, strict=True)] == [True, True]
    assert len(ax.patches) == 3 * int(np.prod(np.broadcast_shapes(a, b)))


def test_shapes_that_do_not_broadcast_or_do_not_fit_on_paper_are_refused() -> None:
    with pytest.raises(ops.ShapeError, match="do not broadcast"):
        plots.broadcast((2,), (3,))
    with pytest.raises(ValueError, match="two axes"):
        plots.broadcast((1, 2, 3), (3,))


def test_a_plot_draws_where_it_is_told() -> None:
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert plots.loss_curve({"one": [1.0]}, ax=ax) is ax
    assert plots.broadcast((2, 1), (1, 2), ax=ax) is ax


def recorded(steps: int) -> plots.Replay:
    X, y = moons.moons(100, 1337)
    run = moons.Run("tensor", moons.starting_model(1337, "tensor"))
    replay = plots.training_replay(X, y)
    for _ in moons.train(run, X, y, steps):
        score = lambda points: moons.scores_of(run, points)  # noqa: E731
        replay.record(score, run.losses[-1], run.model.parameters())
    return replay


def test_a_hundred_steps_of_replay_are_a_page_under_two_megabytes_that_asks_for_nothing() -> None:
    page = recorded(100).html()
    assert len(page) < 2_000_000
    assert "http://www.w3.org/2000/svg" in page  # a name, not an address
    assert page.count("http") == 1
    assert "src=" not in page


def test_a_replay_keeps_the_sign_of_every_score_and_every_loss() -> None:
    replay = recorded(3)
    assert len(replay.losses) == len(replay.frames) == 3
    model = moons.Run("tensor", moons.starting_model(1337, "tensor"))
    first = plots.training_replay(*moons.moons(100, 1337))
    first.record(lambda points: moons.scores_of(model, points), 1.0, model.model.parameters())
    bytes_kept = np.frombuffer(b64decode(first.frames[0]["scores"]), np.uint8).astype(int) - 128
    scores = moons.scores_of(model, first.plane)
    sure = np.abs(scores) > 0.01
    np.testing.assert_array_equal(np.sign(bytes_kept[sure]), np.sign(scores[sure]))


def test_an_empty_replay_and_a_wrong_ending_are_told(tmp_path: Path) -> None:
    X, y = moons.moons(10, 0)
    with pytest.raises(ops.ParameterError, match="no step was recorded"):
        plots.training_replay(X, y).html()
    with pytest.raises(ops.ParameterError, match=r"\.html"):
        recorded(1).save(tmp_path / "x.png")
    assert recorded(2).save(tmp_path / "x.html").exists()
