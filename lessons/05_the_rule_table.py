# %% [markdown]
# # 5. The rule table
#
# After this lesson you can read the page on which an operation and its slope are written, check the slope by nudging,
# say why the same two functions serve numbers, arrays and letters, and add an operation of your own that works
# wherever the built-in ones do.
#
# In lessons 3 and 4 every node of the graph multiplied the gradient that came in by a local slope and sent the product
# to its arguments. This lesson is about the place where those slopes are written down.

# %%
from scalar import Value

x = Value(0.5)
y = x.tanh()
y.backward()
print("made by", y.op.name, "with the slope", x.grad)

# %% [markdown]
# The node `y` holds its number, its argument, and in `y.op` the operation that made it. It does not hold the slope, nor
# a function that computes it: the slope of tanh stands in the operation, once, for every node that uses tanh.
#
# ## Read: one operation, whole
#
# Here is all that the package knows about tanh. The operation is `ops.tanh`, and `inspect` prints its source.

# %%
import inspect

import ops

print(inspect.getsource(ops.tanh.forward))
print(inspect.getsource(ops.tanh.rules["partials"]))

# %% [markdown]
# Two functions. The first, the **forward rule**, says what tanh computes: from the input `x`, the output `y`. The
# second, the **partials rule**, says its slope $dy/dx$; it is handed the finished output `y` as well as `x`. From top
# to bottom:
#
# - A line that begins with `@` hands the function below it to what stands after the `@`, and the name of the function
#   then stands for what comes back. So `@pointwise(...)` makes an operation named `tanh` of the first function, and
#   `@tanh.partials` gives that operation its second.
# - *Pointwise* is the kind of operation: one number goes in and one comes out. In a row of many numbers each is handled
#   by itself. From -3 to 3 is where checks will try it.
# - `xp` is the place from which a rule takes functions such as tanh or exp. *One rule, four uses*, below, says why.
# - The slash is punctuation of Python's: what stands before it is handed over by position, without a name.
# - The text in quotes is for readers, with its source, a section of a handbook of functions. (The `r` keeps backslashes
#   as they are.)
# - `(1 - y * y,)` is a tuple with one entry; it is the comma that makes the tuple. An operation with two arguments,
#   such as `a * b`, has two slopes, its partial derivatives, hence the name of the rule.
#
# Why `1 - y * y`? Multiply the top and the bottom of lesson 3's formula for tanh by $e^{-x}$:
#
# $$y = \frac{e^{2x} - 1}{e^{2x} + 1} = \frac{e^x - e^{-x}}{e^x + e^{-x}} = \frac{s}{c}.$$
#
# The slope of $e^x$ is $e^x$, and that of $e^{-x}$ is $-e^{-x}$. So the top $s$ has the slope $c$, the bottom $c$ has
# the slope $s$, and the quotient rule gives
#
# $$\frac{dy}{dx} = \frac{c \cdot c - s \cdot s}{c^2} = 1 - \Big(\frac{s}{c}\Big)^2 = 1 - y^2.$$
#
# The output has been computed already, so the slope costs one multiplication and one subtraction.
#
# All operations together are the rule table, `ops.REGISTRY`. These are the pointwise ones.

# %%
names = [name for name, op in ops.REGISTRY.items() if op.kind == "pointwise"]
print(len(names), "of", len(ops.REGISTRY), "operations:")
for k in range(0, len(names), 9):
    print("   ", *names[k : k + 9])

# %% [markdown]
# The others handle rows and tables of numbers as a whole, and wait until lesson 11.
#
# ## Nudge: is the rule right?
#
# A derivation can be wrong, and so can its typing. As in lesson 1, we measure: move `x` a little to either side and
# divide by the distance. Called on a plain number, an operation only computes, so `ops.tanh` can be measured as it is.


