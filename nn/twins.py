"""A module's twin in PyTorch, with the same names, shapes and numbers."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from nn import activations as a
from nn.convolution import AvgPool2d, Conv1d, Conv2d, MaxPool2d
from nn.layers import MLP, Dropout, Embedding, Flatten, Linear, Sequential
from nn.module import Module
from nn.norm import BatchNorm1d, BatchNorm2d, LayerNorm


def torch_twin(model: Module) -> Any:
    """The same model as a torch module, float64; None where torch is missing or has no such module.

    Modules of one input and one output have twins, and Sequentials and MLPs of them.
    """
    if find_spec("torch") is None or (twin := _built(model)) is None:
        return None
    import torch

    twin.double().load_state_dict({name: torch.tensor(value) for name, value in model.state_dict().items()})
    return twin.train(model.training)


def _built(model: Module) -> Any:
    if isinstance(model, Dropout) and model.training and model.p > 0:
        return None  # it would draw other numbers
    build = _BUILDERS.get(type(model))
    if build is None:
        return None
    import torch

    return build(torch, model)


def _sequential(torch: Any, m: Sequential) -> Any:
    parts = [_built(part) for part in m]
    return None if any(part is None for part in parts) else torch.nn.Sequential(*parts)


def _mlp(torch: Any, m: MLP) -> Any:
    activation = getattr(torch.nn.functional, getattr(m.activation, "name", ""), None)
    if activation is None:
        return None

    class Twin(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleList([_linear(torch, layer) for layer in m.layers])

        def forward(self, x: Any) -> Any:
            for layer in self.layers[:-1]:
                x = activation(layer(x))
            return self.layers[-1](x)

    return Twin()


def _linear(torch: Any, m: Linear) -> Any:
    return torch.nn.Linear(*m.weight.shape[::-1], bias=m.bias is not None)


def _conv(torch: Any, m: Conv2d) -> Any:
    kind = getattr(torch.nn, type(m).__name__)
    filters, depth, *size = m.weight.shape
    size = tuple(size) if len(size) > 1 else size[0]
    return kind(depth * m.groups, filters, size, m.stride, m.padding, m.dilation, m.groups, m.bias is not None)


def _batch_norm(torch: Any, m: Any) -> Any:
    return getattr(torch.nn, type(m).__name__)(m.weight.shape[0], m.eps, m.momentum)


_BUILDERS: dict[type, Callable[[Any, Any], Any]] = {
    Linear: _linear,
    MLP: _mlp,
    Sequential: _sequential,
    Conv1d: _conv,
    Conv2d: _conv,
    BatchNorm1d: _batch_norm,
    BatchNorm2d: _batch_norm,
    LayerNorm: lambda t, m: t.nn.LayerNorm(m.normalized_shape, m.eps),
    Embedding: lambda t, m: t.nn.Embedding(*m.weight.shape),
    Flatten: lambda t, m: t.nn.Flatten(m.start_dim, m.end_dim),
    Dropout: lambda t, m: t.nn.Dropout(m.p),
    MaxPool2d: lambda t, m: t.nn.MaxPool2d(m.kernel_size, m.stride, m.padding),
    AvgPool2d: lambda t, m: t.nn.AvgPool2d(m.kernel_size, m.stride, m.padding),
    a.ReLU: lambda t, m: t.nn.ReLU(),
    a.LeakyReLU: lambda t, m: t.nn.LeakyReLU(m.negative_slope),
    a.Tanh: lambda t, m: t.nn.Tanh(),
    a.Sigmoid: lambda t, m: t.nn.Sigmoid(),
    a.GELU: lambda t, m: t.nn.GELU(m.approximate),
    a.SiLU: lambda t, m: t.nn.SiLU(),
    a.Softplus: lambda t, m: t.nn.Softplus(),
    a.Softmax: lambda t, m: t.nn.Softmax(m.axis),
}
