"""Value: one number that remembers how it was made, so that gradients can find their way back.

    a, b = Value(-4.0), Value(2.0)
    c = a * b + b**3        # forward: each operator makes a new node, which keeps its arguments
    c.backward()            # backward: a.grad is now dc/da = b, and b.grad is dc/db = a + 3 * b**2

The operators are the registry's ops, bound to floats; no formula and no derivative is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import ops
from ops import anomalies, dispatch, graph, modes, nesting, passes
from ops.demands import demand_flag
from ops.nodes import BaseNode
from ops.spec import NO_PARAMS, Op
from scalar import floats
from scalar.protocols import Number

_new = object.__new__
_LEAF: Any = NO_PARAMS, None, (), None  # no op and no arguments


def _node(op: Op[...], data: float, a: Any, b: Value | None = None, params: Mapping[str, Any] = NO_PARAMS) -> Value:
    node = _new(Value)
    node._data, node.grad, node.label = data, 0, ""
    node.op, node._a, node._b, node.params = op, a, b, params
    node._made = node._written = graph.clock
    return modes.watch_node(node, op, node.args) if modes.MODES else node


def _record(op: Op[...], args: tuple[Value, ...], params: Mapping[str, Any] = NO_PARAMS) -> Value:
    return _node(op, floats.run(op.forward, [x._data for x in args], params), args, None, params)


def _unary(op: Op[...]) -> Callable[[Value], Value]:
    return lambda self: _record(op, (self,))


def binary(op: Op[...]) -> Callable[[Value, Any], Value]:
    """The operator of Value that is this op."""
    forward = op.forward

    def operator(self: Value, other: Any) -> Value:
        if other.__class__ is not Value and (other := _lift(array := other, op)) is NotImplemented:
            return op(self, array)
        try:
            return _node(op, forward(floats, self._data, other._data), self, other)
        except ZeroDivisionError:  # run once more, on IEEE's division
            return _record(op, (self, other))

    return operator


def _reflected(op: Op[...]) -> Callable[[Value, Any], Value]:
    operator = binary(op)
    return lambda self, other: operator(a, self) if (a := _lift(other, op)) is not NotImplemented else op(other, self)


class Value(Number, BaseNode):
    """A number, the op and the arguments that made it, and its gradient once a root has gone backward.

    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> x.grad
    6.0
    """

    # Arguments stand in two slots: a tuple in each node would double the garbage collector's work.
    __slots__ = ("__weakref__", "_a", "_b", "_data", "_made", "_written", "grad", "label", "op", "params")
    engine, rank, shape = "scalar", 0, ()

    def __init__(self, data: Any, label: str = ""):
        self._data = floats.number(data)
        self.grad: Any = 0  # an integer until a gradient arrives
        self.label, self.params, self.op, self._a, self._b = label, *_LEAF
        self._made = self._written = graph.clock

    def _write(self, data: Any) -> None:
        self._data = floats.number(data)
        graph.clock += 1
        self._written = graph.clock

    data = property(attrgetter("_data"), _write, doc="The number.")

    def backward(self, gradient: Any = 1.0, create_graph: bool = False) -> None:
        """Fill `.grad` of every node below: a leaf adds to what it has, any other node starts anew."""
        backpropagate({self: gradient if isinstance(gradient, Value) else Value(gradient)}, create_graph)

    def _backward(self) -> None:
        """Send this node's gradient on to its arguments: the chain rule, one node.

        A partial of False is that of a branch that was not taken: it sends 0, even of an infinite gradient.
        """
        a, b, g = self._a, self._b, self.grad
        if b is None or self.params:
            for x, d in zip(self.args, self._partials() if self.op else ()):
                if d is not None:
                    x.grad += g * d if d is not False else 0.0
            return
        try:
            da, db = self.op.rules["partials"](floats, self._data, a._data, b._data)
        except ZeroDivisionError:
            da, db = self._partials()
        a.grad += g * da if da is not False else 0.0
        b.grad += g * db if db is not False else 0.0

    def _partials(self) -> Sequence[Any]:
        """dy/dx for each argument x, in numbers."""
        numbers = [self._data, *[x._data for x in self.args]]
        return self.op.checked(floats.run(self.op.rules["partials"], numbers, self.params))

    def detach(self) -> Value:
        """The same number as a leaf of its own, which passes no gradient on."""
        return graph.cut_from(self, Value(self._data, self.label))

    @classmethod
    def apply_op(cls, op: Op[...], args: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """Run an op on Values and numbers."""
        return _record(op, tuple([x if isinstance(x, Value) else _lift(x, op) for x in args]), params)

    # fmt: off
    __add__ = binary(ops.add);       __radd__ = _reflected(ops.add)
    __sub__ = binary(ops.sub);       __rsub__ = _reflected(ops.sub)
    __mul__ = binary(ops.mul);       __rmul__ = _reflected(ops.mul)
    __truediv__ = binary(ops.div);   __rtruediv__ = _reflected(ops.div)
    _power = binary(ops.power);      __rpow__ = _reflected(ops.power)
    maximum = binary(ops.maximum);   minimum = binary(ops.minimum)
    __neg__ = neg = _unary(ops.neg); __abs__ = abs = _unary(ops.abs); __pos__ = _unary(ops.positive)
    exp = _unary(ops.exp);           log = _unary(ops.log);           sqrt = _unary(ops.sqrt)
    sin = _unary(ops.sin);           cos = _unary(ops.cos);           tanh = _unary(ops.tanh)
    relu = _unary(ops.relu);         silu = _unary(ops.silu);         sigmoid = _unary(ops.sigmoid)
    erf = _unary(ops.erf);           sign = _unary(ops.sign);         softplus = _unary(ops.softplus)

    def __pow__(self, n: Any) -> Value: return ops.pow(self, n) if isinstance(n, (int, float)) else self._power(n)
    def leaky_relu(self, slope: float = 0.01) -> Value: return ops.leaky_relu(self, slope)
    def gelu(self, approximate: str = "none") -> Value: return ops.gelu(self, approximate)
    def clip(self, low: float | None = None, high: float | None = None) -> Value: return ops.clip(self, low, high)

    def item(self) -> float: return self._data
    def __repr__(self) -> str: return f"Value(data={self._data}, grad={self.grad})"
    def _link(self, args: Any) -> None: self._a, self._b = args, None
    args = property(lambda self: self._a if self._b is None else (self._a, self._b), _link, doc="In operand order.")
    pow, _prev, _op = __pow__, args, property(lambda self: graph.symbol(self))  # micrograd's names


def backpropagate(seeds: Mapping[Value, Value], create_graph: bool = False) -> None:
    """The backward pass from one or more roots, each with the gradient that comes in there: all of it, or nothing."""
    if demand_flag("backward", create_graph, "create_graph") or nesting.captured(seeds):
        return graph.backward_recorded(seeds)
    with passes.lock, passes.Pass(seeds) as run:
        order, watched = _order(run), modes.watching()
        for root, g in seeds.items():
            root.grad += g._data
        for node in reversed(order):
            anomalies.backward(node) if watched else node._backward()
        run.add_earlier()


def _order(run: passes.Pass) -> list[Value]:
    """The nodes below the roots that are not leaves, arguments first; every gradient, leaves' too, is set to zero.

    Depth first, on a stack of our own; a node that holds this pass's zero, an object new to it, has been met.
    """
    order, stack, zero, pop, push = run.order, run.stack, run.zero, run.stack.pop, run.stack.append
    while stack:
        node = pop()
        if node is None:  # all that is below the next one is in order
            order.append(node := stack[-1])
            pop()
            if node._made != graph.clock:
                graph.refuse_written(node)
        elif node.grad is not zero:
            if type(node.grad) is not int:
                run.earlier[node] = node.grad
            if node.op is None:
                run.leaves.append(node)
            else:
                push(node)
                push(None)
                stack += node._a if node._b is None else (node._a, node._b)
            node.grad = zero
    return order


def _lift(other: Any, op: Any) -> Any:
    """The other operand as a Value; NotImplemented for an array, which takes it from there."""
    if type(other) is float:
        return Value(other)
    if dispatch.is_node(other := dispatch.unboxed(other)) and other.engine != "scalar":
        dispatch.refuse_mixing(op.__name__, Value, type(other))
    if dispatch.has_axes(other) or getattr(type(other), "rank", 0) == 1:
        return NotImplemented
    return other if isinstance(other, Value) else Value(float(other) if isinstance(other, bool) else other)
