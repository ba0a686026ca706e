r"""Schedules of the learning rate: each is a function of t, the number of `step()` calls, called `rate`.

$\eta_0$ is the rate that the optimiser had when the schedule was made.  Make the schedule after the optimiser and
call its `step` after the optimiser's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi
from typing import Any

from nn.optim import Optimizer
from nn.settings import count, function, named, number
from nn.states import Owner


class Schedule:
    """What sets `optimizer.lr`; a subclass gives the rate after t steps, in `rate`.

    Where the rate was changed by hand since the last step, or by another schedule of the optimiser, the schedule goes
    on from there as PyTorch's do: `base_lr` becomes the rate from which it would have come to this one.
    """

    def __init__(self, optimizer: Optimizer):
        if not isinstance(optimizer, Optimizer):
            seen = f"a {type(optimizer).__name__}, but it must be an optimiser, such as nn.SGD(model.parameters())"
            raise TypeError(f"{named(self)}: its first argument is {seen}")
        self.optimizer, self.base_lr, self.last_epoch = optimizer, optimizer.lr, 0
        self._set()

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        raise NotImplementedError(f"{type(self).__name__} has no rate(self, t); define it")

    def step(self) -> None:
        """Go on by one step, most often an epoch."""
        if self.optimizer.lr != self._lr:
            self._start_from(self.optimizer.lr)
        self.last_epoch += 1
        self._set()

    def _set(self) -> None:
        self._lr = self.optimizer.lr = number(self, "rate", self.rate(self.last_epoch))

    def _start_from(self, lr: float) -> None:
        """Choose the base rate a so that the rate, which is m a + c, is `lr` now."""
        c = self._rate_of(0.0)
        m = self._rate_of(1.0) - c
        if m == 0:
            raise ValueError(
                f"{named(self)}: lr was set to {lr} where the schedule has {self._lr:.6g} whatever its base_lr, so it "
                f"cannot go on from there; make a new schedule"
            )
        self.base_lr = (lr - c) / m

    def _rate_of(self, base_lr: float) -> float:
        before, self.base_lr = self.base_lr, base_lr
        try:
            return self.rate(self.last_epoch)
        finally:
            self.base_lr = before

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands, with the class and the settings that this belongs to; a function is not saved."""
        where = {"base_lr": self.base_lr, "last_epoch": self.last_epoch, "rate": self._lr, "lr": self.optimizer.lr}
        return {**self._owner().state(), **where}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on, with the optimiser's rate of then, from a state dict of a schedule of this class and these settings.

        Raises ValueError for another's state, TypeError for what is no state; nothing is taken over then.
        """
        counts = self._owner().demand(state_dict, ("base_lr", "last_epoch", "rate", "lr"))
        rates = [number("load_state_dict", name, state_dict[name]) for name in ("base_lr", "rate", "lr")]
        self.last_epoch = count("load_state_dict", "last_epoch", state_dict["last_epoch"], least=0)
        self.base_lr, self._lr, self.optimizer.lr = rates
        vars(self).update(counts)

    def _owner(self) -> Owner:
        return Owner.of(self, apart=("base_lr", "last_epoch", "_lr"))

    def __repr__(self) -> str:
        settings = {name: x for name, x in vars(self).items() if name not in ("optimizer", "_lr")}
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
        return self.base_lr * number(self, f"lr_lambda({t})", self.lr_lambda(t))
