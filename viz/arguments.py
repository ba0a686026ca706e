"""What viz asks of what it is given: each refusal says who asks, what was given and what it must be."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite
from typing import Any

from ops import dispatch
from ops.errors import ParameterError, ShapeError
from ops.words import a_or_an, listed
from viz.words import tidy

SHORT = 40  # characters of what was given that an error repeats


def kind(x: Any) -> str:
    """What somebody gave: a word or a number itself, anything else by its type.

    >>> kind("a"), kind(None), kind(int), kind([1, 2])
    ("'a'", 'None', 'the class int', 'a list')
    """
    return tidy(repr(x), SHORT) if isinstance(x, (str, int, float)) else sort(x)


def sort(x: Any) -> str:
    """What somebody gave, by its type alone.

    >>> sort("a"), sort(None), sort(3.0)
    ('a str', 'None', 'a float')
    """
    return f"the class {x.__name__}" if isinstance(x, type) else "None" if x is None else a_or_an(x)


def whole(asker: str, name: str, value: Any, least: int, most: float = inf) -> int:
    """A whole number that is no smaller than `least` and no larger than `most`."""
    wanted = f"give a whole number, {least} or more" if most == inf else f"give a whole number from {least} to {most}"
    try:
        n = operator.index(value)
    except TypeError:
        raise TypeError(f"{asker}: {name} is {kind(value)}; {wanted}") from None
    if not least <= n <= most or isinstance(value, bool):
        raise ParameterError(f"{asker}: {name} is {kind(value)}; {wanted}")
    return n


def number(asker: str, name: str, value: Any, least: float | None = None, above: float | None = None) -> float:
    """A finite number, no smaller than `least` or greater than `above`; an array or a node of one number is one."""
    bound = f", {least:g} or more" if least is not None else f" above {above:g}" if above is not None else ""
    x = _one_number(value)
    if x is None:
        raise TypeError(f"{asker}: {name} is {kind(value)}; give a number{bound}")
    if not isfinite(x) or (least is not None and x < least) or (above is not None and x <= above):
        raise ParameterError(f"{asker}: {name} is {kind(value)}; give a number{bound}")
    return x


def _one_number(value: Any) -> float | None:
    """The value as a float; None for what is not one number."""
    if isinstance(value, (str, bytes, bool)) or getattr(value, "shape", ()) != ():
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def choice(asker: str, name: str, value: Any, among: Sequence[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in among:
        words = listed([f'"{word}"' for word in among], "or")
        error = ParameterError if isinstance(value, str) else TypeError
        raise error(f"{asker}: {name} is {kind(value)}; it may be {words}")
    return value


def function(asker: str, name: str, value: Any, wanted: str) -> Any:
    """Something that can be called, and is not a class; wanted: of what and to what, for the error."""
    if isinstance(value, type) or not callable(value):
        raise TypeError(f"{asker}: {name} is {kind(value)}; give a function {wanted}")
    return value


def words(asker: str, name: str, value: Any, count: int) -> list[str]:
    """So many pieces of text."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(x, str) for x in value):
        raise TypeError(f"{asker}: {name} is {kind(value)}; give a list of {count} words")
    if len(value) != count:
        raise ParameterError(f"{asker}: {name} are {len(value)}, but there is a place for {count}; give one for each")
    return list(value)


def nodes(asker: str, name: str, value: Any) -> list[Any]:
    """Nodes of either engine, from whatever holds them one by one."""
    many = listing(asker, name, value, "nodes")
    if odd := [x for x in many if not dispatch.is_node(x)]:
        raise TypeError(f"{asker}: {name} hold {kind(odd[0])}; give a list of nodes, such as model.parameters()")
    return many


def listing(asker: str, name: str, value: Any, things: str) -> list[Any]:
    """All that a list or another holder hands out, one by one."""
    single = dispatch.is_node(value) or isinstance(value, (str, bytes, Mapping)) or getattr(value, "shape", None) == ()
    if single or not isinstance(value, Iterable):
        raise TypeError(f"{asker}: {name} is {kind(value)}; give a list of {things}, such as model.parameters()")
    return list(value)


def named(asker: str, name: str, value: Any, such_as: str) -> Mapping[str, Any]:
    """A mapping from names to something."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{asker}: {name} is {kind(value)}; give a dict from names to numbers, such as {such_as}")
    return value


def module(asker: str, value: Any) -> Any:
    """What has parameters by name, as a module has."""
    if isinstance(value, type) or not hasattr(value, "named_parameters"):
        raise TypeError(f"{asker}: got {kind(value)} as the model; give a module, such as nn.Linear(2, 1)")
    return value


def element(asker: str, value: Any, shape: Sequence[int]) -> tuple[int, ...]:
    """The place of one number in an array of this shape, an integer from 0 up for each axis."""
    parts = value if isinstance(value, (tuple, list)) else (value,)
    try:
        place = tuple(map(operator.index, parts))
    except TypeError:
        seen = tidy(repr(value), SHORT) if isinstance(value, (tuple, list)) else kind(value)
        raise TypeError(
            f"{asker}: element is {seen}; give an integer for each axis, as in {(0,) * len(shape)}, of shape "
            f"{tuple(shape)}"
        ) from None
    if len(place) != len(shape) or not all(-n <= i < n for i, n in zip(place, shape)):
        raise ShapeError(
            f"{asker}: there is no element {tidy(list(place), SHORT)} in an array of shape {tuple(shape)}; give an "
            f"integer for each axis"
        )
    return tuple(i % n for i, n in zip(place, shape))


def axes(asker: str, ax: Any, **figure: Any) -> Any:
    """The axes to draw on, those of a new figure where none are given."""
    if ax is None:
        from matplotlib import pyplot as plt

        return plt.subplots(layout="constrained", **figure)[1]
    if isinstance(ax, type) or not (hasattr(ax, "plot") and hasattr(ax, "set_xlabel")):
        raise TypeError(f"{asker}: ax is {kind(ax)}; give axes of matplotlib, as plt.subplots() does")
    return ax


def size(asker: str, name: str, value: Any) -> tuple[int, ...]:
    """A shape: a tuple of whole numbers."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{asker}: {name} is {kind(value)}; give a shape, such as (3, 1)")
    return tuple(whole(asker, f"{name}[{i}]", n, 0) for i, n in enumerate(value))
