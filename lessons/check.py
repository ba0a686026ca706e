"""Exercises that mark themselves: `check("1.1", answer)` says that it passed, or what is off; never the solution.

What an exercise asks stands in its lesson; how it is marked, in `lessons/exercises/lesson_NN.py`, where a marker is a
function that returns when the answer is right and raises a Hint, one sentence, when it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from math import isclose, isnan
from typing import Any

from lessons import progress

Marker = Callable[[Any], None]
MARKERS: dict[str, Marker] = {}


class Hint(Exception):
    """What is off in an answer, in one sentence that does not give the answer away."""


def exercise(name: str) -> Callable[[Marker], Marker]:
    """Declares the marker of the exercise of that name, `"3.2"` say."""

    def declare(marker: Marker) -> Marker:
        MARKERS[name] = marker
        return marker

    return declare


def check(name: str, answer: Any) -> None:
    """Prints whether the answer to the exercise passes, or a hint that names what is off; a pass is kept."""
    hint = verdict(name, answer)
    print(f"{name}: not yet. {hint}" if hint else f"{name}: passed{_kept(name)}")


def verdict(name: str, answer: Any) -> str | None:
    """The hint for this answer, or None where it is right.  Raises LookupError for an exercise that does not exist."""
    marker = _marker(name)
    if answer is None or answer is ...:
        return "There is no answer yet: replace the `...`."
    try:
        with redirect_stdout(StringIO()):  # a marker may call the answer a hundred times
            marker(answer)
    except Hint as hint:
        return str(hint)
    except (Exception, SystemExit) as error:
        return f"Your answer stopped with {_in_brief(error)}."
    return None


def expect_close(seen: Any, wanted: float, what: str, tolerance: float = 1e-9) -> None:
    """Raises a Hint that says in which way `what` is off: its sign, a factor of two, too large or too small."""
    number = one_number(seen, what)
    if not isclose(number, wanted, rel_tol=tolerance, abs_tol=tolerance):
        raise Hint(f"{what} {_direction(number, wanted, tolerance)}.")


def one_number(seen: Any, what: str) -> float:
    """The answer as a float; a Hint where it is missing or is not one number."""
    if seen is None or seen is ...:
        raise Hint(f"{what} has no answer yet.")
    kind = f"an array of shape {seen.shape}" if getattr(seen, "shape", ()) else f"of type {type(seen).__name__}"
    if getattr(seen, "shape", ()) or isinstance(seen, str | bytes):
        raise Hint(f"{what} should be one number, and yours is {kind}.")
    try:
        return float(seen)
    except (TypeError, ValueError, OverflowError):
        raise Hint(f"{what} should be one number, and yours is {kind}.") from None


def expect_function(answer: Any, call: str) -> None:
    """Raises a Hint where the answer is not a function; `call` shows how it will be called, `"slope(f, x)"` say."""
    if not callable(answer):
        raise Hint(f"The answer should be a function, called as {call}, and yours is of type {type(answer).__name__}.")


def _direction(seen: float, wanted: float, tolerance: float) -> str:
    factors = {-1: "has the wrong sign", 2: "is twice what it should be", 0.5: "is half of what it should be"}
    for factor, words in factors.items():
        if wanted and isclose(seen, factor * wanted, rel_tol=tolerance):
            return words
    return "is not a number" if isnan(seen) else "is too large" if seen > wanted else "is too small"


def _in_brief(error: BaseException) -> str:
    """The error's name and the first line of what it says; an error of the learner's own may fail to say anything."""
    try:
        said = (str(error).splitlines() or [""])[0][:200].rstrip(".")
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _kept(name: str) -> str:
    """Keep the pass; nothing that goes wrong there may stop a lesson."""
    try:
        progress.record(name)
    except Exception as error:
        return f" (but this could not be kept for `python -m lessons`: {_in_brief(error)})"
    return ""


def _marker(name: Any) -> Marker:
    lesson = str(name).partition(".")[0]
    module = f"lessons.exercises.lesson_{lesson.zfill(2)}"
    if lesson.isdecimal() and find_spec(module):
        import_module(module)
    if name not in MARKERS:
        known = progress.in_order(other for other in MARKERS if other.partition(".")[0] == lesson)
        there = f"lesson {lesson} has {', '.join(known)}" if known else "a name is like '3.2', in quotes"
        raise LookupError(f"check: there is no exercise {name!r}; {there}")
    return MARKERS[name]
