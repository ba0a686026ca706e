# %% [markdown]
# # 4. Why this order, and why +=
#
# After this lesson you can say what goes wrong when a number is used twice, and you will have built an engine of thirty
# lines in which it goes right. You know why gradients are added, in which order nodes have their turn, and when to set
# a gradient back to zero. At the end you hunt bugs in broken engines.
#
# You need lesson 3: a node multiplies what has arrived by its local slopes, and sends the products to its arguments.

# %% [markdown]
# ## A number that is used twice
#
# In the graphs that lesson 3 drew, every number had one use. Here $a$ is used three times and $b$ twice. `kind` is the
# class that the numbers are made with: `Value` now, and later one of our own.

# %%
import viz
from scalar import Value


def diamond(kind):
    a = kind(3.0)
    b = a + a
    d = b + a
    e = b + d
    a.label, b.label, d.label, e.label = "a", "b", "d", "e"
    return a, b, d, e


a, b, d, e = diamond(Value)
viz.draw(e)

# %% [markdown]
# Written out, $e = b + b + a = 5a$, so the slope of $e$ with respect to $a$ must be 5. A nudge agrees:


# %%
def formula(a):
    b = a + a
    return b + (b + a)


h = 1e-5
print(f"de/da is about {(formula(3.0 + h) - formula(3.0 - h)) / (2 * h):.4f}")

# %% [markdown]
# Such a graph, where paths part and meet again, is called a diamond. Each way to get the order wrong gives another
# wrong number for this one.

# %% [markdown]
# ## Why +=
#
# Begin with $y = x + x$ alone. When $y$ has its turn it sends 1 to each of its two arguments, and both are the same
# node. What if what is sent is written into `x.grad`, and what if it is added to what is there?

# %%
x = Value(3.0)
y = x + x
y.grad = 1.0

for arg in y.args:
    arg.grad = y.grad * 1.0
print("written", x.grad)

x.grad = 0
for arg in y.args:
    arg.grad += y.grad * 1.0
print("added  ", x.grad)

# %% [markdown]
# Written, the second 1 wipes out the first, and 1 is left. Added, they make 2, which is right: $x + x = 2x$. When $x$
# is nudged, *both* terms move, and $y$ feels the two moves together.
#
# That holds for any graph. A nudge of $a$ reaches the result on every path there is, and what the paths bring is added.
# `viz.explain` lists the paths of the graph above, each with its product of local slopes.

# %%
viz.explain(a, e)

# %% [markdown]
# Five paths, each with a product of 1: that is where the 5 comes from. (*1st* and *2nd* tell the two edges from $a$ to
# $b$ apart.) The engine never lists the paths. It only has to add, at each node, what comes from the node's *users*,
# the nodes that it is an argument of.

# %% [markdown]
# ## An engine of your own
#
# To try orders, let us build a small engine. A `Number` keeps its arguments and, for each, the local slope. `send` is
# lesson 3's `_backward`, with the `+=`; `zip` hands it an argument together with its slope.


