"""The tensor engine: `Tensor`, one NumPy array per node."""

from ops.modes import detect_anomaly as detect_anomaly, no_grad as no_grad
from tensor.creation import (
    arange as arange,
    eye as eye,
    full as full,
    linspace as linspace,
    normal as normal,
    ones as ones,
    uniform as uniform,
    zeros as zeros,
)
from tensor.tensor import Tensor as Tensor
