"""Reading a rule: its arguments, and which of them its derivative needs."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ops.errors import DeclarationError
from ops.words import counted, listed

Rule = Callable[..., Any]
_FACTS_OF_A_TYPE = ("shape", "ndim", "dtype")
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def named(rule: Any) -> Rule:
    """The rule, if it is a named function that returns something; DeclarationError where it is not.

    A lambda is refused, so that a traceback can name each rule.
    """
    if not inspect.isfunction(rule) or rule.__name__ == "<lambda>":
        raise DeclarationError(
            f"a rule is a named function, so that a traceback can name it; write it with def, in place of {rule!r}"
        )
    if _returns_nothing(rule):
        raise DeclarationError(f"{rule.__name__} returns nothing; end it with return and what it has computed")
    return rule


def _returns_nothing(rule: Rule) -> bool:
    """Whether every way out of the rule hands back None, as where its return was forgotten."""
    for before, now in pairwise(dis.get_instructions(rule)):
        handed_back = {"RETURN_VALUE": before, "RETURN_CONST": now}.get(now.opname)
        if handed_back is not None and not ("CONST" in handed_back.opname and handed_back.argval is None):
            return False
    return True


def before_the_slash(rule: Rule) -> list[str]:
    """Names of a rule's positional-only arguments, a starred one with its star."""
    stars = {inspect.Parameter.POSITIONAL_ONLY: "", inspect.Parameter.VAR_POSITIONAL: "*"}
    found = inspect.signature(rule).parameters.values()
    return [stars[p.kind] + p.name for p in found if p.kind in stars]


def after_the_slash(rule: Rule) -> dict[str, inspect.Parameter]:
    """A rule's static parameters, by name."""
    return {name: p for name, p in inspect.signature(rule).parameters.items() if p.kind in _NAMED}


def read_signature(forward: Rule) -> tuple[tuple[str, ...], dict[str, inspect.Parameter]]:
    """The arrays of a forward, which stand between xp and the slash, and its parameters."""
    arrays, parameters = before_the_slash(forward)[1:], after_the_slash(forward)
    if not arrays:
        raise DeclarationError(
            f"{forward.__name__} takes no array: arrays stand before the slash, as in (xp, x, /), and it takes "
            f"{inspect.signature(forward)}"
        )
    return tuple(arrays), parameters


def public_signature(arrays: Sequence[str], parameters: Mapping[str, inspect.Parameter]) -> inspect.Signature:
    """How an op is called: its arrays, then its parameters, without xp."""
    ours = [inspect.Parameter(name.lstrip("*"), inspect.Parameter.POSITIONAL_ONLY) for name in arrays]
    theirs = [p.replace(kind=p.POSITIONAL_OR_KEYWORD, annotation=p.empty) for p in parameters.values()]
    return inspect.Signature([*ours, *theirs])


def misfit(rule: Rule, wanted: Sequence[str], parameters: Sequence[str]) -> str:
    """What is wrong with a rule's arguments, if it shall take these and then these parameters; empty if nothing.

    >>> def times_partials(xp, x, y, /):
    ...     return (1,)
    >>> misfit(times_partials, ("xp", "y", "x"), ["k"])
    'x and y change places'
    """
    found = before_the_slash(rule)
    if not found:
        return "a slash must stand after the arrays"
    if len(found) != len(wanted):
        return f"{counted(len(found), 'name')} before the slash, not {len(wanted)}"
    if found != [*wanted] and sorted(found) == sorted(wanted):
        return f"{listed(a for a, b in zip(found, wanted) if a != b)} change places"
    return _parameters_misfit(rule, parameters)


def _parameters_misfit(rule: Rule, parameters: Sequence[str]) -> str:
    own = after_the_slash(rule)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(rule).parameters.values())
    missing = [name for name in parameters if name not in own and not takes_any]
    spare = [name for name, p in own.items() if name not in parameters and p.default is p.empty]
    if missing:
        return f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    return f"{listed(spare)} {'is' if len(spare) == 1 else 'are'} not handed to it" if spare else ""


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
