# %% [markdown]
# # 7. Moons, one number at a time
#
# After this lesson you can train a network of some hundred parameters on a hundred points with nothing but `Value`s,
# say what each part of its loss is for, find your way in a graph that is too large to draw, and train on one point or
# ten points or all of them at a time, knowing what changes.
#
# The data, the network and the numbers are those of the demo of micrograd, the small engine from which the scalar half
# of this package descends. Whoever repeats it exactly must come out at a loss of 0.0109784. We shall.

# %% [markdown]
# ## The points and the network
#
# A hundred points in the shape of two half-moons that reach into each other, slightly scattered. Each belongs to one of
# two classes, which `make_moons` calls 0 and 1. We want -1 and 1; arithmetic on an array is done on each element. `xs`
# and `ys` are the arrays as lists.

# %%
import numpy as np
from sklearn.datasets import make_moons

points, classes = make_moons(n_samples=100, noise=0.1, random_state=1337)
X, y = np.array(points), np.array(classes)
y = 2 * y - 1
xs, ys = X.tolist(), y.tolist()
for x, c in list(zip(xs, ys))[:3]:
    print(f"({x[0]:6.3f}, {x[1]:6.3f})  class {c:2}")

# %% [markdown]
# The network is the MLP of lesson 6 with two hidden layers of 16 neurons. Its one output is a **score**: above zero
# means class 1, below zero class -1.

# %%
import random

from scalar.nn import MLP

random.seed(1337)
model = MLP(2, [16, 16, 1])
print(len(model.parameters()), "=", 16 * (2 + 1) + 16 * (16 + 1) + 1 * (16 + 1), "parameters")

# %% [markdown]
# `score` is that of lesson 6, and `accuracy` counts the points that are on their side; True counts as 1.

# %%
import ops
from viz import plots


def score(grid):
    with ops.no_grad():
        return np.array([model(x).data for x in grid.tolist()])


def accuracy():
    return sum((s > 0) == (c > 0) for s, c in zip(score(X).tolist(), ys))


ax = plots.decision_boundary(score, X, y)
title = ax.set_title(f"untrained: {accuracy()} of 100 right")

# %% [markdown]
# The random network calls everything class -1, which is right for half of the points.
#
# ## The loss
#
# How wrong is a score $s$ for a point of class $c$? The **hinge loss** is $\max(0,\; 1 - c\,s)$: zero if the score has
# the right sign and is at least 1 in size, and otherwise as large as what is missing.

# %%
for i in (0, 3, 4, 7):
    s = model(xs[i])
    print(f"class {ys[i]:2}   score {s.data:7.4f}   hinge {(1 - ys[i] * s).relu().data:.4f}")

# %% [markdown]
# The loss of the network is the mean of the hinges, plus a small penalty on large parameters: 0.0001 times the sum of
# their squares. Without the penalty nothing would keep the weights from growing long after all points are right.

# %%
from scalar import Value


def loss_of(model, xs, ys):
    hinges = [(1 - c * model(x)).relu() for x, c in zip(xs, ys)]
    squares = [p * p for p in model.parameters()]
    return sum(hinges, Value(0)) / len(hinges) + 1e-4 * sum(squares, Value(0))


loss = loss_of(model, xs, ys)
print(f"step 0: loss {loss.data:.6f}, {accuracy()}% right")

# %% [markdown]
# That is the first of the two numbers we are after. The classes must be -1 and 1 for this loss. Data often comes with
# 0 and 1 instead, as `make_moons` did, and forgetting the line `y = 2 * y - 1` is a classic. What would it do?

# %%
for c in (0, -1):
    model.zero_grad()
    (1 - c * model(xs[0])).relu().backward()
    print(f"class {c:2}: {sum(p.grad != 0 for p in model.parameters())} parameters hear from this point")

# %% [markdown]
# A point of class 0 has the hinge $\max(0, 1 - 0 \cdot s) = 1$ whatever its score, so no parameter can change it.
# Half of the data would be silent, without any error. (With class -1, the parameters that hear nothing are those
# behind a relu that is at zero for this point.)
#
# ## The graph of one point

# %%
hinge = (1 - ys[0] * model(xs[0])).relu()
print(len(ops.topological(hinge)), "nodes for one point,", len(ops.topological(loss)), "for the loss of all")

# %% [markdown]
# `viz.draw(hinge, budget=60)` shows the first of these graphs with every neuron folded to a stack that opens with a
# click; the page is large, so try it in a cell of your own. Here is its right end: the last three of the sixteen
# products that the output neuron adds up, the bias and the other thirteen being one number, `rest`.

# %%
import viz

first, second, last = model.layers
h = [Value(out.data, label=f"h{i}") for i, out in enumerate(second(first(xs[0])), start=1)]
neuron = last.neurons[0]
model.zero_grad()
total = Value(sum([w * out for w, out in zip(neuron.w[:13], h)], neuron.b).data, label="rest")
for w, out in zip(neuron.w[13:], h[13:]):
    total = total + w * out
end = (1 - ys[0] * total).relu()
end.label = "hinge"
end.backward()
viz.draw(end, parameters=neuron.w)

