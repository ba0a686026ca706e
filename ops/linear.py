"""Linear ops: they move, copy and pick numbers, so the gradient simply goes back where each came from."""

from __future__ import annotations

from copy import deepcopy
from itertools import accumulate, pairwise

from ops.dispatch import floating_kind, is_node, refuse_within
from ops.errors import ShapeError
from ops.kinds import linear
from ops.shapes import Axis, count, fold, integers, inverse, is_sequence, normal_axes, normal_axis, why_not
from ops.spec import sample
from ops.words import shown

# shape and order


@linear(sample((2, 3), shape=(3, 2)), sample((2, 3), shape=(-1,)), sample((), shape=(1, 1)))
def reshape(xp, x, /, shape):
    r"""The same numbers in another shape; one size may be -1, for what is left. [Python array API]"""
    return xp.reshape(x, shape)


@reshape.adjoint
def reshape_adjoint(xp, g, x, /, shape):
    return xp.reshape(g, x.shape)


@reshape.door
def reshape_door(x, /, shape):
    sizes = integers(shape, "reshape: shape")
    if sizes and min(sizes) < 0 and (min(sizes) < -1 or sizes.count(-1) > 1):
        raise ShapeError(f"reshape: a size in {sizes} is below 0; one size alone may be -1, for what is left")
    return reshape.apply(x, shape=sizes)


@reshape.hint
def reshape_hint(x, /, shape):
    have = count(x, range(len(x)))
    return f"{x} holds {have} elements and cannot take the shape {shape}; the sizes must multiply to {have}"


@linear(sample((2, 3, 4), axes=(2, 0, 1)), sample((3,), axes=(0,)))
def permute_dims(xp, x, /, axes):
    r"""Axes in another order: axis i of y is axis `axes[i]` of x. [Python array API]"""
    return xp.permute_dims(x, axes)


@permute_dims.adjoint
def permute_dims_adjoint(xp, g, x, /, axes):
    return xp.permute_dims(g, inverse(axes))


@permute_dims.door
def permute_dims_door(x, /, axes):
    given = tuple(axes) if is_sequence(axes) else (axes,)
    order = tuple(normal_axis(a, len(x.shape), "permute_dims") for a in given)
    if sorted(order) != list(range(len(x.shape))):
        raise ShapeError(f"permute_dims: axes {given} must name each of the {len(x.shape)} axes of {x.shape} once")
    return permute_dims.apply(x, axes=order)


@linear(sample((2, 3)), sample((4, 2, 3)), symbol="mT")
def matrix_transpose(xp, x, /):
    r"""Last two axes exchanged, $y_{ij} = x_{ji}$. [Python array API]"""
    return xp.matrix_transpose(x)


@matrix_transpose.adjoint
def matrix_transpose_adjoint(xp, g, x, /):
    return xp.matrix_transpose(g)


@matrix_transpose.hint
def matrix_transpose_hint(x, /):
    return f"an array of shape {x} has no last two axes to exchange"


@linear(sample((2, 3), axis=0), sample((2, 3), axis=-1), sample((3,), axis=(0, 2)))
def expand_dims(xp, x, /, axis: Axis = 0):
    r"""New axes of size 1 where `axis` says they shall stand in y. [Python array API]"""
    return xp.expand_dims(x, axis=axis)


@expand_dims.adjoint
def expand_dims_adjoint(xp, g, x, /, axis):
    return xp.reshape(g, x.shape)


@expand_dims.door
def expand_dims_door(x, /, axis):
    many = integers(axis, "expand_dims: axis")
    return expand_dims.apply(x, axis=normal_axes(many, len(x.shape) + len(many), "expand_dims"))


@linear(sample((2, 1, 3), axis=1), sample((1, 2, 1), axis=(0, -1)))
def squeeze(xp, x, /, axis):
    r"""Axes of size 1 taken out; an axis of any other size is refused. [Python array API]"""
    return xp.squeeze(x, axis=axis)


@squeeze.adjoint
def squeeze_adjoint(xp, g, x, /, axis):
    return xp.reshape(g, x.shape)


@squeeze.door
def squeeze_door(x, /, axis):
    axes = normal_axes(axis, len(x.shape), "squeeze")
    for i in axes:
        if x.shape[i] != 1:
            raise ShapeError(f"squeeze: axis {i} of {x.shape} has size {x.shape[i]}; only an axis of size 1 can go")
    return squeeze.apply(x, axis=axes)


@linear(sample((3,), shape=(2, 3)), sample((2, 1), shape=(2, 3)), sample((), shape=(2, 2)))
def broadcast_to(xp, x, /, shape):
    r"""x repeated along new axes and along axes of size 1; the gradient is summed over them. [Python array API]"""
    return xp.broadcast_to(x, shape)


@broadcast_to.adjoint
def broadcast_to_adjoint(xp, g, x, /, shape):
    return fold(xp, g, x)


@broadcast_to.door
def broadcast_to_door(x, /, shape):
    return broadcast_to.apply(x, shape=integers(shape, "broadcast_to: shape"))


@broadcast_to.hint
def broadcast_to_hint(x, /, shape):
    if not why_not([x, shape]) and len(x) <= len(shape) and min(shape, default=0) >= 0:
        return f"{shape} is too large: it would hold {count(shape, range(len(shape)))} elements"
    return f"{x} does not stretch to {shape}; from the right each size must be equal or 1"


