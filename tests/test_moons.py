"""The moons demo: micrograd's figures, on both engines, from the command line as a newcomer types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lessons import moons


def runs(steps: int) -> list[moons.Run]:
    """Both engines, some steps of the demo's hundred."""
    X, y = moons.moons(100, 1337)
    found = [moons.Run(engine, moons.starting_model(1337, engine)) for engine in ("scalar", "tensor")]
    for _ in zip(*(moons.train(run, X, y, 100) for run in found)):
        if len(found[1].losses) == steps:
            break
    return found


@pytest.mark.slow
def test_a_hundred_steps_end_where_micrograd_does_and_the_engines_never_part() -> None:
    scalar, tensor = runs(100)
    assert scalar.losses[0] == pytest.approx(0.895844, abs=5e-7)
    assert scalar.losses[-1] == pytest.approx(0.0109784, abs=5e-8)
    assert (scalar.accuracies[0], scalar.accuracies[-1]) == (0.5, 1.0)
    assert np.abs(np.subtract(scalar.losses, tensor.losses)).max() <= 1e-9
    assert np.abs(np.subtract(scalar.grads, tensor.grads)).max() <= 1e-9


def test_three_steps_are_the_same_on_both_engines() -> None:
    scalar, tensor = runs(3)
    assert np.abs(np.subtract(scalar.grads[:3], tensor.grads[:3])).max() <= 1e-12


@pytest.mark.parametrize("out", ["fresh", "."])
def test_the_command_makes_its_folder_and_leaves_a_picture(
    out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    moons.main(["--engine", "tensor", "--steps", "2", "--out", out])
    assert (tmp_path / out / "moons.png").read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    assert "step 0: loss 0.895844, accuracy 50%" in said
    assert "tensor" in said


def test_each_step_is_told_once_and_lines_have_no_stray_spaces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for steps, told in (("1", ["step 0:"]), ("3", ["step 0:", "step 2:"])):
        moons.main(["--engine", "tensor", "--steps", steps, "--out", str(tmp_path)])
        lines = capsys.readouterr().out.splitlines()
        assert [line[:7] for line in lines if line.startswith("step")] == told
        assert all(line == line.strip() for line in lines)
        assert any(line.split()[:2] == ["engine", "nodes/step"] for line in lines)


def test_without_a_folder_named_the_picture_goes_to_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    moons.main(["--engine", "tensor", "--steps", "1"])
    assert (tmp_path / "out" / "moons.png").exists()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["--engine", "quantum"], "'scalar', 'tensor', 'both'"),
        (["--samples", "0"], "got '0'; it must be a whole number, 2 or more"),
        (["--steps", "many"], "got 'many'"),
        (["--seed", "-1"], "got '-1'; it must be a whole number, from 0 to 4294967295"),
        (["--seed", "4294967296"], "from 0 to 4294967295"),  # scikit-learn takes no larger one
        (["--steps", "\u00b2"], "it must be a whole number, 1 or more"),  # a superscript is a digit, not a number
        (["--steps=--5"], "got '--5'"),
    ],
)
def test_a_wrong_call_is_told_in_a_sentence(call: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        moons.main(call)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit):
        moons.main(["--out", str(tmp_path / "file")])
    assert "cannot write to" in capsys.readouterr().err
