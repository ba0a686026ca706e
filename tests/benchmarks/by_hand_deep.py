"""In plain NumPy, by hand: the convolutional network and the recurrent one."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.benchmarks.by_hand_parts import cross_entropy, trained
from tests.benchmarks.starts import Array, Program, Start

# the convolutional network, its images with channels last


def cnn(start: Start) -> Program:
    K, b, L, c, W, d = parameters = list(start.parameters.values())
    X, y = start.data["X"].transpose(0, 2, 3, 1), start.data["y"]
    n, side = len(X), X.shape[1] // 4

    def loss_and_grads() -> tuple[Any, list[Array]]:
        patches1 = patches(X)
        z1 = convolved(patches1, K, b, X.shape)
        h1 = pooled(z1)
        patches2 = patches(h1)
        z2 = convolved(patches2, L, c, h1.shape)
        h2 = pooled(z2)
        features = h2.transpose(0, 3, 1, 2).reshape(n, -1)
        loss, g = cross_entropy(features @ W.T + d, y)
        gW, gd = g.T @ features, g.sum(axis=0)
        g = (g @ W).reshape(n, 32, side, side).transpose(0, 2, 3, 1)
        g = unpooled(g, z2, h2)
        gL, gc = g.T @ patches2, g.sum(axis=0)
        g = unpooled(unpatched(g @ by_rows(L), h1.shape), z1, h1)
        return loss, [as_filters(g.T @ patches1, K), g.sum(axis=0), as_filters(gL, L), gc, gW, gd]

    return trained(parameters, loss_and_grads, start.rate)


def patches(x: Array) -> Array:
    """The 3 x 3 neighbourhood of every pixel as a row, zeros beyond the edge: (n h w, 9 channels)."""
    n, h, w, channels = x.shape
    framed = np.zeros((n, h + 2, w + 2, channels), x.dtype)
    framed[:, 1:-1, 1:-1] = x
    rows = np.empty((n, h, w, 3, 3, channels), x.dtype)
    for i in range(3):
        for j in range(3):
            rows[:, :, :, i, j] = framed[:, i : i + h, j : j + w]
    return rows.reshape(n * h * w, 9 * channels)


def unpatched(g: Array, shape: tuple[int, ...]) -> Array:
    """The adjoint of `patches`."""
    n, h, w, channels = shape
    rows = g.reshape(n, h, w, 3, 3, channels)
    framed = np.zeros((n, h + 2, w + 2, channels), g.dtype)
    for i in range(3):
        for j in range(3):
            framed[:, i : i + h, j : j + w] += rows[:, :, :, i, j]
    return framed[:, 1:-1, 1:-1]


def by_rows(filters: Array) -> Array:
    """Filters (out, in, 3, 3) as a matrix that lines up with patches: (out, 9 in)."""
    return filters.transpose(0, 2, 3, 1).reshape(len(filters), -1)


def as_filters(rows: Array, filters: Array) -> Array:
    m, n, *size = filters.shape
    return rows.reshape(m, *size, n).transpose(0, 3, 1, 2)


def convolved(rows: Array, filters: Array, bias: Array, shape: tuple[int, ...]) -> Array:
    """Convolution, bias and relu: (n, h, w, out)."""
    z = rows @ by_rows(filters).T
    z += bias
    np.maximum(z, 0, out=z)
    return z.reshape(*shape[:3], -1)


def corners(z: Array) -> list[Array]:
    return [z[:, i::2, j::2] for i in range(2) for j in range(2)]


def pooled(z: Array) -> Array:
    a, b, c, d = corners(z)
    return np.maximum(np.maximum(a, b), np.maximum(c, d))


def unpooled(g: Array, z: Array, h: Array) -> Array:
    """Back through the pooling and the relu before it, as rows: a zero passes nothing on, so its ties do not count."""
    out, g = np.empty_like(z), g * (h > 0)
    for place, corner in zip(corners(out), corners(z)):
        np.multiply(g, corner == h, out=place)
    return out.reshape(-1, z.shape[-1])


# the recurrent network


def rnn(start: Start) -> Program:
    W, U, b, c = parameters = list(start.parameters.values())
    x = np.ascontiguousarray(start.data["X"].swapaxes(0, 1))  # (step, batch, input)
    steps, batch, width = x.shape
    flat = x.reshape(-1, width)

    def loss_and_grads() -> tuple[Any, list[Array]]:
        h = (flat @ W.T + (b + c)).reshape(steps, batch, -1)
        np.tanh(h[0], out=h[0])
        for t in range(1, steps):
            h[t] += h[t - 1] @ U.T
            np.tanh(h[t], out=h[t])
        loss = np.vdot(h, h) / h.size
        g, slope = h * (2 / h.size), 1 - h * h
        g[-1] *= slope[-1]
        for t in reversed(range(steps - 1)):
            g[t] += g[t + 1] @ U
            g[t] *= slope[t]
        rows = g.reshape(steps * batch, -1)
        gU = rows[batch:].T @ h[:-1].reshape(rows[batch:].shape)
        gb = rows.sum(axis=0)
        return loss, [rows.T @ flat, gU, gb, gb.copy()]

    return trained(parameters, loss_and_grads, start.rate)
