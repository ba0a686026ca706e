"""Parameters that a call may keep: whoever gave them cannot change them afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.dispatch import MOST_AXES

_FIXED = (int, float, bool, str, type(None), type)


def owned(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters, with copies of the arrays and the lists among them, which backward will read again.

    >>> shape = [2, 3]
    >>> kept = owned({"shape": shape, "keepdims": False})
    >>> shape[0] = 100
    >>> kept
    {'shape': [2, 3], 'keepdims': False}
    """
    for value in params.values():
        if type(value) not in _FIXED:
            return {name: _own(value) for name, value in params.items()}
    return params


def _own(value: Any, depth: int = 0) -> Any:
    if depth > MOST_AXES:  # deeper than any array, or without end
        return value
    if type(value) in (list, tuple):
        return type(value)([_own(x, depth + 1) for x in value])
    if type(value) is dict:
        return {key: _own(x, depth + 1) for key, x in value.items()}
    is_array = hasattr(type(value), "shape") and hasattr(type(value), "copy")
    return value.copy() if is_array else value
