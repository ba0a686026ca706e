"""Where a node's numbers leave the graph, and where numbers come in: what `viz.why_no_grad` reads.

Only what the user's own code does is noted, with weak references and lines of code, so nothing is kept alive.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from threading import local
from typing import Any, NamedTuple
from weakref import ref

from ops.modes import switched_off
from ops.places import Place, line_of_the_user, package_of

FEW = 8  # takes that a thread remembers, and lines that a node does
FAR = 300  # nodes that are looked at for the leaves below what is taken
_ENGINES = {"ops", "scalar", "tensor"}
_OURS = _ENGINES | {"nn", "viz"}  # what these read is no news; the leaves that they make are
_OPERATORS = "ops.methods"  # which what the user writes passes through
_METHODS = {"item": "item()", "tolist": "tolist()", "__float__": "float()", "__int__": "int()", "__bool__": "bool()"}
_COMMON = {*_METHODS.values()}  # too common for a look at the graph each time
_METHODS |= {"compare": "a comparison", "__array__": "a NumPy function", "__dlpack__": "__dlpack__()"}


class Exit(NamedTuple):
    """How and on which line numbers left the graph, and how they came in again, where that is known."""

    how: str
    place: Place
    into: str = ""


Leaves = dict[Any, Exit]  # weak references to leaves that ask for a gradient, and where each one's was cut


class Take(NamedTuple):
    """Numbers that left the graph, the node they were in, and the leaves that they were made of."""

    exit: Exit
    source: Any
    leaves: Leaves


class Trace(NamedTuple):
    """How numbers came in: "new", "operand", ".data", ".data = " or "unrecorded".

    sure: what they were made from.  maybe: what this thread took out shortly before.
    """

    how: str
    place: Place
    sure: Sequence[Take]
    maybe: Sequence[Take]


class _Recent(local):
    """The last takes of each thread, and of the common kinds the last one of each call."""

    def __init__(self) -> None:
        self.takes: deque[Take] = deque(maxlen=FEW)
        self.common: dict[tuple[str, int, int], Take] = {}


_recent = _Recent()


def read(node: Any, how: str, frame: Any = None) -> Take:
    """Note that the numbers of a node leave the graph on the user's line."""
    exit = Exit(how, line_of_the_user(frame or sys._getframe(2)))
    take = Take(exit, ref(node), leaves_below(node, exit))
    for leaf in [leaf() for leaf in take.leaves if take.leaves[leaf] is exit]:
        if leaf.rank:
            leaf._taken = exit
    _recent.takes.append(take)
    return take


def handed_out(node: Any, how: str) -> None:
    """Note a read of `.data` or a call of numpy(), if it is the user's."""
    frame = sys._getframe(2)
    if frame.f_globals.get("__name__") == _OPERATORS:
        _through_operators(node, frame)
    elif package_of(frame) not in _OURS:
        if how == ".data":
            _note(node, how, line_of_the_user(frame))
        read(node, how, frame)


def _through_operators(node: Any, frame: Any) -> None:
    """`handed_out`, of a method; of a common kind with the leaves that were found when it was last called there."""
    how = _METHODS.get(frame.f_code.co_name, "")
    while frame.f_globals.get("__name__") == _OPERATORS:
        frame = frame.f_back
    call, recent = (frame.f_code.co_filename, frame.f_code.co_firstlineno, frame.f_lasti), _recent
    known = recent.common.get(call)
    if known and known.leaves and all([leaf() is not None for leaf in known.leaves]):
        recent.takes.append(Take(known.exit, ref(node), known.leaves))
    elif how and package_of(frame) not in _OURS:
        take = read(node, how, frame)
        if how in _COMMON:
            recent.common[call] = take


def written(node: Any) -> None:
    """Note an assignment to `.data`, if it is the user's."""
    frame = sys._getframe(2)
    if package_of(frame) not in _OURS:
        _note(node, ".data = ", line_of_the_user(frame))


def entered(node: Any, how: str = "new") -> Any:
    """Note where a leaf was made, and what was taken out on that line or before."""
    frame = sys._getframe(2)
    if how == "operand" or package_of(frame) not in _ENGINES:
        _note(node, how, line_of_the_user(frame))
    return node


def unrecorded(node: Any, args: Sequence[Any]) -> None:
    """Note what a node that leaves no graph would have been made of."""
    leaves: Leaves = {}
    for x in args:
        if x.requires_grad:
            leaves |= leaves_below(x, Exit("no_grad", switched_off()["no_grad"]))
        else:
            leaves |= _behind(x)
    if leaves:
        exit = next(iter(leaves.values()))
        node._trace = {exit.place: Trace("unrecorded", exit.place, (Take(exit, None, leaves),), ())}


def traces_of(node: Any) -> Sequence[Trace]:
    """How the numbers of a node came in, as far as it was noted."""
    return list(getattr(node, "_trace", {}).values())


def leaves_below(node: Any, exit: Exit) -> Leaves:
    """The leaves that ask for a gradient below a node, and those whose gradient was cut before."""
    leaves: Leaves = {}
    below, seen = [node], {node}
    for x in below:  # which grows meanwhile
        if x.op is None:
            leaves |= _behind(x)
            if x.requires_grad:
                leaves[ref(x)] = exit
        elif len(below) < FAR:
            new = [arg for arg in x.args if arg not in seen]
            seen.update(new)
            below += new
    return leaves


def leaves_of(take: Take) -> Leaves:
    """The leaves of a take; where those of an earlier one stand for them, a look at the graph if it is there."""
    source = take.source() if take.source is not None and take.exit.how in _COMMON else None
    return take.leaves if source is None else take.leaves | leaves_below(source, take.exit)


def _behind(leaf: Any) -> Leaves:
    """The leaves that the numbers of a leaf were made of, before they left the graph."""
    found: Leaves = dict(leaf.params["cut"].leaves) if "cut" in leaf.params else {}
    for trace in traces_of(leaf):
        for take in trace.sure:
            found |= {key: exit if exit.into else exit._replace(into=trace.how) for key, exit in take.leaves.items()}
    return found


def _note(node: Any, how: str, place: Place) -> None:
    takes = [take for take in _recent.takes if take.source() is not node]
    sure = [Take(take.exit, take.source, leaves_of(take)) for take in takes if take.exit.place == place]
    maybe = [take for take in takes if take.exit.place != place]
    if takes or how != ".data":
        notes = {p: t for p, t in [*getattr(node, "_trace", {}).items()][-FEW + 1 :] if p != place}
        node._trace = notes | {place: Trace(how, place, sure, maybe)}
