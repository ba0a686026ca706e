"""An op's card: what it computes and how it is differentiated, read off the op's own rules.

The rules are run on letters, so a card cannot disagree with the code.  A rule that looks at its numbers or
their shapes does not run on letters; there the card shows its source.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import dedent, indent
from typing import Any, Literal, NamedTuple

from ops.doors import callable_as_its_function
from ops.letters import Leading, leading_letters, on_letters, standing_for, tangent_letters
from ops.notation import latex, prose, sentence, text
from ops.rules import Rule
from ops.spec import Interval, Op
from ops.words import shown

_TABLE = "border-collapse: collapse; color: inherit; background: none; font-size: inherit; margin: 0.5em 0;"
_CAPTION = (
    "caption-side: top; color: inherit; text-align: left; padding: 0.3em 0; border-bottom: 1px solid currentColor;"
)
_CELL = "color: inherit; text-align: left; vertical-align: top; padding: 0.2em 1.5em 0.2em 0;"
_CODE = "color: inherit; background: none; font-family: monospace, monospace; font-size: inherit;"


class Line(NamedTuple):
    """One statement of a card, in text and in LaTeX; its form is words, a formula, or a rule's source."""

    text: str
    latex: str
    form: Literal["words", "formula", "source"] = "words"


class Row(NamedTuple):
    """The lines of a card under one header."""

    header: str
    lines: Sequence[Line]


@dataclass(frozen=True, repr=False)
class Card:
    """An op's formula, derivatives, domain, parameters and source, as text, LaTeX and HTML."""

    title: str
    description: str
    rows: tuple[Row, ...]

    def text(self) -> str:
        """The card for a terminal."""
        width = 2 + max(len(row.header) for row in self.rows)
        rows = [line for row in self.rows for line in _row_as_text(row, width)]
        return "\n".join([self.title, *self.description.splitlines(), "", *rows])

    def latex(self) -> str:
        """The card as one block of LaTeX's mathematics, without the dollars."""
        head = [prose(self.title, "texttt"), sentence(self.description.partition("\n")[0])]
        lines = [*filter(None, head), *(line.latex for row in self.rows for line in row.lines)]
        return "\\begin{aligned}\n" + " \\\\\n".join(f"& {line}" for line in lines) + "\n\\end{aligned}"

    def html(self) -> str:
        """The card as a table that needs no style sheet, no script and no network."""
        words = f'<div style="white-space: pre-line">{escape(self.description)}</div>' if self.description else ""
        caption = (
            f'<caption style="{_CAPTION}"><b><code style="{_CODE}">{escape(self.title)}</code></b>{words}</caption>'
        )
        return "\n".join([f'<table style="{_TABLE}">', caption, *map(_row_as_html, self.rows), "</table>"])

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


def card(op: Op[...]) -> Card:
    """What an op computes and how it is differentiated, on one card.

    >>> import ops
    >>> print(card(ops.sqrt))   # doctest: +ELLIPSIS
    sqrt(x, /)
    Square root, $y = \\sqrt{x}$; NaN below 0, slope inf at 0.
    ...
    formula     y = sqrt(x)
    partials    dy/dx = 0.5/y
    sampled on  x in [0.3, 3]
    source      DLMF 4.2
    """
    if not isinstance(op, Op):
        raise TypeError(f"card: {shown(op)} is not an op; give one from ops.REGISTRY, such as ops.tanh")
    description, source = _cited(inspect.cleandoc(op.__doc__ or ""))
    rows = [_kind(op), *_rules(op), _letters_used(op), _domain(op), _parameters(op), source]
    return Card(f"{op.name}{op.__signature__}", description, tuple(row for row in rows if row.lines))


# what the declaration says


def _cited(docstring: str) -> tuple[str, Row]:
    """The docstring without the [source] at the end of its first line, and that source."""
    first, _, rest = docstring.partition("\n")
    found = re.search(r"\s*\[([^][]+)\]\s*$", first)
    if found is None:
        return docstring, Row("source", [])
    source = Line(found[1], prose(f"source: {found[1]}"))
    return "\n".join([first[: found.start()], rest]).rstrip(), Row("source", [source])


def _kind(op: Op[...]) -> Row:
    explained = (type(op).__doc__ or "").partition("\n")[0]
    return Row("kind", [Line(f"{op.kind}: {explained}" if explained else op.kind, prose(op.kind))])


def _letters_used(op: Op[...]) -> Row:
    names = standing_for(op.arrays)
    tangents = [*zip(tangent_letters(names), names), ("t_y", "y")] if "defjvp" in op.roles else []
    said = ["g is dL/dy"] if "partials" not in op.roles else []
    said = ", ".join([*said, *(f"{t} the tangent of {name}" for t, name in tangents)])
    return Row("where", [Line(said, prose(f"where {said}"))] if said else [])


def _domain(op: Op[...]) -> Row:
    return Row("sampled on", [_interval(name.lstrip("*"), i) for name, i in zip(op.arrays, op.domain)])


def _interval(name: str, interval: Interval) -> Line:
    if interval is None:
        return Line(f"{name}: no interval, for it has no derivative", rf"{latex(name)}\text{{: no interval}}")
    low, high = interval
    return Line(f"{name} in [{text(low)}, {text(high)}]", rf"{latex(name)} \in [{latex(low)}, {latex(high)}]")


