"""A straight line through noisy points, by gradient descent, beside the answer of least squares.

descent:       y = 2.026 x + 1.002
least squares: y = 2.026 x + 1.002
"""

import numpy as np

import nn

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (50, 1))
y = 2 * X + 1 + 0.1 * rng.standard_normal((50, 1))

model = nn.Linear(1, 1, rng=rng)
optimizer = nn.SGD(model.parameters(), lr=0.5)
for _ in range(200):
    loss = nn.mse_loss(model(nn.array(X)), nn.array(y))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

(slope,), (intercept,) = model.weight.data[0], model.bias.data.reshape(1)
design = np.hstack([X, np.ones_like(X)])
best = np.linalg.lstsq(design, y, rcond=None)[0].ravel()
print(f"descent:       y = {slope:.3f} x + {intercept:.3f}")
print(f"least squares: y = {best[0]:.3f} x + {best[1]:.3f}")
