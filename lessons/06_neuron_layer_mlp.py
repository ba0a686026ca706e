# %% [markdown]
# # 6. Neuron, layer, MLP
#
# After this lesson you can build a neural network from `Value`s in thirty lines, train it, draw what it has learned,
# tell its parameters from the nodes that each step makes, and find the commonest mistake in a training loop.
#
# Lesson 5 left us with operations that know their slopes. Lesson 3 had one neuron whose gradients we found by hand.
# Now the gradients are the computer's business, and we use them.

# %% [markdown]
# ## A neuron
#
# A neuron multiplies each input by a weight, adds the products and a bias, and may bend the sum; here by relu, which
# makes a negative sum 0. Its weights and its bias are its **parameters**: the numbers that training may change. The
# weights start at random, from -1 to 1, and the bias at 0.
#
# In Python, `neuron(x)` calls `neuron.__call__(x)`. And `sum(products, self.b)` adds the products to `self.b`; without
# it, `sum` would begin with a plain 0.

# %%
import random

from scalar import Value


class Neuron:
    def __init__(self, inputs, bend):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(inputs)]
        self.b = Value(0)
        self.bend = bend

    def __call__(self, x):
        products = [w * xi for w, xi in zip(self.w, x)]
        total = sum(products, self.b)
        return total.relu() if self.bend else total

    def parameters(self):
        return [*self.w, self.b]


# %% [markdown]
# `random.seed` makes the random numbers the same at every run.

# %%
import viz

random.seed(0)
neuron = Neuron(2, bend=True)
y = neuron([1.0, -1.0])
y.backward()
viz.draw(y, parameters=neuron.parameters())

# %% [markdown]
# Two weights and a bias, in boxes of their own; two inputs; two products, two sums, one relu. The gradient in a
# parameter's box says how the output moves if that parameter does.
#
# ## A task
#
# Exclusive or: two inputs, each -1 or 1, and the answer is 1 where they differ, -1 where they are equal. The loss is
# the mean of the squared differences between what the model says and the answer. A **model** is whatever is trained,
# here a neuron.

# %%
points = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
answers = [-1.0, 1.0, 1.0, -1.0]


def mean_square(model):
    squares = [(model(x) - t) ** 2 for x, t in zip(points, answers)]
    return sum(squares, Value(0)) / len(squares)


random.seed(0)
neuron = Neuron(2, bend=False)
print("loss", mean_square(neuron).data)

# %% [markdown]
# A training step is: compute the loss, set the gradients to zero, go backward, move each parameter a little against its
# gradient. The **learning rate**, `lr`, says how little. Repeat.


# %%
def step(model, lr):
    loss = mean_square(model)
    for p in model.parameters():
        p.grad = 0
    loss.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return loss.data


# %%
losses = [step(neuron, lr=0.1) for _ in range(100)]
print(f"first {losses[0]:.4f}, last {losses[-1]:.4f}")
print(f"outputs within {max(abs(neuron(x).data) for x in points):.0e} of 0")

# %% [markdown]
# It learned to say 0 to everything, which costs 1 a point. More steps do not help. The output is
# $w_1 x_1 + w_2 x_2 + b$, so the places where it is 0 form a straight line, above zero on one side and below on the
# other. And no straight line has the two points that want 1 on one side and the two that want -1 on the other.
#
# ## A layer, and layers
#
# With several lines it can be done. A **layer** is several neurons that read the same inputs; an **MLP** (multilayer
# perceptron) is layers one after the other, each reading the outputs of the one before. The last has a single neuron
# here, whose output is the model's. The others are called hidden, and only they bend. `MLP(2, [4, 1])` has 2 inputs, a
# hidden layer of 4 and a last layer of 1.


# %%
class Layer:
    def __init__(self, inputs, outputs, bend):
        self.neurons = [Neuron(inputs, bend) for _ in range(outputs)]

    def __call__(self, x):
        return [neuron(x) for neuron in self.neurons]

    def parameters(self):
        return [p for neuron in self.neurons for p in neuron.parameters()]


