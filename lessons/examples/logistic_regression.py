"""Two classes told apart by one sigmoid: breast tumours from scikit-learn, a quarter kept for the test.

0.979 of 143 tumours told apart
"""

import numpy as np
from sklearn.datasets import load_breast_cancer

import nn
from ops import no_grad

X, y = load_breast_cancer(return_X_y=True)
order = np.random.default_rng(0).permutation(len(X))
train, test = order[143:], order[:143]
X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)

model = nn.Linear(30, 1, rng=0)
optimizer = nn.Adam(model.parameters(), lr=0.05, weight_decay=1e-3)
inputs, target = nn.array(X[train]), nn.array(y[train].astype(float))
for _ in range(200):
    loss = nn.binary_cross_entropy_with_logits(model(inputs).squeeze(axis=1), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

with no_grad():
    guesses = model(nn.array(X[test])).squeeze(axis=1) > 0
print(f"{(guesses == y[test]).mean():.3f} of {len(test)} tumours told apart")
