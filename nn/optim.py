r"""Optimisers: each update is written in its paper's letters.

p is a parameter, g its gradient, $\eta$ the learning rate `lr`, $\lambda$ the `weight_decay`; a letter on the right
of an arrow is its value of the step before, 0 at first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from math import hypot, isfinite, prod
from typing import Any

import numpy as np

from nn.module import Module
from nn.settings import is_setting, kind, named, number
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
        self.parameters = _listed(named(self), parameters)
        self.state: list[State] = [{} for _ in self.parameters]
        self.lr, self.weight_decay = number(self, "lr", lr), number(self, "weight_decay", weight_decay)
        _demand_leaves(named(self), self.parameters)

    def update(self, p: Array, g: Array, state: State) -> Array:
        """The parameter's new numbers, from its numbers and its gradient, to be read alone, and what it carries."""
        raise NotImplementedError(f"{type(self).__name__} has no update(self, p, g, state); define it")

    def step(self) -> None:
        """Update each parameter; one without a gradient stays."""
        for p, state in zip(self.parameters, self.state):
            if (g := p.peek_grad() if p.rank else p.grad) is not None:
                x = p.peek() if p.rank else np.asarray(p.data)
                new = self._updated(x, np.asarray(g, x.dtype), state)
                if p.rank and all(new is not kept for kept in state.values()):
                    p.take(new)
                else:
                    p.data = new

    def _updated(self, p: Array, g: Array, state: State) -> Array:
        try:
            return self.update(p, g, state)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise ValueError(
                f"{type(self).__name__}.update: p and g are to be read alone; return new numbers, as in p - self.lr * g"
            ) from None

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

    def _decayed(self, g: Array, p: Array) -> Array:
        r"""The gradient with that of $\frac{\lambda}{2} p^2$ added."""
        return g + self.weight_decay * p if self.weight_decay else g

    def __repr__(self) -> str:
        settings = {name: x for name, x in vars(self).items() if is_setting(x)}
        said = [f"{name}={x!r}" for name, x in settings.items() if x or name == "lr"]  # what is 0 or False is off
        size, arrays = sum(prod(p.shape) for p in self.parameters), len(self.parameters)
        said.append(f"{_many(size, 'parameter')} in {_many(arrays, 'array')}")
        return f"{type(self).__name__}({', '.join(said)})"


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
        self.momentum, self.dampening = number(self, "momentum", momentum), number(self, "dampening", dampening)
        self.nesterov = nesterov
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
        self.alpha, self.eps = number(self, "alpha", alpha, below=1), number(self, "eps", eps)
        self.momentum, self.centered = number(self, "momentum", momentum), centered

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

    t counts the steps.  Weight decay, 0 unless given, adds $\lambda p$ to g first, so it is divided by $\sqrt{\hat{v}}$
    as well.
    Source: Kingma and Ba 2015, algorithm 1.

    >>> import nn
    >>> w = nn.array([1.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> nn.Adam([w], lr=0.1).step()   # the first step is lr, whatever g
    >>> w.data.round(6)
    array([ 0.9, -1.9])
    """

    usual_decay = 0.0  # the weight_decay where none is given

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float | None = None,
    ):
        super().__init__(parameters, lr, self.usual_decay if weight_decay is None else weight_decay)
        if not (isinstance(betas, Sequence) and len(betas) == 2):
            raise ValueError(f"{named(self)}: betas is {betas!r}, but it must be a pair such as (0.9, 0.999)")
        b1, b2 = betas
        self.betas = number(self, "betas[0]", b1, below=1), number(self, "betas[1]", b2, below=1)
        self.eps = number(self, "eps", eps)

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

    weight_decay: 0.01 where none is given.  Source: Loshchilov and Hutter 2019, algorithm 2.

    >>> import nn
    >>> w = nn.array([1.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> nn.AdamW([w], lr=0.1, weight_decay=1.0).step()
    >>> w.data.round(6)
    array([ 0.8, -1.7])
    """

    usual_decay = 1e-2

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
    number("clip_grad_norm", "max_norm", max_norm)
    trained = [p for p in _listed("clip_grad_norm", parameters) if p.grad is not None]
    norm = hypot(*(np.linalg.norm(np.asarray(p.grad, p.dtype)) for p in trained))
    if not isfinite(norm):
        raise FloatingPointError(f"clip_grad_norm: the norm is {norm}; ops.detect_anomaly() names the op it came from")
    scale = max_norm / (norm + 1e-6)
    for p in trained if scale < 1 else []:
        p.grad = p.grad * scale
    return norm


def _listed(asker: str, parameters: Any) -> list[Any]:
    if isinstance(parameters, Module) or is_node(parameters) or not isinstance(parameters, Iterable):
        raise TypeError(f"{asker}: got {kind(parameters)}; give it a list, such as model.parameters()")
    return list(parameters)


def _demand_leaves(asker: str, parameters: Sequence[Any]) -> None:
    if not parameters:
        raise ValueError(f"{asker}: got no parameters; give it model.parameters()")
    for i, p in enumerate(parameters):
        if why := _no_leaf(p):
            raise TypeError(f"{asker}: parameter {i} is {why}; give it model.parameters()")
    if len({id(p) for p in parameters}) < len(parameters):
        raise ValueError(f"{asker}: a parameter stands twice among the {len(parameters)}; give it each one once")


def _no_leaf(p: Any) -> str:
    """Why this cannot be trained, in words; empty where it can."""
    if not is_node(p):
        return f"of type {type(p).__name__}, which neither engine trains"
    if p.op is None and p.requires_grad:
        return ""
    return f"a {type(p).__name__} " + (f"made by {p.op.name}" if p.op else "without requires_grad=True")


def _many(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
