"""Derivatives of functions as functions: grad, value_and_grad, jvp and hvp, on either engine.

Each runs f on fresh nodes and walks the recorded graph with the ops themselves as the namespace, so what
comes out is recorded too: `grad(grad(f))` is the second derivative.  Nodes give nodes.  Plain numbers and arrays
give plain ones back, except where the result depends on a node from outside that asks for a gradient: it stays a
node then, and its own derivative is not lost.  On the scalar engine the walk is over the Values, whatever arrays
they stand in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ops import graph, modes
from ops.dispatch import is_node, is_number, refuse_mixing
from ops.errors import ShapeError
from ops.fitting import stretched_tangent
from ops.graph import assembled, parts, reverse
from ops.leaves import leaves_for
from ops.nesting import Transform, begun, between, reaches_outside
from ops.shapes import is_sequence
from ops.words import a_or_an, shown

Function = Callable[..., Any]


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function whose value is df/d(argument): one gradient, or a tuple where argnums is a sequence.

    >>> import ops
    >>> ops.grad(ops.grad(lambda x: x**3))(2.0)   # 6 x
    12.0
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **options: both(*args, **options)[1]


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns f's value and its gradient; f must return a single number.

    Keywords go on to f as they are, without a gradient.

    >>> import ops
    >>> ops.value_and_grad(lambda a, b: a * b, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    places = tuple(argnums) if is_sequence(argnums) else (argnums,)
    demand_function(f, "grad")

    def both(*args: Any, **options: Any) -> tuple[Any, Any]:
        at = [_place(i, len(args)) for i in places]
        if len({*at}) < len(at):
            raise TypeError(f"grad: argnums {argnums!r} names an argument twice; name each argument once")
        transform, y = _run("grad", f, args, options, at)
        results = [y, *pullback(y, transform.leaves)]
        numbers = [is_number(args[i]) for i in at]
        y, *grads = _handed_back(transform, (*args, *options.values()), results, [all(numbers), *numbers])
        return y, tuple(grads) if is_sequence(argnums) else grads[0]

    return both


def jvp(f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """f's value and its derivative along the tangents, in one forward sweep.

    primals, tangents: one argument of f, or a tuple with one entry for each; shapes equal pairwise.

    >>> import ops
    >>> ops.jvp(lambda x: x**2, 3.0, 1.0)
    (9.0, 6.0)
    """
    demand_function(f, "jvp")
    args = primals if isinstance(primals, tuple) else (primals,)
    along = tangents if isinstance(tangents, tuple) else (tangents,)
    if len(args) != len(along):
        raise TypeError(f"jvp: got {len(args)} primals and {len(along)} tangents; give one tangent for each primal")
    transform, y = _run("jvp", f, args, {}, range(len(args)))
    t = pushforward(y, dict(zip(transform.leaves, map(_tangent, transform.leaves, along))))
    y, t = _handed_back(transform, (*args, *along), [y, t], [all(map(is_number, args))] * 2)
    return y, t


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
        order, reached = between(leaves, [root])
        _refuse_changed(order)
        one = root.one() if root.rank else type(root)(1.0)
        grads = reverse(order, {root: one}, _ops(), lambda n, g: (g, n, n.args, [x in reached for x in n.args]))
    return [assembled(x, [grads[p] if p in grads else _zero(p) for p in parts(x)]) for x in leaves]


def pushforward(y: Any, tangents: Mapping[Any, Any]) -> Any:
    """The tangent of y from those of its leaves, as a recorded node."""
    if not is_node(y):
        return 0.0 * y
    along = {p: t for x, tangent in tangents.items() for p, t in zip(parts(x), parts(tangent))}
    order, _ = between([*tangents], parts(y))
    _refuse_changed(order)
    for node in order:
        t = node.op.jvp(_ops(), [along.get(x) for x in node.args], node, node.args, node.params)
        if t is not None:
            along[node] = t if t.shape == node.shape else stretched_tangent(_ops(), node, t)
    return assembled(y, [along[p] if p in along else _zero(p) for p in parts(y)])


def _run(
    asker: str, f: Function, args: Sequence[Any], options: Mapping[str, Any], places: Sequence[int]
) -> tuple[Transform, Any]:
    """f on the arguments, those in `places` as fresh leaves that ask for a gradient."""
    with begun(asker) as transform:
        transform.leaves.extend(leaves_for(asker, args, options, places))
        leaves = dict(zip(places, transform.leaves))
        y = _called(asker, f, [leaves.get(i, x) for i, x in enumerate(args)], options)
    if isinstance(y, (str, bytes)) or not (is_node(y) or hasattr(y, "shape") or is_number(y)):
        missing = "; is a `return` missing?" if y is None else ""
        told = "None" if y is None else a_or_an(y)
        raise TypeError(f"{asker}: the function returned {told}, not a number or an array{missing}")
    return transform, y


def _called(asker: str, f: Function, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    try:
        return f(*args, **options)
    except TypeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next or str(error).startswith(f"{asker}:"):
            raise
        raise TypeError(f"{asker}: {error}") from None  # f did not begin: it does not take these arguments


def _handed_back(
    transform: Transform, given: Sequence[Any], results: Sequence[Any], numbers: Sequence[bool]
) -> list[Any]:
    """The results as the caller shall have them: nodes, or plain where no derivative is lost by it.

    The first is f's value; the others depend on nothing that it does not depend on.  numbers: whether a result
    without axes shall be a float, as it belongs to what was given as a number.
    """
    if not modes.recording():
        results = [x.detach() if is_node(x) and x.op else x for x in results]
    if any(map(is_node, given)):
        return [*results]
    kept = is_node(results[0]) and reaches_outside(results[0], transform)
    return [
        x if not is_node(x) or (kept and reaches_outside(x, transform)) else _plain(x, number)
        for x, number in zip(results, numbers)
    ]


def _refuse_changed(nodes: Sequence[Any]) -> None:
    """ChangedDataError where numbers that a rule reads were changed after the node was made."""
    for node in nodes:
        if node.rank:
            node._refuse_changed()
        elif node._made != graph.clock:
            graph.refuse_changed(node, [x for x in (node, *node.args) if x._written > node._made])


def _place(i: Any, count: int) -> int:
    if not isinstance(i, int) or not -count <= i < count:
        raise TypeError(f"grad: argnums names argument {shown(i)}, but the function was called with {count}")
    return i % count


def demand_function(f: Any, asker: str) -> None:
    if not callable(f):
        raise TypeError(f"{asker}: the first argument is a function, as in ops.{asker}(f), not {shown(f)}")


def _tangent(x: Any, given: Any) -> Any:
    """The tangent of a leaf, as a node of its engine and shape."""
    if is_node(given) and given.engine != x.engine:
        refuse_mixing("jvp", type(x), type(given))
    t = given if is_node(given) else type(x)(given)
    if x.rank and t.dtype != x.dtype:
        t = t.astype(x.dtype)
    if t.shape != x.shape:
        raise ShapeError(f"jvp: a tangent has shape {t.shape}, but its primal has {x.shape}")
    return t


def _zero(x: Any) -> Any:
    zero = type(x)(0.0)
    return zero if x.shape == () else _ops().broadcast_to(zero, x.shape)


def _plain(x: Any, number: bool) -> Any:
    """A node's numbers: a float for a number, and where the scalar engine has one number; an array otherwise."""
    return x.item() if x.shape == () and (number or x.engine == "scalar") else x.numpy()


def _ops() -> Any:
    """The whole package as a namespace; it is complete only after this module has been read."""
    return sys.modules["ops"]
