# %% [markdown]
# # 2. A number that remembers
#
# After this lesson you can build a number that remembers how it was made, read a drawing of all that it remembers, and
# say beforehand how large that drawing will be.
#
# Lesson 1 measured slopes by running a formula again for each input. This lesson lays the ground for something better.

# %% [markdown]
# ## Why a plain number is not enough
#
# Here is the formula of lesson 1 once more.

# %%
a, b, c = 2.0, -3.0, 10.0
d = a * b + c
d

# %% [markdown]
# `d` is 4.0, and that is all it is. Nothing in it tells of `a`, `b` and `c`, or of the product on the way. Whoever
# wants to know how `d` depends on `a` can only run the line again with another `a`.
#
# Python lets us define numbers of our own. When it meets `a * b`, it calls `a.__mul__(b)`; for `a + b` it calls
# `a.__add__(b)`. So a class with these two methods makes numbers that can be multiplied and added, and they may do more
# than compute: they may note down what they did. In a method, `self` is the number before the operator and `other` the
# one after it. Each `Number` keeps its value in `data`, the operation (*op*) that made it in `op`, and the two numbers
# that it was made of, its *arguments*, in `args`.


# %%
class Number:
    def __init__(self, data, op="", args=()):
        self.data, self.op, self.args = data, op, args

    def __add__(self, other):
        return Number(self.data + other.data, "+", (self, other))

    def __mul__(self, other):
        return Number(self.data * other.data, "*", (self, other))


a, b, c = Number(2.0), Number(-3.0), Number(10.0)
d = a * b + c
print(d.data, d.op, d.args[0].data, d.args[1].data)

# %% [markdown]
# The formula reads as before, and the result is 4.0 as before. But now `d` also knows that it is a sum, and of which
# two numbers: of $-6$, which was never given a name, and of 10. And $-6$ is a `Number` too, which knows that it is a
# product. So the whole history can be told from `d` alone. `story` is *recursive*: it calls itself, for the stories of
# the two arguments. An input has no arguments, and its story is its value.


# %%
def story(number):
    if not number.args:
        return str(number.data)
    left, right = number.args
    return f"({story(left)} {number.op} {story(right)})"


story(d)

# %% [markdown]
# That is the formula, written by its own result. With it, one could go back from `d` to everything that it depends on,
# step by step. All gradients in this course are found on that way back.

# %% [markdown]
# ## Value
#
# `Value` is this project's number that remembers. It is our `Number` with the other operators, with functions such as
# `exp`, and with a place for a gradient. A label is a name for people to read.

# %%
from scalar import Value

a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
d = a * b + c
d.label = "d"
d

# %% [markdown]
# It holds its number in `data`; `grad` is where the slope will go, 0 to begin with. What it was made by and from stands
# in `op` and `args`, as in our own class. The inputs were made by nothing:

# %%
print("d:", d.op.name, d.args)
print("a:", a.op, a.args)

# %% [markdown]
# A picture shows all of this at once.

# %%
import viz

viz.draw(d)

# %% [markdown]
# Read it from left to right, as the formula was computed. Every box is a *node*, one for each number: the three inputs,
# the product and the sum. Every arrow is an *edge*, from an argument to what was made of it. The dark circle is no
# node, it is the op of the box that follows it. The whole is the *graph* of `d` (not the curve that school calls so).
# `d` is its *root*, and the inputs are its *leaves*.
#
# Each node has a place for its gradient, and in each there is a dash: no gradient has arrived yet. A dash is not a
# zero. Zero would say that `d` does not change when this number does. (The `grad=0` printed above only marks the
# place.)

# %% [markdown]
# ## What counts as a node
#
# The picture can be counted. `viz.trace` gives the graph as plain lists.


# %%
def count(root):
    graph = viz.trace(root)
    return f"{len(graph.nodes)} nodes, {len(graph.edges)} edges"


count(d)

# %% [markdown]
# Three rules cover nearly all you need to predict such counts. First: a number that is used twice is one node with two
# edges leaving it.

# %%
s = a + b
s.label = "s"
y = s * s
print(count(y))
viz.draw(y)

# %% [markdown]
# Both factors are the same `s`, so there is one node `s` and two edges from it to the product. Write the sum out twice
# instead, and Python computes it twice: the value is the same, the graph is not.

# %%
y = (a + b) * (a + b)
print(count(y))
viz.draw(y)

# %% [markdown]
# Second: a plain number in a formula becomes a leaf, for what stands in `args` are Values. A plain exponent is the
# exception: it is kept as part of the op, and makes no node.

