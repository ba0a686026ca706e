"""Which engine runs a call: the one its arguments belong to, or none, for plain numbers and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

from ops.errors import EngineError, ShapeError
from ops.words import a_or_an

# Engines stand a floor above, so they are named here and opened when first needed, as plug-ins are.
_FLOATS, _ARRAYS = "scalar.floats", "tensor.arrays"
SHAPED = set[type]()  # classes that were seen to have shapes: to look here is quicker than to ask
MOST_AXES = 32  # of an array in any version of NumPy, in its loops over objects too


def apply(op: Any, args: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """Run the op on the widest node class among its arguments; on numbers and arrays where there is none."""
    widest: Any = None
    others: list[Any] = []
    for x in args:
        engine: Any = type(x)
        if engine is not widest:
            if not hasattr(engine, "apply_op"):
                others.append(x)
            elif widest is None or _wider(op.name, widest, engine):
                widest = engine
    if widest is None:
        return _run(op, args, params)
    if widest.rank == 0 and (not op.elementwise or (others and any(map(has_axes, others)))):
        widest = value_array()
    return widest.apply_op(op, args, params)


def _wider(asker: str, widest: Any, engine: Any) -> bool:
    """Whether the second node class holds the first; EngineError where they are of two engines."""
    if widest.engine != engine.engine:
        refuse_mixing(asker, *sorted((widest, engine), key=lambda e: e.engine))
    return engine.rank > widest.rank


def _run(op: Any, args: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """Run the op on numbers and arrays, unrecorded."""
    if not op.elementwise:
        return import_module(_ARRAYS).run(op, [as_array(x, op.name) for x in args], params)
    refuse_within(op.name, args)
    if all(isinstance(x, (int, float)) for x in args):
        return import_module(_FLOATS).run(op.forward, args, params)
    return import_module(_ARRAYS).run(op, args, params)


def as_array(x: Any, asker: str) -> Any:
    """A number, a list or an array as an array of real numbers; a node as it is."""
    if is_node(x):
        return x
    refuse_within(asker, x)
    return import_module(_ARRAYS).asarray(x, asker)


def shaped(asker: str, arrays: Sequence[Any]) -> tuple[Any, ...]:
    """What an op is called on, with numbers and lists as arrays, so that all have a shape."""
    SHAPED.update(type(x) for x in arrays if hasattr(type(x), "shape"))
    floating = next((x.dtype for x in arrays if is_node(x) and x.rank and x.dtype.kind == "f"), None)
    made = [x if hasattr(type(x), "shape") else as_array(x, asker) for x in arrays]
    return tuple([x if x is given or floating is None else x.astype(floating) for x, given in zip(made, arrays)])


def floating_kind(dtype: Any) -> str:
    """NumPy's letter for the kind of a type of real numbers: "f" for floating ones."""
    return import_module(_ARRAYS).number_type("astype", dtype).kind


def has_axes(x: Any) -> bool:
    """Whether x is more than one number: an array or an array node with axes, or a list."""
    shape = getattr(x, "shape", None)
    return bool(shape) if isinstance(shape, tuple) else isinstance(x, (list, tuple))


def is_number(x: Any) -> bool:
    """Whether x is a real number of Python's, a Fraction or a Decimal too, and not of an array library or an engine."""
    return isinstance(x, (int, float)) or (hasattr(type(x), "__float__") and not hasattr(x, "shape"))


def refuse_mixing(asker: str, one: type, two: type) -> NoReturn:
    """Raise EngineError for nodes of two engines in one call."""
    from ops.nesting import tracer  # here, since only errors ask

    told = f"{asker}: got a {one.__name__} and a {two.__name__}, which belong to two engines"
    if transform := tracer():
        raise EngineError(
            f"{told}; {transform} makes a Value of a number and a Tensor of an array, so give np.array(2.0) in place "
            f"of 2.0 where the function computes with Tensors"
        )
    raise EngineError(f"{told}; convert one of them, as in {two.__name__}(x.data)")


def refuse_within(asker: str, data: Any, taken: type | None = None, depth: int = 1) -> None:
    """TypeError where a list holds what an array made of it would lose: nodes, but for those `taken`, and masks.

    ShapeError for lists in lists deeper than an array has axes, or without end.
    """
    if depth > MOST_AXES:
        raise ShapeError(f"{asker}: got lists in lists more than {MOST_AXES} deep; an array has at most so many axes")
    for x in data if isinstance(data, (list, tuple)) else ():
        if type(x) is float or type(x) is int:
            continue
        if isinstance(x, (list, tuple)):
            refuse_within(asker, x, taken, depth + 1)
        elif is_node(x) and type(x) is not taken:
            raise TypeError(
                f"{asker}: got a list of {type(x).__name__}s; make it one array with ops.stack([...]) first"
            )
        elif hasattr(x, "mask"):
            refuse_foreign(asker, x)


def refuse_foreign(asker: str, x: Any) -> None:
    """TypeError for an array of another library that hides numbers: by a mask, or as the zeros of a sparse one."""
    if hasattr(x, "mask") and hasattr(x, "filled") and bool(_any(x.mask)):
        raise TypeError(
            f"{asker}: got a masked array that hides some of its numbers; say what stands in their place, as in "
            f"x.filled(0), or leave them out, as in x.compressed()"
        )
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise TypeError(f"{asker}: got {a_or_an(x)}, which is a sparse array; give x.toarray()")


def _any(mask: Any) -> Any:
    return mask.any() if hasattr(mask, "any") else mask


def value_array() -> Any:
    """The class of an array of Values."""
    return node_class("scalar.array", "ValueArray")


def node_class(module: str, name: str) -> Any:
    """A class of an engine's nodes, from a module that stands a floor above."""
    return getattr(import_module(module), name)


def unboxed(x: Any) -> Any:
    """The element of an array without axes, be it a number or a node; anything else as it is."""
    if not hasattr(x, "item") or getattr(x, "shape", None) != () or is_node(x):
        return x
    return x if isinstance(item := x.item(), tuple) else item  # a record is no element


def shape_of(x: Any, asker: str) -> tuple[int, ...]:
    """The shape of a node, an array, a list or a number."""
    return x.shape if hasattr(x, "shape") and not isinstance(x, type) else as_array(x, asker).shape


def is_node(x: Any) -> bool:
    """Whether x is a node of an engine."""
    return hasattr(type(x), "apply_op")
