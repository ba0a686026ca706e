r"""Optimisers: each update is written in its paper's letters.

p is a parameter, g its gradient, $\eta$ the learning rate `lr`, $\lambda$ the `weight_decay`; a letter on the right
of an arrow is its value of the step before, 0 at first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from math import prod
from typing import Any

import numpy as np

from nn import states
from nn.clipping import demand_nodes, gradient_of, listed
from nn.settings import count, flag, is_setting, named, number
from ops.words import shown

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
        self.parameters = listed(named(self), parameters)
        self.state: list[State] = [{} for _ in self.parameters]
        self.lr, self.weight_decay = number(self, "lr", lr), number(self, "weight_decay", weight_decay)
        _demand_leaves(named(self), self.parameters)

    def update(self, p: Array, g: Array, state: State) -> Array:
        """The parameter's new numbers, from its numbers and its gradient, to be read alone, and what it carries."""
        raise NotImplementedError(f"{type(self).__name__} has no update(self, p, g, state); define it")

    def step(self) -> None:
        """Update each parameter; one that is frozen or has no gradient stays."""
        if type(self.lr) is not float:
            self.lr = number(self, "lr", self.lr)
        for p, state in zip(self.parameters, self.state):
            if (g := gradient_of(p)) is not None:
                x = p.peek() if p.rank else np.asarray(p.data)
                if x.dtype == np.float16:  # too coarse to square a gradient in, or to add eps to
                    x = x.astype(np.float32)
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
        """A copy of the learning rate and of the state, with the class and the settings that they belong to."""
        return {**self._owner().state(), "lr": self.lr, "state": deepcopy(self.state)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a state dict of an optimiser of this class and these settings over the same parameters.

        Takes over the learning rate and the state, or after an error nothing.  Raises ValueError for the state of
        another class, of other settings or parameters, TypeError for what is no state.
        """
        counts = self._owner().demand(state_dict, ("lr", "state"))
        lr, carried = number("load_state_dict", "lr", state_dict["lr"]), state_dict["state"]
        if not isinstance(carried, (list, tuple)) or not all(isinstance(each, Mapping) for each in carried):
            raise TypeError("load_state_dict: its state is no list of dicts; give what state_dict() returned")
        arrays = [[_real(letter, x) for letter, x in each.items()] for each in carried]
        shapes, ours = [[x.shape for x in each] for each in arrays], [p.shape for p in self.parameters]
        if len(shapes) != len(ours) or any({*theirs, ()} - {shape, ()} for theirs, shape in zip(shapes, ours)):
            raise ValueError(
                f"load_state_dict: the state holds arrays of shapes {shapes}, but the parameters have {ours}; "
                f"give the state of an optimiser over the same parameters"
            )
        self.lr, self.state = lr, [self._carried(each) for each in carried]
        vars(self).update(counts)

    def _owner(self) -> states.Owner:
        return states.Owner.of(self, apart=("lr", "state", "parameters"))

    def _letters(self) -> set[str] | None:
        """The letters of all that `update` carries; None where a subclass does not say."""
        return None

    def _carried(self, carried: Mapping[str, Any]) -> State:
        """A copy of what one parameter's update carried, if this optimiser's could have."""
        letters = self._letters()
        if carried and letters is not None and set(carried) != letters:
            ours = ", ".join(sorted(letters)) or "nothing"
            raise ValueError(
                f"load_state_dict: the state carries {', '.join(map(str, carried))}, but {named(self)} carries {ours}; "
                f"give what state_dict() returned"
            )
        if "t" in (letters or ()) and carried:
            count("load_state_dict", "t", carried["t"])
        return deepcopy(dict(carried))

    def _decayed(self, g: Array, p: Array) -> Array:
        r"""The gradient with that of $\frac{\lambda}{2} p^2$ added."""
        return g + self.weight_decay * p if self.weight_decay else g

    def __repr__(self) -> str:
        settings = {name: x for name, x in vars(self).items() if is_setting(x)}
        plain = {name: x.item() if isinstance(x, np.generic) else x for name, x in settings.items()}
        said = [f"{name}={x!r}" for name, x in plain.items() if x or name == "lr"]  # what is 0 or False is off
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
        self.nesterov = flag(self, "nesterov", nesterov)
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

    def _letters(self) -> set[str]:
        return {"v"} if self.momentum else set()


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
        self.momentum, self.centered = number(self, "momentum", momentum), flag(self, "centered", centered)

    def update(self, p: Array, g: Array, state: State) -> Array:
        a, mu = self.alpha, self.momentum
        g = self._decayed(g, p)
        v = state["v"] = a * state.get("v", 0.0) + (1 - a) * g * g
        if self.centered:
            m = state["m"] = a * state.get("m", 0.0) + (1 - a) * g
            v = np.maximum(v - m * m, 0)  # a variance, which rounding may push below 0
        b = state["b"] = mu * state.get("b", 0.0) + g / (np.sqrt(v) + self.eps)
        return p - self.lr * b

    def _letters(self) -> set[str]:
        return {"v", "b", "m"} if self.centered else {"v", "b"}


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
            raise ValueError(f"{named(self)}: betas is {shown(betas)}, but it must be a pair such as (0.9, 0.999)")
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

    def _letters(self) -> set[str]:
        return {"t", "m", "v"}


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


def _real(letter: str, x: Any) -> Array:
    array = states.numbers("load_state_dict", letter, x)
    if array.dtype.kind == "c":
        raise TypeError(f"load_state_dict: {letter} is complex, but an optimiser carries real numbers")
    return array


def _demand_leaves(asker: str, parameters: Sequence[Any]) -> None:
    demand_nodes(asker, parameters)
    for i, p in enumerate(parameters):
        if p.op is not None or "cut_from" in p.params:
            made = f"made by {p.op.name}" if p.op else "cut from its graph by detach()"
            raise TypeError(f"{asker}: parameter {i} is a {type(p).__name__} {made}; give it model.parameters()")
    if not any(p.requires_grad for p in parameters):
        what = type(parameters[0]).__name__
        raise TypeError(
            f"{asker}: parameter 0 is a {what} without requires_grad=True, as are all others; "
            f"give it model.parameters(), of which one or more ask for a gradient"
        )
    if len({id(p) for p in parameters}) < len(parameters):
        raise ValueError(f"{asker}: a parameter stands twice among the {len(parameters)}; give it each one once")


def _many(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
