"""ValueArray: an array of Values that leaves two graphs, one of whole arrays and beneath it one of numbers.

The array-level graph lines up with what a Tensor leaves, node for node; each of its nodes stands on the
scalar graph that it expands to.  Gradients flow through the Values alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ops import dispatch, foreign, graph, modes, traces
from ops.collector import collector_paused
from ops.demands import demand_flag, demand_word
from ops.errors import ShapeError
from ops.methods import ArrayMethods
from ops.nodes import BaseNode
from ops.spec import NO_PARAMS, Op
from scalar import objects
from scalar.value import Value, backpropagate
from scalar.windows import Window, bits

Array = np.ndarray[Any, Any]
_OBJECTS = np.dtype(object)


class ValueArray(BaseNode, ArrayMethods):
    """An array of Values, and the op and the arrays that made it.

    data: numbers, nested lists or an array; Values among them are taken as they are.  A gradient is kept
    where requires_grad is true.  An op that only moves numbers, such as reshape, leaves the very same Values
    in another order, so the gradient of its node is theirs, of all their uses.

    >>> w = ValueArray([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    array([2., 4.])
    """

    __slots__ = (
        *("__weakref__", "_asks", "_made", "_taken", "_trace"),
        *("args", "label", "op", "params", "scope", "values"),
    )
    engine, rank, dtype = "scalar", 1, np.dtype(float)

    def __init__(self, data: Any, requires_grad: bool = False, label: str = ""):
        if dispatch.is_node(data) and not isinstance(data, Value):
            raise TypeError(
                f"ValueArray: got a {type(data).__name__}; give its .data, or detach() it, if its graph may go"
            )
        _demand_few_axes(data)
        asks, given = demand_flag("ValueArray", requires_grad), _of_values(data)
        self.values = objects.boxed(_checked(data)) if given is None else given
        self._made = graph.clock
        self.op, self.args, self.params = None, (), NO_PARAMS
        self.requires_grad, self.scope = asks or given is not None, None
        self.label = demand_word("ValueArray", "label", label)
        traces.entered(self)

    @property
    def requires_grad(self) -> bool:
        """Whether backward shall keep its gradient, and that of what is made of it."""
        return self._asks

    @requires_grad.setter
    def requires_grad(self, asks: bool) -> None:
        self._asks = demand_flag("ValueArray", asks)
        for x in self.values.flat if self._asks else ():
            if x._made == graph.CONSTANT:
                x._made = graph.clock

    @property
    def data(self) -> Array:
        """The numbers as floats; what is written into them goes on into the Values."""
        traces.handed_out(self, ".data")
        return Window.over(self.numpy(), lambda shown: self.numpy(), self._write)

    @data.setter
    def data(self, data: Any) -> None:
        traces.written(self)
        numbers = _checked(data)
        if numbers.shape != self.shape:
            raise ShapeError(f"data: shape {numbers.shape} cannot replace shape {self.shape}; make a new ValueArray")
        changed = bits(numbers) != bits(self.numpy())
        self._write(changed, numbers[changed])

    def _write(self, where: Array, numbers: Array) -> None:
        for x, number in zip(self.values[where], numbers):
            x.data = number

    @property
    def grad(self) -> Any:
        """d(root)/d(this), of this shape; None before, a ValueArray of recorded Values after create_graph."""
        g = self.peek_grad()
        return Window.over(g, self._grad_if, self._write_grad) if isinstance(g, np.ndarray) else g

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is None:
            grads: Any = [0] * self.size
        elif isinstance(gradient, ValueArray) and gradient.shape == self.shape:
            grads = gradient.values.flat
        else:
            grads = (
                np.broadcast_to(_checked(gradient, "grad"), graph.demand_fit("grad", gradient, self)).ravel().tolist()
            )
        for x, g in zip(self.values.flat, grads):
            x.grad = g

    def _grad_if(self, shown: Array) -> Array | None:
        """The gradient, if it is still the one that is shown, and not that of another pass."""
        g = self.peek_grad()
        return g if isinstance(g, np.ndarray) and np.array_equal(bits(g), bits(shown)) else None

    def _write_grad(self, where: Array, numbers: Array) -> None:
        for x, g in zip(self.values[where], numbers.tolist()):
            x.grad = g

    # fmt: off
    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)
    size = property(lambda self: self.values.size)
    # fmt: on

    def numpy(self) -> Array:
        """The numbers as a new float array."""
        traces.handed_out(self, "numpy()")
        return np.array([x._data for x in self.values.flat], float).reshape(self.shape)

    def peek(self) -> Array:
        """The numbers, to be read alone."""
        return self.numpy()

    def peek_grad(self) -> Any:
        """The gradient, to be read alone."""
        grads = [0 if x.grad is None else x.grad for x in self.values.flat]
        if not self.requires_grad or all(type(g) is int for g in grads):
            return None
        recorded = any(isinstance(g, Value) for g in grads)
        return self.holding(grads) if recorded else np.array(grads, float).reshape(self.shape)

    def take(self, array: Array) -> None:
        """`x.data = array`."""
        self.data = array

    def backward(self, gradient: Any = None, create_graph: bool = False) -> None:
        """Fill the `.grad` of every Value below: leaves add it to what they have, other nodes start anew."""
        if not self.requires_grad:
            raise RuntimeError(
                "backward: no argument of this ValueArray has requires_grad=True, so there is no gradient"
            )
        seed = graph.seed(self, gradient)
        for node in graph.topological(self):
            node._refuse_changed()
        seeds: dict[Value, Value] = {}
        for x, g in zip(self.values.flat, seed.values.flat):
            seeds[x] = seeds[x] + g if x in seeds else g
        backpropagate(seeds, create_graph)

    def _refuse_changed(self) -> None:
        """ChangedDataError if a number that this node's rule reads was written after the node was made."""
        if self.op is not None and self._made != graph.clock:
            family = (self, *self.args)
            graph.refuse_changed(self, [x for x in family if any(v._written > self._made for v in x.values.flat)])

    def holding(self, found: Sequence[Any]) -> ValueArray:
        """An array of this shape of these Values and numbers, one for each element."""
        values = np.empty(self.size, object)
        values[:] = found
        return ValueArray(values.reshape(self.shape) if self.size else np.empty(self.shape))

    def one(self) -> ValueArray:
        """The number one in the shape of this single number."""
        return ValueArray(np.ones(self.shape))

    def detach(self) -> ValueArray:
        """The same numbers as a leaf of their own, which passes no gradient on."""
        return graph.cut_from(self, ValueArray(self.numpy(), label=self.label))

    def __repr__(self) -> str:
        numbers = np.array2string(self.numpy(), separator=", ", prefix="ValueArray(")
        label = f", label={self.label!r}" if self.label else ""
        asks = f", op={self.op.name}" if self.op else ", requires_grad=True" if self.requires_grad else ""
        return f"ValueArray({numbers}{label}{asks})"

    @classmethod
    def apply_op(cls, op: Op[...], args: Sequence[Any], params: Mapping[str, Any] = NO_PARAMS) -> ValueArray:
        """Run an op on ValueArrays, Values, numbers and arrays, and keep what was done at both levels."""
        nodes = tuple([x if type(x) is ValueArray else _lift(x, op) for x in args])
        inputs = tuple([node.values for node in nodes])
        with collector_paused(), np.errstate(all="ignore"):
            values = objects.mapped(op, inputs, params) if op.elementwise else op.run(objects, inputs, params)
        out = _new(ValueArray)
        out.values, out.label, out.scope = objects.boxed(values), "", modes.scope()
        if modes.MODES and not modes.recording():
            out.values = _cut(out.values, inputs)
        out._made = graph.clock
        out._asks = modes.recording() and any(x._asks for x in nodes)
        out.op, out.args, out.params = (op, nodes, params) if out._asks else (None, (), NO_PARAMS)
        if not out._asks:
            traces.unrecorded(out, nodes)
        return modes.watch_node(out, op, nodes) if modes.MODES else out


_new = ValueArray.__new__


def _cut(values: Array, inputs: Sequence[Array]) -> Array:
    """The Values, but for those that an op only moved: under no_grad these are replaced, for they have a graph."""
    moved = {id(x) for box in inputs for x in box.flat}
    return objects.boxed(np.frompyfunc(lambda x: +x if id(x) in moved else x, 1, 1)(values))


def _of_values(data: Any) -> Array | None:
    """The data as an object array of Values, if there is a Value among them."""
    if isinstance(data, (int, float)) or (not isinstance(data, Value) and getattr(data, "dtype", _OBJECTS) != _OBJECTS):
        return None
    dispatch.refuse_within("ValueArray", data, taken=Value)
    box = objects.boxed(data) if isinstance(data, Value) else np.array(data, dtype=object)
    if any(isinstance(x, (list, tuple)) for x in box.flat):
        raise ShapeError("ValueArray: rows of different lengths do not make an array")
    return objects.boxed(objects.to_values(box)) if any(isinstance(x, Value) for x in box.flat) else None


def _demand_few_axes(data: Any) -> None:
    """ShapeError for an array of more axes than NumPy's loops over objects take."""
    if dispatch.has_axes(data) and len(shape := getattr(data, "shape", ())) > dispatch.MOST_AXES:
        raise ShapeError(f"ValueArray: an array of {len(shape)} axes is too deep; it has at most {dispatch.MOST_AXES}")


def _checked(data: Any, asker: str = "ValueArray") -> Array:
    if dispatch.is_node(data):
        raise TypeError(f"{asker}: got a {type(data).__name__}; give its .data")
    return dispatch.as_array(data, asker).astype(float)


def _lift(other: Any, op: Op[...]) -> ValueArray:
    """The other operand as a constant; Values keep their graph."""
    if dispatch.is_node(other) and other.engine != "scalar":
        dispatch.refuse_mixing(op.name, ValueArray, type(other))
    foreign.refuse_torch(op.name, ValueArray, other)
    return traces.entered(ValueArray(other), "operand")
