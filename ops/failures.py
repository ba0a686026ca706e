"""What went wrong when an op ran, in one sentence of ours for what an array library said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ops import parameters
from ops.demands import is_of_the_package
from ops.dispatch import has_axes, is_node
from ops.errors import ParameterError, ShapeError
from ops.shapes import integer, is_sequence, normal_axes, why_not
from ops.words import shown

# What NumPy says, and what is meant.
_MEANT = {
    "truth value": "an if, and, or, not, max or min cannot decide for all elements at once; write "
    "xp.where(condition, a, b), which is ops.where",
}


def explained(op: Any, error: Exception, arrays: Sequence[Any], params: Mapping[str, Any]) -> Exception:
    """The error that an array library raised when the op ran on these arrays, in one sentence."""
    shapes = [getattr(x, "shape", ()) for x in arrays]
    if said := _about_a_node(op, params) or parameters.wrong(op, params):
        return TypeError(said)
    if "axis" in params and op.variadic:
        integer(params["axis"], f"{op.name}: axis")
    elif "axis" in params and len(shapes) == 1:
        normal_axes(params["axis"], len(shapes[0]), op.name)
    if type(error).__module__ == ShapeError.__module__:
        return error
    if isinstance(error, (TypeError, OverflowError)):
        return _raw(op, error)
    if meant := next((meant for said, meant in _MEANT.items() if said in str(error)), ""):
        return ParameterError(f"{op.name}: {meant}")
    said = op.sentence(*shapes, **params) or (why_not(shapes) if op.elementwise else "")
    seen = f" of shape {' and '.join(map(str, shapes))}" if not said else ""
    kind = ShapeError if isinstance(error, ValueError) else IndexError
    return kind(f"{op.name}{seen}: {said or error}")


def _raw(op: Any, error: Exception) -> Exception:
    """What Python or NumPy said when a rule ran, in the name of the op; of a user's own op it is left as it is."""
    if not is_of_the_package(op.forward) or str(error).startswith(f"{op.name}:"):
        return error
    if isinstance(error, OverflowError):
        return TypeError(f"{op.name}: a number is too large for a float, whose largest is about 1.8e308")
    return TypeError(f"{op.name}: {error}")


def misfit(op: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TypeError:
    """What is wrong with a call whose arguments do not fit the op's signature."""
    rest = args[len(op.arrays) :]
    twice = next((name for name in [*op.parameters][: len(rest)] if name in kwargs), "")
    if op.variadic and rest and not (twice and _may_be_an_axis(rest[0])):
        return TypeError(ask_for_a_list(op))
    if twice:
        return TypeError(f"{op.name}{op.__signature__} got multiple values for argument {twice!r}")
    given = [type(a).__name__ for a in args] + [f"{k}={shown(v)}" for k, v in kwargs.items()]
    return TypeError(f"{op.name}{op.__signature__} does not take ({', '.join(given)})")


def _may_be_an_axis(x: Any) -> bool:
    return hasattr(type(x), "__index__") and not has_axes(x)


def normalise(op: Any, rest: Sequence[Any], params: dict[str, Any], by_itself: bool) -> None:
    """Make a list of axes a tuple; TypeError for a parameter that is no good, or a node, whose gradient would be lost.

    by_itself: whether the op's door looks at them itself.
    """
    if op.variadic and any(is_node(x) or has_axes(x) for x in rest):
        raise TypeError(ask_for_a_list(op))
    axis = params.get("axis")
    if is_sequence(axis) and not isinstance(axis, tuple):
        params["axis"] = tuple(axis)
    for name, value in params.items():
        if not isinstance(value, (tuple, list)):
            params[name] = parameters.plain(op, name, value)
    if by_itself and any(is_node(x) for x in params.values()):
        return
    asking = {name: x for name, x in params.items() if is_node(x) and x.requires_grad}
    if said := _about_a_node(op, asking) or parameters.wrong(op, params):
        raise TypeError(said)


def _about_a_node(op: Any, params: Mapping[str, Any]) -> str:
    """A sentence for a node that stands where a parameter shall; empty where none does."""
    for name, value in params.items():
        if is_node(value):
            return (
                f"{op.name}: {name} is a parameter, which gets no gradient, so it cannot be a {type(value).__name__}; "
                f"give a plain number, or {name}.data"
            )
    return ""


def ask_for_a_list(op: Any) -> str:
    """What to write in place of arrays that are given one by one."""
    return f"{op.name} takes its arrays in one list: write ops.{op.name}([a, b]), not ops.{op.name}(a, b)"
