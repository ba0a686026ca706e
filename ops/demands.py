"""What a declaration demands of what stands in its brackets, intervals, settings, samples; and a flag of its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ops.errors import DeclarationError
from ops.words import shown


def is_from_a_cell(function: Any) -> bool:
    """Whether a function was written in a notebook, a console or a script, where a cell may run once more."""
    return function.__module__ == "__main__"


def is_of_the_package(function: Any) -> bool:
    """Whether a function is one of ours, which our tests try, so that importing it need not."""
    return str(function.__module__).startswith("ops.")


def demand_brackets(written: str, given: Sequence[Any]) -> None:
    """DeclarationError where the decorator stands without brackets, and so was given the forward itself."""
    if given and callable(given[0]):
        raise DeclarationError(f"write @ops.{written}, with brackets, above def {getattr(given[0], '__name__', 'f')}")


def demand_interval(kind: str, interval: Any, given: Sequence[Any]) -> None:
    """DeclarationError for one of the intervals given that is no pair of finite numbers, low and high."""
    if interval is None:
        return
    low, high = interval if isinstance(interval, (tuple, list)) and len(interval) == 2 else (None, None)
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        meant = tuple(given) if len(given) == 2 and isinstance(interval, (int, float)) else (-3, 3)
        raise DeclarationError(
            f"{kind}: an interval is a pair, low and high, as in @ops.{kind}({meant}), not {shown(interval)}"
        )
    if not low < high < float("inf") or low == -float("inf"):
        way = f"write {(high, low)}" if high < low else "both ends must be finite and differ"
        raise DeclarationError(f"{kind}: the interval {(low, high)} must run from low to high: {way}")


def demand_settings(kind: str, params: Any) -> None:
    """DeclarationError for parameters to try that are no list of dicts."""
    if not isinstance(params, (list, tuple)) or not all(isinstance(each, Mapping) for each in params):
        raise DeclarationError(
            f"{kind}: params holds a dict for each setting that the laws try, as in params=[{{'k': 2.0}}], not "
            f"{shown(params)}"
        )


def demand_samples(kind: str, samples: Sequence[Any]) -> None:
    """DeclarationError for what stands in a decorator's brackets and is no sample."""
    demand_brackets(f"{kind}(ops.sample((2, 3)))", samples)
    for each in samples:
        if not hasattr(each, "shapes"):
            raise DeclarationError(
                f"{kind}: the shapes and parameters that the laws try stand in samples, as in ops.sample((2, 3), "
                f"axis=0), not {shown(each)}"
            )


def demand_word(asker: str, name: str, value: Any) -> str:
    """The value, if it is a string."""
    if not isinstance(value, str):
        raise TypeError(f"{asker}: {name} is {shown(value)}, but it must be a string")
    return value


def demand_flag(asker: str, value: Any, name: str = "requires_grad") -> bool:
    """The flag, if it is True or False; TypeError for a label in its place, say, which would count as True."""
    if type(value) is bool:
        return value
    if getattr(getattr(value, "dtype", None), "kind", "") == "b" and value.shape == ():
        return bool(value)
    label = f"; a label is given by its name, as in label={shown(value)}" if isinstance(value, str) else ""
    raise TypeError(f"{asker}: {name} is True or False, not {shown(value)}{label}")
