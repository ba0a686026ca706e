"""Derivatives of functions as functions: grad, value_and_grad, jvp and hvp, on either engine.

Each runs f on fresh nodes and walks the recorded graph with the ops themselves as the namespace, so what
comes out is recorded too: `grad(grad(f))` is the second derivative.  Plain numbers and arrays give plain
ones back; nodes give nodes.  On the scalar engine the walk is over the Values, whatever arrays they stand in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ops.dispatch import is_node, node_for
from ops.errors import ShapeError
from ops.graph import as_nodes, assembled, parts, reverse, topological
from ops.modes import traced

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
    _demand_function(f, "grad")

    def both(*args: Any) -> tuple[Any, Any]:
        leaves, y = _run("grad", f, args, [_place(i, len(args)) for i in places])
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
    _demand_function(f, "jvp")
    args = primals if isinstance(primals, tuple) else (primals,)
    along = tangents if isinstance(tangents, tuple) else (tangents,)
    if len(args) != len(along):
        raise TypeError(f"jvp: got {len(args)} primals and {len(along)} tangents; give one tangent for each primal")
    leaves, y = _run("jvp", f, args, range(len(args)))
    t = pushforward(y, dict(zip(leaves, map(_tangent, leaves, along))))
    return (y, t) if any(map(is_node, (*args, *along))) else (_plain(y), _plain(t))


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The product of f's Hessian at x with v, forward over reverse: no Hessian is ever built.  Shape of x.

    >>> import ops
    >>> ops.hvp(lambda x: x**3, 2.0, 10.0)   # 6 x v
    120.0
    """
    return jvp(grad(f), x, v)[1]


def pullback(y: Any, leaves: Sequence[Any]) -> list[Any]:
    """dy/d(leaf) for each leaf, as recorded nodes; y is a node of one element, or a number."""
    if getattr(y, "shape", ()) != ():
        raise ShapeError(f"grad: the function returned shape {y.shape}, not one number; sum it, or use jvp")
    grads = {}
    if is_node(y):
        (root,) = parts(y)
        grads = reverse(topological(root), {root: type(root)(1.0)}, _ops(), as_nodes)
    return [assembled(x, [grads[p] if p in grads else _zero(p) for p in parts(x)]) for x in leaves]


def pushforward(y: Any, tangents: Mapping[Any, Any]) -> Any:
    """The tangent of y from those of its leaves, as a recorded node."""
    if not is_node(y):
        return 0.0 * y
    along = {p: t for x, tangent in tangents.items() for p, t in zip(parts(x), parts(tangent))}
    for node in topological(*parts(y)):
        if node.op and any([x in along for x in node.args]):
            t = node.op.jvp(_ops(), [along.get(x) for x in node.args], node, node.args, node.params)
            if t is not None:
                along[node] = t if t.shape == node.shape else _ops().broadcast_to(t, node.shape)
    return assembled(y, [along[p] if p in along else _zero(p) for p in parts(y)])


def _run(asker: str, f: Function, args: Sequence[Any], places: Sequence[int]) -> tuple[list[Any], Any]:
    """f on the arguments, those in `places` as fresh leaves that ask for a gradient."""
    with traced(asker):
        leaves = {i: node_for(args[i]) for i in places}
        y = f(*(leaves.get(i, x) for i, x in enumerate(args)))
    if isinstance(y, (str, bytes)) or not (is_node(y) or hasattr(y, "shape") or isinstance(y, (int, float))):
        missing = "; is a `return` missing?" if y is None else ""
        raise TypeError(f"{asker}: the function returned {_told(y)}, not a number or an array{missing}")
    return list(leaves.values()), y


def _told(y: Any) -> str:
    return "None" if y is None else f"a {type(y).__name__}"


def _place(i: Any, count: int) -> int:
    if not isinstance(i, int) or not -count <= i < count:
        raise TypeError(f"grad: argnums names argument {i!r}, but the function was called with {count}")
    return i % count


def _demand_function(f: Any, asker: str) -> None:
    if not callable(f):
        raise TypeError(f"{asker}: the first argument is a function, as in ops.{asker}(f), not {f!r}")


def _tangent(x: Any, given: Any) -> Any:
    """The tangent of a leaf, as a node of its engine and shape."""
    t = given if is_node(given) else type(x)(given)
    if t.shape != x.shape:
        raise ShapeError(f"jvp: a tangent has shape {t.shape}, but its primal has {x.shape}")
    return t


def _zero(x: Any) -> Any:
    zero = type(x)(0.0)
    return zero if x.shape == () else _ops().broadcast_to(zero, x.shape)


def _plain(x: Any) -> Any:
    """A node's numbers: a float where the scalar engine has one number, an array otherwise."""
    if not is_node(x):
        return x
    return x.item() if x.engine == "scalar" and x.shape == () else x.numpy()


def _ops() -> Any:
    """The whole package as a namespace; it is complete only after this module has been read."""
    return sys.modules["ops"]
