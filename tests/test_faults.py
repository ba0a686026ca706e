"""Planted faults: each shows where it says it does, a test is scored by them, and the real engine stays as it is."""

from __future__ import annotations

import inspect
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import ops
import scalar.nn
from lessons import faults
from ops.errors import ParameterError
from scalar import Value
from tensor import Tensor

HOUSE = Path(__file__).resolve().parent.parent
PACKAGES = ("ops", "scalar", "tensor", "nn", "viz")


def diamond(leaf: Callable[[float], Any]) -> Any:
    """The gradient of 5 a, by way of nodes that meet again."""
    a = leaf(3.0)
    b = a + a
    (b + (b + a)).backward()
    return a.grad


def numbers_are_right(engine: Any) -> None:
    """What a careful student would try on Values."""
    assert diamond(engine.Value) == 5
    a, b = engine.Value(2.0), engine.Value(5.0)
    (a * b - b).backward()
    assert (a.grad, b.grad) == (5, 1)
    x = engine.Value(3.0)
    y = x * x * x
    y.backward()
    y.backward()
    assert x.grad == 54
    x = engine.Value(-2.0)
    (x * x + x.relu() + (x + 2).tanh()).backward()
    assert x.grad == -4 + 1


def arrays_are_right(engine: Any) -> None:
    """The same on Tensors, with shapes."""

    def leaf(data: Any) -> Any:
        return engine.Tensor(data, requires_grad=True)

    assert diamond(leaf) == 5
    a, b, bias = leaf([[1.0, -2.0]]), leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([0.5])
    (a * a + a.relu() - bias + (a @ b).tanh() * 0 + a @ b).mean().backward()
    np.testing.assert_allclose(a.grad, [[3.0, 1.5]])
    assert bias.grad.shape == (1,)
    np.testing.assert_allclose(bias.grad, [-1.0])
    c = leaf([0.5])
    c.tanh().sum().backward()
    assert c.grad is not None


def training_forgets(engine: Any) -> None:
    """A zero_grad that does what it says, on all who have one."""
    neuron = engine.module("scalar.nn").Neuron(2)
    layer = engine.nn.Linear(2, 1, rng=0)
    for module in (neuron, layer):
        for p in module.parameters():
            p.grad = p.data
        module.zero_grad()
        assert all(p.grad is None or np.all(p.grad == 0) for p in module.parameters())


