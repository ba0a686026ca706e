# %% [markdown]
# # 9. Broadcasting, backwards
#
# After this lesson you can say how arrays of different shapes are added, what that does to their gradients on the way
# back, and how a missing pair of brackets makes a regression learn the wrong thing without an error.
#
# In lesson 8 a bias of shape (2,) was added to a product of shape (2, 2). Nobody said how to add arrays of different
# shapes; NumPy knew. What it does is called **broadcasting**. It is the one step of a forward pass that happens without
# being written down.

# %%
import numpy as np

import nn
import ops
import viz
from lessons.check import check
from tensor import Tensor
from viz import plots

# %% [markdown]
# ## Read: a bias is used again in every row
#
# A table of 2 rows and 3 columns, plus a single row:

# %%
P = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
b = np.array([10.0, 20.0, 30.0])
print(P.shape, "+", b.shape, "->", (P + b).shape)
print(P + b)

# %% [markdown]
# The row `b` was added to each row of `P`, as if it had first been copied to the size of `P`. In the picture the pale
# cells are those copies; they are never made, only read again. (The red lines are about the way back. An **axis** is a
# direction of an array: axis 0 of (2, 3) goes down its 2 rows, axis 1 along its 3 columns.)

# %%
ax = plots.broadcast((2, 3), (3,), names=("P", "b"))

# %% [markdown]
# ## Nudge: what one bias moves
#
# We take $L$, the sum of the squares of $Y = P + b$, and move `b[1]` alone.


# %%
def loss(b):
    return float(((P + b) ** 2).sum())


h = 1e-6
(loss(b + [0, h, 0]) - loss(b - [0, h, 0])) / (2 * h)

# %% [markdown]
# A slope of 94. Two elements of $Y$ moved, 22 and 25, one in each row, and the slope of a square is twice the number:
# $2 \cdot 22 + 2 \cdot 25 = 94$. The gradient of one bias is a sum over all rows in which the bias was used.
#
# ## See: the paths that meet
#
# The same on Tensors, with the node of the addition opened:

# %%
Pt = Tensor(P, requires_grad=True, label="P")
bt = Tensor(b, requires_grad=True, label="b")
Y = Pt + bt
L = (Y * Y).sum()
L.backward()
viz.zoom(Y)

# %% [markdown]
# From each of `b[0]`, `b[1]` and `b[2]` two lines go out, one to each row. Backward, two gradients come in along those
# lines and meet, and lesson 4 has told us what happens where paths meet: they add up.

# %%
print("gradient of Y:", Y.grad.tolist(), "shape", Y.grad.shape)
print("gradient of P:", Pt.grad.tolist(), "shape", Pt.grad.shape)
print("gradient of b:", bt.grad.tolist(), "shape", bt.grad.shape)
print("rows added up:", Y.grad.sum(axis=0).tolist())

# %% [markdown]
# The slope of an addition is 1, so the gradient of $Y$ goes to both arguments as it is. `P` takes it as it comes. `b`
# has another shape: it takes the sum over the rows. `sum(axis=0)` adds along axis 0, which is gone afterwards, and what
# is left has shape (3,).
#
# Broadcasting copies forward; **copying forward is adding up backward**.

# %% [markdown]
# ## The wrong version: leave the sum out
#
# Suppose an engine forgot the sum and handed `b` a gradient in the shape of $Y$. One step of gradient descent in NumPy:

# %%
learned = b - 0.01 * Y.grad
print("b was of shape", b.shape, "and is now of shape", learned.shape)
print(P + learned)

# %% [markdown]
# No error. `b` broadcast once more, in the update, and the bias is now a table with a row of its own for every point of
# the batch: the network can learn each point by heart, and fails at the first batch of another size. So the rule
# for an engine is strict: **a gradient has the shape of what it is the gradient of.**

# %% [markdown]
# ## Read: the whole rule
#
# Write the two shapes below each other, flush right. Fill the shorter one up with ones on its left. Now each axis must
# have equal sizes, or one of them must be 1; an axis of size 1 is stretched to the other's size.

# %%
for one, other in [((2, 3), (3,)), ((2, 3), (2, 1)), ((3, 1), (3,)), ((), (2, 3)), ((5, 1, 4), (3, 1))]:
    print(f"{one!s:>9} and {other!s:>6} -> {np.broadcast_shapes(one, other)}")

