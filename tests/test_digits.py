"""The digits are learned: the figures that the lesson promises."""

from __future__ import annotations

import pytest

from lessons import digits


@pytest.mark.parametrize(("model", "least"), [("mlp", 0.95), pytest.param("cnn", 0.97, marks=pytest.mark.slow)])
def test_digits_are_learned_within_seconds(model: str, least: float) -> None:
    assert digits.main(["--model", model]) >= least
