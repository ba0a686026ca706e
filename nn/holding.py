"""What a module holds, wherever it is kept, with its name; what no name leads to is refused."""

from __future__ import annotations

from collections import UserDict, UserList, deque
from collections.abc import Callable, Iterator, MappingView, Set
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from types import FunctionType, MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple, NoReturn

import numpy as np

from nn.settings import named
from ops.dispatch import is_node

ROLES = "_roles"  # the attribute in which a module notes what each name is to it

Parts = list[tuple[Any, Any]]


class Holder:
    """What nn.Module is to its parts: the holder that finds them in its attributes."""


class Part(NamedTuple):
    """Something that a module holds, with its name in the whole and its name in its owner, the nearest module."""

    name: str
    value: Any
    owner: Holder
    own_name: str


def walk(root: Holder, every_name: bool = False) -> list[Part]:
    """The root and everything below it, in order; with every name, what is held in two places comes twice."""
    met: set[int] = set()
    parts: list[Part] = []
    stack: list[Part | int] = [Part("", root, root, "")]
    while stack:
        part = stack.pop()
        if isinstance(part, int):  # all below a holder has come, so that it may come again in another place
            met.discard(part)
        elif (opened := opener(type(part.value))) is None:
            parts.append(part)
        elif (place := id(part.value)) not in met:
            met.add(place)
            parts.append(part)
            if every_name:
                stack.append(place)
            stack += children(part, opened(part.value))[::-1]
    return parts


def children(holder: Part, parts: Parts) -> list[Part]:
    """The parts of a holder by their names, without numbers and words."""
    whole = f"{holder.name}." if holder.name else ""
    if isinstance(holder.value, Holder):
        owner, within = holder.value, ""
    else:
        owner, within = holder.owner, f"{holder.own_name}."
    return [Part(f"{whole}{key}", value, owner, f"{within}{key}") for key, value in parts if type(value) not in _PLAIN]


def found(root: Holder, every_name: bool = False) -> list[Part]:
    """`walk`; TypeError for a module or a parameter that is kept where no name leads to it."""
    parts = walk(root, every_name)
    if opaque := [part for part in parts if is_opaque(type(part.value))]:
        met = {id(part.value) for part in parts}
        for part in opaque:
            for value in _hidden_in(part.value):
                if id(value) not in met:
                    _refuse_hidden(part, value)
    return parts


def is_leaf(x: Any) -> bool:
    """Whether x is a node that no op made; a Value cut off its graph is none, though it asks for a gradient."""
    return is_node(x) and x.op is None and not (x.rank == 0 and x.params)


def is_trained(x: Any) -> bool:
    """Whether x is a module or a leaf that asks for a gradient."""
    return isinstance(x, Holder) or (is_leaf(x) and x.requires_grad)


def may_hold(value: Any) -> bool:
    """Whether this is a node, or may hold one."""
    return opener(type(value)) is not None or is_node(value)


# how each type is opened

# Most attributes are of these types, which hold nothing.
_PLAIN = {int, float, str, bool, type(None)}
_OF_CLASSES = {*_PLAIN, FunctionType, property, staticmethod, classmethod}


@lru_cache(1024)
def opener(holder: type) -> Callable[[Any], Parts] | None:
    """How the parts of such a thing are listed, each with its key; None where it has none, or none with a name."""
    if issubclass(holder, Holder):
        return _attributes
    if issubclass(holder, (dict, UserDict, MappingProxyType)):
        return lambda x: list(x.items())
    if issubclass(holder, (list, tuple, deque, UserList)):
        return lambda x: list(enumerate(x))
    if issubclass(holder, np.ndarray):
        return _elements
    if issubclass(holder, SimpleNamespace):
        return lambda x: list(vars(x).items())
    if is_dataclass(holder):
        return lambda x: [(f.name, getattr(x, f.name)) for f in fields(x) if hasattr(x, f.name)]
    return None


def _attributes(module: Holder) -> Parts:
    own = vars(module)
    parts = [item for item in own.items() if item[0] != ROLES]
    for cls in _classes(type(module)):
        of_class = vars(cls)
        if "__slots__" in of_class:
            parts += [(name, getattr(module, name)) for name in _slots(cls) if hasattr(module, name)]
        for name, value in of_class.items():
            if type(value) not in _OF_CLASSES and name not in own and any(map(is_trained, _members(value))):
                _refuse_of_class(cls, name)
    return parts


@lru_cache(1024)
def _classes(cls: type) -> tuple[type, ...]:
    """The class and its bases before Module, which stands next to Holder."""
    return cls.__mro__[: cls.__mro__.index(Holder) - 1]


def _slots(cls: type) -> list[str]:
    slots = vars(cls)["__slots__"]
    return [name for name in ([slots] if isinstance(slots, str) else slots) if name != "__dict__"]


def _members(x: Any) -> list[Any]:
    if type(x) in (list, tuple):
        return [member for each in x for member in _members(each)]
    return [member for each in x.values() for member in _members(each)] if type(x) is dict else [x]


def _elements(x: np.ndarray[Any, Any]) -> Parts:
    if x.dtype != object:
        return []
    return [(".".join(map(str, place)), value) for place, value in np.ndenumerate(x)]


def _refuse_of_class(cls: type, name: str) -> NoReturn:
    raise TypeError(
        f"{cls.__name__}: {name} is an attribute of the class, so all its instances would share its parameters; "
        f"write self.{name} = ... in __init__"
    )


# where no name leads


@lru_cache(1024)
def is_opaque(holder: type) -> bool:
    """Whether such things may hold modules that get no name there, as sets and objects of other classes do."""
    if issubclass(holder, (Set, MappingView, partial)):
        return True
    of_others = holder.__module__.partition(".")[0] not in ("builtins", "numpy", "ops")
    return of_others and opener(holder) is None and hasattr(holder, "__dict__") and not hasattr(holder, "apply_op")


def _hidden_in(holder: Any, budget: int = 1000) -> Iterator[Any]:
    """The modules and parameters in a thing that has no names for them, as far as a short search comes."""
    queue, met = deque([holder]), set()
    while queue and len(met) < budget:
        for value in _contents(queue.popleft())[:budget]:
            if type(value) in _PLAIN or id(value) in met:
                continue
            met.add(id(value))
            if is_trained(value):
                yield value
            elif opener(type(value)) or is_opaque(type(value)):
                queue.append(value)


def _contents(holder: Any) -> list[Any]:
    if opened := opener(type(holder)):
        return [value for _, value in opened(holder)]
    if issubclass(type(holder), (Set, MappingView)):
        return _members(list(holder))
    if isinstance(holder, partial):
        return [holder.func, *holder.args, *holder.keywords.values()]
    return list(getattr(holder, "__dict__", {}).values())


def _refuse_hidden(part: Part, value: Any) -> NoReturn:
    raise TypeError(
        f"{named(part.owner)}: {part.own_name} is a {type(part.value).__name__} that holds a {type(value).__name__}, "
        f"which gets no name there; keep it in an attribute of a module, or in a list or a dict"
    )
