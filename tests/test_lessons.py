"""Every lesson runs, says what it computes, marks its exercises, and its notebooks are in step with its source."""

from __future__ import annotations

import doctest
import io
import json
import os
import re
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import matplotlib as mpl
import pytest

import lessons
import lessons.check as checking
import nn
import ops
import scalar
import tensor
import viz
from lessons import __main__ as command, build, course, progress
from scalar.array import ValueArray

LESSONS = course.lessons()
EXERCISES = [name for one in LESSONS for name in one.exercises]
HAS_NOTEBOOKS = all(find_spec(name) for name in ("jupytext", "nbclient", "ipykernel"))
needs_notebooks = pytest.mark.skipif(not HAS_NOTEBOOKS, reason='needs pip install -e ".[lessons]"')
each_lesson = pytest.mark.parametrize("one", LESSONS, ids=lambda one: one.source.stem)
each_exercise = pytest.mark.parametrize("name", EXERCISES)


@pytest.fixture(autouse=True)
def progress_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOGRAD_STATE", str(tmp_path / "state"))


@dataclass
class Ran:
    """What a run of a source handed to `check`, and the hint that each answer got."""

    answers: dict[str, Any] = field(default_factory=dict)
    hints: dict[str, str | None] = field(default_factory=dict)

    def check(self, name: str, answer: Any) -> None:
        self.answers[name], self.hints[name] = answer, checking.verdict(name, answer)


def ran(source: Path) -> Ran:
    """Run a source as a script, without windows, and put the registry and matplotlib back as they were."""
    from matplotlib import pyplot as plt

    run, before = Ran(), set(ops.REGISTRY)
    with mpl.rc_context({"figure.max_open_warning": 0}), redirect_stdout(io.StringIO()):
        plt.switch_backend("agg")
        with patch.object(checking, "check", run.check):
            runpy.run_path(str(source), run_name="__main__")
        plt.close("all")
    for name in set(ops.REGISTRY) - before:
        ops.forget(name)
    return run


@cache
def with_solutions(one: course.Lesson) -> Ran:
    """A run of the source as it stands."""
    return ran(one.source)


def unanswered(one: course.Lesson, folder: Path) -> Ran:
    """A run of the student's edition as it is handed out."""
    copy = folder / one.source.name
    copy.write_text(build.without_solutions(one.text), encoding="utf-8")
    return ran(copy)


def lesson_of(name: str) -> course.Lesson:
    return course.lesson(int(name.partition(".")[0]))


def typical_answers(name: str) -> Any:
    return import_module(f"tests.exercises.lesson_{int(name.partition('.')[0]):02}")


def test_the_lessons_are_numbered_without_a_gap() -> None:
    assert [one.number for one in LESSONS] == list(range(1, len(LESSONS) + 1))


@pytest.mark.slow
@each_lesson
def test_a_lesson_runs_as_a_script_and_its_solutions_pass(one: course.Lesson) -> None:
    run = with_solutions(one)
    assert run.hints == dict.fromkeys(one.exercises)
    assert one.exercises


@pytest.mark.slow
@each_lesson
def test_the_students_edition_runs_unanswered_and_every_exercise_says_not_yet(
    one: course.Lesson, tmp_path: Path
) -> None:
    hints = unanswered(one, tmp_path).hints
    assert list(hints) == list(with_solutions(one).hints)
    assert all(hints.values()), hints


@each_exercise
def test_a_blank_answer_gets_a_hint(name: str) -> None:
    assert checking.verdict(name, typical_answers(name).BLANK[name])


@pytest.mark.slow
@each_exercise
def test_each_typical_wrong_answer_gets_a_hint_of_its_own(name: str) -> None:
    wrong = typical_answers(name).WRONG[name]
    hints = [checking.verdict(name, answer) for answer, _ in wrong]
    for hint, (_, fragment) in zip(hints, wrong):
        assert fragment in (hint or "passed")
    assert len(set(hints)) == len(wrong) >= 3


