"""One model run on both engines from the same numbers, and laid side by side, node by node."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

import ops
from scalar.array import ValueArray
from tensor import Tensor
from viz.ledger import name_of, scalar_cost, tensor_cost
from viz.modules import path_of
from viz.notebook import document
from viz.saving import of_figure, saved
from viz.tables import html_table, text_table

Array = np.ndarray[Any, Any]
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Difference:
    """The largest difference of two arrays, absolute and relative to the larger of the two."""

    absolute: float
    relative: float

    @classmethod
    def of(cls, one: Any, two: Any) -> Difference:
        """Between two arrays of one shape; NaN and infinities are equal to themselves, None to None."""
        if one is None or two is None:
            return cls(0.0, 0.0) if one is two else cls(np.inf, np.inf)
        a, b = np.asarray(one, float), np.asarray(two, float)
        if a.shape != b.shape:
            return cls(np.inf, np.inf)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore"):
            gaps = np.where(same, 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf, posinf=np.inf))
            size = np.maximum(np.abs(a), np.abs(b))
            parts = np.where(gaps == 0, 0.0, np.where(np.isfinite(gaps), gaps / np.where(size > 0, size, 1), np.inf))
        return cls(float(gaps.max(initial=0.0)), float(parts.max(initial=0.0)))


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


@dataclass(frozen=True)
class Parting:
    """The first place where the engines differ by more than the tolerance."""

    op: str
    index: int
    what: str

    def __str__(self) -> str:
        return f"the engines part at node {self.index}, {self.op}: {self.what}"


@dataclass(frozen=True)
class Run:
    """A model's step on one engine."""

    engine: str
    model: Any
    order: list[Any]
    output: Any
    seconds: float

    @property
    def loss(self) -> Any:
        return self.order[-1]


class Comparison:
    """Both runs, node by node and parameter by parameter; it shows itself as text, as HTML and as a picture."""

    def __init__(self, scalar: Run, tensor: Run, torch: dict[str, Any] | None, tolerance: float):
        self.scalar, self.tensor, self.torch, self.tolerance = scalar, tensor, torch, tolerance
        names = {p: name for name, p in tensor.model.named_parameters()}
        pairs = zip(scalar.order, tensor.order)
        self.rows = [row(i, a, b, names.get(b, "") or path_of(b)) for i, (a, b) in enumerate(pairs)]
        theirs = dict(scalar.model.named_parameters())
        self.parameters = {
            name: Difference.of(theirs[name].grad, p.grad) for name, p in tensor.model.named_parameters()
        }
        self.parting = self._parting()
        self.ledger = {
            "scalar": scalar_cost(scalar.loss, scalar.seconds),
            "tensor": tensor_cost(tensor.order, tensor.seconds),
        }

    @property
    def ok(self) -> bool:
        """Whether the engines agree everywhere, and PyTorch too where it ran."""
        return self.parting is None and all(gap.absolute <= self.tolerance for gap in (self.torch or {}).values())

    @property
    def largest(self) -> float:
        """The largest absolute difference of any value or gradient."""
        gaps = [r.value.absolute for r in self.rows] + [r.gradient.absolute for r in self.rows if r.gradient]
        return max([*gaps, *(gap.absolute for gap in self.parameters.values())], default=0.0)

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
        found = next((r for r in self.rows if r.value.absolute > self.tolerance), None)
        return found and Parting(found.op, found.index, f"values differ by {found.value.absolute:.2g}")

    def _other_gradient(self) -> Parting | None:
        """The first node backward whose gradient differs: what its users sent is at fault, theirs agree."""
        gaps = ((r, r.gradient.absolute) for r in reversed(self.rows) if r.gradient is not None)
        row, gap = next(((r, gap) for r, gap in gaps if gap > self.tolerance), (None, 0.0))
        if row is None:
            return None
        users = self._senders(row.index)
        said = f"the gradient sent back to node {row.index}, {row.op}, differs by {gap:.2g}"
        return Parting(" or ".join(dict.fromkeys(self.rows[i].op for i in users)), users[0], said)

    def _senders(self, index: int) -> list[int]:
        """The nodes that sent a gradient to this one, looked for behind those that only move numbers."""
        place = {node: i for i, node in enumerate(self.tensor.order)}
        users = [i for node, i in place.items() if any(x is self.tensor.order[index] for x in node.args)]
        return [j for i in users for j in (self._senders(i) if self._moved_wrongly(i) else [i])] or users or [index]

    def _moved_wrongly(self, index: int) -> bool:
        """Whether a node that moves numbers was sent a wrong gradient itself."""
        moved, sent = self.scalar.order[index], self.tensor.order[index]
        return _moves(moved) and Difference.of(moved.grad, sent.grad).absolute > self.tolerance

    def text(self) -> str:
        """Tables of nodes, parameters and costs, and the verdict."""
        return "\n\n".join([self.verdict(), *(text_table(head, rows) for head, rows in self._tables())])

    def verdict(self) -> str:
        """One line: whether they agree, and where they part."""
        if self.parting is not None:
            return str(self.parting)
        return f"the engines agree: {len(self.rows)} nodes, largest difference {self.largest:.2g}"

    def _tables(self) -> Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        nodes = [_cells(r, self.tolerance) for r in self.rows]
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
        """The difference at each node, values and gradients, on a logarithmic scale below the tolerance's line."""
        from matplotlib import pyplot as plt

        ax = plt.subplots(figsize=(8, 4), layout="constrained")[1] if ax is None else ax
        tiny = 1e-18  # where an exact zero stands
        places = np.arange(len(self.rows))
        ax.plot(places, [max(r.value.absolute, tiny) for r in self.rows], "o", label="value")
        gaps = [max(r.gradient.absolute, tiny) if r.gradient else np.nan for r in self.rows]
        ax.plot(places, gaps, "x", label="gradient")
        ax.axhline(self.tolerance, color="tab:red", linewidth=1, label=f"tolerance {self.tolerance:g}")
        ax.set(yscale="log", xlabel="node", ylabel="largest difference", title=self.verdict())
        ax.legend(frameon=False)
        return ax

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
    model: Any, x: Any, target: Any, loss: Callable[[Any, Any], Any], tolerance: float = TOLERANCE
) -> Comparison:
    """One step of the model on both engines, and on PyTorch where it is installed and knows every part.

    model: a module with `to(engine)`.  x, target: arrays of numbers.  loss: from the model's output and the
    target to one number.  tolerance: the largest absolute difference that counts as none.

    >>> import nn
    >>> compare(nn.Linear(2, 1, rng=0), [[1.0, 2.0]], [[0.0]], nn.mse_loss).ok
    True
    """
    scalar, tensor = (run(engine, model.to(engine), x, target, loss) for engine in ("scalar", "tensor"))
    return Comparison(scalar, tensor, beside_torch(tensor, model, x), tolerance)


