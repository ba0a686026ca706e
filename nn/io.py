"""Models in files, as `.npz` or `.safetensors`: written whole or not at all, and never unpickled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

from nn import files, states
from nn.module import Module, missing_from
from nn.settings import kind, told
from ops.errors import ShapeError

Array = np.ndarray[Any, Any]
Name = str | os.PathLike[str]
M = TypeVar("M", bound=Module)


def save(model: Module, path: Name) -> None:
    """A file of the model's state dict, in the format that the path ends in: `.npz` or `.safetensors`.

    Where a process is killed on the way, the path holds the old file or the new one, whole, and beside it there
    may be a left-over `path.HEX.tmp`, which can be deleted.  An existing file keeps its permissions.
    A .safetensors file holds a checksum in its metadata, which `load` checks where it finds one.
    Raises ValueError for another ending or a name that the format cannot hold, or that two arrays have, TypeError for
    an array that the format cannot hold, OSError (such as
    FileNotFoundError or PermissionError) where the path cannot be written.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save(nn.Linear(2, 1, rng=0), f"{folder}/line.npz")
    ...     np.load(f"{folder}/line.npz").files
    ['weight', 'bias']
    """
    _check_order("save", model, path)
    files.form_of("save", path)
    files.write("save", path, model.state_dict())


def load(model: M, path: Name) -> M:
    """The model itself, with the numbers of a file that `save` wrote: all of them or, after an error, none.

    The file may come from either engine; its numbers take the types of the model's own.
    Raises OSError (such as FileNotFoundError) where the path cannot be read, ValueError where the file is not whole,
    not of the format that its name ends in or has other names, ShapeError and TypeError for other shapes and types.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save(nn.Linear(2, 1, rng=0), f"{folder}/line.npz")
    ...     line = nn.load(nn.Linear(2, 1, engine="scalar"), f"{folder}/line.npz")
    >>> line.bias.numpy() == nn.Linear(2, 1, rng=0).bias.numpy()
    array([ True])
    """
    _check_order("load", model, path)
    files.form_of("load", path)
    state = model.state_dict()
    arrays = files.read("load", path, "save", partial(_check_entries, path, model, state))
    model.load_state_dict({name: _converted(path, name, x, state[name].dtype) for name, x in arrays.items()})
    return model


def _check_order(what: str, model: Any, path: Any) -> None:
    if not (isinstance(model, Module) and isinstance(path, (str, os.PathLike))):
        seen = f"{kind(model)} and {kind(path)}"
        raise TypeError(f'{what}: got {seen}; write nn.{what}(model, "file.npz"), the model first')


def _check_entries(path: Name, model: Module, state: Mapping[str, Array], entries: Mapping[str, files.Entry]) -> None:
    """Names, shapes and types, so that no more is read than the model can take."""
    _check_names(path, missing_from(model, entries.keys()), sorted(entries.keys() - state.keys()))
    for name, x in state.items():
        if name in entries:
            _check_fits(path, name, x, entries[name])


def _check_names(path: Name, missing: list[str], unknown: list[str]) -> None:
    said = [f"it lacks {_first_few(missing)}"] if missing else []
    said += [f"the model has no {_first_few(unknown)}"] if unknown else []
    if said:
        raise ValueError(
            f"load: {told(path)} does not fit: {' and '.join(said)}; give the file of a model of the same build"
        )


def _check_fits(path: Name, name: str, x: Array, entry: files.Entry) -> None:
    if entry.shape != x.shape:
        raise ShapeError(
            f"load: {told(path)}: {name} has shape {entry.shape}, but the model's has {x.shape}; "
            f"give the file of a model of the same sizes"
        )
    both_real = {entry.dtype.kind, x.dtype.kind} <= set("biuf")
    if not both_real and not np.can_cast(entry.dtype, x.dtype, "same_kind"):
        raise _type_error(path, name, entry.dtype, x.dtype)


def _converted(path: Name, name: str, x: Array, dtype: np.dtype[Any]) -> Array:
    y = states.converted(x, dtype)
    if y is None:
        raise _type_error(path, name, x.dtype, dtype)
    return y


def _type_error(path: Name, name: str, theirs: np.dtype[Any], ours: np.dtype[Any]) -> TypeError:
    return TypeError(
        f"load: {told(path)}: {name} holds numbers of {theirs} that the model's {ours} cannot take over; "
        f"give the file of a model of the same types"
    )


def _first_few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
