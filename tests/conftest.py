"""What the tests share: a leaf that asks for a gradient, on either engine."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

# The search for doctests imports every file; those that cannot do without a package are left out with it.
collect_ignore = [f"{package}_namespace.py" for package in ("torch", "sympy") if not find_spec(package)]


def array_leaf(engine: Callable[..., Any]) -> Callable[..., Any]:
    """The engine's class as a maker of leaves that ask for a gradient."""

    def leaf(data: Any, label: str = "") -> Any:
        return engine(data, requires_grad=True, label=label)

    leaf.__name__ = engine.__name__
    return leaf


@pytest.fixture(params=[Value, array_leaf(ValueArray), array_leaf(Tensor)], ids=lambda leaf: leaf.__name__)
def number(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A maker of leaves of one number, on each of the three node classes: `number(2.0, label="x")`."""
    return request.param


@pytest.fixture(params=[array_leaf(ValueArray), array_leaf(Tensor)], ids=lambda leaf: leaf.__name__)
def array(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A maker of leaves that are arrays, on both engines: `array([1.0, 2.0], label="x")`."""
    return request.param
