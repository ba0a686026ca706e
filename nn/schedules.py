r"""Schedules of the learning rate: each is a function of t, the number of `step()` calls, called `rate`.

$\eta_0$ is the rate that the optimiser had when the schedule was made.  Make the schedule after the optimiser and
call its `step` after the optimiser's.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi

from nn.optim import Optimizer
from nn.settings import count, function, named, number


class Schedule:
    """What sets `optimizer.lr`; a subclass gives the rate after t steps, in `rate`."""

    def __init__(self, optimizer: Optimizer):
        if not isinstance(optimizer, Optimizer):
            seen = f"a {type(optimizer).__name__}, but it must be an optimiser, such as nn.SGD(model.parameters())"
            raise TypeError(f"{named(self)}: its first argument is {seen}")
        self.optimizer, self.base_lr, self.last_epoch = optimizer, optimizer.lr, 0
        optimizer.lr = self.rate(0)

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        raise NotImplementedError(f"{type(self).__name__} has no rate(self, t); define it")

    def step(self) -> None:
        """Go on by one step, most often an epoch."""
        self.last_epoch += 1
        self.optimizer.lr = self.rate(self.last_epoch)

    def __repr__(self) -> str:
        settings = {name: x for name, x in vars(self).items() if name != "optimizer"}
        said = [f"{name}={getattr(x, '__name__', x)}" for name, x in settings.items()]
        return f"{type(self).__name__}({type(self.optimizer).__name__}, {', '.join(said)}, lr={self.optimizer.lr:.6g})"


class StepLR(Schedule):
    r"""The rate times $\gamma$ after every `step_size` steps, $\eta_0 \gamma^{\lfloor t / step\_size \rfloor}$.

    >>> import nn
    >>> schedule = StepLR(nn.SGD(nn.Linear(2, 1).parameters(), lr=1.0), step_size=2, gamma=0.5)
    >>> [schedule.rate(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        self.step_size, self.gamma = count(self, "step_size", step_size), number(self, "gamma", gamma)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        return self.base_lr * self.gamma ** (t // self.step_size)


class CosineAnnealingLR(Schedule):
    r"""Half a wave, $\eta_m + \frac{1}{2} (\eta_0 - \eta_m) (1 + \cos(\pi t / T))$, $\eta_m$ = `eta_min`, T = `T_max`.

    After T steps the rate rises again by the same curve.  Source: Loshchilov and Hutter 2017, equation 5.

    >>> import nn
    >>> schedule = CosineAnnealingLR(nn.SGD(nn.Linear(2, 1).parameters(), lr=1.0), T_max=4)
    >>> [round(schedule.rate(t), 3) for t in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0):
        self.T_max, self.eta_min = count(self, "T_max", T_max), number(self, "eta_min", eta_min)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        return self.eta_min + (self.base_lr - self.eta_min) * (1 + cos(pi * t / self.T_max)) / 2


class LinearWarmup(Schedule):
    r"""A straight line from `start_factor` times $\eta_0$ to $\eta_0$ in `total_iters` steps, then $\eta_0$: LinearLR.

    Source: Goyal et al. 2017, section 2.2.

    >>> import nn
    >>> schedule = LinearWarmup(nn.SGD(nn.Linear(2, 1).parameters(), lr=1.0), start_factor=0.5, total_iters=2)
    >>> [schedule.rate(t) for t in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, total_iters: int = 5):
        self.start_factor = number(self, "start_factor", start_factor, to=1)
        self.total_iters = count(self, "total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        s, share = self.start_factor, min(t / self.total_iters, 1)
        return self.base_lr * (s + (1 - s) * share)


class LambdaLR(Schedule):
    r"""The rate $\eta_0 f(t)$ for any function f; it may join several schedules in one.

    >>> import nn
    >>> schedule = LambdaLR(nn.SGD(nn.Linear(2, 1).parameters(), lr=1.0), lambda t: 1 / (1 + t))
    >>> [schedule.rate(t) for t in range(2)]
    [1.0, 0.5]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]):
        self.lr_lambda = function(self, "lr_lambda", lr_lambda, "lambda t: 0.95**t")
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        return self.base_lr * self.lr_lambda(t)
