"""Gradients as an optimiser reads them, and their norm, clipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot, inf, isfinite
from typing import Any

import numpy as np

from nn.module import Module
from nn.settings import is_iterable, is_number, kind, number
from ops.dispatch import is_node

Array = np.ndarray[Any, Any]


def clip_grad_norm(parameters: Iterable[Any], max_norm: float) -> float:
    r"""Norm $\|g\|$ of all the gradients as one vector, which is then scaled down to `max_norm` if it is longer.

    max_norm: `float("inf")` only measures.  Parameters that are frozen or have no gradient do not count.
    Raises FloatingPointError if a gradient is not finite.  Source: Pascanu et al. 2013, algorithm 1, with PyTorch's
    $c / (\|g\| + 10^{-6})$ as the scale.

    >>> import nn
    >>> w = nn.array([1.5, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> clip_grad_norm([w], max_norm=1.0)
    5.0
    >>> w.grad.round(6)
    array([0.6, 0.8])
    """
    if not (is_number(max_norm) and max_norm == inf):
        number("clip_grad_norm", "max_norm", max_norm)
    nodes = listed("clip_grad_norm", parameters)
    demand_nodes("clip_grad_norm", nodes)
    gradients = {p: np.asarray(g, float) for p in nodes if (g := gradient_of(p)) is not None}
    norm = hypot(*map(_norm, gradients.values()))
    if not isfinite(norm):
        raise FloatingPointError(f"clip_grad_norm: the norm is {norm}; ops.detect_anomaly() names the op it came from")
    scale = max_norm / (norm + 1e-6)
    for p, g in gradients.items() if scale < 1 else ():
        p.grad = g * scale if p.rank else float(g * scale)
    return norm


def _norm(g: Array) -> float:
    """The norm of one gradient, by way of its largest number where squares leave the range of floats."""
    with np.errstate(over="ignore", under="ignore"):
        norm = float(np.linalg.norm(g))
    largest = float(np.abs(g).max(initial=0))
    if 1e-150 < norm < inf or not 0 < largest < inf:
        return norm
    return largest * float(np.linalg.norm(g / largest))


def gradient_of(p: Any) -> Any:
    """The gradient to train by; None where there is none, or the parameter is frozen."""
    if p.rank:
        return p.peek_grad() if p.requires_grad else None
    return None if type(p.grad) is int else p.grad  # a single Value's is an integer until a gradient arrives


def listed(asker: str, parameters: Any) -> list[Any]:
    """The parameters as a list; TypeError for a module, or one array alone."""
    if isinstance(parameters, Module) or is_node(parameters) or not is_iterable(parameters):
        raise TypeError(f"{asker}: got {kind(parameters)}; give it a list, such as model.parameters()")
    return list(parameters)


def demand_nodes(asker: str, parameters: Sequence[Any]) -> None:
    """ValueError where there are none, TypeError where one is no array of an engine."""
    if not parameters:
        raise ValueError(f"{asker}: got no parameters; give it model.parameters()")
    for i, p in enumerate(parameters):
        if not is_node(p):
            what = f"of type {type(p).__name__}, which neither engine trains"
            raise TypeError(f"{asker}: parameter {i} is {what}; give it model.parameters()")
