"""Letters as a namespace: a rule run on letters returns its own formula, as a small expression tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ops.rules import Rule


class Expression:
    """A formula: a head (an operator, a function's name, "letter" or "number") over its parts."""

    __array_ufunc__ = None

    def __init__(self, head: str, *parts: Any, **options: Any):
        self.head, self.parts, self.options = head, parts, options

    # fmt: off
    def __add__(self, other: Any) -> Expression: return _sum(self, other)
    def __radd__(self, other: Any) -> Expression: return _sum(other, self)
    def __sub__(self, other: Any) -> Expression: return Expression("-", self, letter(other))
    def __rsub__(self, other: Any) -> Expression: return Expression("-", letter(other), self)
    def __mul__(self, other: Any) -> Expression: return _product(self, other)
    def __rmul__(self, other: Any) -> Expression: return _product(other, self)
    def __truediv__(self, other: Any) -> Expression: return Expression("/", self, letter(other))
    def __rtruediv__(self, other: Any) -> Expression: return Expression("/", letter(other), self)
    def __pow__(self, other: Any) -> Expression: return Expression("pow", self, letter(other))
    def __neg__(self) -> Expression: return Expression("neg", self)
    def __lt__(self, other: Any) -> Expression: return Expression("<", self, letter(other))
    def __gt__(self, other: Any) -> Expression: return Expression(">", self, letter(other))
    def __le__(self, other: Any) -> Expression: return Expression("<=", self, letter(other))
    def __ge__(self, other: Any) -> Expression: return Expression(">=", self, letter(other))
    def __and__(self, other: Any) -> Expression: return Expression("and", self, letter(other))
    # fmt: on

    def __bool__(self) -> bool:
        raise TypeError("a formula is neither true nor false; write the condition with xp.where")

    def same(self, other: Any) -> bool:
        """Whether both are the same formula, written the same way."""
        if not isinstance(other, Expression) or (self.head, len(self.parts)) != (other.head, len(other.parts)):
            return False
        pairs = zip(self.parts, other.parts, strict=True)
        return all(a.same(b) if isinstance(a, Expression) else a == b for a, b in pairs)


def letter(thing: Any) -> Expression:
    """A name as a letter, a number as itself."""
    if isinstance(thing, Expression):
        return thing
    return Expression("letter", thing) if isinstance(thing, str) else Expression("number", thing)


def _is_number(thing: Expression, number: float) -> bool:
    return thing.head == "number" and thing.parts[0] == number


def _sum(a: Any, b: Any) -> Expression:
    a, b = letter(a), letter(b)
    return a if _is_number(b, 0) else b if _is_number(a, 0) else Expression("+", a, b)


def _product(a: Any, b: Any) -> Expression:
    a, b = letter(a), letter(b)
    if _is_number(a, 1) or _is_number(b, 1):
        return b if _is_number(a, 1) else a
    return Expression("pow", a, letter(2)) if a.same(b) and a.head != "number" else Expression("*", a, b)


class _Letters:
    """The namespace: every function a rule calls becomes a head."""

    pi = letter("pi")

    def __getattr__(self, name: str) -> Callable[..., Expression]:
        def function(*parts: Any, **options: Any) -> Expression:
            return Expression(name, *map(letter, parts), **options)

        return function


LETTERS = _Letters()


def on_letters(rule: Rule, leading: tuple[str, ...], arrays: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """What the rule returns on letters; a parameter whose default is text or None keeps its default."""
    params = {name: letter(name) if isinstance(value, (int, float)) else value for name, value in defaults.items()}
    return rule(LETTERS, *(letter(name.lstrip("*")) for name in (*leading, *arrays)), **params)