@linear(sample((2, 3), axis=0), sample((2, 3), axis=None), sample((2, 3, 2), axis=(0, 2)))
def flip(xp, x, /, axis: Axis = None):
    r"""Order of the elements turned round along `axis`. [Python array API]"""
    return xp.flip(x, axis=axis)


@flip.adjoint
def flip_adjoint(xp, g, x, /, axis):
    return xp.flip(g, axis=axis)


@flip.door
def flip_door(x, /, axis):
    return flip.apply(x, axis=normal_axes(axis, len(x.shape), "flip"))


@linear(sample((2, 3), dtype=float))
def astype(xp, x, /, dtype):
    r"""The same numbers in another floating type; the gradient comes back in the type of x. [Python array API]"""
    return xp.astype(x, dtype)


@astype.door
def astype_door(x, /, dtype):
    if is_node(x) and x.requires_grad and floating_kind(dtype) != "f":
        raise TypeError(
            f"astype: whole numbers and booleans have no slope, so a gradient would be lost in {shown(dtype)}; give a "
            f"floating type, or detach() x first"
        )
    return astype.apply(x, dtype=dtype)


@astype.adjoint
def astype_adjoint(xp, g, x, /, dtype):
    return xp.astype(g, x.dtype)


# picking


@linear(
    sample((4, 3), index=1),
    sample((4, 3), index=(slice(None, None, -2), None, 2)),
    sample((4, 3), index=(..., [0, 2, 0])),
    sample((4,), index=[True, False, True, True]),
    symbol="[ ]",
)
def getitem(xp, x, /, index):
    r"""Elements picked by NumPy's index forms, $y = x[index]$; an element picked twice gets both gradients."""
    return x[index]


@getitem.adjoint
def getitem_adjoint(xp, g, x, /, index):
    return xp.scatter_add(g, index=index, shape=x.shape)


@getitem.door
def getitem_door(x, /, index):
    parts = tuple(map(_own, index)) if isinstance(index, tuple) else _own(index)
    return getitem.apply(x, index=parts)


@getitem.hint
def getitem_hint(x, /, index):
    return "" if x else "a single number has no elements to pick; x.item() is the number"


def _own(part):
    """An index of our own, which nobody can change afterwards."""
    if isinstance(part, (int, slice, type(None), type(Ellipsis))):
        return part
    if is_node(part):
        part = part.data
    if hasattr(type(part), "dtype"):
        return part.copy() if hasattr(part, "copy") else deepcopy(part)
    if is_sequence(part):
        refuse_within("getitem", part := list(part))
        return deepcopy(part)
    if hasattr(type(part), "__index__"):
        return part
    raise IndexError(
        f"getitem: an index is an integer, a slice, None, ..., a mask or an index array, not {shown(part)}"
    )


@linear(sample((3,), index=(slice(None, None, 2)), shape=(6,)), sample((3, 2), index=[0, 1, 0], shape=(4, 2)))
def scatter_add(xp, x, /, index, shape):
    r"""Zeros of `shape` to which x is added at `index`: what getitem's gradient does. [PyTorch index_put]"""
    total = xp.zeros(shape, x.dtype)
    xp.add_at(total, index, x)
    return total


@scatter_add.door
def scatter_add_door(x, /, index, shape):
    parts = tuple(map(_own, index)) if isinstance(index, tuple) else _own(index)
    return scatter_add.apply(x, index=parts, shape=integers(shape, "scatter_add: shape"))


@scatter_add.adjoint
def scatter_add_adjoint(xp, g, x, /, index, shape):
    return xp.broadcast_to(g[index], x.shape)


# joining and widening


@linear(sample((2, 3), (1, 3)), sample((2, 3), (2, 1), (2, 2), axis=-1))
def concat(xp, /, *arrays, axis=0):
    r"""Arrays joined along an axis that they have: `concat([a, b], axis=0)`. [Python array API]"""
    return xp.concat(arrays, axis=axis)


@concat.adjoint
def concat_adjoint(xp, g, /, *arrays, axis):
    axis = normal_axis(axis, len(g.shape), "concat")
    ends = accumulate((x.shape[axis] for x in arrays), initial=0)
    return [g[(slice(None),) * axis + (slice(start, stop),)] for start, stop in pairwise(ends)]


@concat.hint
def concat_hint(*shapes, axis):
    return f"{_listed(shapes)} do not join along axis {axis}; all other sizes must be equal"


@linear(sample((2, 3), (2, 3)), sample((3,), (3,), (3,), axis=-1))
def stack(xp, /, *arrays, axis=0):
    r"""Arrays of one shape side by side along a new axis: `stack([a, b], axis=0)`. [Python array API]"""
    return xp.stack(arrays, axis=axis)


@stack.adjoint
def stack_adjoint(xp, g, /, *arrays, axis):
    before = (slice(None),) * normal_axis(axis, len(g.shape), "stack")
    return [g[(*before, i)] for i in range(len(arrays))]


@stack.hint
def stack_hint(*shapes, axis):
    return f"{_listed(shapes)} do not stack along axis {axis}; the shapes must be equal and the axis there"


def _listed(shapes):
    return "shapes " + " and ".join(map(str, shapes)) if shapes else "no arrays"
