"""Tensor: a NumPy array that remembers how it was made, so that gradients can find their way back.

Arrays in the graph are private.  What `.data` hands out is the Tensor's own copy from then on, so a write to
it is seen and, if it came between forward and backward, refused; nobody can make a gradient silently wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ops import dispatch, foreign, graph, modes, nesting, passes, traces
from ops.demands import demand_flag, demand_word
from ops.errors import ShapeError
from ops.methods import ArrayMethods
from ops.modes import MODES, scope
from ops.nodes import BaseNode
from ops.spec import NO_PARAMS, REGISTRY, Op
from tensor import arrays
from tensor.defaults import get_default_dtype, number_type

Array = np.ndarray[Any, Any]


class Tensor(BaseNode, ArrayMethods):
    """An array, the op and the arguments that made it, and its gradient once a root has gone backward.

    data: numbers, nested lists or an array, which is copied.  Python numbers become float64, or what
    `tensor.set_default_dtype` says; an array keeps its type.  A gradient is kept where requires_grad is true, and
    needs floating numbers.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    array([2., 4.])
    """

    __slots__ = (
        *(
            "__weakref__",
            "_array",
            "_asks",
            "_exposed",
            "_grad",
            "_grad_is_ours",
            "_made",
            "_saved",
            "_taken",
            "_trace",
        ),
        *("args", "label", "op", "params", "scope"),
    )
    engine, rank = "tensor", 1

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None, label: str = ""):
        self._array, self._exposed = _own(data, dtype), False
        self._grad, self._grad_is_ours = None, True
        self.op: Any = None
        self.args: tuple[Tensor, ...] = ()
        self.params: Mapping[str, Any] = NO_PARAMS
        self._saved: Any = None
        self._made = graph.clock
        self.requires_grad, self.label, self.scope = requires_grad, demand_word("Tensor", "label", label), None
        traces.entered(self)

    # data and gradient

    @property
    def data(self) -> Array:
        """The numbers, to read or to write; a write between forward and backward makes backward refuse."""
        traces.handed_out(self, ".data")
        if not self._exposed:
            self._array, self._exposed = np.array(self._array), True
        return self._array

    @data.setter
    def data(self, data: Any) -> None:
        traces.written(self)
        mine = self._array
        if data is mine:
            return
        array = data if type(data) is np.ndarray and data.dtype == mine.dtype else _own(data, mine.dtype)
        if array.shape != mine.shape:
            raise ShapeError(f"data: shape {array.shape} cannot replace shape {mine.shape}; make a new Tensor instead")
        if not self._exposed:  # else it is no graph's: what `.data` handed out goes on being the numbers
            self._array = np.empty_like(mine)
        self._array[...] = array

    @property
    def grad(self) -> Any:
        """d(root)/d(this) after `root.backward()`, of this shape; None before, a Tensor after create_graph."""
        if not self._grad_is_ours:
            self._grad, self._grad_is_ours = np.array(self._grad), True
        return self._grad

    @grad.setter
    def grad(self, gradient: Any) -> None:
        is_plain = gradient is not None and not isinstance(gradient, Tensor)
        if gradient is not None:
            graph.demand_fit("grad", gradient, self)
        self._grad, self._grad_is_ours = _own(gradient, self.dtype) if is_plain else gradient, True

    @property
    def requires_grad(self) -> bool:
        """Whether backward shall keep its gradient, and that of what is made of it."""
        return self._asks

    @requires_grad.setter
    def requires_grad(self, asks: bool) -> None:
        if asks is not False and demand_flag("Tensor", asks) and self._array.dtype.kind != "f":
            raise TypeError(
                f"Tensor: a gradient needs floating numbers, but the data are {self.dtype}; give floats, or dtype=float"
            )
        self._asks = bool(asks)

    # fmt: off
    shape = property(lambda self: self._array.shape)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    dtype = property(lambda self: self._array.dtype)
    grad_fn = property(lambda self: self.op, doc="The op that made it; None for a leaf.")
    # fmt: on

    def backward(self, gradient: Any = None, create_graph: bool = False) -> None:
        """Fill `.grad` of every node below: a leaf adds to what it has, any other node starts anew.

        gradient: dL/d(this), of this shape; needed unless this is a single number.
        create_graph: gradients become Tensors with a graph of their own, for gradients of gradients, as they always
        do where this depends on what ops.grad or ops.jvp differentiates by while it runs; it leads back
        to the leaves, so set a leaf's `.grad` to None when done, or both stay until Python looks for cycles.
        """
        if not self.requires_grad:
            raise RuntimeError("backward: no argument of this Tensor has requires_grad=True, so there is no gradient")
        seed = graph.seed(self, gradient)
        if demand_flag("backward", create_graph, "create_graph") or nesting.captured([self]):
            return graph.backward_recorded({self: seed})
        grads = arrays.silently(graph.reverse, graph.topological(self), {self: seed._array}, arrays, _as_arrays)
        with passes.lock:
            writes: list[passes.Write] = []
            for node, g in grads.items():
                added = node.op is None and node._grad is not None
                writes += (node, "_grad", node._grad + g if added else g), (node, "_grad_is_ours", added)
            passes.hand_over(writes)

    def _refuse_changed(self) -> None:
        """ChangedDataError if an array that this node's rule reads is not what it was in the forward pass."""
        if self._saved is None:
            return
        changed = [x for x, before in zip(self.args, self._saved[1]) if not _same(x._array, before) or _moved(x)]
        if not _same(self._array, self._saved[0]):
            changed.append(self)
        if changed:
            graph.refuse_changed(self, changed)

    def one(self) -> Tensor:
        """The number one in the shape and type of this single number."""
        return _constant(np.ones_like(self._array))

    def detach(self) -> Tensor:
        """The same numbers as a leaf of their own, which passes no gradient on."""
        return graph.cut_from(self, Tensor(self._array, label=self.label))

    def numpy(self) -> Array:
        """A copy of the numbers as a NumPy array."""
        traces.handed_out(self, "numpy()")
        return np.array(self._array)

    def peek(self) -> Array:
        """The numbers, to be read alone: no copy, so it cannot be written to."""
        return _to_be_read(self._array)

    def peek_grad(self) -> Any:
        """The gradient, to be read alone: no copy, so it cannot be written to."""
        return _to_be_read(np.asarray(self._grad)) if self._grad is not None else None

    def take(self, array: Array) -> None:
        """Let `array`, which the caller must not keep, be the numbers from now on: `x.data = array` without a copy."""
        mine = self._array
        fits = not self._exposed and type(array) is np.ndarray and array.base is None and array.flags.writeable
        if fits and array.dtype == mine.dtype and array.shape == mine.shape and array.strides == mine.strides:
            self._array = array
        else:
            self.data = array

    def __repr__(self) -> str:
        numbers = np.array2string(np.asarray(self._array), separator=", ", prefix="Tensor(")
        dtype = f", dtype={self.dtype}" if self.dtype != float else ""
        label = f", label={self.label!r}" if self.label else ""
        asks = f", op={self.op.name}" if self.op else ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({numbers}{dtype}{label}{asks})"

    @staticmethod
    def apply_op(op: Op[...], args: Sequence[Any], params: Mapping[str, Any] = NO_PARAMS) -> Tensor:
        """Run an op on Tensors, numbers and arrays, and keep what was done in a new node."""
        inputs, wanted, whole = [], [], False
        for x in args:
            if type(x) is not Tensor:
                return Tensor.apply_op(op, _lifted(op, args), params)
            inputs.append(x._array.copy() if x._exposed else x._array)
            wanted.append(x._asks)
            whole = whole or (not x._asks and x._array.dtype.kind != "f")
        if whole and arrays.holds_whole_numbers(op, inputs):
            return Tensor.apply_op(op, _floated(op, args), params)
        y = op.run(arrays, inputs, params) if op.moves else arrays.silently(op.run, arrays, inputs, params)
        node = _new(Tensor)
        node._array, node._exposed, node._grad, node._grad_is_ours, node.label, node._made = y, False, None, True, "", 0
        node._asks = True in wanted and (not MODES or modes.recording())
        if node._asks:
            node.op, node.args, node.params, node._saved = op, tuple(args), params, (y, inputs, wanted)
        else:
            node.op, node.args, node.params, node._saved = None, (), NO_PARAMS, None
            traces.unrecorded(node, args)
        node.scope = scope()
        return modes.watch_node(node, op, args) if MODES else node


