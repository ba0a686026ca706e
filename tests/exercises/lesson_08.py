"""Lesson 8: wrong answers, each with a piece of its hint, and what the student's edition passes unanswered."""

from __future__ import annotations

from typing import Any

import numpy as np

RIGHT = {
    "a": ((4, 5), 3, 127),
    "b": ((4, 3), 3, 27),
    "c": ((3, 4), 2, 12),
    "d": ((3,), 2, 21),
    "e": ((), 3, 35),
}


def _sent(X: Any, G: Any, i: int, j: int) -> Any:
    sent = np.zeros((X.shape[1], G.shape[1]))
    sent[:, j] = X[i] * G[i, j]
    return sent


def _in_every_column(X: Any, G: Any, i: int, j: int) -> Any:
    return np.outer(X[i], G[i])


def _local_slopes(X: Any, G: Any, i: int, j: int) -> Any:
    return np.where(_sent(X, G, i, j) != 0, X[i][:, None], 0.0)


def _of_another_row(X: Any, G: Any, i: int, j: int) -> Any:
    sent = np.zeros((X.shape[1], G.shape[1]))
    sent[:, j] = X[0] * G[i, j]
    return sent


def _in_place(X: Any, G: Any, i: int, j: int) -> Any:
    right = _sent(X, G, i, j)
    X *= 2
    return right


WRONG = {
    "8.1": [
        ({**RIGHT, "a": ((5, 4), 3, 127)}, "(a), A @ B: the shape has the right sizes in the wrong order"),
        ({**RIGHT, "d": ((1, 3), 2, 21)}, "too many numbers in it"),
        ({**RIGHT, "d": (3, 2, 21)}, "with its comma"),
        ({**RIGHT, "b": ((12, 1), 3, 27)}, "a size in the shape"),
        ({**RIGHT, "b": ((4, 3), 1, 27)}, "leaves the arrays out"),
        ({**RIGHT, "e": ((), 4, 35)}, "Tensor nodes counts a leaf twice"),
        ({**RIGHT, "a": ((4, 5), 8, 127)}, "one node for each array"),
        ({**RIGHT, "a": ((4, 5), 3, 100)}, "no leaves in it"),
        ({**RIGHT, "a": ((4, 5), 3, 147)}, "an addition too many for each sum"),
        ({**RIGHT, "a": ((4, 5), 3, 47)}, "which is made of many"),
        ({**RIGHT, "a": ((4, 5), 3, 87)}, "multiplications and no additions"),
        ({**RIGHT, "b": ((4, 3), 3, 24)}, "leaves v out"),
        ({**RIGHT, "b": ((4, 3), 3, 36)}, "once for each row"),
        ({**RIGHT, "c": ((3, 4), 2, 24)}, "only moved"),
        ({**RIGHT, "d": ((3,), 2, 20)}, "(d), A.sum(axis=0): the count of Values is too small"),
        ({**RIGHT, "e": ((), 3, 23)}, "either the leaves or the squares"),
        ({**RIGHT, "e": ((), 3, 47)}, "Values counts a leaf twice"),
        ({**RIGHT, "e": None}, "(e), (A * A).sum(): there is no answer"),
        ({**RIGHT, "a": (4, 5)}, "three things"),
        ([RIGHT["a"]], "a dictionary"),
    ],
    "8.2": [
        (lambda X, G, i, j: X.T @ G, "all elements send together"),
        (_in_every_column, "in a column that this element"),
        (_local_slopes, "local slopes"),
        (lambda X, G, i, j: _sent(X, G, i, j).T, "W has shape (3, 2)"),
        (lambda X, G, i, j: X[i] * G[i, j], "has (3,)"),
        (lambda X, G, i, j: 2 * _sent(X, G, i, j), "W[0, 0] is twice"),
        (lambda X, G, i, j: -_sent(X, G, i, j), "W[0, 0] has the wrong sign"),
        (_of_another_row, "W[0, 0] is too"),
        (_in_place, "changed X or G"),
        (lambda *_: None, "no answer yet"),
        (np.zeros((3, 2)), "should be a function"),
    ],
}
BLANK = {"8.1": dict.fromkeys("abcde"), "8.2": lambda *_: None}
