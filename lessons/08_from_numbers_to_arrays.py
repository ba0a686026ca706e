# %% [markdown]
# # 8. From numbers to arrays
#
# After this lesson you can read a graph whose nodes hold whole arrays, open any of its nodes and find the single
# numbers inside, say how many nodes and how many numbers a computation leaves behind, and say where the gradient of a
# weight comes from when many rows of data share that weight.
#
# Lesson 7 trained a network on nodes of one number each. Its graph of one step had tens of thousands of nodes, though
# the formula for a layer of neurons fits on one line. Here we learn to write, draw and differentiate that line as a
# whole, and check that nothing but the bookkeeping has changed.

# %%
import numpy as np

import nn
import ops
import viz
from lessons.check import check
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor

# %% [markdown]
# ## Read: a layer on one line
#
# A neuron takes a point $x$ of several numbers, multiplies each by a weight, adds the products and adds a bias. A layer
# is several neurons side by side, and a batch is several points one below the other. So we have three tables: points
# $X$, a row for each; weights $W$, a column for each neuron; biases $b$, a number for each neuron. Of two indices the
# first is the row and the second the column, both counted from 0. What neuron $j$ says about point $i$ is
#
# $$Y_{ij} = X_{i0} W_{0j} + X_{i1} W_{1j} + X_{i2} W_{2j} + b_j.$$
#
# For all $i$ and $j$ at once, this is written $Y = XW + b$. The **matrix product** $XW$ stands for what comes before
# the bias: each row of $X$ times each column of $W$, number by number, and added up.

# %%
X = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]  # 2 points of 3 numbers
W = [[1.0, 0.0], [0.5, -1.0], [2.0, 1.0]]  # 3 weights for each of 2 neurons
b = [0.5, -0.5]


def neuron(x, w, b):
    y = x[0] * w[0]
    for k in range(1, len(x)):
        y = y + x[k] * w[k]
    return y + b


def layer(X, W, b):
    return [[neuron(x, column, b[j]) for j, column in enumerate(zip(*W))] for x in X]


layer(X, W, b)

# %% [markdown]
# By hand for the upper left: $1 \cdot 1 + 2 \cdot 0.5 + 3 \cdot 2 + 0.5 = 8.5$. (`zip(*W)` hands out the columns of
# `W`.)
#
# NumPy has the line $Y = XW + b$ built in. An **array** is a table of numbers that knows its **shape**: that of $X$ is
# (2, 3), 2 rows and 3 columns, and that of $b$ is (2,), a single row of 2. (The comma tells a tuple of one from a
# number in brackets.) `+`, `*` and `/` work number by number; `@` is the matrix product, whose op is called `matmul`.

# %%
Y = np.array(X) @ np.array(W) + np.array(b)
print(Y.shape)
print(Y)

# %% [markdown]
# ## Nudge: one weight, two rows
#
# Move one weight, the one in the last row and last column of $W$, `W[2, 1]`, by a little, and see which outputs move.

# %%
h = 0.001
nudged = np.array(W)
nudged[2, 1] += h
(np.array(X) @ nudged + b - Y) / h

# %% [markdown]
# Both rows move, in column 1: one weight serves every point of the batch. The first row moves three times as far as the
# weight, the second six times, and 3 and 6 are what the weight was multiplied by.
#
# So a shared weight reaches the result along several paths. A small graph in which that happens has three inputs, of
# which two results share the second: $y_1 = x_1 x_2$, $y_2 = x_2 + x_3$, $L = y_1 y_2$.

# %%
x1, x2, x3 = (Value(number, label=f"x{i}") for i, number in enumerate([2.0, 3.0, -1.0], start=1))
y1, y2 = x1 * x2, x2 + x3
L = y1 * y2
y1.label, y2.label, L.label = "y1", "y2", "L"
L.backward()
viz.draw(L)

# %%
viz.explain(x2, L)

# %% [markdown]
# Two paths leave $L$ and meet at $x_2$; each is a product of slopes, and the gradient of $x_2$ is their sum, 10. Lesson
# 4 wrote that sum as `+=`. In an array graph such meetings are everywhere, and they hide inside the nodes.

# %% [markdown]
# ## See: the same layer as 45 nodes and as 7
#
# First with a `Value` for each number. As a stand-in for a loss we take $L$, the sum of the squares of $Y$.


# %%
def values(rows, name):
    return [[Value(x, label=f"{name}{i}{j}") for j, x in enumerate(row)] for i, row in enumerate(rows)]


