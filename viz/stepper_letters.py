"""The chain rule at one node, written out: each argument's share in letters, with the numbers put in, and its value.

The formulas come from the op's own rules, run on letters that bear the names of the operands; a second time
on letters that are their numbers.  A rule that looks at its numbers does not run on letters; then its name stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ops.letters import LETTERS, Expression, letter
from ops.notation import text
from ops.shapes import kept, normal_axes
from viz.graph import Graph, Node
from viz.trail import Send, Visit
from viz.words import FEW, clipped, size_of, summary, written

LONGEST_NAME, LONGEST_FORMULA = 16, 110
IN_FULL = 8  # numbers of an array that the telling writes out
_PLAIN = re.compile(r"[^\W\d][\w.']*(\[[\d, ]*\])?")


class Named(Expression):
    """A letter that knows the shape of what it stands for."""

    def __init__(self, name: str, shape: tuple[int, ...]):
        super().__init__("letter", name)
        self._shape = shape

    @property
    def shape(self) -> Any:
        return self._shape


def letters(graph: Graph) -> list[str]:
    """A name for each node that a formula can hold: its label, in brackets where it is one itself, or v and its id."""
    count = Counter(node.label for node in graph.nodes)
    plain = {label for label in count if _PLAIN.fullmatch(label)}
    return [_letter(node, count[node.label] == 1, plain) for node in graph.nodes]


def _letter(node: Node, alone: bool, plain: set[str]) -> str:
    if node.label and alone and len(node.label) <= LONGEST_NAME:
        return node.label if node.label in plain else f"({node.label})"
    return f"v{node.id}" if f"v{node.id}" not in plain else f"#{node.id}"


def bare(words: str) -> str:
    """A name or a numeral without the brackets that it wears inside a formula."""
    return words[1:-1] if words.startswith("(") else words


def headed(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph with every node labelled as formulas call it, and as the learner does where that is not the same."""
    nodes = [replace(node, label=_heading(node, name)) for node, name in zip(graph.nodes, names)]
    return replace(graph, nodes=tuple(nodes))


def _heading(node: Node, name: str) -> str:
    return node.label if name in (node.label, f"({node.label})") else f"{name} {clipped(node.label, 18)}".strip()


def told(data: Any) -> str:
    """The numbers, or the shape and the range of many."""
    if size_of(data) <= IN_FULL:
        return written(data)
    mean, low, high = summary(data)
    return f"{data.shape}: {low} … {high}, mean {mean}" if low != high else f"{data.shape}: all {low}"


def line(node: Any, visit: Visit, send: Send, y: str, args: Sequence[str]) -> str:
    """`dL/da += dL/dy * b = 0.5 * 3 = 1.5`."""
    steps = [in_letters(node, send.operand, y, args)]
    if (numbers := _in_numbers(node, visit, send)) and numbers != steps[0]:
        steps.append(numbers)
    short = None if send.partial is None else f"{written(visit.gradient)} * {_numeral(send.partial)}"
    if short and short not in steps:
        steps.append(short)
    return f"dL/d{args[send.operand]} += {' = '.join([*steps, told(send.amount)])}"


def in_letters(node: Any, operand: int, y: str, args: Sequence[str]) -> str:
    """What one argument is sent, in letters."""
    found = _formula(node, operand, f"dL/d{y}", y, args)
    if found is not None and len(found) <= LONGEST_FORMULA:
        return found
    if hasattr(node, "numpy"):
        rule = next(iter(node.op.rules.values()))
        return f"{rule.__name__}(dL/d{y})"
    return f"dL/d{y} * d{y}/d{args[operand]}"


def _in_numbers(node: Any, visit: Visit, send: Send) -> str | None:
    """The same formula with numbers for letters; None where there are too many."""
    numbers = [_data(x) for x in (node, *node.args)]
    if any(size_of(x) > FEW for x in (visit.gradient, *numbers)):
        return None
    y, *args = map(_numeral, numbers)
    found = _formula(node, send.operand, _numeral(visit.gradient), y, args)
    return found if found is not None and len(found) <= LONGEST_FORMULA else None


def _formula(node: Any, operand: int, g: str, y: str, args: Sequence[str]) -> str | None:
    """The share of one argument, with these names; None where the rule does not run on letters."""
    shapes = [x.shape for x in node.args]
    try:
        found = _on_letters(node.op, operand, node.params, (g, node.shape), (y, node.shape), list(zip(args, shapes)))
        words = text(found)
        return f"{bare(g)} * {words[len(g) + 1 :]}" if words.startswith(f"{g}*") else words
    except Exception:  # it looked at its numbers, or at a parameter that has no place in a formula
        return None


def _on_letters(op: Any, operand: int, params: Mapping[str, Any], g: Any, y: Any, args: Sequence[Any]) -> Any:
    xs = [Named(*x) for x in args]
    if op.kind == "pointwise":
        partial = op.local(LETTERS, Named(*y), xs, params)[operand]
        return Expression("*", Named(*g), letter(partial))
    if op.kind == "reduction":
        restored = kept(xs[0].shape, normal_axes(params["axis"], len(xs[0].shape), op.name))
        rest = {name: value for name, value in params.items() if name != "keepdims"}
        (partial,) = op.rules["partials"](LETTERS, Named(y[0], restored), xs[0], **rest)
        return Expression("*", Named(*g), letter(partial))
    return letter(op.vjp(LETTERS, Named(*g), Named(*y), xs, params, [True] * len(xs))[operand])


def _data(node: Any) -> Any:
    return node.numpy() if hasattr(node, "numpy") else node.data


def _numeral(data: Any) -> str:
    """Numbers as a letter of a formula, a negative one in brackets."""
    words = written(data)
    return f"({words})" if words.startswith("-") else words


def note(node: Any, send: Send, y: str) -> str:
    """What happens to the shape on the way: spread out, or summed back."""
    if not hasattr(node, "numpy"):
        return ""
    there, here = node.args[send.operand].shape, node.shape
    if node.op.kind == "reduction" and there != here:
        return f"dL/d{y} is repeated to shape {there}, since every element took part"
    if node.op.kind == "pointwise" and there != here:
        return f"summed back from shape {here} to {there}, since it was stretched"
    return ""


def running(send: Send) -> str:
    """`1.5 + 2 = 3.5` where a gradient has arrived before."""
    if send.before is None:
        return ""
    if size_of(send.after) > IN_FULL:
        return f"running sum {told(send.after)}"
    return f"{written(send.before)} + {_numeral(send.amount)} = {written(send.after)}"
