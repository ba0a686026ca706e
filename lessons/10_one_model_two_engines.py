# %% [markdown]
# # 10. One model, two engines
#
# After this lesson you can run one network on single numbers, on arrays and in PyTorch, lay the runs side by side, say
# what each costs, and find a broken derivative by reading a table of differences.
#
# You have met two engines: `Value`, a node for each number, and `Tensor`, a node for each array. They read the same
# rules (lesson 5), and lesson 8 found the same gradients on both. Here we make that a tool. Of two engines that should
# agree, each is a test of the other.

# %%
import inspect

import nn
import viz
from lessons import faults, moons
from lessons.check import check
from lessons.exercises.lesson_10 import evidence
from viz import plots

# %% [markdown]
# ## Read: a model that does not know its engine
#
# The network of lesson 7, written for arrays, does no more than this forward: a linear layer, and such layers in a row
# with relu between them.

# %%
print(inspect.getsource(nn.Linear.forward))
print(inspect.getsource(nn.MLP.forward))

# %% [markdown]
# (The `if` refuses points of a wrong size, and `Any` is a note for tools that check types. `.mT` is the transpose: the
# layer keeps its weights with a row for each neuron.)
#
# No line says which engine it is for. What runs is decided by the parameters: with Tensors for weights, `@` makes a
# Tensor node; with arrays of Values, it makes Values. `to` gives a twin of a model on the other engine, with the same
# numbers.

# %%
X, y = moons.moons(100, seed=1337)
model = moons.starting_model(1337, "tensor")
twin = model.to("scalar")
for one in (model, twin):
    weight = one.layers[0].weight
    print(f"{type(weight).__name__:>10}, shape {weight.shape}, first number {weight.numpy()[0, 0]:.6f}")

# %% [markdown]
# Now one forward and one backward pass on the 100 points of the two moons, with the hinge loss of lesson 7 but without
# its penalty. The network's scores have shape (100, 1); `squeeze(axis=1)` takes out the axis of size 1, so that scores
# and classes are both (100,). `torch_twin` makes a twin in PyTorch, or gives None where that is not installed.

# %%
losses, slopes = {}, {}
for one in (twin, model):
    loss = nn.hinge_loss(one(nn.array(X, one.engine)).squeeze(axis=1), nn.array(y, one.engine))
    loss.backward()
    losses[one.engine], slopes[one.engine] = loss.item(), one.layers[0].weight.grad[0, 0]

if (in_torch := model.torch_twin()) is None:
    print("PyTorch is not installed, so its column is left out.")
else:
    import torch

    torch.set_num_threads(1)  # arrays as small as these are not worth sharing out
    loss = (1 - torch.tensor(y) * in_torch(torch.tensor(X))[:, 0]).relu().mean()
    loss.backward()
    losses["PyTorch"], slopes["PyTorch"] = loss.item(), in_torch.layers[0].weight.grad[0, 0].item()

# %%
for name in losses:
    print(f"{name:>7}  loss {losses[name]:.15f}  slope of the first weight {slopes[name]:.15f}")

# %% [markdown]
# ## Nudge: the judge that belongs to neither side
#
# Agreement is not proof, so once more we ask the oldest judge, and move that weight by hand:


# %%
def loss_with(nudge):
    other = model.to("tensor")
    other.layers[0].weight.data[0, 0] += nudge
    return nn.hinge_loss(other(nn.array(X)).squeeze(axis=1), nn.array(y)).item()


h = 1e-6
print(f"{(loss_with(h) - loss_with(-h)) / (2 * h):.9f}")

# %% [markdown]
# The same to as many digits as a nudge can give.
#
# ## Compare: every node, not only the last
#
# Two losses may agree by luck. `viz.compare` runs a model on both engines and compares all there is: the value and the
# gradient at each node of the array graph, and the gradients of the parameters with PyTorch's. It wants scores and
# classes as they come, so here the classes are made a column, `y[:, None]`, instead.

# %%
comparison = viz.compare(model, X, y[:, None], nn.hinge_loss)
comparison

# %% [markdown]
# The first table goes through the graph from the leaves to the loss; `module` says which layer made a node. The last
# two columns are differences, the largest over all elements of the node. Three kinds of entries need a word.
#
# - A dash: nobody asked for the gradient of points, classes or constants.
# - "moves numbers": the transpose only puts Values in another order (lesson 8), so it has no gradient of its own.
# - Numbers such as 1e-16: not zero, and yet no disagreement. The reason is this:

