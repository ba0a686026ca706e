"""One expression of ops, on plain numbers, Values, ValueArrays and Tensors.

float        0.7616
Value        0.7616, slope 0.8399
ValueArray   0.7616, slope 0.8399
Tensor       0.7616, slope 0.8399
"""

from typing import Any

import ops
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor


def f(x: Any) -> Any:
    """tanh of a square: an op is called by its name, as an operator, or as a method (here it would be `.tanh()`)."""
    return ops.tanh(x * x)


print(f"float        {f(1.0):.4f}")  # a plain number gives a plain number, and nothing is recorded
for x in (Value(1.0), ValueArray(1.0, requires_grad=True), Tensor(1.0, requires_grad=True)):
    y = f(x)
    y.backward()
    print(f"{type(x).__name__:<12} {y.item():.4f}, slope {x.grad:.4f}")
