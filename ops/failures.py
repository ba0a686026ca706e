"""What went wrong when an op ran, in one sentence of ours for what an array library said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ops.dispatch import is_node
from ops.errors import ParameterError, ShapeError
from ops.shapes import normal_axes, why_not

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
    if "axis" in params and len(shapes) == 1 and not op.variadic:
        normal_axes(params["axis"], len(shapes[0]), op.name)
    if isinstance(error, (ShapeError, ParameterError, TypeError)):
        return error
    if meant := next((meant for said, meant in _MEANT.items() if said in str(error)), ""):
        return ParameterError(f"{op.name}: {meant}")
    said = op.sentence(*shapes, **params) or (why_not(shapes) if op.elementwise else "")
    seen = f" of shape {' and '.join(map(str, shapes))}" if not said else ""
    kind = ShapeError if isinstance(error, ValueError) else IndexError
    return kind(f"{op.name}{seen}: {said or error}")


def _about_a_parameter(op: Any, params: Mapping[str, Any]) -> str:
    """A sentence for a node that stands where a parameter shall; empty where none does."""
    for name, value in params.items():
        if is_node(value) and op.variadic:
            return ask_for_a_list(op)
        if is_node(value):
            return (
                f"{op.name}: {name} is a parameter, which gets no gradient, so it cannot be a {type(value).__name__}; "
                f"give a plain number or {name}.data"
            )
    return ""


def ask_for_a_list(op: Any) -> str:
    """What to write in place of arrays that are given one by one."""
    return f"{op.name} takes its arrays in one list: write ops.{op.name}([a, b]), not ops.{op.name}(a, b)"
