"""Window: the floats of a ValueArray as a NumPy array, through which they can be written as well as read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Read = Callable[
    [Array], Array | None
]  # from what the window shows, the numbers as they are now; None if it shows others
Write = Callable[[Array, Array], None]  # what takes the places that were written, as a mask, and the numbers there

# NumPy's functions that write into their first argument.
_WRITERS = (np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis)


class Window(np.ndarray):
    """Floats that are read from Values; what is written into them, or into a slice of them, goes on into the Values.

    Its memory is closed to writes but for those that pass through here, so what cannot be seen, such as
    `rng.random(out=x.data)`, is refused by NumPy and not lost.  A copy is an array like any other.
    """

    source: tuple[Array, Read, Write] | None = None  # the memory, open to writes, and the Values behind it

    @classmethod
    def over(cls, numbers: Array, read: Read, write: Write) -> Window:
        """A window over these numbers."""
        whole = np.array(numbers)
        window = whole.view(cls)
        window.flags.writeable = False
        window.source = whole, read, write
        return window

    def __array_finalize__(self, made_from: Any) -> None:
        self.source = getattr(made_from, "source", None)

    def _written(self, act: Callable[[Array], Any]) -> Any:
        """Let `act` write into these numbers, and send on what it changed."""
        mine = self.view(np.ndarray)
        if self.source is None or _memory(self) is not self.source[0]:  # a copy
            return act(mine)
        whole, read, write = self.source
        mine.flags.writeable = True
        if (now := read(whole)) is None:
            return act(mine)
        whole[...] = now
        try:
            return act(mine)
        finally:
            changed = bits(now) != bits(whole)
            write(changed, whole[changed])

    def __setitem__(self, index: Any, number: Any) -> None:
        self._written(lambda x: x.__setitem__(index, number))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        call, read = getattr(ufunc, method), [_plain(x) for x in inputs]
        if method == "at" and isinstance(inputs[0], Window):
            return inputs[0]._written(lambda x: call(x, *read[1:], **options))
        if out is None:
            return call(*read, **options)
        if len(out) > 1 or not isinstance(out[0], Window):
            return call(*read, out=tuple(map(_plain, out)), **options)
        out[0]._written(lambda x: call(*read, out=x, **options))
        return out[0]

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function in _WRITERS and isinstance(args[0], Window):
            return args[0]._written(lambda x: function(x, *args[1:], **options))
        if isinstance(out := options.get("out"), Window):
            out._written(lambda x: function(*args, **{**options, "out": x}))
            return out
        return super().__array_function__(function, types, args, options)

    # fmt: off
    def fill(self, value: Any) -> None: self._written(lambda x: x.fill(value))
    def sort(self, *args: Any, **options: Any) -> None: self._written(lambda x: x.sort(*args, **options))
    def partition(self, *args: Any, **options: Any) -> None: self._written(lambda x: x.partition(*args, **options))
    def put(self, *args: Any, **options: Any) -> None: self._written(lambda x: x.put(*args, **options))
    # fmt: on

    @property
    def flat(self) -> Any:
        """The elements one by one."""
        return _Flat(self)

    def __reduce__(self) -> Any:
        return np.array(self).__reduce__()

    def __deepcopy__(self, memo: Any) -> Array:
        return np.array(self)

    def __repr__(self) -> str:
        return repr(_plain(self))


class _Flat:
    """`x.flat` of a window."""

    def __init__(self, window: Window):
        self._window = window

    def __setitem__(self, index: Any, number: Any) -> None:
        self._window._written(lambda x: x.flat.__setitem__(index, number))

    def __getitem__(self, index: Any) -> Any:
        return _plain(self._window).flat[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(_plain(self._window).flat)

    def __len__(self) -> int:
        return self._window.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(_plain(self._window).ravel(), dtype)


def _memory(x: Any) -> Any:
    """The array whose memory a window or a slice of one shows."""
    while isinstance(x, Window):
        x = x.base
    return x


def bits(numbers: Array) -> Array:
    """Floats to be compared bit by bit: -0.0 is not 0.0, and NaN is NaN."""
    return numbers.view(np.int64)


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, Window) else x
