r"""A formula in writing: as text that Python would read, and as LaTeX.

Each head has a form: a template, how tightly what it makes holds together, and how tightly each part must.
A part that holds less gets brackets, so brackets stand only where they are needed.  A condition that is used
as a number stands in Iverson's brackets, [x > 0]: 1 where it holds and 0 where it does not.

>>> x = letter("x")
>>> text((1 - x) * x)
'(1 - x)*x'
>>> print(latex((1 - x) / x**2))
\frac{1 - x}{x^2}
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

from ops.letters import Expression, letter

_OR, _AND, _NOT, _COMPARED, _SUM, _MATMUL, _PRODUCT, _POWER, _ATOM = range(9)
_CONDITIONS = ("or", "and", "not", "==", "!=", "<", ">", "<=", ">=")
_GREEK = re.compile("alpha|beta|gamma|delta|epsilon|eta|theta|kappa|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega")

Form = tuple[str, int, tuple[int, ...]]

# fmt: off
_TEXT: dict[str, Form] = {
    "or":               ("%s or %s",  _OR,       (_OR, _AND)),
    "and":              ("%s and %s", _AND,      (_AND, _NOT)),
    "not":              ("not %s",    _NOT,      (_NOT,)),
    "==":               ("%s == %s",  _COMPARED, (_SUM, _SUM)),
    "!=":               ("%s != %s",  _COMPARED, (_SUM, _SUM)),
    "<":                ("%s < %s",   _COMPARED, (_SUM, _SUM)),
    ">":                ("%s > %s",   _COMPARED, (_SUM, _SUM)),
    "<=":               ("%s <= %s",  _COMPARED, (_SUM, _SUM)),
    ">=":               ("%s >= %s",  _COMPARED, (_SUM, _SUM)),
    "+":                ("%s + %s",   _SUM,      (_SUM, _SUM)),
    "-":                ("%s - %s",   _SUM,      (_SUM, _MATMUL)),
    "neg":              ("-%s",       _SUM,      (_MATMUL,)),
    "matmul":           ("%s @ %s",   _MATMUL,   (_MATMUL, _POWER)),
    "*":                ("%s*%s",     _PRODUCT,  (_PRODUCT, _PRODUCT)),
    "/":                ("%s/%s",     _PRODUCT,  (_PRODUCT, _POWER)),
    "pow":              ("%s**%s",    _POWER,    (_ATOM, _POWER)),
    "shape":            ("%s.shape",  _ATOM,     (_ATOM,)),
    "dtype":            ("%s.dtype",  _ATOM,     (_ATOM,)),
    "matrix_transpose": ("%s.mT",     _ATOM,     (_ATOM,)),
    "where":            ("where(%s, %s, %s)", _ATOM, (_OR, _SUM, _SUM)),
}
_LATEX: dict[str, Form] = _TEXT | {
    "or":               (r"%s \lor %s",       _OR,       (_OR, _AND)),
    "and":              (r"%s \land %s",      _AND,      (_AND, _NOT)),
    "not":              (r"\lnot %s",         _NOT,      (_SUM,)),
    "==":               (r"%s = %s",          _COMPARED, (_SUM, _SUM)),
    "!=":               (r"%s \ne %s",        _COMPARED, (_SUM, _SUM)),
    "<=":               (r"%s \le %s",        _COMPARED, (_SUM, _SUM)),
    ">=":               (r"%s \ge %s",        _COMPARED, (_SUM, _SUM)),
    "matmul":           (r"%s\,%s",           _MATMUL,   (_POWER, _POWER)),
    "*":                (r"%s\,%s",           _PRODUCT,  (_PRODUCT, _PRODUCT)),
    "/":                (r"\frac{%s}{%s}",    _POWER,    (_SUM, _SUM)),
    "pow":              (r"%s^{%s}",          _POWER,    (_ATOM, _SUM)),
    "exp":              (r"e^{%s}",           _POWER,    (_SUM,)),
    "sqrt":             (r"\sqrt{%s}",        _ATOM,     (_SUM,)),
    "abs":              (r"\left|%s\right|",  _ATOM,     (_SUM,)),
    "log1p":            (r"\ln(1 + %s)",      _POWER,    (_MATMUL,)),
    "expm1":            (r"e^{%s} - 1",       _SUM,      (_SUM,)),
    "shape":            (r"\mathrm{shape}(%s)", _POWER,  (_SUM,)),
    "dtype":            (r"\mathrm{dtype}(%s)", _POWER,  (_SUM,)),
    "matrix_transpose": (r"%s^{\mathsf{T}}",  _POWER,    (_ATOM,)),
    "cases":            (r"\begin{cases} %s & \text{if } %s \\ %s & \text{otherwise} \end{cases}", _SUM,
                         (_SUM, _OR, _SUM)),
}
_NAMES = {
    "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "sinh": r"\sinh", "cosh": r"\cosh",
    "tanh": r"\tanh", "max": r"\max", "maximum": r"\max", "min": r"\min", "minimum": r"\min",
    "sum": r"\sum", "prod": r"\prod", "sigmoid": r"\sigma", "sign": r"\operatorname{sgn}",
}
_SIGNS = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"{\wedge}", "~": r"{\sim}",
}
# fmt: on


def text(thing: Any) -> str:
    """The formula as Python would read it, conditions used as numbers in brackets."""
    return _Text().write(letter(thing))


def latex(thing: Any) -> str:
    """The formula in LaTeX's mathematics, without the dollars."""
    written = _Latex().write(letter(thing))
    written = re.sub(r"\^\{(\w)\}", r"^\1", written)
    written = re.sub(r"\\,(?=\d)", r" \\cdot ", written)
    return written.replace(r"\\ [", r"\\ {}[")  # a bracket right after a line's end would be read as its height


