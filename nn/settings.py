"""Settings, as a constructor asks for them: each refusal says who asks, what was given and what it must be."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

import numpy as np

from ops.errors import ParameterError


def named(asker: object) -> str:
    """The asker by name: itself if it is a string, else the name of its class."""
    return asker if isinstance(asker, str) else type(asker).__name__


def is_setting(x: Any) -> bool:
    """Whether this is a number, a word or a few of them, such as a repr shows."""
    return all(isinstance(each, (int, float, str)) for each in (x if isinstance(x, tuple) else (x,)))


def kind(x: Any) -> str:
    """What somebody gave, by its type; a class that stands where one of its instances should is called so."""
    return f"the class {x.__name__}" if isinstance(x, type) else type(x).__name__


def count(asker: object, name: str, value: Any, least: int = 1) -> int:
    """A whole number that is no smaller than `least`.

    >>> count("Linear", "in_features", 0)
    Traceback (most recent call last):
    ValueError: Linear: in_features is 0, but it must be a whole number, 1 or more
    """
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not is_whole or value < least:
        error = ValueError if is_whole else TypeError
        raise error(f"{named(asker)}: {name} is {value!r}, but it must be a whole number, {least} or more")
    return int(value)


def flag(asker: object, name: str, value: Any) -> bool:
    """True or False, and nothing that merely counts as one of them: "False" is true to Python.

    >>> flag("SGD", "nesterov", "False")
    Traceback (most recent call last):
    TypeError: SGD: nesterov is 'False', but it must be True or False
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{named(asker)}: {name} is {value!r}, but it must be True or False")
    return bool(value)


def counts(asker: object, name: str, value: Any, such_as: str) -> tuple[int, ...]:
    """One or more whole numbers, each 1 or more."""
    many = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else ()
    if not many:
        raise TypeError(f"{named(asker)}: {name} is {value!r}, but it must be a list of sizes, such as {such_as}")
    return tuple(count(asker, f"{name}[{i}]", each) for i, each in enumerate(many))


def per_axis(asker: object, name: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """A whole number for each axis; one that is given alone stands for all of them."""
    if not isinstance(value, (tuple, list)):
        return (count(asker, name, value, least),) * axes
    if len(value) != axes:
        several = f" or {axes} of them" if axes > 1 else ""
        raise ValueError(f"{named(asker)}: {name} is {value!r}, but it must be one whole number{several}")
    return tuple(count(asker, f"{name}[{i}]", each, least) for i, each in enumerate(value))


def number(asker: object, name: str, value: Any, low: float = 0, below: float = inf, to: float = inf) -> Any:
    """A number in [low, below), or in [low, to] where `to` is given."""
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not (is_number and low <= value <= to and value < below):
        error = ValueError if is_number else TypeError
        raise error(f"{named(asker)}: {name} is {value!r}, but it must be {_interval(low, below, to)}")
    return value


def _interval(low: float, below: float, to: float) -> str:
    if low == -inf:
        return "a number"
    if to < inf:
        return f"a number in [{low}, {to}]"
    return f"a number in [{low}, {below})" if below < inf else f"a number, {low} or more"


def choice(asker: object, name: str, value: Any, among: Iterable[str]) -> str:
    """One of a few words."""
    if value not in (words := tuple(among)):
        raise ParameterError(f"{named(asker)}: {name} is {value!r}, but it may be {' or '.join(map(repr, words))}")
    return value


def function(asker: object, name: str, value: Any, such_as: str) -> Any:
    """Something that can be called, and is not a class that somebody forgot to call."""
    if isinstance(value, type):
        raise TypeError(f"{named(asker)}: {name} is {kind(value)}; give an instance, as in {value.__name__}()")
    if not callable(value):
        raise TypeError(f"{named(asker)}: {name} is {value!r}, but it must be a function, such as {such_as}")
    return value
