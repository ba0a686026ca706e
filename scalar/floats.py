"""Floats as a namespace: `math` with IEEE's answers, infinities and NaN where Python would raise, as in NumPy."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import not_
from typing import Any, NoReturn

from ops.demands import is_of_the_package
from ops.dispatch import refuse_foreign
from ops.errors import DeclarationError
from ops.rules import FUNCTIONS
from ops.spec import REGISTRY
from ops.words import nearest, shown

inf, nan, pi = math.inf, math.nan, math.pi
abs, erf, erfc = abs, math.erf, math.erfc
isnan, logical_not = math.isnan, not_


def number(data: Any) -> float:
    """The data as a float; TypeError for what is not one real number."""
    if type(data) is float:
        return data
    if isinstance(data, float):
        return float(data)
    refuse_foreign("Value", data)
    if isinstance(data, (bool, str, bytes, complex)) or not hasattr(type(data), "__float__") or hasattr(data, "op"):
        _refuse(data)
    if getattr(data, "shape", ()):
        raise TypeError(f"Value: a node holds one number; for an array of shape {data.shape} there is ValueArray")
    if getattr(getattr(data, "dtype", None), "kind", "f") not in "fiubO":  # NumPy would drop an imaginary part
        _refuse(data)
    try:
        return float(data)
    except OverflowError:
        raise TypeError("Value: a number is too large for a float, whose largest is about 1.8e308") from None
    except (TypeError, ValueError):
        _refuse(data)


def _refuse(data: Any) -> NoReturn:
    raise TypeError(f"Value: a node holds one real number, such as 2.0, not {shown(data)}") from None


def exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def log(x: float) -> float:
    return math.log(x) if x > 0 else -inf if x == 0 else nan


def log1p(x: float) -> float:
    return math.log1p(x) if x > -1 else -inf if x == -1 else nan


def sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0 else nan


def sin(x: float) -> float:
    return math.sin(x) if -inf < x < inf else nan


def cos(x: float) -> float:
    return math.cos(x) if -inf < x < inf else nan


tanh = math.tanh


def sign(x: float) -> float:
    return float((x > 0) - (x < 0)) if x == x else nan


def maximum(a: float, b: float) -> float:
    return a if a >= b or a != a else b


def minimum(a: float, b: float) -> float:
    return a if a <= b or a != a else b


def where(condition: Any, a: Any, b: Any) -> Any:
    return a if condition else b


def power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        b = float(b)  # or it is an integer beyond all floats
        return -inf if a < 0 and b % 2 == 1 else inf
    except ValueError:  # a negative power of zero, or a broken power of a negative number
        return nan if a != 0 else math.copysign(inf, a) if b % 2 == 1 else inf


pow = power


def divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return nan if a == 0 or a != a else math.copysign(inf, a) * math.copysign(1.0, b)


def __getattr__(name: str) -> Any:
    """What is not here is composed: the registry's op of that name, run on floats."""
    op = REGISTRY.get(name)
    if op is None:
        raise AttributeError(f"xp has no function {name!r} on floats; {nearest(name, [*REGISTRY, *FUNCTIONS])}")
    if not op.elementwise:
        raise DeclarationError(
            f"xp.{name} goes across the elements of an array, so a rule that runs on single numbers cannot call it; "
            f"declare the op as ops.general"
        )
    return partial(op.forward, sys.modules[__name__])


def run(rule: Callable[..., Any], args: Sequence[float], params: Mapping[str, Any]) -> Any:
    """The rule on floats; where Python stops at a division by zero, it is run again on IEEE's division."""
    try:
        return rule(sys.modules[__name__], *args, **params)
    except ZeroDivisionError:
        return _as_floats(rule(_Ieee(), *map(_Float, args), **params))
    except (TypeError, ValueError, ArithmeticError) as error:
        op = REGISTRY.get(rule.__name__)
        if op is None or op.forward is not rule or not is_of_the_package(rule):
            raise
        raise op.explained(error, args, params) from None


def _as_floats(result: Any) -> Any:
    """What a rule made of such floats, without them."""
    if isinstance(result, tuple):
        return tuple(map(_as_floats, result))
    return float(result) if type(result) is _Float else result


class _Float(float):
    """A float whose arithmetic never raises, and whose results are such floats again."""

    # fmt: off
    def __neg__(self): return _Float(-float(self))
    def __add__(self, other): return _Float(float(self) + other)
    def __radd__(self, other): return _Float(other + float(self))
    def __sub__(self, other): return _Float(float(self) - other)
    def __rsub__(self, other): return _Float(other - float(self))
    def __mul__(self, other): return _Float(float(self) * other)
    def __rmul__(self, other): return _Float(other * float(self))
    def __truediv__(self, other): return _Float(divide(float(self), float(other)))
    def __rtruediv__(self, other): return _Float(divide(float(other), float(self)))
    # fmt: on


class _Ieee:
    """This namespace, with results that divide as IEEE says."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(sys.modules[__name__], name)
        return (lambda *args: _careful(found(*args))) if callable(found) else found


def _careful(result: Any) -> Any:
    return _Float(result) if type(result) is float else result
