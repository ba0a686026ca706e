"""What went wrong when an op ran, in one sentence of ours for what an array library said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ops.dispatch import has_axes, is_node
from ops.errors import ParameterError, ShapeError
from ops.shapes import integers, normal_axes, why_not
from ops.words import shown

# What NumPy says, and what is meant.
_MEANT = {
    "truth value": "an if, and, or, not, max or min cannot decide for all elements at once; write "
    "xp.where(condition, a, b), which is ops.where",
}


def explained(op: Any, error: Exception, arrays: Sequence[Any], params: Mapping[str, Any]) -> Exception:
    """The error that an array library raised when the op ran on these arrays, in one sentence."""
    shapes = [getattr(x, "shape", ()) for x in arrays]
    if said := _about_a_parameter(op, params):
        return TypeError(said)
    if "axis" in params and op.variadic:
        integers(params["axis"], f"{op.name}: axis")
    elif "axis" in params and len(shapes) == 1:
        normal_axes(params["axis"], len(shapes[0]), op.name)
    if isinstance(error, (ShapeError, ParameterError, TypeError)):
        return error
    if meant := next((meant for said, meant in _MEANT.items() if said in str(error)), ""):
        return ParameterError(f"{op.name}: {meant}")
    said = op.sentence(*shapes, **params) or (why_not(shapes) if op.elementwise else "")
    seen = f" of shape {' and '.join(map(str, shapes))}" if not said else ""
    kind = ShapeError if isinstance(error, ValueError) else IndexError
    return kind(f"{op.name}{seen}: {said or error}")


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
    """Make a list of axes a tuple; TypeError for a parameter that is a node, whose gradient would be lost.

    by_itself: whether the op's door looks at them itself.
    """
    if op.variadic and any(is_node(x) or has_axes(x) for x in rest):
        raise TypeError(ask_for_a_list(op))
    if isinstance(params.get("axis"), list):
        params["axis"] = tuple(params["axis"])
    for name, value in params.items():
        if hasattr(type(value), "item") and value.shape == () and not is_node(value):
            params[name] = value.item()  # a number of NumPy's is one of Python's, which widens nothing
    asking = {name: x for name, x in params.items() if is_node(x) and x.requires_grad}
    if not by_itself and (said := _about_a_parameter(op, asking)):
        raise TypeError(said)


def _about_a_parameter(op: Any, params: Mapping[str, Any]) -> str:
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
