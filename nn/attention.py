"""Attention and the transformer block; names and layouts are PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np

import ops
from nn.engines import DType, Rng, floats, generator, parameter, uniform, weight
from nn.layers import Dropout, Linear
from nn.masks import masked
from nn.module import Module
from nn.norm import LayerNorm
from nn.settings import count, flag
from ops.errors import ShapeError


class MultiHeadAttention(Module):
    r"""$\mathrm{softmax}(q k^T / \sqrt{d})\,v$ in several heads: (batch, position, embed_dim) to the same shape.

    in_proj_weight: (3 embed_dim, embed_dim), the rows of q, k and v; in_proj_bias; out_proj, a Linear.
    mask: booleans, true where a query may look, or floats that are added to the scores, as 0 and -inf.  Shapes:
    (query, key); (batch, heads, query, key), each size that one or 1; or PyTorch's (batch * heads, query, key).
    In booleans torch.nn.MultiheadAttention means the opposite: give it ~mask.
    causal: no looking ahead.  Source: Vaswani et al. 2017.

    >>> import numpy as np
    >>> MultiHeadAttention(8, 2, rng=0)(np.zeros((1, 5, 8)), causal=True).shape
    (1, 5, 8)
    """

    def __init__(self, embed_dim: int, num_heads: int, *, engine: str = "tensor", dtype: DType = None, rng: Rng = None):
        if count(self, "embed_dim", embed_dim) % count(self, "num_heads", num_heads):
            raise ValueError(f"MultiHeadAttention: embed_dim {embed_dim} does not divide into {num_heads} heads")
        rng, k = generator(self, rng), (6 / (4 * embed_dim)) ** 0.5
        self.num_heads = num_heads
        self.in_proj_weight = weight(self, uniform(rng, k), (3 * embed_dim, embed_dim), engine, dtype)
        self.in_proj_bias = parameter(self, np.zeros, (3 * embed_dim,), engine, dtype)
        self.out_proj = Linear(embed_dim, embed_dim, engine=engine, dtype=dtype, rng=rng)

    def forward(self, x: Any, mask: Any = None, causal: bool = False) -> Any:
        x = floats(self, x, self.in_proj_weight.dtype)
        if len(x.shape) != 3 or x.shape[2] != self.in_proj_weight.shape[1]:
            wanted = f"(batch, position, {self.in_proj_weight.shape[1]})"
            raise ShapeError(f"MultiHeadAttention: a sequence has shape {wanted}, not {x.shape}")
        q, k, v = self._heads(x @ self.in_proj_weight.mT + self.in_proj_bias)
        scores = q @ k.mT / q.shape[-1] ** 0.5  # (batch, head, query, key)
        scores = masked(self, scores, mask, flag(self, "causal", causal))
        y = scores.softmax(axis=-1) @ v  # (batch, head, position, embed_dim / heads)
        return self.out_proj(y.permute_dims(0, 2, 1, 3).reshape(x.shape))

    def _heads(self, rows: Any) -> tuple[Any, Any, Any]:
        """q, k and v, each (batch, head, position, embed_dim / heads)."""
        batch, length, width = rows.shape
        parts = rows.reshape(batch, length, 3, self.num_heads, width // (3 * self.num_heads))
        parts = parts.permute_dims(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]


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
        dtype: DType = None,
        rng: Rng = None,
    ):
        wide = 4 * count(self, "embed_dim", embed_dim)
        if dim_feedforward is not None:
            wide = count(self, "dim_feedforward", dim_feedforward)
        rng, on = generator(self, rng), {"engine": engine, "dtype": dtype}
        self.self_attn = MultiHeadAttention(embed_dim, num_heads, **on, rng=rng)
        self.linear1 = Linear(embed_dim, wide, **on, rng=rng)
        self.linear2 = Linear(wide, embed_dim, **on, rng=rng)
        self.norm1, self.norm2 = LayerNorm(embed_dim, **on), LayerNorm(embed_dim, **on)
        self.dropout = Dropout(dropout, rng=rng)

    def forward(self, x: Any, mask: Any = None, causal: bool = False) -> Any:
        x = floats(self, x, self.linear1.weight.dtype)
        x = x + self.dropout(self.self_attn(self.norm1(x), mask, causal))
        return x + self.dropout(self.linear2(ops.gelu(self.linear1(self.norm2(x)))))
