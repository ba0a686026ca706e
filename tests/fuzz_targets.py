"""What the fuzz calls: every public function, class and method, found by `__all__`, by the registry and by class.

A new name joins by itself, with right arguments that are guessed from its signature; RIGHT and RIGHT_FOR stand in
for the guess where it would be wrong, so that one wrong argument is not hidden behind another.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import nn
import ops
import scalar
import tensor
import viz
from ops.spec import Op
from scalar import Value
from scalar.array import ValueArray
from tensor import Tensor


class Target(NamedTuple):
    """Something to call, and how often it has its turn.

    template: the source of the call, with ARGS for its arguments, and NODE for a node of `engine`, if it has one.
    names: what an error may call it.  required: right arguments.  options: parameters that may be left out.
    """

    template: str
    names: frozenset[str]
    required: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    engine: str = ""
    is_slow: bool = False


ENGINES = {"Value": Value, "ValueArray": ValueArray, "Tensor": Tensor}
PACKAGES = (ops, scalar, tensor, nn, viz)

# What the house says to itself, between engines, ops, modules and optimisers.
PROTOCOL = {
    "apply_op",
    "holding",
    "one",
    "peek",
    "peek_grad",
    "take",
    "forward",
    "extra_repr",
    "function",
    "rate",
    "update",
}
# Classes that functions return and nobody else makes; Digraph is graphviz's own.
RESULTS = {"Comparison", "Digraph", "Drawing", "Explanation", "Graph", "Op", "Reason", "Stepper", "Zoom"}
# Classes that need more than this of a subclass.
ABSTRACT = {"Module", "Optimizer", "Schedule"}

ARRAY = "np.linspace(-3, 3, 6).reshape(2, 3)"
SHARES = "np.full((2, 3), 0.5)"
ROWS = "np.linspace(-3, 3, 12).reshape(1, 3, 4)"
IMAGE = "np.linspace(-3, 3, 32).reshape(1, 2, 4, 4)"
VECTOR = "Tensor([1.0, 2.0], requires_grad=True).exp()"
LABELS = "np.array([1, -1, 1, -1])"
OPTIMIZER = "nn.SGD(nn.Linear(3, 2, rng=0).parameters(), 0.1)"

# A right argument by its parameter's name.
RIGHT = {
    **{"f": "total", "primals": "2.0", "tangents": "1.0", "v": "1.0", "op": "ops.sin", "condition": "True"},
    **{"arrays": f"[{ARRAY}, {ARRAY}]", "w": "np.ones((2, 2, 2, 2))", "shape": "(2, 3)", "axis": "0", "axes": "(1, 0)"},
    **{"size": "2", "dtype": "float", "index": "0", "pad_width": "1", "exponent": "2.0", "axis1": "0", "axis2": "-1"},
    **{"in_features": "3", "out_features": "2", "nin": "3", "nouts": "[2, 1]", "input_size": "4", "hidden_size": "2"},
    **{"in_channels": "2", "out_channels": "2", "kernel_size": "2", "num_features": "2", "normalized_shape": "3"},
    **{"num_embeddings": "5", "embedding_dim": "4", "num_positions": "5", "embed_dim": "4", "num_heads": "2"},
    **{
        "parameters": "[leaf]",
        "optimizer": OPTIMIZER,
        "lr_lambda": "lambda epoch: 0.5",
        "max_norm": "1.0",
        "lr": "0.1",
    },
    **{
        "modules": "nn.ReLU()",
        "module": "nn.ReLU()",
        "engine": "'scalar'",
        "model": "nn.Linear(3, 2, rng=0)",
        "loss": "nn.mse_loss",
        "path": "'saved.npz'",
    },
    **{"n": "4", "own": "(3, 1)", "full": "(3, 4)", "nonlinearity": "'relu'", "losses": "{'run': [2.0, 1.0]}"},
    **{"name": "'no such op'", "root": "total(leaf)", "roots": "total(leaf)", "X": "np.ones((4, 2))", "y": LABELS},
    **{
        "state": "{'weight': np.ones((2, 3)), 'bias': np.ones(2)}",
        "state_dict": "nn.SGD([leaf]).state_dict()",
        "inputs": "2.0",
        "given": "None",
        "shapes": "(2, 3)",
        "samples": "ops.sample((3,))",
    },
}

# And where the name alone does not say it: by target and parameter.
RIGHT_FOR = {
    **dict.fromkeys(("ops.conv2d x", "ops.max_pool2d x", "ops.avg_pool2d x"), IMAGE),
    **{"ops.matmul b": "np.ones((3, 2))", "ops.squeeze x": "np.ones((1, 3))", "ops.broadcast_to shape": "(2, 2, 3)"},
    **{"ops.scatter_add x": "np.ones(3)", "ops.overlap_add x": "np.ones((4, 3))", "ops.overlap_add shape": "(6,)"},
    **{
        "ops.overlap_add size": "3",
        "ops.hvp x": "2.0",
        "ops.gradcheck inputs": "2.0",
        "ops.pointwise domain": "(-3, 3)",
        "scalar.Value data": "2.0",
    },
    **dict.fromkeys(("nn.cross_entropy target", "nn.nll_loss target"), "[0, 2]"),
    **dict.fromkeys(("nn.CrossEntropyLoss target", "nn.NLLLoss target"), "[0, 2]"),
    **dict.fromkeys(("nn.binary_cross_entropy prediction", "nn.BCELoss prediction"), SHARES),
    **dict.fromkeys(("nn.binary_cross_entropy target", "nn.binary_cross_entropy_with_logits target"), SHARES),
    **dict.fromkeys(("nn.BCELoss target", "nn.BCEWithLogitsLoss target"), SHARES),
    **dict.fromkeys(("nn.kl_div target", "nn.KLDivLoss target"), SHARES),
    **dict.fromkeys(("nn.hinge_loss target", "nn.HingeLoss target"), "np.ones((2, 3))"),
    **dict.fromkeys(("nn.BatchNorm2d x", "nn.Conv2d x", "nn.MaxPool2d x", "nn.AvgPool2d x"), IMAGE),
    **dict.fromkeys(("nn.RNN x", "nn.GRU x", "nn.LSTM x", "nn.PositionalEmbedding x"), ROWS),
    **dict.fromkeys(("nn.MultiHeadAttention x", "nn.TransformerBlock x"), ROWS),
    **{"nn.BatchNorm1d x": "np.ones((3, 2))", "nn.Conv1d x": "np.ones((1, 2, 5))", "nn.Embedding ids": "[0, 4]"},
    **{"nn.ModuleList modules": "[nn.ReLU()]", "nn.load path": "'model.npz'", "nn.load_checkpoint path": "'run.npz'"},
    "nn.DataLoader.load_state_dict state_dict": f"nn.DataLoader({ARRAY}, rng=0).state_dict()",
    "nn.StepLR.load_state_dict state_dict": f"nn.StepLR({OPTIMIZER}, 2).state_dict()",
    **{"nn.Linear.register_parameter name": "'a'", "nn.Linear.register_buffer name": "'a'"},
    "nn.Linear.register_parameter parameter": "nn.array([1.0], requires_grad=True)",
    **dict.fromkeys(("nn.DataLoader arrays", "nn.data.DataLoader arrays"), ARRAY),
    **{"viz.compare target": "np.ones((2, 2))", "viz.explain leaf": "leaf", "viz.why_no_grad node": "leaf"},
    **{"viz.zoom node": VECTOR, "viz.draw roots": VECTOR, "viz.plots.broadcast b": "(4,)"},
    **{f"viz.{name}.save path": "'saved.txt'" for name in RESULTS},
    **{"viz.plots.broadcast a": "(3, 1)", "viz.plots.histograms arrays": "{'a': np.ones(3)}"},
    **{"viz.plots.gradient_check_curve f": "double", "viz.plots.gradient_check_curve x": "1.0"},
    **{"viz.plots.decision_boundary score": "lambda rows: rows.sum(axis=1)"},
}

# What functions of viz return, by its class.
SHOWN = {
    **{
        "Drawing": f"viz.draw({VECTOR})",
        "Explanation": "viz.explain(leaf, total(leaf))",
        "Zoom": f"viz.zoom({VECTOR})",
    },
    **{"Stepper": "viz.step(total(leaf))", "Reason": "viz.why_no_grad(leaf, total(leaf.detach()))"},
    "Comparison": "viz.compare(nn.Linear(2, 1, rng=0), np.ones((2, 2)), np.ones((2, 1)), nn.mse_loss)",
}

# Functions that make functions: a right one of theirs, which is called too.
MADE = {
    **{"ops.grad": ("total", "(2.0)"), "ops.value_and_grad": ("total", "(2.0)"), "ops.pointwise": ("(-3, 3)", "(own)")},
    **{"ops.reduction": ("(-3, 3)", "(own_sum)"), "ops.bilinear": ("ops.sample((3,), (3,))", "(own_product)")},
    **dict.fromkeys(("ops.linear", "ops.general"), ("ops.sample((3,))", "(own)")),
}

# Operators, and what our errors may call them.
OPERATORS = {
    **{"NODE + ARGS": "add +", "ARGS - NODE": "sub -", "NODE * ARGS": "mul *", "ARGS / NODE": "div /"},
    **{
        "NODE ** ARGS": "pow power **",
        "ARGS ** NODE": "pow power **",
        "NODE @ ARGS": "matmul @",
        "ARGS @ NODE": "matmul @",
    },
    **{"NODE < ARGS": "<", "NODE == ARGS": "==", "NODE[ARGS]": "getitem index", "format(NODE, ARGS)": "format"},
    **{"setattr(NODE, 'data', ARGS)": "data", "setattr(NODE, 'grad', ARGS)": "grad"},
    **{"setattr(NODE, 'requires_grad', ARGS)": "requires_grad"},
}


def targets() -> list[Target]:
    """Everything that the fuzz calls."""
    found = [each for package in PACKAGES for each in _of_module(package.__name__, package, package.__all__)]
    found += [each for op in ops.REGISTRY.values() if op.name not in ops.__all__ for each in _of_op(op)]
    found += [each for engine in ENGINES for each in _of_engine(engine)]
    return found


def public_names() -> frozenset[str]:
    """Every name that users know: what is exported, the ops and the classes of nodes."""
    return frozenset({*ENGINES, *ops.REGISTRY, *(name for package in PACKAGES for name in package.__all__)})


def _of_module(path: str, module: ModuleType, names: list[str]) -> Iterator[Target]:
    for name in sorted(names):
        value = getattr(module, name)
        if isinstance(value, ModuleType) and callable(value):  # a module that bears the name of its function
            value = getattr(value, name)
        if isinstance(value, ModuleType) and value.__name__.startswith(f"{path}."):
            yield from _of_module(f"{path}.{name}", value, _defined_in(value))
        elif isinstance(value, type):
            yield from _of_class(f"{path}.{name}", value)
        elif callable(value):
            yield _call(f"{path}.{name}", value)
            yield from _of_what_it_makes(f"{path}.{name}")


def _defined_in(module: ModuleType) -> list[str]:
    return [n for n, x in vars(module).items() if n[0] != "_" and getattr(x, "__module__", "") == module.__name__]


def _of_op(op: Op[...]) -> Iterator[Target]:
    yield _call(f"ops.{op.name}", op)


def _of_what_it_makes(path: str) -> Iterator[Target]:
    if path in MADE:
        right, call = MADE[path]
        name = frozenset({path.rpartition(".")[2], "own", "own_sum", "own_product"})
        yield Target(f"{path}({right})(ARGS)", name, (call[1:-1],))
        yield Target(f"{path}(ARGS){call}", name, (right,))


def _of_class(path: str, kind: type) -> Iterator[Target]:
    """The class itself; then what it makes: a module called on arrays, and the methods of either."""
    name = path.rpartition(".")[2]
    if name in SHOWN:
        for method in _methods(kind, whole=True):
            yield _call(f"{path}.{method}", getattr(kind, method), f"{SHOWN[name]}.{method}(ARGS)", skip=1, also=name)
    if issubclass(kind, BaseException) or name in RESULTS:
        return
    made = _call(path, kind)
    yield made
    if name in ABSTRACT or name in ENGINES or path.startswith("ops."):
        return
    for maker in _makers(made):
        if issubclass(kind, nn.Module) and kind.forward is not nn.Module.forward:
            yield _call(path, kind.forward, f"{maker}(ARGS)", skip=1, is_slow="scalar" in maker)
        for method in _methods(kind, whole=name in ("Linear", "SGD", "StepLR")):
            yield _call(f"{path}.{method}", getattr(kind, method), f"{maker}.{method}(ARGS)", skip=1, also=name)


def _makers(made: Target) -> list[str]:
    """Sources that make an object with right arguments, on each engine where it has one."""
    right = ", ".join(made.required)
    engines = [", engine='scalar'", ""] if "engine" in made.options else [""]
    seed = ", rng=0" if "rng" in made.options else ""
    return [made.template.replace("ARGS", f"{right}{engine}{seed}".removeprefix(", ")) for engine in engines]


def _methods(kind: type, whole: bool) -> list[str]:
    """Public methods, of its own or all."""
    names = dir(kind) if whole else vars(kind)
    return sorted(n for n in names if n[0] != "_" and n not in PROTOCOL and inspect.isfunction(getattr(kind, n)))


def _of_engine(engine: str) -> Iterator[Target]:
    kind = ENGINES[engine]
    if engine == "ValueArray":
        yield _call(engine, kind)
    for template, names in OPERATORS.items():
        yield Target(template, frozenset({engine, *names.split()}), ("2.0",), engine=engine)
    for name in dir(kind):
        if name[0] != "_" and name not in PROTOCOL and inspect.isfunction(inspect.getattr_static(kind, name)):
            method = getattr(kind, name)
            yield _call(f"{engine}.{name}", method, f"NODE.{name}(ARGS)", skip=1, also=engine)._replace(engine=engine)


def _call(path: str, value: Any, template: str = "", skip: int = 0, also: str = "", is_slow: bool = False) -> Target:
    """A call of what stands at the path, as its signature tells; the first `skip` parameters are given already."""
    parameters = list(inspect.signature(value).parameters.values())[skip:]
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.KEYWORD_ONLY)]
    required = [p for p in needed if p.kind is not p.VAR_POSITIONAL or f"{path} {p.name}" in RIGHT_FOR] or needed
    options = [p.name for p in parameters if p not in needed and p.kind is not p.VAR_KEYWORD]
    name = path.rpartition(".")[2]
    names = frozenset({name, also or name})
    domain = dict(zip(value.arrays, value.domain)) if isinstance(value, Op) else {}
    right = tuple(_right(path, p, domain.get(p.name)) for p in required)
    slow = is_slow or path.startswith("viz.") or path == "nn.data.digits"
    return Target(template or f"{path}(ARGS)", names, right, tuple(options), is_slow=slow)


def _right(path: str, parameter: inspect.Parameter, domain: Any = None) -> str:
    """A right argument for the parameter, or the best guess: an array from the op's domain, if it is an op's."""
    known = RIGHT_FOR.get(f"{path} {parameter.name}", RIGHT.get(parameter.name))
    by_annotation = {"int": "2", "float": "0.5", "str": "'a'", "bool": "True"}
    low, high = domain or (-3, 3)
    array = f"np.linspace({low}, {high}, 6).reshape(2, 3)"
    return known or by_annotation.get(str(parameter.annotation).partition(" ")[0], array)
