"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

Name = str | os.PathLike[str]


@contextmanager
def replacing(path: Name) -> Iterator[BinaryIO]:
    """A new file that takes the path's place when the block is through, and is removed if it raises.

    Where a process is killed on the way, the path holds the old file or the new one, whole, and beside it there
    may be a left-over `path.HEX.tmp`, which can be deleted.  An existing file keeps its permissions.
    """
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


def write(path: Name, content: str | bytes, asker: str = "save") -> Path:
    """The path, which holds the content now, text as UTF-8.

    Raises OSError, of the class of the failure, in a sentence that begins with the asker; the old file stays then.
    """
    try:
        with replacing(path) as file:
            file.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise not_written(asker, path, error) from error
    return Path(path)


_ADVICE: dict[type[OSError], str] = {
    FileNotFoundError: "make its folder first",
    IsADirectoryError: "give the name of a file in it",
    PermissionError: "choose a folder that you may write to",
}


def not_written(asker: str, path: Name, error: OSError) -> OSError:
    """The error in our words, of the same class."""
    advice = _ADVICE.get(type(error), "check the path and the disk")
    return type(error)(f"{asker}: cannot write {os.fspath(path)}: {error.strerror or error}; {advice}")
