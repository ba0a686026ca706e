"""What tests of declarations share: a registry that is put back, an op to declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ops


@pytest.fixture
def scratch() -> Iterator[None]:
    """Ops declared inside a test go out of the registry again."""
    before = dict(ops.REGISTRY)
    yield
    for name in set(ops.REGISTRY) - set(before):
        ops.forget(name)


def declared(kind: Callable[..., Any], forward: Callable[..., Any], **rules: Callable[..., Any]) -> Any:
    """The op of this kind with this forward and these rules."""
    op = kind(forward)
    for role, rule in rules.items():
        getattr(op, role)(rule)
    return op


def square(xp, x, /):
    """Square."""
    return x * x


def square_partials(xp, y, x, /):
    return (2 * x,)