# %%
try:
    Pt + Tensor([10.0, 20.0])
except ops.ShapeError as error:
    print(error)

# %% [markdown]
# The last one fails although 2 occurs in both shapes: flush right, the 2 stands below the 3. (Axis -1 is the first from
# the right.) Here are three of those that work, with the sums that lead back.

# %%
from matplotlib import pyplot as plt

figure, axes = plt.subplots(3, 1, figsize=(7, 7.5), layout="constrained")
for ax, (one, other) in zip(axes, [((2, 3), (2, 1)), ((3, 1), (3,)), ((), (2, 3))]):
    plots.broadcast(one, other, ax=ax)

# %% [markdown]
# In the second both arrays are stretched, one to the right and one downward, so both get a sum. It is the one to watch:
# a column and a row of three make a table of nine.
#
# Backward there are two cases, and they differ in what becomes of the axis:
#
# - an axis that was **filled up**: sum over it, and it is gone, since the argument does not have it;
# - an axis that was **1**: sum over it, and keep it with size 1, which `keepdims=True` does.

# %%
g = np.ones((4, 3))
print("to (3,):  ", g.sum(axis=0).shape)
print("to (4, 1):", g.sum(axis=1, keepdims=True).shape, "and without keepdims", g.sum(axis=1).shape)

# %% [markdown]
# ## Build: once, for all ops
#
# A product broadcasts as a sum does. Its slopes are other ones, so `b` should get `Y.grad * P`, added up over the rows:

# %%
Pt, bt = (Tensor(data, requires_grad=True) for data in (P, b))
Y = Pt * bt
(Y * Y).sum().backward()
print(bt.grad.tolist())
print((Y.grad * P).sum(axis=0).tolist())

# %% [markdown]
# The rule of `*` says nothing of shapes. It multiplies the gradient by the slope and is done; the engine looks at what
# comes out and, where that is larger than the argument, folds it back. It does so in one function, so an op that you
# add, as in lesson 5, broadcasts correctly without your having thought of it. You will write that function in 9.1.

# %% [markdown]
# ## Compare: a regression that learns the wrong thing
#
# Three points, two numbers each, and three targets. There is an exact answer: the target is twice the second number
# plus 2. A model makes its predictions as a column, of shape (3, 1), since that is what `X @ w` with a $w$ of shape
# (2, 1) is. The targets were typed as a list.

# %%
X = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])
y = np.array([6.0, 8.0, 10.0])
perfect = X @ [[0.0], [2.0]] + 2
print("predictions", perfect.shape, "targets", y.shape)
print(perfect - y)

# %% [markdown]
# The predictions are right, so the differences should be three zeros. They are nine numbers: a column minus a row,
# every prediction compared with every target. A mean of squares takes them all the same. Which predictions does that
# loss find better?


# %%
def mean_square(difference):
    return (difference**2).mean()


print(f"perfect predictions: {mean_square(perfect - y):.2f}")
print(f"always the mean, 8:  {mean_square(np.full((3, 1), 8.0) - y):.2f}")

# %% [markdown]
# Saying 8 whatever the point, it finds, is better than the truth. Each prediction is pulled towards all three targets
# at once, and such pulls balance at the mean of the targets. Now train on it for 100 steps from zero, once with the
# targets as they are and once as a column, `[[6.0], [8.0], [10.0]]`, which `reshape(3, 1)` makes of them. `nn.SGD`
# makes the steps of lesson 6, parameter minus rate times gradient; `ravel()` lays all numbers of an array in one row.


