"""Optimisers: each update is written in its paper's letters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class SGD:
    r"""Stochastic gradient descent, $p \leftarrow p - \eta g$, with $\eta$ the learning rate `lr`."""

    def __init__(self, parameters: Iterable[Any], lr: float = 0.01):
        self.parameters = list(parameters)
        self.lr = lr
        if not self.parameters:
            raise ValueError("SGD: got no parameters; give it model.parameters()")

    def step(self) -> None:
        """Move each parameter against its gradient; one without a gradient stays."""
        for p in self.parameters:
            if p.grad is not None:
                p.data = p.data - self.lr * p.grad

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward pass starts anew."""
        for p in self.parameters:
            p.grad = None
