"""Files of arrays by name, `.npz` or `.safetensors`: written whole or not at all, and never unpickled."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

from nn.settings import told
from ops.files import replacing

Array = np.ndarray[Any, Any]
Name = str | os.PathLike[str]


class Entry(NamedTuple):
    """An array in a file: what is known of it before it is read, and how to read it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    bytes_in_file: int
    read: Callable[[], Array]

    def grows(self) -> bool:
        """Whether the array takes more memory than its bytes in the file."""
        return prod(self.shape) * self.dtype.itemsize > self.bytes_in_file


def write(what: str, path: Name, arrays: Mapping[str, Array]) -> None:
    """A new file of the arrays in the path's place; the errors speak for the function `what`."""
    form = form_of(what, path)
    for name, x in arrays.items():
        if not form.names(name):
            raise ValueError(
                f"{what}: the name {told(repr(name))} cannot stand in a {Path(path).suffix} file; rename it"
            )
        if not form.holds(x.dtype):
            raise TypeError(
                f"{what}: {name} is an array of {x.dtype}, which {told(path)} cannot hold; "
                f"convert it to float64 or int64"
            )
    try:
        with replacing(path) as file:
            form.write(file, arrays)
    except OSError as error:
        raise _io_error(what, "write", path, error) from error


def read(what: str, path: Name, writer: str, check: Callable[[Mapping[str, Entry]], None]) -> dict[str, Array]:
    """The file's arrays, once `check` has found nothing wrong with what is known of them before they are read."""
    form = form_of(what, path)
    try:
        with open(path, "rb") as file:
            with _foreign_bytes_refused(what, path, writer):
                entries = _unique(form.entries(file))
            check(entries)
            with _foreign_bytes_refused(what, path, writer):
                return {name: entry.read() for name, entry in entries.items()}
    except OSError as error:
        raise _io_error(what, "read", path, error) from error


def _unique(entries: list[tuple[str, Entry]]) -> dict[str, Entry]:
    by_name = dict(entries)
    if len(by_name) < len(entries):
        twice = next(name for i, (name, _) in enumerate(entries) if name in dict(entries[:i]))
        raise ValueError(f"its member {twice} stands there twice")
    return by_name


class _Npz:
    """NumPy's own format: a zip of `.npy` members, stored as `numpy.savez` stores them."""

    def holds(self, dtype: np.dtype[Any]) -> bool:
        return dtype.kind in "biufc"

    def names(self, name: str) -> bool:
        return _is_text(name) and "\0" not in name and len(name.encode()) < 2**15

    def write(self, file: BinaryIO, arrays: Mapping[str, Array]) -> None:
        # numpy.savez(file, **arrays) would mistake a parameter whose name is "file" for its own argument.
        with ZipFile(file, "w") as archive:
            for name, x in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, x, allow_pickle=False)

    def entries(self, file: BinaryIO) -> list[tuple[str, Entry]]:
        archive = ZipFile(file)
        return [(each.filename.removesuffix(".npy"), self._entry(archive, each)) for each in archive.infolist()]

    def _entry(self, archive: ZipFile, info: ZipInfo) -> Entry:
        # Other compressions, and headers of other versions, can grow without limit while they are read.
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise ValueError(f"its member {info.filename} is compressed in a way that NumPy does not use")
        with archive.open(info) as member:
            if npy.read_magic(member) != (1, 0):
                raise ValueError(f"its member {info.filename} is not of version 1.0 of the .npy format")
            shape, _, dtype = npy.read_array_header_1_0(member)
        if dtype.hasobject:
            raise ValueError(f"its member {info.filename} holds pickled Python objects, which can run code")
        return Entry(shape, dtype, info.compress_size, partial(self._array, archive, info))

    def _array(self, archive: ZipFile, info: ZipInfo) -> Array:
        with archive.open(info) as member:
            return npy.read_array(member, allow_pickle=False)


