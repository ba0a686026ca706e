"""Which engine runs a call: the one its arguments belong to, or none, for plain numbers and arrays."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

from ops.errors import EngineError

# Engines stand a floor above, so they are named here and opened when first needed, as plug-ins are.
_FLOATS, _ARRAYS = "scalar.floats", "tensor.arrays"
_VALUES = ("scalar.array", "ValueArray")
_NODE_FOR_NUMBER, _NODE_FOR_ARRAY = ("scalar", "Value"), ("tensor", "Tensor")


def apply(op: Any, args: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """Run the op on the engine of its arguments."""
    engine = engine_of(op.name, args)
    if engine is not None and engine.rank == 0 and not op.elementwise:
        engine = getattr(import_module(_VALUES[0]), _VALUES[1])
    if engine is not None:
        return engine.apply_op(op, args, params)
    refuse_nodes_within(op.name, args)
    if op.elementwise and all(isinstance(x, (int, float)) for x in args):
        return import_module(_FLOATS).run(op.forward, args, params)
    return import_module(_ARRAYS).run(op, args, params)


def engine_of(asker: str, args: Sequence[Any]) -> Any:
    """The node class to run on: the widest among the arguments; EngineError where two engines meet."""
    widest: Any = None
    for x in args:
        engine: Any = type(x)
        if engine is not widest and hasattr(engine, "apply_op"):
            if widest is not None and widest.engine != engine.engine:
                refuse_mixing(asker, *sorted((widest, engine), key=lambda e: e.engine))
            widest = engine if widest is None or engine.rank > widest.rank else widest
    return widest


def refuse_mixing(asker: str, one: type, two: type) -> NoReturn:
    """Raise EngineError for nodes of two engines in one call."""
    raise EngineError(
        f"{asker}: got a {one.__name__} and a {two.__name__}, which belong to two engines; "
        f"convert one of them, as in {two.__name__}(x.data)"
    )


def refuse_nodes_within(asker: str, data: Any, taken: type | None = None) -> None:
    """TypeError where a list holds nodes, but for those `taken`, whose graphs an array made of it would not have."""
    for x in data if isinstance(data, (list, tuple)) else ():
        if isinstance(x, (list, tuple)):
            refuse_nodes_within(asker, x, taken)
        elif is_node(x) and type(x) is not taken:
            raise TypeError(
                f"{asker}: got a list of {type(x).__name__}s; make it one array with ops.stack([...]) first"
            )


def node_for(x: Any) -> Any:
    """A leaf that asks for a gradient: a Value for a number, a Tensor for an array, a fresh alias for a node."""
    if is_node(x):
        alias = sys.modules["ops"].positive(x)
        return alias if alias.requires_grad else type(x)(x.numpy(), requires_grad=True)
    package, name = _NODE_FOR_NUMBER if isinstance(x, (int, float)) else _NODE_FOR_ARRAY
    node = getattr(import_module(package), name)
    return node(x) if node.engine == "scalar" else node(x, requires_grad=True)


def unboxed(x: Any) -> Any:
    """The element of an array without axes, be it a number or a node; anything else as it is."""
    return x.item() if getattr(x, "shape", None) == () and not is_node(x) else x


def plain_array(x: Any) -> Any:
    """A list or an array as a plain array of real numbers; TypeError for what is none."""
    return import_module(_ARRAYS).asarray(x)


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a node, an array, a list or a number."""
    return x.shape if hasattr(x, "shape") else plain_array(x).shape


def is_node(x: Any) -> bool:
    """Whether x is a node of an engine."""
    return hasattr(type(x), "apply_op")
