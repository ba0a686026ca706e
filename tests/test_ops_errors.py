"""What is said to a student who errs in declaring or calling an op: one clear sentence each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ops
from ops.trial import FUNCTIONS
from scalar import floats
from tensor import Tensor, arrays, creation
from tests.declaring import declared, scratch as scratch, square, square_partials

# declarations


@pytest.mark.usefixtures("scratch")
def test_declaring_an_op_twice_is_refused_and_the_first_stays() -> None:
    first = ops.pointwise((-2, 2))(square)
    with pytest.raises(ops.DeclarationError, match=r"square is declared already.*forget\('square'\)"):
        ops.pointwise((-2, 2))(square)
    assert ops.REGISTRY["square"] is first


@pytest.mark.usefixtures("scratch")
def test_a_second_rule_is_refused_and_the_first_stays() -> None:
    op = declared(ops.pointwise(), square, partials=square_partials)
    with pytest.raises(
        ops.DeclarationError, match=r"already has its partials rule: square_partials; .*ops\.forget\('square'\)"
    ):
        op.partials(square_partials)
    assert op.rules["partials"] is square_partials


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("role", ["adjoint", "defvjp", "defjvp"])
def test_a_rule_of_the_wrong_kind_is_refused(role: str) -> None:
    op = ops.pointwise()(square)
    with pytest.raises(ops.DeclarationError, match=f"square is pointwise: it declares partials, not {role}"):
        getattr(op, role)(square_partials)
    assert not op.rules


@pytest.mark.usefixtures("scratch")
def test_a_lambda_is_no_rule() -> None:
    with pytest.raises(ops.DeclarationError, match="named function"):
        ops.pointwise()(lambda xp, x, /: x)
    op = ops.pointwise()(square)
    with pytest.raises(ops.DeclarationError, match="named function"):
        op.partials(lambda xp, y, x, /: (x,))


@pytest.mark.usefixtures("scratch")
def test_a_wrong_number_of_partials_is_refused_at_declaration() -> None:
    def blend(xp, a, b, /):
        """Product."""
        return a * b

    def blend_partials(xp, y, a, b, /):
        return (b,)

    with pytest.raises(ops.DeclarationError, match=r"blend_partials: .*, as a tuple: \(da, db\); it returned 1 entry"):
        ops.pointwise()(blend).partials(blend_partials)


@pytest.mark.usefixtures("scratch")
def test_a_rule_with_the_wrong_arguments_is_refused() -> None:
    def short_partials(xp, x, /):
        return (x,)

    with pytest.raises(ops.DeclarationError, match=r"takes \(xp, y, x, /\), but short_partials takes \(xp, x, /\)"):
        ops.pointwise()(square).partials(short_partials)


def test_an_op_without_an_array_is_refused() -> None:
    def nothing(xp, x):
        """No slash."""
        return x

    with pytest.raises(ops.DeclarationError, match="before the slash"):
        ops.pointwise()(nothing)
    assert "nothing" not in ops.REGISTRY


@pytest.mark.usefixtures("scratch")
def test_a_missing_rule_is_named_when_it_is_used(number: Callable[..., Any]) -> None:
    op = ops.pointwise()(square)
    x = number(3.0)
    y = op(x)
    assert float(y.data) == 9.0
    with pytest.raises(ops.DeclarationError, match="square has no derivative yet: declare its partials rule"):
        y.backward()


@pytest.mark.usefixtures("scratch")
def test_a_forgotten_op_can_be_declared_again() -> None:
    ops.pointwise()(square)
    ops.forget("square")
    assert "square" not in ops.REGISTRY
    with pytest.raises(AttributeError, match="square"):
        _ = ops.square
    again = ops.pointwise()(square)
    assert ops.square is again


def test_forgetting_what_was_never_declared_names_it() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        ops.forget("nonsense")


@pytest.mark.usefixtures("scratch")
def test_a_declared_op_is_found_in_the_package_and_in_other_rules(array: Callable[..., Any]) -> None:
    declared(ops.pointwise(), square, partials=square_partials)

    def fourth(xp, x, /):
        """Fourth power."""
        return xp.square(xp.square(x))

    def fourth_partials(xp, y, x, /):
        return (4 * x * xp.square(x),)

    op = declared(ops.pointwise(), fourth, partials=fourth_partials)
    x = array([1.0, 2.0])
    op(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [4.0, 32.0])


# decorators


def named(xp, x, /):
    """The same."""
    return x


def pair(xp, a, b, /):
    """The first."""
    return a


# As a student writes, whatever the types say.
loosely: Any = ops
from_nothing: Any = creation

WRONG_DECORATORS = [
    (lambda: loosely.pointwise(named), "write @ops.pointwise((-3, 3)), with brackets, above def named"),
    (lambda: loosely.reduction(named), "write @ops.reduction((-3, 3)), with brackets, above def named"),
    (lambda: loosely.linear(named), "write @ops.linear(ops.sample((2, 3))), with brackets, above def named"),
    (
        lambda: loosely.pointwise(-2, 3),
        "pointwise: an interval is a pair, low and high, as in @ops.pointwise((-2, 3)), not -2",
    ),
    (
        lambda: loosely.pointwise((1, 2, 3)),
        "pointwise: an interval is a pair, low and high, as in @ops.pointwise((-3, 3)), not (1, 2, 3)",
    ),
    (lambda: loosely.pointwise((3, -3)), "pointwise: the interval (3, -3) must run from low to high: write (-3, 3)"),
    (
        lambda: loosely.pointwise((0, np.inf)),
        "pointwise: the interval (0, inf) must run from low to high: both ends must be finite and differ",
    ),
    (
        lambda: loosely.pointwise(params={"k": 1}),
        "pointwise: params holds a dict for each setting that the laws try, as in params=[{'k': 2.0}], not {'k': 1}",
    ),
    (
        lambda: loosely.linear((2, 3)),
        "linear: the shapes and parameters that the laws try stand in samples, as in ops.sample((2, 3), axis=0), "
        "not (2, 3)",
    ),
    (
        lambda: loosely.pointwise((1, 2), (1, 2))(named),
        "named takes 1 array (x), but 2 intervals are given; give one for each, or one for all",
    ),
    (lambda: loosely.pointwise(params=[{"k": 1}])(named), "named(x, /) has no parameter k that a sample could set"),
    (
        lambda: loosely.reduction()(named),
        "named: the forward of a reduction takes (xp, x, /, axis=None, keepdims=False), not (xp, x, /)",
    ),
    (
        lambda: loosely.bilinear()(named),
        "named: the forward of a bilinear op takes two arrays, as in (xp, a, b, /), not (xp, x, /)",
    ),
    (
        lambda: loosely.bilinear()(pair).adjoint(named),
        'pair is bilinear: it declares adjoint("a") and adjoint("b"), not adjoint',
    ),
]


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize(("declare", "says"), WRONG_DECORATORS, ids=[says for _, says in WRONG_DECORATORS])
def test_a_declaration_that_does_not_fit_says_how_to_write_it(declare: Callable[[], Any], says: str) -> None:
    with pytest.raises(ops.DeclarationError) as caught:
        declare()
    assert str(caught.value) == says


# rules: each is the body of `rule`, the partials of an op whose forward is x * x, with parameter k

WRONG_RULES = [
    ("return 2 * x", "rule: return one partial for each argument of trial, as a tuple: (d,); it returned 2*x"),
    ("return (x, x)", "rule: return one partial for each argument of trial, as a tuple: (d,); it returned 2 entries"),
    ("2 * x", "rule returns nothing; end it with return and what it has computed"),
    ("return (speed * x,)", "rule uses speed, which is not defined; define it above the rule"),
    ("return (math.exps(x),)", "rule fails: module 'math' has no attribute 'exps'"),
    ("return (math.exp(x),)", "rule calls math.exp, which takes plain numbers alone; write xp.exp"),
    (
        "return (2 * math.exp(math.pi * x) * math.sqrt(k),)",
        "rule calls math.exp, which takes plain numbers alone; write xp.exp",
    ),
    (
        "return (math.sinh(x),)",
        "rule calls math.sinh, which takes plain numbers alone; of xp, the nearest that it has: sin and sign",
    ),
    ("return (np.exp(x),)", "rule calls np.exp, which leaves no trace in a graph; write xp.exp"),
    ("return (np.where(x > 0, 1, 0),)", "rule calls np.where, which leaves no trace in a graph; write xp.where"),
    ("return (float(x),)", "rule calls float, which takes a number out of its graph; compute with the argument itself"),
    ("return (helper(x),)", "rule calls np.exp, which leaves no trace in a graph; write xp.exp"),
    ("return (xp.sinh(x),)", "rule calls xp.sinh, which xp does not have; the nearest that it has: sin and sign"),
    ("return (xp.sigmiod(x),)", "rule calls xp.sigmiod, which xp does not have; the nearest that it has: sigmoid"),
    ("return (xp.qqq(x),)", "rule calls xp.qqq, which xp does not have; compose it of the ops in ops.REGISTRY"),
    ("return (x.exp(),)", "rule asks for .exp of x, which not every engine has; write xp.exp"),
    ("return (x.data,)", "rule asks for .data of x, which not every engine has; compute with the argument itself"),
    (
        "return (1,) if x > 0 else (0,)",
        "rule cannot decide by x > 0, which holds for some elements and not for others; in place of an if, and, or, "
        "not, max or min write xp.where(x > 0, a, b), which is ops.where",
    ),
    (
        "return (max(x, 0),)",
        "rule cannot decide by x < 0, which holds for some elements and not for others; in place of an if, and, or, "
        "not, max or min write xp.where(x < 0, a, b), which is ops.where",
    ),
    (
        "return (0,) if y == 0 else (x,)",
        "rule cannot decide by y == 0, which holds for some elements and not for others; in place of an if, and, or, "
        "not, max or min write xp.where(y == 0, a, b), which is ops.where",
    ),
]


def _written(body: str, arguments: str = "xp, y, x, /, k", name: str = "rule") -> Callable[..., Any]:
    """A rule with this body, as a student would write it in a file of their own."""
    scope: dict[str, Any] = {"np": np, "math": math}
    exec(f"def helper(x):\n    return np.exp(x)\ndef {name}({arguments}):\n    {body}", scope)
    return scope[name]


def _trial() -> Any:
    return ops.pointwise((1, 2), params=[{"k": 2.0}, {"k": 3.0}])(_written("return x * x", "xp, x, /, k", "trial"))


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize(("body", "says"), WRONG_RULES, ids=[body for body, _ in WRONG_RULES])
def test_a_rule_that_no_engine_could_run_is_refused_when_it_is_declared(body: str, says: str) -> None:
    op = _trial()
    with pytest.raises(ops.DeclarationError) as caught:
        op.partials(_written(body))
    assert str(caught.value) == says
    assert not op.rules


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize(
    "body",
    [
        "return (math.sqrt(k) * x,)",
        "return (np.sqrt(k) * np.pi * x,)",
        "return (x,) if k > 2 else (2 * x,)",
        "return (x.sum() * x,)",
        "return (x * len(x.shape),)",
        "return (x if x.shape == () else x,)",
        "return (xp.where(x == 0, 1, x),)",
        "return (xp.inf * x,)",
    ],
)
def test_a_rule_that_looks_at_its_parameters_or_shapes_is_no_mistake(body: str) -> None:
    _trial().partials(_written(body))


WRONG_ARGUMENTS = [
    ("xp, y, x, /", "the partials rule of trial takes (xp, y, x, /, k), but rule takes (xp, y, x, /): k is missing"),
    (
        "xp, x, y, /, k",
        "the partials rule of trial takes (xp, y, x, /, k), but rule takes (xp, x, y, /, k): x and y change places",
    ),
    (
        "xp, y, x, k",
        "the partials rule of trial takes (xp, y, x, /, k), but rule takes (xp, y, x, k): "
        "a slash must stand after the arrays",
    ),
    (
        "xp, y, x, /, k, n",
        "the partials rule of trial takes (xp, y, x, /, k), but rule takes (xp, y, x, /, k, n): n is not handed to it",
    ),
]


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize(("arguments", "says"), WRONG_ARGUMENTS)
def test_arguments_of_a_rule_that_do_not_fit_the_forward_are_named(arguments: str, says: str) -> None:
    with pytest.raises(ops.DeclarationError) as caught:
        _trial().partials(_written("return (x,)", arguments))
    assert str(caught.value) == says


@pytest.mark.usefixtures("scratch")
def test_the_partials_of_a_reduction_get_no_keepdims() -> None:
    forward = _written("return xp.sum(x, axis=axis, keepdims=keepdims)", "xp, x, /, axis=None, keepdims=False", "total")
    with pytest.raises(ops.DeclarationError, match=r"takes \(xp, y, x, /, axis\), .*: keepdims is not handed to it"):
        ops.reduction()(forward).partials(_written("return (1,)", "xp, y, x, /, axis, keepdims"))


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("xp.exp(x)", "trial returns nothing; end it with return and what it has computed"),
        ("return x,", "trial must return one array, without brackets or a comma, not (x,)"),
        ("return xp.trial(x)", "trial calls xp.trial, which xp does not have; compose it of the ops in ops.REGISTRY"),
    ],
)
def test_a_forward_that_gives_no_array_is_refused(body: str, says: str) -> None:
    with pytest.raises(ops.DeclarationError) as caught:
        ops.pointwise()(_written(body, "xp, x, /, k=1", "trial"))
    assert str(caught.value) == says
    assert "trial" not in ops.REGISTRY


@pytest.mark.usefixtures("scratch")
def test_an_adjoint_in_brackets_is_refused() -> None:
    op = ops.linear(ops.sample((3,)))(_written("return 2 * x", "xp, x, /", "trial"))
    with pytest.raises(ops.DeclarationError, match=r"rule must return one array, .* not \(2\*g,\)"):
        op.adjoint(_written("return (2 * g,)", "xp, g, x, /"))


@pytest.mark.parametrize("op", ops.REGISTRY.values(), ids=lambda op: op.name)
def test_every_op_of_the_registry_could_be_declared_once_more(op: Any) -> None:
    op._check_forward()
    op._try("forward", op.forward)
    for role, rule in op.rules.items():
        op._check_arguments(role, rule)
        op._try(role, rule)


def test_the_functions_that_rules_may_call_are_those_of_floats_and_arrays() -> None:
    homes = ("scalar.floats", "math", "_operator")
    public = {name for name, f in vars(floats).items() if getattr(f, "__module__", "") in homes}
    theirs = {name for name in public if not name.startswith("_")} - {"number", "run", "not_"}
    assert {"pi", "inf", "nan", "abs", *theirs} == set(FUNCTIONS)
    assert all(hasattr(arrays, name) for name in FUNCTIONS)


# cells that run twice

CELL = """
@ops.pointwise((-2, 2))
def cell_square(xp, x, /):
    return {factor} * x * x

