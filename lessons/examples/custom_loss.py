"""A loss of one's own, written in ops, on both engines: the pinball loss, whose minimum is a quantile.

scalar: q(0.9) = 9.0
tensor: q(0.9) = 9.0
"""

from typing import Any

import numpy as np

import nn
import ops


def pinball(guess: Any, y: Any, share: float) -> Any:
    """Mean of share * (y - guess) above the guess and (1 - share) * (guess - y) below.  Source: Koenker 1978."""
    above = y - guess
    return ops.mean(ops.maximum(share * above, (share - 1) * above))


y = np.arange(11.0)  # 0, 1, ..., 10: nine tenths of the way is 9
for engine in ("scalar", "tensor"):
    guess = nn.array(0.0, engine, requires_grad=True)
    optimizer = nn.SGD([guess])
    for k in range(400):
        optimizer.lr = 5.0 / (1 + k / 10)
        optimizer.zero_grad()
        pinball(guess, y, 0.9).backward()
        optimizer.step()
    print(f"{engine}: q(0.9) = {guess.item():.1f}")
