"""In plain NumPy, by hand: the transformer block, on rows (batch * token, width)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr

from tests.benchmarks.by_hand_parts import trained
from tests.benchmarks.starts import Array, Program, Start


def block(start: Start) -> Program:
    parameters = list(start.parameters.values())
    around, inside, (n1, m1, n2, m2) = parameters[:4], parameters[4:8], parameters[8:]
    batch, _, width = start.data["X"].shape
    x = start.data["X"].reshape(-1, width)

    def loss_and_grads() -> tuple[Any, list[Array]]:
        normal1, _ = normalised(x)
        a = normal1 * n1 + m1
        z, attended = attend(a, around, batch)
        z += x
        normal2, scale2 = normalised(z)
        f = normal2 * n2 + m2
        y, fed = feed(f, inside)
        y += z
        gf, feed_grads = feed_backward(g := y * (2 / y.size), f, inside, fed)
        g += unnormalised(gf * n2, normal2, scale2)
        ga, attend_grads = attend_backward(g, a, around, attended)
        norm_grads = [(ga * normal1).sum(axis=0), ga.sum(axis=0), (gf * normal2).sum(axis=0), gf.sum(axis=0)]
        return np.vdot(y, y) / y.size, [*attend_grads, *feed_grads, *norm_grads]

    return trained(parameters, loss_and_grads, start.rate)


def feed(f: Array, weights: Sequence[Array]) -> tuple[Array, Any]:
    """Two layers with GELU, u Phi(u), between; and what its backward pass needs."""
    W1, b1, W2, b2 = weights
    u = f @ W1.T + b1
    bell = ndtr(u)
    e = u * bell
    return e @ W2.T + b2, (u, bell, e)


def feed_backward(g: Array, f: Array, weights: Sequence[Array], kept: Any) -> tuple[Array, list[Array]]:
    (W1, _, W2, _), (u, bell, e) = weights, kept
    gu = (g @ W2) * (bell + u * density(u))
    return gu @ W1, [gu.T @ f, gu.sum(axis=0), g.T @ e, g.sum(axis=0)]


def density(u: Array) -> Array:
    """The normal distribution's."""
    bell = u * u
    bell *= -0.5
    np.exp(bell, out=bell)
    bell *= (2 * np.pi) ** -0.5
    return bell


def attend(a: Array, weights: Sequence[Array], batch: int, heads: int = 4) -> tuple[Array, Any]:
    """Attention between its two layers; and what its backward pass needs."""
    Wi, bi, Wo, bo = weights
    rows = (a @ Wi.T + bi).reshape(batch, -1, 3, heads, a.shape[1] // heads)
    q, k, v = rows.transpose(2, 0, 3, 1, 4)  # (batch, head, token, width / heads)
    p = attention(q, k)
    o = (p @ v).transpose(0, 2, 1, 3).reshape(a.shape)
    return o @ Wo.T + bo, (q, k, v, p, o)


def attend_backward(g: Array, a: Array, weights: Sequence[Array], kept: Any) -> tuple[Array, list[Array]]:
    (Wi, _, Wo, _), (q, k, v, p, o) = weights, kept
    batch, heads, tokens, _ = q.shape
    go = (g @ Wo).reshape(batch, tokens, heads, -1).transpose(0, 2, 1, 3)
    gi = attention_backward(go, q, k, v, p)
    return gi @ Wi, [gi.T @ a, gi.sum(axis=0), g.T @ o, g.sum(axis=0)]


def normalised(x: Array) -> tuple[Array, Array]:
    """Rows of mean 0 and variance 1, and what they were multiplied by."""
    x = x - x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1] + 1e-5)
    x *= scale
    return x, scale


def unnormalised(g: Array, normal: Array, scale: Array) -> Array:
    """The gradient of what was normalised."""
    g -= g.mean(axis=1, keepdims=True)
    g -= normal * (np.einsum("ij,ij->i", g, normal)[:, None] / g.shape[1])
    g *= scale
    return g


def attention(q: Array, k: Array) -> Array:
    p = q @ k.swapaxes(-1, -2)
    p *= q.shape[-1] ** -0.5
    p -= p.max(axis=-1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=-1, keepdims=True)
    return p


def attention_backward(g: Array, q: Array, k: Array, v: Array, p: Array) -> Array:
    """The gradient of the rows that q, k and v were parts of."""
    gp = g @ v.swapaxes(-1, -2)
    gp -= np.einsum("...ij,...ij->...i", gp, p)[..., None]
    gp *= p
    gp *= q.shape[-1] ** -0.5
    parts = np.stack([gp @ k, gp.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ g])
    batch, tokens = q.shape[0], q.shape[2]
    return parts.transpose(1, 3, 0, 2, 4).reshape(batch * tokens, -1)
