"""English for messages: a noun with its article, a count with its noun, names in a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def a_or_an(thing: Any) -> str:
    """What kind of thing this is, with its article.

    >>> a_or_an(3), a_or_an("three")
    ('an int', 'a str')
    """
    name = type(thing).__name__
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def shown(thing: Any) -> str:
    """A thing as its repr has it, or what kind of thing it is where that would say nothing or take up lines.

    >>> shown("a"), shown(x for x in "a")
    ("'a'", 'a generator')
    """
    try:
        text = repr(thing)
    except Exception:  # of a repr that is broken, or has no end: lists a thousand deep
        return a_or_an(thing)
    return text if len(text) <= 60 and "\n" not in text and " at 0x" not in text else a_or_an(thing)


def formatted(number: float, form: str) -> str:
    """A number in a form of Python's; ValueError for what is no form of numbers.

    >>> formatted(1.5, ".3f")
    '1.500'
    """
    try:
        return format(number, form)
    except ValueError:
        raise ValueError(f"format: {shown(form)} is no form of a number; one is '.3f'") from None


def counted(n: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "entry", "entries"), counted(0, "interval")
    ('1 entry', '0 intervals')
    """
    return f"{n} {one if n == 1 else many or one + 's'}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names as a sentence lists them.

    >>> listed(["sin", "cos", "tanh"])
    'sin, cos and tanh'
    """
    *most, end = names
    return f"{', '.join(most)} {last} {end}" if most else end


def nearest(name: str, known: Iterable[str], otherwise: str = "compose it of the ops in ops.REGISTRY") -> str:
    """The names that are spelled like this one, for the end of a sentence that says who does not have it.

    >>> nearest("sinh", ["sin", "sign", "tanh"])
    'the nearest that it has: sin and sign'
    """
    from difflib import get_close_matches  # here, since only errors ask

    found = get_close_matches(name, sorted({*known}), n=3, cutoff=0.6)
    return f"the nearest that it has: {listed(found)}" if found else otherwise
