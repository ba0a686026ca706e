"""Plots with matplotlib: each draws on `ax`, or on a new figure, and returns the axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def decision_boundary(score: Callable[[Array], Array], X: Array, y: Array, ax: Any = None, mesh: float = 0.25) -> Any:
    """Where a classifier's score is above zero, over the plane of its two inputs, with the points on top.

    score: from points (m, 2) to numbers (m,).  X: (n, 2).  y: (n,), the classes as -1 and 1.  mesh: the grid's step.
    """
    ax = _axes(ax)
    low, high = X.min(axis=0) - 1, X.max(axis=0) + 1
    xx, yy = np.meshgrid(*(np.arange(a, b, mesh) for a, b in zip(low, high)))
    above = (score(np.c_[xx.ravel(), yy.ravel()]) > 0).reshape(xx.shape)
    ax.contourf(xx, yy, above, levels=[-0.5, 0.5, 1.5], colors=["#c6dbef", "#fdd0a2"])
    for label, marker, color in ((-1, "o", "#08519c"), (1, "^", "#a63603")):
        mine = X[y == label]
        ax.scatter(mine[:, 0], mine[:, 1], s=24, c=color, marker=marker, edgecolors="white", linewidths=0.5)
    ax.set(xlim=(xx.min(), xx.max()), ylim=(yy.min(), yy.max()), xlabel="$x_1$", ylabel="$x_2$")
    return ax


def loss_curve(losses: Mapping[str, Sequence[float]], ax: Any = None) -> Any:
    """Loss against step, on a logarithmic scale, a line for each run; dashes let equal lines be seen."""
    ax = _axes(ax)
    for i, (name, values) in enumerate(losses.items()):
        ax.plot(values, label=name, linewidth=3 if i == 0 else 1.5, linestyle="-" if i == 0 else "--")
    ax.set(xlabel="step", ylabel="loss", yscale="log")
    ax.legend(frameon=False)
    return ax


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots()[1]
