"""Lines of the user's code: which one is running now, and what stands there."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

_OURS = {"ops", "scalar", "tensor", "nn", "viz", "numpy", "threading", "contextlib", "functools"}


class Place(NamedTuple):
    """A line of code."""

    path: str
    number: int

    @property
    def text(self) -> str:
        """What stands on the line; empty where its source cannot be had."""
        from linecache import getline  # here, since only a story that is told asks

        return getline(self.path, self.number).strip()

    def __str__(self) -> str:
        return f"{self.path}:{self.number}" + (f" `{self.text}`" if self.text else "")


def package_of(frame: Any) -> str:
    """The top-level package whose code a frame runs."""
    return frame.f_globals.get("__name__", "").partition(".")[0]


def line_of_the_user(frame: Any = None) -> Place:
    """The innermost line, from this frame outwards, that is neither ours nor in an installed package."""
    first = found = frame = frame or sys._getframe(1)
    while frame is not None:
        if package_of(frame) not in _OURS:
            found = frame if found is first else found
            if "site-packages" not in frame.f_code.co_filename:
                return Place(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return Place(found.f_code.co_filename, found.f_lineno)
