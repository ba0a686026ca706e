"""Where a node's numbers leave the graph, and where numbers come in: what `viz.why_no_grad` reads.

Only what the user's own code does is noted, with weak references and lines of code, so nothing is kept alive.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from threading import get_ident, local
from typing import Any, NamedTuple
from weakref import ref

from ops.modes import MODES
from ops.places import Place, line_of_the_user, package_of

FEW = 8  # takes that a thread remembers, and lines that a node does
FAR = 300  # nodes that are looked at for the leaves below what is taken
_ENGINES, _USERS = {"ops", "scalar", "tensor", "nn", "viz"}, {"nn", "viz"}
_OPERATORS = "ops.methods"
_engines: set[Any] = set()  # our modules that were met, whose reads are no news
_lifting: set[Any] = set()  # those of the engines, whose new leaves are no news
_METHODS = {"item": "item()", "tolist": "tolist()", "__float__": "float()", "__int__": "int()", "__bool__": "bool()"}
_METHODS |= {"compare": "a comparison", "__array__": "a NumPy function", "__dlpack__": "__dlpack__()"}
_COMMON = {"item()", "tolist()", "float()", "int()", "bool()"}  # too common for a look at the graph each time


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
    """The last takes of each thread, and what was found below those of common kinds, line by line."""

    def __init__(self) -> None:
        self.takes: deque[Take] = deque(maxlen=FEW)
        self.known: dict[Place, Leaves] = {}


_recent = _Recent()


def read(node: Any, how: str, frame: Any = None) -> Take:
    """Note that the numbers of a node leave the graph on the user's line."""
    exit = Exit(how, line_of_the_user(frame or sys._getframe(2)))
    take = Take(exit, ref(node), _common(node, exit) if how in _COMMON else _marked(node, exit))
    _recent.takes.append(take)
    return take


def handed_out(node: Any, how: str) -> None:
    """Note a read of `.data` or a call of numpy(), if it is the user's."""
    frame: Any = sys._getframe(2)
    if frame.f_globals.get("__name__") in _engines or _is_ours(frame):
        return
    if frame.f_globals.get("__name__") == _OPERATORS:
        if (found := _METHODS.get(frame.f_code.co_name)) is None:
            return
        how, frame = found, _caller_of_the_operators(frame)
        if _is_ours(frame):
            return
    if how == ".data":
        _note(node, how, line_of_the_user(frame))
    read(node, how, frame)


def written(node: Any) -> None:
    """Note an assignment to `.data`, if it is the user's."""
    frame = sys._getframe(2)
    if frame.f_globals.get("__name__") not in _engines and not _is_ours(frame):
        _note(node, ".data = ", line_of_the_user(frame))


def entered(node: Any, how: str = "new") -> Any:
    """Note where a leaf was made, and what was taken out on that line or before."""
    frame = sys._getframe(2)
    if how == "operand" or not (frame.f_globals.get("__name__") in _lifting or _is_ours(frame, _lifting)):
        _note(node, how, line_of_the_user(frame))
    return node


def unrecorded(node: Any, args: Sequence[Any]) -> None:
    """Note what a node that leaves no graph would have been made of."""
    leaves: Leaves = {}
    for x in args:
        if x.requires_grad:
            exit = Exit("no_grad", MODES[get_ident()].switched_off["no_grad"])
            leaves |= leaves_below(x, exit)
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
    for x in _near(node):
        if x.op is None:
            leaves |= _behind(x)
            if x.requires_grad:
                leaves[ref(x)] = exit
    return leaves


def leaves_of(take: Take) -> Leaves:
    """The leaves of a take; where those of an earlier one stand for them, a look at the graph if it is there."""
    source = take.source() if take.source is not None and take.exit.how in _COMMON else None
    return take.leaves if source is None else take.leaves | leaves_below(source, take.exit)


def _is_ours(frame: Any, known: set[Any] | None = None) -> bool:
    """Whether a frame runs a module of ours, ops.methods apart, which the user's operators pass through.

    known: the set of modules that remembers the answer, `_lifting` for the engines alone.
    """
    known = _engines if known is None else known
    name = frame.f_globals.get("__name__")
    ours = package_of(frame) in (_ENGINES - _USERS if known is _lifting else _ENGINES) and name != _OPERATORS
    if ours:
        known.add(name)
    return ours


def _caller_of_the_operators(frame: Any) -> Any:
    while frame.f_globals.get("__name__") == _OPERATORS:
        frame = frame.f_back
    return frame


def _marked(node: Any, exit: Exit) -> Leaves:
    """The leaves below, each one told that its numbers were taken."""
    leaves = leaves_below(node, exit)
    for leaf in leaves:
        found = leaf()
        if found is not None and found.rank and leaves[leaf] is exit:
            found._taken = exit
    return leaves


def _common(node: Any, exit: Exit) -> Leaves:
    """The leaves below, as the line found them when it last looked: it looks again when one of them is gone."""
    known = _recent.known.get(exit.place)
    if not known or not all([leaf() is not None for leaf in known]):
        if len(_recent.known) > FAR:
            _recent.known.clear()
        known = _recent.known[exit.place] = _marked(node, exit)
    return known


def _near(node: Any) -> Iterator[Any]:
    """The nodes below, as far as FAR of them."""
    seen, stack = {node}, [node]
    while stack and len(seen) < FAR:
        x = stack.pop()
        yield x
        for arg in x.args:
            if arg not in seen:
                seen.add(arg)
                stack.append(arg)
    yield from stack


def _behind(leaf: Any) -> Leaves:
    """The leaves that the numbers of a leaf were made of, before they left the graph."""
    found: Leaves = dict(leaf.params["cut"].leaves) if "cut" in leaf.params else {}
    for trace in traces_of(leaf):
        for take in trace.sure:
            found |= {key: exit if exit.into else exit._replace(into=trace.how) for key, exit in take.leaves.items()}
    return found


def _note(node: Any, how: str, place: Place) -> None:
    sure = [take for take in _recent.takes if take.exit.place == place]
    maybe = [take for take in _recent.takes if take.exit.place != place]
    sure = [take._replace(leaves=leaves_of(take)) for take in sure]
    notes = {p: t for p, t in [*getattr(node, "_trace", {}).items()][-FEW + 1 :] if p != place}
    node._trace = notes | {place: Trace(how, place, sure, maybe)}
