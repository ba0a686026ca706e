"""One model run on both engines from the same numbers, and laid side by side, node by node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from ops.dispatch import is_node
from viz.arguments import axes, function, number
from viz.differences import ATOL, RTOL, Difference as Difference, Sizes
from viz.ledger import name_of, scalar_cost, tensor_cost
from viz.modules import path_of
from viz.notebook import document
from viz.numbers import numbers
from viz.runs import Run, check_model, run, twin_run
from viz.saving import of_figure, saved
from viz.tables import html_table, text_table

LOWEST, HIGHEST = 1e-18, 10.0  # where differences of zero and of infinity are drawn


@dataclass(frozen=True)
class Row:
    """One node of the array-level graph on both engines; module is the path of what made it, a leaf's its name.

    gradient is None where the scalar engine keeps no gradient of its own: the op only moves Values about, and
    each carries the gradient of all its uses.
    """

    index: int
    op: str
    module: str
    shape: tuple[int, ...]
    value: Difference
    gradient: Difference | None

    @property
    def gaps(self) -> list[Difference]:
        """The differences that there are."""
        return [self.value] if self.gradient is None else [self.value, self.gradient]


@dataclass(frozen=True)
class Parting:
    """The first place where the engines differ by more than the tolerance."""

    op: str
    index: int
    what: str

    def __str__(self) -> str:
        return f"the engines part at node {self.index}, {self.op}: {self.what}"


class Comparison:
    """Both runs, node by node and parameter by parameter; it shows itself as text, as HTML and as a picture.

    A difference counts where it is more than atol + rtol * size: the size of a node is the largest number that it
    holds, or that of the numbers which it is what is left of (see viz.differences.Sizes).
    """

    def __init__(self, scalar: Run, tensor: Run, twin: Any, x: Any, rtol: float, atol: float):
        self.scalar, self.tensor, self.rtol, self.atol = scalar, tensor, rtol, atol
        self._sizes = Sizes.of(tensor.order)
        names = {p: name for name, p in tensor.model.named_parameters()}
        pairs = enumerate(zip(scalar.order, tensor.order))
        self.rows = [self._row(i, a, b, names.get(b, "") or path_of(b)) for i, (a, b) in pairs]
        theirs = dict(scalar.model.named_parameters())
        self.parameters = self._beside({name: p.grad for name, p in theirs.items()})
        self.torch = self._beside_torch(twin, x)
        self.parting = self._parting()
        self.ledger = {
            "scalar": scalar_cost(scalar.loss, scalar.seconds),
            "tensor": tensor_cost(tensor.order, tensor.seconds),
        }

    def _row(self, i: int, scalar: Any, tensor: Any, module: str) -> Row:
        """One node of each engine, compared."""
        value = Difference.of(scalar.numpy(), tensor.numpy(), self._sizes.value[i])
        gradient = None if _moves(scalar) or not tensor.requires_grad else self._gradient(i, scalar.grad, tensor.grad)
        return Row(i, name_of(tensor), module, tensor.shape, value, gradient)

    def _gradient(self, i: int, one: Any, two: Any) -> Difference:
        return Difference.of(one, two, self._sizes.gradient[i])

    def _beside(self, grads: Mapping[str, Any]) -> dict[str, Difference]:
        """The gradients of the Tensors' parameters beside others of the same names."""
        place = {node: i for i, node in enumerate(self.tensor.order)}
        mine = {name: p for name, p in self.tensor.model.named_parameters() if name in grads}
        return {
            name: self._gradient(place[p], grads[name], p.grad) if p in place else Difference.of(grads[name], p.grad)
            for name, p in mine.items()
        }

    def _beside_torch(self, twin: Any, x: Any) -> dict[str, Difference] | None:
        """Output and gradients beside those of the twin in PyTorch, to which the same dL/d(output) is sent."""
        output = self.tensor.output
        if twin is None or not is_node(output) or output.grad is None:
            return None
        y, grads = twin_run(twin, x, output.grad)
        size = next((self._sizes.value[i] for i, node in enumerate(self.tensor.order) if node is output), 0.0)
        return {"output": Difference.of(output.numpy(), y, size), **self._beside(grads)}

    @property
    def ok(self) -> bool:
        """Whether the engines agree everywhere, and PyTorch too where it ran."""
        return self.parting is None and not self._torch_parts()

    @property
    def largest(self) -> float:
        """The largest absolute difference of any value or gradient."""
        return self._largest().absolute

    def _largest(self) -> Difference:
        gaps = [gap for r in self.rows for gap in r.gaps]
        return max((*gaps, *self.parameters.values()), key=lambda gap: gap.absolute)

    def _counts(self, gap: Difference) -> bool:
        return gap.exceeds(self.rtol, self.atol)

    def _torch_parts(self) -> list[str]:
        """What of PyTorch's differs from the engines', the output first."""
        return [name for name, gap in (self.torch or {}).items() if self._counts(gap)]

    def _parting(self) -> Parting | None:
        return self._other_graph() or self._other_value() or self._other_gradient()

    def _other_graph(self) -> Parting | None:
        """Where the two graphs are not of the same ops."""
        for i, (a, b) in enumerate(zip(self.scalar.order, self.tensor.order)):
            if name_of(a) != name_of(b) or a.shape != b.shape:
                return Parting(
                    name_of(b), i, f"{name_of(a)} of shape {a.shape} against {name_of(b)} of shape {b.shape}"
                )
        longer = len(self.scalar.order) - len(self.tensor.order)
        return (
            Parting(name_of(self.tensor.loss), len(self.rows), f"{longer:+} nodes on the scalar engine")
            if longer
            else None
        )

    def _other_value(self) -> Parting | None:
        """The first node forward whose value differs: its arguments agree, so its own forward rule is at fault."""
        found = next((r for r in self.rows if self._counts(r.value)), None)
        return found and Parting(found.op, found.index, f"values differ by {found.value}")

    def _other_gradient(self) -> Parting | None:
        """The first node backward whose gradient differs: what its users sent is at fault, theirs agree."""
        gaps = ((r, r.gradient) for r in reversed(self.rows) if r.gradient is not None)
        row, gap = next(((r, gap) for r, gap in gaps if self._counts(gap)), (None, None))
        if row is None:
            return None
        users = self._senders(row.index)
        said = f"the gradient sent back to node {row.index}, {row.op}, differs by {gap}"
        return Parting(" or ".join(dict.fromkeys(self.rows[i].op for i in users)), users[0], said)

    def _senders(self, index: int) -> list[int]:
        """The nodes that sent a gradient to this one, looked for behind those that only move numbers."""
        place = {node: i for i, node in enumerate(self.tensor.order)}
        users = [i for node, i in place.items() if any(x is self.tensor.order[index] for x in node.args)]
        return [j for i in users for j in (self._senders(i) if self._moved_wrongly(i) else [i])] or users or [index]

    def _moved_wrongly(self, index: int) -> bool:
        """Whether a node that moves numbers was sent a wrong gradient itself."""
        moved, sent = self.scalar.order[index], self.tensor.order[index]
        return _moves(moved) and self._counts(self._gradient(index, moved.grad, sent.grad))

    def text(self) -> str:
        """Tables of nodes, parameters and costs, and the verdict."""
        return "\n\n".join([self.verdict(), *(text_table(head, rows) for head, rows in self._tables())])

    def verdict(self) -> str:
        """One line: whether they agree, and where they part."""
        if self.parting is not None:
            return str(self.parting)
        agree = f"the engines agree: {len(self.rows)} nodes, largest difference {self._largest()}"
        parts = self._torch_parts()
        if self.torch is None or not parts:
            return agree
        what = "the output" if parts[0] == "output" else f"the gradient of {parts[0]}"
        return f"{agree}; but PyTorch parts from them: {what} differs by {self.torch[parts[0]]}"

    def _tables(self) -> Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        nodes = [(*_cells(r), "<-- differs" if any(map(self._counts, r.gaps)) else "") for r in self.rows]
        theirs = self.torch or {}
        names = [
            (name, f"{gap.absolute:.2g}", f"{theirs[name].absolute:.2g}" if name in theirs else "-")
            for name, gap in self.parameters.items()
        ]
        costs = [
            (engine, f"{c.nodes:,}", f"{c.multiplies:,}", f"{c.adds:,}", f"{c.bytes:,}", f"{c.seconds:.4f}")
            for engine, c in self.ledger.items()
        ]
        return [
            (("node", "op", "module", "shape", "value", "gradient", ""), nodes),
            (("parameter", "scalar - tensor", "PyTorch - tensor"), names),
            (("engine", "nodes", "multiplies", "adds", "bytes", "seconds"), costs),
        ]

    def html(self) -> str:
        """The same tables for a page."""
        return f"<p>{escape(self.verdict())}</p>" + "".join(html_table(head, rows) for head, rows in self._tables())

    def plot(self, ax: Any = None) -> Any:
        """The difference at each node over its size, on a logarithmic scale, and the line above which it counts."""
        ax = axes("plot", ax, figsize=(8, 4))
        for gaps, marker, label in zip(self._columns(), "ox", ("value", "gradient")):
            ax.plot([_height(gap) for gap in gaps], marker, label=label)
        self._draw_tolerance(ax)
        ax.set(yscale="log", xlabel="node", ylabel="largest difference / size", title=fill(self.verdict(), 75))
        ax.legend(framealpha=0.9, edgecolor="none")
        return ax

    def _draw_tolerance(self, ax: Any) -> None:
        """What counts as none: one line, but where atol makes it another at each node, and other for gradients."""
        if self.atol == ATOL:
            ax.axhline(max(self.rtol, LOWEST), color="tab:red", linewidth=1, label=f"tolerance {self.rtol:g}")
            return
        limits = [[_height(gap and self._limit(gap)) for gap in gaps] for gaps in self._columns()]
        styles = (("-", f"tolerance {self.rtol:g} * size + {self.atol:g}"), (":", "the same, of gradients"))
        for heights, (dashes, label) in zip(limits, styles):
            ax.plot(heights, dashes, color="tab:red", linewidth=1, drawstyle="steps-mid", label=label)

    def _columns(self) -> tuple[list[Difference], list[Difference | None]]:
        return [r.value for r in self.rows], [r.gradient for r in self.rows]

    def _limit(self, gap: Difference) -> Difference:
        """The largest difference in its place that counts as none."""
        return replace(gap, absolute=self.atol + self.rtol * gap.size)

    def save(self, path: str | Path) -> Path:
        """Write it as its ending says: txt, html, png or svg."""
        forms: dict[str, Any] = {"txt": self.text, "html": lambda: document(self.verdict(), self.html())}
        pictures = {ending: partial(self._picture, ending) for ending in ("png", "svg")}
        return saved(path, forms | pictures)

    def _picture(self, ending: str) -> bytes:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 4), layout="constrained")
        self.plot(figure.subplots())
        return of_figure(figure, ending)

    def _repr_html_(self) -> str:
        return self.html()

    __repr__ = __str__ = text