Xv, Wv = values(X, "X"), values(W, "W")
bv = [Value(x, label=f"b{j}") for j, x in enumerate(b)]
Yv = layer(Xv, Wv, bv)
squares = [y * y for row in Yv for y in row]
Lv = squares[0] + squares[1] + squares[2] + squares[3]
Lv.label = "L"
Lv.backward()
print(len(ops.topological(Lv)), "nodes, L =", Lv.data)  # topological lists all nodes below

# %%
viz.draw(Lv, parameters=[*Wv[0], *Wv[1], *Wv[2], *bv])

# %% [markdown]
# Scroll to the right to see all of it. `layer` did not change: it only asks for `*` and `+`, and a Value has both.
#
# Now with a `Tensor` for each array. A Tensor is to an array what a Value is to a number: it holds the data, the
# gradient of the same shape, the op that made it and its arguments. `requires_grad=True` marks the arrays whose
# gradient we want.

# %%
Xt = Tensor(X, label="X")
Wt, bt = Tensor(W, requires_grad=True, label="W"), Tensor(b, requires_grad=True, label="b")
P = Xt @ Wt
Yt = P + bt
Lt = (Yt * Yt).sum()
P.label, Yt.label, Lt.label = "XW", "Y", "L"
Lt.backward()
print(len(ops.topological(Lt)), "nodes, L =", Lt.data)

# %%
viz.draw(Lt, direction="TB")

# %% [markdown]
# Seven nodes, and downwards they read as the formula: `@`, `+`, `*`, sum. In parentheses stands each array's shape;
# where a node has too many numbers to print, it shows the least and the greatest. $X$ has a dash for its gradient,
# because we did not ask for one; Values always keep theirs.
#
# Are they the same gradients? The weights' and the biases', from both graphs:

# %%
print("W, Values: ", [[w.grad for w in row] for row in Wv])
print("W, Tensor: ", Wt.grad.tolist())
print("b, Values: ", [x.grad for x in bv])
print("b, Tensor: ", bt.grad.tolist())

# %% [markdown]
# To the last digit. And by a nudge, for the weight that we moved before, `W[2, 1]`, whose gradient should be 9:


# %%
def loss(W):
    return float(((np.array(X) @ W + b) ** 2).sum())


(loss(nudged) - loss(np.array(W))) / h

# %% [markdown]
# A little more than 9, as a forward nudge of 0.001 gives where the curve bends upwards.
#
# ## Open: a node of the Tensor graph holds a graph of Values
#
# `viz.zoom` opens one node. Here is what the product computed for point 0 and neuron 1, that is, the element in row 0
# and column 1:

# %%
viz.zoom(P, (0, 1))

# %% [markdown]
# Three multiplications and two additions: a row of three numbers times a column of three. In red stands what this
# element alone sends back. `W[2, 1]` is sent 3, the gradient 1 of the element times `X[0, 2]`: that is the 3 of the
# nudge. The 6 is inside the element below, in row 1.
#
# To count what is inside a whole graph, we run it on a third kind of array,
# `ValueArray`, which leaves both graphs, the one of arrays and beneath it the one of numbers. Its `values` are a NumPy
# array of Values, and `values.flat` goes through them one by one.

# %%
Xa, Wa, ba = (ValueArray(data, requires_grad=True, label=name) for data, name in ((X, "X"), (W, "W"), (b, "b")))
Ya = Xa @ Wa + ba
La = (Ya * Ya).sum()

seen = set()
for node in ops.topological(La):
    inside = set(ops.topological(*node.values.flat)) - seen  # the Values that are new here
    seen |= inside
    print(f"{node.label or node.op.name:>7}  shape {node.shape!s:6}  new Values {len(inside):3}")
print(len(seen), "Values in all")

# %% [markdown]
# Seven lines for seven array nodes, and together the 45 Values that we built by hand. The lines follow rules:
#
# - A leaf has a Value for each number in it.
# - `+`, `*` and their like make one Value for each element of the result.
# - A sum of $n$ numbers takes $n - 1$ additions: 3 for the four squares. (What comes out is one number, of shape `()`.)
# - An element of a matrix product is a sum of $n$ products, so it takes $n$ multiplications and $n - 1$ additions:
#   $3 + 2 = 5$ here, and four elements make 20.
#
# There is a fifth rule, for ops that compute nothing. `.mT` is the transpose, which turns rows into columns:

# %%
turned = Wa.mT
print(turned.shape, "from", Wa.shape)
print("the very same Value:", turned.values[1, 2] is Wa.values[2, 1])
print(len(ops.topological(turned)), "array nodes,", len(ops.topological(*turned.values.flat)), "Values")

