# %% [markdown]
# # 3. The chain rule by hand
#
# After this lesson you can find, with a pencil, how fast a result moves with every number that it is made of; you know
# what sums and products do to a slope; and you can run the whole computation yourself, one node at a time.
#
# You need lesson 1, a slope measured by a nudge, and lesson 2, a `Value` that remembers how it was made.

# %% [markdown]
# ## Seven numbers, seven slopes
#
# Take $L = (ab + c)\,f$. To see every number on the way, we give the product and the sum names of their own, $e = ab$
# and $d = e + c$.

# %%
import viz
from scalar import Value


def expression():
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
    e = a * b
    d = e + c
    L = d * f
    e.label, d.label, L.label = "e", "d", "L"
    return a, b, c, f, e, d, L


a, b, c, f, e, d, L = expression()
viz.draw(L)

# %% [markdown]
# There are seven nodes, each with its number and, so far, a dash. The dash is the place of its *gradient*. The gradient
# of a node is a slope: how fast $L$ moves when that one number is nudged, whatever it was made of. For the node $a$ it
# is written $dL/da$, "the slope of $L$ with respect to $a$", and stands in `a.grad`.
#
# Four of the seven we can measure as in lesson 1, by nudging an input of the formula.


# %%
def formula(a, b, c, f):
    return (a * b + c) * f


h, at = 1e-5, [2.0, -3.0, 10.0, -2.0]
for i, name in enumerate("abcf"):
    up, down = list(at), list(at)
    up[i] += h
    down[i] -= h
    print(f"dL/d{name} is about {(formula(*up) - formula(*down)) / (2 * h):.4f}")

# %% [markdown]
# Keep these four numbers: 6, -4, -2 and 4. We shall now find them, and the other three, without a single nudge. We
# begin at the end, with $L$ itself, and go from right to left through the picture.

# %% [markdown]
# ## The result, and a product
#
# Nudge $L$ by $h$, and $L$ moves by $h$. So the slope of $L$ with respect to $L$ itself is 1.
#
# Next, $L = d \cdot f$. Nudge $d$ by $h$: the product becomes $(d + h)\,f = df + hf$, so $L$ moves by $f$ times the
# nudge. The slope with respect to one factor is the other factor: $dL/df = d$, and likewise $dL/dd = f$, where the last
# $d$ is our node.

# %%
L.grad = 1.0
d.grad = f.data
f.grad = d.data
viz.draw(L)

# %% [markdown]
# Three dashes are filled. The gradient of $f$ is 4, as measured. That of $d$, -2, is new: $d$ is no input, so we have
# not nudged it, and yet we know how fast $L$ would follow it.

# %% [markdown]
# ## One step further: the chain rule
#
# Now for $c$. It does not stand in $L = d \cdot f$; it acts on $L$ through $d = e + c$. Nudge $c$ by $h$. The sum $d$
# moves by $h$ as well, since what is added to one term is added to the sum. And for each unit that $d$ moves, $L$ moves
# by $dL/dd = -2$. So $L$ moves by $-2h$.
#
# We multiplied two slopes, that of $L$ with respect to $d$ and that of $d$ with respect to $c$:
#
# $$\frac{dL}{dc} = \frac{dL}{dd} \cdot \frac{dd}{dc}.$$
#
# This is the *chain rule*. The second slope belongs to one step of the formula alone and is called *local*. In a sum
# the local slope is 1 for each term, so $e$ gets the same as $c$.

# %%
c.grad = d.grad * 1.0
e.grad = d.grad * 1.0
print("dL/dc =", c.grad)
print("dL/de =", e.grad)

# %% [markdown]
# For $c$ it is -2, as measured. One step is left, $e = a \cdot b$. It is a product again, so the local slopes are $b$,
# with respect to $a$, and $a$, with respect to $b$. The chain rule multiplies each by what has arrived at $e$.

# %%
a.grad = e.grad * b.data
b.grad = e.grad * a.data
viz.draw(L)

# %% [markdown]
# All seven are there, and 6, -4, -2 and 4 are the numbers that the nudges gave.
#
# Why multiply, and not add? Try it: the two slopes on the way from $L$ to $a$ are $dL/de = -2$ and $de/da = b = -3$.

# %%
print("added     ", e.grad + b.data)
print("multiplied", e.grad * b.data)

# %% [markdown]
# The nudge said 6. If $e$ moves three times as far as $a$, and $L$ twice as far as $e$, then $L$ moves six times as far
# as $a$; and two minus signs make a plus.

