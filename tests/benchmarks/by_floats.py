"""The moons step on Python's floats, backward by hand: what the arithmetic alone costs, one number at a time."""

from __future__ import annotations

from tests.benchmarks.starts import Program, Start

Row = list[float]
Layer = tuple[list[Row], Row]  # weights, a row for each neuron, and biases


def program(kind: str, start: Start) -> Program:
    X, y = start.data["X"].tolist(), start.data["y"].tolist()
    arrays = [p.tolist() for p in start.parameters.values()]
    layers: list[Layer] = list(zip(arrays[::2], arrays[1::2]))

    def step(k: int) -> float:
        grads = [_decay(layer) for layer in layers]
        loss = _penalty(layers)
        for x, yi in zip(X, y):
            acts = _forward(layers, x)
            shortfall = 1 - yi * acts[-1][0]
            if shortfall > 0:
                loss += shortfall / len(X)
                _backward(layers, grads, acts, [-yi / len(X)])
        _move(layers, grads, start.rate(k))
        return loss

    return Program(step, lambda: [part for layer in layers for part in layer])


def _forward(layers: list[Layer], x: Row) -> list[Row]:
    """The input and what each layer makes of it."""
    acts = [x]
    for i, (W, b) in enumerate(layers, 1):
        z = [sum([w * xi for w, xi in zip(row, x)], c) for row, c in zip(W, b)]
        x = z if i == len(layers) else [v if v > 0 else 0.0 for v in z]
        acts.append(x)
    return acts


def _backward(layers: list[Layer], grads: list[Layer], acts: list[Row], g: Row) -> None:
    """Add one point's gradients, from dL/d(score) on."""
    for (W, _), (gW, gb), x in zip(reversed(layers), reversed(grads), acts[-2::-1]):
        gx = [0.0] * len(x)
        for j, gj in enumerate(g):
            if gj:
                gb[j] += gj
                gW[j] = [a + gj * xi for a, xi in zip(gW[j], x)]
                gx = [a + gj * w for a, w in zip(gx, W[j])]
        g = [a if xi > 0 else 0.0 for a, xi in zip(gx, x)]


def _penalty(layers: list[Layer]) -> float:
    return 1e-4 * sum(sum([w * w for w in row]) for W, b in layers for row in (*W, b))


def _decay(layer: Layer) -> Layer:
    """The penalty's gradient."""
    W, b = layer
    return [[2e-4 * w for w in row] for row in W], [2e-4 * c for c in b]


def _move(layers: list[Layer], grads: list[Layer], rate: float) -> None:
    for (W, b), (gW, gb) in zip(layers, grads):
        for row, g in zip((*W, b), (*gW, gb)):
            row[:] = [p - rate * d for p, d in zip(row, g)]
