"""What the programs in plain NumPy share: the step, and the loss of a classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.benchmarks.starts import Array, Program


def trained(
    parameters: Sequence[Array], loss_and_grads: Callable[[], tuple[Any, Sequence[Array]]], rate: Callable[[int], float]
) -> Program:
    """SGD in place; the gradients, which are the step's own, are used up."""

    def step(k: int) -> float:
        loss, grads = loss_and_grads()
        lr = rate(k)
        for p, g in zip(parameters, grads):
            g *= lr
            p -= g
        return loss.item()

    return Program(step, lambda: parameters)


def cross_entropy(logits: Array, classes: Array) -> tuple[Any, Array]:
    """The mean over the batch, and its gradient."""
    rows = np.arange(len(logits))
    shifted = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(shifted)
    total = p.sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - shifted[rows, classes]).mean()
    p /= total
    p[rows, classes] -= 1
    p /= len(p)
    return loss, p