_new = Tensor.__new__
_MOVES = frozenset(REGISTRY[name] for name in graph.MOVES)


def _own(data: Any, dtype: Any = None) -> Array:
    """A copy of the data as an array: of the default type from Python numbers, an array's own type from an array."""
    if dispatch.is_node(data):
        raise TypeError(f"Tensor: got a {type(data).__name__}; give its .data, or detach() it, if its graph may go")
    dispatch.refuse_within("Tensor", data)
    array = _in_type(arrays.asarray(data, "Tensor"), dtype if dtype is None else number_type("Tensor", dtype))
    from_numbers = dtype is None and not hasattr(data, "dtype") and (array.dtype.kind in "iu" or array.dtype == float)
    return array.astype(get_default_dtype(), copy=False) if from_numbers else array


def _in_type(array: Array, dtype: np.dtype[Any] | None) -> Array:
    """A copy of that type; infinity for what a smaller float cannot hold, ValueError where whole numbers cannot."""
    if dtype is None or dtype == array.dtype:
        return np.array(array)
    if dtype.kind not in "iu" or array.dtype.kind != "f":
        return arrays.silently(np.array, array, dtype)
    try:
        with np.errstate(invalid="raise"):
            return np.array(array, dtype)
    except FloatingPointError:
        raise ValueError(f"Tensor: {dtype} cannot hold all of these numbers; give dtype=float") from None


