"""DataLoader: batches of rows in a seeded order, of arrays or of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

import numpy as np

from nn.engines import Rng, generator
from nn.settings import count, flag, kind
from nn.states import Owner, numbers, set_generator
from ops.dispatch import is_node
from ops.errors import ShapeError

Array = np.ndarray[Any, Any]
_PLACE = ("rows", "left", "rng")  # what a state says apart from the settings


class DataLoader:
    """Batches of rows, the same rows of every array, as tuples of new NumPy arrays.

    arrays: of as many rows each, one by one or as a tuple such as (X, y); or a list of samples, each a tuple such as
    (x, y); or a dataset, anything with `__len__` and `__getitem__`, whose samples are read when their batch comes.
    shuffle: in a new order in every epoch, drawn from `rng`; the same seed gives the same epochs.
    drop_last: leave out the last batch if it is short.

    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> for rows, classes in DataLoader(X, y, batch_size=2):
    ...     print(rows.shape, classes)
    (2, 2) [0 1]
    (2, 2) [2 3]
    (1, 2) [4]
    """

    def __init__(
        self, *arrays: Any, batch_size: int = 1, shuffle: bool = False, drop_last: bool = False, rng: Rng = None
    ):
        self.batch_size = count(self, "batch_size", batch_size)
        self.shuffle, self.drop_last = flag(self, "shuffle", shuffle), flag(self, "drop_last", drop_last)
        self.rng = generator(self, rng)
        self.dataset = arrays[0] if len(arrays) == 1 and _is_dataset(arrays[0]) else None
        self.arrays: tuple[Array, ...] = _columns(_side_by_side(arrays)) if self.dataset is None else ()
        self._left: Array | None = None  # rows that the epoch under way has not come to
        self._resumed: Array | None = None  # rows that are left of an epoch that another run began
        self._demand_equal_lengths()

    def _demand_equal_lengths(self) -> None:
        lengths = [x.shape[0] if x.ndim else None for x in self.arrays]
        if self.dataset is None and (len(set(lengths)) != 1 or None in lengths):
            shapes = ", ".join(str(x.shape) for x in self.arrays) or "no arrays"
            raise ShapeError(f"DataLoader: got {shapes}; give arrays of as many rows each, and batch_size by name")

    def __repr__(self) -> str:
        shapes = ", ".join(str(x.shape) for x in self.arrays) or f"{kind(self.dataset)} of {self._rows()}"
        said = f"batch_size={self.batch_size}, shuffle={self.shuffle}, drop_last={self.drop_last}"
        return f"DataLoader({shapes}, {said}, batches={len(self)})"

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return self._batches(self._rows())

    def _rows(self) -> int:
        return len(self.arrays[0]) if self.dataset is None else len(self.dataset)

    def _batches(self, rows: int) -> int:
        return rows // self.batch_size if self.drop_last else ceil(rows / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        order, self._resumed = self._order(), None
        try:
            for start in range(0, self._batches(len(order)) * self.batch_size, self.batch_size):
                rows, self._left = np.split(order[start:], [self.batch_size])
                yield self._batch(rows)
        finally:
            self._left = None

    def _order(self) -> Array:
        if self._resumed is not None:
            return self._resumed
        n = self._rows()
        return self.rng.permutation(n) if self.shuffle else np.arange(n)

    def _batch(self, rows: Array) -> tuple[Array, ...]:
        if self.dataset is None:
            return tuple(x[rows] for x in self.arrays)
        samples = [self.dataset[int(i)] for i in rows]
        several = any(isinstance(sample, tuple) or _is_sample(sample) for sample in samples)
        return _columns(_across(samples) if several else [samples])

    def state_dict(self) -> dict[str, Any]:
        """Where the loader stands: its generator, and in the middle of an epoch the rows that are left of it."""
        left = self._resumed if self._left is None else self._left
        where = {"rows": self._rows(), "left": left, "rng": self.rng.bit_generator.state}
        return {**self._owner().state(), **where}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from the state of a loader of these settings over as many rows; the next loop ends its epoch first.

        Raises ValueError for another's state, TypeError for what is no state; nothing is taken over then.
        """
        self._owner().demand(state_dict, _PLACE)
        rows, left = self._rows(), state_dict["left"]
        if state_dict["rows"] != rows:
            raise ValueError(
                f"load_state_dict: the state is of {state_dict['rows']} rows, but this loader has {rows}; "
                f"give it the same data"
            )
        if left is not None:
            left = numbers("load_state_dict", "left", left)
            if left.dtype.kind not in "iu" or left.ndim != 1 or not ((left >= 0) & (left < rows)).all():
                raise ValueError("load_state_dict: left is no list of rows; give what DataLoader.state_dict() returned")
        set_generator("load_state_dict", "rng", self.rng, state_dict["rng"])
        self._resumed = left

    def _owner(self) -> Owner:
        return Owner.of(self, apart=())