# %% [markdown]
# ## What each node does
#
# Look at what you have just done, node by node. Each time, a number had arrived at a node: its own gradient, $g$. You
# multiplied $g$ by the local slope of each argument, and sent the products on.
#
# | node | local slopes | what it sends back |
# |---|---|---|
# | $y = a + b$ | $1$ and $1$ | $g$ to both: a sum passes on what it gets |
# | $y = a \cdot b$ | $b$ and $a$ | $g\,b$ to $a$, $g\,a$ to $b$: a product sends each the other one's number |
#
# To do so a node needs its own op and the numbers of its arguments, and nothing else of the formula. That is why a
# program can do it for formulas of any size. Here is the whole way back, called a *pass*, a node at a time: press the ▶
# on the right of *Play* for each step. (If you see a still picture without buttons, run the cell.)

# %%
viz.step(L)

# %% [markdown]
# ## One node at a time, by a method
#
# A `Value` can do its part by itself. `node._backward()`, with an underscore because one seldom calls it by hand,
# multiplies the gradient of the node by each local slope and sends the products to the arguments. We make the
# expression anew, so that all gradients are dashes, give $L$ its 1, and let $L$ send.

# %%
a, b, c, f, e, d, L = expression()
L.grad = 1.0
L._backward()
viz.draw(L)

# %% [markdown]
# $d$ and $f$ have theirs. $f$ is an input and has nobody to send to. It is the turn of $d$, and then of $e$.

# %%
d._backward()
e._backward()
print("a, b, c, f:", a.grad, b.grad, c.grad, f.grad)

# %% [markdown]
# What if $e$ has its turn too early, before $d$ has sent it anything? And what if we forget the 1 at the start?

# %%
a, b, c, f, e, d, L = expression()
L.grad = 1.0
for node in (e, L, d):
    node._backward()
print("e too early: ", a.grad, b.grad, c.grad, f.grad)

a, b, c, f, e, d, L = expression()
for node in (L, d, e):
    node._backward()
print("1 forgotten: ", a.grad, b.grad, c.grad, f.grad)

# %% [markdown]
# Too early, $e$ multiplies a gradient of 0, and $a$ and $b$ are left with 0. Without the 1, everybody is. So two things
# matter: the pass starts with a 1 at the result, and a node sends only when its own gradient has arrived. `backward()`
# sees to both.

# %%
a, b, c, f, e, d, L = expression()
L.backward()
print("a, b, c, f:", a.grad, b.grad, c.grad, f.grad)

# %% [markdown]
# ## What to do with a gradient
#
# A gradient says which way to move each input to make $L$ grow: the way of its sign. So let us move each input by a
# hundredth of its gradient. Beforehand we can say how far $L$ will rise: each input adds its step times its slope,
# which is $0.01 \cdot \text{slope}^2$.

# %%
rise = sum(0.01 * x.grad**2 for x in (a, b, c, f))
moved = formula(*[x.data + 0.01 * x.grad for x in (a, b, c, f)])
print(f"L was {L.data}, and should become {L.data + rise:.4f}")
print(f"it became {moved:.4f}")

# %% [markdown]
# $L$ rose from -8 to -7.2865, where the slopes foretold -7.2800. The steps are short but not tiny, so the forecast is a
# little off. Steps the other way would have made $L$ smaller, and that is how every network in this course learns: $L$
# will measure how wrong it is.

# %% [markdown]
# ## A neuron
#
# A *neuron* is a formula of this kind. It multiplies each input $x$ by a weight $w$, and adds the products and one more
# number, the *bias* $b$. The function $\tanh$, an S-shaped curve, squeezes this sum $n$ into the range from -1 to 1:
# $o = \tanh(x_1 w_1 + x_2 w_2 + b)$.

# %%
x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
w1, w2 = Value(-3.0, "w1"), Value(1.0, "w2")
b = Value(6.8813735870195432, "b")  # chosen so that the gradients come out round
p1, p2 = x1 * w1, x2 * w2
s = p1 + p2
n = s + b
o = n.tanh()
for node, name in ((p1, "x1 w1"), (p2, "x2 w2"), (s, "sum"), (n, "n"), (o, "o")):
    node.label = name
viz.draw(o)

# %% [markdown]
# New is the tanh. Its local slope is $1 - o^2$, where $o$ is its own output. We measure it, and lesson 5 derives it.

