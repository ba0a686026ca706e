"""What other array libraries' functions do with an array node: recorded, told as numbers, or refused by name.

NumPy asks an argument that is not its own before it runs a function of its own (its protocols `__array_ufunc__` and
`__array_function__`).  So `array * node` is recorded like `node * array`; a question about the numbers is answered;
and what would take numbers out of a graph unseen is refused, with the name of the op to call instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from ops.dispatch import is_node
from ops.errors import EngineError
from ops.spec import REGISTRY

_OPERATORS = {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "power": "power", "matmul": "matmul"}
_OTHER_NAMES = _OPERATORS | {
    **{"negative": "neg", "absolute": "abs", "dot": "matmul", "concatenate": "concat", "transpose": "permute_dims"},
    **{"amax": "max", "amin": "min"},
}
_QUESTIONS = {  # whose answers have no derivative
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "isfinite", "isnan", "isinf"),
    *("allclose", "isclose", "array_equal", "array_equiv", "argmax", "argmin", "argsort", "searchsorted", "unique"),
    *("shape", "ndim", "size", "array_repr", "array_str", "array2string", "iscomplexobj", "isrealobj", "result_type"),
    *("zeros_like", "ones_like", "full_like", "empty_like", "histogram", "atleast_1d", "shares_memory"),
}


def ufunc(node: Any, function: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """NumPy's `__array_ufunc__`: the operators of its arrays are recorded, and comparisons are answered."""
    name = function.__name__
    if options.get("out"):
        raise TypeError(f"np.{name}: an array cannot take up a {type(node).__name__} in place; write a = a + x")
    if name in _OPERATORS and method == "__call__" and not options:
        return REGISTRY[_OPERATORS[name]](*inputs)
    return function_of_arrays(getattr(function, method), name, inputs, options)


def function_of_arrays(function: Callable[..., Any], name: str, args: Any, options: Any) -> Any:
    """NumPy's `__array_function__`: run on the numbers where no derivative is lost by it, refused elsewhere."""
    asking = [x for x in _nodes((args, options)) if x.requires_grad]
    if asking and name.rpartition(".")[2] not in _QUESTIONS:
        _refuse(name, asking[0])
    return function(*_numbers(args), **_numbers(options))


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
    raise TypeError(
        f"np.{name}: NumPy would take the numbers of this {type(node).__name__} out of the graph; {instead}, or give "
        f"x.numpy() where the numbers alone are meant"
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
    return given.numpy() if is_node(given) else given
