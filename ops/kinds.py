"""The five kinds of op, each deriving both modes from what it declares, and their decorators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec

from ops.demands import demand_brackets, demand_interval, demand_samples, demand_settings
from ops.errors import DeclarationError
from ops.fitting import refuse_misfit, stretches
from ops.rules import written
from ops.shapes import kept, normal_axes
from ops.spec import Interval, Op, Sample, sample

P = ParamSpec("P")
Forward = Callable[Concatenate[Any, P], Any]
Params = Mapping[str, Any]
REAL = (-3.0, 3.0)


class Pointwise(Op[P]):
    """y depends on the elements at its own place alone: one partial derivative per argument."""

    kind = "pointwise"
    elementwise = True

    def _roles(self) -> tuple[str, ...]:
        return ("partials",)

    def vjp(
        self, xp: Any, g: Any, y: Any, args: Sequence[Any], params: Params, wanted: Sequence[bool]
    ) -> Sequence[Any]:
        partials = self.local(xp, y, args, params)
        if len(partials) == 1:
            return (times(xp, g, partials[0]) if partials[0] is not None else None,)
        return [times(xp, g, d) if w and d is not None else None for w, d in zip(wanted, partials)]

    def jvp(self, xp: Any, tangents: Sequence[Any], y: Any, args: Sequence[Any], params: Params) -> Any:
        partials = self.local(xp, y, args, params)
        return _total([times(xp, t, d) for t, d in zip(tangents, partials) if t is not None and d is not None])

    def local(self, xp: Any, y: Any, args: Sequence[Any], params: Params) -> Sequence[Any]:
        """The partial derivatives here: dy/dx for each argument, None where the op has none."""
        found = self.rules["partials"](xp, y, *args, **params)
        return found if type(found) is tuple and len(found) == len(args) else self.checked(found)

    def reads(self, wanted: Sequence[bool]) -> tuple[int, ...]:
        return self.positions_read("partials")


class Reduction(Op[P]):
    """Axes of x shrink to one number; in the partial's rule y stands where the reduced axes stood."""

    kind = "reduction"

    def _roles(self) -> tuple[str, ...]:
        return ("partials",)

    def _check_forward(self) -> None:
        if len(self.arrays) != 1 or not {"axis", "keepdims"} <= self.parameters.keys():
            raise DeclarationError(
                f"{self.name}: the forward of a reduction takes (xp, x, /, axis=None, keepdims=False), not "
                f"{written(self.forward)}"
            )
        super()._check_forward()

    def _handed_to(self, role: str) -> tuple[str, ...]:
        return tuple(name for name in self.parameters if name != "keepdims")  # y has its axes still

    def run(self, xp: Any, arrays: Sequence[Any], params: Params) -> Any:
        if params["axis"] is not None:
            normal_axes(params["axis"], len(getattr(arrays[0], "shape", ())), self.name)
        return super().run(xp, arrays, params)

    def vjp(
        self, xp: Any, g: Any, y: Any, args: Sequence[Any], params: Params, wanted: Sequence[bool]
    ) -> Sequence[Any]:
        (x,) = args
        sent = times(xp, _restored(xp, g, x, params), self._partial(xp, y, x, params))
        return (sent if sent.shape == x.shape else self._stretched(xp, sent, x),)

    def _stretched(self, xp: Any, sent: Any, x: Any) -> Any:
        if not stretches(sent.shape, x.shape):
            refuse_misfit(self, sent, x)
        return xp.broadcast_to(sent, x.shape)

    def jvp(self, xp: Any, tangents: Sequence[Any], y: Any, args: Sequence[Any], params: Params) -> Any:
        d = self._partial(xp, y, args[0], params)
        return xp.sum(times(xp, tangents[0], d), axis=params["axis"], keepdims=params["keepdims"])

    def _partial(self, xp: Any, y: Any, x: Any, params: Params) -> Any:
        rest = dict(params)
        del rest["keepdims"]
        found = self.rules["partials"](xp, _restored(xp, y, x, params), x, **rest)
        (d,) = found if type(found) is tuple and len(found) == 1 else self.checked(found)
        return d

    def reads(self, wanted: Sequence[bool]) -> tuple[int, ...]:
        return self.positions_read("partials")


