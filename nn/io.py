"""Models in files, as `.npz` or `.safetensors`: written whole or not at all, and never unpickled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

from nn.module import Module
from nn.settings import kind
from ops.errors import ShapeError

Array = np.ndarray[Any, Any]
Name = str | os.PathLike[str]
M = TypeVar("M", bound=Module)


def save(model: Module, path: Name) -> None:
    """A file of the model's state dict, in the format that the path ends in: `.npz` or `.safetensors`.

    Where a process is killed on the way, the path holds the old file or the new one, whole, and beside it there
    may be a left-over `path.HEX.tmp`, which can be deleted.  An existing file keeps its permissions.
    Raises ValueError for another ending, TypeError for an array that the format cannot hold, OSError (such as
    FileNotFoundError or PermissionError) where the path cannot be written.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nn.save(nn.Linear(2, 1, rng=0), f"{folder}/line.npz")
    ...     np.load(f"{folder}/line.npz").files
    ['weight', 'bias']
    """
    _check_order("save", model, path)
    form, state = _form("save", path), model.state_dict()
    _check_holds(form, path, state)
    try:
        with _replacing(path) as file:
            form.write(file, state)
    except OSError as error:
        raise _io_error("save", path, error) from error


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
    form, state = _form("load", path), model.state_dict()
    try:
        with open(path, "rb") as file:
            arrays = _read(form, file, path, state)
    except OSError as error:
        raise _io_error("load", path, error) from error
    model.load_state_dict({name: _converted(path, name, x, state[name].dtype) for name, x in arrays.items()})
    return model


class _Entry(NamedTuple):
    """An array in a file: what is known of it before it is read, and how to read it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], Array]


class _Npz:
    """NumPy's own format: a zip of `.npy` members, stored as `numpy.savez` stores them."""

    def holds(self, dtype: np.dtype[Any]) -> bool:
        return dtype.kind in "biufc"

    def write(self, file: BinaryIO, state: Mapping[str, Array]) -> None:
        # numpy.savez(file, **state) would mistake a parameter whose name is "file" for its own argument.
        with ZipFile(file, "w") as archive:
            for name, x in state.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, x, allow_pickle=False)

    def entries(self, file: BinaryIO) -> dict[str, _Entry]:
        archive = ZipFile(file)
        return {each.filename.removesuffix(".npy"): self._entry(archive, each) for each in archive.infolist()}

    def _entry(self, archive: ZipFile, info: ZipInfo) -> _Entry:
        # Other compressions, and headers of other versions, can grow without limit while they are read.
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise ValueError(f"its member {info.filename} is compressed in a way that NumPy does not use")
        with archive.open(info) as member:
            if npy.read_magic(member) != (1, 0):
                raise ValueError(f"its member {info.filename} is not of version 1.0 of the .npy format")
            shape, _, dtype = npy.read_array_header_1_0(member)
        if dtype.hasobject:
            raise ValueError(f"its member {info.filename} holds pickled Python objects, which can run code")
        return _Entry(shape, dtype, partial(self._array, archive, info))

    def _array(self, archive: ZipFile, info: ZipInfo) -> Array:
        with archive.open(info) as member:
            return npy.read_array(member, allow_pickle=False)


class _Safetensors:
    """The format of the safetensors package: a JSON header, then the bytes of every array."""

    def __init__(self) -> None:
        try:
            import safetensors.numpy
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "save and load: a .safetensors file needs the safetensors package, which is not installed; "
                "run `pip install safetensors`, or use .npz"
            ) from error
        self.library = safetensors.numpy

    def holds(self, dtype: np.dtype[Any]) -> bool:
        return dtype.kind in "biuf" and dtype.itemsize <= 8

    def write(self, file: BinaryIO, state: Mapping[str, Array]) -> None:
        # Without order="C" the library (0.8) copies memory from an array's first byte on, whatever its strides.
        file.write(self.library.save({name: np.asarray(x, order="C") for name, x in state.items()}))

    def entries(self, file: BinaryIO) -> dict[str, _Entry]:
        try:
            arrays = self.library.load(file.read())
        except KeyError as kind:
            raise ValueError(f"it holds numbers of the type {kind}, which NumPy lacks") from kind
        return {name: _Entry(x.shape, x.dtype, partial(np.asarray, x)) for name, x in arrays.items()}


_FORMS: dict[str, type[_Npz | _Safetensors]] = {".npz": _Npz, ".safetensors": _Safetensors}


