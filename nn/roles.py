"""What each name is to a module: a parameter, a buffer, or neither.

A leaf that asks for a gradient and was put there outside `forward` is a parameter, and stays one when it is frozen; a
buffer is declared; what `forward` keeps is neither.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from nn.holding import ROLES, Holder, Part, children, is_leaf, may_hold, opener
from nn.settings import kind, named, told
from ops import modes
from ops.dispatch import is_node

PARAMETER, BUFFER, UNSAVED, KEPT = "parameter", "buffer", "unsaved buffer", "kept by forward"
BUFFERS = (BUFFER, UNSAVED)


def noting(init: Callable[..., None]) -> Callable[..., None]:
    """The constructor, which at its end notes the parameters that lists and dicts were given on the way."""

    @wraps(init)
    def __init__(self: Holder, *args: Any, **settings: Any) -> None:
        try:
            init(self, *args, **settings)
        except TypeError as error:
            if said := misfit(self, init, error):
                raise TypeError(said) from None
            raise
        for name, value in list(vars(self).items()):
            if name != ROLES and may_hold(value):
                _note_parameters(self, name, value)

    return __init__


def misfit(module: Holder, function: Callable[..., Any], error: TypeError) -> str:
    """Python's word on arguments that do not fit a function of a private class, for the module; empty for another."""
    name = getattr(function, "__qualname__", "")
    said = str(error)
    if not name.startswith("_") or not said.startswith(f"{name}() "):
        return ""
    return f"{named(module)}.{name.rpartition('.')[2]}{said.removeprefix(name)}"


def role(part: Part) -> str:
    """What the part is to its module; empty for what is neither a parameter nor a buffer."""
    value = part.value
    is_array = issubclass(type(value), np.ndarray)
    if not (is_array or is_node(value)):
        return ""
    roles = vars(part.owner).get(ROLES, {})
    noted = roles.get(part.own_name, "")
    if noted in BUFFERS or is_array:
        return noted
    if not is_leaf(value) or noted == PARAMETER:
        return PARAMETER if is_leaf(value) else ""
    if not value.requires_grad or is_kept(part):
        return ""
    note(part.owner, part.own_name, PARAMETER)
    return PARAMETER


def is_kept(part: Part) -> bool:
    """Whether the attribute that the part stands in was given by forward."""
    return vars(part.owner).get(ROLES, {}).get(part.own_name.partition(".")[0]) == KEPT


def note(module: Holder, own_name: str, what: str) -> None:
    """Note the role of a name; an empty role forgets it and those of all names below."""
    roles = vars(module).setdefault(ROLES, {})
    if what:
        roles[own_name] = what
        return
    for each in [each for each in roles if each == own_name or each.startswith(f"{own_name}.")]:
        del roles[each]


def _note_parameters(module: Holder, name: str, value: Any) -> None:
    """Note the parameters in an attribute, but not in modules that it holds, which note their own."""
    stack, met = [Part(name, value, module, name)], set()
    while stack:
        part = stack.pop()
        opened = opener(type(part.value))
        if opened is None:
            role(part)
        elif not isinstance(part.value, Holder) and id(part.value) not in met:
            met.add(id(part.value))
            stack.extend(children(part, opened(part.value)))


def assigned(module: Holder, name: str, value: Any) -> Any:
    """The value that the attribute takes; its role is noted, and TypeError raised where a parameter would be lost."""
    roles = vars(module).get(ROLES, {})
    noted = roles.get(name, "")
    if noted in BUFFERS:
        return as_buffer(module, name, value)
    if not (noted or may_hold(value)) or vars(module).get(name) is value:
        return value
    in_forward = _is_running(module)
    if noted == PARAMETER or (in_forward and _holds_parameter(roles, name)):
        _refuse_to_lose(module, name, value)
    if noted != PARAMETER:
        note(module, name, KEPT if in_forward and not isinstance(value, Holder) else "")
    if not in_forward:
        _note_parameters(module, name, value)
    return value


def as_buffer(module: Holder, name: str, value: Any) -> Any:
    """The value as a buffer holds it: None, an array or a node as they are, numbers as an array."""
    array = value if value is None or is_node(value) else _array(value)
    if isinstance(array, np.ndarray) and array.dtype.kind not in "biufc":
        raise TypeError(
            f"{named(module)}: {told(name)} is a buffer, so it holds an array of numbers, not {kind(value)}"
        )
    return array


def _array(value: Any) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(value)
    except Exception:  # rows of different lengths, lists deeper than arrays can be, ...
        return np.asarray(None)


def _holds_parameter(roles: dict[str, str], name: str) -> bool:
    return any(what == PARAMETER and each.startswith(f"{name}.") for each, what in roles.items())


def _refuse_to_lose(module: Holder, name: str, value: Any) -> None:
    """TypeError for a value that would take a parameter's place and not be trained."""
    if value is None or is_leaf(value) or isinstance(value, Holder):
        return
    made = f"a {kind(value)} made by {value.op.name}" if is_node(value) and value.op else f"a {kind(value)}"
    raise TypeError(
        f"{named(module)}: {name} is a parameter, and {made} in its place would not be trained; "
        f"write into {name}.data, or `del` the parameter first"
    )


def _is_running(module: Holder) -> bool:
    """Whether this thread is inside a call of the module."""
    scope = modes.scope()
    while scope is not None:
        inner, scope = scope
        if inner is module:
            return True
    return False
