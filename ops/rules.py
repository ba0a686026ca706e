"""Reading a rule: its arguments, and which of them its derivative needs."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from ops.errors import DeclarationError

Rule = Callable[..., Any]
_FACTS_OF_A_TYPE = ("shape", "ndim", "dtype")


def named(rule: Rule) -> Rule:
    """The rule, if it is a named function; DeclarationError for a lambda, so that tracebacks speak."""
    if not inspect.isfunction(rule) or rule.__name__ == "<lambda>":
        raise DeclarationError(f"a rule is a named function, so that a traceback can name it; got {rule!r}")
    return rule


def before_the_slash(rule: Rule) -> list[str]:
    """Names of a rule's positional-only arguments, a starred one with its star."""
    stars = {inspect.Parameter.POSITIONAL_ONLY: "", inspect.Parameter.VAR_POSITIONAL: "*"}
    found = inspect.signature(rule).parameters.values()
    return [stars[p.kind] + p.name for p in found if p.kind in stars]


def names_read(rule: Rule) -> set[str]:
    """The arguments whose values the rule reads, not only their shape, so that a node must save them.

    >>> def exp_partials(xp, y, x, /):
    ...     return (y,)
    >>> names_read(exp_partials)
    {'y'}
    """
    arguments = {name.lstrip("*") for name in before_the_slash(rule)[1:]}
    return {name for name in _names_loaded(rule) if name in arguments}


def _names_loaded(rule: Rule) -> Iterator[str]:
    instructions = [*dis.get_instructions(rule), None]
    for now, after in pairwise(instructions):
        if now is None or not now.opname.startswith("LOAD") or now.argval is None:
            continue
        names = list(now.argval) if isinstance(now.argval, tuple) else [now.argval]
        if after is not None and after.opname == "LOAD_ATTR" and after.argval in _FACTS_OF_A_TYPE:
            names.pop()
        yield from (name for name in names if isinstance(name, str))
