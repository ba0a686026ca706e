"""The scalar engine: `Value`, one number per node.  Arrays of Values are in `scalar.array`."""

from ops.modes import detect_anomaly, no_grad
from scalar.value import Value

__all__ = [
    "Value",
    "detect_anomaly",
    "no_grad",
]
