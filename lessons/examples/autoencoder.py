"""Digits of 64 pixels squeezed through eight numbers and drawn again; the picture goes to the file named, if one is.

squared error a pixel: 0.018 by the autoencoder, 0.024 by the best linear one
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import nn

(X, _), (X_test, _) = nn.data.digits(rng=0)
X, X_test = X.reshape(len(X), 64), X_test.reshape(len(X_test), 64)
model = nn.Sequential(nn.MLP(64, [64, 8], rng=0), nn.MLP(8, [64, 64], rng=1))
optimizer = nn.Adam(model.parameters(), lr=0.003)
for _ in range(25):
    for (batch,) in nn.DataLoader(X, batch_size=64, shuffle=True, rng=0):
        loss = nn.mse_loss(model(nn.array(batch)), nn.array(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

drawn = model(nn.array(X_test)).numpy()
mean = X.mean(axis=0)
components = np.linalg.svd(X - mean, full_matrices=False)[2][:8]  # principal components: what no linear one can beat
linear = mean + (X_test - mean) @ components.T @ components
error, linear_error = (float(((each - X_test) ** 2).mean()) for each in (drawn, linear))
print(f"squared error a pixel: {error:.3f} by the autoencoder, {linear_error:.3f} by the best linear one")

if len(sys.argv) > 1:
    figure = Figure(figsize=(8, 2.4), layout="constrained")
    for axes, pixels, name in zip(figure.subplots(2, 10), (X_test, drawn), ("given", "drawn again")):
        axes[0].set_ylabel(name)
        for ax, image in zip(axes, pixels):
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
    figure.savefig(sys.argv[1])