# %%
print((0.1 + 0.2) + 0.3)
print(0.1 + (0.2 + 0.3))

# %% [markdown]
# A computer rounds after each addition, so a sum depends on the order in which it is added up, in the sixteenth digit.
# The engines add in different orders. A wrong derivative is another matter: it is off in the first digits. Between the
# two lies a wide gap, and the comparison draws its line in there, at a billionth of the size of what is compared.

# %%
ax = comparison.plot()

# %% [markdown]
# Everything keeps well below the red line. (Exact zeros are drawn at the bottom, at 1e-18.)
#
# ## Compare: the ledger
#
# The last table says what each engine left behind and what it did.

# %%
scalar, tensor = comparison.ledger["scalar"], comparison.ledger["tensor"]
for name, cost in (("scalar", scalar), ("tensor", tensor)):
    print(f"{name}: {cost.nodes:6,} nodes, {cost.multiplies:,} multiplications, {cost.bytes:10,} bytes")
print(f"scalar to tensor: nodes {scalar.nodes / tensor.nodes:,.0f} to 1, bytes {scalar.bytes / tensor.bytes:.0f} to 1")
print("more than ten times as slow:", scalar.seconds > 10 * tensor.seconds)

# %% [markdown]
# The multiplications are equal, to the last one: it is the same arithmetic. The scalar
# engine makes a Python object for each number, the tensor engine one for each array, and inside an array the loop runs
# in compiled code. The seconds stand in the table; they are another number at each run, the rest is not.
#
# So which engine should you use? The scalar one where you want to see a path, or doubt a rule; the tensor one for
# everything that has to be finished today.

# %% [markdown]
# ## See: a training run on three engines
#
# One step may agree, but training feeds each step's rounding into the next. Here are 10 steps on all three, from the
# same numbers. `moons.train` is the loop of lesson 7, which makes one step each time `next` is called on it.

# %%
runs = [moons.Run(engine, moons.starting_model(1337, engine)) for engine in ("scalar", "tensor")]
turns = [moons.train(run, X, y, 100) for run in runs]
if (in_torch := moons.torch_model(model)) is not None:
    runs.append(moons.Run("PyTorch", in_torch))
    turns.append(moons.train_torch(runs[-1], X, y, 100))
for _ in range(10):
    for turn in turns:
        next(turn)
print(moons.table(runs))

# %% [markdown]
# The last two columns are the largest differences from the first line over all 10 steps, in the loss and in any
# gradient. (There are more nodes than in the ledger, because this loss has the penalty too.) The array engines can now
# go on alone to step 100:

# %%
for _ in zip(*turns[1:]):
    pass
print(moons.table(runs[1:]))
ax = plots.loss_curve({run.name: run.losses for run in runs})

# %% [markdown]
# The loss that lesson 7 reached number by number, 0.0109784, and every point on the right side. In the picture the
# scalar engine's line ends after 10 steps; until then the three lie on each other, and the line of PyTorch hides that
# of the tensor engine to the end.
#
# ## The wrong version: a broken engine
#
# Now we break one. `faults.plant` reads the whole package a second time with one passage changed, here so that only the
# tensor engine is hurt; the engine that you have been using stays as it is.

# %%
points, classes = moons.moons(6, seed=1337)
with faults.plant("wrong sign", engine="tensor") as broken:
    small = broken.nn.MLP(2, [4, 4, 1], rng=0)
    parted = broken.viz.compare(small, points, classes[:, None], broken.nn.hinge_loss)
nodes = parted.text().split("\n\n")[1]
print(nodes)

# %% [markdown]
# Read it in the order in which things were computed.
#
# 1. **Down the value column**, since values are computed from the top to the bottom. If one differs, look there first.
#    Here none does, and the forward pass is sound.
# 2. **Up the gradient column**, since gradients are computed from the bottom to the top, starting at the loss in the
#    last line. They agree as far as node 21, `sub`. The first that differs is that of node 19, `mul`.
# 3. **Blame the sender.** A node is sent its gradient by those that use it. The hinge loss takes $1 - ys$, of the class
#    $y$ and the score $s$, so `mul` is used by `sub`, whose own gradient is right. `sub` takes a right gradient and
#    sends a wrong one.
#
# The lines further up differ as well, but they only pass the error on. (Node 0 agrees by chance: a gradient of zero is
# the same with either sign.) The comparison reads its own table in the same way, and `faults.reveal` shows what had
# been changed:

