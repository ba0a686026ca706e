"""Module: anything that holds parameters, in attributes, lists, dicts or other modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Self

from nn.engines import array
from ops.dispatch import is_node


class Module:
    """A model, or a part of one: subclasses keep parameters in attributes and define `forward`."""

    forward: Callable[..., Any]

    def __call__(self, *args: Any) -> Any:
        return self.forward(*args)

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Each parameter once, with its name by PyTorch's rule: `layers.0.weight`."""
        return ((name, leaf) for name, leaf in _leaves(self) if leaf.requires_grad)

    def parameters(self) -> list[Any]:
        """Every array that training may change."""
        return [p for _, p in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward pass starts anew."""
        for p in self.parameters():
            p.grad = None

    def to(self, engine: str) -> Self:
        """A twin of this module on the engine, with the same numbers in arrays of its own."""
        twins = {id(x): array(x.numpy(), engine, x.requires_grad) for _, x in _leaves(self)}
        return deepcopy(self, dict(twins))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}: {p.shape}' for name, p in self.named_parameters())})"


def _leaves(holder: Any, name: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Any]]:
    """Every node that the holder keeps, each once, with the path to it."""
    seen = set() if seen is None else seen
    if id(holder) in seen:
        return
    seen.add(id(holder))
    if is_node(holder):
        yield name, holder
    for key, part in _parts(holder):
        yield from _leaves(part, f"{name}.{key}" if name else str(key), seen)


def _parts(holder: Any) -> list[tuple[Any, Any]]:
    if isinstance(holder, Module):
        return list(vars(holder).items())
    if isinstance(holder, dict):
        return list(holder.items())
    return list(enumerate(holder)) if isinstance(holder, (list, tuple)) else []
