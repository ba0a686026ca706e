"""Every public function answers every wrong argument with a right value or with one clear sentence of ours."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import nn
import ops
from nn import engines
from tests import fuzz, fuzz_judge
from tests.fuzz_arguments import KINDS, NAMES
from tests.fuzz_judge import Case
from tests.fuzz_targets import ENGINES, PACKAGES, RESULTS, Target, targets

PARTS = 5
TARGETS = targets()
SPEAKS = Target("", frozenset({"Linear"}))

# What refuses all arguments, or is there for its subclasses.
REFUSES = {"no_grad", "detect_anomaly", "forget", "Schedule"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured as Linux does it")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_wrong_argument_gets_a_right_value_or_one_clear_sentence(part: int) -> None:
    size = fuzz.CALLS // PARTS
    bad = fuzz.run(range(part * size, (part + 1) * size))
    assert not bad, f"{len(bad)} bad answers in {size} calls\n{fuzz.report(bad)}"


def test_every_public_name_is_called() -> None:
    templates = "\n".join(each.template for each in TARGETS)
    for package in PACKAGES:
        for name in package.__all__:
            value = getattr(package, name)
            is_error = isinstance(value, type) and issubclass(value, BaseException)
            if callable(value) and not is_error and name not in RESULTS:
                assert f"{package.__name__}.{name}(" in templates
    assert all(f"ops.{name}(" in templates for name in ops.REGISTRY)
    assert {each.engine for each in TARGETS} == {*ENGINES, ""}


@pytest.mark.slow
@pytest.mark.parametrize(
    "target", [t for t in TARGETS if not t.engine and not t.names & REFUSES], ids=lambda t: t.template
)
def test_right_arguments_are_right(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one wrong argument would be hidden behind another."""
    monkeypatch.chdir(tmp_path)
    nn.save(nn.Linear(3, 2, rng=0), "model.npz")
    nn.save_checkpoint("run.npz", epoch=3)
    seed = ["rng=np.random.default_rng(0)"] if "rng" in target.options else []
    before = fuzz.state()
    try:
        fuzz_judge.value_of(Case(0, target, target.template.replace("ARGS", ", ".join([*target.required, *seed]))))
    finally:
        fuzz.put_back(before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_of_an_argument_makes_one(kind: str) -> None:
    for source in KINDS[kind]:
        fuzz_judge.value_of(Case(0, SPEAKS, source))


def test_a_call_is_known_by_its_number() -> None:
    assert [fuzz.case(n) for n in range(100)] == [fuzz.case(n) for n in range(100)]
    assert len({fuzz.case(n).source for n in range(2000)}) > 1500


def _forever() -> None:
    while True:
        pass


def _fault(source: str, name: str) -> str:
    return fuzz_judge.answer(Case(0, Target("", frozenset({name})), source)).fault


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("ops.exp([0.0, 1.0])", "exp"),
        ("ops.reshape(np.ones(3), (2, 2))", "reshape"),
        ("Tensor([1.0, 2.0], requires_grad=True).exp()", "exp"),
        ("Value(1.0) + 'a'", "add"),
        ("nn.Linear(3)", "Linear"),
        ("len(Value(1.0))", "Value"),
        ("ops.grad(no_arguments)(2.0)", "grad"),
    ],
)
def test_good_answers_are_called_good(source: str, name: str) -> None:
    assert _fault(source, name) == ""


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("nn.array(1.0)", "a raw TypeError"),
        ("np.ones(3) @ np.ones(2)", "a raw ValueError"),
        ("1.0 / 0.0", "a raw ZeroDivisionError"),
        ("nested(10**5) == nested(10**5)", "RecursionError"),
        ("np.array(['a'])", "a value that is no number"),
        ("nn.array(1.0, 'scalar')", "arguments of an inner function"),
    ],
)
def test_bad_answers_are_called_bad(source: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "Tensor", 0)  # so that nn.array falls over them
    monkeypatch.setattr(engines, "ValueArray", lambda: 0)
    assert _fault(source, "none") == fault


@pytest.mark.parametrize(
    ("said", "error", "fault"),
    [
        ("Linear: in_features is 0, but it must be 1 or more", ValueError, ""),
        ("matmul: (3,) @ (2,): the inner sizes differ", ops.ShapeError, ""),
        ("the sizes differ", ValueError, "a sentence that does not say who speaks"),
        ("Linear: it is array([1.0,\n 2.0])", ValueError, "more than one line"),
        ("Linear: it is " + "a" * 500, ValueError, "a sentence without an end"),
        ("Linear: it is odd", ArithmeticError, "a ArithmeticError, which nobody promised"),
    ],
)
def test_a_sentence_is_short_says_who_speaks_and_is_of_a_promised_type(
    said: str, error: type[Exception], fault: str
) -> None:
    assert fuzz_judge.fault_of_sentence(said, error(said), SPEAKS) == fault


def test_a_warning_that_is_not_on_the_callers_line_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMES, "warns", lambda: np.log(0.0))
    assert _fault("warns()", "none") == "a warning on a line of ours"


@pytest.mark.skipif(sys.platform != "linux", reason="time is limited as Linux does it")
def test_a_call_that_does_not_return_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "SECONDS", 0.05)
    monkeypatch.setitem(NAMES, "forever", _forever)
    assert fuzz.watched(Case(0, SPEAKS, "forever()")).fault == "a call that does not return"


def test_what_stays_changed_is_seen_and_put_back() -> None:
    before = np.geterr()
    answer = fuzz.watched(Case(0, SPEAKS, "np.seterr(all='ignore')"))
    assert (answer.fault, answer.place) == ("something stays changed", "NumPy's handling of errors")
    assert np.geterr() == before