def _parameters(op: Op[...]) -> Row:
    return Row("parameters", [_parameter(name, op.defaults) for name in op.parameters])


def _parameter(name: str, defaults: Mapping[str, Any]) -> Line:
    if name not in defaults:
        return Line(f"{name}, always given", rf"{latex(name)}\text{{, always given}}")
    default = repr(defaults[name])
    return Line(f"{name} = {default}", f"{latex(name)} = {prose(default, 'texttt')}")


# what the rules say


def _rules(op: Op[...]) -> Iterator[Row]:
    yield Row("formula", _lines(op, op.forward, (), [_output("y")]))
    for role in op.roles:
        header = role.removeprefix("def")
        missing = f"not declared yet; declare it with {op.name}.{role.partition(' ')[0]}"
        lines = [Line(missing, prose(f"{header}: {missing}"))]
        if role in op.rules:
            lines = _lines(op, op.rules[role], leading_letters(role, op.arrays), _left_sides(op, role))
        yield Row(header, lines)


def _left_sides(op: Op[...], role: str) -> list[Line]:
    """What the rule returns, by name."""
    if role == "defjvp":
        return [_output("t_y")]
    names = (role.removeprefix("adjoint of "),) if role.startswith("adjoint of ") else standing_for(op.arrays)
    return [_slope("y" if role == "partials" else "L", name) for name in names]


def _output(name: str) -> Line:
    return Line(name, latex(name))


def _slope(of: str, name: str) -> Line:
    return Line(f"d{of}/d{name}", rf"\frac{{\partial {of}}}{{\partial {latex(name)}}}")


def _lines(op: Op[...], rule: Rule, leading: Leading, left_sides: Sequence[Line]) -> list[Line]:
    """The rule's equations, for each form that a text parameter chooses; its source where it has none."""
    settings = _settings(op)
    try:
        return [
            _equation(left, right, setting if len(settings) > 1 else {})
            for setting in settings
            for left, right in zip(left_sides, _right_sides(op, rule, leading, setting), strict=True)
        ]
    except Exception:  # a rule that looks at its numbers or their shapes cannot run on letters
        return _source(rule)


def _settings(op: Op[...]) -> list[dict[str, str]]:
    """The text parameters of the op, as by default and as in its samples, each choice once."""
    found = [op.defaults, *({**op.defaults, **sample.params} for sample in op.samples)]
    chosen = [{name: value for name, value in params.items() if isinstance(value, str)} for params in found]
    return [setting for i, setting in enumerate(chosen) if setting not in chosen[:i]]


def _right_sides(op: Op[...], rule: Rule, leading: Leading, setting: Mapping[str, str]) -> Sequence[Any]:
    found = on_letters(rule, leading, op.arrays, {**op.defaults, **setting})
    return found if isinstance(found, (tuple, list)) else (found,)


def _equation(left: Line, right: Any, setting: Mapping[str, str]) -> Line:
    if right is None:
        return Line(f"{left.text}: none", rf"{left.latex}\text{{: none}}", "formula")
    chosen = "".join(f", for {name} = {value!r}" for name, value in setting.items())
    return Line(f"{left.text} = {text(right)}{chosen}", f"{left.latex} = {latex(right)}{prose(chosen)}", "formula")


def _source(rule: Rule) -> list[Line]:
    body = _body(rule)
    if body is None:
        said = f"{rule.__name__} does not run on letters, and its source cannot be read here"
        return [Line(said, prose(said))]
    code = " \\\\\n& ".join(map(_code_in_latex, body.splitlines()))
    return [Line(f"by {rule.__name__}:", prose(f"by {rule.__name__}:")), Line(body, code, "source")]


def _body(rule: Rule) -> str | None:
    """The source of a rule without its head and its docstring; None where it cannot be had."""
    try:
        source = dedent(inspect.getsource(rule))
        found = ast.parse(source).body
    except (OSError, TypeError, SyntaxError):
        return None
    for function in found:
        if isinstance(function, ast.FunctionDef) and function.name == rule.__name__:
            has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
            start = function.body[1 if has_docstring else 0].lineno - 1
            return dedent("\n".join(source.splitlines()[start:])).rstrip()
    return None


# text, LaTeX and HTML


def _row_as_text(row: Row, width: int) -> Iterator[str]:
    header = row.header
    for line in row.lines:
        margin = " " * (width + 4)
        yield indent(line.text, margin) if line.form == "source" else f"{header:{width}}{line.text}"
        header = ""


def _row_as_html(row: Row) -> str:
    cell = "\n".join(map(_line_as_html, row.lines))
    header = f'<th scope="row" style="{_CELL} white-space: nowrap;">{escape(row.header)}</th>'
    return f'<tr>{header}\n<td style="{_CELL}">{cell}</td></tr>'


def _line_as_html(line: Line) -> str:
    words = escape(line.text)
    if line.form == "source":
        return f'<pre style="{_CODE} margin: 0; padding: 0 0 0 2em;">{words}</pre>'
    return f'<div><code style="{_CODE}">{words}</code></div>' if line.form == "formula" else f"<div>{words}</div>"


def _code_in_latex(line: str) -> str:
    depth = len(line) - len(line.lstrip())
    return r"\quad" * (1 + depth // 4) + " " + prose(line.lstrip(), "texttt")


callable_as_its_function(__name__)
