"""PyTorch as a namespace for forward rules, so that its autograd may differentiate them: an oracle of its own.

Only the primitives stand here; what is missing is composed from them by the registry's own forward rule.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

import ops

pi, inf, nan = np.pi, np.inf, np.nan

# fmt: off
exp, log, log1p, sqrt = torch.exp, torch.log, torch.log1p, torch.sqrt
sin, cos, tanh, erf, erfc = torch.sin, torch.cos, torch.tanh, torch.erf, torch.erfc
abs, sign, matmul = torch.abs, torch.sign, torch.matmul
pow = power = torch.pow
reshape, permute_dims, broadcast_to = torch.reshape, torch.permute, torch.broadcast_to
# fmt: on


class IndexedTensor(torch.Tensor):
    """A torch tensor that takes all of NumPy's index forms, by gathering the places that NumPy names."""

    def __getitem__(self, index: Any) -> Any:
        places = _places(self.shape, index)
        return self.reshape(-1).index_select(0, places.reshape(-1)).reshape(places.shape)


def __getattr__(name: str) -> Any:
    """What is not here is composed: the registry's op of that name, run on torch tensors."""
    if name not in ops.REGISTRY:
        raise AttributeError(f"no function on torch tensors is called {name!r}")
    return partial(ops.REGISTRY[name].forward, sys.modules[__name__])


def leaf(data: Any) -> torch.Tensor:
    """Numbers as a torch tensor that asks for a gradient; a mask, which has none, as it is."""
    x = torch.tensor(np.asarray(data)).as_subclass(IndexedTensor)
    return x.requires_grad_() if x.is_floating_point() else x


def replayed(y: Any, leaves: Mapping[Any, torch.Tensor]) -> torch.Tensor:
    """The graph below the node y, run again in torch from these leaves; its other leaves are constants."""
    values = dict(leaves)
    for node in ops.topological(y):
        if node.op is not None:
            args = [values[arg] for arg in node.args]
            values[node] = node.op.forward(sys.modules[__name__], *args, **node.params)
        elif node not in values:
            values[node] = torch.tensor(node.numpy()).as_subclass(IndexedTensor)
    return values[y]


def gradients(y: torch.Tensor, g: Any, leaves: Sequence[torch.Tensor]) -> list[Any]:
    """<g, dy/d(leaf)> for each leaf by torch's autograd, as NumPy arrays; zeros where y does not depend on it."""
    if not y.requires_grad:
        return [np.zeros(x.shape) for x in leaves]
    found = torch.autograd.grad(y, list(leaves), torch.tensor(np.asarray(g)), allow_unused=True)
    return [np.zeros(x.shape) if d is None else d.detach().numpy() for x, d in zip(leaves, found)]


def _places(shape: Sequence[int], index: Any) -> torch.Tensor:
    """Where NumPy finds each element of x[index], counted along the flattened x."""
    numbered = np.arange(np.prod(shape, dtype=int)).reshape(tuple(shape))
    return torch.tensor(np.array(numbered[index]))


def _dims(x: Any, axis: Any) -> list[int]:
    """The axes meant, from the last to the first."""
    given = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    return sorted((a % x.ndim for a in given), reverse=True)


def _one_by_one(reduce: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    for dim in _dims(x, axis):
        x = reduce(x, dim, keepdims)
    return x


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _one_by_one(torch.sum, x, axis, keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _one_by_one(torch.prod, x, axis, keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _one_by_one(torch.amax, x, axis, keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _one_by_one(torch.amin, x, axis, keepdims)


def maximum(a: Any, b: Any) -> Any:
    return torch.maximum(a, torch.as_tensor(b, dtype=a.dtype))


def minimum(a: Any, b: Any) -> Any:
    return torch.minimum(a, torch.as_tensor(b, dtype=a.dtype))


def where(condition: Any, a: Any, b: Any) -> Any:
    return torch.where(torch.as_tensor(condition).bool(), a, b)


def squeeze(x: Any, axis: Any) -> Any:
    for dim in _dims(x, axis):
        x = torch.squeeze(x, dim)
    return x


def expand_dims(x: Any, axis: Any) -> Any:
    for dim in sorted([axis] if isinstance(axis, int) else axis):
        x = torch.unsqueeze(x, dim)
    return x


def matrix_transpose(x: Any) -> Any:
    return x.mT


def flip(x: Any, axis: Any) -> Any:
    return torch.flip(x, _dims(x, axis))


def astype(x: Any, dtype: Any) -> Any:
    return x.to(torch.tensor(np.zeros(0, dtype)).dtype)


def concat(arrays: Sequence[Any], axis: int = 0) -> Any:
    return torch.cat(tuple(arrays), axis)


def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    return torch.stack(tuple(arrays), axis)


def zeros(shape: Any, dtype: Any = torch.float64, like: Any = None) -> Any:
    return torch.zeros(shape, dtype=dtype).as_subclass(IndexedTensor)


def add_at(total: Any, index: Any, x: Any) -> None:
    places = _places(total.shape, index)
    total.view(-1).index_put_((places.reshape(-1),), x.expand(places.shape).reshape(-1), accumulate=True)


def sliding_window_view(x: Any, window_shape: Sequence[int], axis: Sequence[int]) -> Any:
    dims = [a % x.ndim for a in axis]
    for size, dim in zip(window_shape, dims):
        x = x.unfold(dim, size, 1)
    return x


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0) -> Any:
    """Each element of the frame gathered from the place that NumPy's own pad takes it from."""
    numbered = np.arange(x.numel()).reshape(tuple(x.shape))
    outside = {"constant_values": -1} if mode == "constant" else {}
    places = torch.tensor(np.pad(numbered, pad_width, mode=mode, **outside))  # type: ignore[call-overload]
    return torch.where(places >= 0, x.take(places.clamp(min=0)), constant_values)


def _native_var(x: Any, axis: Any, keepdims: bool, ddof: int) -> Any:
    return torch.var(x, axis, correction=ddof, keepdim=keepdims)


def _native_pad(x: Any, pad_width: Any, mode: str, constant_values: float) -> Any:
    """torch counts sizes from the last axis, and pads by reflection only below a batch and a channel."""
    pairs = np.broadcast_to(pad_width, (x.ndim, 2))
    sizes = [int(n) for pair in pairs[::-1] for n in pair]
    if mode == "constant":
        return torch.nn.functional.pad(x, sizes, value=constant_values)
    named = {"edge": "replicate", "wrap": "circular"}.get(mode, mode)
    return torch.nn.functional.pad(x[None, None], sizes, mode=named)[0, 0]


# Functions of torch's own for the same things, each called with the op's arrays and parameters.
NATIVE: dict[str, Any] = {
    "clip": lambda x, low, high: torch.clamp(x, low, high),
    "gelu": lambda x, approximate: torch.nn.functional.gelu(x, approximate=approximate),
    "leaky_relu": lambda x, slope: torch.nn.functional.leaky_relu(x, slope),
    "log_softmax": lambda x, axis: torch.log_softmax(x, axis),
    "logsumexp": lambda x, axis, keepdims: torch.logsumexp(x, _dims(x, axis), keepdims),
    "mean": lambda x, axis, keepdims: torch.mean(x, _dims(x, axis), keepdims),
    "pad": _native_pad,
    "positive": torch.positive,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "silu": torch.nn.functional.silu,
    "softmax": lambda x, axis: torch.softmax(x, axis),
    "softplus": torch.nn.functional.softplus,
    "sum": lambda x, axis, keepdims: torch.sum(x, _dims(x, axis), keepdims),
    "tanh": torch.tanh,
    "var": _native_var,
}
