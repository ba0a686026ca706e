"""The ten laws that every op obeys, each a small function of one op.

A new op is tried on all of them at once, whether it stands in the registry or in a notebook:

    from tests.laws import check
    check(my_op)            # AssertionError names the op, the sample and the law that fails

Arrays are drawn from the op's own domain, in the shapes of its own samples, by a generator that its name
seeds: a law that failed fails again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import product
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from hypothesis import given, settings
from hypothesis.extra.numpy import BroadcastableShapes, mutually_broadcastable_shapes

import ops
from ops.spec import Op, Sample
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

Array = Any


class Law(NamedTuple):
    """A law's name, the function that tries it, the ops that it is about and the package that it needs."""

    name: str
    hold: Callable[[Op[...]], None]
    applies: Callable[[Op[...]], bool]
    needs: str


LAWS: list[Law] = []


def law(name: str, applies: Callable[[Op[...]], bool] = lambda op: True, needs: str = "numpy") -> Callable[..., Any]:
    """Add the decorated function to the laws."""

    def add(hold: Callable[[Op[...]], None]) -> Callable[[Op[...]], None]:
        LAWS.append(Law(name, hold, applies, needs))
        return hold

    return add


def check(op: Op[...]) -> list[str]:
    """Try every law that is about this op; the names of those that hold, AssertionError for the first that does not.

    A law whose package (torch, sympy) is not installed is left out.

    >>> check(ops.tanh)[:2]
    ['adjoint identity', 'slope']
    """
    tried = [each for each in LAWS if each.applies(op) and find_spec(each.needs)]
    for each in tried:
        each.hold(op)
    return [each.name for each in tried]


