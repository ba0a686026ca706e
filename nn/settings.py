"""Settings, as a constructor asks for them: each refusal says who asks, what was given and what it must be."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any

import numpy as np

from ops.errors import ParameterError
from ops.words import shown


def named(asker: object) -> str:
    """The asker by name: itself if it is a string, else the name of its class."""
    return asker if isinstance(asker, str) else type(asker).__name__


def is_setting(x: Any) -> bool:
    """Whether this is a number, a word or a few of them, such as a repr shows."""
    kinds = (int, float, str, np.number, np.bool_)
    return all(isinstance(each, kinds) for each in (x if isinstance(x, tuple) else (x,)))


def kind(x: Any) -> str:
    """What somebody gave, by its type; a class that stands where one of its instances should is called so."""
    return f"the class {x.__name__}" if isinstance(x, type) else type(x).__name__


def told(name: str | os.PathLike[str]) -> str:
    """A path or another name as a sentence takes it: on one line, and cut off where it is very long."""
    text = str(name) if str(name).isprintable() else repr(name)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


LONGEST = 200  # letters of a name in an error


def count(asker: object, name: str, value: Any, least: int = 1) -> int:
    """A whole number that is no smaller than `least`.

    >>> count("Linear", "in_features", 0)
    Traceback (most recent call last):
    ValueError: Linear: in_features is 0, but it must be a whole number, 1 or more
    """
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not is_whole or value < least:
        error = ValueError if is_whole else TypeError
        raise error(f"{named(asker)}: {name} is {shown(value)}, but it must be a whole number, {least} or more")
    if value > sys.maxsize:
        raise ValueError(f"{named(asker)}: {name} is {shown(value)}, but it may be {sys.maxsize} at most")
    return int(value)


def flag(asker: object, name: str, value: Any) -> bool:
    """True or False, and nothing that merely counts as one of them: "False" is true to Python.

    >>> flag("SGD", "nesterov", "False")
    Traceback (most recent call last):
    TypeError: SGD: nesterov is 'False', but it must be True or False
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{named(asker)}: {name} is {shown(value)}, but it must be True or False")
    return bool(value)


def counts(asker: object, name: str, value: Any, such_as: str) -> tuple[int, ...]:
    """One or more whole numbers, each 1 or more."""
    many = tuple(value) if _is_row(value) else ()
    if not many:
        raise TypeError(f"{named(asker)}: {name} is {shown(value)}, but it must be a list of sizes, such as {such_as}")
    return tuple(count(asker, f"{name}[{i}]", each) for i, each in enumerate(many))


def is_iterable(x: Any) -> bool:
    """Whether x hands out things one by one; a number of NumPy's or of an engine only seems to."""
    return isinstance(x, Iterable) and getattr(x, "shape", None) != ()


def _is_row(x: Any) -> bool:
    """Whether x hands out things in an order of its own; text and bytes do not, nor does an array of other axes."""
    if isinstance(x, np.ndarray):
        return x.ndim == 1
    return isinstance(x, (Sequence, Iterator)) and not isinstance(x, (str, bytes, bytearray, memoryview))


def per_axis(asker: object, name: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """A whole number for each axis; one that is given alone stands for all of them."""
    if not isinstance(value, (tuple, list)):
        return (count(asker, name, value, least),) * axes
    if len(value) != axes:
        several = f" or {axes} of them" if axes > 1 else ""
        raise ValueError(f"{named(asker)}: {name} is {shown(value)}, but it must be one whole number{several}")
    return tuple(count(asker, f"{name}[{i}]", each, least) for i, each in enumerate(value))


def number(asker: object, name: str, value: Any, low: float = 0, below: float = inf, to: float = inf) -> Any:
    """A number in [low, below), or in [low, to] where `to` is given; one of NumPy's becomes Python's, of no type."""
    if not (is_number(value) and low <= value <= to and -inf < value < below and is_float(value)):
        error = ValueError if is_number(value) else TypeError
        raise error(f"{named(asker)}: {name} is {shown(value)}, but it must be {_interval(low, below, to)}")
    return float(value) if isinstance(value, np.floating) else int(value) if isinstance(value, np.integer) else value


def is_number(x: Any) -> bool:
    """Whether x is one real number, of Python or of NumPy."""
    return isinstance(x, (int, float, np.integer, np.floating)) and not isinstance(x, bool)


def is_float(x: Any) -> bool:
    """Whether a float can be as large as the number."""
    try:
        return bool(abs(float(x)) < inf or abs(x) == inf)
    except OverflowError:
        return False


def _interval(low: float, below: float, to: float) -> str:
    if low == -inf:
        return "a number"
    if to < inf:
        return f"a number in [{low}, {to}]"
    return f"a number in [{low}, {below})" if below < inf else f"a number, {low} or more"


def choice(asker: object, name: str, value: Any, among: Iterable[str]) -> str:
    """One of a few words."""
    words = tuple(among)
    if not isinstance(value, str) or value not in words:
        raise ParameterError(f"{named(asker)}: {name} is {shown(value)}, but it may be {' or '.join(map(repr, words))}")
    return value


def function(asker: object, name: str, value: Any, such_as: str) -> Any:
    """Something that can be called, and is not a class that somebody forgot to call."""
    if isinstance(value, type):
        raise TypeError(f"{named(asker)}: {name} is {kind(value)}; give an instance, as in {value.__name__}()")
    if not callable(value):
        raise TypeError(f"{named(asker)}: {name} is {shown(value)}, but it must be a function, such as {such_as}")
    return value
