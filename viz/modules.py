"""Which module made a node: the path that PyTorch would give it, such as `layers.0`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def path_of(node: Any) -> str:
    """The path of the innermost module that made the node, from the outermost; empty where none did."""
    chain = []
    scope = getattr(node, "scope", None)
    while scope is not None:
        module, scope = scope
        chain.append(module)
    outermost = chain[-1] if chain else None
    return _name(outermost, chain[0]) if outermost is not None else ""


def names_of_parameters(nodes: Iterable[Any]) -> dict[Any, str]:
    """The parameters of the modules that made the nodes, trained or frozen, each with its path: `layers.0.weight`."""
    found: dict[Any, str] = {}
    for outermost in {id(module): module for module in map(_outermost, nodes) if module is not None}.values():
        for name, parameter in outermost.named_parameters():
            found.setdefault(parameter, name)
    return found


def _outermost(node: Any) -> Any:
    """The module at the outside of the call that made the node; None where none did."""
    module, scope = None, getattr(node, "scope", None)
    while scope is not None:
        module, scope = scope
    return module


def _name(outermost: Any, module: Any) -> str:
    """The module's name within the outermost one; that one itself goes by its class."""
    if module is outermost:
        return type(module).__name__
    return next((name for name, part in outermost.named_modules() if part is module), type(module).__name__)


def named(call: Any) -> tuple[str, str]:
    """The path and the class of the module of a call; of the outermost one, its class alone."""
    module, outermost = call[0], call[0]
    while call is not None:
        outermost, call = call
    kind = type(module).__name__
    return (kind, "module") if module is outermost else (_name(outermost, module), kind)