# %%
print("2 * a:  ", count(2 * a))
print("a - 1:  ", count(a - 1))
print("a ** 2: ", count(a**2))
viz.draw(2 * a, a - 1, a**2, captions=["2 * a", "a - 1", "a ** 2"])

# %% [markdown]
# Third: a name is not a node. `c += 1` does not change the number that `c` stood for. It makes a new one and moves the
# name to it; the old one stays in the graph, unchanged, as an argument of the new.

# %%
c = a + b
before = c
c += 1
print("still the same number?", c is before)
print("before:", before.data, " now:", c.data, " its arguments:", c.args)

# %% [markdown]
# So the arrows never lead back to where they began: a number can only be made of numbers that were there already.

# %% [markdown]
# ## A longer formula
#
# An *engine* is a program that finds gradients from such graphs. The next formula opens the README of micrograd, the
# engine that this project learned from. It computes nothing useful, and only uses everything: sums, products, powers, a
# quotient, names that move on, and `relu`, which keeps a positive number and turns a negative one into 0.


# %%
def expression(a, b):
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    f = (c - d) ** 2
    return f / 2.0 + 10.0 / f


print(f"{expression(Value(-4.0), Value(2.0)).data:.4f}")

# %% [markdown]
# One number came out. This is what it remembers, drawn from top to bottom:

# %%
a, b = Value(-4.0, label="a"), Value(2.0, label="b")
g = expression(a, b)
g.label = "g"
print(count(g))
viz.draw(g, direction="TB")

# %% [markdown]
# From `a` and `b`, at the top, every path leads to `g`, at the bottom. On the left, the name `c` stood first for $-2$,
# then for $-3$, then for $-1$; on the right, `d` stood for 0, for 0 again, and for 6. The two meet at the minus. Every
# gradient is a dash. Now ask for them. It takes one call, on the root:

# %%
g.backward()
print(f"slope for a: {a.grad:.4f}")
print(f"slope for b: {b.grad:.4f}")

# %% [markdown]
# Are these the slopes of lesson 1? Nudge `a` and `b` to either side, which takes four more runs of the formula.

# %%
h = 1e-6
for_a = expression(Value(-4.0 + h), Value(2.0)).data - expression(Value(-4.0 - h), Value(2.0)).data
for_b = expression(Value(-4.0), Value(2.0 + h)).data - expression(Value(-4.0), Value(2.0 - h)).data
print(f"nudging a: {for_a / (2 * h):.4f}")
print(f"nudging b: {for_b / (2 * h):.4f}")

# %% [markdown]
# They are: 138.8338 and 645.5773, to all the digits printed. One call on the root has found both, and has filled in
# every other node on the way. How it does so is the next lesson, and you will do it by hand.

# %% [markdown]
# ## Exercises
#
# **2.1** Write a function that builds the graph of $(a + b)(a + b) - ab$ from two Values `a` and `b`, in such a way
# that the sum is computed once. The product of the sum with itself is to be a `*`, not a power. `viz.draw` shows you
# what you have built.

# %%
from lessons.check import check


def build(a, b):
    ### BEGIN SOLUTION
    s = a + b
    return s * s - a * b
    ### END SOLUTION


check("2.1", build)

# %% [markdown]
# **2.2** Without running them: how many nodes and edges has each of these graphs? Here `x` and `y` are Values.
#
# 1. `x + x`
# 2. `3 * x`
# 3. `x ** 3`
# 4. `(x + y) * (x - y)`
# 5. `x * x * x + 1`
#
# Give five pairs `(nodes, edges)` in this order, separated by commas.

# %%
counts = [
    ### BEGIN SOLUTION
    (2, 2),
    (3, 2),
    (2, 1),
    (5, 6),
    (5, 6),
    ### END SOLUTION
]
check("2.2", counts)

# %% [markdown]
# **2.3** Write your own `count`, without `viz`: given a root, return the pair `(nodes, edges)`, by following `args`.
# Keep a list of nodes still to be looked at, and a set of those met: `met = set()`, `met.add(node)`, `node in met`.


# %%
def count_all(root):
    ### BEGIN SOLUTION
    met, waiting, edges = {root}, [root], 0
    while waiting:
        node = waiting.pop()
        edges += len(node.args)
        for arg in node.args:
            if arg not in met:
                met.add(arg)
                waiting.append(arg)
    return len(met), edges
    ### END SOLUTION


check("2.3", count_all)

# %% [markdown]
# Next: the chain rule, by hand, edge by edge, until every dash of a graph is a number.
