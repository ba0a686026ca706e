"""A bias of shape (3,) added to rows of shape (4, 3): its gradient is summed over the rows that it was copied to.

x (4, 3) + b (3,) -> (4, 3)
gradient of x: (4, 3), all ones
gradient of b: [4. 4. 4.]
"""

import numpy as np

from tensor import Tensor

x = Tensor(np.arange(12.0).reshape(4, 3), requires_grad=True, label="x")
b = Tensor([10.0, 20.0, 30.0], requires_grad=True, label="b")

y = x + b  # b is stretched to four equal rows
y.sum().backward()

print(f"x {x.shape} + b {b.shape} -> {y.shape}")
print(f"gradient of x: {x.grad.shape}, {'all ones' if (x.grad == 1).all() else x.grad}")
print(f"gradient of b: {b.grad}")  # each b_j stands in four sums