def run(engine: str, model: Any, x: Any, target: Any, loss: Callable[[Any, Any], Any]) -> Run:
    """Forward and backward on one engine; integers stay as they are, since they are ids and not numbers."""
    start = time.perf_counter()
    output = model(_input(x, engine))
    value = loss(output, _input(target, engine))
    value.backward()
    return Run(engine, model, ops.topological(value), output, time.perf_counter() - start)


def _input(x: Any, engine: str) -> Any:
    numbers = np.asarray(x)
    if numbers.dtype.kind != "f":
        return numbers
    return ValueArray(numbers) if engine == "scalar" else Tensor(numbers)


def beside_torch(tensor: Run, model: Any, x: Any) -> dict[str, Difference] | None:
    """Differences of output and parameter gradients to the torch twin, sent the same dL/d(output)."""
    twin = model.torch_twin()
    if twin is None or tensor.output.grad is None:
        return None
    import torch

    y = twin(torch.tensor(np.asarray(x)))
    y.backward(torch.tensor(tensor.output.grad))
    theirs = {name: p.grad.numpy() for name, p in twin.named_parameters()}
    gaps = {name: Difference.of(p.grad, theirs[name]) for name, p in tensor.model.named_parameters()}
    return {"output": Difference.of(tensor.output.numpy(), y.detach().numpy()), **gaps}


def row(index: int, scalar: Any, tensor: Any, module: str) -> Row:
    """One node of each engine, compared."""
    gradient = None if _moves(scalar) or not tensor.requires_grad else Difference.of(scalar.grad, tensor.grad)
    value = Difference.of(scalar.numpy(), tensor.numpy())
    return Row(index, name_of(tensor), module, tensor.shape, value, gradient)


def _moves(node: Any) -> bool:
    """Whether the node's op only moves Values: then none of its Values was made by an op of its own."""
    arguments = {v for x in node.args for v in x.values.flat}
    return node.op is not None and bool(node.size) and all(v in arguments for v in node.values.flat)


def _cells(r: Row, tolerance: float) -> Sequence[str]:
    worst = max(r.value.absolute, r.gradient.absolute if r.gradient else 0.0)
    gradient = f"{r.gradient.absolute:.2g}" if r.gradient else "moves numbers" if r.op != "leaf" else "-"
    mark = "<-- differs" if worst > tolerance else ""
    return str(r.index), r.op, r.module, str(r.shape), f"{r.value.absolute:.2g}", gradient, mark
