"""Updates by hand: what `p -= 0.1 * p.grad` and the other in-place operators do.

An in-place operator makes a new node and binds the name to it, as Python does with numbers: `total += loss` is one
more op.  Under no_grad one thing differs, as in PyTorch: a parameter, a leaf that asks for a gradient, changes its own
numbers, and so every name that it has sees them.  What stands on the right is then a number or an array, such as a
gradient.  A node there may be meant as one more term, as in `out = bias; out += x @ w`, so it is refused.  A Value
cannot say that it is no parameter, so `total += loss` is refused only if a gradient has reached total.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from ops import dispatch
from ops.errors import ShapeError
from ops.modes import MODES, recording


def _updated(self: Any, other: Any, operate: Callable[[Any, Any], Any], symbol: str) -> Any:
    if recording() or not _asks_as_a_leaf(self):
        return operate(self, other)
    if dispatch.is_node(dispatch.unboxed(other)):
        return operate(self, other) if _may_be_a_sum(self) else _refuse(self, other, symbol)
    new = operate(self, other)
    if new.shape != self.shape:
        raise ShapeError(
            f"{symbol}: under no_grad() it changes the parameter itself, whose shape {self.shape} would become "
            f"{new.shape}; write `x = x {symbol[:-1]} ...` for a new node"
        )
    self.data = new.peek() if new.rank else new.data
    return self


def _asks_as_a_leaf(x: Any) -> bool:
    made = x.op is not None or "no_grad" in x.params or any(part.op is not None for part in _parts(x))
    return x.requires_grad and not made


def _parts(x: Any) -> Any:
    return x.values.flat if hasattr(x, "values") else ()


def _may_be_a_sum(x: Any) -> bool:
    return x.rank == 0 and (x.grad is None or type(x.grad) is int)


def _refuse(x: Any, other: Any, symbol: str) -> NoReturn:
    raise TypeError(
        f"{symbol}: under no_grad() it changes the parameter itself, but a {type(other).__name__} on its right may be "
        f"meant as one more term; write `p.data {symbol} other.data` to change the {type(x).__name__}, or "
        f"`p = p {symbol[:-1]} other` for a new node"
    )


class UpdatedByHand:
    """The in-place operators of a node."""

    __slots__ = ()
    __add__: Any
    __sub__: Any
    __mul__: Any
    __pow__: Any

    # fmt: off
    def __iadd__(self, x: Any) -> Any: return _updated(self, x, operator.add, "+=") if MODES else self.__add__(x)
    def __isub__(self, x: Any) -> Any: return _updated(self, x, operator.sub, "-=") if MODES else self.__sub__(x)
    def __imul__(self, x: Any) -> Any: return _updated(self, x, operator.mul, "*=") if MODES else self.__mul__(x)
    def __itruediv__(self, x: Any) -> Any: return _updated(self, x, operator.truediv, "/=")
    def __ipow__(self, x: Any) -> Any: return _updated(self, x, operator.pow, "**=") if MODES else self.__pow__(x)
    def __imatmul__(self, x: Any) -> Any: return _updated(self, x, operator.matmul, "@=")
    # fmt: on
