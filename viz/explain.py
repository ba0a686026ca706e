"""A gradient explained: every path from the root to a leaf with its product of local partial derivatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from html import escape
from itertools import product
from pathlib import Path as File
from typing import Any

import ops
from ops.collector import collector_paused
from ops.errors import EngineError, ParameterError, ShapeError
from ops.letters import LETTERS, letter
from ops.notation import text as in_letters
from viz.arguments import element as place_of, whole
from viz.graph import check_root
from viz.ledger import tensor_cost
from viz.notebook import document, region
from viz.paths import Route, count_and_total, flow, largest
from viz.saving import saved
from viz.tables import html_table, text_table
from viz.words import LONGEST, number, quietly, tidy

LIMIT = 10
LONG, END = 8, 3  # so many factors of a product are written out; of a longer one, so many at each end
MOST = 500_000  # numbers that a Tensor's graph may take to be opened into its scalar graph
_HEAD = ("chain rule", "partials in letters", "in numbers", "product")


@dataclass(frozen=True, slots=True)
class Path:
    """One path from the root down to the leaf.

    nodes: the names along it.  partials: dy/dx for each step, y one node and x the next.  product: of them all.
    operands: which argument of y each step goes to.  slopes, formulas: the partials as dy/dx and by the op's
    rule, for at most LONG steps; of a longer path, for its first and its last ones.
    """

    nodes: tuple[str, ...]
    operands: tuple[int, ...]
    partials: tuple[float, ...]
    product: float
    slopes: tuple[str, ...]
    formulas: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Explanation:
    """d(root)/d(leaf) as the sum over all paths; `paths` has the largest, `rest` is the sum of the others."""

    root: str
    leaf: str
    count: int
    total: float
    paths: tuple[Path, ...]
    rest: float

    @property
    def left_out(self) -> int:
        """How many paths are not listed."""
        return self.count - len(self.paths)

    def text(self) -> str:
        """The sum, a line for each path, and what is left out."""
        table = [text_table(_HEAD, [_cells(path) for path in self.paths])] if self.paths else []
        return "\n\n".join([self._sum(), *table, *self._left_out()])

    def html(self) -> str:
        """The same as a table for a page."""
        table = html_table(_HEAD, [_cells(path) for path in self.paths]) if self.paths else ""
        said = "".join(f"<p>{escape(line)}</p>" for line in self._left_out())
        wide = region(f"Paths from {self.root} to {self.leaf}", table) if table else ""
        return f"<p>{escape(self._sum())}</p>{wide}{said}"

    def save(self, path: str | File) -> File:
        """Write it as its ending says: txt or html."""
        page = lambda: document(self._sum(), self.html())  # noqa: E731
        return saved(path, {"html": page, "txt": lambda: self.text() + "\n"})

    def _sum(self) -> str:
        slope = f"d{self.root}/d{self.leaf} = {number(self.total, 6)}"
        if not self.count:
            return f"{slope}: no path leads from {self.root} to {self.leaf}; viz.why_no_grad says why"
        if self.count == 1:
            return f"{slope}: one path leads from {self.root} to {self.leaf}"
        return f"{slope}: the sum over {_many(self.count)} paths from {self.root} to {self.leaf}"

    def _left_out(self) -> list[str]:
        if not self.left_out:
            return []
        other = "path more, whose product is" if self.left_out == 1 else "paths more, which add up to"
        return [f"and {_many(self.left_out)} {other} {number(self.rest, 6)}"]

    def _repr_html_(self) -> str:
        return self.html()

    __repr__ = __str__ = text


@quietly()
def explain(leaf: Any, root: Any, element: int | tuple[int, ...] | None = None, limit: int = LIMIT) -> Explanation:
    """Every path from root to leaf with its product of local partial derivatives; their sum is `leaf.grad`.

    element: which number of the leaf, where it holds several.  limit: how many paths are listed, those of
    largest absolute product; the others are counted and summed all the same.  The graph of arrays is explained
    number by number: a ValueArray's by the Values it stands on, a Tensor's by those that it stands for.

    >>> from scalar import Value
    >>> a = Value(3.0, label="a")
    >>> c = a * a
    >>> c.label = "c"
    >>> print(explain(a, c))
    dc/da = 6: the sum over 2 paths from c to a
    <BLANKLINE>
    chain rule   partials in letters  in numbers  product
    dc/da (1st)  a                    3           3
    dc/da (2nd)  a                    3           3
    """
    _check(leaf, root)
    limit = whole("explain", "limit", limit, 1)
    below, above, labels = _opened(leaf, root)
    start, end = _one(below, element, labels), _the_root(above)
    with collector_paused():
        order = ops.topological(end)
        found = flow(start, order)
        count, total = count_and_total(found, start, end)
        routes, rest = largest(found, start, end, limit)
        names = _Names(order, start, labels)
    paths = tuple(_path(route, names) for route in routes)
    return Explanation(names[end], names[start], count, total, paths, rest if count > len(paths) else 0.0)


# one number of the leaf, one number of the root


def _check(leaf: Any, root: Any) -> None:
    for node in (leaf, root):
        check_root("explain", node)
    if leaf.engine != root.engine:
        raise EngineError(
            f"explain: got a {type(leaf).__name__} and a {type(root).__name__}, which belong to two engines; "
            f"give two nodes of one graph"
        )


def _opened(leaf: Any, root: Any) -> tuple[Any, Any, dict[Any, str]]:
    """Leaf and root on the scalar engine, and the labels that their arrays give to Values."""
    if root.engine == "tensor":
        leaf, root = _replayed(leaf, root)
    labels: dict[Any, str] = {}
    for node in ops.topological(root, leaf) if root.rank else [leaf]:
        if hasattr(node, "values") and node.label:
            _label(node, labels)
    return leaf, root, labels


def _label(node: Any, labels: dict[Any, str]) -> None:
    name = tidy(node.label, LONGEST)
    for place, value in zip(product(*map(range, node.shape)), node.values.flat):
        labels.setdefault(value, f"{name}{list(place)}" if place else name)


def _replayed(leaf: Any, root: Any) -> tuple[Any, Any]:
    """The part of a Tensor's graph between leaf and root, run once more on ValueArrays."""
    from scalar.array import ValueArray

    order = ops.topological(root)
    cost = tensor_cost(order, 0.0)
    if (work := cost.multiplies + cost.adds + sum(node.size for node in order)) > MOST:
        raise ParameterError(
            f"explain: number by number this graph would take {work:,} Values, more than {MOST:,}; explain it on a "
            f"smaller input, one row of a batch say"
        )
    twins: dict[Any, Any] = {}
    between = {leaf}
    for node in dict.fromkeys((leaf, *order)):
        if node is leaf or not any(arg in between for arg in node.args):
            twins[node] = ValueArray(node.numpy().astype(float), True, label=node.label)
        else:
            between.add(node)
            twins[node] = ValueArray.apply_op(node.op, [twins[arg] for arg in node.args], node.params)
            twins[node].label = node.label
    return twins[leaf], twins[root]


