"""The ledger: what a step leaves and takes on each engine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ops


@dataclass(frozen=True)
class Cost:
    """What a step left and took on one engine: nodes, multiplications and additions forward, bytes, seconds."""

    nodes: int
    multiplies: int
    adds: int
    bytes: int
    seconds: float


def name_of(node: Any) -> str:
    """The name of the op that made a node; "leaf" where none did."""
    return node.op.name if node.op is not None else "leaf"


def scalar_cost(loss: Any, seconds: float) -> Cost:
    """Counted on the scalar graph itself."""
    nodes = ops.topological(*loss.values.flat)
    names = [v.op.name for v in nodes if v.op is not None]
    size = sum(sys.getsizeof(v) + 2 * sys.getsizeof(1.0) for v in nodes)
    return Cost(len(nodes), names.count("mul"), names.count("add"), size, seconds)


def tensor_cost(order: Sequence[Any], seconds: float) -> Cost:
    """Counted from shapes: a product over k takes k multiplications and k - 1 additions an element."""
    inner = [(n, n.args[0].shape[-1]) for n in order if name_of(n) == "matmul"]
    multiplies = sum(n.size * k for n, k in inner) + sum(n.size for n in order if name_of(n) == "mul")
    adds = sum(n.size * (k - 1) for n, k in inner) + sum(n.size for n in order if name_of(n) == "add")
    adds += sum(n.args[0].size - n.size for n in order if name_of(n) in ("sum", "mean"))
    size = sum(n.numpy().nbytes * (1 + n.requires_grad) for n in order)
    return Cost(len(order), multiplies, adds, size, seconds)
