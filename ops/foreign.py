"""What other array libraries' functions do with an array node: recorded, told as numbers, or refused by name.

NumPy asks an argument that is not its own before it runs a function of its own (its protocols `__array_ufunc__` and
`__array_function__`).  So `array * node` is recorded like `node * array`; a question about the numbers is answered;
and what would take numbers out of a graph unseen is refused, with the name of the op to call instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from ops.dispatch import is_node
from ops.errors import EngineError
from ops.nesting import tracer
from ops.spec import REGISTRY

_OPERATORS = {  # by NumPy's names: the method of the left operand, and the one of the right
    **{"add": ("__add__", "__radd__"), "subtract": ("__sub__", "__rsub__"), "multiply": ("__mul__", "__rmul__")},
    **{"divide": ("__truediv__", "__rtruediv__"), "power": ("__pow__", "__rpow__")},
    **{"matmul": ("__matmul__", "__rmatmul__")},
}
_OTHER_NAMES = {
    **{
        "subtract": "sub",
        "multiply": "mul",
        "divide": "div",
        "negative": "neg",
        "absolute": "abs",
        "dot": "matmul",
        "concatenate": "concat",
        "transpose": "permute_dims",
    },
    **{"amax": "max", "amin": "min"},
}
_QUESTIONS = {  # whose answers have no derivative
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "isfinite", "isnan", "isinf"),
    *("allclose", "isclose", "array_equal", "array_equiv", "argmax", "argmin", "argsort", "searchsorted"),
    *("shape", "ndim", "size", "array_repr", "array_str", "array2string", "iscomplexobj", "isrealobj", "result_type"),
    *("zeros_like", "ones_like", "empty_like", "shares_memory", "may_share_memory"),
}
_SHOWING = {"viz", "matplotlib", "mpl_toolkits", "seaborn", "nn.module", "numpy.testing"}  # nobody differentiates that
ABOVE_PANDAS = 5000  # more than its arrays have, so that `series * node` is left to the node
_LIBRARIES = {"numpy", "pandas", "scipy"}  # which compute with the numbers that they take


def array_ufunc(node: Any, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy's `__array_ufunc__`: the operators of its arrays are recorded, and comparisons are answered."""
    name = function.__name__
    if options.get("out"):
        raise TypeError(f"np.{name}: an array cannot take up a {type(node).__name__} in place; write a = a + x")
    if name in _OPERATORS and method == "__call__" and not options:
        (a, b), (of_left, of_right) = inputs, _OPERATORS[name]
        operate = getattr(b, of_right, None) if is_node(b) else getattr(a, of_left, None)
        return REGISTRY["matmul"](a, b) if operate is None else operate(a if is_node(b) else b)
    return function_of_arrays(getattr(function, method), name, inputs, options)


def function_of_arrays(function: Callable[..., Any], name: str, args: Any, options: Any) -> Any:
    """NumPy's `__array_function__`: run on the numbers where no derivative is lost by it, refused elsewhere."""
    asking = [x for x in _nodes((args, options)) if x.requires_grad]
    last = name.rpartition(".")[2]
    if asking and last == "atleast_1d":  # as pictures need it
        refuse_array(asking[0], "np.atleast_1d")
    elif asking and last not in _QUESTIONS and not _of_its_shape_alone(last, args, options):
        _refuse(name, asking[0])
    return function(*_numbers(args), **_numbers(options))


def _of_its_shape_alone(name: str, args: Sequence[Any], options: Mapping[str, Any]) -> bool:
    """Whether this is full_like, which reads an array's shape, and the number to fill it with is no node."""
    return name == "full_like" and not _nodes((args[1:], options))


def refuse_array(node: Any, who: str = "NumPy") -> None:
    """TypeError where an array's numbers leave the graph unasked: inside a transform, or to a library that computes."""
    if not node.requires_grad or not (asker := _asker()):
        return
    kind = type(node).__name__
    who = "optimizer.step() or the like" if asker in ("nn", "tensor") else who
    if transform := tracer():
        raise TypeError(
            f"{transform}: {who} made a plain array of a {kind}, so its derivative would be lost; write it with ops, "
            f"as in ops.stack([x, y]) for np.array([x, y]), or give x.numpy() where the numbers alone are meant"
        )
    if asker in _LIBRARIES:
        raise TypeError(
            f"{asker} would take the numbers of this {kind} out of the graph; make the other array a {kind} too, as in "
            f"{kind}(a) @ x, or give x.numpy() where the numbers alone are meant"
        )


def _asker() -> str:
    """The package whose code wants the numbers; empty where it only shows, checks or saves them."""
    frame, through_numpy = sys._getframe(2), False
    while frame is not None:
        name = frame.f_globals.get("__name__") or "__main__"
        package = name.partition(".")[0]
        if package in _SHOWING or ".".join(name.split(".")[:2]) in _SHOWING:
            return ""
        if package != "numpy" and name not in ("ops.methods", __name__):
            return "numpy" if through_numpy and package not in _LIBRARIES else package
        through_numpy = through_numpy or package == "numpy"  # which may have been called by one that only shows
        frame = frame.f_back
    return "numpy"


def refuse_torch(asker: str, node: type, other: Any) -> None:
    """EngineError where the other operand is a tensor of PyTorch."""
    if type(other).__module__.partition(".")[0] == "torch":
        raise EngineError(
            f"{asker}: got a {node.__name__} and a torch.{type(other).__name__}, which belong to two libraries; "
            f"convert one of them, as in {node.__name__}(x.detach().numpy())"
        )


def _refuse(name: str, node: Any) -> NoReturn:
    op = _OTHER_NAMES.get(last := name.rpartition(".")[2], last)
    instead = f"call ops.{op}" if op in REGISTRY else "write it with ops"
    numbers = "x.numpy()" if node.rank else "x.item()"
    raise TypeError(
        f"np.{name}: NumPy would take the numbers of this {type(node).__name__} out of the graph; {instead}, or give "
        f"{numbers} where the numbers alone are meant"
    )


def _nodes(given: Any) -> list[Any]:
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return [node for x in given for node in _nodes(x)]
    return [given] if is_node(given) else []


def _numbers(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {name: _numbers(x) for name, x in given.items()}
    if isinstance(given, (list, tuple)):
        return type(given)(map(_numbers, given))
    return given if not is_node(given) else given.numpy() if given.rank else given.item()
