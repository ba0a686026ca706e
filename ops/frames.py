"""Frames and windows: what convolution and pooling need around an array and over it."""

from __future__ import annotations

from itertools import product
from typing import Any

from ops.errors import ParameterError, ShapeError
from ops.kinds import general, linear
from ops.shapes import integers, is_sequence
from ops.spec import sample
from ops.words import shown


@general(
    sample((3,), pad_width=(1, 2)),
    sample((2, 3), pad_width=((1, 0), (2, 1)), constant_values=1.5),
    *(sample((3, 4), pad_width=2, mode=mode) for mode in ("reflect", "edge", "wrap")),
    moves=True,
)
def pad(xp, x, /, pad_width, mode: str = "constant", constant_values: float = 0):
    r"""x with a frame: `constant`, `reflect`, `edge` or `wrap`; pad_width as NumPy's. [NumPy pad]"""
    more = {"constant_values": constant_values} if mode == "constant" else {}
    return xp.pad(x, pad_width, mode=mode, **more)


@pad.defvjp
def pad_vjp(xp, g, y, x, /, pad_width, mode, constant_values):
    if mode == "constant":
        return (g[tuple(slice(before, before + n) for (before, _), n in zip(pad_width, x.shape))],)
    if 0 in x.shape:  # and so in that of y, since an axis without elements has nothing to go on with
        return (xp.reshape(g, x.shape),)
    return (xp.scatter_add(g, index=_sources(pad_width, x.shape, mode), shape=x.shape),)


@pad.defjvp
def pad_jvp(xp, t, y, x, /, pad_width, mode, constant_values):
    return xp.pad(t, pad_width, mode=mode)


@pad.door
def pad_door(x, /, pad_width, mode, constant_values):
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise ParameterError(f'pad: mode is {shown(mode)}; it may be "constant", "reflect", "edge" or "wrap"')
    return pad.apply(x, pad_width=_pairs(pad_width, len(x.shape)), mode=mode, constant_values=constant_values)


@pad.hint
def pad_hint(x, /, pad_width, mode, constant_values):
    empty = [axis for axis, n in enumerate(x) if n == 0 and mode != "constant"]
    return f'mode "{mode}" repeats elements of the array, but axis {empty[0]} of {x} has none' if empty else ""


def _pairs(pad_width, ndim):
    """NumPy's forms of pad_width (n; (before, after); a pair per axis) as a pair of sizes per axis."""
    if not is_sequence(pad_width):
        pad_width = (pad_width, pad_width)
    given = tuple(pad_width)
    pairs = given if any(map(is_sequence, given)) else (given,)
    pairs = tuple(integers(p, "pad: pad_width") for p in pairs)
    pairs = tuple(p * 2 if len(p) == 1 else p for p in pairs) * (ndim if len(pairs) == 1 else 1)
    if len(pairs) != ndim or any(len(p) != 2 or p[0] < 0 or p[1] < 0 for p in pairs):
        raise ShapeError(
            f"pad: pad_width {given} must be a size, a pair, or a pair for each of {ndim} axes, none negative"
        )
    return pairs


def _sources(pad_width, shape, mode):
    """Where each element of the frame was taken from: an open mesh of index lists, one per axis."""
    lines = [[_source(i, n, mode) for i in range(-before, n + after)] for (before, after), n in zip(pad_width, shape)]
    return tuple(_along(line, axis, len(shape)) for axis, line in enumerate(lines))


def _source(i, n, mode):
    if mode == "edge":
        return sorted((0, i, n - 1))[1]
    if mode == "wrap":
        return i % n
    period = 2 * n - 2 or 1
    return n - 1 - abs(n - 1 - i % period)


def _along(line, axis, ndim):
    """A list of indices as nested lists whose only long axis is this one."""
    for _ in range(ndim - 1 - axis):
        line = [[i] for i in line]
    return line


@linear(
    sample((6,), size=3), sample((2, 5, 6), size=(2, 3), stride=(1, 2)), sample((1, 7), size=3, dilation=2, stride=2)
)
def windows(xp, x, /, size: Any, stride: Any = 1, dilation: Any = 1):
    r"""Sliding windows over the last axes: (..., n) to (..., windows, size), as many axes as `size` has."""
    spans = tuple((k - 1) * d + 1 for k, d in zip(size, dilation))
    every = xp.sliding_window_view(x, spans, axis=tuple(range(-len(size), 0)))
    steps = (*(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation))
    return every[(..., *steps)]


@windows.adjoint
def windows_adjoint(xp, g, x, /, size, stride, dilation):
    return xp.overlap_add(g, shape=x.shape, size=size, stride=stride, dilation=dilation)


@windows.door
def windows_door(x, /, size, stride, dilation):
    return windows.apply(x, **_window_sizes(x.shape, size, stride, dilation))


@linear(
    sample((4, 3), shape=(6,), size=3),
    sample((2, 4, 2, 2, 3), shape=(2, 5, 6), size=(2, 3), stride=(1, 2)),
)
def overlap_add(xp, x, /, shape: Any, size: Any, stride: Any = 1, dilation: Any = 1):
    r"""Windows laid back over an array of `shape` and added where they overlap: what windows' gradient does."""
    total = xp.zeros(shape, x.dtype, like=x[(..., *(0,) * len(size))])
    counts = x.shape[-2 * len(size) : -len(size)]
    for offset in product(*map(range, size)):
        places = (slice(o * d, o * d + s * n, s) for o, d, s, n in zip(offset, dilation, stride, counts))
        total[(..., *places)] += x[(..., *offset)]
    return total


@overlap_add.adjoint
def overlap_add_adjoint(xp, g, x, /, shape, size, stride, dilation):
    return xp.windows(g, size=size, stride=stride, dilation=dilation)


@overlap_add.door
def overlap_add_door(x, /, shape, size, stride, dilation):
    shape = integers(shape, "overlap_add: shape")
    sizes = _window_sizes(shape, size, stride, dilation)
    if x.shape != (taken := _windows_of(shape, **sizes)):
        raise ShapeError(f"overlap_add: the windows of an array of shape {shape} have shape {taken}, not {x.shape}")
    return overlap_add.apply(x, shape=shape, **sizes)


def _windows_of(shape, size, stride, dilation):
    """The shape of the windows that are taken of an array of this shape."""
    lead, lengths = shape[: len(shape) - len(size)], shape[len(shape) - len(size) :]
    counts = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(lengths, size, stride, dilation)]
    return (*lead, *counts, *size)


def _window_sizes(shape, size, stride, dilation):
    size = integers(size, "windows: size")
    each = {"stride": stride, "dilation": dilation}
    each = {name: integers(v, f"windows: {name}") for name, v in each.items()}
    each = {name: v * len(size) if len(v) == 1 else v for name, v in each.items()}
    lengths = shape[len(shape) - len(size) :]
    if not size or len(size) > len(shape) or any(len(v) != len(size) or min(v) < 1 for v in (size, *each.values())):
        given = ", ".join(f"{name} {v}" for name, v in {"size": size, **each}.items())
        raise ShapeError(
            f"windows: {given} do not fit an array of shape {shape}; each is one number, or one for every axis that "
            f"the windows slide along, none below 1"
        )
    if any((k - 1) * d + 1 > n for k, d, n in zip(size, each["dilation"], lengths)):
        raise ShapeError(f"windows: a window of size {size}, dilation {each['dilation']} is larger than {lengths}")
    return {"size": size, **each}
