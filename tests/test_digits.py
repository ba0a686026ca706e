"""The digits are learned: the figures that the lesson promises."""

from __future__ import annotations

import pytest

from lessons import digits


@pytest.mark.parametrize(("model", "least"), [("mlp", 0.95), pytest.param("cnn", 0.97, marks=pytest.mark.slow)])
def test_digits_are_learned_within_seconds(model: str, least: float) -> None:
    assert digits.main(["--model", model]) >= least


@pytest.mark.parametrize("call", [["--epochs", "0"], ["--epochs", "x"], ["--seed", "-1"]])
def test_a_wrong_call_is_told_in_a_sentence(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        digits.main(call)
    assert stop.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"error: argument {call[0]}: got {call[1]!r}; it must be a whole number, " in said
