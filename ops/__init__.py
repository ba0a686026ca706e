"""The registry of ops: one table of rules that both engines read.

Call an op on anything: `ops.tanh(x)` goes by whether x is a Value, a ValueArray, a Tensor, a number or an
array.  In a rule, `xp` may be this very package, which is how gradients of gradients come about.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ops import kinds, words
from ops.bilinear import matmul
from ops.convolution import avg_pool2d, conv2d, max_pool2d
from ops.errors import AnomalyError, ChangedDataError, DeclarationError, EngineError, ParameterError, ShapeError
from ops.frames import overlap_add, pad, windows
from ops.functional import grad, hvp, jvp, value_and_grad
from ops.graph import topological
from ops.linear import (
    astype,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    getitem,
    matrix_transpose,
    permute_dims,
    reshape,
    scatter_add,
    squeeze,
    stack,
)
from ops.masks import isnan, logical_not
from ops.modes import detect_anomaly, no_grad
from ops.pointwise import (
    abs,
    add,
    clip,
    cos,
    div,
    erf,
    erfc,
    exp,
    gelu,
    leaky_relu,
    log,
    maximum,
    minimum,
    mul,
    neg,
    positive,
    pow,
    power,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    softplus,
    sqrt,
    sub,
    tanh,
    where,
)
from ops.reductions import log_softmax, logsumexp, max, mean, min, prod, softmax, sum, var
from ops.spec import REGISTRY, Op, forget, sample

if TYPE_CHECKING:
    from ops.card import card
    from ops.gradcheck import gradcheck

__all__ = [
    "REGISTRY",
    "AnomalyError",
    "ChangedDataError",
    "DeclarationError",
    "EngineError",
    "Op",
    "ParameterError",
    "ShapeError",
    "abs",
    "add",
    "astype",
    "avg_pool2d",
    "bilinear",
    "broadcast_to",
    "card",
    "clip",
    "concat",
    "conv2d",
    "cos",
    "detect_anomaly",
    "div",
    "erf",
    "erfc",
    "exp",
    "expand_dims",
    "flip",
    "forget",
    "gelu",
    "general",
    "getitem",
    "grad",
    "gradcheck",
    "hvp",
    "isnan",
    "jvp",
    "leaky_relu",
    "linear",
    "log",
    "log_softmax",
    "logical_not",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "max_pool2d",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mul",
    "neg",
    "no_grad",
    "overlap_add",
    "pad",
    "permute_dims",
    "pi",
    "pointwise",
    "positive",
    "pow",
    "power",
    "prod",
    "reduction",
    "relu",
    "reshape",
    "sample",
    "scatter_add",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "squeeze",
    "stack",
    "sub",
    "sum",
    "tanh",
    "topological",
    "value_and_grad",
    "var",
    "where",
    "windows",
]

# The decorators; three of the modules above bear their names, so they come last.
bilinear, general, linear, pointwise, reduction = (
    kinds.bilinear,
    kinds.general,
    kinds.linear,
    kinds.pointwise,
    kinds.reduction,
)
pi = 3.141592653589793


def __getattr__(name: str) -> Any:
    """An op declared elsewhere, in a notebook say, is found here too; and what only some programs need is opened."""
    if name in REGISTRY:
        return REGISTRY[name]
    if name in ("card", "gradcheck"):
        globals()[name] = getattr(import_module(f"ops.{name}"), name)
        return globals()[name]
    near = words.nearest(name, {*__all__, *REGISTRY}, "ops.REGISTRY lists its ops")
    raise AttributeError(f"ops has no {name!r}; {near}")


def __dir__() -> list[str]:
    """What is exported, and the ops that were declared elsewhere."""
    return sorted({*__all__, *REGISTRY})
