"""An import may only go down a floor, and what is optional is imported by nobody who does not ask for it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
FLOORS = {"ops": 0, "scalar": 1, "tensor": 1, "nn": 2, "viz": 2, "lessons": 3, "tests": 3}
FILES = sorted(path for package in FLOORS for path in (HOUSE / package).rglob("*.py"))
NUMERIC = {"math", "cmath", "statistics", "decimal", "fractions"}


def _names(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def _imports(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Line and top-level name of every import, wherever it stands, `import_module("...")` included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, package if node.level else (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            (name,) = [a.value for a in node.args[:1] if isinstance(a, ast.Constant)] or [package]
            yield node.lineno, str(name).partition(".")[0]


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def _faults(source: str, package: str) -> list[str]:
    """Imports that go up a floor, to a sibling, or from the ground floor out of the standard library."""
    floor, found = FLOORS[package], []
    for line, name in _imports(source, package):
        upward = name in FLOORS and name != package and FLOORS[name] >= floor and floor < 3
        foreign = floor == 0 and name not in FLOORS and (name not in sys.stdlib_module_names or name in NUMERIC)
        if upward or foreign:
            found.append(f"line {line}: {package} imports {name}")
    return found


@pytest.mark.parametrize("path", FILES, ids=_names)
def test_imports_go_down_a_floor(path: Path) -> None:
    package = path.relative_to(HOUSE).parts[0]
    assert _faults(path.read_text(encoding="utf-8"), package) == []


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("ops", "import numpy as np"),
        ("ops", "import math"),
        ("ops", "def f():\n    from tensor import Tensor"),
        ("ops", "from importlib import import_module\nimport_module('scalar.floats')"),
        ("scalar", "import tensor.arrays"),
        ("tensor", "from scalar.value import Value"),
        ("tensor", "if True:\n    import nn"),
        ("nn", "import viz"),
        ("viz", "from nn.module import Module"),
        ("nn", "from lessons import anything"),
    ],
)
def test_a_wrong_import_is_found(package: str, source: str) -> None:
    assert len(_faults(source, package)) == 1


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("ops", "from ops.spec import Op\nimport inspect"),
        ("scalar", "import ops\nimport numpy\nfrom . import value"),
        ("nn", "from scalar import Value\nfrom tensor import Tensor"),
        ("tests", "import lessons, viz, torch"),
    ],
)
def test_a_right_import_is_let_through(package: str, source: str) -> None:
    assert _faults(source, package) == []


def test_every_package_of_the_house_is_read() -> None:
    assert {path.relative_to(HOUSE).parts[0] for path in FILES} == set(FLOORS)


def _run(program: str) -> str:
    """What a fresh Python prints when it runs the program in the house."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=HOUSE, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_scalar_engine_runs_without_numpy() -> None:
    program = """
import sys
sys.modules["numpy"] = None
import random
import ops
from scalar import Value
from scalar import floats
from scalar.nn import MLP
random.seed(1337)
model = MLP(2, [3, 1])
loss = (model([1.0, Value(-2.0)]).tanh() - 0.5) ** 2 + ops.gelu(Value(0.3)) / floats.exp(1.0)
loss.backward()
print(len(model.parameters()), any(p.grad != 0 for p in model.parameters()))
print(ops.grad(ops.grad(lambda x: x ** 3))(2.0), ops.tanh(0.0))
"""
    assert _run(program).split() == ["13", "True", "12.0", "0.0"]


@pytest.mark.parametrize("module", ["scalar.value", "scalar.nn", "scalar.floats", "ops"])
def test_a_module_of_the_standard_library_alone_is_imported_without_numpy(module: str) -> None:
    _run(f"import sys; sys.modules['numpy'] = None; import {module}")


HEAVY = ("matplotlib", "sklearn", "torch", "graphviz", "scipy")


@pytest.mark.parametrize("package", ["ops", "scalar", "tensor", "nn", "viz"])
def test_importing_a_package_imports_nothing_heavy(package: str) -> None:
    found = _run(f"import sys, {package}; print(*sorted({set(HEAVY)!r} & set(sys.modules)))")
    assert found == ""


def test_the_ground_floor_does_not_open_the_engines_until_they_are_asked_for() -> None:
    found = _run("import sys, ops; print(*sorted({'numpy', 'scalar', 'tensor', 'nn', 'viz'} & set(sys.modules)))")
    assert found == ""


def test_decorators_of_the_registry_are_found_in_the_package_after_import() -> None:
    kinds = "pointwise", "reduction", "linear", "bilinear", "general"
    assert _run(f"import ops; print(*(callable(getattr(ops, kind)) for kind in {kinds}))") == " ".join(["True"] * 5)
