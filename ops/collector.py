"""Python's search for garbage cycles, put off while many nodes are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without the search for garbage cycles, which thousands of new objects would set off, none of them in a cycle.

    Measured on the moons demo of ValueArrays with PyTorch imported: 89 ms a step in place of 192.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