@pytest.mark.slow
@each_exercise
def test_no_hint_gives_the_solution_away(name: str) -> None:
    one = lesson_of(name)
    secret = {
        word for word in words_of(with_solutions(one).answers[name]) if word not in re.split(r"[^\w.]", prose(one))
    }
    for answer, _ in typical_answers(name).WRONG[name]:
        hint = checking.verdict(name, answer) or ""
        assert not (secret - words_of(answer)).intersection(re.split(r"[^\w.-]", hint)), hint
        assert not [line for line in solution_lines(one.text) if line in hint], hint


def words_of(answer: Any) -> set[str]:
    """The numbers and texts that an answer consists of, but for single digits, which a hint may use to count."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, list | tuple):
        return {word for part in answer for word in words_of(part)}
    if isinstance(answer, bool) or not isinstance(answer, int | float | str):
        return set()
    return {str(answer)} if len(str(answer)) > 1 else set()


def solution_lines(text: str) -> list[str]:
    """The lines that stand in solutions only and are long enough to be recognised."""
    lines = [line.strip() for block in build.SOLUTION.finditer(text) for line in block[0].splitlines()]
    shown = build.without_solutions(text)
    return [line for line in lines if len(line) > 12 and not line.startswith("#") and line not in shown]


@each_lesson
def test_only_plots_need_numpy_in_the_first_three_lessons(one: course.Lesson) -> None:
    if one.number > 3:
        pytest.skip("lessons from the fourth on may use NumPy")
    program = f"""
import sys
from pathlib import Path
for name in ("numpy", "matplotlib"):
    sys.modules[name] = None
names = {{"__name__": "__main__"}}
for cell in Path({str(one.source)!r}).read_text(encoding="utf-8").split("# %%"):
    try:
        exec(cell.partition("\\n")[2], names)
    except ImportError as error:
        assert "plt" in cell or "plots" in cell, (error, cell)
print("ran")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("ran\n"), done.stderr


# What a lesson says


CELL = re.compile(r"^# %%.*$", re.MULTILINE)


def cells(one: course.Lesson) -> Iterator[tuple[str, str]]:
    """Kind and text of each cell of a source; markdown without its comment signs."""
    heads = [match[0] for match in CELL.finditer(one.text)]
    for head, body in zip(heads, CELL.split(one.text)[1:]):
        if "[markdown]" in head:
            yield "markdown", re.sub(r"^# ?", "", body, flags=re.MULTILINE)
        else:
            yield "code", body


def prose(one: course.Lesson) -> str:
    return "\n".join(body for kind, body in cells(one) if kind == "markdown")


@each_lesson
def test_a_lesson_begins_with_its_number_and_title(one: course.Lesson) -> None:
    assert re.match(rf"# %% \[markdown\]\n# # {one.number}\. \S", one.text)


@each_lesson
def test_no_cell_has_more_than_twelve_lines_of_code_besides_imports_and_solutions(one: course.Lesson) -> None:
    for kind, body in cells(one):
        if kind == "code":
            lines = [line for line in build.SOLUTION.sub("", body).splitlines() if line.strip()]
            assert len([line for line in lines if not line.lstrip().startswith(("#", "import ", "from "))]) <= 12, body


@each_lesson
def test_links_and_pictures_of_a_lesson_are_there(one: course.Lesson) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)|(?:src|href)=\"([^\"#]+)\"", prose(one))
    local = [a or b for a, b in targets if not (a or b).startswith(("http:", "https:", "mailto:"))]
    missing = [target for target in local if not (one.source.parent / target).exists()]
    assert not missing


OURS = {
    **{"ops": ops, "scalar": scalar, "tensor": tensor, "nn": nn, "viz": viz, "lessons": lessons},
    **{"Value": scalar.Value, "Tensor": tensor.Tensor, "ValueArray": ValueArray},
}