class Linear(Op[P]):
    """y is linear in its arrays: the tangent goes the way of the value, the gradient by the adjoint."""

    kind = "linear"
    moves = True

    def _roles(self) -> tuple[str, ...]:
        return ("adjoint",)

    def vjp(
        self, xp: Any, g: Any, y: Any, args: Sequence[Any], params: Params, wanted: Sequence[bool]
    ) -> Sequence[Any]:
        back = self.rules["adjoint"](xp, g, *args, **params)
        return back if self.variadic else (back,)

    def jvp(self, xp: Any, tangents: Sequence[Any], y: Any, args: Sequence[Any], params: Params) -> Any:
        whole = [xp.broadcast_to(0.0, x.shape) if t is None else t for t, x in zip(tangents, args)]
        return self.apply(*whole, **params)

    def reads(self, wanted: Sequence[bool]) -> tuple[int, ...]:
        return ()


class Bilinear(Op[P]):
    """y is linear in each of two arrays: an adjoint for each, run only where its gradient is wanted."""

    kind = "bilinear"

    def _roles(self) -> tuple[str, ...]:
        return tuple(f"adjoint of {name}" for name in self.arrays)

    def _check_forward(self) -> None:
        if len(self.arrays) != 2:
            seen = written(self.forward)
            raise DeclarationError(
                f"{self.name}: the forward of a bilinear op takes two arrays, as in (xp, a, b, /), not {seen}"
            )
        super()._check_forward()

    def vjp(self, xp: Any, g: Any, y: Any, args: Sequence[Any], params: Params, wanted: Sequence[bool]) -> list[Any]:
        return [self.rules[role](xp, g, *args, **params) if w else None for w, role in zip(wanted, self.roles)]

    def jvp(self, xp: Any, tangents: Sequence[Any], y: Any, args: Sequence[Any], params: Params) -> Any:
        (ta, tb), (a, b) = tangents, args
        left = None if ta is None else self.apply(ta, b, **params)
        right = None if tb is None else self.apply(a, tb, **params)
        return _total([part for part in (left, right) if part is not None])

    def reads(self, wanted: Sequence[bool]) -> tuple[int, ...]:
        return tuple(i for w, role in zip(wanted, self.roles) if w for i in self.positions_read(role))


class General(Op[P]):
    """None of the others: both derivatives are declared."""

    kind = "general"

    def _roles(self) -> tuple[str, ...]:
        return ("defvjp", "defjvp")

    def vjp(
        self, xp: Any, g: Any, y: Any, args: Sequence[Any], params: Params, wanted: Sequence[bool]
    ) -> Sequence[Any]:
        return self.checked(self.rules["defvjp"](xp, g, y, *args, **params))

    def jvp(self, xp: Any, tangents: Sequence[Any], y: Any, args: Sequence[Any], params: Params) -> Any:
        t = tangents[0] if len(self.arrays) == 1 else tangents
        return self.rules["defjvp"](xp, t, y, *args, **params)

    def reads(self, wanted: Sequence[bool]) -> tuple[int, ...]:
        return self.positions_read("defvjp")


def times(xp: Any, g: Any, d: Any) -> Any:
    """g * d; where the partial is a condition, g where it holds and 0 elsewhere, which no infinity turns into NaN."""
    if type(d) is int and d == 1:
        return g
    is_condition = type(d) is bool or getattr(getattr(d, "dtype", None), "kind", "") == "b"
    return xp.where(d, g, 0) if is_condition else g * d


def _restored(xp: Any, y: Any, x: Any, params: Params) -> Any:
    """y with its reduced axes back in their places, of size 1; a single number lines up with x as it is."""
    axis = params["axis"]
    if axis is None or params["keepdims"]:
        return y
    return xp.reshape(y, kept(x.shape, normal_axes(axis, len(x.shape), "axis")))


def _total(parts: list[Any]) -> Any:
    total = parts[0] if parts else None
    for part in parts[1:]:
        total = total + part
    return total


_REDUCTION_SAMPLES = (
    sample((5,), axis=None),
    sample((2, 3), axis=0),
    sample((2, 3), axis=-1, keepdims=True),
    sample((2, 3, 2), axis=(0, 2)),
)