def _check_order(what: str, model: Any, path: Any) -> None:
    if not (isinstance(model, Module) and isinstance(path, (str, os.PathLike))):
        seen = f"{kind(model)} and {kind(path)}"
        raise TypeError(f'{what}: got {seen}; write nn.{what}(model, "file.npz"), the model first')


def _form(what: str, path: Name) -> _Npz | _Safetensors:
    ending = Path(path).suffix
    if ending.lower() not in _FORMS:
        raise ValueError(f"{what}: {path} ends in {ending!r}; a model's file may end in .npz or .safetensors")
    return _FORMS[ending.lower()]()


@contextmanager
def _replacing(path: Name) -> Iterator[BinaryIO]:
    """A new file that takes the path's place when the block is through, and is removed if it raises."""
    target = Path(os.path.realpath(path))  # as open() does, write what a link points to, not the link
    temporary = target.with_name(f"{target.name}.{os.urandom(6).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            with suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _read(form: _Npz | _Safetensors, file: BinaryIO, path: Name, state: Mapping[str, Array]) -> dict[str, Array]:
    """The file's arrays; names, shapes and types are checked first, so no more is read than the model can take."""
    with _foreign_bytes_refused(path):
        entries = form.entries(file)
    _check_names(path, state, entries)
    for name, x in state.items():
        _check_fits(path, name, x, entries[name])
    with _foreign_bytes_refused(path):
        return {name: entry.read() for name, entry in entries.items()}


@contextmanager
def _foreign_bytes_refused(path: Name) -> Iterator[None]:
    """ValueError for whatever error, of any class, a reader comes to on bytes that nobody wrote for it."""
    try:
        yield
    except Exception as error:
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise ValueError(
            f"load: cannot read {path} as {Path(path).suffix}: {reason}; give a whole file that save wrote"
        ) from error


def _check_holds(form: _Npz | _Safetensors, path: Name, state: Mapping[str, Array]) -> None:
    for name, x in state.items():
        if not form.holds(x.dtype):
            raise TypeError(
                f"save: {name} is an array of {x.dtype}, which {path} cannot hold; convert it to float64 or int64"
            )


def _check_names(path: Name, state: Mapping[str, Array], entries: Mapping[str, _Entry]) -> None:
    missing, unknown = sorted(state.keys() - entries.keys()), sorted(entries.keys() - state.keys())
    said = [f"it lacks {_first_few(missing)}"] if missing else []
    said += [f"the model has no {_first_few(unknown)}"] if unknown else []
    if said:
        raise ValueError(f"load: {path} does not fit: {' and '.join(said)}; give the file of a model of the same build")


def _check_fits(path: Name, name: str, x: Array, entry: _Entry) -> None:
    if entry.shape != x.shape:
        raise ShapeError(
            f"load: {path}: {name} has shape {entry.shape}, but the model's has {x.shape}; "
            f"give the file of a model of the same sizes"
        )
    both_real = {entry.dtype.kind, x.dtype.kind} <= set("biuf")
    if not both_real and not np.can_cast(entry.dtype, x.dtype, "same_kind"):
        raise _type_error(path, name, entry.dtype, x.dtype)


def _converted(path: Name, name: str, x: Array, dtype: np.dtype[Any]) -> Array:
    """The array in the model's type; whole numbers may come as floats, since the scalar engine holds nothing else."""
    with np.errstate(invalid="ignore"):
        y = x.astype(dtype)
    if dtype.kind in "biu" and not np.array_equal(x, y):
        raise _type_error(path, name, x.dtype, dtype)
    return y


def _type_error(path: Name, name: str, theirs: np.dtype[Any], ours: np.dtype[Any]) -> TypeError:
    return TypeError(
        f"load: {path}: {name} holds numbers of {theirs} that the model's {ours} cannot take over; "
        f"give the file of a model of the same types"
    )


def _first_few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


_ADVICE: dict[tuple[str, type[OSError]], str] = {
    ("save", FileNotFoundError): "make its folder first",
    ("save", IsADirectoryError): "give the name of a file in it",
    ("save", PermissionError): "choose a folder that you may write to",
    ("load", FileNotFoundError): "check the name, or save a model there first",
    ("load", IsADirectoryError): "give the name of a file in it",
    ("load", PermissionError): "get leave to read it, or give another file",
}


def _io_error(what: str, path: Name, error: OSError) -> OSError:
    """The error in our words, of the same class."""
    do = {"save": "write", "load": "read"}[what]
    advice = _ADVICE.get((what, type(error)), "check the path and the disk")
    return type(error)(f"{what}: cannot {do} {path}: {error.strerror or error}; {advice}")