def found(name: str) -> bool:
    """Whether a dotted name that begins with one of ours leads somewhere."""
    head, *rest = name.split(".")
    at = OURS[head]
    for i, part in enumerate(rest):
        if not hasattr(at, part):
            path = ".".join([head, *rest[: i + 1]])
            if head[0].isupper() or not find_spec(path):
                return False
            import_module(path)
        at = getattr(at, part)
    return True


@each_lesson
def test_names_in_backticks_exist(one: course.Lesson) -> None:
    named = re.findall(rf"`((?:{'|'.join(OURS)})(?:\.\w+)+)", prose(one))
    assert [name for name in named if not found(name)] == []


NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in NUMBER.findall(text)}


def decimals(text: str) -> set[str]:
    return {number for number in numbers(text) if re.search(r"\.\d\d", number)}


@each_lesson
def test_every_decimal_of_the_prose_is_one_that_the_notebook_computes(one: course.Lesson) -> None:
    """A number of the prose may be a rounded one."""
    shown = numbers("\n".join([*(body for kind, body in cells(one) if kind == "code"), *outputs(one)]))
    for said in decimals(prose(one)):
        assert any(rounds_to(number, said) for number in shown), said


def rounds_to(number: str, said: str) -> bool:
    mantissa = said.partition("e")[0]
    digits, significant = len(mantissa.partition(".")[2]), len(mantissa.replace(".", "").lstrip("0"))
    rounded = float(f"{float(number):.{significant - 1}e}") if "e" in said else round(float(number), digits)
    return float(number) == float(said) or rounded == float(said)


def kept(notebook: Path) -> str:
    assert notebook.exists(), f"python -m lessons.build {notebook.name[:2]} makes {notebook.name}"
    return notebook.read_text(encoding="utf-8")


def outputs(one: course.Lesson) -> Iterator[str]:
    """The texts among a notebook's outputs, its drawings included."""
    for cell in json.loads(kept(one.notebook))["cells"]:
        for output in cell.get("outputs", []):
            yield "".join(output.get("text", []))
            yield "".join(output.get("data", {}).get("text/plain", []))


# Notebooks


@needs_notebooks
@each_lesson
def test_notebooks_are_in_step_with_their_source(one: course.Lesson) -> None:
    import nbformat

    for path, text in ((one.notebook, one.text), (one.student, build.without_solutions(one.text))):
        there, made = nbformat.reads(kept(path), as_version=4), build.notebook(text)
        said = [[(cell.id, cell.cell_type, cell.source) for cell in book.cells] for book in (there, made)]
        assert said[0] == said[1], f"python -m lessons.build {one.number} brings {path.name} up to date"
        assert there.metadata == build.METADATA


@each_lesson
def test_notebooks_hold_what_every_run_gives_alike_and_are_not_large(one: course.Lesson) -> None:
    assert len(kept(one.notebook)) < 1_000_000
    for output in outputs(one):
        assert not re.search(r"0x[0-9a-f]{6,}", output), output
    for cell in json.loads(kept(one.notebook))["cells"]:
        assert not cell["metadata"]
        assert all(output["output_type"] != "error" for output in cell.get("outputs", []))


@each_lesson
def test_the_students_edition_holds_neither_solutions_nor_outputs(one: course.Lesson) -> None:
    text = kept(one.student)
    assert "SOLUTION" not in text
    assert all(not cell.get("outputs") for cell in json.loads(text)["cells"])
    assert not [line for line in solution_lines(one.text) if json.dumps(line)[1:-1] in text]


@needs_notebooks
@pytest.mark.slow
@each_lesson
def test_a_notebook_runs_from_top_to_bottom(one: course.Lesson) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"from lessons import build, course; build.executed(build.notebook("
         f"course.lesson({one.number}).text))"], capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_solution_is_taken_out_with_its_markers_and_its_indentation_kept() -> None:
    text = "def f(x):\n    ### BEGIN SOLUTION\n    y = x\n\n    return y\n    ### END SOLUTION\n\n\nf(1)\n"
    assert build.without_solutions(text) == "def f(x):\n    ...\n\n\nf(1)\n"
    for alone in ("### BEGIN SOLUTION\nx = 1\n\n# %%\n### END SOLUTION\n", "x = 1\n### END SOLUTION\n"):
        with pytest.raises(SystemExit, match="stands alone"):
            build.without_solutions(alone)


