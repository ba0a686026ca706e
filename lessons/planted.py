"""The catalogue of faults: what each is called, what is wrong, and the passages of the engine that it changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A passage of a file, and what a fault writes there instead.

    engine: "scalar" or "tensor", whose passage it is, or "both".  is_rule: whether it is a rule of the registry that
    ends in `return`, so that it can be wrong on one engine alone.
    """

    engine: str
    path: str
    right: str
    wrong: str
    is_rule: bool = False


@dataclass(frozen=True)
class Fault:
    """One mistake.  says: what is wrong, in words.  shows_on: where one can see it, "scalar", "tensor" or "nn"."""

    name: str
    says: str
    shows_on: tuple[str, ...]
    edits: tuple[Edit, ...]


def _rule(path: str, head: str, right: str, wrong: str) -> Edit:
    """A rule of one line that returns something else."""
    return Edit("both", path, f"{head}\n    return {right}", f"{head}\n    return {wrong}", is_rule=True)


_MET_FIRST = """def _as_they_are_met(roots):
    row = dict.fromkeys(roots)
    for node in (walk := list(row)):
        walk += [x for x in dict.fromkeys(node.args) if x not in row]
        row |= dict.fromkeys(walk)
    return list(row)


"""

_MISSING_PLUS = (
    Edit(
        "scalar",
        "scalar/value.py",
        "                    x.grad += g * d if d is not False else 0.0\n",
        "                    x.grad = g * d if d is not False else 0.0\n",
    ),
    Edit(
        "scalar",
        "scalar/value.py",
        "        a.grad += g * da if da is not False else 0.0\n        b.grad += g * db if db is not False else 0.0\n",
        "        a.grad = g * da if da is not False else 0.0\n        b.grad = g * db if db is not False else 0.0\n",
    ),
    Edit("tensor", "ops/graph.py", "grads[arg] = grads[arg] + g\n", "grads[arg] = g\n"),
    Edit("tensor", "ops/graph.py", "grads[arg] += g\n", "grads[arg] = g\n"),
)

_WRONG_ORDER = (
    Edit("scalar", "scalar/value.py", "    for node in reversed(order):", "    for node in _as_they_are_met(seeds):"),
    Edit("scalar", "scalar/value.py", "def _order(", f"{_MET_FIRST}def _order("),
    Edit("tensor", "ops/graph.py", "    for node in reversed(order):", "    for node in _as_they_are_met(seeds):"),
    Edit("tensor", "ops/graph.py", "def as_nodes(", f"{_MET_FIRST}def as_nodes("),
)

_KEPT = """        before = {x: x.grad for x in graph.topological(*seeds) if x not in seeds}
        order, watched = _order(run), modes.watching()
        for x in order:
            x.grad = before.get(x, x.grad)
"""

_RUN = "        y = op.run(arrays, inputs, params) if op.moves else arrays.silently(op.run, arrays, inputs, params)\n"

_RELU_IN_PLACE = (
    Edit(
        "scalar",
        "scalar/value.py",
        "    return _node(op, floats.run(op.forward, [x._data for x in args], params), args, None, params)\n",
        "    y = floats.run(op.forward, [x._data for x in args], params)\n"
        '    if op.name == "relu":\n'
        "        args[0]._data = y\n"
        "    return _node(op, y, args, None, params)\n",
    ),
    Edit(
        "tensor",
        "tensor/tensor.py",
        _RUN,
        _RUN + '        if op.name == "relu":\n            args[0]._array[...] = y\n',
    ),
)

_TANH_WRAPPED_ANEW = (
    Edit(
        "scalar",
        "scalar/value.py",
        "    return _node(op, floats.run(op.forward, [x._data for x in args], params), args, None, params)\n",
        "    y = floats.run(op.forward, [x._data for x in args], params)\n"
        '    return Value(y) if op.name == "tanh" else _node(op, y, args, None, params)\n',
    ),
    Edit(
        "tensor",
        "tensor/tensor.py",
        _RUN,
        _RUN + '        if op.name == "tanh":\n'
        "            return Tensor(y, requires_grad=any([x.requires_grad for x in args]))\n",
    ),
)

_NEVER_FORGETS = (
    Edit("scalar", "scalar/nn.py", "            p.grad = 0\n", "            pass\n"),
    Edit("both", "nn/module.py", "            p.grad = None\n", "            pass\n"),
    Edit("both", "nn/optim.py", "            p.grad = None if p.rank else 0", "            pass"),
)

FAULTS = (
    Fault(
        "missing +=",
        "a gradient is written over the one before instead of added to it",
        ("scalar", "tensor"),
        _MISSING_PLUS,
    ),
    Fault(
        "wrong order",
        "a node passes its gradient on when first met, before all its users have sent to it",
        ("scalar", "tensor"),
        _WRONG_ORDER,
    ),
    Fault(
        "stale gradients",
        "a second backward pass adds to what the first left in the middle of the graph",
        ("scalar",),
        (Edit("scalar", "scalar/value.py", "        order, watched = _order(run), modes.watching()\n", _KEPT),),
    ),
    Fault(
        "wrong sign",
        "in a - b the gradient of b has the wrong sign",
        ("scalar", "tensor"),
        (_rule("ops/pointwise.py", "def sub_partials(xp, y, a, b, /):", "1, -1", "1, 1"),),
    ),
    Fault(
        "partials swapped",
        "in a * b each factor is sent its own number instead of the other's",
        ("scalar", "tensor"),
        (_rule("ops/pointwise.py", "def mul_partials(xp, y, a, b, /):", "b, a", "a, b"),),
    ),
    Fault(
        "mutated saved data",
        "relu writes its result over its argument, which other nodes have still to read",
        ("scalar", "tensor"),
        _RELU_IN_PLACE,
    ),
    Fault(
        "re-wrapped data",
        "tanh puts its result into a new leaf, so no gradient goes below it",
        ("scalar", "tensor"),
        _TANH_WRAPPED_ANEW,
    ),
    Fault(
        "forgotten un-broadcast",
        "the gradient of an array that broadcasting stretched keeps the stretched shape",
        ("tensor",),
        (Edit("tensor", "ops/graph.py", "g = fold(xp, g, x)", "pass"),),
    ),
    Fault(
        "transposed operand",
        "in a @ b the gradient of a is made with b reshaped where b should be transposed",
        ("tensor",),
        (
            _rule(
                "ops/bilinear.py",
                "def matmul_adjoint_a(xp, g, a, b, /):",
                "xp.matmul(g, xp.matrix_transpose(b))",
                "xp.matmul(g, xp.reshape(b, (*b.shape[:-2], b.shape[-1], b.shape[-2])))",
            ),
        ),
    ),
    Fault(
        "sum for mean",
        "the gradient of a mean is that of a sum: nobody divides by the number of elements",
        ("tensor",),
        (
            _rule(
                "ops/reductions.py",
                "def mean_partials(xp, y, x, /, axis):",
                "(1 / (_size(x, axis) or 1),)",
                "(1,)",
            ),
        ),
    ),
    Fault("missing zero_grad", "zero_grad forgets nothing, so gradients of all steps add up", ("nn",), _NEVER_FORGETS),
)
