"""The tensor engine: `Tensor`, one NumPy array per node."""

from ops.modes import detect_anomaly, no_grad
from tensor.creation import arange, eye, full, linspace, normal, ones, uniform, zeros
from tensor.tensor import Tensor

__all__ = [
    "Tensor",
    "arange",
    "detect_anomaly",
    "eye",
    "full",
    "linspace",
    "no_grad",
    "normal",
    "ones",
    "uniform",
    "zeros",
]
