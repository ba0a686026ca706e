"""SymPy as a namespace for pointwise rules: what a rule returns on symbols can be differentiated and proved.

A comparison is Iverson's bracket, 1 where it holds and 0 elsewhere, as the rules take it.  A float in a rule
stands for the exact number that it was rounded from: 0.044715, or the square root of 2.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from math import ulp
from typing import Any

import sympy

import ops


class Formula:
    """A SymPy expression with the operators that rules use."""

    def __init__(self, expr: Any):
        self.expr = expr

    # fmt: off
    def __add__(self, other: Any) -> Formula: return Formula(self.expr + exact(other))
    def __radd__(self, other: Any) -> Formula: return Formula(exact(other) + self.expr)
    def __sub__(self, other: Any) -> Formula: return Formula(self.expr - exact(other))
    def __rsub__(self, other: Any) -> Formula: return Formula(exact(other) - self.expr)
    def __mul__(self, other: Any) -> Formula: return Formula(self.expr * exact(other))
    def __rmul__(self, other: Any) -> Formula: return Formula(exact(other) * self.expr)
    def __truediv__(self, other: Any) -> Formula: return Formula(self.expr / exact(other))
    def __rtruediv__(self, other: Any) -> Formula: return Formula(exact(other) / self.expr)
    def __pow__(self, other: Any) -> Formula: return Formula(self.expr ** exact(other))
    def __rpow__(self, other: Any) -> Formula: return Formula(exact(other) ** self.expr)
    def __neg__(self) -> Formula: return Formula(-self.expr)
    def __pos__(self) -> Formula: return self
    def __abs__(self) -> Formula: return Formula(sympy.Abs(self.expr))
    def __lt__(self, other: Any) -> Formula: return _bracket(self.expr < exact(other))
    def __le__(self, other: Any) -> Formula: return _bracket(self.expr <= exact(other))
    def __gt__(self, other: Any) -> Formula: return _bracket(self.expr > exact(other))
    def __ge__(self, other: Any) -> Formula: return _bracket(self.expr >= exact(other))
    def __and__(self, other: Any) -> Formula: return self * other  # both are 0 or 1
    __rand__ = __and__
    def __or__(self, other: Any) -> Formula: return self + other - self * other
    # fmt: on

    def __bool__(self) -> bool:
        raise TypeError("a formula is neither true nor false; write the condition with xp.where")


def exact(thing: Any) -> Any:
    """What a rule holds as a SymPy expression: a float as the rational or the root of one that it stands for."""
    if isinstance(thing, Formula):
        return thing.expr
    if not isinstance(thing, float):
        return sympy.Integer(int(thing)) if isinstance(thing, (bool, int)) else sympy.sympify(thing)
    simple, squared = _simple(thing), _simple(thing * thing)
    if _is_close(simple, thing):
        return simple
    return sympy.sign(thing) * sympy.sqrt(squared) if _is_close(sympy.sqrt(squared), thing) else sympy.Rational(thing)


def _simple(number: float) -> Any:
    return sympy.Rational(Fraction(number).limit_denominator(10**7))


def _is_close(expr: Any, number: float) -> bool:
    return abs_of(float(expr) - number) <= 2 * ulp(number)


def _bracket(condition: Any) -> Formula:
    return Formula(sympy.Piecewise((1, condition), (0, True)))


def _function(function: Callable[..., Any]) -> Callable[..., Formula]:
    return lambda *args: Formula(function(*map(exact, args)))


abs_of = abs
pi = Formula(sympy.pi)
exp, log, sqrt = _function(sympy.exp), _function(sympy.log), _function(sympy.sqrt)
sin, cos, tanh = _function(sympy.sin), _function(sympy.cos), _function(sympy.tanh)
abs, sign, erf = _function(sympy.Abs), _function(sympy.sign), _function(sympy.erf)
sigmoid = _function(lambda x: 1 / (1 + sympy.exp(-x)))
log1p = _function(lambda x: sympy.log(1 + x))
pow = power = _function(lambda x, n: x**n)
maximum = _function(lambda a, b: sympy.Piecewise((a, a >= b), (b, True)))
minimum = _function(lambda a, b: sympy.Piecewise((a, a <= b), (b, True)))
erfc = _function(sympy.erfc)
logical_not = _function(lambda condition: 1 - condition)


def isnan(x: Formula) -> bool:
    """False: a symbol stands for a number."""
    return False


where = _function(lambda condition, a, b: sympy.Piecewise((a, sympy.Ne(condition, 0)), (b, True)))


def __getattr__(name: str) -> Any:
    """What is not here is composed: the registry's op of that name, run on formulas."""
    if name not in ops.REGISTRY:
        raise AttributeError(f"no function on formulas is called {name!r}")
    return partial(ops.REGISTRY[name].forward, sys.modules[__name__])
