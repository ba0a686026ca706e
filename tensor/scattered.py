"""A gradient that is zero but for what an index picked, laid out only when something else than adding needs it.

Sixty steps that each pick a row of one array send it sixty gradients of a row each.  Laid out one by one, they
would be sixty arrays of the full size.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ops.shapes import Shape

Array = np.ndarray[Any, Any]


class Scattered(np.lib.mixins.NDArrayOperatorsMixin):
    """Zeros of a shape to which x is added at an index: `total += it` touches only what the index picks.

    Whatever else is asked of it, it answers as the array that it stands for.

    >>> total = np.ones(4)
    >>> total += Scattered(np.ones(2), slice(1, 3), (4,))
    >>> total
    array([1., 2., 2., 1.])
    """

    def __init__(self, x: Array, index: Any, shape: Shape):
        self.x, self.index, self.shape, self.dtype = x, index, shape, x.dtype

    @cached_property
    def whole(self) -> Array:
        """The array that it stands for."""
        return self._added_to(np.zeros(self.shape, self.dtype))

    def _added_to(self, total: Array) -> Array:
        if _picks_once(self.index):
            total[self.index] += self.x
        else:
            np.add.at(total, self.index, self.x)
        return total

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        total = options.get("out", (None,))[0]
        if ufunc is np.add and total is not None and total is inputs[0] and inputs[1] is self:
            return self._added_to(total)
        return getattr(ufunc, method)(*(x.whole if type(x) is Scattered else x for x in inputs), **options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.whole, dtype, copy=copy)

    def __getitem__(self, index: Any) -> Any:
        return self.whole[index]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)


def _picks_once(index: Any) -> bool:
    """Whether the index is of whole numbers and slices, which pick no element twice as an index array may."""
    parts = index if type(index) is tuple else (index,)
    return all([type(part) in (int, slice, type(None), type(...)) for part in parts])
