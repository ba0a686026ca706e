"""The registry of ops: one table of rules that both engines read.

Call an op on anything: `ops.tanh(x)` goes by whether x is a Value, a ValueArray, a Tensor, a number or an
array.  In a rule, `xp` may be this very package, which is how gradients of gradients come about.
"""

from typing import Any

from ops import kinds
from ops.bilinear import matmul as matmul
from ops.card import card as card
from ops.convolution import avg_pool2d as avg_pool2d, conv2d as conv2d, max_pool2d as max_pool2d
from ops.errors import (
    AnomalyError as AnomalyError,
    ChangedDataError as ChangedDataError,
    DeclarationError as DeclarationError,
    EngineError as EngineError,
    ParameterError as ParameterError,
    ShapeError as ShapeError,
)
from ops.frames import overlap_add as overlap_add, pad as pad, windows as windows
from ops.functional import grad as grad, hvp as hvp, jvp as jvp, value_and_grad as value_and_grad
from ops.gradcheck import gradcheck as gradcheck
from ops.graph import topological as topological
from ops.linear import (
    astype as astype,
    broadcast_to as broadcast_to,
    concat as concat,
    expand_dims as expand_dims,
    flip as flip,
    getitem as getitem,
    matrix_transpose as matrix_transpose,
    permute_dims as permute_dims,
    reshape as reshape,
    scatter_add as scatter_add,
    squeeze as squeeze,
    stack as stack,
)
from ops.modes import detect_anomaly as detect_anomaly, no_grad as no_grad
from ops.pointwise import (
    abs as abs,
    add as add,
    clip as clip,
    cos as cos,
    div as div,
    erf as erf,
    exp as exp,
    gelu as gelu,
    leaky_relu as leaky_relu,
    log as log,
    maximum as maximum,
    minimum as minimum,
    mul as mul,
    neg as neg,
    positive as positive,
    pow as pow,
    power as power,
    relu as relu,
    sigmoid as sigmoid,
    sign as sign,
    silu as silu,
    sin as sin,
    softplus as softplus,
    sqrt as sqrt,
    sub as sub,
    tanh as tanh,
    where as where,
)
from ops.reductions import (
    log_softmax as log_softmax,
    logsumexp as logsumexp,
    max as max,
    mean as mean,
    min as min,
    prod as prod,
    softmax as softmax,
    sum as sum,
    var as var,
)
from ops.spec import REGISTRY as REGISTRY, Op as Op, forget as forget, sample as sample

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
    """An op declared elsewhere, in a notebook say, is found here too."""
    if name in REGISTRY:
        return REGISTRY[name]
    raise AttributeError(f"no op is called {name!r}; ops.REGISTRY lists them")
