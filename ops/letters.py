"""Letters as a namespace: a rule run on letters returns its own formula, as a small expression tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, NoReturn

from ops.rules import Rule, arguments
from ops.words import a_or_an

Leading = tuple[str | tuple[str, ...], ...]

LONGEST = 200
_IN_PLACE = ("add_at", "copyto", "fill_diagonal", "place", "put", "putmask")


class Undecided(TypeError):
    """A formula was asked whether it is true."""

    def __init__(self, condition: Expression):
        super().__init__("a formula is neither true nor false; write the condition with xp.where")
        self.condition = condition


class LeftTheGraph(TypeError):
    """A formula was asked for its numbers, or an element to be taken apart."""


class Expression:
    """A formula: a head (an operator, a function's name, or one of these) over its parts.

    A "letter" stands for any one number, an "element" for every element of an array; "number", "text" and
    "list" stand for themselves.
    """

    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, head: str, /, *parts: Any, **options: Any):
        self.head, self.parts, self.options = head, parts, options
        self.size = 1 + sum(part.size for part in (*parts, *options.values()) if isinstance(part, Expression))
        if self.size > LONGEST:
            raise ValueError(f"a formula of more than {LONGEST} parts is too long to read")

    # fmt: off
    def __add__(self, other: Any) -> Expression: return _sum(self, other)
    def __radd__(self, other: Any) -> Expression: return _sum(other, self)
    def __sub__(self, other: Any) -> Expression: return _sum(self, -letter(other))
    def __rsub__(self, other: Any) -> Expression: return _sum(other, -self)
    def __mul__(self, other: Any) -> Expression: return _product(self, other)
    def __rmul__(self, other: Any) -> Expression: return _product(other, self)
    def __truediv__(self, other: Any) -> Expression: return _quotient(self, other)
    def __rtruediv__(self, other: Any) -> Expression: return _quotient(other, self)
    def __pow__(self, other: Any) -> Expression: return _power(self, other)
    def __rpow__(self, other: Any) -> Expression: return _power(other, self)
    def __matmul__(self, other: Any) -> Expression: return Expression("matmul", self, letter(other))
    def __rmatmul__(self, other: Any) -> Expression: return Expression("matmul", letter(other), self)
    def __neg__(self) -> Expression: return _negative(self)
    def __pos__(self) -> Expression: return self
    def __abs__(self) -> Expression: return Expression("abs", self)
    def __eq__(self, other: Any) -> Any: return Expression("==", self, letter(other))
    def __ne__(self, other: Any) -> Any: return Expression("!=", self, letter(other))
    def __lt__(self, other: Any) -> Expression: return Expression("<", self, letter(other))
    def __gt__(self, other: Any) -> Expression: return Expression(">", self, letter(other))
    def __le__(self, other: Any) -> Expression: return Expression("<=", self, letter(other))
    def __ge__(self, other: Any) -> Expression: return Expression(">=", self, letter(other))
    def __and__(self, other: Any) -> Expression: return Expression("and", self, letter(other))
    def __rand__(self, other: Any) -> Expression: return Expression("and", letter(other), self)
    def __or__(self, other: Any) -> Expression: return _either(self, other)
    def __ror__(self, other: Any) -> Expression: return _either(other, self)
    def __invert__(self) -> Expression: return _opposite(self)
    # fmt: on

    def __array__(self, *_: Any, **__: Any) -> Any:
        if not self.varies():
            raise TypeError("a formula is no array")
        raise LeftTheGraph("takes numbers out of their graph as a NumPy array; compute with the argument itself")

    def __getitem__(self, index: Any) -> Expression:
        if self.head == "element":
            raise LeftTheGraph(
                "picks parts of an argument by [...], but the rules of a pointwise op run on single numbers; declare "
                "the op as ops.general"
            )
        raise TypeError("a formula has no parts to pick")

    @property
    def shape(self) -> Expression:
        return Expression("shape", self)

    @property
    def dtype(self) -> Expression:
        return Expression("dtype", self)

    @property
    def mT(self) -> Expression:
        return Expression("matrix_transpose", self)

    def __bool__(self) -> bool:
        if self.head in ("==", "!=") and not self.varies():  # of any number a special case, n == 0, does not hold
            return self.parts[0].same(self.parts[1]) is (self.head == "==")
        raise Undecided(self)

    def varies(self) -> bool:
        """Whether the formula has a value for each element of an array."""
        if self.head in ("shape", "dtype"):
            return False
        parts = (part for part in (*self.parts, *self.options.values()) if isinstance(part, Expression))
        return self.head == "element" or any(part.varies() for part in parts)

    def same(self, other: Any) -> bool:
        """Whether both are the same formula, written the same way."""
        if not isinstance(other, Expression):
            return False
        if (self.head, self.size, self.options.keys()) != (other.head, other.size, other.options.keys()):
            return False
        pairs = [*zip(self.parts, other.parts), *((v, other.options[k]) for k, v in self.options.items())]
        return len(self.parts) == len(other.parts) and all(_same(a, b) for a, b in pairs)


def letter(thing: Any) -> Expression:
    """A name as a letter, a number or None as itself, a tuple or list as the list of its formulas."""
    if isinstance(thing, Expression):
        return thing
    if isinstance(thing, str):
        return Expression("letter", thing)
    if isinstance(thing, (tuple, list)):
        return Expression("list", *map(letter, thing))
    if thing is None or isinstance(thing, Real):
        return Expression("number", thing)
    raise TypeError(f"{a_or_an(thing)} has no place in a formula; use letters and numbers")


def _same(a: Any, b: Any) -> bool:
    return a is b or (a.same(b) if isinstance(a, Expression) else bool(a == b))


def _is_number(thing: Expression, number: float) -> bool:
    return thing.head == "number" and thing.parts[0] == number


def _is_negative(thing: Expression) -> bool:
    return thing.head == "neg" or (thing.head == "number" and thing.parts[0] is not None and thing.parts[0] < 0)


# A sum, a product or a power is written as on paper: no zeros and ones, one minus in front, x**3 for x*x*x.


def _sum(a: Any, b: Any) -> Expression:
    a, b = letter(a), letter(b)
    if _is_number(a, 0) or _is_number(b, 0):
        return b if _is_number(a, 0) else a
    return Expression("-", a, -b) if _is_negative(b) else Expression("+", a, b)


def _negative(a: Expression) -> Expression:
    if a.head == "number":
        return letter(-a.parts[0])
    return a.parts[0] if a.head == "neg" else Expression("neg", a)


def _product(a: Any, b: Any) -> Expression:
    a, b = letter(a), letter(b)
    if _is_number(a, 0) or _is_number(b, 0):
        return letter(0)
    if _is_number(a, 1) or _is_number(b, 1):
        return b if _is_number(a, 1) else a
    if _is_negative(a) or _is_negative(b):
        return -(-a * b) if _is_negative(a) else -(a * -b)
    joined = _joined(a, b)
    return Expression("*", a, b) if joined is None else joined


def _joined(a: Expression, b: Expression) -> Expression | None:
    """a * b as one power, or with one at its end; None where they have no base in common."""
    if a.head == "*" and (end := _joined(a.parts[1], b)) is not None:
        return a.parts[0] * end
    (base, m), (other, n) = _base_and_exponent(a), _base_and_exponent(b)
    return _power(base, m + n) if base.same(other) and base.head != "number" else None


def _base_and_exponent(a: Expression) -> tuple[Expression, Any]:
    is_power = a.head == "pow" and a.parts[1].head == "number"
    return (a.parts[0], a.parts[1].parts[0]) if is_power else (a, 1)


def _either(a: Any, b: Any) -> Expression:
    if a is False or b is False:
        return letter(b if a is False else a)
    return Expression("or", letter(a), letter(b))


def _opposite(condition: Expression) -> Expression:
    """What holds where the condition does not."""
    if condition.head in _OPPOSITES:
        return Expression(_OPPOSITES[condition.head], *condition.parts)
    return condition.parts[0] if condition.head == "not" else Expression("not", condition)


_OPPOSITES = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


def _quotient(a: Any, b: Any) -> Expression:
    a, b = letter(a), letter(b)
    if _is_number(a, 0) or _is_number(b, 1):
        return a
    if _is_negative(a) or _is_negative(b):
        return -(-a / b) if _is_negative(a) else -(a / -b)
    return Expression("/", a, b)


def _power(a: Any, b: Any) -> Expression:
    a, b = letter(a), letter(b)
    if _is_number(b, 0.5):
        return Expression("sqrt", a)
    return a if _is_number(b, 1) else Expression("pow", a, b)


class Letters:
    """The namespace: every function a rule calls becomes a head."""

    pi, inf, nan = letter("pi"), letter(float("inf")), letter(float("nan"))
    pow = power = staticmethod(_power)
    logical_not = staticmethod(_opposite)

    @staticmethod
    def isnan(x: Any) -> bool:
        """False: a letter stands for a number."""
        return False

    def __getattr__(self, name: str) -> Callable[..., Expression]:
        def function(*parts: Any, **options: Any) -> Expression:
            if name in _IN_PLACE or "out" in options:
                _refuse_writing(name)
            return Expression(name, *map(_argument, parts), **{k: _argument(v) for k, v in options.items()})

        return function


def _refuse_writing(name: str) -> NoReturn:
    raise TypeError(f"{name} writes into an array, and a formula cannot be written into")


def _argument(thing: Any) -> Expression:
    return Expression("text", thing) if isinstance(thing, str) else letter(thing)


LETTERS = Letters()


def on_letters(rule: Rule, leading: Leading, arrays: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """What the rule returns on letters; a parameter whose default is text or True or False keeps its default."""
    params = {name: _parameter(name, defaults.get(name)) for name in arguments(rule)[1]}
    return rule(LETTERS, *map(_letters, leading), *map(letter, standing_for(arrays)), **params)


def leading_letters(role: str, arrays: tuple[str, ...]) -> Leading:
    """The letters that a rule of this role takes before those of the op's arrays."""
    if role == "defjvp":
        tangents = tangent_letters(standing_for(arrays))
        return ("t" if len(tangents) == 1 else tangents, "y")
    return {"forward": (), "partials": ("y",), "defvjp": ("g", "y")}.get(role, ("g",))


def tangent_letters(names: Sequence[str]) -> tuple[str, ...]:
    """The letters of the tangents of these arrays."""
    return ("t",) if len(names) == 1 else tuple(f"t_{name}" for name in names)


def standing_for(arrays: tuple[str, ...]) -> tuple[str, ...]:
    """The letters that the arrays of an op get: a starred one stands for two."""
    starred = arrays[0].startswith("*")
    return (f"{arrays[0][1:]}_1", f"{arrays[0][1:]}_2") if starred else arrays


def _letters(names: str | tuple[str, ...]) -> Any:
    return letter(names) if isinstance(names, str) else tuple(map(letter, names))


def _parameter(name: str, default: Any) -> Any:
    return default if isinstance(default, (str, bool)) else letter(name)
