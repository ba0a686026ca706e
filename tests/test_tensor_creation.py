"""Tensors from nothing: what is no shape and no number is refused in a sentence that names the function."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensor as right_tensor
from nn import init as right_init

# The calls below are wrong on purpose; the type checker would say so first.
tensor: Any = right_tensor
init: Any = right_init
WRONG: dict[str, Callable[[], Any]] = {
    "zeros: shape is -1, but a size is a whole number, 0 or more": lambda: tensor.zeros(-1),
    "ones: shape is (2, -1), but a size": lambda: tensor.ones((2, -1)),
    "zeros: shape must be an integer, not 'a'": lambda: tensor.zeros("a"),
    "zeros: shape must be an integer, not 1.5": lambda: tensor.zeros((2, 1.5)),
    "zeros: shape must be an integer, not None": lambda: tensor.zeros(None),
    "zeros: shape is 1180591620717411303424, but that is more numbers than": lambda: tensor.zeros(2**70),
    "normal: shape is (1099511627776, 1099511627776), but that is more": lambda: tensor.normal((2**40, 2**40)),
    "eye: shape is (-1, -1), but a size": lambda: tensor.eye(-1),
    "full: value is None, but it must be a number": lambda: tensor.full(2, None),
    "arange: start is 'a', but it must be a number": lambda: tensor.arange("a", 3),
    "arange: from 0.0 to 5.0 in steps of 0.0 is no list of numbers": lambda: tensor.arange(0, 5, 0),
    "arange: from 0.0 to inf in steps": lambda: tensor.arange(float("inf")),
    "linspace: num must be an integer, not 2.5": lambda: tensor.linspace(0, 1, 2.5),
    "linspace: num is -1, but it must be a whole number": lambda: tensor.linspace(0, 1, -1),
    "linspace: stop is [1], but it must be a number": lambda: tensor.linspace(0, [1]),
    "uniform: low is 2 and high is 1, but the numbers run from low up to high": lambda: tensor.uniform(3, 2, 1),
    "uniform: low is 0.0 and high is inf, but": lambda: tensor.uniform(3, high=float("inf")),
    "normal: std is -1, but a standard deviation is 0 or more": lambda: tensor.normal(3, 0, -1),
    "normal: std is nan, but a standard deviation": lambda: tensor.normal(3, 0, float("nan")),
    "normal: mean is '0', but it must be a number": lambda: tensor.normal(3, "0"),
    "Tensor: holds real numbers, so dtype 'f9' is none of its types; give": lambda: tensor.zeros(3, dtype="f9"),
    "Tensor: holds real numbers, so dtype complex128 is none of": lambda: tensor.ones(3, dtype=complex),
    "uniform: a is 1.0 and b is 0.0, but the numbers run from a up to b": lambda: init.uniform((2, 3), 1, 0),
    "uniform: shape must be an integer, not 'a'": lambda: init.uniform("a"),
    "normal: std is -2.0, but a standard deviation is 0 or more": lambda: init.normal((2, 3), std=-2),
    "xavier_normal: gain is 'a', but it must be a number": lambda: init.xavier_normal((2, 3), "a"),
    "orthogonal: gain is None, but it must be a number": lambda: init.orthogonal((2, 3), None),
    "kaiming_normal: shape (3,) is no weight's; give": lambda: init.kaiming_normal(3),
    "kaiming_normal: mode is ['fan_in']; it may be": lambda: init.kaiming_normal((2, 3), mode=["fan_in"]),
    "calculate_gain: nonlinearity is []; it may be": lambda: init.calculate_gain([]),
    "calculate_gain: param is 'a', but it must be a number": lambda: init.calculate_gain("leaky_relu", "a"),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_makes_no_tensor_is_refused_in_a_sentence(said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(said)}") as caught:
        WRONG[said]()
    assert "\n" not in str(caught.value)


@pytest.mark.torch
def test_ranges_are_pytorchs() -> None:
    torch: Any = pytest.importorskip("torch")
    for arguments in ((5,), (1, 4), (0, 1, 0.25), (3, 0, -1)):
        np.testing.assert_allclose(tensor.arange(*arguments).numpy(), torch.arange(*arguments).numpy())
    np.testing.assert_allclose(tensor.linspace(-1, 1, 7).numpy(), torch.linspace(-1, 1, 7).double().numpy(), atol=1e-7)
    for arguments in ((3,), (2, 4), (3, 0)):
        np.testing.assert_array_equal(tensor.eye(*arguments).numpy(), torch.eye(*arguments).numpy())


def test_a_shape_may_be_any_row_of_integers() -> None:
    for shape in ((2, 3), [2, 3], np.array([2, 3]), (np.int64(2), np.uint8(3))):
        assert tensor.zeros(shape).shape == tensor.normal(shape).shape == (2, 3)
    assert tensor.zeros(()).shape == ()
    assert tensor.zeros(np.array(2)).shape == (2,)
    assert tensor.ones((2, 0)).shape == (2, 0)