class Case:
    """An op with arrays drawn from its domain, in the shapes and with the parameters of one of its samples."""

    def __init__(self, op: Op[...], sample: Sample):
        self.op, self.params = op, {**op.defaults, **sample.params}
        self.rng = np.random.default_rng(crc32(f"{op.name} {sample}".encode()))
        self.domain = op.domain * (len(sample.shapes) if op.variadic else 1)
        self.shapes = sample.shapes * (len(self.domain) if len(sample.shapes) == 1 else 1)
        self.arrays = self.draw(self.shapes)
        self.varied = [i for i, interval in enumerate(self.domain) if interval is not None]

    def draw(self, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
        """Arrays of these shapes from the op's domain; a mask where an argument has no derivative."""
        return [
            np.array(self.rng.random(shape) < 0.5 if interval is None else self.rng.uniform(*interval, shape))
            for interval, shape in zip(self.domain, shapes, strict=True)
        ]

    def directions(self) -> list[Array]:
        """A random direction for each argument that has a derivative."""
        return [self.rng.uniform(-1, 1, self.shapes[i]) for i in self.varied]

    def inputs(self) -> list[Array]:
        """The arrays that have a derivative."""
        return [self.arrays[i] for i in self.varied]

    def call(self, *arrays: Any) -> Any:
        """The op on these arrays."""
        return self.op(list(arrays), **self.params) if self.op.variadic else self.op(*arrays, **self.params)

    def function(self, *varied: Any) -> Any:
        """The op as a function of the arguments that have a derivative."""
        given = dict(zip(self.varied, varied))
        return self.call(*(given.get(i, x) for i, x in enumerate(self.arrays)))

    def assert_close(self, got: Any, wanted: Any, tolerance: float, what: str) -> None:
        """Raise one sentence that names the op, the sample and the law, unless both agree in shape and value."""
        got, wanted = np.asarray(got, float), np.asarray(wanted, float)
        assert got.shape == wanted.shape, f"{self}: {what}: the shapes {got.shape} and {wanted.shape} differ"
        size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
        off = float(np.max(np.abs(got - wanted), initial=0.0))
        assert off <= tolerance * size, f"{self}: {what}: {_shown(got)} and {_shown(wanted)} differ by {off:.2g}"

    def __str__(self) -> str:
        shapes = ", ".join(map(str, self.shapes))
        params = "".join(f", {name}={value!r}" for name, value in self.params.items())
        return f"{self.op.name}({shapes}{params})"


def cases(op: Op[...]) -> Iterator[Case]:
    """A case for each of the op's samples."""
    assert op.samples, f"{op.name}: it declares no samples, so no law can be tried on it"
    return (Case(op, sample) for sample in op.samples)


def _shown(x: Array) -> str:
    return np.array2string(x, precision=9, separator=", ", threshold=12).replace("\n", "")


def _gradient(leaf: Any) -> Array:
    """A leaf's gradient as an array; zeros where none has arrived."""
    return np.zeros(leaf.shape) if leaf.grad is None else np.asarray(leaf.grad, float)


def _backward(case: Case, engine: Any, g: Array | None = None) -> tuple[Array, list[Array]]:
    """The op's value on this engine, and the gradients that g sends back to the varied arguments."""
    leaves = [engine(x, requires_grad=True) for x in case.inputs()]
    y = case.function(*leaves)
    y.backward(np.ones(y.shape) if g is None else g)
    return y.numpy(), [_gradient(x) for x in leaves]


@law("adjoint identity")
def adjoint_identity(op: Op[...]) -> None:
    """<g, J t> = <J'g, t>: reverse and forward mode are one matrix, read both ways."""
    for case in cases(op):
        t = case.directions()
        y, jt = ops.jvp(case.function, tuple(case.inputs()), tuple(t))
        g = case.rng.uniform(-1, 1, np.shape(y))
        _, back = _backward(case, Tensor, g)
        reverse = sum(float(np.sum(d * v)) for d, v in zip(back, t))
        case.assert_close(np.sum(g * jt), reverse, 1e-11, "adjoint identity: <g, J t> and <J'g, t>")


@law("slope")
def jvp_is_the_slope(op: Op[...]) -> None:
    """J t is the slope of the op along t, as central differences measure it."""
    for case in cases(op):
        _assert_slope(case, case.function, "slope: J t and the difference quotient")


@law("PyTorch", needs="torch")
def pytorch_agrees(op: Op[...]) -> None:
    """PyTorch's autograd, run on the op's forward and on PyTorch's own function, finds the same gradients."""
    from tests import torch_namespace

    for case in cases(op):
        leaves = [Tensor(x, requires_grad=x.dtype == float) for x in case.arrays]
        y = case.call(*leaves)
        g = case.rng.uniform(-1, 1, y.shape)
        y.backward(g)
        theirs = [torch_namespace.leaf(x) for x in case.arrays]
        sources = {"its own forward in PyTorch": torch_namespace.replayed(y, dict(zip(leaves, theirs)))}
        if op.name in torch_namespace.NATIVE:
            sources["PyTorch's function"] = torch_namespace.NATIVE[op.name](*theirs, **case.params)
        for source, z in sources.items():
            case.assert_close(y.numpy(), z.detach().numpy(), 1e-12, f"PyTorch: the value and that of {source}")
            wanted = torch_namespace.gradients(z, g, [theirs[i] for i in case.varied])
            for i, d in zip(case.varied, wanted):
                case.assert_close(_gradient(leaves[i]), d, 1e-11, f"PyTorch: gradient {i} and that of {source}")


@law("rules of the rules")
def derivatives_of_derivatives_are_slopes(op: Op[...]) -> None:
    """The rules, differentiated once more (pointwise: twice more), are slopes again, in both modes."""
    for case in cases(op):
        weights = case.rng.uniform(-1, 1, np.shape(case.function(*case.inputs())))
        f = _weighted(case.function, weights)
        for order in (2, 3) if op.kind == "pointwise" else (2,):
            f = _along(f, case.directions())
            what = f"rules of the rules: derivative {order}"
            slope, t = _assert_slope(case, f, f"{what}, forward, and the difference quotient")
            reverse = _along(f, t)(*case.inputs())
            case.assert_close(reverse, slope, 1e-6, f"{what}, reverse, and the difference quotient")


def _weighted(f: Callable[..., Any], weights: Array) -> Callable[..., Any]:
    return lambda *x: ops.sum(f(*x) * weights)


def _along(f: Callable[..., Any], t: Sequence[Array]) -> Callable[..., Any]:
    """The derivative of f along t, as a function of x: its gradients, each times a direction."""
    gradients = ops.grad(f, argnums=range(len(t)))

    def derivative(*x: Any) -> Any:
        parts = [ops.sum(g * v) for g, v in zip(gradients(*x), t)]
        return sum(parts[1:], parts[0])

    return derivative


def _assert_slope(case: Case, f: Callable[..., Any], what: str) -> tuple[Array, list[Array]]:
    """Compare f's jvp with differences of f, of fourth order, along a random direction; both are returned."""
    x, t = case.inputs(), case.directions()

    def moved(h: float) -> Any:
        return np.asarray(f(*(a + h * v for a, v in zip(x, t))))

    h = 2e-4
    slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
    case.assert_close(ops.jvp(f, tuple(x), tuple(t))[1], slope, 1e-7, what)
    return slope, t


@law("proof", applies=lambda op: op.kind == "pointwise", needs="sympy")
def sympy_proves_the_partials(op: Op[...]) -> None:
    """SymPy differentiates the forward itself and finds the partials: equal formulas, or equal to 25 digits."""
    import sympy

    from tests import sympy_namespace as xp

    for case in cases(op):
        letters = [_letter(name, interval) for name, interval in zip(op.arrays, op.domain)]
        x = [xp.Formula(letter) for letter in letters]
        y = op.forward(xp, *x, **case.params)
        for i, partial in enumerate(op.rules["partials"](xp, y, *x, **case.params)):
            if partial is None:
                continue
            gap = sympy.diff(xp.exact(y), letters[i]) - xp.exact(partial)
            if gap != 0 and sympy.simplify(gap) != 0:
                for point in _points(case, letters):
                    off = abs(gap.subs(point).evalf(40))
                    assert off < 1e-25, f"{case}: proof: at {point} the partial {i} is off by {float(off):.2g}"


def _letter(name: str, interval: tuple[float, float] | None) -> Any:
    import sympy

    return sympy.Symbol(name, positive=True) if interval and interval[0] > 0 else sympy.Symbol(name, real=True)


def _points(case: Case, letters: Sequence[Any]) -> Iterator[dict[Any, Any]]:
    """Rational points of the domain; an argument without a derivative is 0 or 1."""
    import sympy

    for _ in range(6):
        draws = case.draw([()] * len(letters))
        yield {name: sympy.Rational(int(np.floor(997 * float(x))), 997) for name, x in zip(letters, draws)}


@law("engines agree")
def engines_agree(op: Op[...]) -> None:
    """Tensor, ValueArray and, element by element, Value give the same values and gradients."""
    for case in cases(op):
        y, _ = _backward(case, Tensor)
        g = case.rng.uniform(-1, 1, y.shape)
        y, wanted = _backward(case, Tensor, g)
        others = {"ValueArray": _backward(case, ValueArray, g)}
        if op.elementwise:
            others["Value"] = _element_by_element(case, g)
        for name, (value, found) in others.items():
            case.assert_close(value, y, 1e-12, f"engines agree: the values of {name} and Tensor")
            for i, ours, theirs in zip(case.varied, found, wanted, strict=True):
                case.assert_close(ours, theirs, 1e-12, f"engines agree: gradient {i} of {name} and Tensor")


SPECIAL = (np.inf, -np.inf, np.nan, 0.0, -0.0, 5e-324, 1e-200, 1e200, 800.0, -800.0)


@law("special numbers")
def engines_agree_on_special_numbers(op: Op[...]) -> None:
    """Infinities, NaN, zeros, tiny and huge numbers among ordinary ones: Tensor and ValueArray answer alike."""
    for case in cases(op):
        ordinary, g = case.arrays, case.rng.uniform(-1, 1, np.shape(case.call(*case.arrays)))
        for number, share in product(SPECIAL, (0.3, 1.0)):
            case.arrays = [
                np.where(case.rng.random(x.shape) < share, number, x) if i in case.varied else x
                for i, x in enumerate(ordinary)
            ]
            (y, grads), (value, others) = (_backward(case, engine, g) for engine in (Tensor, ValueArray))
            for got, wanted in zip((value, *others), (y, *grads), strict=True):
                message = f"{case}: special numbers: {number} at a share of {share} in {case.arrays}"
                np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12, err_msg=message)


