"""Whether what a rule sent back can be a gradient of its argument: an array of another shape is told, not summed up."""

from __future__ import annotations

from typing import Any, NoReturn

from ops.errors import ShapeError
from ops.shapes import Shape


def demand_foldable(op: Any, g: Any, x: Any, y: Any) -> None:
    """ShapeError unless g has the shape of x, or one that broadcasting x in the forward explains.

    A pointwise op's gradients have the shape of y before they are folded.  A bilinear op may stretch x along axes that
    y has as well, as matmul does along batches.  Any other op sends back the shape of x itself.
    """
    if g.shape == x.shape or (op.kind == "pointwise" and g.shape == y.shape):
        return
    if op.kind != "bilinear" or not _is_batched(g.shape, x.shape, y.shape):
        refuse_misfit(op, g, x)


def stretched_tangent(xp: Any, node: Any, t: Any) -> Any:
    """A pointwise op's tangent stretched to the shape of its node; ShapeError where another shape came out."""
    if node.op.kind != "pointwise" or not stretches(t.shape, node.shape):
        rules = " or ".join(rule.__name__ for rule in node.op.rules.values())
        raise ShapeError(
            f"{rules}: a tangent of shape {t.shape} came out for {node.op.name}, whose value has shape {node.shape}; "
            f"return one of that shape"
        )
    return xp.broadcast_to(t, node.shape)


def stretches(shape: Shape, to: Shape) -> bool:
    """Whether an array of this shape broadcasts to the other."""
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(reversed(shape), reversed(to)))


def refuse_misfit(op: Any, g: Any, x: Any) -> NoReturn:
    """Raise ShapeError for a gradient that cannot be that of x, naming the rules it may have come from."""
    rules = " or ".join(rule.__name__ for rule in op.rules.values())
    may = {"pointwise": "stretches to that of y", "reduction": "stretches to it"}.get(op.kind, "")
    raise ShapeError(
        f"{rules}: a gradient of shape {g.shape} came back for an argument of {op.name} of shape {x.shape}; return "
        f"{'a partial' if may else 'one'} of that shape" + (f", or one that {may}" if may else "")
    )


def _is_batched(g: Shape, x: Shape, y: Shape) -> bool:
    """Whether g is x stretched along leading axes, each as long as the same axis of y."""
    if not stretches(x, g):
        return False
    lead = len(g) - len(x)
    stretched = [i for i, n in enumerate(g) if i < lead or x[i - lead] != n]
    return all(i < len(y) and y[i] == g[i] for i in stretched)
