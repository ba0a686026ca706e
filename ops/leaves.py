"""The leaves that a transform differentiates by: which node an argument becomes, and what is no argument."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ops.dispatch import has_axes, is_node, is_number, node_class, value_array
from ops.words import a_or_an


def leaves_for(asker: str, args: Sequence[Any], options: Mapping[str, Any], places: Sequence[int]) -> list[Any]:
    """A leaf that asks for a gradient for each of the arguments in `places`.

    A number becomes a Value, but a Tensor where arrays stand beside it; an array becomes a Tensor, but a ValueArray
    beside Values.  options: the keywords, which tell what stands beside, too.
    """
    asked, everything = [args[i] for i in places], [*args, *options.values()]
    if all([type(x) is float or type(x) is int for x in everything]):
        return [node_for(x) for x in asked]
    for place, x in zip(places, asked):
        _refuse_structure(asker, place, x)
    if any(is_node(x) and x.engine == "scalar" for x in everything):
        return [node_for(x) if is_node(x) or is_number(x) else value_array()(x, True) for x in asked]
    if any(has_axes(x) for x in asked) or any(getattr(x, "shape", ()) or is_node(x) for x in everything):
        floating = next((x.dtype for x in everything if _is_floating(x)), None)
        return [_tensor(x, floating) for x in asked]
    return [node_for(x) for x in asked]


def node_for(x: Any) -> Any:
    """A leaf that asks for a gradient: a Value for a number, a Tensor for an array, a fresh alias for a node."""
    if is_node(x):
        alias = sys.modules["ops"].positive(x)
        return alias if alias.requires_grad else type(x)(x.numpy(), requires_grad=True)
    return node_class("scalar", "Value")(x) if is_number(x) else _tensor(x, None)


def _tensor(x: Any, floating: Any) -> Any:
    """A Tensor; of a number in the floating type given, so that it widens nothing."""
    if is_node(x):
        return node_for(x)
    return node_class("tensor", "Tensor")(x, True, floating if is_number(x) and not isinstance(x, bool) else None)


def _is_floating(x: Any) -> bool:
    return bool(getattr(x, "shape", ())) and getattr(getattr(x, "dtype", None), "kind", "") == "f"


def _refuse_structure(asker: str, place: int, x: Any) -> None:
    """TypeError for a list of arrays or a dict: a gradient is taken by one array at a time."""
    parts = x if isinstance(x, (list, tuple)) else ()
    if isinstance(x, (Mapping, set, frozenset)) or any(getattr(p, "shape", ()) or _holds_others(p) for p in parts):
        raise TypeError(
            f"{asker}: argument {place} is {a_or_an(x)}; gradients by lists of arrays and by dicts are not taken: give "
            f"each array as an argument of its own, as in ops.grad(f, argnums=(0, 1))(W, b)"
        )


def _holds_others(x: Any) -> bool:
    return is_node(x) or isinstance(x, Mapping)