def _side_by_side(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays that were given: one by one, as a tuple, or row by row in a list of samples."""
    if len(arrays) != 1:
        return arrays
    (data,) = arrays
    if isinstance(data, tuple) and not any(map(_is_number, data)):
        return data
    return _across(data) if isinstance(data, list) and data and all(map(_is_sample, data)) else arrays


def _across(samples: list[Any]) -> tuple[Any, ...]:
    """Samples of several parts each, as a list for each part."""
    parts = {len(sample) if isinstance(sample, (tuple, list)) else 1 for sample in samples}
    if len(parts) > 1:
        raise ShapeError(
            f"DataLoader: samples have {min(parts)} to {max(parts)} parts; give each as many, as in (x, y)"
        )
    return tuple(map(list, zip(*samples)))


def _is_sample(x: Any) -> bool:
    """Whether this is a sample of several parts: a tuple of more than numbers, or a list of parts unlike each other."""
    if isinstance(x, list):
        return any(hasattr(part, "shape") for part in x) and len({np.shape(part) for part in x}) > 1
    return isinstance(x, tuple) and not all(map(_is_number, x))


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float, np.number))


def _is_dataset(x: Any) -> bool:
    if is_node(x) or hasattr(x, "__array__") or isinstance(x, (list, tuple, range, str, bytes, Mapping)):
        return False
    return hasattr(x, "__len__") and hasattr(x, "__getitem__")


def _columns(arrays: Any) -> tuple[Array, ...]:
    return tuple(_copied(i, x) for i, x in enumerate(arrays))


def _copied(i: int, rows: Any) -> Array:
    if getattr(rows, "requires_grad", False) and not is_node(rows):
        raise TypeError(f"DataLoader: array {i} is a torch.{kind(rows)} that asks for a gradient; give its detach()")
    try:
        x = np.array(np.asarray(rows))  # in two steps, as PyTorch's tensors do not take NumPy's request for a copy
    except ValueError:
        raise ShapeError("DataLoader: rows of different lengths make no array; pad them to one length") from None
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise TypeError(f"DataLoader: array {i}, a {kind(rows)}, makes no array of NumPy: {why}; convert it") from None
    if x.dtype.kind not in "biuf":
        _refuse_contents(i, rows, x)
    return x


def _refuse_contents(i: int, rows: Any, x: Array) -> None:
    if x.dtype.kind in "US":
        cure = "number them first, as in np.unique(labels, return_inverse=True)[1]"
        raise TypeError(f"DataLoader: array {i} holds strings, but batches are numbers; {cure}")
    holds = f"holds {kind(x.flat[0])}" if x.dtype == object and x.size else f"is of {x.dtype}"
    what = f"is a {kind(rows)}" if x.ndim == 0 else holds
    raise TypeError(
        f"DataLoader: array {i} {what}, but batches are numbers; give arrays or lists of numbers, or a dataset, "
        f"anything with __len__ and __getitem__"
    )