# %% [markdown]
# Read it from the right, as the gradient goes. It passes unchanged along the staircase of
# additions, so every product has the same gradient. A product multiplies it: the weight gets it times `h`, and `h` gets
# it times the weight. Where `h` is 0, which is what a relu left of a negative sum, the weight gets 0. And though `h`
# itself gets a gradient, that relu lets nothing of it through, so whatever reaches the hinge only that way hears
# nothing. In the layers before it goes on like this, but a neuron of the first layer is read by sixteen others and adds
# up what comes back from them.
#
# ## Training
#
# One step: the loss of all hundred points, gradients to zero, backward, and each parameter moved against its gradient.
# The learning rate falls from 1.0 towards 0.1 in a straight line.


# %%
def step(model, xs, ys, lr):
    loss = loss_of(model, xs, ys)
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return loss.data


def learning_rate(k):
    return 1.0 - 0.9 * k / 100


# %% [markdown]
# A hundred such steps make and drop a hundred times 68818 nodes. That takes some seconds, and more if Python looks now
# and then for objects that hold on to each other; a graph has none, so `gc.disable()` stops the search.

# %%
import gc

from matplotlib import pyplot as plt

random.seed(1337)
model = MLP(2, [16, 16, 1])
losses, right = [], {}
boards = dict(zip((0, 10, 30, 99), plt.subplots(1, 4, figsize=(11, 3.1), layout="constrained")[1]))
gc.disable()
for k in range(100):
    if k in boards:
        right[k] = accuracy()
        ax = plots.decision_boundary(score, X, y, ax=boards[k], mesh=0.15)
        ax.set_title(f"step {k}: {right[k]} of 100 right")
    losses.append(step(model, xs, ys, learning_rate(k)))
gc.enable()

# %%
for k in (0, 1, 2, 10, 30, 99):
    print(f"step {k:2}: loss {losses[k]:.7f}" + (f", {right[k]}% right" if k in right else ""))

# %% [markdown]
# There it is: 0.0109784, and every point on its side. The pictures show how: first nothing, then a line with a bend,
# then a curve that follows both moons.

# %%
ax = plots.loss_curve({"100 points a step": losses})

# %% [markdown]
# The way there is not smooth. The very first step makes the loss larger, since a learning rate of 1.0 carries the
# parameters past the valley, and for a while it goes up and down. As the rate falls, so do the jumps. And what remains
# at the end?

# %%
penalty = 1e-4 * sum(p.data**2 for p in model.parameters())
print(f"after the last update: loss {loss_of(model, xs, ys).data:.7f}, of which penalty {penalty:.7f}")

# %% [markdown]
# The penalty alone: all hundred hinges are zero, and what is still going on is that the weights slowly shrink.

# %% [markdown]
# ## Exercises
#
# **7.1** The step above keeps the graphs of all hundred points at once, and goes backward once. Write a step that makes
# the same change with one point's graph at a time: for each point its share of the loss and a backward pass of its own,
# then the penalty and one for it, and only then the update. That this is allowed is lesson 4: gradients add up.
# `point_step` returns the loss as a plain number.

# %%
from lessons.check import check


def point_step(model, xs, ys, lr):
    ### BEGIN SOLUTION
    model.zero_grad()
    total = 0.0
    for x, c in zip(xs, ys):
        share = (1 - c * model(x)).relu() / len(xs)
        share.backward()
        total += share.data
    penalty = 1e-4 * sum([p * p for p in model.parameters()], Value(0))
    penalty.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return total + penalty.data
    ### END SOLUTION


check("7.1", point_step)

# %% [markdown]
# **7.2** Now reproduce the demo with it: seed 1337, a new model, the points `xs` and `ys`, and `learning_rate(k)` at
# step `k`. `reproduce(steps)` returns the list of the losses that the steps returned. The check runs ten steps; once it
# passes, see for yourself that `reproduce(100)` ends at 0.0109784.


# %%
def reproduce(steps):
    ### BEGIN SOLUTION
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    return [point_step(model, xs, ys, learning_rate(k)) for k in range(steps)]
    ### END SOLUTION


check("7.2", reproduce)

# %% [markdown]
# **7.3** A step need not look at all points. `with_batches(size)` draws `size` points anew for each of its hundred
# steps, a **batch**, and returns the losses of the batches and the trained model. The cell calls it with 3; call it
# with 10 and with 1. (`accuracy()` asks whatever is called `model`.) Then answer with a line for each, such as
# `batches["one"] = "a"`:
#
# - `"nodes"`: how many nodes has the loss of a batch of 25? Count them as above, and see why
#   they are not a quarter of those of 100.
# - `"ten"`: of all 100 points, how many are right after training with batches of 10?
# - `"one"`: what happens with batches of 1? `"a"`: it learns as well as with 100, for a hundredth of the work.
#   `"b"`: it does not learn; every step goes its full length for the sake of one point, and undoes what others did.
#   `"c"`: the loss falls more slowly, but as smoothly as with all points.


# %%
def with_batches(size):
    random.seed(1337)
    model, draw = MLP(2, [16, 16, 1]), random.Random(0)
    losses = []
    for k in range(100):
        batch = draw.sample(range(100), size)
        losses.append(step(model, [xs[i] for i in batch], [ys[i] for i in batch], learning_rate(k)))
    return losses, model


few, model = with_batches(3)
ax = plots.loss_curve({f"3 points a step, {accuracy()} of 100 right": few})

# %%
batches = {}
### BEGIN SOLUTION
batches["nodes"] = 1018 + 25 * 678
batches["ten"] = 97
batches["one"] = "b"
### END SOLUTION
check("7.3", batches)

# %% [markdown]
# Next, in lesson 8: one node for a whole array of numbers, in place of a node for each.