def _element_by_element(case: Case, g: Array) -> tuple[Array, list[Array]]:
    leaves = [np.vectorize(Value, otypes=[object])(x.astype(float)) for x in case.arrays]
    values = np.empty(g.shape)
    for index in np.ndindex(g.shape):
        y = case.call(*(x[index] for x in leaves))
        y.backward(g[index])
        values[index] = y.data
    return values, [np.vectorize(lambda x: float(x.grad))(leaves[i]) for i in case.varied]


@law("broadcasting", applies=lambda op: op.elementwise and len(op.arrays) > 1, needs="hypothesis")
def broadcasting_is_numpys(op: Op[...]) -> None:
    """Whatever shapes broadcast: values as NumPy broadcasts them, gradients summed over the stretched axes."""
    shapes = mutually_broadcastable_shapes(num_shapes=len(op.arrays), max_dims=3, min_side=0, max_side=3)

    @settings(derandomize=True, deadline=None, max_examples=40, database=None)
    @given(shapes)
    def holds(drawn: BroadcastableShapes) -> None:
        for engine in (Tensor, ValueArray):
            _assert_broadcasts(Case(op, Sample(drawn.input_shapes, op.samples[0].params)), drawn.result_shape, engine)

    holds()


def _assert_broadcasts(case: Case, shape: tuple[int, ...], engine: Any) -> None:
    g = case.rng.uniform(-1, 1, shape)
    value, found = _backward(case, engine, g)
    whole = [np.broadcast_to(x, shape) for x in case.arrays]
    leaves = [Tensor(x, requires_grad=x.dtype == float) for x in whole]
    case.call(*leaves).backward(g)
    each = [case.call(*(x[index].item() for x in whole)) for index in np.ndindex(shape)]
    case.assert_close(value, np.reshape(each, shape), 1e-12, f"broadcasting: {engine.__name__} and each element alone")
    for i, ours in zip(case.varied, found, strict=True):
        wanted = _summed(_gradient(leaves[i]), case.shapes[i])
        case.assert_close(ours, wanted, 1e-12, f"broadcasting: gradient {i} of {engine.__name__} and the sum")


