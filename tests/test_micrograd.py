"""What people bring from micrograd and its lecture runs here, and what went wrong there goes right."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

import ops
from scalar import Value
from scalar.nn import MLP, Layer, Module, Neuron

Leaf = Callable[..., Any]


def _float(x: Any) -> float:
    return float(x.data if hasattr(x, "op") else x)


def _readme(a: Any, b: Any) -> Any:
    """The expression of micrograd's README, in fewer steps: every operator, relu and both reflected forms."""
    c = a + b
    c += c + 1
    c += 1 + c + (-a)
    d = a * b + b**3
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    f = (c - d) ** 2
    return f / 2.0 + 10.0 / f


def test_readme_expression_prints_its_three_numbers(number: Leaf) -> None:
    a, b = number(-4.0), number(2.0)
    g = _readme(a, b)
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{_float(a.grad):.4f}" == "138.8338"
    assert f"{_float(b.grad):.4f}" == "645.5773"


@pytest.mark.torch
def test_readme_expression_has_torchs_gradients(number: Leaf) -> None:
    _assert_torch_agrees(number, _readme, [-4.0, 2.0])


@pytest.mark.torch
def test_a_sum_of_products_and_rectifiers_has_torchs_gradient(number: Leaf) -> None:
    def f(x: Any) -> Any:
        z = 3 * x - 1 + x * x
        return (z * z).relu() + z * x - (x - 5).relu()

    for at in (-4.0, -0.5, 0.25, 6.0):
        _assert_torch_agrees(number, f, [at])


@pytest.mark.torch
def test_a_mix_of_all_operators_has_torchs_gradients(number: Leaf) -> None:
    def f(a: Any, b: Any, c: Any) -> Any:
        u = (a - b) / (1 + c**2) - 2 / b
        v = u**3 - -u + (a * u).relu() - abs(c) / 4
        v = v + v / (3 + b * b) - 1
        return v * (2 - u) + (u * c).tanh() - (a / 5).exp() + (b * b + 1).log() ** 0.5

    for at in ([1.5, -2.0, 0.5], [-0.75, 1.25, -3.0]):
        _assert_torch_agrees(number, f, at)


def _assert_torch_agrees(number: Leaf, f: Callable[..., Any], at: list[float]) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = [number(x) for x in at], [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in at]
    y, z = f(*ours), f(*theirs)
    y.backward()
    z.backward()
    assert _float(y.data) == pytest.approx(z.item(), rel=1e-13)
    assert [_float(x.grad) for x in ours] == pytest.approx([t.grad.item() for t in theirs], rel=1e-12)


def test_adding_a_node_to_itself_keeps_two_edges_in_order(number: Leaf) -> None:
    a, b = number(3.0), number(2.0)
    twice = a + a
    assert len(twice.args) == 2
    assert twice.args[0] is twice.args[1] is a
    assert [arg is node for arg, node in zip((b - a).args, (b, a))] == [True, True]
    twice.backward()
    assert _float(a.grad) == 2.0


def test_prev_holds_both_edges_and_op_the_symbol() -> None:
    a = Value(3.0)
    assert (a + a)._prev == (a, a)
    assert (a._prev, a._op) == ((), "")
    symbols = [node._op for node in (a + 1, a * 2, a**2, a.relu(), a.tanh(), a.exp(), a / 2, a - 1)]
    assert symbols[:6] == ["+", "*", "**2", "ReLU", "tanh", "exp"]


def test_backward_twice_doubles_the_gradient_of_a_cube(number: Leaf) -> None:
    x = number(3.0)
    y = x**3
    y.backward()
    y.backward()
    assert _float(x.grad) == 54.0


def test_a_power_of_two_nodes_differentiates_both(number: Leaf) -> None:
    x, y = number(2.0), number(3.0)
    (x**y).backward()
    assert _float(x.grad) == 12.0
    assert _float(y.grad) == pytest.approx(8 * math.log(2), rel=1e-15)


def test_a_number_to_the_power_of_a_node_differentiates_the_exponent(number: Leaf) -> None:
    y = number(3.0)
    z = 2**y
    z.backward()
    assert _float(z.data) == 8.0
    assert _float(y.grad) == pytest.approx(8 * math.log(2), rel=1e-15)


def test_thousands_of_terms_do_not_recurse() -> None:
    x = Value(1.0)
    total = sum((x * float(i) for i in range(5_000)), Value(0.0))
    total.backward()
    assert x.grad == sum(range(5_000))


# the lecture's neuron


def _neuron() -> dict[str, Value]:
    """Two inputs, two weights and the bias that makes the gradients come out round, each node labelled."""
    nodes: dict[str, Value] = {}

    def keep(label: str, node: Value) -> Value:
        node.label = label
        nodes[label] = node
        return node

    x1, x2 = keep("x1", Value(2.0)), keep("x2", Value(0.0))
    w1, w2 = keep("w1", Value(-3.0)), keep("w2", Value(1.0))
    b = keep("b", Value(6.8813735870195432))
    x1w1, x2w2 = keep("x1*w1", x1 * w1), keep("x2*w2", x2 * w2)
    both = keep("x1*w1 + x2*w2", x1w1 + x2w2)
    n = keep("n", both + b)
    keep("o", n.tanh())
    return nodes


