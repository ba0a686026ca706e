"""A transform inside a transform sees every number that it captured: PyTorch and differences say what is right."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
import ops
from ops.errors import ChangedDataError
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

OURS = SimpleNamespace(
    grad=ops.grad,
    value=lambda f, x: ops.value_and_grad(f)(x)[0],
    jvp=lambda f, x: ops.jvp(f, x, 1.0)[1],
    sum=ops.sum,
    where=ops.where,
    sin=ops.sin,
)
NUMBERS = {"scalar": float, "tensor": lambda x: np.array(x)}


def _torch() -> SimpleNamespace:
    """PyTorch's backward pass, recorded; the derivative of one number by one number is forward mode's too."""
    torch = pytest.importorskip("torch")

    def grad(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def slope(x: Any) -> Any:
            x = x * 1.0 if x.requires_grad else x.clone().requires_grad_()
            return torch.autograd.grad(f(x) + 0.0 * x, x, create_graph=True)[0]

        return slope

    return SimpleNamespace(grad=grad, value=lambda f, x: f(x), jvp=lambda f, x: grad(f)(x), **_functions(torch))


def _functions(library: Any) -> dict[str, Any]:
    return {"sum": library.sum, "where": library.where, "sin": library.sin}


# Each takes a namespace d of transforms, a maker c of numbers, and x; the inner transform captures x.
PROGRAMS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "grad": lambda d, c, x: d.grad(lambda y: x * y * y)(c(3.0)),
    "jvp": lambda d, c, x: d.jvp(lambda y: x * y * y, c(3.0)),
    "value": lambda d, c, x: d.value(lambda y: x * y * y, c(3.0)),
    "times x": lambda d, c, x: x * d.grad(lambda y: d.sin(x * y) * y)(c(0.7)),
    "two deep": lambda d, c, x: d.grad(lambda y: y * d.grad(lambda z: x * y * z**3)(c(2.0)))(c(3.0)),
    "hessian": lambda d, c, x: d.jvp(d.grad(lambda y: d.sin(x * y)), c(0.5)),
    "beyond where": lambda d, c, x: d.grad(lambda y: d.where(y > 1.0, x * y * y, y))(c(3.0)),
    "not taken": lambda d, c, x: d.grad(lambda y: d.where(y > 9.0, x * y * y, y))(c(3.0)) + x,
    "the result": lambda d, c, x: d.sin(d.grad(lambda y: x**3 * y)(c(1.0))),
    "cut": lambda d, c, x: d.grad(lambda y: x.detach() * y * y)(c(3.0)) * x,
}


def _told(program: str, engine: str, outer: Callable[[Any], Callable[[Any], Any]], x: float) -> float:
    c = NUMBERS[engine]
    return float(np.asarray(outer(lambda x: PROGRAMS[program](OURS, c, x))(c(x))))


def _expected(program: str, outer: Callable[..., Any], x: float) -> float:
    torch, d = pytest.importorskip("torch"), _torch()

    def c(x: float) -> Any:
        return torch.tensor(x, dtype=torch.float64)

    return outer(d)(lambda x: PROGRAMS[program](d, c, x))(c(x)).item()


@pytest.mark.parametrize("engine", NUMBERS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_derivative_by_a_captured_number_is_torch_s(program: str, engine: str) -> None:
    expected = _expected(program, lambda d: d.grad, 1.3)
    assert _told(program, engine, ops.grad, 1.3) == pytest.approx(expected, abs=1e-12)
    along = _told(program, engine, lambda f: lambda x: ops.jvp(f, x, 1.0)[1], 1.3)
    assert along == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("engine", NUMBERS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_third_derivatives_with_captured_numbers_are_torch_s(program: str, engine: str) -> None:
    twice = _expected(program, lambda d: lambda f: d.grad(d.grad(f)), 1.3)
    assert _told(program, engine, lambda f: ops.grad(ops.grad(f)), 1.3) == pytest.approx(twice, abs=1e-11)
    mixed = _told(program, engine, lambda f: lambda x: ops.hvp(f, x, 1.0), 1.3)
    assert mixed == pytest.approx(twice, abs=1e-11)


def _slope(f: Callable[[float], float], x: float, h: float = 1e-6) -> float:
    return (f(x + h) - f(x - h)) / (2 * h)


def _loss(w: Any) -> Any:
    return ((w * w - 1.0) ** 2).sum()


def _trained_by_grad(rate: Any, engine: str, steps: int = 3) -> Any:
    """Plain numbers on their way: each step hands its weights to ops.grad as what they are."""
    w: Any = nn.array([1.5, 0.5], engine)
    for _ in range(steps):
        w = w - rate * ops.grad(_loss)(w)
    return _loss(w)


def _trained_by_backward(rate: Any, engine: str, steps: int = 3) -> Any:
    w: Any = nn.array([1.5, 0.5], engine, requires_grad=True)
    for _ in range(steps):
        w = ops.positive(w) if w.op is None else w
        (rate * _loss(w)).backward()
        w = w - w.grad
    return _loss(w)


def _trained_by_hand(rate: float, steps: int = 3) -> float:
    w = np.array([1.5, 0.5])
    for _ in range(steps):
        w = w - rate * 4 * w * (w * w - 1)
    return float(((w * w - 1) ** 2).sum())


@pytest.mark.parametrize("engine", NUMBERS)
@pytest.mark.parametrize("train", [_trained_by_grad, _trained_by_backward])
def test_a_training_step_inside_grad_is_differentiated(train: Callable[..., Any], engine: str) -> None:
    slope = ops.grad(lambda rate: train(rate, engine))(NUMBERS[engine](0.02))
    assert float(slope) == pytest.approx(_slope(_trained_by_hand, 0.02), rel=1e-7)
    along = ops.jvp(lambda rate: train(rate, engine), NUMBERS[engine](0.02), 1.0)[1]
    assert float(along) == pytest.approx(_slope(_trained_by_hand, 0.02), rel=1e-7)


@pytest.mark.parametrize("array", [Tensor, ValueArray])
def test_captured_arrays_are_seen(array: type) -> None:
    def f(x: Any) -> Any:
        return ops.sum(x * ops.grad(lambda y: ops.sum(x * y * y))(array([1.0, 2.0])))

    assert ops.grad(f)(array([3.0, 5.0])).tolist() == [12.0, 40.0]  # of the sum of 2 y x^2


def test_captured_plain_arrays_are_seen() -> None:
    def f(x: Any) -> Any:
        return ops.sum(x * ops.grad(lambda y: ops.sum(x * y * y))(np.array([1.0, 2.0])))

    assert ops.grad(f)(np.array([3.0, 5.0])).tolist() == [12.0, 40.0]
    assert ops.hvp(f, np.array([3.0, 5.0]), np.array([1.0, 0.0])).tolist() == [4.0, 0.0]


@pytest.mark.parametrize("array", [Tensor, ValueArray])
def test_a_result_that_depends_on_an_outer_leaf_stays_a_node(array: Any) -> None:
    w, x = array([3.0, 4.0], requires_grad=True), np.array([1.0, 2.0])
    along = {"scalar": array(x), "tensor": x}[array.engine]
    y, g = ops.value_and_grad(lambda x: (w * x * x).sum())(along)
    (g * g).sum().backward()
    assert w.grad.tolist() == [24.0, 128.0]  # of the sum of (2 w x)^2
    assert y.tolist() == 19.0


def test_a_result_that_depends_on_an_outer_value_stays_a_value() -> None:
    v = Value(3.0)
    y, g = ops.value_and_grad(lambda x: v + x * x)(2.0)
    assert (y.item(), g) == (7.0, 4.0)  # the slope does not depend on v, so nothing is lost with a float
    assert isinstance(y, Value)
    g = ops.grad(lambda x: v * x * x)(2.0)
    g.backward()
    assert (g.data, v.grad) == (12.0, 4.0)


def test_results_of_plain_arguments_are_plain_where_nothing_is_captured() -> None:
    constants = Tensor([1.0, 2.0]), ValueArray([1.0, 2.0]), ValueArray([1.0, 2.0]) * 2.0
    assert type(ops.grad(lambda x: ops.sum(constants[0] * x))(np.ones(2))) is np.ndarray
    for c in constants[1:]:
        assert type(ops.grad(lambda x, c=c: ops.sum(c * x))(2.0)) is float
    for inside in (lambda: Tensor([1.0, 2.0], True), lambda: nn.Linear(2, 2, rng=0).weight):
        assert type(ops.grad(lambda x, inside=inside: ops.sum(inside() * x))(np.ones(2))) is np.ndarray
    assert type(ops.grad(lambda x: ops.sum(ValueArray([1.0], True) * x) * Value(2.0))(2.0)) is float


def test_constants_that_come_to_ask_for_a_gradient_are_captured() -> None:
    c = ValueArray([1.0, 2.0])
    c.requires_grad = True
    ops.grad(lambda x: (c * x).sum())(2.0).backward()
    assert c.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("array", [Tensor, ValueArray])
def test_under_no_grad_no_result_has_a_graph(array: Any) -> None:
    w = array([3.0, 4.0], requires_grad=True)
    with ops.no_grad():
        y, g = ops.value_and_grad(lambda x: (w * x).sum())(array([1.0, 2.0]))
        plain = ops.grad(lambda x: (w * x).sum())(2.0) if array is ValueArray else None
    assert (y.op, g.op, y.tolist(), g.tolist()) == (None, None, 11.0, [3.0, 4.0])
    assert plain in (None, 7.0)

    def f(x: Any) -> Any:
        with ops.no_grad():
            g = ops.grad(lambda y: x * y * y)(3.0 if array is ValueArray else np.array(3.0))
        return g * x

    assert float(ops.grad(f)(2.0 if array is ValueArray else np.array(2.0))) == 12.0  # g counts as a constant


@pytest.mark.parametrize("engine", NUMBERS)
@pytest.mark.parametrize("transform", [ops.grad, lambda f: lambda x: ops.jvp(f, x, 1.0)])
def test_numbers_that_change_under_a_transform_are_refused(transform: Callable[..., Any], engine: str) -> None:
    def f(x: Any) -> Any:
        y = x * x
        x.data = 5.0
        return y

    with pytest.raises(ChangedDataError, match="was changed after mul had saved it"):
        transform(f)(NUMBERS[engine](2.0))


def test_a_change_that_no_rule_on_the_way_reads_is_no_matter() -> None:
    w = Value(3.0)
    z = w * w
    w.data = 5.0
    assert ops.grad(lambda x: x * z)(2.0).item() == 9.0


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_an_optimiser_s_step_that_would_lose_a_derivative_is_refused(engine: Any) -> None:
    m = nn.Linear(2, 1, rng=0, engine=engine)
    optimizer = nn.SGD(m.parameters(), lr=0.1)
    before = {name: x.copy() for name, x in m.state_dict().items()}

    def f(x: Any) -> Any:
        (m(x) ** 2).sum().backward()
        optimizer.step()
        return (m(x) ** 2).sum()

    with pytest.raises(TypeError, match=r"grad: optimizer\.step\(\) or the like made a plain array"):
        ops.grad(f)(nn.array([[1.0, 2.0]], engine))
    assert all((before[name] == x).all() for name, x in m.state_dict().items())


def test_training_that_depends_on_no_argument_goes_on_inside_grad() -> None:
    m = nn.Linear(2, 1, rng=0)
    optimizer, data = nn.SGD(m.parameters(), lr=0.1), np.ones((3, 2))

    def f(x: Any) -> Any:
        optimizer.zero_grad()
        (m(data) ** 2).sum().backward()
        optimizer.step()
        return ops.sum(x * x)

    before = m.weight.numpy()
    assert ops.grad(f)(np.ones(2)).tolist() == [2.0, 2.0]
    assert (m.weight.numpy() != before).all()
    assert type(m.weight.grad) is np.ndarray


def test_an_inner_pass_goes_no_further_than_its_own_leaves() -> None:
    calls = []

    def f(x: Any) -> Any:
        for _ in range(3):
            x = x.sin()
        before = len(ops.topological(x))
        g = ops.grad(lambda y: x * y)(Value(1.0))
        calls.append((before, len(ops.topological(g))))
        return g * x

    ops.grad(f)(0.3)
    (before, after) = calls[0]
    assert after <= before + 3  # the seed, the product with it, and no backward pass through the sines


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), (1, 0, 1)], ids=str)
def test_an_argument_is_named_once(argnums: tuple[int, ...]) -> None:
    for transform in (ops.grad, ops.value_and_grad):
        with pytest.raises(TypeError, match=r"^grad: argnums .* names an argument twice"):
            transform(lambda x, y: x * y, argnums)(1.0, 2.0)