def _one(leaf: Any, element: int | tuple[int, ...] | None, labels: Mapping[Any, str]) -> Any:
    """The Value that is meant."""
    if not leaf.rank:
        return leaf
    if element is None and leaf.size == 1:
        return leaf.values.item()
    if element is None:
        first = (0,) * len(leaf.shape)
        raise ShapeError(
            f"explain: {leaf.label or 'the leaf'} has shape {leaf.shape}; name one number, as in element={first}"
        )
    return leaf.values[place_of("explain", element, leaf.shape)]


def _the_root(root: Any) -> Any:
    if not root.rank:
        return root
    if root.size != 1:
        raise ShapeError(f"explain: the root has shape {root.shape}, which is not one number; sum it, or take one")
    return root.values.item()


# in letters and in numbers


class _Names:
    """A name for each Value: its label where no other bears it, a bare constant's number, else its place."""

    def __init__(self, order: Sequence[Any], leaf: Any, labels: Mapping[Any, str]):
        self.leaf, self._labels = leaf, labels
        self._place = {node: i for i, node in enumerate(order)}
        self._bearers = Counter(map(self._label, {*order, leaf}))

    def _label(self, node: Any) -> str:
        return tidy(node.label, LONGEST) if node.label else self._labels.get(node, "")

    def __getitem__(self, node: Any) -> str:
        label = self._label(node)
        if label and self._bearers[label] == 1:
            return label
        return f"#{self._place[node]}" if node in self._place else label or "x"

    def letter(self, node: Any) -> Any:
        """The node in a formula; a constant that nobody has named stands for itself."""
        is_constant = node.op is None and node is not self.leaf and not self._label(node)
        return letter(node.data if is_constant else self[node])


def _path(route: Route, names: _Names) -> Path:
    shown = [(node, edge.operand) for node, edge in _shown(route)]
    return Path(
        nodes=(*(names[node] for node, _ in route), names[names.leaf]),
        operands=tuple(edge.operand for _, edge in route),
        partials=tuple(edge.d for _, edge in route),
        product=reduce(lambda p, step: step[1].sends(p), route, 1.0),
        slopes=tuple(_slope(node, operand, names) for node, operand in shown),
        formulas=tuple(_formula(node, operand, names) for node, operand in shown),
    )


def _slope(node: Any, operand: int, names: _Names) -> str:
    """The partial as dy/dx, and which x it is where the op has the same one twice."""
    arg = node.args[operand]
    times = [i for i, x in enumerate(node.args) if x is arg]
    nth = ("1st", "2nd", "3rd", "4th")[times.index(operand)] if 1 < len(times) < 5 else ""
    return f"d{names[node]}/d{names[arg]}" + (f" ({nth})" if nth else "")


def _formula(node: Any, operand: int, names: _Names) -> str:
    """The partial of one argument, the node's own names put into the op's rule."""
    args = [names.letter(arg) for arg in node.args]
    try:
        return in_letters(node.op.rules["partials"](LETTERS, names.letter(node), *args, **node.params)[operand])
    except Exception:  # a rule that looks at its numbers cannot run on letters
        return f"{node.op.name}'({', '.join(map(in_letters, args))})"


def _cells(path: Path) -> tuple[str, ...]:
    if not path.partials:
        return "nothing between", "1", "1", "1"
    numbers = [number(d) for d in _shown(path.partials)]
    columns = (_factors(part, len(path.partials)) for part in (path.slopes, path.formulas, numbers))
    return *columns, number(path.product, 6)


def _shown(steps: Sequence[Any]) -> Sequence[Any]:
    return steps if len(steps) <= LONG else [*steps[:END], *steps[-END:]]


def _factors(factors: Sequence[str], length: int) -> str:
    """The factors as a product, with what is left out of a long one counted."""
    fenced = [f"({x})" if " + " in x or " - " in x or x.startswith("-") else x for x in factors]
    if length > len(fenced):
        fenced.insert(END, f"({length - len(fenced):,} factors)")
    return " * ".join(fenced)


def _many(count: int) -> str:
    """A count in full, or its size where it has more than 15 digits."""
    if count < 10**15:
        return f"{count:,}"
    if count.bit_length() < 1000:
        return f"about {float(count):.2g}"
    return f"about 10^{round((count.bit_length() - 0.5) * 0.30103)}"
