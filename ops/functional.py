"""Derivatives of functions as functions: grad, value_and_grad, jvp and hvp, on either engine.

Each runs f on fresh nodes and walks the recorded graph with the ops themselves as the namespace, so what
comes out is recorded too: `grad(grad(f))` is the second derivative.  Plain numbers and arrays give plain
ones back; nodes give nodes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from ops.dispatch import is_node, node_for
from ops.errors import ShapeError
from ops.graph import as_nodes, reverse, topological
from ops.modes import enable_grad

Function = Callable[..., Any]


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function whose value is df/d(argument): one gradient, or a tuple where argnums is a sequence.

    >>> import ops
    >>> ops.grad(ops.grad(lambda x: x**3))(2.0)   # 6 x
    12.0
    """
    both = value_and_grad(f, argnums)
    return lambda *args: both(*args)[1]


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns f's value and its gradient; f must return a single number.

    >>> import ops
    >>> ops.value_and_grad(lambda a, b: a * b, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def both(*args: Any) -> tuple[Any, Any]:
        leaves, y = _run(f, args, places)
        grads = tuple(pullback(y, leaves))
        if not any(map(is_node, args)):
            y, grads = _plain(y), tuple(map(_plain, grads))
        return y, grads[0] if isinstance(argnums, int) else grads

    return both


def jvp(f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """f's value and its derivative along the tangents, in one forward sweep.

    primals, tangents: one argument of f, or a tuple with one entry for each; shapes equal pairwise.

    >>> import ops
    >>> ops.jvp(lambda x: x**2, 3.0, 1.0)
    (9.0, 6.0)
    """
    args = primals if isinstance(primals, tuple) else (primals,)
    along = tangents if isinstance(tangents, tuple) else (tangents,)
    leaves, y = _run(f, args, range(len(args)))
    t = pushforward(y, dict(zip(leaves, (v if is_node(v) else type(x)(v) for x, v in zip(leaves, along)))))
    return (y, t) if any(map(is_node, (*args, *along))) else (_plain(y), _plain(t))


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The product of f's Hessian at x with v, forward over reverse: no Hessian is ever built.  Shape of x.

    >>> import ops
    >>> ops.hvp(lambda x: x**3, 2.0, 10.0)   # 6 x v
    120.0
    """
    return jvp(grad(f), x, v)[1]


def pullback(y: Any, leaves: Sequence[Any]) -> list[Any]:
    """dy/d(leaf) for each leaf, as recorded nodes; y is a node of one element."""
    if not is_node(y):
        return [_zero(x) for x in leaves]
    if y.shape != ():
        raise ShapeError(f"grad: the function returned shape {y.shape}, not one number; sum it, or use jvp")
    grads = reverse(topological(y), {y: type(y)(1.0)}, _ops(), as_nodes)
    return [grads[x] if x in grads else _zero(x) for x in leaves]


def pushforward(y: Any, tangents: dict[Any, Any]) -> Any:
    """The tangent of y from those of its leaves, as a recorded node."""
    if not is_node(y):
        return 0.0 * y
    for node in topological(y):
        along = [tangents.get(x) for x in node.args]
        if node.op and any(t is not None for t in along):
            t = node.op.jvp(_ops(), along, node, node.args, node.params)
            if t is not None:
                tangents[node] = t if t.shape == node.shape else _ops().broadcast_to(t, node.shape)
    return tangents.get(y, _zero(y))


def _run(f: Function, args: Sequence[Any], places: Sequence[int]) -> tuple[list[Any], Any]:
    """f on the arguments, those in `places` as fresh leaves that ask for a gradient."""
    with enable_grad():
        leaves = {i: node_for(args[i]) for i in places}
        return list(leaves.values()), f(*(leaves.get(i, x) for i, x in enumerate(args)))


def _zero(x: Any) -> Any:
    zero = type(x)(0.0)
    return zero if x.shape == () else _ops().broadcast_to(zero, x.shape)


def _plain(x: Any) -> Any:
    return x.data if is_node(x) else x


def _ops() -> Any:
    """The whole package as a namespace; it is complete only after this module has been read."""
    return sys.modules["ops"]