# %% [markdown]
# On arrays that is a node like any other. On numbers nothing happened: the six Values stand in another order.
#
# ## Build: what one element sends to the weights
#
# Backward, element $(i, j)$ of $XW$ passes its gradient on to what it was made of, by the chain rule of lesson 3: to
# `W[k, j]`, the gradient times `X[i, k]`. `viz.zoom` keeps what an element sends: `sent[0]` to $X$, `sent[1]` to $W$.

# %%
print("gradient of XW:", P.grad.tolist())
total = np.zeros((3, 2))
for place in [(0, 0), (0, 1), (1, 0), (1, 1)]:
    gift = viz.zoom(P, place).sent[1]
    total += gift
    print(f"element {place} sends to W:", gift.tolist())
print("together:", total.tolist())

# %% [markdown]
# An element in column $j$ sends to column $j$ of $W$ and to no other. Every number of $W$ gets two gifts, one from each
# row of the batch: the two paths that meet. Their sum is `W.grad`, the numbers from before.
#
# A Tensor does not make these four little tables. It gets their sum from one more matrix product, of the transpose of
# $X$ and the gradient $G$ of $XW$:

# %%
G = P.grad
print((np.array(X).mT @ G).tolist())
print("equal to W.grad:", np.array_equal(np.array(X).mT @ G, Wt.grad))

# %% [markdown]
# Written out, $(X^T G)_{kj} = X_{0k} G_{0j} + X_{1k} G_{1j}$: the same sum over rows. Lesson 11 derives such products.
#
# ## Compare: what grows with the data and what does not
#
# Now a layer of the size used in lesson 7, 16 numbers in and 16 neurons, on ever more points. `nn.array` makes a Tensor
# or, asked for "scalar", a ValueArray.


# %%
def layer_of_16(n, engine):
    X, W, b = (nn.array(np.ones(shape), engine, requires_grad=True) for shape in [(n, 16), (16, 16), (16,)])
    return X @ W + b


print("points  Tensor nodes   Values")
for n in (1, 10, 100):
    by_arrays = ops.topological(layer_of_16(n, "tensor"))
    by_numbers = ops.topological(*layer_of_16(n, "scalar").values.flat)
    print(f"{n:6}  {len(by_arrays):12}  {len(by_numbers):7,}")

# %% [markdown]
# Five nodes, however many points. The multiplications have not gone away: they run in NumPy's compiled loops, and what
# we save is the Python object that stood around each number. What we give up is seeing them, and that is what opening a
# node gives back.
#
# ## Extend: exercises
#
# **8.1** Predict, without running it, what each of these five lines makes, from the arrays `A` of shape (4, 3), `B` of
# shape (3, 5) and `v` of shape (3,):
#
# - (a) `A @ B`
# - (b) `A + v`, where each row of `A` gets the whole of `v` added
# - (c) `A.mT`
# - (d) `A.sum(axis=0)`, which adds the rows up and leaves one sum for each column
# - (e) `(A * A).sum()`, which leaves a single number, of shape `()`
#
# Of each, say the shape of the result, the number of nodes in its graph on Tensors, and the number of Values it would
# be on the scalar engine. Leaves count, and each line starts with fresh ones. Write `predicted["b"] = (9, 8), 7, 99`
# for a result of shape (9, 8), 7 Tensor nodes and 99 Values.

# %%
predicted = dict.fromkeys("abcde")
### BEGIN SOLUTION
predicted["a"] = (4, 5), 3, 12 + 15 + 20 * (3 + 2)
predicted["b"] = (4, 3), 3, 12 + 3 + 12
predicted["c"] = (3, 4), 2, 12
predicted["d"] = (3,), 2, 12 + 3 * 3
predicted["e"] = (), 3, 12 + 12 + 11
### END SOLUTION
check("8.1", predicted)

# %% [markdown]
# **8.2** Be the zoom: write `sent_to_W(X, G, i, j)`, the array of `W`'s shape that element `(i, j)` of $XW$ sends back
# to $W$. `X` and `G` are NumPy arrays, `X` of shape (points, inputs) and `G`, the gradient of $XW$, of shape (points,
# neurons). Do not forget the zeros.


# %%
def sent_to_W(X, G, i, j):
    ### BEGIN SOLUTION
    sent = np.zeros((X.shape[1], G.shape[1]))
    sent[:, j] = X[i] * G[i, j]
    return sent
    ### END SOLUTION


check("8.2", sent_to_W)

# %% [markdown]
# Case (b) of the first exercise slipped something in: `A` has four rows and `v` is one, and yet they could be added.
# Lesson 9 is about what that does to the gradient of `v`, and about the day it goes wrong without a word.
