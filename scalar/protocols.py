"""What Python, NumPy and pandas ask of a number, and what a Value answers."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from ops import modes
from ops.demands import demand_flag
from ops.foreign import ABOVE_PANDAS, array_ufunc
from ops.words import formatted, shown


class _Double:
    """Python's float as a dtype; NumPy's mean of Values asks for its `type`, to give the result that type."""

    kind = "f"

    def type(self, x: Any) -> Any:
        return x

    @property
    def dtype(self) -> Any:
        """NumPy's name for it, for NumPy, which is there if it asks."""
        return sys.modules["numpy"].dtype(float)

    def __eq__(self, other: object) -> bool:
        return other is self or other is float

    __hash__ = object.__hash__


class _ForFunctions:
    """`__array_ufunc__` where NumPy asks the class, for `np.tanh(value)`, and None where it asks the object.

    That it asks for its operators, and None leaves `array * value` to the Value.
    """

    def __get__(self, value: Any, kind: Any = None) -> Any:
        return array_ufunc if value is None else None


def _comparison(holds: Callable[[Any, Any], Any], symbol: str) -> Callable[[Any, Any], Any]:
    def compare(self: Number, other: Any) -> Any:
        try:
            return holds(self._data, getattr(other, "_data", other))
        except Exception:  # whatever the other side says to a number
            raise TypeError(f"{symbol}: numbers compare with numbers, not with {shown(other)}") from None

    return compare


class Number:
    """A Value as other libraries see it.  A transform refuses what would take its number out of the graph unseen."""

    __slots__ = ()
    _data: float
    __array_ufunc__, __pandas_priority__ = _ForFunctions(), ABOVE_PANDAS
    dtype: Any = _Double()

    @property
    def requires_grad(self) -> bool:
        """True of every Value."""
        return True

    @requires_grad.setter
    def requires_grad(self, asks: Any) -> None:
        if not demand_flag("Value", asks):
            raise ValueError(
                "Value: requires_grad is True of every Value; detach() makes one that passes no gradient on"
            )

    # fmt: off
    __lt__ = _comparison(operator.lt, "<");  __le__ = _comparison(operator.le, "<=")
    __gt__ = _comparison(operator.gt, ">");  __ge__ = _comparison(operator.ge, ">=")
    def __float__(self) -> float: return modes.leaving(self._data) if modes.MODES else self._data
    def __int__(self) -> int: return modes.leaving(int(self._data)) if modes.MODES else int(self._data)
    def __bool__(self) -> bool: return self._data != 0
    def __format__(self, form: str) -> str: return formatted(self._data, form) if form else repr(self)
    # fmt: on
