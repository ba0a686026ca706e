"""Why a node has no gradient: where the way from the root to it was cut, and the line that cut it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from operator import itemgetter
from pathlib import Path
from typing import Any

import ops
from ops import dispatch
from ops.errors import EngineError
from ops.graph import reverse
from ops.places import Place
from ops.traces import Exit, leaves_of, traces_of
from viz.graph import check_root
from viz.notebook import document
from viz.paths import partials
from viz.saving import saved
from viz.words import LONGEST, quietly, tidy

SHOWN = 5  # ops that are named where a gradient is zero
_ASSIGNED = re.compile(r"\.data\b\s*(\[.*\])?\s*([-+*/@%]|//|\*\*)?=(?!=)")


@dataclass(frozen=True, repr=False)
class Reason:
    """Why there is no gradient.

    kind: "rewrapped", "data", "write", "numpy", "conversion", "detach", "no_grad", "requires_grad", "unused",
    "zero", "backward" (not run yet), or "present" where there is a gradient.  said: one sentence.  advice: what to
    do.  line: where it happened, None where no line is to blame.
    """

    kind: str
    said: str
    advice: str = ""
    line: Place | None = None

    def text(self) -> str:
        """The sentence, the line and the advice."""
        return "\n".join([f"{self.said}{':' if self.line else ''}", *self._where(), *filter(None, [self.advice])])

    def save(self, path: str | Path) -> Path:
        """Write it as its ending says: txt or html."""
        return saved(path, {"txt": self.text, "html": lambda: document(self.said, self._repr_html_())})

    def _where(self) -> list[str]:
        return [f"  {self.line.path}:{self.line.number}  {self.line.text}".rstrip()] if self.line else []

    def _repr_html_(self) -> str:
        where = "".join(f"<pre>{escape(line.strip())}</pre>" for line in self._where())
        return f"<p>{escape(self.said)}</p>{where}" + (f"<p>{escape(self.advice)}</p>" if self.advice else "")

    __repr__ = __str__ = text


@quietly()
def why_no_grad(node: Any, root: Any) -> Reason:
    """Where the gradient of a node was cut on its way from the root, and the line of code that did it.

    >>> from tensor import Tensor
    >>> w, x = Tensor([1.0], requires_grad=True, label="w"), Tensor([3.0], requires_grad=True)
    >>> loss = (w.detach() * x).sum()
    >>> why_no_grad(w, loss).kind
    'detach'
    """
    _check(node, root)
    name = tidy(node.label, LONGEST) or f"this {type(node).__name__}"
    if not node.requires_grad:
        return _never_asked(node, name)
    if _reaches(node, root):
        return _connected(node, root, name)
    return _cut(node, root, name) or _likely(node, root, name)


def _check(node: Any, root: Any) -> None:
    for x in (node, root):
        check_root("why_no_grad", x)
    if node.engine != root.engine:
        raise EngineError(
            f"why_no_grad: got a {type(node).__name__} and a {type(root).__name__}, which belong to two engines; "
            f"a gradient never passes from one to the other"
        )


def _reaches(node: Any, root: Any) -> bool:
    """Whether the graph of root holds the node, or a number of it."""
    if node in set(ops.topological(root)):
        return True
    if root.engine != "scalar":
        return False
    below = set(ops.topological(*_numbers(root)))
    return any(value in below for value in _numbers(node))


def _numbers(node: Any) -> list[Any]:
    return list(node.values.flat) if node.rank else [node]


# what is said

_SAID = {
    "detach": "{name} gets no gradient: what was made of it was {likely}detached",
    "no_grad": "{name} gets no gradient: what was made of it was {likely}computed under no_grad, which records nothing",
    "write": "{name} gets no gradient: numbers made of it were {likely}written into another node's .data, "
    "which leaves no graph",
    "numpy": "{name} gets no gradient: numbers made of it {likely}went through {how}, which leaves no graph",
    "conversion": "{name} gets no gradient: what was made of it was {likely}turned into plain numbers by {how}",
    "rewrapped": "{name} gets no gradient: numbers made of it were taken out by {how} and wrapped again as a new leaf",
    "data": "{name} gets no gradient: numbers made of it were {likely}taken out by {how} and used as a constant",
    "requires_grad": "{name} was never asked for a gradient: it was made without requires_grad=True",
    "unused": "{name} was not used in making the root, as far as its graph tells",
    "backward": "{name} has no gradient yet: backward was not run from this root",
    "present": "{name} has a gradient",
    "zero": "the gradient of {name} is there, but it is zero: {how}",
}
_ADVICE = {
    "detach": "Leave detach() out where the gradient shall pass.",
    "no_grad": "Compute outside no_grad what shall have a gradient.",
    "write": "Build the array with ops.stack, ops.concat or ops.where in place of writing into .data.",
    "numpy": "Use the op of the same name, as in ops.tanh(x) for np.tanh, so that it is recorded.",
    "conversion": "Compute with the node itself; a comparison, an int() or a float() has no gradient to pass.",
    "rewrapped": "Write it with the node itself, as in x * 2 in place of Tensor(x.data * 2).",
    "data": "Write it with the node itself, without .data.",
    "requires_grad": "Make it with requires_grad=True.",
    "unused": "Check which node the forward pass reads.",
    "backward": "Call root.backward().",
}


def _reason(kind: str, name: str, line: Place | None = None, how: str = "", sure: bool = True) -> Reason:
    said = _SAID[kind].format(name=name, how=how, likely="" if sure else "most likely ")
    return Reason(kind, said, _ADVICE.get(kind, ""), line)


# the node is not in the graph of root


def _never_asked(node: Any, name: str) -> Reason:
    traces = traces_of(node)
    if "cut" in node.params:
        said = f"{name} is a detached copy, which asks for no gradient"
        return Reason("detach", said, "Use the node that it was detached from.", node.params["cut"].exit.place)
    if traces and traces[0].how == "unrecorded":
        return _left(traces[0].sure[0].exit, traces[0].how, traces[0].place, name)
    return _reason("requires_grad", name, _birth(node))


def _birth(node: Any) -> Place | None:
    return next((trace.place for trace in traces_of(node) if trace.how in ("new", "operand")), None)


def _cut(node: Any, root: Any, name: str) -> Reason | None:
    """A leaf of root's graph whose numbers were made of the node's; what is certain goes before what is likely."""
    for sure, how, place, takes in sorted(_entries(ops.topological(root)), key=itemgetter(0), reverse=True):
        exits = [leaves[key] for leaves in map(leaves_of, takes) for key in leaves if key() is node]
        if exits:
            return _left(exits[0], how, place, name, sure)
    return None


def _entries(order: Sequence[Any]) -> Iterator[tuple[bool, str, Place, Sequence[Any]]]:
    """Whether it is certain, how numbers came into the graph, on which line, and from what."""
    for x in order:
        if "cut" in x.params:
            yield True, "detach()", x.params["cut"].exit.place, [x.params["cut"]]
        for trace in traces_of(x):
            if trace.how != ".data" or _ASSIGNED.search(trace.place.text):
                yield True, trace.how, trace.place, trace.sure
                yield False, trace.how, trace.place, trace.maybe[::-1]


def _left(exit: Exit, how: str, place: Place, name: str, sure: bool = True) -> Reason:
    """The reason that fits how the numbers went out and how they came in again."""
    kind = _kind(exit, exit.into or how, exit.place if exit.into else place)
    return _reason(kind, name, exit.place, exit.how, sure)


def _kind(exit: Exit, how: str, place: Place) -> str:
    if exit.how in ("detach()", "no_grad"):
        return exit.how.removesuffix("()")
    if how.startswith(".data"):
        return "write"
    if exit.how in ("numpy()", "a NumPy function", "__dlpack__()"):
        return "numpy"
    if exit.how != ".data":
        return "conversion"
    return "rewrapped" if how == "new" and place == exit.place else "data"


def _likely(node: Any, root: Any, name: str) -> Reason:
    """What is known where no leaf of root's graph tells."""
    if (exit := getattr(node, "_taken", None)) is not None:
        return _left(exit, "", exit.place, name, sure=False)
    for x in ops.topological(*_numbers(root)) if root.engine == "scalar" else [root]:
        if x.op is None and "no_grad" in x.params:
            return _left(Exit("no_grad", x.params["no_grad"]), "", x.params["no_grad"], name, sure=False)
    return _reason("unused", name, _birth(node))


