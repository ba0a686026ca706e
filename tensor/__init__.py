"""The tensor engine: `Tensor`, one NumPy array per node."""

from ops.modes import detect_anomaly, no_grad
from tensor.creation import arange, eye, full, linspace, normal, ones, uniform, zeros
from tensor.defaults import get_default_dtype, set_default_dtype
from tensor.tensor import Tensor

__all__ = [
    "Tensor",
    "arange",
    "detect_anomaly",
    "eye",
    "full",
    "get_default_dtype",
    "linspace",
    "no_grad",
    "normal",
    "ones",
    "set_default_dtype",
    "uniform",
    "zeros",
]
