"""What Python, NumPy and pandas ask of a number, and what a Value answers."""

from __future__ import annotations

import sys
from typing import Any

from ops import modes
from ops.foreign import ABOVE_PANDAS, array_ufunc


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


class Number:
    """A Value as other libraries see it.  A transform refuses what would take its number out of the graph unseen."""

    __slots__ = ()
    _data: float
    __array_ufunc__, __pandas_priority__ = _ForFunctions(), ABOVE_PANDAS
    dtype: Any = _Double()

    # fmt: off
    def __float__(self) -> float: return modes.leaving(self._data) if modes.MODES else self._data
    def __int__(self) -> int: return modes.leaving(int(self._data)) if modes.MODES else int(self._data)
    def __bool__(self) -> bool: return self._data != 0
    def __format__(self, form: str) -> str: return format(self._data, form) if form else repr(self)
    # fmt: on