# %%
def measured(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


for number in (-2.0, 0.0, 0.5, 2.0):
    y = ops.tanh(number)
    print(f"x = {number:4}   measured {measured(ops.tanh, number):.8f}   1 - y * y = {1 - y * y:.8f}")

# %% [markdown]
# All eight decimals agree. Now a rule that is wrong: the same forward, but a square forgotten in the slope.


# %%
@ops.pointwise((-3, 3))
def wrong_tanh(xp, x, /):
    return xp.tanh(x)


@wrong_tanh.partials
def wrong_tanh_partials(xp, y, x, /):
    return (1 - y,)


v = Value(0.5)
wrong_tanh(v).backward()
print(f"backward says {v.grad:.4f}, the slope is {measured(wrong_tanh, 0.5):.4f}")

# %% [markdown]
# Nothing complained. The value is right, backward runs, a gradient arrives, and it is the wrong one; a network trained
# with it would only learn badly. A wrong slope is found by measuring or not at all. The picture compares both rules
# with differences of every step size from 1 down to $10^{-15}$.

# %%
from matplotlib import pyplot as plt

from viz import plots

_, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
left.set(title="the rule 1 - y * y", ylim=(1e-12, 1e3))
right.set_title("the rule 1 - y")
plots.gradient_check_curve(ops.tanh, 0.5, ax=left)
ax = plots.gradient_check_curve(wrong_tanh, 0.5, ax=right)

# %% [markdown]
# On the left is the U of lesson 1: the difference comes closer and closer to the rule until rounding takes over. On the
# right no step size helps. The points lie on one level, and its height is the error of the rule.
#
# `ops.gradcheck` does this check for you, at one good step size and for each argument. Its report counts as true where
# all is well; here is the line about the first argument, which has the number 0.

# %%
for op in (ops.tanh, wrong_tanh):
    report = ops.gradcheck(op, 0.5)
    print("right:" if report else "WRONG:", report.compared[0])

# %% [markdown]
# *Gradient* is what the rule says, *slope* what was measured: for the wrong rule the same two numbers that we found.
#
# ## One rule, four uses
#
# A rule takes its functions from `xp`, and it never asks what `x` is. So whoever calls it decides what it computes
# with. First, plain numbers, whose functions are in `floats`: this is what a `Value` does.

# %%
from scalar import floats

forward, partials = ops.tanh.forward, ops.tanh.rules["partials"]
y = forward(floats, 0.5)
print(y, partials(floats, y, 0.5))

# %% [markdown]
# Second, **arrays**. An array is a row of numbers, its *elements*, that are handled all in one call, which is fast; the
# library for it is NumPy, `np` for short. Its functions have the same names, so it can be `xp`. `[0]` takes the entry
# out of the tuple.

# %%
import numpy as np

xs = np.array([-2.0, 0.25, 0.5])
ys = forward(np, xs)
print("y    ", ys)
print("dy/dx", partials(np, ys, xs)[0])

# %% [markdown]
# The last element is the 0.5 from above, with the same slope. Lesson 8 is about arrays.
#
# Third, letters. `letter("x")` is an object whose operators write themselves down instead of computing, the functions
# in `LETTERS` do likewise, and `text` shows what was written.

# %%
from ops.letters import LETTERS, letter
from ops.notation import text

print("y     =", text(forward(LETTERS, letter("x"))))
print("dy/dx =", text(partials(LETTERS, letter("y"), letter("x"))[0]))

# %% [markdown]
# The code has become a formula. The **card** of an operation is a short description, and its formulas are made in this
# way. Nobody wrote them, so they cannot disagree with the code.

# %%
ops.card(ops.tanh)

# %% [markdown]
# Fourth, `xp` is the rule table itself, and `x` and `y` are nodes. Then the slope is not a number but a node with a
# graph of its own, and it can go backward again.

# %%
import viz

x = Value(0.5, label="x")
y = ops.tanh(x)
y.label = "y"
slope = partials(ops, y, x)[0]
slope.label = "dy/dx"
slope.backward()
viz.draw(slope)

# %% [markdown]
# From left to right: `x`, its tanh, the square, and `1 - y * y`. In the box of `x` now stands the gradient of the
# *slope*, the second derivative of tanh. We measure that one too, as the slope of the slope.

# %%
print(f"backward through the slope {x.grad:.8f}")
print(f"measured                   {measured(lambda number: 1 - ops.tanh(number) ** 2, 0.5):.8f}")

# %% [markdown]
# Floats, arrays, letters, nodes: four answers from the same two functions. A rule that says `math.tanh` would serve the
# first use alone, and that is noticed when it is declared, since the declaration tries the rule on letters.

# %%
import math

try:

    @ops.pointwise((-3, 3))
    def math_tanh(xp, x, /):
        return math.tanh(x)

except ops.DeclarationError as error:
    print(error)

# %% [markdown]
# A rule may use operators and what `xp` has, and nothing else.
#
# ## Build: an operation of your own
#
# The bell curve $y = e^{-x^2}$. By the chain rule its slope is $e^{-x^2}$ times the slope of $-x^2$; the first factor
# is the output, so $dy/dx = -2xy$.


# %%
@ops.pointwise((-3, 3))
def bell(xp, x, /):
    r"""Bell curve, $y = e^{-x^2}$."""
    return xp.exp(-x * x)


@bell.partials
def bell_partials(xp, y, x, /):
    return (-2 * x * y,)


# %% [markdown]
# That is all. It goes backward, it runs on arrays, and it has its card.

# %%
v = Value(0.5)
bell(v).backward()
print(f"backward {v.grad:.8f}, measured {measured(bell, 0.5):.8f}")
print("on an array", bell(xs))
ops.card(bell)

# %% [markdown]
# ## Compare: the laws
#
# How sure can we be of it? The built-in operations are tested by laws that any operation must obey. They are ordinary
# functions that take an operation, so they try ours as well; `laws.check` stops at the first that fails, and otherwise
# lists those that hold.

# %%
from tests import laws

laws.check(bell)

# %% [markdown]
# Most of them compare the rules with something that does not know them. *slope* is our nudging, on many numbers at
# once; *rules of the rules* nudges the second and third derivatives. *PyTorch* compares with that library, and *proof*
# has a program that does algebra differentiate the forward rule (each is listed where it is installed). *engines agree*
# compares single numbers with arrays, and *card* asks for a card. The *adjoint identity* compares two uses of the
# partials rule with each other; lesson 13 has the second use.
#
# And the wrong rule?

# %%
try:
    laws.check(wrong_tanh)
except AssertionError as error:
    print("the law that fails:", str(error).split(": ")[1])

# %% [markdown]
# It fails the *slope*. But it did pass the adjoint identity, which was tried before: both uses are made from the same
# wrong slope, so they agree with each other. What a rule is compared with must come from elsewhere.
#
# ## Where there is no slope
#
# $\mathrm{relu}(x) = \max(x, 0)$ has slope 0 on the left of zero and 1 on the right. At zero it has a kink, and no
# slope. The rule must return something all the same.

# %%
v = Value(0.0)
v.relu().backward()
left, right = (ops.relu(0.0) - ops.relu(-1e-5)) / 1e-5, (ops.relu(1e-5) - ops.relu(0.0)) / 1e-5
print(f"backward {v.grad}, measured {measured(ops.relu, 0.0)}, left {left:.1f}, right {right:.1f}")
print(ops.gradcheck(ops.relu, 0.0).compared[0])

# %% [markdown]
# The rule chooses 0, as on the left. The measurement steps to both sides, over a distance of $2h$ on which relu rises
# by $h$, and finds one half. `gradcheck` says that there is a kink, so neither is wrong.
#
# A tie is a kink too: which of two equal numbers is the larger?

# %%
a, b = Value(2.0), Value(2.0)
ops.maximum(a, b).backward()
print("backward", a.grad, b.grad)
for f in (lambda x: ops.maximum(x, 2.0), lambda x: ops.maximum(2.0, x)):
    print(f"measured {measured(f, 2.0):.4f}")

# %% [markdown]
# Going backward, the first of the two gets the whole gradient. Measured, each has one half, as relu had: if it falls,
# the other stays the larger and nothing moves; if it rises, the maximum rises with it. Such choices are conventions,
# and a card states its own. A condition in square brackets counts as 1 where it holds and as 0 where it does not.

# %%
ops.card(ops.maximum)

# %% [markdown]
# ## Exercises
#
# **5.1** Make `my_softplus`, $y = \ln(1 + e^x)$, a relu with its corner rounded off. The cell below runs, but its rules
# are wrong: replace the `...` in each, and change the lines around them as you like.
#
# $e^{1000}$ is too large for a computer, while $\ln(1 + e^{1000})$ is as good as 1000. So compute
# $\ln(1 + e^x) = \max(x, 0) + \ln(1 + e^{-|x|})$. By the chain rule the slope is $e^x / (1 + e^x)$, where the same
# happens: what is $1 + e^x$, written with `y`? In `xp` there are `exp`, `log`, `log1p` (the logarithm of 1 plus its
# argument), `abs` and `maximum`. The check tries numbers, arrays and every law. Run the cell as often as you like.


# %%
@ops.pointwise((-3, 3))
def my_softplus(xp, x, /):
    y = xp.maximum(x, 0)
    ### BEGIN SOLUTION
    y = y + xp.log1p(xp.exp(-xp.abs(x)))
    ### END SOLUTION
    return y


@my_softplus.partials
def my_softplus_partials(xp, y, x, /):
    slope = 1
    ### BEGIN SOLUTION
    slope = xp.exp(x - y)
    ### END SOLUTION
    return (slope,)


# %%
from lessons.check import check

check("5.1", my_softplus)

# %% [markdown]
# **5.2** The distance of the point $(a, b)$ from the origin is $y = \sqrt{a^2 + b^2}$. Write its partials rule alone,
# without an `@`: a tuple with the slope for $a$ and the slope for $b$. It is short if you use `y`.


# %%
def distance_partials(xp, y, a, b, /):
    ### BEGIN SOLUTION
    return a / y, b / y
    ### END SOLUTION


check("5.2", distance_partials)

# %% [markdown]
# **5.3** Kinks and ties. First say which number you expect; then change the cell below and run it. Write a line for
# each of the four, such as `expected["same"] = 7`.
#
# - `"abs"`: the gradient that `abs(x)` sends to `x` at 0. Its slopes left and right are -1 and 1; `ops.card(ops.abs)`
#   says which number the rule chose.
# - `"same"`: the gradient of `ops.maximum(x, x)` at `x = 2`, both arguments being the same node.
# - `"line"`: the gradient of `line(x)` at `x = 0`.
# - `"line measured"`: the slope that `measured` finds for that function at 0.
#
# The last two differ, and the reason is worth a minute: draw the function on paper.


# %%
def line(x):
    return ops.relu(x) - ops.relu(-x)


x = Value(3.0)
line(x).backward()
print("at 3: backward", x.grad, "and measured", round(measured(line, 3.0), 6))

# %%
expected = {}
### BEGIN SOLUTION
expected["abs"] = 0
expected["same"] = 1
expected["line"] = 0
expected["line measured"] = 1
### END SOLUTION
check("5.3", expected)

# %% [markdown]
# Next, in lesson 6: neurons, and networks of them, put together from these operations and trained.
