"""Reading a rule's bytecode: whether it returns anything, and which of its arguments it needs."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from itertools import pairwise

from ops.rules import Rule, arguments, unwrapped

_FACTS_OF_A_TYPE = ("shape", "ndim", "dtype")


def returns_nothing(rule: Rule) -> bool:
    """Whether every way out of the rule hands back None, as where its return was forgotten."""
    for before, now in pairwise(dis.get_instructions(unwrapped(rule))):
        handed_back = {"RETURN_VALUE": before, "RETURN_CONST": now}.get(now.opname)
        if handed_back is not None and not ("CONST" in handed_back.opname and handed_back.argval is None):
            return False
    return True


def positions_read(rule: Rule, count: int) -> tuple[int, ...]:
    """`names_read`, as places: 0 is y, i the i-th of the op's arrays, whose count is given."""
    own = arguments(rule)[0][-count:]
    places = {"y": 0} | {name: i for i, name in enumerate(own, start=1)}
    return tuple(sorted(places[name] for name in names_read(rule) if name in places))


def names_read(rule: Rule) -> set[str]:
    """The arguments whose values the rule reads, not only their shape, so that a node must save them.

    >>> def exp_partials(xp, y, x, /):
    ...     return (y,)
    >>> names_read(exp_partials)
    {'y'}
    """
    own = {name.lstrip("*") for name in arguments(rule)[0][1:]}
    return {name for name in _names_loaded(rule) if name in own}


def _names_loaded(rule: Rule) -> Iterator[str]:
    instructions = [*dis.get_instructions(unwrapped(rule)), None]
    for now, after in pairwise(instructions):
        if now is None or not now.opname.startswith("LOAD") or now.argval is None:
            continue
        names = list(now.argval) if isinstance(now.argval, tuple) else [now.argval]
        if after is not None and after.opname == "LOAD_ATTR" and after.argval in _FACTS_OF_A_TYPE:
            names.pop()
        yield from (name for name in names if isinstance(name, str))
