"""One rule for chance: what is given no rng= draws from one generator, and `nn.seed` starts that anew."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import tensor

DRAWS: dict[str, Callable[..., Any]] = {
    "Linear": lambda **o: nn.Linear(3, 2, **o).weight.numpy(),
    "MLP": lambda **o: nn.MLP(3, [4, 2], **o).state_dict()["layers.1.weight"],
    "Linear on Values": lambda **o: nn.Linear(3, 2, engine="scalar", **o).weight.numpy(),
    "Embedding": lambda **o: nn.Embedding(3, 2, **o).weight.numpy(),
    "PositionalEmbedding": lambda **o: nn.PositionalEmbedding(3, 2, **o).weight.numpy(),
    "Conv1d": lambda **o: nn.Conv1d(1, 2, 3, **o).weight.numpy(),
    "Conv2d": lambda **o: nn.Conv2d(1, 2, 3, **o).weight.numpy(),
    "RNN": lambda **o: nn.RNN(2, 3, **o).weight_hh_l0.numpy(),
    "GRU": lambda **o: nn.GRU(2, 3, **o).weight_hh_l0.numpy(),
    "LSTM": lambda **o: nn.LSTM(2, 3, **o).weight_hh_l0.numpy(),
    "MultiHeadAttention": lambda **o: nn.MultiHeadAttention(4, 2, **o).in_proj_weight.numpy(),
    "TransformerBlock": lambda **o: nn.TransformerBlock(4, 2, **o).linear1.weight.numpy(),
    "Dropout": lambda **o: nn.Dropout(0.5, **o)(np.ones(20)),
    "DataLoader": lambda **o: np.concatenate([b[0] for b in nn.DataLoader(np.arange(9), shuffle=True, **o)]),
    "moons": lambda **o: nn.data.moons(10, **o)[0],
    "init.normal": lambda **o: nn.init.normal((2, 3), **o),
    "init.uniform": lambda **o: nn.init.uniform((2, 3), **o),
    "init.orthogonal": lambda **o: nn.init.orthogonal((2, 3), **o),
    "tensor.normal": lambda **o: tensor.normal((2, 3), **o).numpy(),
    "tensor.uniform": lambda **o: tensor.uniform((2, 3), **o).numpy(),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_makes_what_is_given_no_generator_repeatable(name: str) -> None:
    draw = DRAWS[name]
    nn.seed(3)
    one, two = draw(), draw()
    nn.seed(3)
    np.testing.assert_array_equal(draw(), one)
    np.testing.assert_array_equal(draw(), two)
    assert not np.array_equal(one, two)  # draws go on, they do not repeat


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_for_all_is_the_seed_given_to_one(name: str) -> None:
    draw = DRAWS[name]
    nn.seed(5)
    one = draw()
    np.testing.assert_array_equal(draw(rng=5), one)
    np.testing.assert_array_equal(draw(rng=np.random.default_rng(5)), one)


def test_a_generator_of_ones_own_is_not_touched_by_the_seed() -> None:
    layer = nn.Dropout(0.5, rng=7)
    one = layer(np.ones(30))
    nn.seed(0)
    two = layer(np.ones(30))
    again = nn.Dropout(0.5, rng=7)
    np.testing.assert_array_equal(again(np.ones(30)), one)
    np.testing.assert_array_equal(again(np.ones(30)), two)


def test_a_seed_reaches_the_dropout_of_a_model_that_is_there_already() -> None:
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Dropout(0.5))
    draws = []
    for _ in range(2):
        nn.seed(11)
        draws.append(model(np.ones((3, 4))).numpy())
    np.testing.assert_array_equal(*draws)


def test_a_whole_run_is_repeated_by_its_seed() -> None:
    def run() -> np.ndarray[Any, Any]:
        nn.seed(2)
        X, y = nn.data.moons(40)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2))
        rule = nn.Adam(model.parameters(), lr=0.01)
        for rows, classes in nn.DataLoader(X, y, batch_size=8, shuffle=True):
            model.zero_grad()
            nn.cross_entropy(model(rows), classes).backward()
            rule.step()
        return model.state_dict()["3.weight"]

    np.testing.assert_array_equal(run(), run())


@pytest.mark.slow
def test_numbers_are_fresh_in_a_process_that_sets_no_seed() -> None:
    program = "import nn; print(nn.Linear(3, 2).weight.tolist())"
    runs = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 2


@pytest.mark.parametrize("wrong", [None, -1, 1.5, "a", True, np.random.default_rng(0), [1]])
def test_a_seed_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^seed: got .*, but a seed is a whole number, 0 or more$"):
        nn.seed(wrong)


@pytest.mark.parametrize("wrong", ["a", -1, 1.5, True, object()])
@pytest.mark.parametrize("name", DRAWS)
def test_what_is_no_generator_is_refused_everywhere_in_one_sentence(name: str, wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^\w+: rng is .*, but it must be a seed \(0, 1, 2, ...\)"):
        DRAWS[name](rng=wrong)
