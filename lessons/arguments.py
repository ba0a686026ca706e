"""Readers of command-line arguments, which refuse in one sentence what a program cannot take."""

from __future__ import annotations

import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

SEED = 2**32 - 1  # the largest seed that scikit-learn takes


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A reader of whole numbers no smaller than `least` and no larger than `most`."""
    wanted = f"{least} or more" if most is None else f"from {least} to {most}"

    def whole_number(text: str) -> int:
        n = int(text) if text.removeprefix("-").isdecimal() else None
        if n is None or n < least or (most is not None and n > most):
            raise ArgumentTypeError(f"got {text!r}; it must be a whole number, {wanted}")
        return n

    return whole_number


def folder(text: str) -> Path:
    """A folder that can be written to, made where it is not there yet."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except (OSError, ValueError) as error:  # such as a name with NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise ArgumentTypeError(f"cannot write to {text!r} ({reason}); name another folder") from None
