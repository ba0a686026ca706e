"""The comparison of the two engines: it agrees where they agree, and names the op where they do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import ops
from lessons import moons
from scalar.array import ValueArray
from tensor import Tensor, arrays
from viz.compare import main
from viz.comparison import Difference, compare
from viz.inside import zoom

RNG = np.random.default_rng(0)


class Last(nn.Module):
    """The last output of a recurrent layer, brought to one number."""

    def __init__(self, layer: nn.Module):
        self.layer, self.head = layer, nn.Linear(4, 1, rng=1)

    def forward(self, x: Any) -> Any:
        return self.head(self.layer(x)[0][:, -1])


class Writer(nn.Module):
    """Ids in, one causal transformer block, a score for each id out."""

    def __init__(self) -> None:
        self.tokens, self.places = nn.Embedding(5, 6, rng=0), nn.PositionalEmbedding(4, 6, rng=1)
        self.block, self.head = nn.TransformerBlock(6, 2, 8, rng=2), nn.Linear(6, 5, rng=3)

    def forward(self, ids: Any) -> Any:
        return self.head(self.block(self.places(self.tokens(ids)), causal=True)).reshape(-1, 5)


def convolutional() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 2, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(2, 3, 3, padding=1, rng=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3, rng=2)),
    )


def test_the_moons_network_is_the_same_on_both_engines() -> None:
    X, y = moons.moons(20, 1337)
    comparison = compare(moons.starting_model(1337, "tensor"), X, y[:, None], nn.hinge_loss)
    assert comparison.ok
    assert comparison.parting is None
    assert comparison.largest < 1e-12
    assert set(comparison.parameters) == {f"layers.{i}.{kind}" for i in range(3) for kind in ("weight", "bias")}
    assert [row.module for row in comparison.rows if row.op == "matmul"] == ["layers.0", "layers.1", "layers.2"]


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_the_ledger_counts_what_a_matrix_product_takes(engine: str) -> None:
    comparison = compare(nn.Linear(3, 2, bias=False, rng=0), np.ones((4, 3)), np.zeros((4, 2)), nn.mse_loss)
    cost = comparison.ledger[engine]
    assert cost.multiplies == 4 * 2 * 3
    assert cost.adds == 4 * 2 * 2 + 7  # the product's sums, and the mean's
    assert cost.bytes > 0
    assert cost.seconds > 0


@pytest.mark.slow
def test_a_two_layer_cnn_on_digits_is_the_same_on_both_engines() -> None:
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    images, targets = X[:2].reshape(2, 1, 8, 8) / 16, np.asarray(labels)[:2] % 3
    comparison = compare(convolutional(), images, targets, nn.cross_entropy)
    assert comparison.ok
    assert comparison.largest < 1e-9
    assert comparison.ledger["scalar"].nodes > 100 * comparison.ledger["tensor"].nodes


def test_a_gru_over_a_sequence_is_the_same_on_both_engines() -> None:
    comparison = compare(Last(nn.GRU(3, 4, rng=0)), RNG.normal(size=(2, 5, 3)), np.ones((2, 1)), nn.mse_loss)
    assert comparison.ok
    assert comparison.largest < 1e-9


@pytest.mark.slow
def test_a_causal_transformer_block_is_the_same_on_both_engines() -> None:
    ids = np.array([[0, 1, 2, 3]])
    comparison = compare(Writer(), ids, np.array([1, 2, 3, 4]), nn.cross_entropy)
    assert comparison.ok
    assert comparison.largest < 1e-9


@pytest.mark.torch
@pytest.mark.parametrize("model", [convolutional(), nn.MLP(64, [5, 3], rng=0)], ids=["cnn", "mlp"])
def test_pytorch_stands_beside_where_it_knows_the_model(model: nn.Module) -> None:
    pytest.importorskip("torch")
    x = RNG.normal(size=(2, 1, 8, 8)) if isinstance(model, nn.Sequential) else RNG.normal(size=(2, 64))
    comparison = compare(model, x, RNG.normal(size=(2, 3)), nn.mse_loss)
    assert comparison.torch is not None
    assert set(comparison.torch) == {"output", *comparison.parameters}
    assert max(gap.absolute for gap in comparison.torch.values()) < 1e-9


def test_a_model_pytorch_does_not_know_is_compared_without_it() -> None:
    comparison = compare(Last(nn.RNN(3, 4, rng=0)), RNG.normal(size=(1, 2, 3)), np.ones((1, 1)), nn.mse_loss)
    assert comparison.torch is None
    assert comparison.ok


def wrong_on_arrays(op: Any, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a fault: this rule, on the tensor engine alone, is half as large again."""
    right = op.rules[role]

    def wrong(xp: Any, *args: Any, **params: Any) -> Any:
        found = right(xp, *args, **params)
        if xp is not arrays:
            return found
        return tuple(d * 1.5 for d in found) if isinstance(found, tuple) else found * 1.5

    monkeypatch.setitem(op.rules, role, wrong)