def house_now() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The modules in use, what stands in them, and every rule of the registry."""
    modules = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in PACKAGES}
    contents = {name: dict(vars(module)) for name, module in modules.items()}
    rules = {op.name: (op.forward, dict(op.rules)) for op in ops.REGISTRY.values()}
    return modules, contents, rules


def same(one: Any, two: Any) -> bool:
    """Whether the same objects stand in the same places."""
    modules, contents, rules = one
    others, theirs, those = two
    alike = all(
        others[n] is m and theirs[n].keys() == contents[n].keys()
        and all(theirs[n][k] is v for k, v in contents[n].items() if k != "clock")
        for n, m in modules.items()
    )  # fmt: skip
    return alike and rules == those


def test_a_sound_copy_passes_every_test() -> None:
    for test in (numbers_are_right, arrays_are_right, training_forgets):
        assert faults.failure(test, faults.sound()) == ""


def test_a_test_of_values_catches_every_fault_of_the_scalar_engine() -> None:
    assert faults.score(numbers_are_right, faults.SCALAR) == (faults.SCALAR, (), "")


def test_a_test_of_tensors_catches_every_fault_of_the_tensor_engine() -> None:
    assert faults.score(arrays_are_right, faults.TENSOR) == (faults.TENSOR, (), "")


def test_a_zero_grad_that_forgets_nothing_is_caught() -> None:
    assert faults.score(training_forgets, ["missing zero_grad"]).missed == ()


def test_every_fault_shows_on_one_of_the_engines() -> None:
    assert {*faults.SCALAR, *faults.TENSOR, "missing zero_grad"} == set(faults.NAMES)


@pytest.mark.parametrize("name", faults.NAMES)
def test_the_real_engine_stays_as_it_is(name: str) -> None:
    _everything_is_loaded()
    before = house_now()
    with faults.plant(name) as engine:
        for test in (numbers_are_right, arrays_are_right, training_forgets):
            faults.failure(test, engine)
        assert same(before, house_now())
        assert (diamond(Value), float(diamond(lambda x: Tensor(x, requires_grad=True)))) == (5, 5)
    assert same(before, house_now())


def test_the_real_engine_stays_as_it_is_after_an_exception() -> None:
    _everything_is_loaded()
    before = house_now()
    with pytest.raises(ZeroDivisionError):
        _stopped_inside("wrong sign")
    assert same(before, house_now())
    numbers_are_right(faults.sound())
    a = Value(2.0)
    (5.0 - a).backward()
    assert a.grad == -1


def _stopped_inside(name: str) -> None:
    with faults.plant(name) as engine:
        (engine.Value(1.0) - 2.0).backward()
        raise ZeroDivisionError


def _everything_is_loaded() -> None:
    """A copy opens real modules before its own, so those that it will need are opened first."""
    with faults.plant("missing +=") as engine:
        for test in (numbers_are_right, arrays_are_right, training_forgets):
            faults.failure(test, engine)


def test_modes_of_the_real_engine_do_not_reach_a_copy() -> None:
    with ops.no_grad():
        assert diamond(faults.sound().Value) == 5


def test_a_copy_is_its_own_house() -> None:
    engine = faults.sound()
    assert engine.Value is not Value
    assert engine.ops.grad(engine.ops.tanh)(0.0) == 1
    assert type(engine.ops.sum(engine.ValueArray([1.0]))) is engine.ValueArray
    assert engine.module("scalar.nn").MLP is not scalar.nn.MLP
    assert engine.nn.Linear(2, 1, rng=0).to("scalar").weight.__class__ is engine.ValueArray


# comparing


def hinge(engine: Any) -> Any:
    """A comparison of a small network, made and compared inside the copy."""
    model = engine.nn.MLP(2, [4, 4, 1], rng=0)
    X, y = np.array([[1.0, 2.0], [0.5, -1.0], [-1.0, 0.3]]), np.array([[1.0], [-1.0], [1.0]])
    return engine.viz.compare(model, X, y, engine.nn.hinge_loss)


@pytest.mark.parametrize(
    ("name", "op"),
    [
        ("wrong sign", "sub"),
        ("partials swapped", "mul"),
        ("transposed operand", "matmul"),
        ("sum for mean", "mean"),
        ("forgotten un-broadcast", "add"),
    ],
)
def test_the_comparison_names_the_op_that_is_broken_on_the_tensor_engine(name: str, op: str) -> None:
    with faults.plant(name, engine="tensor") as engine:
        comparison = hinge(engine)
    assert not comparison.ok
    assert comparison.parting is not None
    assert op in comparison.parting.op.split(" or ")
    assert comparison._repr_html_()  # it shows itself after the copy is out of use


@pytest.mark.parametrize("name", ["missing +=", "wrong order", "mutated saved data", "re-wrapped data"])
def test_a_fault_that_only_some_graphs_show_parts_the_engines_where_it_does(name: str) -> None:
    with faults.plant(name, engine="tensor") as engine:
        model = engine.nn.MLP(2, [4, 1], activation=engine.ops.tanh, rng=0)

        def loss(s: Any, y: Any) -> Any:
            t = s - y
            return (t * t + (s * s + t.relu()) + (t + t * s) * s).mean()

        assert not engine.viz.compare(model, [[1.0, 2.0]], [[5.0]], loss).ok


def test_a_rule_that_is_wrong_on_both_engines_does_not_part_them() -> None:
    with faults.plant("wrong sign") as engine:
        assert hinge(engine).parting is None


def test_one_engine_can_be_broken_alone() -> None:
    with faults.plant("partials swapped", engine="scalar") as engine:
        a, b = engine.Value(2.0), engine.Value(5.0)
        (a * b).backward()
        c, d = (engine.Tensor(x, requires_grad=True) for x in (2.0, 5.0))
        (c * d).backward()
    assert (a.grad, b.grad, float(c.grad), float(d.grad)) == (2, 5, 5, 2)


# scoring


def test_a_score_names_in_words_what_a_test_misses() -> None:
    score = faults.score(lambda engine: diamond(engine.Value) == 5, ["missing +=", "wrong order", "wrong sign"])
    assert score.caught == ("missing +=", "wrong order")
    assert str(score) == (
        "The sound engine passes; 2 of 3 broken ones are caught.\nmissed: in a - b the gradient of b has the wrong sign"
    )


def test_a_test_that_the_sound_engine_fails_is_not_scored() -> None:
    def too_strict(engine: Any) -> None:
        if diamond(engine.Value) != 7:
            raise AssertionError("seven")

    score = faults.score(too_strict)
    assert score.caught == ()
    assert str(score) == "The sound engine fails your test too: AssertionError seven."
    assert "it returned False." in str(faults.score(lambda engine: diamond(engine.Value) == 7))


def test_a_test_that_uses_another_engine_is_told_so() -> None:
    def elsewhere(engine: Any) -> None:
        assert diamond(Value) == 5

    assert "never used the engine" in str(faults.score(elsewhere))


# showing


@pytest.mark.parametrize("name", faults.NAMES)
def test_a_fault_shows_the_passages_that_it_changes(name: str) -> None:
    shown = faults.reveal(name)
    assert "\n- " in shown or "\n+ " in shown


def test_a_traceback_shows_the_planted_line() -> None:
    with faults.plant("transposed operand", engine="tensor") as engine:
        rule = engine.ops.matmul.rules["adjoint of a"]
        assert "reshape" in inspect.getsource(rule)
        with pytest.raises(AttributeError) as caught:
            rule(nn, 1, 2, 3)
    assert "reshape" in "".join(traceback.format_exception(caught.value))


def test_what_cannot_be_planted_is_told_in_a_sentence() -> None:
    with pytest.raises(ParameterError, match="there is no fault 'gremlin'"), faults.plant("gremlin"):
        pass
    with pytest.raises(ParameterError, match="engine is 'both'"), faults.plant("wrong sign", engine="both"):
        pass
    with (
        pytest.raises(ParameterError, match="does not show on the scalar engine"),
        faults.plant("sum for mean", engine="scalar"),
    ):
        pass


def test_values_are_broken_without_numpy() -> None:
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "from lessons import faults\n"
        "with faults.plant('missing +=') as engine:\n"
        "    a = engine.Value(3.0)\n    (a + a).backward()\n    print(a.grad)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=HOUSE, capture_output=True, text=True, timeout=60)
    assert done.stdout == "1.0\n", done.stderr
