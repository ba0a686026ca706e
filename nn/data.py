"""Data: toy sets of two classes in the plane, and handwritten digits.

A toy set is `name(n, noise=..., rng=...)`: points X (n, 2) and classes y (n,), integers 0 and 1, half of each, in
random order.  `noise` is the standard deviation of what is added to each coordinate.  Where a loss wants classes
-1 and 1, `2 * y - 1` makes them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite, pi
from typing import Any

import numpy as np

from nn.engines import Rng, filled, generator
from nn.settings import count, number

Array = np.ndarray[Any, Any]
XY = tuple[Array, Array]


def moons(n: int = 100, *, noise: float = 0.1, rng: Rng = None) -> XY:
    """Two half circles of radius 1 that reach into each other.

    >>> X, y = moons(100, rng=0)
    >>> X.shape, int(y.sum())
    ((100, 2), 50)
    """

    def half_circle(label: int, m: int, rng: np.random.Generator) -> Array:
        arc = _circle(np.linspace(0, pi, m))
        return arc if label == 0 else [1, 0.5] - arc

    return _two_classes("moons", n, noise, rng, half_circle)


def circles(n: int = 100, *, noise: float = 0.1, factor: float = 0.5, rng: Rng = None) -> XY:
    """A circle of radius 1 and, of class 1, one of radius `factor` inside it.

    >>> X, y = circles(100, noise=0.0, factor=0.25, rng=0)
    >>> float(np.linalg.norm(X[y == 1], axis=1).max())
    0.25
    """

    number("circles", "factor", factor, low=-inf)

    def circle(label: int, m: int, rng: np.random.Generator) -> Array:
        return _circle(2 * pi * np.arange(m) / m) * (factor if label else 1)

    return _two_classes("circles", n, noise, rng, circle)


def spirals(n: int = 100, *, noise: float = 0.02, turns: float = 1.0, rng: Rng = None) -> XY:
    """Two arms that wind out from the origin to radius 1, half a turn apart.

    >>> spirals(100, rng=0)[0].shape
    (100, 2)
    """

    if not isfinite(2 * pi * number("spirals", "turns", turns, low=-inf)):
        raise ValueError(f"spirals: turns is {turns}, but that is an angle larger than any float; give fewer")

    def arm(label: int, m: int, rng: np.random.Generator) -> Array:
        t = np.linspace(0.05, 1, m)
        return _circle(2 * pi * turns * t + pi * label) * t[:, None]

    return _two_classes("spirals", n, noise, rng, arm)


def xor(n: int = 100, *, noise: float = 0.0, rng: Rng = None) -> XY:
    """Points of the square [-1, 1] x [-1, 1], of class 1 where exactly one coordinate is negative.

    >>> X, y = xor(100, rng=0)
    >>> bool(((X[:, 0] * X[:, 1] < 0) == (y == 1)).all())
    True
    """

    def quadrants(label: int, m: int, rng: np.random.Generator) -> Array:
        first, second = rng.uniform(-1, 1, m), 1 - rng.uniform(0, 1, m)  # the second is never 0
        return np.stack([first, np.where(first < 0, -second, second) * (-1 if label else 1)], axis=1)

    return _two_classes("xor", n, noise, rng, quadrants)


def two_gaussians(n: int = 100, *, noise: float = 0.5, rng: Rng = None) -> XY:
    """Two round clouds of standard deviation `noise`, about (-1, -1) and, of class 1, about (1, 1).

    >>> two_gaussians(100, rng=0)[0].shape
    (100, 2)
    """
    return _two_classes("two_gaussians", n, noise, rng, lambda label, m, rng: np.full((m, 2), 2.0 * label - 1))


def ring(n: int = 100, *, noise: float = 0.0, rng: Rng = None) -> XY:
    """A disc of radius 0.5 and, of class 1, a ring about it of radii 0.75 to 1, both filled evenly.

    >>> X, y = ring(100, rng=0)
    >>> bool(((np.linalg.norm(X, axis=1) > 0.6) == (y == 1)).all())
    True
    """

    def area(label: int, m: int, rng: np.random.Generator) -> Array:
        inner, outer = (0.75, 1.0) if label else (0.0, 0.5)
        radius = np.sqrt(rng.uniform(inner**2, outer**2, m))  # even over the area, which grows with the square
        return _circle(rng.uniform(0, 2 * pi, m)) * radius[:, None]

    return _two_classes("ring", n, noise, rng, area)


def digits(test_share: float = 0.2, *, rng: Rng = 0) -> tuple[XY, XY]:
    """1797 handwritten digits, split at random into a training and a test set: `(X, y), test = digits()`.

    Each set is images (n, 8, 8), floats in [0, 1], and classes (n,), integers in [0, 10).
    Source: Alpaydin and Kaynak 1998, in scikit-learn's copy, which comes with it.

    >>> (X, y), (X_test, y_test) = digits()
    >>> X.shape, X_test.shape
    ((1438, 8, 8), (359, 8, 8))
    """
    if not 0 < number("digits", "test_share", test_share, low=-inf) < 1:
        raise ValueError(f"digits: test_share is {test_share}, but it must lie between 0 and 1")
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    X, y = np.asarray(pixels).reshape(-1, 8, 8) / 16, np.asarray(classes)
    order = generator("digits", rng).permutation(len(y))
    test, train = np.split(order, [round(test_share * len(y))])
    return (X[train], y[train]), (X[test], y[test])


def _circle(angle: Array) -> Array:
    """Points of the unit circle: (m,) to (m, 2)."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _two_classes(
    asker: str, n: int, noise: float, rng: Rng, place: Callable[[int, int, np.random.Generator], Any]
) -> XY:
    """n points in random order: half of them where `place(0, m, rng)` puts m points, half by `place(1, m, rng)`."""
    n, noise, rng = count(asker, "n", n, least=2), number(asker, "noise", noise), generator(asker, rng)
    sizes = n - n // 2, n // 2
    X = filled(asker, lambda _: np.concatenate([place(label, m, rng) for label, m in enumerate(sizes)]), (n, 2))
    with np.errstate(over="ignore"):
        X = X + noise * rng.normal(size=X.shape)
    order = rng.permutation(n)
    return X[order], np.repeat([0, 1], sizes)[order]
