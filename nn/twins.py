"""A module's twin in PyTorch, with the same names, shapes and numbers."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

import ops
from nn import activations as a
from nn.convolution import AvgPool2d, Conv1d, Conv2d, MaxPool2d
from nn.layers import MLP, Dropout, Embedding, Flatten, Linear, Sequential
from nn.module import Module
from nn.norm import BatchNorm1d, BatchNorm2d, LayerNorm
from ops.dispatch import is_node


def torch_twin(model: Module) -> Any:
    """The same model as a torch module, float64; None where torch is missing or has no such module.

    Modules of one input and one output have twins, and Sequentials and MLPs of them.  A part that is used twice, or a
    weight that two parts share, is one in the twin too; each part is in training, and each parameter frozen, as in
    the model.
    """
    if find_spec("torch") is None:
        return None
    import torch

    twins = _Twins(torch)
    twin = twins.of(model)
    if twin is not None:
        twins.take_over()
    return twin


class _Twins:
    """The twins of a model's parts, one of each."""

    def __init__(self, torch: Any):
        self.torch, self.made = torch, dict[int, tuple[Module, Any]]()

    def of(self, m: Any) -> Any:
        """The twin of a part, with numbers of its own yet; None where there is none."""
        if id(m) not in self.made:
            build = None if _draws(m) else _BUILDERS.get(type(m))
            twin = build(self, m) if build else None
            if twin is None:
                return None
            self.made[id(m)] = m, twin.double()
        return self.made[id(m)][1]

    def take_over(self) -> None:
        """Give every twin the numbers and the mode of its part; a leaf that is kept twice becomes one parameter."""
        leaves: dict[int, Any] = {}
        for m, twin in self.made.values():
            twin.training = m.training
            for name, leaf in vars(m).items():
                if name in twin._parameters or name in twin._buffers:
                    setattr(twin, name, leaves.setdefault(id(leaf), self._leaf(leaf, name in twin._parameters)))

    def _leaf(self, leaf: Any, is_parameter: bool) -> Any:
        if leaf is None:  # a bias that is left out
            return None
        numbers = self.torch.tensor(np.asarray(leaf))
        numbers = numbers.double() if numbers.is_floating_point() else numbers
        is_trained = is_node(leaf) and leaf.requires_grad
        return self.torch.nn.Parameter(numbers, is_trained) if is_parameter else numbers


def _draws(m: Any) -> bool:
    """Whether the part draws random numbers, which PyTorch would draw otherwise."""
    return isinstance(m, Dropout) and m.training and m.p > 0


def _sequential(twins: _Twins, m: Sequential) -> Any:
    parts = [twins.of(part) for part in m]
    return None if any(part is None for part in parts) else twins.torch.nn.Sequential(*parts)


def _mlp(twins: _Twins, m: MLP) -> Any:
    torch, layers = twins.torch, [twins.of(layer) for layer in m.layers]
    activation = _activation(twins, m.activation)
    if activation is None or any(layer is None for layer in layers):
        return None

    class Twin(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleList(layers)

        def forward(self, x: Any) -> Any:
            for layer in self.layers[:-1]:
                x = activation(layer(x))
            return self.layers[-1](x)

    return Twin()


def _activation(twins: _Twins, f: Any) -> Any:
    """PyTorch's function for a module, or for an op that is called without parameters; None where it is not known."""
    if isinstance(f, Module) or f is ops.softplus:
        return _softplus(twins, f) if f is ops.softplus else twins.of(f)
    name = next((name for name, op in _ACTIVATIONS.items() if op is f), "")
    return getattr(twins.torch, name, None) or getattr(twins.torch.nn.functional, name, None) if name else None


_ACTIVATIONS = {name: getattr(ops, name) for name in ("relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu")}


def _softplus(twins: _Twins, _: Any) -> Any:
    return twins.torch.nn.Softplus(threshold=40)  # from its usual 20 on PyTorch's is x, and its slope 2e-9 off


def _linear(twins: _Twins, m: Linear) -> Any:
    return twins.torch.nn.Linear(*m.weight.shape[::-1], bias=m.bias is not None)


def _conv(twins: _Twins, m: Conv2d) -> Any:
    kind = getattr(twins.torch.nn, type(m).__name__)
    filters, depth, *size = m.weight.shape
    size = tuple(size) if len(size) > 1 else size[0]
    return kind(depth * m.groups, filters, size, m.stride, m.padding, m.dilation, m.groups, m.bias is not None)


def _batch_norm(twins: _Twins, m: Any) -> Any:
    return getattr(twins.torch.nn, type(m).__name__)(m.weight.shape[0], m.eps, m.momentum)


def _plain(build: Callable[[Any, Any], Any]) -> Callable[[_Twins, Any], Any]:
    """A builder that needs torch.nn and the module, and no other twin."""
    return lambda twins, m: build(twins.torch.nn, m)


_BUILDERS: dict[type, Callable[[_Twins, Any], Any]] = {
    Linear: _linear,
    MLP: _mlp,
    Sequential: _sequential,
    Conv1d: _conv,
    Conv2d: _conv,
    BatchNorm1d: _batch_norm,
    BatchNorm2d: _batch_norm,
    LayerNorm: _plain(lambda t, m: t.LayerNorm(m.normalized_shape, m.eps)),
    Embedding: _plain(lambda t, m: t.Embedding(*m.weight.shape)),
    Flatten: _plain(lambda t, m: t.Flatten(m.start_dim, m.end_dim)),
    Dropout: _plain(lambda t, m: t.Dropout(m.p)),
    MaxPool2d: _plain(lambda t, m: t.MaxPool2d(m.kernel_size, m.stride, m.padding)),
    AvgPool2d: _plain(lambda t, m: t.AvgPool2d(m.kernel_size, m.stride, m.padding)),
    a.ReLU: _plain(lambda t, m: t.ReLU()),
    a.LeakyReLU: _plain(lambda t, m: t.LeakyReLU(m.negative_slope)),
    a.Tanh: _plain(lambda t, m: t.Tanh()),
    a.Sigmoid: _plain(lambda t, m: t.Sigmoid()),
    a.GELU: _plain(lambda t, m: t.GELU(m.approximate)),
    a.SiLU: _plain(lambda t, m: t.SiLU()),
    a.Softplus: _softplus,
    a.Softmax: _plain(lambda t, m: t.Softmax(m.axis)),
}