def _as_arrays(node: Tensor, g: Array) -> Any:
    """What the reverse pass reads: the gradient of the node, and the arrays that the forward pass saved."""
    y, inputs, wanted = node._saved
    same = node._array is y
    for x, before in zip(node.args, inputs):
        same = same and x._array is before and x.op not in _MOVES
    if not same:
        node._refuse_changed()
    if g.size > arrays.SMALL and node.op.kind in ("pointwise", "reduction"):  # which go through g and the rest at once
        g = arrays.laid_out_as(y, g)
    return g, y, inputs, wanted


def _moved(x: Tensor) -> bool:
    """Whether x only shows the numbers of other nodes in other places, and one of these was changed since."""
    waiting = [x]
    for node in waiting:  # which grows meanwhile
        if node.op in _MOVES:
            if not all(map(_same, [arg._array for arg in node.args], node._saved[1])):
                return True
            waiting += node.args
    return False


def _lifted(op: Op[...], args: Sequence[Any]) -> tuple[Tensor, ...]:
    """All operands as Tensors; single numbers take the floating type of the first that has one."""
    floating = None
    for x in args:
        if type(x) is Tensor and floating is None and x._array.dtype.kind == "f":
            floating = x._array.dtype
    return tuple([x if type(x) is Tensor else _lift(x, op, floating) for x in args])


def _floated(op: Op[...], args: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The operands, those of whole numbers as constants of floats; a leaf keeps its label."""
    floats = arrays.floated(op, [x._array for x in args])
    twins = [x if x._array is array else _constant(array) for x, array in zip(args, floats)]
    for x, twin in zip(args, twins):
        twin.label = x.label
    return tuple(twins)


def _lift(other: Any, op: Op[...], dtype: Any) -> Tensor:
    """The other operand as a constant; a single number, and a list of Python's, takes the Tensor's floating type."""
    if isinstance(other, (int, float, np.floating, np.integer)):
        if isinstance(other, bool):
            return _constant(np.array(other))
        return _constant(arrays.cast(other, dtype) if dtype in _NARROW else np.array(other, dtype))
    if dispatch.is_node(other):
        dispatch.refuse_mixing(op.name, Tensor, type(other))
    dispatch.refuse_within(op.name, other)
    foreign.refuse_torch(op.name, Tensor, other)
    array = np.array(arrays.asarray(other, op.name))
    if dtype is not None and array.dtype.kind in "fiu" and not hasattr(other, "dtype"):
        array = arrays.cast(array, dtype)
    return traces.entered(_constant(array), "operand")


_NARROW = (np.dtype(np.float16), np.dtype(np.float32))  # which a number of Python's may be too large for


def _constant(array: Array) -> Tensor:
    """A leaf around an array that nobody else has."""
    node = _new(Tensor)
    node._array, node._exposed, node._grad, node._grad_is_ours, node.label, node._made = array, False, None, True, "", 0
    node.op, node.args, node.params, node._saved = None, (), NO_PARAMS, None
    node._asks, node.scope = False, None
    return node


def _to_be_read(array: Array) -> Array:
    view = array.view() if type(array) is np.ndarray else np.asarray(array).view()
    view.flags.writeable = False
    return view


def _same(a: Array, b: Array) -> bool:
    return a is b or (a.shape == b.shape and a.tobytes() == b.tobytes())
