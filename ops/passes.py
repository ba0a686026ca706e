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


def refuse_unrecorded(node: Any) -> None:
    """RuntimeError for a node that no_grad left without a graph."""
    if "no_grad" in node.params:
        raise RuntimeError(
            f"backward: this {type(node).__name__} was made under no_grad() ({node.params['no_grad']}), so nothing "
            f"was recorded; make it outside"
        )


class Pass:
    """A pass over Values, and what it puts back if it fails: the gradients that were there before.

    While it goes, the gradients of all its nodes grow from zero; at the end each leaf adds what it had.
    """

    def __init__(self, roots: Iterable[Any]):
        self.zero = float(0)  # a zero of its own, by which a node that it has met is known
        self.stack: list[Any] = [*roots]  # what the walk has still to look at
        self.order: list[Any] = []  # the nodes that are not leaves, arguments first
        self.leaves: list[Any] = []
        self.earlier: dict[Any, Any] = {}  # the gradients that were there, by node; the integer 0 is left out
        for root in self.stack:
            refuse_unrecorded(root)

    def __enter__(self) -> Pass:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:
            waiting = [x for x in self.stack if x is not None and x.grad is self.zero]
            met = (*self.order, *waiting, *self.leaves)
            hand_over([(x, "grad", self.earlier.get(x, 0)) for x in met])

    def add_earlier(self) -> None:
        """Add to the new gradients of leaves those that were there."""
        had = [(x, self.earlier[x]) for x in self.leaves if x in self.earlier]
        hand_over([(x, "grad", g + x.grad) for x, g in had if g is not None])
