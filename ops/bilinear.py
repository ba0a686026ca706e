"""Bilinear ops: linear in each of two arrays."""

from __future__ import annotations

from ops.errors import ShapeError
from ops.kinds import bilinear
from ops.linear import expand_dims, squeeze
from ops.shapes import broadcast
from ops.spec import sample


@bilinear(sample((2, 3), (3, 4)), sample((5, 2, 3), (5, 3, 2)), sample((2, 3), (4, 3, 2)), symbol="@")
def matmul(xp, a, b, /):
    r"""Matrix product, $y_{ij} = \sum_k a_{ik} b_{kj}$, over the last two axes. [Python array API]"""
    return xp.matmul(a, b)


@matmul.adjoint("a")
def matmul_adjoint_a(xp, g, a, b, /):
    return xp.matmul(g, xp.matrix_transpose(b))


@matmul.adjoint("b")
def matmul_adjoint_b(xp, g, a, b, /):
    return xp.matmul(xp.matrix_transpose(a), g)


@matmul.door
def matmul_door(a, b, /):
    """A vector on the left stands as a row, on the right as a column, and its axis goes out again."""
    if (a_is_vector := len(a.shape) == 1) | (b_is_vector := len(b.shape) == 1):
        a = expand_dims(a, axis=0) if a_is_vector else a
        b = expand_dims(b, axis=1) if b_is_vector else b
        added = (-2,) * a_is_vector + (-1,) * b_is_vector
        return squeeze(matmul(a, b), axis=added)
    return matmul.apply(a, b)


@matmul.hint
def matmul_hint(a, b, /):
    if not a or not b:
        return f"{a} @ {b}: a number has no axis to sum over; multiply with * instead"
    inner_a, inner_b = a[-1], b[-2]
    if inner_a != inner_b:
        meant = "a @ b.mT" if inner_a == b[-1] else "a.mT @ b" if a[-2] == inner_b else ""
        better = f"; did you mean {meant}?" if meant else ""
        return f"{a} @ {b}: the inner sizes {inner_a} and {inner_b} differ{better}"
    try:
        broadcast(a[:-2], b[:-2])
    except ShapeError as error:
        return f"{a} @ {b}: the batches {error}"
    return ""