# %%
print(parted.verdict())
print(faults.reveal("wrong sign"))

# %% [markdown]
# The slope of a difference for its second argument is $-1$; the broken rule says 1.
#
# ## What a comparison cannot see
#
# The engines share one table of rules. What if the table itself is wrong? We plant the same fault once more, in both.

# %%
with faults.plant("wrong sign") as broken:
    small = broken.nn.MLP(2, [4, 4, 1], rng=0)
    print(broken.viz.compare(small, points, classes[:, None], broken.nn.hinge_loss).verdict())
    a, b = broken.Value(3.0), broken.Value(5.0)
    (a - b).backward()
slope = ((3 - (5 + h)) - (3 - (5 - h))) / (2 * h)
print("slope of a - b for b:", b.grad, "by the broken rule,", round(slope, 6), "by a nudge")

# %% [markdown]
# They agree, on a wrong answer. Some wrong rules do show even so:

# %%
with faults.plant("partials swapped") as broken:
    small = broken.nn.MLP(2, [4, 4, 1], rng=0)
    print(broken.viz.compare(small, points, classes[:, None], broken.nn.hinge_loss).verdict())

# %% [markdown]
# Here `*` is wrong on both engines, and the comparison points at `@`. The tensor engine has a rule of its own for the
# matrix product, while the scalar engine makes it of `*` and `+`: two ways to the same number, of which only one goes
# over the broken rule.
#
# So a comparison finds what is wrong on one of two ways. What is wrong on both takes a judge from outside. PyTorch is
# one, for the models that it knows; the nudge is one for everything.
#
# ## Extend: exercises
#
# **10.1** Three engines are broken, (a), (b) and (c), each on its tensor side. You get the tables of their comparisons
# and the list of all faults that can be planted there. Which fault has each? Write `found["a"] = "wrong sign"`, say.
# (`inf` stands where two arrays could not be compared number by number. The table shows what the arrays hold at the
# end, after the backward pass.)

# %%
print(faults.catalogue(faults.TENSOR))

# %%
print(evidence("a"))

# %%
print(evidence("b"))

# %%
print(evidence("c"))

# %%
found = dict.fromkeys("abc")
### BEGIN SOLUTION
found["a"] = "transposed operand"  # matmul errs on what stands left of it; in layers.2 b has one column
found["b"] = "mutated saved data"  # values change that relu had read
found["c"] = "forgotten un-broadcast"  # an infinite difference: the shapes are not equal
### END SOLUTION
check("10.1", found)

# %% [markdown]
# **10.2** The ledger counted 65,039 nodes on the scalar engine for 100 points. Write `scalar_nodes(n)`, the number for
# `n` points, for the same network 2-16-16-1 and the mean hinge loss. Lesson 8 has the rules of counting; what a layer
# takes grows with `n`, and what is there once does not. A mean divides the sum by a constant, the number of points, and
# $1 - ys$ has a constant too; each is one Value. (In lesson 7 a plain number became a new leaf wherever it was used;
# here a number of `X` or `y` is one Value, however often it is used.) For 5 points you may ask
# `viz.compare(model, X[:5], y[:5, None], nn.hinge_loss)`.


# %%
def scalar_nodes(n):
    ### BEGIN SOLUTION
    parameters = 3 * 16 + 17 * 16 + 17
    layers = 16 * (2 + 1 + 1 + 1) + 16 * (16 + 15 + 1 + 1) + (16 + 15 + 1)
    data, hinge = 2 + 1, 3
    mean = (n - 1) + 2
    return parameters + n * (layers + data + hinge) + 1 + mean
    ### END SOLUTION


check("10.2", scalar_nodes)

# %% [markdown]
# The fault in `@` could only be found because somebody knew its right gradient. Lesson 11 derives it, and those of
# softmax with cross-entropy and of layer normalisation, by hand, with the scalar engine as the judge.