# %%
from math import tanh

h = 1e-5
print(f"measured  {(tanh(n.data + h) - tanh(n.data - h)) / (2 * h):.6f}")
print(f"1 - o**2  {1 - o.data**2:.6f}")

# %% [markdown]
# A half. At large positive or negative $n$ the curve is flat: $o^2$ is nearly 1 and the slope nearly 0, so little gets
# through it.
#
# Now run the pass by hand. The result gets its 1, and then every node that has arguments has its turn, from right to
# left in the picture.

# %%
o.grad = 1.0
for node in (o, n, s, p1, p2):
    node._backward()
    print(f"after {node.label:5}", *(f"{x.label} {x.grad:.4g}" for x in node.args), sep="   ")

# %% [markdown]
# Follow the numbers. The tanh turned 1 into 0.5, and the two sums passed 0.5 on to everybody. Then each product sent
# each side the other side's number: $w_1$ got $0.5 \cdot x_1 = 1$, and $x_1$ got $0.5 \cdot w_1 = -1.5$. The weight
# $w_2$ got 0, because it multiplies $x_2 = 0$: whatever that weight is, $o$ does not change. And $x_2$ got 0.5.
#
# The stepper shows the same pass in letters and numbers. It calls every result $L$, here $o$.

# %%
viz.step(o)

# %% [markdown]
# ## Cut it as you like
#
# We took tanh as one node. It could as well be built of smaller steps, since its formula is
# $\tanh n = (e^{2n} - 1) / (e^{2n} + 1)$. Does it matter?

# %%
x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
w1, w2 = Value(-3.0, "w1"), Value(1.0, "w2")
n = x1 * w1 + x2 * w2 + 6.8813735870195432
t = (2 * n).exp()
o = (t - 1) / (t + 1)
o.backward()
print(f"o = {o.data:.6f}")
print(*(f"{x.label} {x.grad:.4f}" for x in (x1, w1, x2, w2)), sep="   ")

# %% [markdown]
# The same output and the same four gradients. A node may be as small as a sum or as large as a whole tanh: all it has
# to know is its local slope. Which pieces to take as nodes is a matter of taste and speed, not of mathematics.

# %% [markdown]
# ## Exercises
#
# **3.1** Fill all seven gradients of $z = (pq + r)\,s$, each in its own line, as `z.grad = ...` and so on. The picture
# shows the numbers. Use no `backward` here: the point is to do it once yourself.

# %%
p, q, r, s = Value(1.5, "p"), Value(-4.0, "q"), Value(8.0, "r"), Value(2.5, "s")
u = p * q
v = u + r
z = v * s
u.label, v.label, z.label = "u", "v", "z"
viz.draw(z)

# %%
from lessons.check import check

### BEGIN SOLUTION
z.grad = 1.0
v.grad = z.grad * s.data
s.grad = z.grad * v.data
u.grad = v.grad
r.grad = v.grad
p.grad = u.grad * q.data
q.grad = u.grad * p.data
### END SOLUTION
check("3.1", z)

# %% [markdown]
# **3.2** Write the gradients of a neuron's weights and bias as a function of plain numbers. Its output is
# $o = \tanh(x_1 w_1 + x_2 w_2 + b)$; return $do/dw_1$, $do/dw_2$ and $do/db$. Use no `Value`; `tanh` is imported above.


# %%
def parameter_slopes(x1, x2, w1, w2, b):
    ### BEGIN SOLUTION
    out = tanh(x1 * w1 + x2 * w2 + b)
    g = 1 - out * out
    return g * x1, g * x2, g
    ### END SOLUTION


check("3.2", parameter_slopes)

# %% [markdown]
# **3.3** In the graph below, suppose that `y.grad` is 1 already. In which order do you call `_backward()` on the nodes
# that have arguments? Give their labels, in quotes. More than one order is right.

# %%
p, q, r, s = Value(2.0, "p"), Value(5.0, "q"), Value(-7.0, "r"), Value(0.5, "s")
u = p * q
v = u + r
w = s.tanh()
y = v * w
u.label, v.label, w.label, y.label = "u", "v", "w", "y"
viz.draw(y)

# %%
order = [
    ### BEGIN SOLUTION
    *("y", "v", "w", "u"),
    ### END SOLUTION
]
check("3.3", order)

# %% [markdown]
# Next: a number that is used twice. Then the order of the turns becomes a question, and a gradient has to be added to
# what is there already.