# %%
class Number:
    def __init__(self, data, args=(), slopes=()):
        self.data, self.grad = data, 0.0
        self.args, self.slopes = args, slopes

    def __add__(self, other):
        return Number(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Number(self.data * other.data, (self, other), (other.data, self.data))

    def send(self):
        for x, slope in zip(self.args, self.slopes):
            x.grad += self.grad * slope


# %% [markdown]
# Who has a turn when? The result comes first. After it, $b$ and $d$ have both received something. Try both orders.

# %%
a, b, d, e = diamond(Number)
e.grad = 1.0
for node in (e, d, b):
    node.send()
print("e then d then b gives", a.grad)

a, b, d, e = diamond(Number)
e.grad = 1.0
for node in (e, b, d):
    node.send()
print("e then b then d gives", a.grad)

# %% [markdown]
# The order $e$, $d$, $b$ gives 5. With $b$ before $d$ it is 3. $b$ is used by $e$ *and* by $d$; when it has its turn
# before $d$, half of its gradient has not arrived. It sends the other half on, and what comes later never leaves it.

# %% [markdown]
# ## Why not recurse?
#
# There seems to be a way without any order. Each node sends, and then tells its arguments to do the same. It is four
# lines long, and it is what comes to mind first.


# %%
def recurse(node):
    node.send()
    for x in node.args:
        recurse(x)


a, b, d, e = diamond(Number)
e.grad = 1.0
recurse(e)
print("recursion gives", a.grad)

# %% [markdown]
# 7, too much this time. The stepper can play this naive recursion. Run the cell, press the ▶ on the right of *Play* for
# each step, and watch for red.

# %%
a, b, d, e = diamond(Value)
viz.step(e, order="recursive")

# %% [markdown]
# In step 2, $b$ has its turn too early: it passes on 1, where its whole gradient is 2. In step 4 the recursion comes by
# again, and $b$ passes on the whole 2, of which 1 had been sent before. Now the same graph in the right order.

# %%
viz.step(e)

# %% [markdown]
# The two side by side:
#
# | turn | naive recursion | right order |
# |---|---|---|
# | 1 | $e$ sends 1 | $e$ sends 1 |
# | 2 | <span style="color: #b3261e">$b$ sends 1, too early</span> | $d$ sends 1 |
# | 3 | $d$ sends 1 | $b$ sends 2, all it has |
# | 4 | <span style="color: #b3261e">$b$ sends 2, and 1 of it a second time</span> | |
# | $a$ gets | 7 | 5 |
#
# Could the recursion at least visit each node once only? Then nothing is sent twice.


# %%
def recurse_once(node, seen):
    if node not in seen:
        seen.add(node)
        node.send()
        for x in node.args:
            recurse_once(x, seen)


a, b, d, e = diamond(Number)
e.grad = 1.0
recurse_once(e, set())
print("each node once gives", a.grad)

# %% [markdown]
# 3 again: $b$ has its one turn, too early, and what $d$ sends it later stays there. Once is right, but *when*?

# %% [markdown]
# ## The right order
#
# A node may send when all its users have sent to it. So we need the nodes in a row where each stands after all of its
# users. Such a row is called a *topological order*.
#
# To get it, walk from the result towards the inputs, but put a node on the list only when everything that it is made of
# is on the list already. Then arguments stand before users. Turn the list round, with `[::-1]`, and users stand before
# arguments.


# %%
def order(root):
    done, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for x in node.args:
                visit(x)
            done.append(node)  # only now: what it is made of is on the list

    visit(root)
    return done[::-1]


# %%
a, b, d, e = diamond(Number)
e.grad = 1.0
for node in order(e):
    node.send()
print(" then ".join(node.label for node in order(e)), "gives", a.grad)

# %% [markdown]
# 5 at last. The only difference to the recursion before is where the work stands: after the loop over the arguments
# instead of before it. The walk is still recursive; the sending is not.
#
# One graph proves little, so here are 200 random ones, on our engine and on `Value`. Each step adds or multiplies two
# numbers that are there already, so some are used often. The same seed gives both engines the same formula.

# %%
import random


def random_formula(numbers, rng):
    for _ in range(12):
        x, y = rng.choice(numbers), rng.choice(numbers)
        numbers = [*numbers, x + y if rng.random() < 0.6 else x * y]
    return numbers[-1]


# %%
worst = 0.0
for seed in range(200):
    ours, theirs = Number(1.1), Value(1.1)
    root = random_formula([ours, Number(0.7)], random.Random(seed))
    root.grad = 1.0
    for node in order(root):
        node.send()
    random_formula([theirs, Value(0.7)], random.Random(seed)).backward()
    worst = max(worst, abs(ours.grad - theirs.grad) / max(1.0, abs(theirs.grad)))
print(f"200 formulas, largest difference {worst:.0e}")

# %% [markdown]
# Equal to the last digits. You have built an engine.

# %% [markdown]
# ## What recursion would cost
#
# Besides giving 7, the naive recursion is slow: it goes along every path. Double a number $k$ times, by `x = x + x`,
# and count the calls of `send`.


# %%
def calls(node):
    return 1 + sum(calls(x) for x in node.args)


for k in (4, 8, 12, 16):
    x = Number(1.0)
    for _ in range(k):
        x = x + x
    print(f"{k:2} doublings: recursion sends {calls(x):7,} times, the order {len(order(x)):2}")

# %% [markdown]
# Each doubling doubles the work: 131,071 calls for a graph of 17 nodes. And a walk that calls itself has another limit.
# Python stops it at about a thousand calls inside one another, so our `order` fails on a long chain.

# %%
x = Number(1.0)
for _ in range(5000):
    x = x + Number(1.0)
try:
    order(x)
except RecursionError as error:
    print("Number:", type(error).__name__)

start = y = Value(1.0)
for _ in range(5000):
    y = y + 1.0
y.backward()
print("Value:  the gradient of the first number is", start.grad)

# %% [markdown]
# A chain of 5,000 sums is nothing special: to add up 5,000 numbers makes one. `Value` gets through. Our walk leaves it
# to Python to remember which nodes are begun and not yet finished; `Value` keeps a list of them. In exercise 4.2 you
# write that.

# %% [markdown]
# ## Backward twice
#
# Here is backward as one function, and $y = x \cdot x \cdot x$, whose slope at 3 is $3 \cdot 3^2 = 27$. What happens if
# it runs twice?


# %%
def careless_backward(root):
    root.grad = 1.0
    for node in order(root):
        node.send()


x = Number(3.0)
y = x * x * x
careless_backward(y)
print("once: ", x.grad)
careless_backward(y)
print("twice:", x.grad)

# %% [markdown]
# 27, and then 72. One might expect 54, twice the slope, or 27 again; 72 is neither. The culprit is the node in the
# middle, $x \cdot x$. It still holds its gradient from the first pass, adds that of the second to it, and sends on too
# much. micrograd gives 72 as well.
#
# A gradient in the middle of the graph is a note for one pass, to be thrown away before the next.


# %%
def backward(root):
    nodes = order(root)
    for node in nodes:
        if node.args:
            node.grad = 0.0
    root.grad = 1.0
    for node in nodes:
        node.send()


# %%
x = Number(3.0)
y = x * x * x
backward(y)
backward(y)
print("twice:", x.grad)

# %% [markdown]
# Now it is 54. With that, your engine is complete: `Number`, `order` and `backward`, thirty lines.

# %% [markdown]
# ## Why zero_grad
#
# Why not throw away the gradient of $x$ too, so that the second pass gives 27? Because adding is useful. What a network
# makes small is mostly a sum, one error for each example that it is shown, and a sum may be done term by term:

# %%
x = Value(3.0)
(x * x).backward()
(x * 5.0).backward()
print("two passes: ", x.grad)

x = Value(3.0)
(x * x + x * 5.0).backward()
print("one pass:   ", x.grad)

# %% [markdown]
# The gradient of a sum is the sum of the gradients. So inputs collect what every pass brings them, on purpose, and to
# forget it is *your* business. In this course, as in PyTorch, the library used for most large networks, whatever learns
# has a method `zero_grad()` for it; for a single Value it is `x.grad = 0`.
#
# What if one forgets to forget? Let $x$ slide down to the bottom of $(x - 2)^2$: compute the slope, take a small step
# against it, and again.


# %%
def slide(set_back):
    x, seen = Value(5.0), []
    for _ in range(60):
        seen.append(x.data)
        if set_back:
            x.grad = 0
        ((x - 2.0) ** 2).backward()
        x.data -= 0.05 * x.grad
    return seen


right, wrong = slide(True), slide(False)
print(f"gradient set back each time: after 59 steps, x = {right[-1]:.2f}")
print(f"gradient never set back:     after 59 steps, x = {wrong[-1]:.2f}")

# %%
from matplotlib import pyplot as plt

from viz.plots import BLUE, ORANGE

ax = plt.subplots(figsize=(7, 3.4), layout="constrained")[1]
ax.axhline(2.0, color="0.8")
ax.plot(right, color=BLUE, label="gradient set back before each pass")
ax.plot(wrong, color=ORANGE, linestyle="--", label="never set back")
ax.set(xlabel="step", ylabel="x")
_ = ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

# %% [markdown]
# With the gradient set back, $x$ comes to rest at 2. Without, all earlier slopes push along at every step: $x$ arrives
# at the bottom at full speed, shoots past it and swings back, for ever. After 59 steps it stands at 5.04, further off
# than it began. There is no error message; a training run that will not settle down often lacks a `zero_grad`.

# %% [markdown]
# ## Broken engines
#
# All these mistakes can be made on purpose. `lessons.faults` makes a copy of the engine with one mistake in it; the
# engine itself stays as it is.

# %%
from lessons import faults

with faults.plant("missing +=") as engine:
    a = engine.Value(3.0)
    (a + a).backward()
    print("a + a leaves", a.grad)

print(faults.reveal("missing +=", "scalar"))

# %% [markdown]
# The lines at the end show what was changed, in two passages: a line with a minus stands in the engine, one with a plus
# in the broken copy. There are seven faults that one can see on Values:

# %%
print(faults.catalogue(faults.SCALAR))

# %% [markdown]
# An engine is tested by asking it for gradients that one knows. A test is a function that is given an engine; its
# `assert` stops with an error if what follows is not true. `faults.score` runs it on the sound engine, which has to
# pass, and on each broken one, which it should catch.


# %%
def sums_are_right(engine):
    a = engine.Value(3.0)
    b = a + a
    (b + (b + a)).backward()
    assert a.grad == 5


print(faults.score(sums_are_right, faults.SCALAR))

# %% [markdown]
# The small graph of this lesson catches two, the missing += and the wrong order. The other five slip through.

# %% [markdown]
# ## Exercises
#
# **4.1** Here are three engines, A, B and C, each with one of the seven faults above. Find out which by experiments
# like the one in the cell below. Then write a line for each letter, such as `culprits["A"] = "wrong sign"`.

# %%
from lessons.exercises.lesson_04 import suspects

A, B, C = suspects()

p, q = A.Value(2.0), A.Value(5.0)
(p * q).backward()
print("engine A on p * q:", p.grad, q.grad)

# %%
from lessons.check import check

culprits = {}
### BEGIN SOLUTION
culprits["A"] = "stale gradients"
culprits["B"] = "wrong order"
culprits["C"] = "missing +="
### END SOLUTION
check("4.1", culprits)

# %% [markdown]
# **4.2** Write a topological order that does not call itself: `flat_order(root)` gives a list of the root and all that
# it is made of, each node once and after all its users, and it gets through a chain of 5,000. Keep a list of the nodes
# that are begun, and look at the last one again and again: what has to happen before it is finished?


# %%
def flat_order(root):
    ### BEGIN SOLUTION
    finished, inside = {}, [root]  # a dict, since it keeps the order and finds a node at once
    while inside:
        waits_for = [x for x in inside[-1].args if x not in finished]
        if waits_for:
            inside.append(waits_for[0])
        else:
            finished[inside.pop()] = True
    return list(finished)[::-1]
    ### END SOLUTION


check("4.2", flat_order)

# %% [markdown]
# **4.3** Write a test that catches all seven broken engines. The score names in words what it misses. Besides
# arithmetic, a Value has `x.tanh()`, and `x.relu()`, which is $x$ where $x$ is positive and 0 elsewhere.


# %%
def my_test(engine):
    ### BEGIN SOLUTION
    def slope(f, x):
        x = engine.Value(x)
        f(x).backward()
        return x.grad

    assert slope(lambda x: (b := x + x) + (b + x), 3.0) == 5
    assert slope(lambda x: 7 - x * 4, 3.0) == -4
    assert slope(lambda x: x * x + x.relu(), -3.0) == -6
    assert slope(lambda x: x.tanh(), 0.0) == 1
    x = engine.Value(3.0)
    cube = x * (x * x)
    cube.backward()
    cube.backward()
    assert x.grad == 54
    ### END SOLUTION


print(faults.score(my_test, faults.SCALAR))
check("4.3", my_test)

# %% [markdown]
# Next: where the local slopes come from. In the engine of this course each op is declared once, in one table, and you
# will add one of your own.
