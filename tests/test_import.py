"""What importing the floors leaves unread, and that what it leaves for later is there when asked for."""

from __future__ import annotations

import inspect
import subprocess
import sys
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

import ops
from scalar import floats, objects
from tensor import arrays
from tests.declaring import scratch as scratch

HOUSE = Path(__file__).resolve().parent.parent

# What only cards, checks, stories of errors and other people's declarations need.
LATE = ("ops.bytecode", "ops.card", "ops.gradcheck", "ops.letters", "ops.notation", "ops.trial")
SLOW = ("dataclasses", "difflib", "dis", "html", "inspect", "linecache", "random", "textwrap", "tokenize")


def _loaded(program: str, names: tuple[str, ...]) -> str:
    """Which of the modules a fresh Python, without its site's own, has read for the program and not for itself."""
    path = f"import sys; before = {{*sys.modules}}; sys.path[:0] = {[str(HOUSE), *filter(None, sys.path)]!r}\n"
    asked = f"{program}\nprint(*(name for name in {names!r} if name in {{*sys.modules}} - before))"
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", path + asked], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("package", ["ops", "scalar", "scalar.nn", "tensor"])
def test_an_import_leaves_unread_what_only_some_programs_need(package: str) -> None:
    assert _loaded(f"import {package}", LATE) == ""


@pytest.mark.parametrize("package", ["ops", "scalar"])
def test_importing_the_scalar_engine_reads_no_slow_module_of_the_standard_library(package: str) -> None:
    assert _loaded(f"import {package}", ("numpy", *SLOW)) == ""


def test_a_forward_and_a_backward_pass_read_nothing_more() -> None:
    program = "from scalar import Value\nx = Value(2.0)\n(x * x.tanh() / 3.0).relu().backward()"
    assert _loaded(program, ("numpy", *LATE, *SLOW)) == ""


def test_an_op_of_ones_own_is_tried_when_it_is_declared() -> None:
    program = "import ops\n@ops.pointwise((-2, 2))\ndef cube(xp, x, /):\n    return x**3"
    assert _loaded(program, ("ops.trial",)) == "ops.trial"


# what comes late


@pytest.mark.parametrize("name", ["card", "gradcheck"])
@pytest.mark.parametrize(
    "program",
    [
        "import ops\n",
        "from ops import {name}\nimport ops\nassert ops.{name} is {name}\n",
        "import ops.{name}\n",
        "import ops\nops.{name}\nfrom ops.{name} import {name}\n",
    ],
    ids=["as an attribute", "by name", "as a module", "twice"],
)
def test_a_function_that_bears_its_modules_name_is_called_however_it_was_imported(name: str, program: str) -> None:
    arguments = "ops.tanh, 0.5" if name == "gradcheck" else "ops.tanh"
    assert _loaded(program.format(name=name) + f"assert ops.{name}({arguments})", ("numpy",)) == ""


@pytest.mark.parametrize("op", ops.REGISTRY.values(), ids=lambda op: op.name)
def test_an_op_has_the_signature_of_its_forward_without_xp(op: Any) -> None:
    of_forward = list(inspect.signature(op.forward).parameters.values())[1:]
    of_op = inspect.signature(op).parameters.values()
    assert [(p.name, p.default) for p in of_op] == [(p.name, p.default) for p in of_forward]


def test_the_class_of_an_op_keeps_a_signature_of_its_own() -> None:
    assert [*inspect.signature(ops.Op).parameters][:2] == ["forward", "domain"]


@pytest.mark.usefixtures("scratch")
def test_a_rule_behind_a_decorator_is_read_as_its_author_wrote_it() -> None:
    def twice(xp, x, /, *, n=2):
        """n times x."""
        return n * x

    @wraps(twice)
    def wrapper(*args: Any, **params: Any) -> Any:
        return twice(*args, **params)

    op = ops.pointwise((-2, 2))(wrapper)
    assert (op.arrays, op.defaults, str(inspect.signature(op))) == (("x",), {"n": 2}, "(x, /, n=2)")


# names that are not there


@pytest.mark.parametrize(
    ("module", "name", "says"),
    [
        (ops, "sigmod", "ops has no 'sigmod'; the nearest that it has: sigmoid and sign"),
        (ops, "qqqq", "ops has no 'qqqq'; ops.REGISTRY lists its ops"),
        (floats, "sinh", "xp has no function 'sinh' on floats; the nearest that it has: sin and sign"),
        (
            objects,
            "leaky_rellu",
            "xp has no function 'leaky_rellu' on arrays of Values; the nearest that it has: leaky_relu",
        ),
        (arrays, "leaky_rellu", "xp has no function 'leaky_rellu' on arrays; the nearest that it has: leaky_relu"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_its_nearest(module: Any, name: str, says: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    assert str(caught.value) == says