def compare(
    model: Any, x: Any, target: Any, loss: Callable[[Any, Any], Any], *, rtol: float = RTOL, atol: float = ATOL
) -> Comparison:
    """One step of the model on both engines, and on PyTorch where it is installed and knows every part.

    model: a module with `to(engine)`.  x, target: arrays of numbers, floats as float64; integers are ids or classes.
    loss: from the model's output and the target to one number.  rtol, atol: a difference of at most
    atol + rtol * size counts as none, the size being that of what is compared.
    Raises TypeError and ParameterError for what cannot be run, and what the model and the loss raise.

    >>> import nn
    >>> compare(nn.Linear(2, 1, rng=0), [[1.0, 2.0]], [[0.0]], nn.mse_loss).ok
    True
    """
    check_model(model)
    function("compare", "loss", loss, "of the output and the target, such as nn.mse_loss")
    rtol, atol = (number("compare", name, value, least=0) for name, value in (("rtol", rtol), ("atol", atol)))
    inputs = numbers("compare", "x", x)
    targets = None if target is None else numbers("compare", "target", target)
    scalar, tensor = (run(engine, model, inputs, targets, loss) for engine in ("scalar", "tensor"))
    return Comparison(scalar, tensor, model.torch_twin(), inputs, rtol, atol)


def _moves(node: Any) -> bool:
    """Whether the node's op only moves Values: then none of its Values was made by an op of its own."""
    arguments = {v for x in node.args for v in x.values.flat}
    return node.op is not None and bool(node.size) and all(v in arguments for v in node.values.flat)


def _cells(r: Row) -> Sequence[str]:
    gradient = f"{r.gradient.absolute:.2g}" if r.gradient else "moves numbers" if r.op != "leaf" else "-"
    return str(r.index), r.op, r.module, str(r.shape), f"{r.value.absolute:.2g}", gradient


def _height(gap: Difference | None) -> float:
    """Where a difference is drawn: what is exactly zero at the bottom, what is infinite at the top."""
    return np.nan if gap is None else min(max(gap.relative, LOWEST), HIGHEST)