def prose(words: str, font: str = "text") -> str:
    """Plain words inside LaTeX's mathematics, its signs escaped in a way that MathJax reads too."""
    escaped = re.sub(r"[\\{}$&#%_^~]", lambda sign: rf"}}{_SIGNS[sign[0]]}\{font}{{", words)
    return rf"\{font}{{{escaped}}}".replace(rf"\{font}{{}}", "")


def sentence(words: str) -> str:
    """A docstring's line in LaTeX: what stands between dollars is mathematics already, the rest is prose."""
    pieces = words.split("$")
    if len(pieces) % 2 == 0 or not all(map(_is_balanced, pieces[1::2])):
        return prose(words)
    return "".join(piece if i % 2 else prose(piece) for i, piece in enumerate(pieces))


def _is_balanced(mathematics: str) -> bool:
    bare = re.sub(r"\\.", "", mathematics)
    depths = [*accumulate((c == "{") - (c == "}") for c in bare)]
    return not depths or (min(depths) >= 0 and depths[-1] == 0)


class _Text:
    """The writer of text; a formula in other signs changes its forms, its leaves and its calls."""

    forms = _TEXT

    def write(self, e: Expression, least: int = _SUM) -> str:
        """The formula, in brackets where it holds together less than it must."""
        written, level = self.written(e)
        if level >= least:
            return written
        return self.fenced(written, "[]" if e.head in _CONDITIONS else "()")

    def written(self, e: Expression) -> tuple[str, int]:
        """The formula, and how tightly it holds together."""
        if e.head == "number":
            return self.number(e.parts[0])
        if e.head in ("letter", "element", "text"):
            return (self.quoted if e.head == "text" else self.letter)(e.parts[0]), _ATOM
        template, level, needs = self.forms.get(e.head, ("", _ATOM, ()))
        if template and not e.options and len(needs) == len(e.parts):
            return template % tuple(map(self.write, e.parts, needs)), level
        return self.call(e)

    def listed(self, e: Expression) -> str:
        """The parts of a call, and those of its options that say something."""
        options = {k: v for k, v in e.options.items() if not _says_nothing(v)}
        return ", ".join([*map(self.write, e.parts), *(self.option(k, v) for k, v in options.items())])

    def option(self, name: str, value: Expression) -> str:
        return f"{name}={value.parts[0] if value.head == 'number' else self.write(value)}"

    def call(self, e: Expression) -> tuple[str, int]:
        return (f"[{self.listed(e)}]" if e.head == "list" else f"{e.head}({self.listed(e)})"), _ATOM

    def letter(self, name: str) -> str:
        return name

    def quoted(self, words: str) -> str:
        return repr(words)

    def number(self, number: Any) -> tuple[str, int]:
        return _short(number), _SUM if _short(number).startswith("-") else _ATOM

    def fenced(self, written: str, fence: str) -> str:
        return f"{fence[0]}{written}{fence[1]}"