@needs_notebooks
def test_a_cells_id_depends_on_the_cell_and_not_on_its_neighbours() -> None:
    one, two = build.notebook("# %%\nx = 1\n\n# %%\nx = 1\n"), build.notebook("# %%\ny = 0\n\n# %%\nx = 1\n")
    assert one.cells[0].id == two.cells[1].id != one.cells[1].id


@needs_notebooks
@pytest.mark.slow
def test_the_same_source_gives_the_same_notebook_and_a_warning_or_an_error_gives_none() -> None:
    text = "# %%\nfrom matplotlib import pyplot as plt\n\nprint(1)\nax = plt.plot([0, 1])\n"
    assert build.executed(build.notebook(text)) == build.executed(build.notebook(text))
    with pytest.raises(SystemExit, match="must not"):
        build.executed(build.notebook("# %%\nimport warnings\n\nwarnings.warn('old')\n"))
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        build.executed(build.notebook("# %%\n1 / 0\n"))


# Marking


@pytest.fixture
def marked() -> Iterator[Any]:
    """Declares the exercise 0.1 with the marker it is given."""
    yield checking.exercise("0.1")
    del checking.MARKERS["0.1"]


def test_an_answer_that_fails_in_any_way_gets_a_hint(marked: Any) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def raises(error: BaseException) -> Any:
        def answer() -> None:
            raise error

        return answer

    def endless() -> Any:
        return endless()

    marked(lambda answer: checking.expect_close(answer(), 1.0, "y"))
    for answer, fragment in [
        (raises(ValueError("two\nlines")), "ValueError: two."),
        (raises(Mute()), "stopped with Mute."),
        (raises(SystemExit(3)), "SystemExit"),
        (raises(AssertionError()), "AssertionError."),
        (endless, "RecursionError"),
        (7, "TypeError"),
        (None, "no answer yet"),
        (lambda: None, "no answer yet"),
        (lambda: "1.0", "of type str"),
        (lambda: [1.0], "of type list"),
        (lambda: 1j, "of type complex"),
        (lambda: tensor.Tensor([1.0]), "shape (1,)"),
        (lambda: 10**400, "of type int"),
        (lambda: -1.0, "wrong sign"),
        (lambda: 2.0, "twice"),
        (lambda: 0.5, "half"),
        (lambda: float("nan"), "not a number"),
        (lambda: float("inf"), "too large"),
        (lambda: 0.9, "too small"),
    ]:
        assert fragment in (checking.verdict("0.1", answer) or "passed")
    for right in (1, 1.0, True, scalar.Value(1.0), tensor.Tensor(1.0)):
        assert checking.verdict("0.1", lambda right=right: right) is None


def test_ctrl_c_stops_a_check(marked: Any) -> None:
    def answer() -> None:
        raise KeyboardInterrupt

    marked(lambda answer: answer())
    with pytest.raises(KeyboardInterrupt):
        checking.verdict("0.1", answer)


def test_what_an_answer_prints_while_it_is_marked_is_not_shown(marked: Any, capsys: pytest.CaptureFixture[str]) -> None:
    marked(lambda answer: answer())
    checking.check("0.1", lambda: print("loud"))
    assert capsys.readouterr().out == "0.1: passed\n"


@pytest.mark.parametrize("name", ["1.99", "99.1", "", "one", 1.1, None])
def test_an_exercise_that_does_not_exist_is_named_with_those_that_do(name: Any) -> None:
    with pytest.raises(LookupError, match=re.escape(f"no exercise {name!r}")):
        checking.check(name, 1)
    with pytest.raises(LookupError, match=r"lesson 1 has 1\.1"):
        checking.check("1.99", 1)


# Progress


def test_progress_is_kept_in_a_folder_of_the_projects_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUOGRAD_STATE")
    assert progress.path().parts[-2:] == ("duograd", "passed.json")


