"""What makes a backward pass whole: its gradients arrive all at once, or not at all, and one thread's at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from itertools import starmap
from threading import RLock
from typing import Any

Write = tuple[Any, str, Any]  # a node, a slot of it, and what the slot shall hold

# Held while gradients are added to: two threads may go backward through one leaf.
lock = RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=getattr(lock, "_at_fork_reinit"))  # noqa: B009  (whoever held it is not there)


def hand_over(writes: Iterable[Write]) -> None:
    """All these writes, or none: one call into C, which neither a signal nor a thread comes between."""
    deque(starmap(setattr, writes), maxlen=0)


class Undo:
    """What a pass over Values puts back if it fails: the gradients that they had before.

    While it goes, the gradients of all its nodes grow from zero; at the end each leaf adds what it had.
    """

    def __init__(self) -> None:
        self.order: list[Any] = []  # the nodes of the pass, arguments first
        self.stack: list[Any] = []  # those that the walk has met and not yet put in order
        self.earlier: dict[Any, Any] = {}  # the gradients that were there, by node; the integer 0 is left out

    def __enter__(self) -> Undo:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:
            hand_over([(x, "grad", self.earlier.get(x, 0)) for x in (*self.order, *self.stack)])

    def add_earlier(self) -> None:
        """Add to the new gradients of leaves those that were there."""
        leaves = [(x, g) for x, g in self.earlier.items() if x.op is None and g is not None]
        hand_over([(x, "grad", g + x.grad) for x, g in leaves])
