"""Questions about numbers, answered by plain booleans, which have no derivative and leave no trace in a graph."""

from __future__ import annotations

from typing import Any

from ops.dispatch import as_array, is_node


def isnan(x: Any) -> Any:
    """Whether each number is NaN. [Python array API]

    >>> isnan([1.0, float("nan")]).tolist()
    [False, True]
    """
    numbers = _numbers(x, "isnan")
    return numbers != numbers


def logical_not(x: Any) -> Any:
    """Whether each number is 0, or each condition does not hold; NaN holds. [Python array API]

    >>> logical_not([0.0, 2.0]).tolist()
    [True, False]
    """
    return _numbers(x, "logical_not") == 0


def _numbers(x: Any, asker: str) -> Any:
    """A node's numbers, to be read alone; a number as it is, anything else as an array."""
    if is_node(x):
        return x.peek() if x.rank else x.data
    return x if isinstance(x, (int, float)) else as_array(x, asker)
