"""Reading a rule's arguments off its code: `inspect` would take longer to import than all the ops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ops.errors import DeclarationError
from ops.words import counted, listed, shown

if TYPE_CHECKING:
    from inspect import Signature

Rule = Callable[..., Any]

# What xp has for floats and arrays alike, next to the registry's ops.
FUNCTIONS = (
    *("abs", "sign", "exp", "log", "log1p", "sqrt", "sin", "cos", "tanh", "erf", "erfc"),
    *("pow", "power", "divide", "maximum", "minimum", "where", "isnan", "logical_not", "pi", "inf", "nan"),
)
NO_DEFAULT: Any = object()
_STARRED, _TAKES_ANY = 0x04, 0x08  # of the flags of a function's code: it has *names, it has **names


def named(rule: Any, asker: str) -> Rule:
    """The rule, if it is a named function, so that a traceback can name it; DeclarationError where it is not."""
    if not isinstance(rule, FunctionType) or rule.__name__ == "<lambda>":
        raise DeclarationError(
            f"{asker}: a rule is a named function, so that a traceback can name it; write it with def, in place of "
            f"{shown(rule)}"
        )
    return rule


def arguments(rule: Rule) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A rule's arguments before the slash, a starred one with its star, and its parameters with their defaults.

    >>> def power(xp, x, /, n=2, *, scale):
    ...     return scale * x**n
    >>> before, after = arguments(power)
    >>> before, after["n"], after["scale"] is NO_DEFAULT
    (('xp', 'x'), 2, True)
    """
    rule = unwrapped(rule)
    code = rule.__code__
    names, positional, slash = code.co_varnames, code.co_argcount, code.co_posonlyargcount
    end = positional + code.co_kwonlyargcount
    star = (f"*{names[end]}",) if code.co_flags & _STARRED else ()
    given = dict(zip(names[:positional][::-1], (rule.__defaults__ or ())[::-1])) | (rule.__kwdefaults__ or {})
    after = {name: given.get(name, NO_DEFAULT) for name in names[slash:end]}
    return (*names[:slash], *star), after


def unwrapped(rule: Any) -> Any:
    """The function itself, below what functools.wraps put round it."""
    while hasattr(rule, "__wrapped__"):
        rule = rule.__wrapped__
    return rule


def read_signature(forward: Rule, asker: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The arrays of a forward, which stand between xp and the slash, and its parameters with their defaults."""
    before, parameters = arguments(forward)
    if len(before) < 2:
        raise DeclarationError(
            f"{asker}: {forward.__name__} takes no array: arrays stand before the slash, as in (xp, x, /), and it "
            f"takes {written(forward)}"
        )
    return before[1:], parameters


def written(rule: Rule) -> str:
    """A rule's arguments as its author wrote them."""
    from inspect import signature  # here, since only errors ask

    return str(signature(rule))


def public_signature(arrays: Sequence[str], parameters: Mapping[str, Any]) -> Signature:
    """How an op is called: its arrays, then its parameters, without xp."""
    from inspect import Parameter, Signature  # here, since only help, cards and errors ask

    ours = [Parameter(name.lstrip("*"), Parameter.POSITIONAL_ONLY) for name in arrays]
    defaults = {name: Parameter.empty if d is NO_DEFAULT else d for name, d in parameters.items()}
    theirs = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=d) for name, d in defaults.items()]
    return Signature([*ours, *theirs], __validate_parameters__=False)  # one without a default may stand last


def misfit(rule: Rule, wanted: Sequence[str], parameters: Iterable[str]) -> str:
    """What is wrong with a rule's arguments, if it shall take these and then these parameters; empty if nothing.

    >>> def times_partials(xp, x, y, /):
    ...     return (1,)
    >>> misfit(times_partials, ("xp", "y", "x"), ["k"])
    'x and y change places'
    """
    found, own = arguments(rule)
    if not found:
        return "a slash must stand after the arrays"
    if len(found) != len(wanted):
        return f"{counted(len(found), 'name')} before the slash, not {len(wanted)}"
    if found != (*wanted,) and sorted(found) == sorted(wanted):
        return f"{listed(a for a, b in zip(found, wanted) if a != b)} change places"
    takes_any = unwrapped(rule).__code__.co_flags & _TAKES_ANY
    missing = [name for name in parameters if name not in own and not takes_any]
    spare = [name for name, default in own.items() if name not in parameters and default is NO_DEFAULT]
    if missing:
        return f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    return f"{listed(spare)} {'is' if len(spare) == 1 else 'are'} not handed to it" if spare else ""
