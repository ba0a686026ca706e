"""Module: anything that holds parameters, in attributes, lists, dicts or other modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any, Self

import numpy as np

from nn import states
from nn.engines import demand_engine, leaf
from nn.holding import ROLES, Holder, found, is_leaf, walk
from nn.roles import BUFFER, BUFFERS, KEPT, PARAMETER, UNSAVED, as_buffer, assigned, is_kept, misfit, note, noting, role
from nn.settings import flag, is_setting, kind, named, told
from ops import modes
from ops.dispatch import is_node
from ops.errors import ShapeError
from ops.words import shown
from tensor import defaults

Array = np.ndarray[Any, Any]


class Module(Holder):
    """A model, or a part of one: subclasses keep parameters in attributes and define `forward`.

    A parameter is an array that asks for a gradient and is put into an attribute, or a list or dict in one, outside
    `forward`; it stays a parameter while it is frozen, `p.requires_grad = False`.  A buffer, such as a running mean, is
    declared by `register_buffer`: it is saved with the model but not trained.  What `forward` keeps in the module, and
    what is made by an op, is neither.
    """

    training = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if init := vars(cls).get("__init__"):
            type.__setattr__(cls, "__init__", noting(init))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _METHODS:
            _refuse_name(self, name, value)
        object.__setattr__(self, name, assigned(self, name, value))

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        note(self, name, "")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        around = modes.enter(self)
        try:
            return self.forward(*args, **kwargs)
        except TypeError as error:
            if said := misfit(self, type(self).forward, error):
                raise TypeError(said) from None
            raise
        finally:
            modes.leave(around)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes of its inputs; each subclass defines its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x); define it")

    def register_parameter(self, name: str, parameter: Any) -> None:
        """Declare a parameter, a leaf that asks for a gradient, as `self.name = parameter` does outside `forward`."""
        self._demand_free("register_parameter", name, PARAMETER)
        if not (is_leaf(parameter) and parameter.requires_grad):
            raise TypeError(
                f"{named(self)}.register_parameter: {told(name)} is {kind(parameter)}, but it must be a leaf that "
                f"asks for a gradient, such as nn.array(..., requires_grad=True)"
            )
        object.__setattr__(self, name, parameter)
        note(self, name, PARAMETER)

    def register_buffer(self, name: str, array: Any, persistent: bool = True) -> None:
        """Declare a buffer: an array, or numbers, that is kept but not trained, and is saved where it is persistent.

        >>> import nn
        >>> mean = nn.Module()
        >>> mean.register_buffer("running", nn.array([0.0, 0.0]))
        >>> list(mean.state_dict()), mean.parameters()
        (['running'], [])
        """
        self._demand_free("register_buffer", name, *BUFFERS)
        if is_leaf(array) and array.requires_grad:
            raise TypeError(
                f"{named(self)}.register_buffer: {told(name)} asks for a gradient, but a buffer is not trained"
            )
        what = BUFFER if flag("register_buffer", "persistent", persistent) else UNSAVED
        object.__setattr__(self, name, as_buffer(self, name, array))
        note(self, name, what)

    def _demand_free(self, asker: str, name: Any, *same: str) -> None:
        if not isinstance(name, str) or not name or "." in name:
            raise TypeError(f"{named(self)}.{asker}: the name is {shown(name)}, but it must be a word without a dot")
        if hasattr(self, name) and vars(self).get(ROLES, {}).get(name) not in same:
            raise ValueError(f"{named(self)}.{asker}: there is an attribute {told(name)} already; choose another name")

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, with the empty name, and every module below it."""
        return ((part.name, part.value) for part in found(self) if isinstance(part.value, Module))

    def named_parameters(self, remove_duplicate: bool = True) -> Iterator[tuple[str, Any]]:
        """Each parameter, trained or frozen, with its name by PyTorch's rule, `layers.0.weight`.

        One that several parts share comes once, or under each of its names where remove_duplicate is false.
        """
        return self._named((PARAMETER,), remove_duplicate)

    def named_buffers(self, remove_duplicate: bool = True) -> Iterator[tuple[str, Any]]:
        """Each buffer with its name."""
        return self._named(BUFFERS, remove_duplicate)

    def _named(self, roles: Collection[str], once: bool) -> Iterator[tuple[str, Any]]:
        if not once:
            yield from _with_every_name(self, roles)
            return
        met: set[int] = set()
        for part in found(self):
            if role(part) in roles and id(part.value) not in met:
                met.add(id(part.value))
                yield part.name, part.value

    def parameters(self) -> list[Any]:
        """Every array that training may change, frozen ones too, each once."""
        return [p for _, p in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward pass starts anew."""
        for p in self.parameters():
            p.grad = None if p.rank else 0  # the gradient of a single Value is a number from the start

    def train(self, mode: bool = True) -> Self:
        """Behave as in training, in this module and all below it: dropout drops, batch norm counts."""
        mode = flag("train", "mode", mode)
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Behave as in use: `train(False)`."""
        return self.train(False)

    def to(self, engine: str) -> Self:
        """A twin of this module on the engine, with the same numbers in arrays of its own.

        >>> import nn
        >>> nn.Linear(2, 1, rng=0).to("scalar").weight.engine
        'scalar'
        """
        demand_engine(f"{named(self)}.to", engine)
        return self._twin("to", engine, None)

    def astype(self, dtype: Any) -> Self:
        """A twin of this module whose Tensors hold this floating type; Values hold Python floats, always float64."""
        kind = defaults.number_type(f"{named(self)}.astype", dtype)
        if dtype is None or kind.kind != "f" or (self.engine == "scalar" and kind != np.float64):
            raise TypeError(
                f"astype: a module on the {self.engine} engine cannot hold {dtype and kind}; use a floating type there"
            )
        return self._twin("astype", None, kind)

    def _twin(self, asker: str, engine: str | None, dtype: Any) -> Self:
        twins: dict[int, Any] = {id(rng := defaults.generator()): rng}  # the one that all share, so that seeds reach it
        twins |= {id(p.value): _twin(asker, p.value, engine, dtype) for p in found(self) if is_node(p.value)}
        try:
            return deepcopy(self, twins)
        except RecursionError:
            raise ValueError(
                f"{asker}: {named(self)} holds modules within modules, deeper than Python can copy; use fewer levels"
            ) from None

    def torch_twin(self) -> Any:
        """The same model as a torch module, float64; None where torch is missing or has no such module."""
        from nn.twins import torch_twin  # it knows every module, this one too

        return torch_twin(self)

    @property
    def engine(self) -> str:
        """The engine its arrays are on; "tensor" where it has none."""
        return next((part.value.engine for part in walk(self) if is_node(part.value)), "tensor")

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter and buffer by name, in PyTorch's names, shapes and layouts.

        A parameter that several parts share stands under each of its names.
        """
        return {name: states.numbers("state_dict", name, x).copy() for name, x in held(self).items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the numbers of a state dict, this module's or a torch module's; all of them or none.

        Raises ValueError for a missing or an unknown name, ShapeError for a wrong shape, TypeError for what is no
        array of numbers that the module can hold.
        """
        states.demand_mapping("load_state_dict", state, "model.state_dict()")
        arrays, holds = _numbers_for(self, state), held(self)
        for name, x in arrays.items():
            if is_node(holds[name]):
                holds[name].data = x if x.ndim else x[()]
            else:
                holds[name][...] = x

    def extra_repr(self) -> str:
        """What stands in brackets behind the class's name: the shapes of its own arrays, and its settings."""
        roles = vars(self).get(ROLES, {})
        own = {name: x for name, x in vars(self).items() if name not in ("training", ROLES)}
        arrays = [f"{name} {x.shape}" for name, x in own.items() if is_leaf(x) and roles.get(name) != KEPT]
        return ", ".join(arrays + [f"{name}={x!r}" for name, x in own.items() if is_setting(x)])

    def __repr__(self) -> str:
        lines = []
        for name, module in self.named_modules():
            size = sum(int(np.prod(p.shape)) for p in module.parameters())
            depth = "  " * (name.count(".") + 1 if name else 0)
            head = f"{name}: " if name else ""
            lines.append(f"{depth}{head}{type(module).__name__}({module.extra_repr()})  {size:,}")
        return "\n".join(lines)


_METHODS = {name for name in vars(Module) if not name.startswith("_")} - {"training", "forward"}


def _refuse_name(module: Module, name: str, value: Any) -> None:
    """TypeError for data under the name of what every module has; a function may take a method's place."""
    is_ours = getattr(type(module), name, None) is getattr(Module, name)
    if is_ours and (isinstance(value, Module) or is_node(value) or not callable(value)):
        raise TypeError(
            f"{named(module)}: {name} is the name of what every module has, Module.{name}; "
            f"give the {kind(value)} another name"
        )


def _with_every_name(module: Module, roles: Collection[str]) -> Iterator[tuple[str, Any]]:
    """What has one of the roles; a parameter's other names are parameters too, unless forward gave them."""
    parts = [(part, role(part)) for part in found(module, every_name=True)]
    parameters = {id(part.value) for part, what in parts if what == PARAMETER}
    for part, what in parts:
        is_other_name = not what and id(part.value) in parameters and not is_kept(part)
        if (PARAMETER if is_other_name else what) in roles:
            yield part.name, part.value


def held(module: Module) -> dict[str, Any]:
    """Every parameter and every buffer that is saved, under each of its names; ValueError for two of one name."""
    parts = list(_with_every_name(module, (PARAMETER, BUFFER)))
    if twice := [name for name, count in Counter(name for name, _ in parts).items() if count > 1]:
        raise ValueError(
            f"state_dict: two arrays of {named(module)} have the name {twice[0]}, so one would be lost; "
            f"rename a key or an attribute"
        )
    return dict(parts)


def missing_from(module: Module, names: Collection[str]) -> list[str]:
    """The names that a state lacks, but for those of a shared parameter that stands there under another name."""
    holds = held(module)
    given = {id(x) for name, x in holds.items() if name in names}
    return sorted(name for name, x in holds.items() if id(x) not in given)


def _numbers_for(module: Module, state: Mapping[str, Any]) -> dict[str, Array]:
    """The state's numbers in the module's types; the errors of load_state_dict."""
    holds = held(module)
    missing, unknown = missing_from(module, state.keys()), sorted(state.keys() - holds.keys())
    said = [f"the state lacks {', '.join(missing)}"] if missing else []
    said += [f"the module has no {', '.join(unknown)}"] if unknown else []
    if said:
        raise ValueError(f"load_state_dict: {' and '.join(said)}; give the state of a module of the same build")
    arrays = {name: _fitted(name, holds[name], value) for name, value in state.items()}
    first: dict[int, str] = {}
    for name, x in arrays.items():
        other = first.setdefault(id(holds[name]), name)
        if not states.same_bits(arrays[other], x):
            raise ValueError(
                f"load_state_dict: {other} and {name} are one array here, but the state's two differ; "
                f"give the state of a module that shares it too"
            )
    return arrays


def _fitted(name: str, ours: Any, value: Any) -> Array:
    x = states.numbers("load_state_dict", name, value)
    if x.shape != ours.shape:
        raise ShapeError(f"load_state_dict: {name} has shape {ours.shape}, but the state's has {x.shape}")
    y = states.converted(x, np.dtype(ours.dtype))
    if y is None:
        raise TypeError(
            f"load_state_dict: {name} holds numbers of {x.dtype} that the module's {np.dtype(ours.dtype)} cannot take "
            f"over; give the state of a module of the same types"
        )
    return y


def _twin(asker: str, x: Any, engine: str | None, dtype: Any) -> Any:
    """The node's numbers as a leaf of the engine or of the type, without the graph that made them."""
    asks = is_leaf(x) and x.requires_grad
    if x.rank == 0 and engine != "tensor":
        return type(x)(x.data, x.label)
    numbers = np.array(x.data) if x.rank == 0 else x.numpy()
    return leaf(asker, numbers if dtype is None else numbers.astype(dtype), engine or x.engine, asks)
