"""A function with three outputs: one row of its Jacobian for each backward pass, one column for each forward pass.

row by row, backward:
[[ 2.  1.]
 [ 1. -1.]
 [ 2.  4.]]
column by column, forward: the same
"""

from typing import Any

import numpy as np

import ops
from tensor import Tensor

x = Tensor([1.0, 2.0], requires_grad=True)


def f(x: Any) -> Any:
    """(a b, a - b, a^2 + b^2), of x = (a, b)."""
    a, b = x
    return ops.stack([a * b, a - b, a * a + b * b])


def row(i: int) -> Any:
    """The gradient of output i: backward from a cotangent that is one there and zero elsewhere."""
    x.grad = None
    f(x).backward(np.eye(3)[i])
    return x.grad


rows = np.array([row(i) for i in range(3)])
columns = np.array([ops.jvp(f, np.array([1.0, 2.0]), t)[1] for t in np.eye(2)]).T

print("row by row, backward:", rows, sep="\n")
print("column by column, forward:", "the same" if (rows == columns).all() else columns)
