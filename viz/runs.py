"""One step of a model on an engine, and of its twin in PyTorch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import ops
from ops.dispatch import is_node
from ops.errors import ParameterError
from ops.words import a_or_an
from scalar.array import ValueArray
from tensor import Tensor
from viz.arguments import sort

Array = np.ndarray[Any, Any]
Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Run:
    """A model's step on one engine."""

    engine: str
    model: Any
    order: list[Any]
    output: Any
    seconds: float

    @property
    def loss(self) -> Any:
        return self.order[-1]


def run(engine: str, model: Any, x: Any, target: Any, loss: Loss) -> Run:
    """Forward and backward on one engine; integers stay as they are, since they are ids and not numbers."""
    model = _in_float64(model.to(engine))
    start = time.perf_counter()
    output = model(_input(x, engine))
    value = loss(output, _input(target, engine))
    if not is_node(value):
        raise TypeError(
            f"compare: the loss gave {a_or_an(value)} on the {engine} engine, which has no graph; compute it from the "
            f"model's output with ops or methods, as nn.mse_loss does"
        )
    value.backward()
    return Run(engine, model, ops.topological(value), output, time.perf_counter() - start)


def _in_float64(model: Any) -> Any:
    """The model with every floating number in the type that Values have, so that the engines round alike."""
    narrow = any(np.dtype(p.dtype).kind == "f" and p.dtype != np.float64 for p in model.parameters())
    return model.astype(np.float64) if narrow else model


def _input(x: Any, engine: str) -> Any:
    if x is None or x.dtype.kind != "f":
        return x
    return ValueArray(x) if engine == "scalar" else Tensor(x)


def twin_run(twin: Any, x: Array, sent: Array) -> tuple[Any, dict[str, Any]]:
    """What a torch module makes of the input, and the gradient of each parameter when `sent` arrives at its output."""
    import torch

    for part in twin.modules():
        if not list(part.children()) and not isinstance(part, torch.nn.Flatten):
            wanted = torch.int64 if isinstance(part, torch.nn.Embedding) else torch.float64
            part.register_forward_pre_hook(lambda _, args, wanted=wanted: tuple(arg.to(wanted) for arg in args))
    y = twin(torch.tensor(x.astype(np.float64 if x.dtype.kind == "f" else np.int64)))
    y.backward(torch.tensor(sent))
    grads = {name: None if p.grad is None else p.grad.numpy() for name, p in twin.named_parameters()}
    return y.detach().numpy(), grads


# what may be given


def check_model(model: Any) -> None:
    """TypeError for what is no module, ParameterError for a module that has nothing to train."""
    wanted = ("to", "named_parameters", "torch_twin")
    if isinstance(model, type) or not all(hasattr(model, name) for name in wanted):
        raise TypeError(f"compare: got {sort(model)} as the model; give a module, such as nn.Linear(2, 1)")
    if not any(p.requires_grad for p in model.parameters()):
        raise ParameterError(
            f"compare: no parameter of this {type(model).__name__} asks for a gradient, so there is no backward "
            f"pass to compare; give a model that can be trained"
        )
