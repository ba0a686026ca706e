"""Handwritten digits on the tensor engine: an MLP or a small convolutional network learns 8x8 images in seconds.

    python -m lessons.digits [--model mlp|cnn] [--epochs N] [--seed N]

The data are scikit-learn's 1797 digits, four fifths to learn from and one fifth to be tested on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
from lessons.arguments import whole
from ops import no_grad

Array = np.ndarray[Any, Any]


def mlp(seed: int) -> nn.Module:
    """64 pixels, two hidden layers of 64, 10 classes."""
    return nn.Sequential(nn.Flatten(), nn.MLP(64, [64, 64, 10], rng=seed))


def cnn(seed: int) -> nn.Module:
    """Two convolutions with 16 and 32 filters, each followed by max pooling, and a linear layer."""
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(128, 10, rng=rng)),
    )


def images(X: Array) -> Any:
    """The digits as a batch with one channel, (n, 1, 8, 8)."""
    return nn.array(X[:, None])


@no_grad()
def accuracy(model: nn.Module, X: Array, y: Array) -> float:
    """The share of digits whose highest score is the right one."""
    scores = model.eval()(images(X)).numpy()
    return float((scores.argmax(axis=1) == y).mean())


def train(model: nn.Module, X: Array, y: Array, epochs: int, seed: int) -> float:
    """Adam on batches of 64, the learning rate falling along a cosine; returns the last batch's loss."""
    loader = nn.DataLoader(X, y, batch_size=64, shuffle=True, rng=seed)
    optimizer = nn.Adam(model.parameters(), lr=0.003)
    schedule = nn.CosineAnnealingLR(optimizer, epochs * len(loader))
    loss = None
    for _ in tqdm(range(epochs), unit="epoch"):
        for X_batch, y_batch in loader:
            loss = nn.cross_entropy(model.train()(images(X_batch)), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return loss.item() if loss is not None else float("nan")


def main(argv: Sequence[str] | None = None) -> float:
    """Train, test, print; returns the test accuracy."""
    parser = argparse.ArgumentParser(prog="python -m lessons.digits", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", choices=("mlp", "cnn"), default="mlp", help="what to train (mlp)")
    parser.add_argument("--epochs", type=whole(1), default=20, help="passes over the training set (20)")
    parser.add_argument("--seed", type=whole(0), default=0, help="seed of split, weights and order (0)")
    options = parser.parse_args(argv)
    (X, y), (X_test, y_test) = nn.data.digits(rng=options.seed)
    model = {"mlp": mlp, "cnn": cnn}[options.model](options.seed)
    start = time.perf_counter()
    loss = train(model, X, y, options.epochs, options.seed)
    seconds, score = time.perf_counter() - start, accuracy(model, X_test, y_test)
    print(f"{options.model}: loss {loss:.4f}, test accuracy {score:.1%} of {len(y_test)}, {seconds:.1f} s")
    return score


if __name__ == "__main__":
    main()
