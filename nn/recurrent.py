"""Recurrent layers, one layer deep, batch first: a state carried along the steps of a sequence.

A state, given or returned, is h of shape (1, batch, hidden), of an LSTM the pair (h, c); zeros unless given.
Names and layouts are PyTorch's: weight_ih_l0 (gates * hidden, input), weight_hh_l0 (gates * hidden, hidden), and
a bias for each, all drawn from U(-k, k), k = 1/sqrt(hidden_size).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

import ops
from nn.engines import DType, Rng, array, floats, generator, parameter, uniform, weight
from nn.module import Module
from nn.settings import count, kind, named
from ops.errors import ShapeError
from ops.shapes import Shape


class _Recurrent(Module):
    gates: ClassVar[int] = 1  # blocks of rows in each weight
    letters: ClassVar[str] = "h"  # of the arrays in the state

    def __init__(
        self, input_size: int, hidden_size: int, *, engine: str = "tensor", dtype: DType = None, rng: Rng = None
    ):
        n, m = count(self, "input_size", input_size), count(self, "hidden_size", hidden_size)
        rng, k, rows = generator(self, rng), m**-0.5, self.gates * m
        self.hidden_size = m
        self.weight_ih_l0 = weight(self, uniform(rng, k), (rows, n), engine, dtype)
        self.weight_hh_l0 = weight(self, uniform(rng, k), (rows, m), engine, dtype)
        self.bias_ih_l0 = parameter(self, uniform(rng, k), (rows,), engine, dtype)
        self.bias_hh_l0 = parameter(self, uniform(rng, k), (rows,), engine, dtype)

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        x = self._sequence(x)
        inputs, u = self._inputs(ops.permute_dims(x, (1, 0, 2))), self.weight_hh_l0.mT
        state, outputs = self._unpacked(state, x.shape[0]), []
        for step in range(x.shape[1]):
            state = self._step(inputs[step], u, *state)
            outputs.append(state[0])
        final = tuple(ops.expand_dims(part, axis=0) for part in state)
        return ops.permute_dims(ops.stack(outputs), (1, 0, 2)), final[0] if len(final) == 1 else final

    def _sequence(self, x: Any) -> Any:
        """The input as an array (batch, steps, input) of one step or more."""
        x, width = floats(self, x, self.weight_ih_l0.dtype), self.weight_ih_l0.shape[1]
        if len(x.shape) != 3 or x.shape[2] != width:
            raise ShapeError(f"{named(self)}: a sequence has shape (batch, steps, {width}), not {x.shape}")
        if x.shape[1] == 0:
            raise ShapeError(f"{named(self)}: the sequence {x.shape} has no steps, but it must have one or more")
        return x

    def _unpacked(self, state: Any, batch: int) -> tuple[Any, ...]:
        """The parts of the state, (batch, hidden) each; zeros where none is given."""
        if state is None:
            zeros = array(np.zeros((batch, self.hidden_size), self.weight_hh_l0.dtype), self.weight_hh_l0.engine)
            return (zeros,) * len(self.letters)
        shape = (1, batch, self.hidden_size)
        parts = self._parts(state, shape)
        return tuple(self._part(letter, part, shape) for letter, part in zip(self.letters, parts))

    def _parts(self, state: Any, shape: Shape) -> Sequence[Any]:
        """The arrays of the state; TypeError where there are more of them, or fewer, than the layer carries."""
        if len(self.letters) == 1:
            if isinstance(state, tuple):
                raise TypeError(f"{named(self)}: its state is one array h of shape {shape}, not a tuple; give h itself")
            return (state,)
        if not isinstance(state, (tuple, list)) or len(state) != len(self.letters):
            seen = f"{len(state)} of them" if isinstance(state, (tuple, list)) else f"one {kind(state)}"
            raise TypeError(f"{named(self)}: its state is a pair (h, c), each of shape {shape}, but got {seen}")
        return state

    def _part(self, letter: str, part: Any, shape: Shape) -> Any:
        """One array of the state without its first axis, the layers in PyTorch; ShapeError where it does not fit."""
        part = floats(self, part, self.weight_hh_l0.dtype, f"its state {letter}")
        if part.shape != shape:
            raise ShapeError(
                f"{named(self)}: its state {letter} has shape {part.shape}, but here it must have {shape}, "
                f"which is (1, batch, hidden_size)"
            )
        return ops.squeeze(part, axis=0)

    def _inputs(self, x: Any) -> Any:
        """What every step adds to its product with the state: (steps, batch, gates * hidden)."""
        return x @ self.weight_ih_l0.mT + (self.bias_ih_l0 + self.bias_hh_l0)

    def _split(self, rows: Any) -> list[Any]:
        """The gates, side by side in the last axis."""
        n = self.hidden_size
        return [rows[:, i * n : (i + 1) * n] for i in range(self.gates)]

    def _step(self, inputs: Any, u: Any, *state: Any) -> tuple[Any, ...]:
        raise NotImplementedError


class RNN(_Recurrent):
    r"""$h' = \tanh(W x + b + U h + c)$: (batch, steps, input) to the states (batch, steps, hidden) and the last.

    Source: Elman 1990.

    >>> import numpy as np
    >>> outputs, last = RNN(3, 4, rng=0)(np.zeros((2, 5, 3)))
    >>> outputs.shape, last.shape
    ((2, 5, 4), (1, 2, 4))
    """

    def _step(self, inputs: Any, u: Any, *state: Any) -> tuple[Any, ...]:
        (h,) = state
        return ((inputs + h @ u).tanh(),)


class GRU(_Recurrent):
    r"""$h' = (1 - z) n + z h$ with gates r, z and news $n = \tanh(W_n x + b_n + r (U_n h + c_n))$.

    Source: Cho et al. 2014, with the reset after the product as in cuDNN and PyTorch.
    """

    gates = 3

    def _inputs(self, x: Any) -> Any:
        return x @ self.weight_ih_l0.mT + self.bias_ih_l0  # the other bias stands inside the reset

    def _step(self, inputs: Any, u: Any, *state: Any) -> tuple[Any, ...]:
        (h,) = state
        (xr, xz, xn), (hr, hz, hn) = self._split(inputs), self._split(h @ u + self.bias_hh_l0)
        r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
        n = (xn + r * hn).tanh()
        return ((1 - z) * n + z * h,)


class LSTM(_Recurrent):
    r"""$c' = f c + i g$, $h' = o \tanh c'$ with gates i, f, o and news g; the state is the pair (h, c).

    Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """

    gates, letters = 4, "hc"

    def _step(self, inputs: Any, u: Any, *state: Any) -> tuple[Any, ...]:
        h, c = state
        i, f, g, o = self._split(inputs + h @ u)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