class _Latex(_Text):
    """The writer of LaTeX."""

    forms = _LATEX

    def written(self, e: Expression) -> tuple[str, int]:
        if e.head == "where" and len(e.parts) == 3:
            condition, a, b = e.parts
            e = Expression("cases", a, condition, b)
        return super().written(e)

    def call(self, e: Expression) -> tuple[str, int]:
        if e.head == "list":
            return self.fenced(self.listed(e), "[]"), _ATOM
        rest = {k: v for k, v in e.options.items() if k not in ("axis", "keepdims")}
        axis = e.options.get("axis", letter(None))
        name = _NAMES.get(e.head, rf"\operatorname{{{_escaped(e.head)}}}")
        name += "" if _says_nothing(axis) else f"_{{{self.write(axis)}}}"
        if e.head in ("sum", "prod") and len(e.parts) == 1 and not rest:
            return f"{name} {self.write(e.parts[0], _PRODUCT)}", _MATMUL
        return name + self.fenced(self.listed(Expression(e.head, *e.parts, **rest)), "()"), _POWER

    def option(self, name: str, value: Expression) -> str:
        return f"{self.letter(name)} = {self.write(value)}"

    def letter(self, name: str) -> str:
        stem, index = _split(name)
        if len(stem) > 1:
            stem = f"\\{stem}" if _GREEK.fullmatch(stem) else rf"\mathit{{{_escaped(stem)}}}"
        return f"{stem}_{index}" if len(index) == 1 else f"{stem}_{{{_escaped(index)}}}" if index else stem

    def quoted(self, words: str) -> str:
        return prose(words, "texttt")

    def number(self, number: Any) -> tuple[str, int]:
        written, level = super().number(number)
        digits, is_scaled, exponent = re.sub(r"e(?=[+-])", " ", written).partition(" ")
        if is_scaled:
            return rf"{digits} \cdot 10^{{{int(exponent)}}}", min(level, _PRODUCT)
        return re.sub("nan|None", r"\\text{\g<0>}", written).replace("inf", r"\infty"), level

    def fenced(self, written: str, fence: str) -> str:
        tall = any(sign in written for sign in (r"\frac", r"\sum", r"\prod", r"\begin"))
        return rf"\left{fence[0]}{written}\right{fence[1]}" if tall else super().fenced(written, fence)


def _short(number: Any) -> str:
    """The number in at most six digits, True and False as 1 and 0."""
    if number is None:
        return "None"
    return str(int(number)) if isinstance(number, int) else f"{float(number):.6g}"


def _says_nothing(option: Expression) -> bool:
    return option.head == "number" and (option.parts[0] is None or option.parts[0] is False)


def _split(name: str) -> tuple[str, str]:
    """A name and its index: x1 and x_1 as x with 1, t_a as t with a; longer names stay whole."""
    found = re.fullmatch(r"([^\W\d_]+)_?(\d+)|([^\W\d_])_([^\W\d_])", name)
    return (found[1] or found[3], found[2] or found[4]) if found else (name, "")


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")