@cell_square.partials
def cell_square_partials(xp, y, x, /):
    return ({factor} * 2 * x,)
"""


@pytest.mark.usefixtures("scratch")
def test_a_cell_that_declares_an_op_may_run_again_and_the_latest_counts() -> None:
    scope = {"ops": ops, "__name__": "__main__"}
    for factor in (1, 1, 3):
        exec(CELL.format(factor=factor), scope)
    assert ops.grad(ops.cell_square)(2.0) == 12.0


@pytest.mark.usefixtures("scratch")
def test_a_cell_that_declares_a_rule_may_run_again_and_the_latest_counts() -> None:
    scope = {"ops": ops, "__name__": "__main__"}
    forward, rule = CELL.split("\n\n")
    for cell in (forward, rule, rule.replace("2 *", "5 *")):
        exec(cell.format(factor=1), scope)
    assert ops.grad(ops.cell_square)(2.0) == 10.0


@pytest.mark.usefixtures("scratch")
def test_a_cell_cannot_replace_an_op_of_the_package() -> None:
    scope = {"ops": ops, "__name__": "__main__"}
    with pytest.raises(ops.DeclarationError, match=r"tanh is declared already, in ops\.pointwise; .*forget"):
        exec("@ops.pointwise()\ndef tanh(xp, x, /):\n    return x", scope)


# calls


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: ops.stack(x, x), "stack takes its arrays in one list: write ops.stack([a, b]), not ops.stack(a, b)"),
        (lambda x: ops.concat(x, x, x), "concat takes its arrays in one list: write ops.concat([a, b])"),
        (lambda x: ops.concat(2.0), "concat takes its arrays in one list: write ops.concat([a, b])"),
        (
            lambda x: ops.clip(x, x, 1.0),
            "clip: low is a parameter, which gets no gradient; give a plain number, or write ops.maximum(x, low)",
        ),
        (
            lambda x: ops.clip(x, high=x),
            "clip: high is a parameter, which gets no gradient; give a plain number, or write ops.minimum(x, high)",
        ),
        (lambda x: ops.add(x, "one"), "'one'"),
        (lambda x: ops.add([1.0], "one"), "add takes real numbers, as in [1.0, 2.0], not 'one'"),
    ],
)
def test_a_call_that_errs_says_what_to_write(array: Callable[..., Any], call: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(TypeError, match=re.escape(says)):
        call(array([0.5, 2.0]))


@pytest.mark.usefixtures("scratch")
def test_an_if_on_an_array_in_a_forward_of_any_kind_names_where() -> None:
    op = ops.general()(_written("return x if xp.sum(x, axis=0) > 0 else -x", "xp, x, /", "trial"))
    with pytest.raises(ops.ParameterError, match=r"^trial: an if, .* write xp\.where\(condition, a, b\)"):
        op(Tensor([[1.0, 2.0]]))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: from_nothing.zeros(2, 3), "zeros takes its shape as one argument: write zeros((2, 3))"),
        (lambda: from_nothing.ones(2, 3, 4), "ones takes its shape as one argument: write ones((2, 3, 4))"),
        (lambda: from_nothing.full(2, 3, 1.5), "full takes its shape as one argument: write full((2, 3), 1.5)"),
        (
            lambda: from_nothing.normal(3, rng="a"),
            "normal: rng is 'a', but it must be a seed (0, 1, 2, ...), a numpy.random.Generator or None",
        ),
    ],
)
def test_a_tensor_from_nothing_says_what_to_write(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == says
