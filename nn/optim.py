r"""Optimisers: each update is written in its paper's letters.

p is a parameter, g its gradient, $\eta$ the learning rate `lr`, $\lambda$ the `weight_decay`; a letter on the right
of an arrow is its value of the step before, 0 at first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from math import hypot, inf, isfinite
from typing import Any

import numpy as np

from ops.dispatch import is_node

Array = np.ndarray[Any, Any]
State = dict[str, Any]


class Optimizer:
    """What moves parameters by their gradients; a subclass says how one parameter moves, in `update`.

    lr: may be changed between steps, by hand or by a schedule.
    state: for each parameter in turn, what its update carries from step to step, by its letter.

    >>> import nn
    >>> class SignDescent(nn.Optimizer):
    ...     def update(self, p, g, state):
    ...         return p - self.lr * np.sign(g)
    >>> w = nn.array([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SignDescent([w], lr=0.5).step()
    >>> w.data
    array([0.5, 1.5])
    """

    def __init__(self, parameters: Iterable[Any], lr: float, weight_decay: float = 0.0):
        if not isinstance(parameters, Iterable):
            raise TypeError(f"{type(self).__name__}: got a {type(parameters).__name__}; give it model.parameters()")
        self.parameters, self.lr, self.weight_decay = list(parameters), lr, weight_decay
        self.state: list[State] = [{} for _ in self.parameters]
        _demand_leaves(type(self).__name__, self.parameters)
        self._demand("lr", "weight_decay")

    def update(self, p: Array, g: Array, state: State) -> Array:
        """The parameter's new numbers, from its numbers, its gradient and what it carries."""
        raise NotImplementedError(f"{type(self).__name__} has no update(self, p, g, state); define it")

    def step(self) -> None:
        """Update each parameter; one without a gradient stays."""
        for p, state in zip(self.parameters, self.state):
            if p.grad is not None:
                p.data = self.update(np.asarray(p.data), np.asarray(p.grad, p.dtype), state)

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward pass starts anew."""
        for p in self.parameters:
            p.grad = None if p.rank else 0  # the gradient of a single Value is a number from the start

    def state_dict(self) -> dict[str, Any]:
        """A copy of the learning rate and of the state; the other settings are given to the constructor."""
        return {"lr": self.lr, "state": deepcopy(self.state)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a state dict of the same optimiser over parameters of the same shapes, in the same order."""
        if set(state_dict) != {"lr", "state"}:
            raise ValueError(f"load_state_dict: got {', '.join(state_dict)}; give what state_dict() of nn returned")
        shapes = [[np.shape(x) for x in state.values()] for state in state_dict["state"]]
        ours = [p.shape for p in self.parameters]
        if len(shapes) != len(ours) or any({*theirs, ()} - {shape, ()} for theirs, shape in zip(shapes, ours)):
            raise ValueError(
                f"load_state_dict: the state holds arrays of shapes {shapes}, but the parameters have {ours}; "
                f"give the state of an optimiser over the same parameters"
            )
        self.lr, self.state = state_dict["lr"], deepcopy(state_dict["state"])

    def _demand(self, *names: str, below: float = inf) -> None:
        """ValueError unless the settings of these names lie in [0, below)."""
        for name in names:
            _demand_setting(type(self).__name__, name, getattr(self, name), below)

    def _decayed(self, g: Array, p: Array) -> Array:
        r"""The gradient with that of $\frac{\lambda}{2} p^2$ added."""
        return g + self.weight_decay * p if self.weight_decay else g


class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum $\mu$, dampening $\tau$ and Nesterov's variant where asked.

    $$g \leftarrow g + \lambda p, \quad v \leftarrow \mu v + (1 - \tau) g, \quad p \leftarrow p - \eta v$$

    At the first step v is g itself.  Nesterov's variant moves along $g + \mu v$ in place of v.
    Source: Sutskever et al. 2013, in PyTorch's form, where $\eta$ stands outside v.

    >>> import nn
    >>> w = nn.array([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> nn.SGD([w], lr=0.25).step()
    >>> w.data
    array([0.5, 1. ])
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ):
        super().__init__(parameters, lr, weight_decay)
        self.momentum, self.dampening, self.nesterov = momentum, dampening, nesterov
        self._demand("momentum", "dampening")
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                f"SGD: nesterov=True got momentum={momentum} and dampening={dampening}, "
                f"but it takes a momentum above 0 and no dampening"
            )

    def update(self, p: Array, g: Array, state: State) -> Array:
        mu, tau = self.momentum, self.dampening
        g = self._decayed(g, p)
        if mu:
            v = state["v"] = mu * state["v"] + (1 - tau) * g if state else +g
            g = g + mu * v if self.nesterov else v
        return p - self.lr * g


class RMSprop(Optimizer):
    r"""Steps divided by the root of the running mean of squared gradients, with momentum $\mu$ where asked.

    $$v \leftarrow \alpha v + (1 - \alpha) g^2, \quad b \leftarrow \mu b + g / (\sqrt{v - m^2} + \epsilon), \quad
    p \leftarrow p - \eta b$$

    m is 0 unless `centered`, then $m \leftarrow \alpha m + (1 - \alpha) g$.  Weight decay adds $\lambda p$ to g first.
    Source: Tieleman and Hinton 2012, lecture 6.5; centred in Graves 2013.

    >>> import nn
    >>> w = nn.array([1.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> nn.RMSprop([w], lr=0.1, alpha=0.75).step()   # the first step is lr / sqrt(1 - alpha), whatever g
    >>> w.data.round(6)
    array([ 0.8, -1.8])
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ):
        super().__init__(parameters, lr, weight_decay)
        self.alpha, self.eps, self.momentum, self.centered = alpha, eps, momentum, centered
        self._demand("eps", "momentum")
        self._demand("alpha", below=1)

    def update(self, p: Array, g: Array, state: State) -> Array:
        a, mu = self.alpha, self.momentum
        g = self._decayed(g, p)
        v = state["v"] = a * state.get("v", 0.0) + (1 - a) * g * g
        if self.centered:
            m = state["m"] = a * state.get("m", 0.0) + (1 - a) * g
            v = np.maximum(v - m * m, 0)  # a variance, which rounding may push below 0
        b = state["b"] = mu * state.get("b", 0.0) + g / (np.sqrt(v) + self.eps)
        return p - self.lr * b


class Adam(Optimizer):
    r"""Steps along the running mean of the gradient, divided by the root of the running mean of its square.

    $$m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2$$
    $$\hat{m} = m / (1 - \beta_1^t), \quad \hat{v} = v / (1 - \beta_2^t), \quad
    p \leftarrow p - \eta\, \hat{m} / (\sqrt{\hat{v}} + \epsilon)$$

    t counts the steps.  Weight decay adds $\lambda p$ to g first, so it is divided by $\sqrt{\hat{v}}$ as well.
    Source: Kingma and Ba 2015, algorithm 1.

    >>> import nn
    >>> w = nn.array([1.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> nn.Adam([w], lr=0.1).step()   # the first step is lr, whatever g
    >>> w.data.round(6)
    array([ 0.9, -1.9])
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        super().__init__(parameters, lr, weight_decay)
        self.betas, self.eps = betas, eps
        self._demand("eps")
        if not (isinstance(betas, Sequence) and len(betas) == 2):
            raise ValueError(f"{type(self).__name__}: betas is {betas!r}, but it must be a pair such as (0.9, 0.999)")
        for i, b in enumerate(betas):
            _demand_setting(type(self).__name__, f"betas[{i}]", b, below=1)

    def update(self, p: Array, g: Array, state: State) -> Array:
        return p - self.lr * self._direction(self._decayed(g, p), state)

    def _direction(self, g: Array, state: State) -> Array:
        b1, b2 = self.betas
        t = state["t"] = state.get("t", 0) + 1
        m = state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0.0) + (1 - b2) * g * g
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        return m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    r"""Adam whose weight decay stands beside the gradient and is not divided by $\sqrt{\hat{v}}$.

    $$p \leftarrow p - \eta\, (\hat{m} / (\sqrt{\hat{v}} + \epsilon) + \lambda p)$$

    Source: Loshchilov and Hutter 2019, algorithm 2.

    >>> import nn
    >>> w = nn.array([1.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> nn.AdamW([w], lr=0.1, weight_decay=1.0).step()
    >>> w.data.round(6)
    array([ 0.8, -1.7])
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ):
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def update(self, p: Array, g: Array, state: State) -> Array:
        return p - self.lr * (self._direction(g, state) + self.weight_decay * p)


def clip_grad_norm(parameters: Iterable[Any], max_norm: float) -> float:
    r"""Norm $\|g\|$ of all the gradients as one vector, which is then scaled down to `max_norm` if it is longer.

    Raises FloatingPointError if the norm is not finite.  Source: Pascanu et al. 2013, algorithm 1, with PyTorch's
    $c / (\|g\| + 10^{-6})$ as the scale.

    >>> import nn
    >>> w = nn.array([1.5, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> clip_grad_norm([w], max_norm=1.0)
    5.0
    >>> w.grad.round(6)
    array([0.6, 0.8])
    """
    _demand_setting("clip_grad_norm", "max_norm", max_norm)
    trained = [p for p in parameters if p.grad is not None]
    norm = hypot(*(np.linalg.norm(np.asarray(p.grad, p.dtype)) for p in trained))
    if not isfinite(norm):
        raise FloatingPointError(f"clip_grad_norm: the norm is {norm}; ops.detect_anomaly() names the op it came from")
    scale = max_norm / (norm + 1e-6)
    for p in trained if scale < 1 else []:
        p.grad = p.grad * scale
    return norm


def _demand_setting(asker: str, name: str, value: Any, below: float = inf) -> None:
    if not (isinstance(value, (int, float, np.number)) and 0 <= value < below):
        said = "a number, 0 or more" if below == inf else f"a number in [0, {below})"
        raise ValueError(f"{asker}: {name} is {value!r}, but it must be {said}")


def _demand_leaves(asker: str, parameters: Sequence[Any]) -> None:
    if not parameters:
        raise ValueError(f"{asker}: got no parameters; give it model.parameters()")
    for i, p in enumerate(parameters):
        if not (is_node(p) and p.requires_grad and p.op is None):
            seen = f"made by {p.op.name}" if is_node(p) and p.op else "without requires_grad=True"
            raise TypeError(f"{asker}: parameter {i} is a {type(p).__name__} {seen}; give it model.parameters()")
