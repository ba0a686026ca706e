"""The benchmarks still run: small ones for a turn, through the processes that they are timed in."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import __main__ as command, growth, imports, report, steps
from tests.benchmarks.processes import Refusal
from tests.benchmarks.starts import Program, Start
from tests.benchmarks.table import Outcome, figure
from tests.benchmarks.workloads import CANDIDATES, WORKLOADS, Candidate

HERE = "tests.test_benchmarks"


def still(kind: str, start: Start) -> Program:
    """A candidate that takes a for a + b."""
    return Program(lambda k: None, lambda: [start.parameters["a"]])


def failing(kind: str, start: Start) -> Program:
    raise ValueError("no such luck")


def _without_torch(name: str) -> Outcome:
    """A turn of a workload; PyTorch takes seconds to start, so it has a test of its own."""
    quick = tuple(each for each in WORKLOADS[name].candidates if CANDIDATES[each].package != "torch")
    return steps.run(replace(WORKLOADS[name], candidates=quick), turns=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["T2", "T7b"])
def test_all_candidates_compute_the_same_and_each_has_a_line(name: str) -> None:
    outcome = _without_torch(name)
    named = [row[0] for row in outcome.rows]
    assert named[:2] == ["duograd", "NumPy"]
    assert all(each in named for each in ("autograd", "MyGrad") if importlib.util.find_spec(each.lower()))


@pytest.mark.slow
@pytest.mark.torch
def test_pytorch_computes_the_same_and_is_what_goals_are_measured_by() -> None:
    pytest.importorskip("torch")
    outcome = steps.run(replace(WORKLOADS["T7a"], candidates=("duograd", "NumPy", "PyTorch")), turns=1)
    (goal,) = outcome.figures["goals"]
    medians = {name: each["median"] for name, each in outcome.figures["candidates"].items()}
    assert goal["reached"] == medians["duograd"] / medians["PyTorch"]
    assert outcome.rows[0][-1].endswith("met" if goal["reached"] <= 0.5 else "missed")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("candidate", "says"),
    [
        (still, "T7a: Other computes something else than NumPy: after the first steps array 0 is off by"),
        (failing, "Other ended before it had answered: ValueError: no such luck"),
    ],
    ids=lambda x: getattr(x, "__name__", "says"),
)
def test_a_candidate_that_computes_something_else_is_refused(
    candidate: Callable[..., Program], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CANDIDATES, "Other", Candidate(f"{HERE}:{candidate.__name__}", "numpy"))
    with pytest.raises(Refusal) as caught:
        steps.run(replace(WORKLOADS["T7a"], candidates=("NumPy", "Other")), turns=1)
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize("wrong", [1.001, np.nan])
def test_a_difference_is_measured_by_what_a_step_changes(wrong: float) -> None:
    before = np.full(3, 1e6)
    assert steps.difference(before + wrong, before + 1.0, before) > 9e-4
    assert steps.difference(before + 1.0, before + 1.0, before) == 0


@pytest.mark.slow
def test_the_files_hold_what_the_tables_say(tmp_path: Path) -> None:
    outcomes = [_without_torch("T7a"), growth.run(turns=1, sizes=(1_000, 4_000)), imports.run(turns=1)]
    report.write(outcomes, 1, tmp_path)
    kept = json.loads((tmp_path / "benchmarks.json").read_text())["benchmarks"]
    told = (tmp_path / "benchmarks.md").read_text()
    for name, each in kept["T7a"]["candidates"].items():
        assert f"| {name} | {figure(1e6 * each['median'])} |" in told
    for each in kept["S2"]["graphs"]:
        assert f"| {growth.row(each)[0]} | {each['nodes']:,} | {figure(each['forward']['median'])} |" in told
    for program, each in kept["C1"]["imports"].items():
        assert f"| {program} | {figure(each['median'])} |" in told
    assert (tmp_path / "growth.svg").read_text().count("<svg") == 1


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["T9"], "got 'T9'; the benchmarks are S1, S1a, T1"),
        (["--turns", "0"], "got '0'; it must be a whole number, 1 or more"),
        (["--out", "/proc/none"], "cannot write to '/proc/none'"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_in_a_sentence(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(argv)
    assert says in capsys.readouterr().err
