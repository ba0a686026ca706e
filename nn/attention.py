"""Attention and the transformer block; names and layouts are PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np

import ops
from nn.engines import Rng, generator, parameter, weight
from nn.layers import Dropout, Linear
from nn.module import Module
from nn.norm import LayerNorm
from nn.settings import count
from ops.errors import ShapeError


class MultiHeadAttention(Module):
    r"""$\mathrm{softmax}(q k^T / \sqrt{d})\,v$ in several heads: (batch, position, embed_dim) to the same shape.

    in_proj_weight: (3 embed_dim, embed_dim), the rows of q, k and v; in_proj_bias; out_proj, a Linear.
    mask: (position, position) or (batch, 1, position, position), true where a query may look; causal: no looking
    ahead.  Source: Vaswani et al. 2017.

    >>> import numpy as np
    >>> MultiHeadAttention(8, 2, rng=0)(np.zeros((1, 5, 8)), causal=True).shape
    (1, 5, 8)
    """

    def __init__(self, embed_dim: int, num_heads: int, *, engine: str = "tensor", rng: Rng = None):
        if count(self, "embed_dim", embed_dim) % count(self, "num_heads", num_heads):
            raise ValueError(f"MultiHeadAttention: embed_dim {embed_dim} does not divide into {num_heads} heads")
        rng, k = generator(rng), (6 / (4 * embed_dim)) ** 0.5
        self.num_heads = num_heads
        self.in_proj_weight = weight(rng.uniform(-k, k, (3 * embed_dim, embed_dim)), engine)
        self.in_proj_bias = parameter(np.zeros(3 * embed_dim), engine)
        self.out_proj = Linear(embed_dim, embed_dim, engine=engine, rng=rng)

    def forward(self, x: Any, mask: Any = None, causal: bool = False) -> Any:
        if len(x.shape) != 3 or x.shape[2] != self.in_proj_weight.shape[1]:
            wanted = f"(batch, position, {self.in_proj_weight.shape[1]})"
            raise ShapeError(f"MultiHeadAttention: a sequence has shape {wanted}, not {x.shape}")
        q, k, v = self._heads(x @ self.in_proj_weight.mT + self.in_proj_bias)
        scores = q @ k.mT / q.shape[-1] ** 0.5  # (batch, head, query, key)
        looks = _allowed(mask, causal, x.shape[1])
        scores = scores if looks is None else ops.where(looks, scores, float("-inf"))
        y = scores.softmax(axis=-1) @ v  # (batch, head, position, embed_dim / heads)
        return self.out_proj(y.permute_dims(0, 2, 1, 3).reshape(x.shape))

    def _heads(self, rows: Any) -> tuple[Any, Any, Any]:
        """q, k and v, each (batch, head, position, embed_dim / heads)."""
        batch, length, width = rows.shape
        parts = rows.reshape(batch, length, 3, self.num_heads, width // (3 * self.num_heads))
        parts = parts.permute_dims(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]


def _allowed(mask: Any, causal: bool, length: int) -> Any:
    """Where a query may look, as booleans; None for everywhere."""
    below = np.tri(length, dtype=bool) if causal else None
    if mask is None:
        return below
    looks = np.asarray(mask, dtype=bool)
    return looks if below is None else looks & below


class TransformerBlock(Module):
    """Attention, then two Linear layers with GELU between, each added to what came in, normalised before.

    PyTorch's TransformerEncoderLayer with norm_first=True, activation="gelu" and batch_first=True has the same names.
    dim_feedforward is 4 * embed_dim unless given.  Source: Vaswani et al. 2017; Xiong et al. 2020.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dim_feedforward: int | None = None,
        dropout: float = 0.0,
        *,
        engine: str = "tensor",
        rng: Rng = None,
    ):
        wide = 4 * count(self, "embed_dim", embed_dim)
        if dim_feedforward is not None:
            wide = count(self, "dim_feedforward", dim_feedforward)
        rng = generator(rng)
        self.self_attn = MultiHeadAttention(embed_dim, num_heads, engine=engine, rng=rng)
        self.linear1 = Linear(embed_dim, wide, engine=engine, rng=rng)
        self.linear2 = Linear(wide, embed_dim, engine=engine, rng=rng)
        self.norm1, self.norm2 = LayerNorm(embed_dim, engine=engine), LayerNorm(embed_dim, engine=engine)
        self.dropout = Dropout(dropout, rng=rng)

    def forward(self, x: Any, mask: Any = None, causal: bool = False) -> Any:
        x = x + self.dropout(self.self_attn(self.norm1(x), mask, causal))
        return x + self.dropout(self.linear2(ops.gelu(self.linear1(self.norm2(x)))))
