# %% [markdown]
# # 1. Slope by nudging
#
# After this lesson you can measure the slope of any function that you can call, without knowing a rule for it; you can
# do so for each input of a formula; and you can say how far the measured number is to be trusted.
#
# You need the derivative as school has it, how steep a curve is at a point, and a little Python.

# %% [markdown]
# ## A function and a nudge
#
# Here is a parabola, $f(x) = 3x^2 - 4x + 5$, and its value at $x = 3$.

# %%
def f(x):
    return 3 * x**2 - 4 * x + 5


f(3.0)

# %% [markdown]
# Now nudge the input: make $x$ a little larger, by $h = 0.1$, and see how far the output moves.

# %%
h = 0.1
moved = f(3.0 + h) - f(3.0)
print("f moved by", moved)
print("for each unit of x, by", moved / h)

# %% [markdown]
# The output moved by 1.43, which is 14.3 times as far as the input did. (The digits at the far end are rounding, to
# which we shall come.) That ratio is a slope: how fast $f$ rises just after $x = 3$. Let us have it as a function, and
# try smaller nudges. In `{h:<7}` and in `:.6f`, what stands after the colon sets only the width and the digits printed.


# %%
def nudged(f, x, h):
    return (f(x + h) - f(x)) / h


for h in (1.0, 0.1, 0.01, 0.001, 0.0001):
    print(f"h = {h:<7}  slope {nudged(f, 3.0, h):.6f}")

# %% [markdown]
# The slopes settle on 14. School's rule agrees: $f'(x) = 6x - 4$, and $f'(3) = 14$. But nothing here used the rule. We
# only called $f$, twice, so the same line of code would do for a function of a thousand lines.
#
# In a picture, each slope belongs to a straight line through two points of the curve, at $x = 3$ and at $x = 3 + h$.
# You may skip the code of pictures; what matters is what they show.

# %%
from matplotlib import pyplot as plt

from viz.plots import BLUE, ORANGE

xs = [1.5 + k / 25 for k in range(91)]
ax = plt.subplots(figsize=(7, 4.2), layout="constrained")[1]
ax.plot(xs, [f(x) for x in xs], color=BLUE, linewidth=2.5, label="$f(x)$")
for h, style in ((1.5, ":"), (0.5, "--"), (0.0001, "-")):
    s = nudged(f, 3.0, h)
    ax.plot(xs, [f(3.0) + s * (x - 3.0) for x in xs], style, color=ORANGE, label=f"h = {h}: slope {s:.2f}")
ax.plot([4.5, 3.5, 3.0], [f(4.5), f(3.5), f(3.0)], "o", color=BLUE)
ax.set(xlabel="x", ylim=(-5, 55))
_ = ax.legend(frameon=False)

# %% [markdown]
# As $h$ shrinks, the second point slides down the curve towards the first, and the line turns into the tangent: the
# line through that one point which has the curve's own direction there.
#
# The slope also says which way is up. Measured at three places:

# %%
for x in (-3.0, 2 / 3, 3.0):
    print(f"x = {x:5.2f}  slope {nudged(f, x, 0.0001):8.4f}")

# %% [markdown]
# At $-3$ a step to the right goes steeply down: the slope is negative. At $3$ it goes up. At $2/3$, the bottom of the
# parabola, it goes neither up nor down. (Each number is too large by 0.0003, which comes from the length of the nudge
# and shrinks with it.) All learning in this course is this one idea, a slope that says which way is down, with more
# inputs.

# %% [markdown]
# ## One slope for each input
#
# A formula of several inputs has a slope for each of them. Nudge one input, hold the others still, and see how the
# result moves. Take $d = ab + c$.


# %%
def formula(a, b, c):
    return a * b + c


a, b, c, h = 2.0, -3.0, 10.0, 0.0001
d = formula(a, b, c)
print("d =", d)
print(f"nudge a: {(formula(a + h, b, c) - d) / h:.4f}")
print(f"nudge b: {(formula(a, b + h, c) - d) / h:.4f}")
print(f"nudge c: {(formula(a, b, c + h) - d) / h:.4f}")

# %% [markdown]
# Read the three numbers against the formula. $a$ is multiplied by $b = -3$, so when $a$ grows by $h$, $d$ grows by
# $-3h$: it falls. $b$ is multiplied by $a = 2$. And $c$ is only added, so whatever it gains, $d$ gains. Each of these
# is the derivative by one input with the others held still, which books call a *partial derivative*. All of them
# together are the *gradient* of $d$.
#
# With a gradient you can say beforehand what several small nudges will do: each adds its own length times its slope.

# %%
da, db, dc = 0.01, -0.02, 0.03
forecast = -3 * da + 2 * db + 1 * dc
moved = formula(a + da, b + db, c + dc) - d
print(f"d should move by {forecast:.4f}")
print(f"d moves by       {moved:.4f}, which is off by {moved - forecast:.4f}")

