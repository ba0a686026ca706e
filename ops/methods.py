"""Operators and methods of an array of numbers, the same for both engines: each is an op of the registry."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import ops
from ops import foreign, modes
from ops.dispatch import has_axes
from ops.errors import ShapeError
from ops.shapes import Axis, Shape, normal_axis, why_not
from ops.spec import Op
from ops.words import formatted, shown


def _unary(op: Op[...]) -> Callable[[Any], Any]:
    return lambda self: self.apply_op(op, (self,))


def _binary(op: Op[...]) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.apply_op(op, (self, other))


def _reflected(op: Op[...]) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.apply_op(op, (other, self))


def _reduction(op: Op[...]) -> Callable[..., Any]:
    def method(self: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        if type(keepdims) is bool and (axis is None or type(axis) in (int, tuple)):
            return self.apply_op(op, (self,), {"axis": axis, "keepdims": keepdims})
        return op(self, axis, keepdims)

    method.__name__ = method.__qualname__ = op.name
    return method


def _comparison(holds: Callable[[Any, Any], Any], symbol: str) -> Callable[[Any, Any], Any]:
    def compare(self: Any, other: Any) -> Any:
        x, y = self.numpy(), plain(other)
        try:
            return holds(x, y)
        except Exception:
            if has_axes(y) and (said := why_not([x.shape, getattr(y, "shape", ())])):
                raise ShapeError(f"{symbol}: {said}") from None
            raise TypeError(f"{symbol}: numbers compare with numbers, not with {shown(other)}") from None

    return compare


class ArrayMethods:
    """What an array node can do.  An engine adds `apply_op`, which runs and records, and `numpy`."""

    __slots__ = ()
    shape: Any
    ndim: Any
    size: Any
    requires_grad: Any
    apply_op: Callable[..., Any]
    numpy: Callable[[], Any]
    __hash__ = object.__hash__
    __array_ufunc__ = foreign.array_ufunc
    __pandas_priority__ = foreign.ABOVE_PANDAS

    # fmt: off
    __add__ = _binary(ops.add);      __radd__ = _reflected(ops.add)
    __sub__ = _binary(ops.sub);      __rsub__ = _reflected(ops.sub)
    __mul__ = _binary(ops.mul);      __rmul__ = _reflected(ops.mul)
    __truediv__ = _binary(ops.div);  __rtruediv__ = _reflected(ops.div)
    _power = _binary(ops.power);     __rpow__ = _reflected(ops.power)
    maximum = _binary(ops.maximum);  minimum = _binary(ops.minimum)
    __neg__ = neg = _unary(ops.neg); __abs__ = abs = _unary(ops.abs)
    __pos__ = _unary(ops.positive);  sign = _unary(ops.sign)
    exp = _unary(ops.exp);           log = _unary(ops.log)
    sin = _unary(ops.sin);           cos = _unary(ops.cos)
    sqrt = _unary(ops.sqrt);         erf = _unary(ops.erf)
    tanh = _unary(ops.tanh);         sigmoid = _unary(ops.sigmoid)
    relu = _unary(ops.relu);         softplus = _unary(ops.softplus)
    silu = _unary(ops.silu)

    def __pow__(self, n: Any) -> Self: return ops.pow(self, n) if isinstance(n, (int, float)) else self._power(n)
    def __matmul__(self, other: Any) -> Self: return ops.matmul(self, other)
    def __rmatmul__(self, other: Any) -> Self: return ops.matmul(other, self)
    def __getitem__(self, index: Any) -> Self: return ops.getitem(self, index)

    def leaky_relu(self, slope: float = 0.01) -> Self: return ops.leaky_relu(self, slope)
    def gelu(self, approximate: str = "none") -> Self: return ops.gelu(self, approximate)
    def clip(self, low: float | None = None, high: float | None = None) -> Self: return ops.clip(self, low, high)
    def astype(self, dtype: Any) -> Self: return ops.astype(self, dtype)

    sum = _reduction(ops.sum)
    mean = _reduction(ops.mean)
    max = _reduction(ops.max)
    min = _reduction(ops.min)
    prod = _reduction(ops.prod)
    logsumexp = _reduction(ops.logsumexp)
    def softmax(self, axis: int = -1) -> Self: return ops.softmax(self, axis)
    def log_softmax(self, axis: int = -1) -> Self: return ops.log_softmax(self, axis)

    def squeeze(self, axis: Axis) -> Self: return ops.squeeze(self, axis)
    def expand_dims(self, axis: Axis) -> Self: return ops.expand_dims(self, axis)
    def broadcast_to(self, shape: Shape) -> Self: return ops.broadcast_to(self, shape)
    def flip(self, axis: Axis = None) -> Self: return ops.flip(self, axis)

    __lt__ = _comparison(operator.lt, "<");   __le__ = _comparison(operator.le, "<=")
    __gt__ = _comparison(operator.gt, ">");   __ge__ = _comparison(operator.ge, ">=")
    __eq__ = _comparison(operator.eq, "==");  __ne__ = _comparison(operator.ne, "!=")
    def __float__(self) -> float: return modes.leaving(float(self.item()), self.requires_grad)
    def __int__(self) -> int: return modes.leaving(int(self.item()), self.requires_grad)
    # fmt: on
    pow, matmul = __pow__, __matmul__

    def var(self, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Self:
        return ops.var(self, axis, keepdims, ddof)

    def reshape(self, *shape: Any) -> Self:
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def flatten(self) -> Self:
        """All elements in one axis."""
        return ops.reshape(self, (-1,))

    def permute_dims(self, *axes: Any) -> Self:
        return ops.permute_dims(self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes)

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """Two axes exchanged."""
        order = list(range(self.ndim))
        i, j = (normal_axis(a, self.ndim, "swapaxes") for a in (axis1, axis2))
        order[i], order[j] = j, i
        return ops.permute_dims(self, order)

    @property
    def T(self) -> Self:
        """Axes in reverse order."""
        return ops.permute_dims(self, range(self.ndim)[::-1])

    @property
    def mT(self) -> Self:
        """Last two axes exchanged."""
        return ops.matrix_transpose(self)

    def item(self) -> float:
        """The one number that it holds."""
        self._demand_one("item")
        return self.numpy().item()

    def __format__(self, form: str) -> str:
        if not form:
            return str(self)
        self._demand_one("format")
        return formatted(self.item(), form)

    def _demand_one(self, asker: str) -> None:
        if self.size != 1:
            raise ValueError(
                f"{asker}: an array of shape {self.shape} holds {self.size} numbers, not one; use tolist()"
            )

    def tolist(self) -> Any:
        """The numbers as nested lists."""
        return self.numpy().tolist()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len: a single number has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Self]:
        if not self.shape:
            raise TypeError("iteration: a single number has no elements; x.item() is the number")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"if: an array of shape {self.shape} is neither true nor false; "
                f"ask (x > 0).all() or (x > 0).any(), or choose element by element with ops.where"
            )
        return bool(self.item())

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "x[i] = ...: a node keeps the numbers it was made with; build a new one with ops.where, ops.stack or "
            "ops.concat, or write into a leaf's x.data[i] before the forward pass"
        )

    def __array_function__(self, function: Any, types: Any, args: Sequence[Any], options: dict[str, Any]) -> Any:
        name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
        return foreign.function_of_arrays(function, name, args, options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        foreign.refuse_array(self)
        return self.numpy().astype(dtype) if dtype is not None else self.numpy()

    def __dlpack__(self, **options: Any) -> Any:
        foreign.refuse_array(self, "__dlpack__()")
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.numpy().__dlpack_device__()


def plain(other: Any) -> Any:
    """A node's numbers; anything else as it is."""
    return other.numpy() if hasattr(other, "apply_op") and hasattr(other, "numpy") else other
