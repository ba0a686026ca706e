"""What a declaration demands: brackets, intervals, samples, and rules that return what they should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from ops.errors import DeclarationError
from ops.letters import Expression
from ops.notation import text
from ops.rules import Rule
from ops.words import a_or_an, counted


def is_from_a_cell(function: Any) -> bool:
    """Whether a function was written in a notebook, a console or a script, where a cell may run once more."""
    return function.__module__ == "__main__"


def demand_brackets(written: str, given: Sequence[Any]) -> None:
    """DeclarationError where the decorator stands without brackets, and so was given the forward itself."""
    if given and callable(given[0]):
        raise DeclarationError(f"write @ops.{written}, with brackets, above def {given[0].__name__}")


def demand_interval(kind: str, interval: Any, given: Sequence[Any]) -> None:
    """DeclarationError for one of the intervals given that is no pair of finite numbers, low and high."""
    if interval is None:
        return
    low, high = interval if isinstance(interval, (tuple, list)) and len(interval) == 2 else (None, None)
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        meant = tuple(given) if len(given) == 2 and isinstance(interval, (int, float)) else (-3, 3)
        raise DeclarationError(f"an interval is a pair, low and high, as in @ops.{kind}({meant}), not {interval!r}")
    if not low < high < float("inf") or low == -float("inf"):
        way = f"write {(high, low)}" if high < low else "both ends must be finite and differ"
        raise DeclarationError(f"the interval {(low, high)} must run from low to high: {way}")


def demand_settings(params: Any) -> None:
    """DeclarationError for parameters to try that are no list of dicts."""
    if isinstance(params, Mapping) or not all(isinstance(each, Mapping) for each in params):
        raise DeclarationError(
            f"params holds a dict for each setting that the laws try, as in params=[{{'k': 2.0}}], not {params!r}"
        )


def demand_samples(kind: str, samples: Sequence[Any]) -> None:
    """DeclarationError for what stands in a decorator's brackets and is no sample."""
    demand_brackets(f"{kind}(ops.sample((2, 3)))", samples)
    for each in samples:
        if not hasattr(each, "shapes"):
            raise DeclarationError(
                f"{kind}: the shapes and parameters that the laws try stand in samples, as in ops.sample((2, 3), "
                f"axis=0), not {each!r}"
            )


def demand_bare(rule: Rule, found: Any) -> None:
    """DeclarationError where a rule that returns one array returned a tuple or a list of them, or nothing."""
    if found is None or isinstance(found, (tuple, list, str)):
        got = f"({', '.join(map(_shown, found))},)" if isinstance(found, tuple) else _shown(found)
        raise DeclarationError(f"{rule.__name__} must return one array, without brackets or a comma, not {got}")


def refuse_entries(op: Any, rule: Rule, found: Any) -> NoReturn:
    """Raise DeclarationError for a rule that did not return a tuple with one entry for each argument."""
    one = "partial" if "partials" in op.roles else "gradient"
    form = "(d,)" if len(op.arrays) == 1 else f"({', '.join('d' + name for name in op.arrays)})"
    got = counted(len(found), "entry", "entries") if isinstance(found, tuple) else _shown(found)
    raise DeclarationError(
        f"{rule.__name__}: return one {one} for each argument of {op.name}, as a tuple: {form}; it returned {got}"
    )


def _shown(found: Any) -> str:
    """What a rule returned: its formula, or what kind of thing it is."""
    return text(found) if isinstance(found, Expression) else a_or_an(found)