def pointwise(
    *domain: Interval, params: Sequence[dict[str, Any]] = ({},), symbol: str = ""
) -> Callable[[Forward[P]], Pointwise[P]]:
    """Declare a pointwise op, with the interval each argument is sampled on; None for one without derivative.

    params: the parameters that the laws try.  symbol: what graphs show, the name where it is empty.

    >>> import ops
    >>> @ops.pointwise((-3, 3), params=({"k": 2.0},))
    ... def bump(xp, x, /, k=1.0):
    ...     return xp.exp(-k * x * x)
    >>> @bump.partials
    ... def bump_partials(xp, y, x, /, k):
    ...     return (-2 * k * x * y,)
    >>> bool(ops.gradcheck(bump, 0.5))
    True
    >>> ops.forget("bump")
    """
    demand_brackets("pointwise((-3, 3))", domain)
    for interval in domain:
        demand_interval("pointwise", interval, domain)
    demand_settings("pointwise", params)

    def declare(forward: Forward[P]) -> Pointwise[P]:
        return Pointwise(forward, domain or (REAL,), [sample((2, 3), **p) for p in params], symbol)

    return declare


def reduction(
    domain: Interval = REAL, params: Sequence[dict[str, Any]] = ({},), symbol: str = ""
) -> Callable[[Forward[P]], Reduction[P]]:
    """Declare a reduction over `axis` with `keepdims`; params: further parameters that the laws try.

    The forward takes both and hands them on.  The partials get no keepdims: there y has its axes still, of
    size 1, so that it lines up with x, and the partial has the shape of x or stretches to it.

    >>> import ops
    >>> @ops.reduction((0.5, 3))
    ... def length(xp, x, /, axis=None, keepdims=False):
    ...     return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=keepdims))
    >>> @length.partials
    ... def length_partials(xp, y, x, /, axis):
    ...     return (x / y,)
    >>> ops.grad(length)([3.0, 4.0]).tolist()
    [0.6, 0.8]
    >>> ops.forget("length")
    """
    demand_brackets("reduction((-3, 3))", [domain])
    demand_interval("reduction", domain, [domain])
    demand_settings("reduction", params)

    def declare(forward: Forward[P]) -> Reduction[P]:
        samples = [Sample(s.shapes, {**s.params, **p}) for s in _REDUCTION_SAMPLES for p in params]
        return Reduction(forward, (domain,), samples, symbol)

    return declare


def linear(*samples: Sample, symbol: str = "") -> Callable[[Forward[P]], Linear[P]]:
    """Declare a linear op, with the shapes and parameters that the laws try.

    The adjoint sends the gradient g back to where each number came from: <g, f(x)> = <adjoint(g), x>.

    >>> import ops
    >>> @ops.linear(ops.sample((5,), n=2), ops.sample((4, 3), n=1))
    ... def tail(xp, x, /, n):
    ...     return x[n:]
    >>> @tail.adjoint
    ... def tail_adjoint(xp, g, x, /, n):
    ...     return xp.scatter_add(g, index=slice(n, None), shape=x.shape)
    >>> ops.grad(lambda x: ops.sum(tail(x, n=1) ** 2))([1.0, 2.0, 3.0]).tolist()
    [0.0, 4.0, 6.0]
    >>> ops.forget("tail")
    """
    demand_samples("linear", samples)
    return lambda forward: Linear(forward, (REAL,), samples, symbol)


def bilinear(*samples: Sample, symbol: str = "") -> Callable[[Forward[P]], Bilinear[P]]:
    """Declare an op that is linear in each of its two arrays, with the shapes that the laws try.

    An adjoint for each array, so that one that needs no gradient costs nothing.

    >>> import ops
    >>> @ops.bilinear(ops.sample((3,), (3,)), ops.sample((2, 3), (2, 3)))
    ... def dot(xp, a, b, /):
    ...     return xp.sum(a * b, axis=-1, keepdims=True)
    >>> @dot.adjoint("a")
    ... def dot_adjoint_a(xp, g, a, b, /):
    ...     return g * b
    >>> @dot.adjoint("b")
    ... def dot_adjoint_b(xp, g, a, b, /):
    ...     return g * a
    >>> bool(ops.gradcheck(dot, [1.0, 2.0], [3.0, 4.0]))
    True
    >>> ops.forget("dot")
    """
    demand_samples("bilinear", samples)
    return lambda forward: Bilinear(forward, (REAL,), samples, symbol)


def general(
    *samples: Sample, domain: Interval = REAL, symbol: str = "", moves: bool = False
) -> Callable[[Forward[P]], General[P]]:
    """Declare an op that is none of the other kinds and gives both of its derivatives.

    moves: whether it only moves numbers about, so that whole numbers stay whole; elsewhere they become floats first.
    """
    demand_samples("general", samples)
    demand_interval("general", domain, [domain])

    def declare(forward: Forward[P]) -> General[P]:
        op = General(forward, (domain,), samples, symbol)
        op.moves = moves
        return op

    return declare