ROUND = {"n": 0.5, "b": 0.5, "x1*w1 + x2*w2": 0.5, "x1*w1": 0.5, "x2*w2": 0.5} | {
    "x1": -1.5,
    "w1": 1.0,
    "x2": 0.5,
    "w2": 0.0,
}


def test_the_tanh_neuron_has_round_gradients() -> None:
    nodes = _neuron()
    assert nodes["o"].data == pytest.approx(math.sqrt(0.5), rel=1e-12)
    nodes["o"].backward()
    assert {label: nodes[label].grad for label in ROUND} == pytest.approx(ROUND, rel=1e-12)


def test_the_tanh_neuron_by_hand_calls_one_node_at_a_time() -> None:
    nodes = _neuron()
    nodes["o"].grad = 1.0
    nodes["o"]._backward()
    assert nodes["n"].grad == pytest.approx(0.5, rel=1e-12)
    assert nodes["b"].grad == 0
    for label in ("n", "b", "x1*w1 + x2*w2", "x1*w1", "x2*w2"):
        nodes[label]._backward()
    assert {label: nodes[label].grad for label in ROUND} == pytest.approx(ROUND, rel=1e-12)


def test_the_tanh_neuron_written_with_exponentials_agrees() -> None:
    nodes = _neuron()
    e = (2 * nodes["n"]).exp()
    o = (e - 1) / (e + 1)
    o.backward()
    assert o.data == pytest.approx(math.sqrt(0.5), rel=1e-12)
    assert {label: nodes[label].grad for label in ROUND} == pytest.approx(ROUND, rel=1e-12)


def test_a_value_is_labelled_when_it_is_made() -> None:
    x = Value(2.0, label="x")
    assert x.label == "x"
    assert repr(x) == "Value(data=2.0, grad=0)"


def test_the_lectures_walk_over_prev_finds_every_node_and_edge() -> None:
    nodes, edges, waiting = set(), [], [_neuron()["o"]]
    while waiting:
        node = waiting.pop()
        if node not in nodes:
            nodes.add(node)
            edges += [(child, node) for child in node._prev]
            waiting += node._prev
    assert len(nodes) == 10
    assert len(edges) == 9
    assert {node.label for node in nodes} == {*ROUND, "o"}


def test_a_lambda_of_plain_floats_serves_as_a_loss() -> None:
    xs, ys = [[2.0, 3.0], [-1.0, 0.5]], [1.0, -1.0]
    random.seed(0)
    model = MLP(2, [4, 1])
    losses = []
    for _ in range(30):
        loss = sum(((model(x) - y) ** 2 for x, y in zip(xs, ys)), Value(0.0))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.01 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.2 * losses[0]


# Neuron, Layer, MLP


def test_reprs_are_micrograds() -> None:
    assert repr(Neuron(3)) == "ReLUNeuron(3)"
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert repr(Layer(2, 2)) == "Layer of [ReLUNeuron(2), ReLUNeuron(2)]"
    assert repr(MLP(2, [2, 1])) == ("MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]")


def test_parameters_are_drawn_and_listed_in_micrograds_order() -> None:
    random.seed(1337)
    model = MLP(2, [3, 1])
    draws = random.Random(1337)
    expected = [[draws.uniform(-1, 1) for _ in range(nin)] + [0.0] for nin in (2, 2, 2, 3)]
    assert [p.data for p in model.parameters()] == [number for neuron in expected for number in neuron]


def test_the_moons_network_has_337_parameters() -> None:
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    assert all(type(p) is Value for p in model.parameters())
    assert len(set(model.parameters())) == 337


def test_a_neuron_is_a_weighted_sum_bent_by_relu() -> None:
    neuron, line = Neuron(2), Neuron(2, nonlin=False)
    for n in (neuron, line):
        for p, number in zip(n.parameters(), (2.0, -3.0, 0.5)):
            p.data = number
    assert neuron([1.0, 1.0]).data == 0.0
    assert line([1.0, 1.0]).data == -0.5
    assert neuron([2.0, 1.0]).data == line([Value(2.0), 1.0]).data == 1.5


def test_a_single_neuron_gives_its_value_alone_and_many_a_list() -> None:
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    outputs = Layer(2, 3)([1.0, 2.0])
    assert [type(y) for y in outputs] == [Value] * 3


def test_zero_grad_forgets_every_gradient() -> None:
    model = MLP(2, [3, 1])
    model([1.0, -2.0]).backward()
    assert any(p.grad != 0 for p in model.parameters())
    model.zero_grad()
    assert all(p.grad == 0 for p in model.parameters())
    assert Module().parameters() == []


def test_relu_passes_the_gradient_only_above_zero(number: Leaf) -> None:
    for at, slope in ((-1.0, 0.0), (0.0, 0.0), (2.0, 1.0)):
        x = number(at)
        x.relu().backward()
        assert _float(x.grad) == slope


def test_ops_of_the_registry_are_the_methods_of_a_value() -> None:
    assert ops.tanh(Value(0.3)).data == Value(0.3).tanh().data == math.tanh(0.3)