@pytest.mark.parametrize(
    ("op", "role"),
    [
        *((getattr(ops, name), "partials") for name in ("relu", "mul", "sub", "mean")),
        *((ops.matmul, f"adjoint of {letter}") for letter in "ab"),
        (ops.matrix_transpose, "adjoint"),
        (ops.squeeze, "adjoint"),
    ],
    ids=lambda part: getattr(part, "name", part),
)
def test_a_planted_wrong_derivative_is_named(op: Any, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = moons.moons(6, 1337)

    def loss(scores: Any, target: Any) -> Any:
        return nn.hinge_loss(scores.squeeze(axis=1), target)

    wrong_on_arrays(op, role, monkeypatch)
    comparison = compare(moons.starting_model(1337, "tensor"), X, y, loss)
    assert not comparison.ok
    assert comparison.parting is not None
    assert op.name in comparison.parting.op.split(" or ")
    assert op.name in comparison.verdict()


@pytest.mark.parametrize("name", ["relu", "sub", "matmul", "mean"])
def test_a_planted_wrong_forward_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op, right = ops.REGISTRY[name], ops.REGISTRY[name].forward
    monkeypatch.setattr(op, "forward", lambda xp, *a, **p: right(xp, *a, **p) + (0.1 if xp is arrays else 0.0))
    X, y = moons.moons(6, 1337)
    comparison = compare(moons.starting_model(1337, "tensor"), X, y[:, None], nn.hinge_loss)
    assert comparison.parting is not None
    assert comparison.parting.op == name
    assert "<-- differs" in comparison.text()


def test_a_model_that_builds_another_graph_on_one_engine_is_told_so() -> None:
    class Fickle(nn.Linear):
        def forward(self, x: Any) -> Any:
            y = super().forward(x)
            return y.tanh() if y.engine == "tensor" else y.sigmoid()

    comparison = compare(Fickle(2, 1, rng=0), np.ones((1, 2)), np.ones((1, 1)), nn.mse_loss)
    assert comparison.parting is not None
    assert "sigmoid" in comparison.parting.what


def test_difference_takes_nan_as_equal_to_nan_and_inf_to_inf() -> None:
    same = Difference.of([np.nan, np.inf, 1.0], [np.nan, np.inf, 1.0])
    assert (same.absolute, same.relative) == (0.0, 0.0)
    assert Difference.of([1.0], [np.nan]).absolute == np.inf
    assert Difference.of([np.inf], [-np.inf]).absolute == np.inf
    assert Difference.of([2.0], [1.0]) == Difference(absolute=1.0, size=2.0)
    assert Difference.of([2.0], [1.0]).relative == 0.5
    assert Difference.of([2.0], [1.0], size=10.0).relative == 0.1
    assert Difference.of([1.0, 2.0], [1.0]).absolute == np.inf
    assert Difference.of(None, [1.0]).absolute == np.inf
    assert Difference.of(None, [0.0]).absolute == 0.0
    assert Difference.of(None, np.zeros((0, 2))).absolute == 0.0


@pytest.mark.parametrize("ending", ["txt", "html", "png", "svg"])
def test_a_comparison_saves_itself(ending: str, tmp_path: Path) -> None:
    comparison = compare(nn.Linear(2, 1, rng=0), np.ones((1, 2)), np.ones((1, 1)), nn.mse_loss)
    assert comparison.save(tmp_path / f"x.{ending}").stat().st_size > 100


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    comparison = compare(nn.Linear(2, 1, rng=0), np.ones((1, 2)), np.ones((1, 1)), nn.mse_loss)
    with pytest.raises(ops.ParameterError, match=r"\.pdf"):
        comparison.save(tmp_path / "x.pdf")


@pytest.mark.parametrize("array", [Tensor, ValueArray])
def test_zoom_opens_a_product_into_three_multiplies_and_two_adds(array: Any) -> None:
    a = array(RNG.normal(size=(2, 3)), requires_grad=True)
    b = array(RNG.normal(size=(3, 2)), requires_grad=True)
    y = a @ b
    (y * y).sum().backward()
    opened = [zoom(y, (i, j)) for i in range(2) for j in range(2)]
    assert all(z.counts() == {"mul": 3, "add": 2} for z in opened)
    np.testing.assert_allclose(sum(z.sent[0] for z in opened), a.grad, atol=1e-12)
    np.testing.assert_allclose(sum(z.sent[1] for z in opened), b.grad, atol=1e-12)
    np.testing.assert_allclose(zoom(y).sent[0], a.grad, atol=1e-12)


def test_zoom_shows_labels_and_values_of_the_elements_it_opens() -> None:
    y = Tensor([[1.0, 2.0]], requires_grad=True) @ Tensor([[3.0], [4.0]])
    text = zoom(y, (0, 0)).text()
    assert "a[0, 1]" in text
    assert "b[1, 0]" in text
    assert "11" in text


@pytest.mark.parametrize("place", [(2, 0), (0,), (0, -3)])
def test_zoom_refuses_an_element_that_is_not_there(place: tuple[int, ...]) -> None:
    y = Tensor(np.ones((2, 2)), requires_grad=True) * 2.0
    with pytest.raises(ops.ShapeError, match="no element"):
        zoom(y, place)


def test_zoom_refuses_what_has_nothing_inside() -> None:
    with pytest.raises(TypeError, match="nothing inside"):
        zoom(Tensor([1.0]))


@pytest.mark.slow
def test_the_command_line_runs_what_a_function_returns(tmp_path: Path) -> None:
    source = "import nn\ndef case():\n    return nn.Linear(2, 1, rng=0), [[1.0, 2.0]], [[0.0]], nn.mse_loss\n"
    (tmp_path / "mine.py").write_text(source)
    call = [sys.executable, "-m", "viz.compare", "mine:case"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "the engines agree" in done.stdout


@pytest.mark.parametrize("call", [[], ["mine"], ["no_such_module:case"], ["nn:no_such_function"]])
def test_the_command_line_explains_a_wrong_call(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(call) == 2
    assert "MODULE:FUNCTION" in capsys.readouterr().out or call[0] in " ".join(call)