# the node is in the graph of root


def _connected(node: Any, root: Any, name: str) -> Reason:
    grad = node.grad
    if grad is None or type(grad) is int:
        return _reason("backward", name)
    if _is_nonzero(grad):
        return _reason("present", name)
    stops, arrives = _stops(node, root)
    if not stops or arrives:
        return _reason("zero", name, how="what its paths bring adds up to zero")
    more = f" and {len(stops) - SHOWN:,} more" if len(stops) > SHOWN else ""
    named = ", ".join(stops[:SHOWN]) + more
    return _reason("zero", name, how=f"on each path to it a partial derivative is, that of {named}")


def _is_nonzero(grad: Any) -> bool:
    grad = grad.data if dispatch.is_node(grad) else grad
    return bool((grad != 0).any() if hasattr(grad, "any") else grad != 0)


def _stops(node: Any, root: Any) -> tuple[list[str], bool]:
    """The nodes that get a gradient and send none towards this one; and whether one arrives here all the same."""
    order = ops.topological(root)
    above, stops, arrives = {node}, [], False
    for i, x in enumerate(order):
        towards = [arg for arg in x.args if arg in above]
        if not towards or x is node:
            continue
        above.add(x)
        if x.grad is not None and _is_nonzero(x.grad):
            sent = _sent(x)
            dead = not any(arg in sent and _is_nonzero(sent[arg]) for arg in towards)
            stops += [f"{x.op.name} ({tidy(x.label, LONGEST) or f'#{i}'})"] * dead
            arrives = arrives or (node in sent and _is_nonzero(sent[node]))
    return stops, arrives


def _sent(x: Any) -> dict[Any, Any]:
    """What a node sends to each of its arguments."""
    if not x.rank:
        sent: dict[Any, Any] = {}
        for arg, d in zip(x.args, partials(x)):
            sent[arg] = sent.get(arg, 0.0) + x.grad * (d or 0.0)
        return sent
    from tensor import arrays

    g = x.grad.numpy() if dispatch.is_node(x.grad) else x.grad
    wanted = [arg.requires_grad for arg in x.args]
    return reverse([x], {x: g}, arrays, lambda node, g: (g, node.numpy(), [arg.numpy() for arg in node.args], wanted))