def _summed(g: Array, shape: tuple[int, ...]) -> Array:
    """What arrives at each element of an array of this shape when it is stretched to the shape of g."""
    size = int(np.prod(shape, dtype=int))
    source = np.broadcast_to(np.arange(size).reshape(shape), g.shape)
    return np.bincount(source.ravel(), weights=g.ravel(), minlength=size).reshape(shape)


@law("card")
def card_renders(op: Op[...]) -> None:
    """The card shows itself as text, LaTeX and HTML, and each names the op or states a formula."""
    card = ops.card(op)
    for form in ("text", "latex", "html"):
        shown = getattr(card, form)
        shown = shown() if callable(shown) else shown
        assert isinstance(shown, str), f"{op.name}: card: its {form} is a {type(shown).__name__}, not text"
        assert shown.strip(), f"{op.name}: card: its {form} is empty"
    assert op.name in str(card), f"{op.name}: card: it does not name the op"


@law("linearity", applies=lambda op: op.kind in ("linear", "bilinear"))
def linear_in_its_arguments(op: Op[...]) -> None:
    """f(r u + s v) = r f(u) + s f(v): in all arguments at once, for a bilinear op in each alone."""
    for case in cases(op):
        u, v = case.inputs(), case.draw(case.shapes)
        together = [case.varied] if op.kind == "linear" else [[i] for i in case.varied]
        for moving in together:
            other = [v[i] if i in moving else x for i, x in enumerate(u)]
            mixed = [2.5 * a - 0.75 * b if i in moving else a for i, (a, b) in enumerate(zip(u, other))]
            apart = 2.5 * np.asarray(case.function(*u)) - 0.75 * np.asarray(case.function(*other))
            case.assert_close(case.function(*mixed), apart, 1e-12, f"linearity in arguments {moving}")