# %% [markdown]
# The forecast misses by 0.0002. That is the product of the first two nudges, $da \cdot db$, which no single slope
# knows about; for smaller nudges it vanishes faster than the rest.

# %% [markdown]
# ## How far to trust a nudge
#
# If smaller nudges are better, why not take a tiny one? Here is the error, the distance from the true slope 14, for
# nudges from $10^{-1}$ down to $10^{-16}$. Python writes $10^{-7}$ as `1e-07`.

# %%
for k in range(1, 17, 3):
    h = 10.0**-k
    s = nudged(f, 3.0, h)
    print(f"h = 1e-{k:02}  slope {s:19.16f}  error {abs(s - 14):.1e}")

# %% [markdown]
# The error falls with $h$, and then it rises again, until at $10^{-16}$ the slope is 0, as if $f$ were flat. One thing
# goes wrong at the large end, another at the small.
#
# With a large nudge the curve *bends* on the way, and the line through the two points is not the tangent.
#
# With a tiny nudge the numbers *round*. Python keeps about 16 digits of a number. $f(3 + h)$ and $f(3)$ agree in almost
# all of them, so their difference consists of the last few, which are rounding; and dividing by a tiny $h$ makes that
# large. In the end even the nudge is lost:

# %%
3.0 + 1e-16 == 3.0

# %% [markdown]
# Against the bending there is a remedy: step to both sides. To the right of 3 our parabola is steeper than at 3, to the
# left it is less steep, and on the whole way from $3 - h$ to $3 + h$ the two cancel; for other curves, nearly. This is
# the *central difference*,
#
# $$f'(x) \approx \frac{f(x + h) - f(x - h)}{2h},$$
#
# and the one from $x$ to $x + h$ is the *forward difference*. Here are the errors of both, for many steps, on another
# curve, $x^3$ at $x = 0.7$. `lambda x: x**3` is a function without a name, from $x$ to $x^3$.

# %%
from viz import plots

curves = plots.gradient_check_curve(lambda x: x**3, 0.7)

# %% [markdown]
# Read the picture from the right, where steps are long. Both axes count in powers of ten. Go from $10^{0}$ to
# $10^{-2}$: the step becomes a hundred times shorter. The error of the forward difference, the dots, becomes a hundred
# times smaller: it goes with $h$. That of the central difference, the crosses, ten thousand times: it goes with $h^2$.
# Both turn where rounding takes over, and rise to the left, the one as the other. But by then the crosses have come
# down much further.
#
# So nudging gives a slope to some ten digits, at the price of two calls for each input. For three inputs that is
# nothing. But even a small neural network is a formula with hundreds of numbers to adjust, its *weights*, and needs the
# slope for each of them again and again. For that we shall want all slopes at once, and without this kind of error.
# Nudging will not be thrown away: it is how this course checks every other way to a gradient.

# %% [markdown]
# ## Exercises
#
# Each exercise leaves a `...` in a cell for you to replace. `check` says that the answer passes, or what is off; try as
# often as you like.
#
# **1.1** Write the central difference for any function `f` at any `x`. It will be tried on functions that you do not
# see here, and must come within $10^{-8}$ of their slopes. The last picture shows which steps `h` are good.

# %%
from lessons.check import check


def slope(f, x):
    ### BEGIN SOLUTION
    h = 1e-5
    return (f(x + h) - f(x - h)) / (2 * h)
    ### END SOLUTION


check("1.1", slope)

# %% [markdown]
# **1.2** Write the gradient by nudging to both sides: `slopes(f, inputs)` gives a list with a slope for each number in
# the list `inputs`, so that `slopes(formula, [2.0, -3.0, 10.0])` is within $10^{-6}$ of `[-3, 2, 1]`. To call a
# function on the numbers of a list, put a star before it: `f(*inputs)`.


# %%
def slopes(f, inputs):
    ### BEGIN SOLUTION
    found, h = [], 1e-5
    for i in range(len(inputs)):
        up, down = list(inputs), list(inputs)
        up[i] += h
        down[i] -= h
        found.append((f(*up) - f(*down)) / (2 * h))
    return found
    ### END SOLUTION


check("1.2", slopes)

# %% [markdown]
# **1.3** You may move each of $a = 2$, $b = -3$ and $c = 10$ by at most $0.01$, up or down. Which nudges make
# $d = ab + c$ as large as it can be? Answer with `(da, db, dc)`.

# %%
nudges = (
    ### BEGIN SOLUTION
    (-0.01, 0.01, 0.01)
    ### END SOLUTION
)
check("1.3", nudges)

# %% [markdown]
# Next: a number that remembers how it was made, so that the slopes can be read off instead of measured.