class _Safetensors:
    """The format of the safetensors package: a JSON header, then the bytes of every array.

    The format has no checksum of its own, so one stands in the header's metadata; without it a file is taken as it is.
    """

    def __init__(self, what: str) -> None:
        try:
            import safetensors.numpy
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"{what}: a .safetensors file needs the safetensors package, which is not installed; "
                f"run `pip install safetensors`, or use .npz"
            ) from error
        self.library = safetensors.numpy

    def holds(self, dtype: np.dtype[Any]) -> bool:
        return dtype.kind in "biuf" and dtype.itemsize <= 8

    def names(self, name: str) -> bool:
        return _is_text(name) and name != "__metadata__"

    def write(self, file: BinaryIO, arrays: Mapping[str, Array]) -> None:
        # Without order="C" the library (0.8) copies memory from an array's first byte on, whatever its strides.
        rows = {name: np.asarray(x, order="C") for name, x in arrays.items()}
        file.write(self.library.save(rows, metadata={"sha256": _checksum(rows)}))

    def entries(self, file: BinaryIO) -> list[tuple[str, Entry]]:
        content = file.read()
        try:
            arrays = self.library.load(content)
        except KeyError as kind:
            raise ValueError(f"it holds numbers of the type {kind}, which NumPy lacks") from kind
        told = _metadata(content).get("sha256")
        if told is not None and told != _checksum(arrays):
            raise ValueError("its arrays are not those that were saved, by their checksum")
        return [(name, Entry(x.shape, x.dtype, x.nbytes, partial(np.asarray, x))) for name, x in arrays.items()]


def _metadata(content: bytes) -> dict[str, str]:
    """What stands beside the arrays in the header of a .safetensors file; ValueError for a name that stands twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name in its header stands there twice")
        return dict(pairs)

    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size], object_pairs_hook=unique).get("__metadata__", {})


def _checksum(arrays: Mapping[str, Array]) -> str:
    """SHA-256 over every array's name, type, shape and little-endian bytes, in the order of their names."""
    digest = sha256()
    for name, x in sorted(arrays.items()):
        digest.update(ascii((name, x.dtype.name, x.shape)).encode())
        digest.update(x.astype(x.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()


def _is_text(name: str) -> bool:
    """Whether the name can be written as UTF-8: half of a surrogate pair cannot."""
    return name.isprintable() or name.encode(errors="ignore").decode() == name


_ENDINGS = (".npz", ".safetensors")


def form_of(what: str, path: Name) -> _Npz | _Safetensors:
    """The format that the path ends in; ValueError for another ending."""
    ending = told(Path(path).suffix)
    if ending.lower() not in _ENDINGS:
        raise ValueError(f"{what}: {told(path)} ends in {ending!r}; a model's file may end in .npz or .safetensors")
    return _Npz() if ending.lower() == ".npz" else _Safetensors(what)


@contextmanager
def _foreign_bytes_refused(what: str, path: Name, writer: str) -> Iterator[None]:
    """ValueError for whatever error, of any class, a reader comes to on bytes that nobody wrote for it."""
    try:
        yield
    except Exception as error:
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise ValueError(
            f"{what}: cannot read {told(path)} as {Path(path).suffix}: {reason}; give a whole file that {writer} wrote"
        ) from error


_ADVICE: dict[tuple[str, type[OSError]], str] = {
    ("write", FileNotFoundError): "make its folder first",
    ("write", IsADirectoryError): "give the name of a file in it",
    ("write", PermissionError): "choose a folder that you may write to",
    ("read", FileNotFoundError): "check the name, or save a model there first",
    ("read", IsADirectoryError): "give the name of a file in it",
    ("read", PermissionError): "get leave to read it, or give another file",
}


def _io_error(what: str, verb: str, path: Name, error: OSError) -> OSError:
    """The error in our words, of the same class."""
    advice = _ADVICE.get((verb, type(error)), "check the path and the disk")
    return type(error)(f"{what}: cannot {verb} {told(path)}: {error.strerror or error}; {advice}")
