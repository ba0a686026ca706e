"""Each workload's loss over the functions that HIPS autograd and MyGrad both have, under the names of a Peer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks.starts import Start


@dataclass(frozen=True)
class Peer:
    """One engine: xp is its namespace after NumPy's; the rest is what the two call or do differently."""

    xp: Any
    relu: Callable[[Any], Any]
    cross_entropy: Callable[[Any, Any], Any]
    conv3x3: Callable[[Any, Any], Any]  # images (n, c, h, w), filters (m, c, 3, 3), padding 1
    pool2x2: Callable[[Any], Any]
    gauss: Callable[[Any], Any]  # the normal distribution's cumulative function


Loss = Callable[[Peer, Sequence[Any], Start], Any]


def moons(peer: Peer, parameters: Sequence[Any], start: Start) -> Any:
    xp, (X, y), number = peer.xp, start.data.values(), start.dtype.type
    scores = perceptron(peer, parameters, X).reshape(-1)
    penalty = number(1e-4) * sum((xp.sum(p * p) for p in parameters[1:]), xp.sum(parameters[0] * parameters[0]))
    return xp.mean(peer.relu(number(1) - y * scores)) + penalty


def mlp(peer: Peer, parameters: Sequence[Any], start: Start) -> Any:
    return peer.cross_entropy(perceptron(peer, parameters, start.data["X"]), start.data["y"])


def perceptron(peer: Peer, parameters: Sequence[Any], x: Any) -> Any:
    for i in range(0, len(parameters), 2):
        x = peer.relu(x) if i else x
        x = peer.xp.matmul(x, parameters[i].T) + parameters[i + 1]
    return x


def cnn(peer: Peer, parameters: Sequence[Any], start: Start) -> Any:
    K, b, L, c, W, d = parameters
    x = start.data["X"]
    for filters, bias in ((K, b), (L, c)):
        x = peer.pool2x2(peer.relu(peer.conv3x3(x, filters) + bias.reshape(-1, 1, 1)))
    features = x.reshape(x.shape[0], -1)
    return peer.cross_entropy(peer.xp.matmul(features, W.T) + d, start.data["y"])


def block(peer: Peer, parameters: Sequence[Any], start: Start) -> Any:
    xp, x = peer.xp, start.data["X"]
    Wi, bi, Wo, bo, W1, b1, W2, b2, n1, m1, n2, m2 = parameters
    x = x + attended(peer, normalised(peer, x) * n1 + m1, Wi, bi) @ Wo.T + bo
    u = (normalised(peer, x) * n2 + m2) @ W1.T + b1
    y = x + (u * peer.gauss(u)) @ W2.T + b2
    return xp.mean(y * y)


def normalised(peer: Peer, x: Any) -> Any:
    xp, number = peer.xp, x.dtype.type
    centred = x - xp.mean(x, axis=-1, keepdims=True)
    return centred / xp.sqrt(xp.mean(centred * centred, axis=-1, keepdims=True) + number(1e-5))


def attended(peer: Peer, x: Any, W: Any, b: Any, heads: int = 4) -> Any:
    """What each token gathers from the others, before the output's matrix."""
    xp, (batch, tokens, width) = peer.xp, x.shape
    rows = (x @ W.T + b).reshape(batch, tokens, 3, heads, width // heads)
    q, k, v = (xp.transpose(rows[:, :, i], (0, 2, 1, 3)) for i in range(3))
    scores = q @ xp.swapaxes(k, 2, 3) * x.dtype.type((width // heads) ** -0.5)
    p = xp.exp(scores - np.max(plain(scores), axis=-1, keepdims=True))
    y = p / xp.sum(p, axis=-1, keepdims=True) @ v
    return xp.transpose(y, (0, 2, 1, 3)).reshape(batch, tokens, width)


def plain(x: Any) -> Any:
    """The numbers of a node, past which no gradient is wanted: MyGrad's data, autograd's innermost value."""
    while not isinstance(x, np.ndarray):
        x = x.data if hasattr(x, "data") else x._value
    return x


def composite(peer: Peer, parameters: Sequence[Any], start: Start) -> Any:
    xp, (x,), number = peer.xp, parameters, start.dtype.type
    inner = number(0.79788456) * (x + number(0.044715) * (x * x * x))
    return xp.mean(number(0.5) * x * (number(1) + xp.tanh(inner)))


def rnn(peer: Peer, parameters: Sequence[Any], start: Start) -> Any:
    xp, x, (W, U, b, c) = peer.xp, start.data["X"], parameters
    inputs, h, outputs = xp.matmul(x, W.T) + b, np.zeros((x.shape[0], U.shape[1]), x.dtype), []
    for t in range(x.shape[1]):
        h = xp.tanh(inputs[:, t] + xp.matmul(h, U.T) + c)
        outputs.append(h)
    y = xp.stack(outputs)
    return xp.mean(y * y)


LOSSES: dict[str, Loss] = {
    "moons": moons,
    "mlp": mlp,
    "cnn": cnn,
    "block": block,
    "composite": composite,
    "rnn": rnn,
}
