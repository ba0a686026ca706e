"""Module: anything that holds parameters, in attributes, lists, dicts or other modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Self

import numpy as np

from nn.engines import array
from nn.settings import is_setting
from ops import modes
from ops.dispatch import is_node
from ops.errors import ShapeError

Array = np.ndarray[Any, Any]


class Module:
    """A model, or a part of one: subclasses keep parameters in attributes and define `forward`.

    A parameter is an array that asks for a gradient; any other array that a module keeps is a buffer, such as a
    running mean, which is saved with the model but not trained.
    """

    training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        around = modes.enter(self)
        try:
            return self.forward(*args, **kwargs)
        finally:
            modes.leave(around)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes of its inputs; each subclass defines its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x); define it")

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, with the empty name, and every module below it."""
        return ((name, part) for name, part in _walk(self) if isinstance(part, Module))

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Each parameter once, with its name by PyTorch's rule: `layers.0.weight`."""
        return ((name, leaf) for name, leaf in _walk(self) if getattr(leaf, "requires_grad", False))

    def named_buffers(self) -> Iterator[tuple[str, Any]]:
        """Each array that is kept but not trained, with its name."""
        arrays = ((name, leaf) for name, leaf in _walk(self) if is_node(leaf) or isinstance(leaf, np.ndarray))
        return ((name, leaf) for name, leaf in arrays if not getattr(leaf, "requires_grad", False))

    def parameters(self) -> list[Any]:
        """Every array that training may change."""
        return [p for _, p in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward pass starts anew."""
        for p in self.parameters():
            p.grad = None

    def train(self, mode: bool = True) -> Self:
        """Behave as in training, in this module and all below it: dropout drops, batch norm counts."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Behave as in use: `train(False)`."""
        return self.train(False)

    def to(self, engine: str) -> Self:
        """A twin of this module on the engine, with the same numbers in arrays of its own.

        >>> import nn
        >>> nn.Linear(2, 1, rng=0).to("scalar").weight.engine
        'scalar'
        """
        return self._with_leaves(lambda x: array(x.numpy(), engine, x.requires_grad))

    def astype(self, dtype: Any) -> Self:
        """A twin of this module whose Tensors hold this floating type; Values hold Python floats, always float64."""
        kind = np.dtype(dtype)
        if kind.kind != "f" or (self.engine == "scalar" and kind != np.float64):
            raise TypeError(
                f"astype: a module on the {self.engine} engine cannot hold {kind}; use a floating type there"
            )
        return self._with_leaves(lambda x: array(x.numpy().astype(kind), x.engine, x.requires_grad))

    def _with_leaves(self, twin: Callable[[Any], Any]) -> Self:
        return deepcopy(self, {id(x): twin(x) for _, x in _walk(self) if is_node(x)})

    def torch_twin(self) -> Any:
        """The same model as a torch module, float64; None where torch is missing or has no such module."""
        from nn.twins import torch_twin  # it knows every module, this one too

        return torch_twin(self)

    @property
    def engine(self) -> str:
        """The engine its arrays are on; "tensor" where it has none."""
        return next((x.engine for _, x in _walk(self) if is_node(x)), "tensor")

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter and buffer by name, in PyTorch's names, shapes and layouts."""
        return {name: np.array(leaf) for name, leaf in (*self.named_parameters(), *self.named_buffers())}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the numbers of a state dict, this module's or a torch module's; all of them or none.

        Raises ValueError for a missing or an unknown name, ShapeError for a wrong shape.
        """
        leaves = dict((*self.named_parameters(), *self.named_buffers()))
        arrays = {name: np.asarray(value) for name, value in state.items()}
        _check_state(leaves, arrays)
        for name, leaf in leaves.items():
            if is_node(leaf):
                leaf.data = arrays[name]
            else:
                leaf[...] = arrays[name]

    def extra_repr(self) -> str:
        """What stands in brackets behind the class's name: the shapes of its own arrays, and its settings."""
        own = {name: x for name, x in vars(self).items() if name != "training"}
        arrays = [f"{name} {x.shape}" for name, x in own.items() if is_node(x)]
        return ", ".join(arrays + [f"{name}={x!r}" for name, x in own.items() if is_setting(x)])

    def __repr__(self) -> str:
        lines = []
        for name, module in self.named_modules():
            size = sum(p.size for p in module.parameters())
            depth = "  " * (name.count(".") + 1 if name else 0)
            head = f"{name}: " if name else ""
            lines.append(f"{depth}{head}{type(module).__name__}({module.extra_repr()})  {size:,}")
        return "\n".join(lines)


def _check_state(leaves: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    missing, unknown = sorted(leaves.keys() - arrays.keys()), sorted(arrays.keys() - leaves.keys())
    said = [f"the state lacks {', '.join(missing)}"] if missing else []
    said += [f"the module has no {', '.join(unknown)}"] if unknown else []
    if said:
        raise ValueError(f"load_state_dict: {' and '.join(said)}; give the state of a module of the same build")
    for name, leaf in leaves.items():
        if leaf.shape != arrays[name].shape:
            raise ShapeError(
                f"load_state_dict: {name} has shape {leaf.shape}, but the state's has {arrays[name].shape}"
            )


def _walk(holder: Any, name: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Any]]:
    """The holder and everything that it keeps, each once, with the path to it."""
    seen = set() if seen is None else seen
    if id(holder) in seen:
        return
    seen.add(id(holder))
    yield name, holder
    for key, part in _parts(holder):
        yield from _walk(part, f"{name}.{key}" if name else str(key), seen)


def _parts(holder: Any) -> list[tuple[Any, Any]]:
    if isinstance(holder, Module):
        return list(vars(holder).items())
    if isinstance(holder, dict):
        return list(holder.items())
    return list(enumerate(holder)) if isinstance(holder, (list, tuple)) else []
