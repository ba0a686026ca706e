"""What the parameters of the package's own ops may be, known by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ops.demands import is_of_the_package
from ops.dispatch import has_axes, is_node, is_number
from ops.words import shown


class _Kind(NamedTuple):
    """Whether a value is of this kind, and what it is called."""

    holds: Callable[[Any], bool]
    called: str


def _is_flag(x: Any) -> bool:
    return isinstance(x, bool) or (isinstance(x, int) and x in (0, 1))


def _is_float(x: Any) -> bool:
    return as_float(x) is not None


def _is_bound(x: Any) -> bool:
    return (
        x is None or (has_axes(x) and getattr(getattr(x, "dtype", None), "kind", "") in ("f", "i", "u")) or _is_float(x)
    )


def _is_word(x: Any) -> bool:
    return isinstance(x, str)


_NUMBER = _Kind(_is_float, "a number, such as 0.5")
_BOUND = _Kind(_is_bound, "a number or None")
_KINDS = {
    "keepdims": _Kind(_is_flag, "True or False"),
    **dict.fromkeys(("ddof", "slope", "constant_values", "exponent"), _NUMBER),
    **dict.fromkeys(("low", "high"), _BOUND),
    "approximate": _Kind(_is_word, '"none" or "tanh"'),
    "mode": _Kind(_is_word, '"constant", "reflect", "edge" or "wrap"'),
}


def wrong(op: Any, params: Mapping[str, Any]) -> str:
    """A sentence for the first parameter that is not of its kind; empty where all are, and for a user's own op."""
    if not is_of_the_package(op.forward):
        return ""
    for name, value in params.items():
        kind = _KINDS.get(name)
        if kind and not kind.holds(value):
            return f"{op.name}: {name} is {shown(value)}, but it must be {kind.called}"
    return ""


def plain(op: Any, name: str, value: Any) -> Any:
    """The value, and if it is a number of another library or class one of Python's, which widens nothing."""
    if hasattr(value, "item") and not isinstance(value, type) and getattr(value, "shape", None) == ():
        if is_node(value):
            return value if value.requires_grad or name not in _KINDS else value.item()
        value = value.item()
    if (
        isinstance(value, (int, float))
        or _KINDS.get(name) not in (_NUMBER, _BOUND)
        or not is_of_the_package(op.forward)
    ):
        return value
    number = as_float(value)
    return value if number is None else number


def as_float(x: Any) -> float | None:
    """A real number as a float; None for what is none, or is too large to be one."""
    try:
        return float(x) if is_number(x) or hasattr(x, "is_integer") else None
    except (TypeError, ValueError, OverflowError):
        return None