# %%
class MLP:
    def __init__(self, inputs, sizes):
        self.layers = []
        for i, outputs in enumerate(sizes, start=1):
            self.layers.append(Layer(inputs, outputs, bend=i < len(sizes)))
            inputs = outputs

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x[0]

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]


# %%
random.seed(1)
model = MLP(2, [4, 1])
print(len(model.parameters()), "parameters, loss", round(mean_square(model).data, 4))

# %% [markdown]
# Four neurons with two weights and a bias each, one with four weights and a bias: 4 * 3 + 5 parameters.
#
# ## The boundary while it learns
#
# To see what the model says over the whole plane we ask it at every point of a grid, which comes as an array and which
# `tolist` makes a list. `ops.no_grad()` tells the engine that no gradient will be wanted: it records no graph.

# %%
import numpy as np

import ops


def score(grid):
    with ops.no_grad():
        return np.array([model(x).data for x in grid.tolist()])


# %%
from matplotlib import pyplot as plt

from viz import plots

X, y = np.array(points), np.array(answers)
boards = dict(zip((0, 10, 20, 100), plt.subplots(1, 4, figsize=(11, 3.1), layout="constrained")[1]))
losses = []
for k in range(101):
    if k in boards:
        ax = plots.decision_boundary(score, X, y, ax=boards[k], mesh=0.1)
        ax.set_title(f"step {k}, loss {mean_square(model).data:.4f}")
        for marks in ax.collections[-2:]:
            marks.set_sizes([80])
    losses.append(step(model, lr=0.1))

# %% [markdown]
# Orange is where the model's output is above zero, blue where it is not; triangles want orange, discs want blue. The
# boundary starts somewhere, is pulled about, and ends as a band that holds both triangles. It consists of straight
# pieces, and each corner lies where one of the four neurons begins to bend.
#
# ## Parameters and nodes
#
# Here is the graph that the model makes for one point. The point's two numbers are `Value`s with a name here, so that
# the picture shows each of them once.

# %%
one = model([Value(-1.0, label="x1"), Value(-1.0, label="x2")])
viz.draw(one, parameters=model.parameters())

# %% [markdown]
# On the left the parameters and the point, then a node for every product, sum and relu; at the right end, which the
# scroll bar brings, the last neuron adds up. The loss of all four points is too large to draw, but not to count:
# parameters, results of operations, and plain numbers that became leaves. `ops.topological` lists all nodes of a graph,
# in lesson 4's order.

# %%
own = set(model.parameters())
for name, root in (("one point", one), ("loss of four points", mean_square(model))):
    nodes = [node for node in ops.topological(root) if node not in own]
    results = sum(node.op is not None for node in nodes)
    print(f"{name:20} {len(own)} parameters {results:4} results {len(nodes) - results:3} numbers")

# %% [markdown]
# The parameters are the same seventeen, while the rest is there four times, and a little more for the loss. The nodes
# of a step are made in its forward pass and vanish when the step is over. The parameters stay: they are what the model
# *is*, and a graph is what it did once.
#
# So a parameter keeps its gradient from one step to the next. In the picture all results have a dash, since this graph
# has not gone backward, while the parameters still hold what the last step left. That is how the commonest mistake
# comes about.
#
# ## The forgotten zero_grad
#
# Here is the step without its two lines that set the gradients to zero.


# %%
def forgetful_step(model, lr):
    loss = mean_square(model)
    loss.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return loss.data


random.seed(1)
model = MLP(2, [4, 1])
forgotten = [forgetful_step(model, lr=0.1) for _ in range(101)]
ax = plots.loss_curve({"with zero_grad": losses, "forgotten": forgotten})

# %% [markdown]
# Same model, same start, same learning rate. In the end the right step loses the same share of the loss each time: a
# straight line on this scale. Without zero_grad there is no error message, and the loss even falls for a
# while; then it jumps about and never settles. To see why, we hold the model still (`lr=0`) and look at one gradient.

