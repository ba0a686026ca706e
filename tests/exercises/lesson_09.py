"""Lesson 9: wrong answers, each with a piece of its hint, and what the student's edition passes unanswered."""

from __future__ import annotations

from typing import Any

import numpy as np


def _right(g: Any, shape: Any) -> Any:
    lead = g.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1))
    return g.sum(axis=axes).reshape(shape)


def _new_axes_only(g: Any, shape: Any) -> Any:
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def _axes_lost(g: Any, shape: Any) -> Any:
    lead = g.ndim - len(shape)
    return g.sum(axis=(*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1)))


def _mean(g: Any, shape: Any) -> Any:
    return _right(g, shape) * _right(np.ones(shape), shape).size / g.size


def _first_copy(g: Any, shape: Any) -> Any:
    lead = g.ndim - len(shape)
    return g[(0,) * lead][tuple(slice(0, n) for n in shape)]


def _flush_left(g: Any, shape: Any) -> Any:
    axes = [i for i, (have, want) in enumerate(zip(g.shape, shape)) if have != want]
    return g.sum(axis=tuple(axes), keepdims=True).reshape(shape)


def _another_axis(g: Any, shape: Any) -> Any:
    return _right(g if g.shape == shape else g.transpose(), shape) if len(set(g.shape)) == 1 else _right(g, shape)


def _turned(g: Any, shape: Any) -> Any:
    return _right(g.transpose(), shape) if g.shape == g.shape[::-1] else _right(g, shape)


def _in_place(g: Any, shape: Any) -> Any:
    right = _right(g, shape)
    g *= 2
    return right


def first_axis(g: Any, shape: Any) -> Any:
    return g if g.shape == shape else g.sum(axis=0).reshape(shape)


def one_stretch(g: Any, shape: Any) -> Any:
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=shape.index(1), keepdims=True) if 1 in shape else g


def flush_left(g: Any, shape: Any) -> Any:
    return _flush_left(g, shape)


HOLES = {first_axis: ((3, 3), (3, 1)), one_stretch: ((2, 2), (1, 1)), flush_left: ((3, 3), (3,))}
WRONG = {
    "9.1": [
        (lambda g, shape: g, "shape ()"),
        (_new_axes_only, "shape"),
        (_axes_lost, "shape"),
        (_mean, "as much as there are copies"),
        (_first_copy, "the others are lost"),
        (_flush_left, "stopped with ValueError"),
        (_another_axis, "along another axis"),
        (_turned, "nothing was stretched"),
        (_in_place, "changed the array g"),
        (lambda *_: None, "no answer yet"),
        (np.zeros(3), "should be a function"),
    ],
    "9.2": [
        ({**HOLES, first_axis: ((2, 3), (3,))}, "first_axis folds (2, 3) to (3,) as it should"),
        ({**HOLES, one_stretch: ((2, 3), (2, 1))}, "one_stretch folds"),
        ({**HOLES, flush_left: ((4, 3), (3,))}, "flush_left folds"),
        ({**HOLES, flush_left: ((3, 4), (3,))}, "never stretches (3,) to (3, 4)"),
        ({**HOLES, first_axis: (3, 3)}, "two tuples"),
        ({**HOLES, first_axis: ((0, 3), (3,))}, "whole numbers"),
        ({first_axis: ((3, 3), (3, 1))}, "each of the three"),
        ({**HOLES, one_stretch: None}, "one_stretch has no pair"),
    ],
}
BLANK = {"9.1": lambda *_: None, "9.2": dict.fromkeys(HOLES)}
