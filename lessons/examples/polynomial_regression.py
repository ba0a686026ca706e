"""Nine points of a sine fitted by polynomials of rising degree: the error on new points falls, then rises.

degree  on the points  on new points
     1          0.512          0.446
     3          0.165          0.079
     5          0.120          0.076
     8          0.000          0.238
"""

import numpy as np

import nn
import ops

rng = np.random.default_rng(1)
x, x_new = np.linspace(-1, 1, 9), np.linspace(-1, 1, 100)
y, y_new = np.sin(3 * x) + 0.2 * rng.standard_normal(9), np.sin(3 * x_new)


def chebyshev(x: np.ndarray, degree: int) -> np.ndarray:
    """T_0 to T_degree at each x, a row each: polynomials that lie well apart, so that descent is quick."""
    return np.polynomial.chebyshev.chebvander(x, degree)


def fit(degree: int) -> np.ndarray:
    """The coefficients of the polynomial after 2,000 steps of gradient descent."""
    A, target = nn.array(chebyshev(x, degree)), nn.array(y)
    c = nn.array(np.zeros(degree + 1), requires_grad=True)
    optimizer = nn.Adam([c], lr=0.05)
    for _ in range(2000):
        optimizer.zero_grad()
        nn.mse_loss(A @ c, target).backward()
        optimizer.step()
    return c.numpy()


def error(c: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Root of the mean squared error."""
    return float(ops.sqrt(ops.mean((chebyshev(x, len(c) - 1) @ c - y) ** 2)))


print("degree  on the points  on new points")
for degree in (1, 3, 5, 8):
    c = fit(degree)
    print(f"{degree:>6}{error(c, x, y):>15.3f}{error(c, x_new, y_new):>15.3f}")