@pytest.mark.parametrize("module", [progress, build])
def test_the_examples_in_the_machinery_run(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted > found.failed == 0


def pass_exercise(name: str = "1.3") -> None:
    checking.check(name, with_solutions(lesson_of(name)).answers[name])


def test_a_pass_is_kept_and_listed_and_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    checking.check("1.3", (0.0, 0.0, 0.0))
    assert progress.passed() == []
    pass_exercise()
    pass_exercise()
    assert progress.passed() == ["1.3"]
    assert command.main([]) == 0
    assert re.search(r"1\. Slope by nudging +\d exercises, passed: 1\.3\n", capsys.readouterr().out)
    assert command.main(["forget"]) == command.main(["forget"]) == 0
    assert "nothing to forget" in capsys.readouterr().out
    assert progress.passed() == []


@pytest.mark.parametrize("damage", ["", "{", "7", '{"1.1": 1}', '["1.1", 2]', "[" * 100_000, b"\xff\xfe"])
def test_a_damaged_file_is_read_as_far_as_it_goes_and_replaced(damage: str | bytes) -> None:
    progress.path().parent.mkdir(parents=True)
    progress.path().write_bytes(damage if isinstance(damage, bytes) else damage.encode())
    assert set(progress.passed()) <= {"1.1"}
    pass_exercise()
    assert "1.3" in json.loads(progress.path().read_text())


def test_a_lesson_goes_on_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    monkeypatch.setenv("DUOGRAD_STATE", str(tmp_path / "file"))
    pass_exercise()
    assert re.fullmatch(r"1\.3: passed \(but this could not be kept .*\)\n", capsys.readouterr().out)
    assert command.main([]) == 0


def test_two_notebooks_at_once_lose_no_pass() -> None:
    names = [f"1.{i}" for i in range(24)]
    threads = [threading.Thread(target=progress.record, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert progress.passed() == progress.in_order(names)


# The command


def test_the_list_has_a_line_for_each_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(".")[0].strip() for line in lines] == [str(one.number) for one in LESSONS]
    assert all(one.title in line for one, line in zip(LESSONS, lines))


def test_open_copies_once_and_never_over_the_learners_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[list[str]] = []
    monkeypatch.setattr(command, "find_spec", lambda name: True)
    monkeypatch.setattr(command.subprocess, "call", lambda words: opened.append(words) or 0)
    monkeypatch.setattr(command, "_AS_ROOT", ["--allow-root"])
    monkeypatch.chdir(tmp_path)
    assert command.main(["open", "1"]) == 0
    copy = tmp_path / "my-lessons" / "01_slope_by_nudging.ipynb"
    assert copy.read_bytes() == course.lesson(1).student.read_bytes()
    copy.write_text("my work")
    assert command.main(["open", "1"]) == 0
    assert copy.read_text() == "my work"
    words = [sys.executable, "-m", "jupyterlab", "--allow-root", os.path.join("my-lessons", copy.name)]
    assert opened == [words] * 2
    assert capsys.readouterr().out.count("copied to") == 1


def test_open_says_how_to_install_jupyterlab_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert command.main(["open", "1", "--folder", str(tmp_path)]) == 1
    assert 'pip install -e ".[lessons]"' in capsys.readouterr().err
    assert (tmp_path / course.lesson(1).student.name).exists()


@pytest.mark.parametrize(
    "words", [["open"], ["open", "x"], ["open", "99"], ["close"], ["open", "1", "--folder", "{}/f"]]
)
def test_bad_input_gets_one_sentence(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f").write_text("a file, not a folder")
    try:
        status = command.main([word.format(tmp_path) for word in words])
    except SystemExit as stop:
        status = stop.code
    said = capsys.readouterr()
    assert status == 2
    assert said.out == ""
    assert re.fullmatch(r"python -m lessons.*: .+\n", said.err)


def test_build_knows_no_lesson_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["99"]) == 2
    assert "there is no lesson 99" in capsys.readouterr().err