# %%
for name, one_step in (("step", step), ("forgetful_step", forgetful_step)):
    random.seed(1)
    model = MLP(2, [4, 1])
    seen = []
    for _ in range(4):
        one_step(model, lr=0)
        seen.append(round(model.parameters()[0].grad, 4))
    print(f"{name:15}", seen)

# %% [markdown]
# The slope at this place is the same four times, as `step` says. The forgetful gradient is once, twice, three times,
# four times the slope: each `backward()` added to what was there. While the model moves, what is there is the sum of
# the slopes at all the places where it has ever been, so that it rolls past every valley.
#
# Why does `backward()` add in the first place? Lesson 4: a node that is used twice gets its gradient in two parts.
# Every weight here is used four times, once for each point, and its gradient is the sum. The engine cannot know whether
# the next backward pass belongs to the same sum or to a new one. You do, so you say it, and saying it is `zero_grad`.
#
# Between loss and backward, or before the loss, or after the update: anywhere will do, but not between `backward()` and
# the update, where it would wipe out what was just found.
#
# ## The same, ready-made
#
# `scalar.nn` has these three classes, with `zero_grad()`, and draws its random numbers in the same order.

# %%
import scalar.nn

random.seed(1)
ready = scalar.nn.MLP(2, [4, 1])
random.seed(1)
print(ready)
print(mean_square(ready).data, mean_square(MLP(2, [4, 1])).data)

# %% [markdown]
# ## Exercises
#
# **6.1** Four points with three inputs each, to be learned by an MLP with two hidden layers of 4 neurons. Before you
# run anything: how many parameters has `MLP(3, [4, 4, 1])`? And how many *results* (nodes that an operation made) does
# it leave for one point? Count a product for each weight, and a sum for each weight too, since the bias starts the
# sum; and do not forget the relus.

# %%
from lessons.check import check

parameters = (
    ### BEGIN SOLUTION
    4 * (3 + 1) + 4 * (4 + 1) + 1 * (4 + 1)
    ### END SOLUTION
)
results = (
    ### BEGIN SOLUTION
    2 * (4 * 3 + 4 * 4 + 1 * 4) + 4 + 4
    ### END SOLUTION
)
check("6.1", {"parameters": parameters, "results": results})

# %% [markdown]
# **6.2** Now train it. `train()` should return a model whose loss, the *sum* of the four squared differences, is below
# 0.01. Seed, learning rate and number of steps are yours to choose; try 0.01, 0.02 and 0.1 for the rate and print the
# losses. If every output sticks at 0, all relus have died: begin from another seed, with smaller steps.

# %%
inputs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
targets = [1.0, -1.0, -1.0, 1.0]


def train():
    ### BEGIN SOLUTION
    random.seed(2)
    model = scalar.nn.MLP(3, [4, 4, 1])
    for _ in range(100):
        loss = sum([(model(x) - t) ** 2 for x, t in zip(inputs, targets)], Value(0))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.02 * p.grad
    return model
    ### END SOLUTION


check("6.2", train())

# %% [markdown]
# **6.3** Find the forgotten zero_grad without reading the code. `forgets(step, model)` is given a training step,
# called as `step(model, lr)`, and a model, and should return True if the step leaves old gradients in *any* parameter,
# and False otherwise. What you saw above with `lr=0` is the way. Try it on `step` and `forgetful_step`; the check also
# tries steps that you have not seen.


# %%
def forgets(step, model):
    ### BEGIN SOLUTION
    step(model, 0)
    first = [p.grad for p in model.parameters()]
    step(model, 0)
    return [p.grad for p in model.parameters()] != first
    ### END SOLUTION


check("6.3", forgets)

# %% [markdown]
# Next, in lesson 7: the same network, larger, and a hundred points in the shape of two moons.