# %%
def fit(y, steps):
    """Loss, true error and the three predictions at each step."""
    w, b = Tensor(np.zeros((2, 1)), requires_grad=True), Tensor(np.zeros(1), requires_grad=True)
    optimizer, history = nn.SGD([w, b], lr=0.01), []
    for _ in range(steps):
        p = Tensor(X) @ w + b
        loss = mean_square(p - y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append([loss.item(), mean_square(p.numpy().ravel() - y.ravel()), *p.numpy().ravel()])
    return np.array(history)


# %%
for name, targets in (("(3,)", y), ("(3, 1)", y.reshape(3, 1))):
    loss, error, *predictions = fit(targets, 100)[-1]
    said = " ".join(f"{p:.2f}" for p in predictions)
    print(f"y of shape {name:6}  loss {loss:.3f}  true error {error:.3f}  predictions {said}")

# %% [markdown]
# A loss of 5.70 against one of 0.285, for the same data and model; only the brackets differ.
#
# Look at the true error, the mean square between each prediction and its own target. After 100 steps the wrong run is
# no worse: 0.243 against 0.285. Both started at zero, and on the way up to 8 the wrong run passes near the truth. Who
# stops here and looks at the predictions sees nothing amiss. So let it run on.

# %%
wrong, right = fit(y, 3000), fit(y.reshape(3, 1), 3000)
print("y of shape (3,):  ", wrong[-1, 2:].round(2), f"loss {wrong[-1, 0]:.3f}")
print("y of shape (3, 1):", right[-1, 2:].round(2), f"loss {right[-1, 0]:.3f}")
ax = plots.loss_curve({"y of shape (3,)": [*wrong[:, 1]], "y of shape (3, 1)": [*right[:, 1]]})
ax.set(ylabel="true error", xscale="log")
ax.axvline(100, color=plots.GREY, linewidth=1)
_ = ax.text(105, 1e-6, "step 100")

# %% [markdown]
# The more it trains, the worse it gets: 8, 8, 8, and a loss of 2.667 that no further step can lower. With a column for
# the targets the error goes to zero. Nothing in the engine was wrong: each sum was folded back faithfully, and each
# gradient was the right answer to the wrong question.
#
# This is why the losses of `nn` do not broadcast. They ask for equal shapes and say so:

# %%
w = Tensor(np.zeros((2, 1)), requires_grad=True)
try:
    nn.mse_loss(X @ w, y)
except ops.ShapeError as error:
    print(error)
print("with a column:", round(nn.mse_loss(X @ w, y.reshape(3, 1)).item(), 2))

# %% [markdown]
# ## Extend: exercises
#
# **9.1** Write `unbroadcast(g, shape)`: given a NumPy array `g`, the gradient that came back in the stretched shape,
# return it folded to `shape`, that of the argument. It has to work for any two shapes that broadcasting can bring
# together. (`g.ndim` is the number of `g`'s axes, and `g.sum(axis=(0, 2))` sums over two of them.)
#
# Your function is tested by Hypothesis, a library that makes up hundreds of inputs and, once one fails, looks for the
# smallest that still does. The hint is about that smallest one.


# %%
def unbroadcast(g, shape):
    ### BEGIN SOLUTION
    lead = g.ndim - len(shape)
    ones = [lead + i for i, n in enumerate(shape) if n == 1]
    return g.sum(axis=(*range(lead), *ones)).reshape(shape)
    ### END SOLUTION


check("9.1", unbroadcast)

# %% [markdown]
# **9.2** Now you are Hypothesis. Each of these three tries has a hole, though all of them fold (2, 3) to (3,) rightly.
# For each, find a shape of `g` and a `shape` to fold it to, such that the result is wrong or there is none. Write
# `holes[first_axis] = (2, 3), (3,)` for a `g` of shape (2, 3) that goes to (3,).


# %%
def first_axis(g, shape):
    return g if g.shape == shape else g.sum(axis=0).reshape(shape)


def one_stretch(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=shape.index(1), keepdims=True) if 1 in shape else g


def flush_left(g, shape):
    axes = [i for i, (have, want) in enumerate(zip(g.shape, shape)) if have != want]
    return g.sum(axis=tuple(axes), keepdims=True).reshape(shape)


# %%
holes = dict.fromkeys([first_axis, one_stretch, flush_left])
### BEGIN SOLUTION
holes[first_axis] = (3, 3), (3, 1)
holes[one_stretch] = (2, 2), (1, 1)
holes[flush_left] = (3, 3), (3,)
### END SOLUTION
check("9.2", holes)

# %% [markdown]
# You now know what an array engine does beyond the scalar one: it sums where it has stretched. Lesson 10 runs one and
# the same network on both engines, compares them node by node, and finds out what to do when they disagree.
