"""A network drawn neuron by neuron, on plain Values: micrograd's Neuron, Layer and MLP.

Parameters are drawn by `random.uniform(-1, 1)` in micrograd's order, so `random.seed(1337)` gives its network.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from operator import mul
from typing import Any, NoReturn

from scalar.value import Value


class Module:
    """Anything with parameters."""

    def parameters(self) -> list[Value]:
        """Every Value that training may change."""
        return []

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward pass starts anew."""
        for p in self.parameters():
            p.grad = 0


class Neuron(Module):
    """A weighted sum of its inputs plus a bias, bent by ReLU unless `nonlin` is false."""

    def __init__(self, nin: int, nonlin: bool = True):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(_count("Neuron: nin", nin))]
        self.b = Value(0)
        self.nonlin = nonlin

    def __call__(self, x: Sequence[Any]) -> Value:
        if not hasattr(x, "__len__") or len(x) != len(self.w):
            self._refuse(x)
        act = sum(map(mul, self.w, x), self.b)
        return act.relu() if self.nonlin else act

    def _refuse(self, x: Any) -> NoReturn:
        if not hasattr(x, "__len__"):
            raise TypeError(f"{self}: got {x!r}, but its inputs are a list of numbers, such as [1.0, -2.0]")
        n = len(self.w)
        raise ValueError(f"{self}: its inputs and weights differ in number, {len(x)} and {n}; give it a list of {n}")

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side, all reading the same inputs; a single neuron gives its Value alone."""

    def __init__(self, nin: int, nout: int, **kwargs: Any):
        self.neurons = [Neuron(nin, **kwargs) for _ in range(_count("Layer: nout", nout))]

    def __call__(self, x: Sequence[Any]) -> Any:
        out = [n(x) for n in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        return [p for n in self.neurons for p in n.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """Layers one after the other, ReLU in all but the last.

    >>> len(MLP(2, [16, 16, 1]).parameters())
    337
    """

    def __init__(self, nin: int, nouts: Sequence[int]):
        if not isinstance(nouts, Sequence) or isinstance(nouts, str) or not nouts:
            raise TypeError(f"MLP: nouts is {nouts!r}, but it must be a list of sizes, such as [16, 16, 1]")
        sizes = [nin, *nouts]
        self.layers = [Layer(a, b, nonlin=i < len(nouts)) for i, (a, b) in enumerate(zip(sizes, nouts), start=1)]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def _count(what: str, n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        error = ValueError if isinstance(n, int) else TypeError
        raise error(f"{what} is {n!r}, but it must be a whole number, 1 or more")
    return n
