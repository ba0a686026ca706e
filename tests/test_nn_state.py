"""What a module holds is found under every name it has or refused; states go over whole or not at all."""

from __future__ import annotations

import copy
import pickle
import re
from collections import UserDict, UserList, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn as right_nn
import ops
from ops.errors import ShapeError
from scalar import Value
from tensor import Tensor

nn: Any = right_nn  # some calls below are wrong on purpose; the type checker would say so first


class Parts(right_nn.Module):
    """A module with these attributes."""

    def __init__(self, **attributes: Any):
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, x: Any) -> Any:
        return x


parts: Any = Parts  # of which the type checker knows no attribute


def names(module: Any) -> list[str]:
    return [name for name, _ in module.named_parameters()]


def leaf(data: Any = 1.0, engine: str = "tensor") -> Any:
    return nn.array(data, engine, requires_grad=True)


def one_sentence(error: pytest.ExceptionInfo[BaseException]) -> str:
    said = str(error.value)
    assert "\n" not in said
    assert ". " not in said
    return said


# shared and frozen


def tied(rng: int = 0, engine: str = "tensor") -> Any:
    model = nn.Sequential(nn.Linear(3, 3, engine=engine, rng=rng), nn.Tanh(), nn.Linear(3, 3, engine=engine, rng=rng))
    model[2].weight = model[0].weight
    return model


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_a_shared_parameter_is_one_parameter_with_all_its_names(engine: str) -> None:
    model = tied(engine=engine)
    assert names(model) == ["0.weight", "0.bias", "2.bias"]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [name for name, _ in model.named_parameters(remove_duplicate=False)] == list(model.state_dict())
    assert len(model.parameters()) == 3


def test_a_layer_used_twice_has_both_its_names() -> None:
    layer = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(layer, nn.Tanh(), layer)
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(model.parameters()) == 2


@pytest.mark.torch
def test_states_of_tied_models_go_from_pytorch_to_us_and_back() -> None:
    torch: Any = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh(), torch.nn.Linear(3, 3)).double()
    theirs[2].weight = theirs[0].weight
    ours = tied()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=(4, 3))
    np.testing.assert_allclose(ours(x).numpy(), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-12)
    theirs.load_state_dict({name: torch.tensor(value) for name, value in tied(5).state_dict().items()})
    assert theirs[2].weight.tolist() == tied(5)[0].weight.tolist()


def test_two_numbers_for_one_shared_array_are_refused() -> None:
    untied = nn.Sequential(nn.Linear(3, 3, rng=1), nn.Tanh(), nn.Linear(3, 3, rng=2))
    model = tied()
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"load_state_dict: 0.weight and 2.weight are one array here, but") as caught:
        model.load_state_dict(untied.state_dict())
    one_sentence(caught)
    assert all(np.array_equal(before[name], x) for name, x in model.state_dict().items())
    untied.load_state_dict(model.state_dict())
    assert untied[2].weight.tolist() == model[0].weight.tolist()


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_a_frozen_parameter_stays_in_its_place(engine: str) -> None:
    model = nn.Sequential(nn.Linear(2, 2, engine=engine, rng=0), nn.BatchNorm1d(2, engine=engine))
    before = names(model), list(model.state_dict()), [id(p) for p in model.parameters()]
    for p in model.parameters():
        p.requires_grad = False
    assert (names(model), list(model.state_dict()), [id(p) for p in model.parameters()]) == before
    assert [name for name, _ in model.named_buffers()] == ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
    for p in model.parameters():
        p.requires_grad = True
    nn.SGD(model.parameters())


class Appending(right_nn.Module):
    """A module that fills its list after it has been made an attribute."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.rows.extend([leaf(1.0), leaf(2.0)])


@pytest.mark.parametrize("again", [lambda m: m, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_parameter_in_a_list_that_was_frozen_first_is_known_in_copies_too(again: Any) -> None:
    module = Appending()
    module.rows[0].requires_grad = False
    assert names(again(module)) == ["rows.0", "rows.1"]
    assert names(module.to("scalar")) == ["rows.0", "rows.1"]
    assert names(module.astype("float32")) == ["rows.0", "rows.1"]


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_zero_grad_clears_the_old_gradient_of_a_frozen_parameter(engine: str) -> None:
    layer = nn.Linear(2, 1, engine=engine, rng=0)
    layer(np.ones((1, 2))).sum().backward()
    layer.weight.requires_grad = False
    layer.zero_grad()
    layer.weight.requires_grad = True
    assert layer.weight.grad is None


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_an_optimiser_takes_a_frozen_parameter_and_moves_it_once_it_is_thawed(engine: str) -> None:
    layer = nn.Linear(2, 1, engine=engine, rng=0)
    layer(np.ones((1, 2))).sum().backward()
    layer.weight.requires_grad = False
    optimizer, start = nn.SGD(layer.parameters(), lr=1.0, weight_decay=0.5), layer.weight.tolist()
    optimizer.step()  # its old gradient does not move what is frozen
    assert layer.weight.tolist() == start
    layer.weight.requires_grad = True
    optimizer.zero_grad()
    layer(np.ones((1, 2))).sum().backward()
    optimizer.step()
    assert layer.weight.tolist() != start


@pytest.mark.torch
def test_training_with_a_part_frozen_and_thawed_is_pytorchs() -> None:
    torch: Any = pytest.importorskip("torch")
    ours = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))
    theirs = ours.torch_twin()
    x, y = np.random.default_rng(2).normal(size=(8, 3)), np.ones((8, 1))
    here = nn.AdamW(ours.parameters(), lr=0.05)
    there = torch.optim.AdamW(theirs.parameters(), lr=0.05)
    for step in range(9):
        for model in (ours, theirs):
            for p in model[0].parameters():
                p.requires_grad = not 3 <= step < 6
        here.zero_grad()
        there.zero_grad()
        nn.mse_loss(ours(x), y).backward()
        torch.nn.functional.mse_loss(theirs(torch.tensor(x)), torch.tensor(y)).backward()
        here.step()
        there.step()
    for name, p in theirs.named_parameters():
        np.testing.assert_allclose(ours.state_dict()[name], p.detach().numpy(), rtol=1e-9)


def test_a_list_in_which_nothing_asks_for_a_gradient_is_refused() -> None:
    layer = nn.Linear(2, 1, rng=0)
    for p in layer.parameters():
        p.requires_grad = False
    with pytest.raises(
        TypeError, match=r"SGD: parameter 0 is a Tensor without requires_grad=True, as are all"
    ) as caught:
        nn.SGD(layer.parameters())
    one_sentence(caught)


# buffers, and what forward keeps


def test_buffers_are_declared_and_saved_where_they_are_persistent() -> None:
    module = parts(plain=np.ones(2), constant=nn.array([1.0]))
    module.register_buffer("mean", nn.array([1.0, 2.0]))
    module.register_buffer("count", 3)
    module.register_buffer("cache", np.zeros(2), persistent=False)
    assert [name for name, _ in module.named_buffers()] == ["mean", "count", "cache"]
    assert list(module.state_dict()) == ["mean", "count"]
    module.count = module.count + 1
    module.mean = module.mean * 2.0
    module.load_state_dict(module.state_dict() | {"count": 9})
    assert (int(module.count), module.mean.tolist()) == (9, [2.0, 4.0])
    assert list(module.to("scalar").state_dict()) == ["mean", "count"]


@pytest.mark.parametrize(
    ("said", "call"),
    {
        "register_buffer: the name is 'a.b', but it must be a word": lambda m: m.register_buffer("a.b", np.ones(1)),
        "register_buffer: there is an attribute w already": lambda m: m.register_buffer("w", np.ones(1)),
        "register_buffer: there is an attribute forward already": lambda m: m.register_buffer("forward", np.ones(1)),
        "register_buffer: b asks for a gradient, but a buffer": lambda m: m.register_buffer("b", leaf()),
        "b is a buffer, so it holds an array of numbers, not str": lambda m: m.register_buffer("b", "x"),
        "register_buffer: persistent is 'no', but": lambda m: m.register_buffer("b", 1, "no"),
        "register_parameter: p is ndarray, but it must be a leaf": lambda m: m.register_parameter("p", np.ones(1)),
        "w is a parameter, and a ndarray in its place would not": lambda m: setattr(m, "w", np.ones(1)),
        "w is a parameter, and a Tensor made by mul in its place": lambda m: setattr(m, "w", m.w * 2),
        "engine is the name of what every module has, Module.engine": lambda m: setattr(m, "engine", nn.ReLU()),
        "parameters is the name of what every module has": lambda m: setattr(m, "parameters", [1]),
        "train: mode is 'no', but it must be True or False": lambda m: m.train("no"),
    }.items(),
)
def test_a_wrong_declaration_or_assignment_is_refused_in_a_sentence(said: str, call: Any) -> None:
    module = parts(w=leaf())
    before = module.w
    with pytest.raises((TypeError, ValueError), match=re.escape(said)) as caught:
        call(module)
    one_sentence(caught)
    assert names(module) == ["w"]
    assert module.w is before


class Keeping(right_nn.Module):
    """A module whose forward keeps what it sees and makes."""

    def __init__(self, engine: str):
        self.layer = nn.Linear(2, 2, engine=engine, rng=0)
        self.losses: list[Any] = []
        self.steps: dict[str, Any] = {}

    def forward(self, x: Any) -> Any:
        self.x, self.again = x, [x]
        self.hidden = self.layer(x)
        self.plain = self.hidden.numpy()
        self.last = self.layer.weight
        self.steps["first"] = self.hidden * 2
        self.losses.append(self.hidden.sum())
        return self.hidden


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
def test_what_forward_keeps_is_neither_a_parameter_nor_a_buffer(engine: str) -> None:
    module = Keeping(engine)
    before = names(module), list(module.state_dict()), repr(module)
    for _ in range(2):
        module(leaf(np.ones((3, 2)), engine))
    assert (names(module), list(module.state_dict()), repr(module)) == before
    assert list(module.named_buffers()) == []
    nn.SGD(module.parameters())
    Keeping(engine).load_state_dict(module.state_dict())
    other = "tensor" if engine == "scalar" else "scalar"
    assert module.to(other)(np.ones((3, 2))).engine == other


def test_forward_may_not_put_what_it_made_in_a_parameters_place() -> None:
    class Halving(right_nn.Module):
        def __init__(self) -> None:
            self.w, self.rows = leaf([1.0]), [leaf([1.0])]

        def forward(self, which: str) -> None:
            setattr(self, which, [x * 0.5 for x in self.rows] if which == "rows" else self.w * 0.5)

    module = Halving()
    for which in ("w", "rows"):
        with pytest.raises(TypeError, match=f"Halving: {which} is a parameter, and a .* would not be trained; write"):
            module(which)
    assert names(module) == ["w", "rows.0"]


def test_a_module_made_in_forward_is_found() -> None:
    class Lazy(right_nn.Module):
        def forward(self, x: Any) -> Any:
            self.layer = nn.Linear(x.shape[1], 1, rng=0)
            self.register_parameter("scale", leaf())
            return self.layer(x) * vars(self)["scale"]

    module = Lazy()
    module(np.ones((2, 3)))
    assert names(module) == ["layer.weight", "layer.bias", "scale"]


# where parts are kept


@dataclass
class Pair:
    left: Any
    right: Any


class Plain:
    def __init__(self, part: Any):
        self.part = part


def objects(part: Any) -> Any:
    box = np.empty((1, 2), object)
    box[0, 1] = part
    return box


FOUND: dict[str, Callable[[Any], Any]] = {
    "a": lambda part: part,
    "a.0": lambda part: [part],
    "a.1": lambda part: (1, part),
    "a.k": lambda part: {"k": part},
    "a.2": lambda part: deque([1, 2, part]),
    "a.3": lambda part: UserList([1, 2, 3, part]),
    "a.u": lambda part: UserDict(u=part),
    "a.0.1": objects,
    "a.left": lambda part: Pair(part, 1),
    "a.n": lambda part: SimpleNamespace(n=part),
    "a.0.left.z": lambda part: [Pair({"z": part}, 2)],
}


@pytest.mark.parametrize(
    "part", [lambda: nn.Linear(2, 1, rng=0), leaf, lambda: Value(2.0)], ids=["module", "leaf", "k"]
)
@pytest.mark.parametrize(("name", "holder"), FOUND.items(), ids=FOUND)
def test_parts_are_found_by_name_in_every_ordered_holder(name: str, holder: Any, part: Any) -> None:
    value = part()
    module = parts(a=holder(value))
    below = [f"{name}.weight", f"{name}.bias"] if isinstance(value, right_nn.Module) else [name]
    assert names(module) == list(module.state_dict()) == below
    twin = module.to("scalar")
    assert names(twin) == below
    assert not set(map(id, twin.parameters())) & set(map(id, module.parameters()))


HIDDEN: dict[str, Callable[[Any], Any]] = {
    "set": lambda part: {part},
    "frozenset": lambda part: frozenset([part]),
    "dict_values": lambda part: {"k": part}.values(),
    "dict_items": lambda part: {"k": part}.items(),
    "Plain": lambda part: Plain([{"k": part}]),
    "partial": lambda part: partial(max, part),
}


@pytest.mark.parametrize("part", [lambda: nn.Linear(2, 1, rng=0), leaf], ids=["module", "leaf"])
@pytest.mark.parametrize(("kind", "holder"), HIDDEN.items(), ids=HIDDEN)
def test_parts_that_no_name_leads_to_are_refused(kind: str, holder: Any, part: Any) -> None:
    value = part()
    module = parts(a=holder(value))
    for ask in (module.parameters, module.state_dict, module.eval, module.zero_grad):
        said = f"Parts: a is a {kind} that holds a {type(value).__name__}, which gets no name there; keep it in"
        with pytest.raises(TypeError, match=said) as caught:
            ask()
        one_sentence(caught)


def test_holders_without_names_may_hold_what_is_found_elsewhere() -> None:
    layer = nn.Linear(2, 1, rng=0)
    module = parts(layer=layer, all={layer}, plain=Plain(layer.weight), words={"a"}, rng=np.random.default_rng(0))
    module.optimizer = nn.SGD(module.parameters())
    assert names(module) == ["layer.weight", "layer.bias"]


def test_parts_in_slots_are_found() -> None:
    class Slotted(right_nn.Module):
        __slots__ = ("layer",)

        def __init__(self) -> None:
            self.layer = nn.Linear(2, 1, rng=0)

    module = Slotted()
    assert names(module) == ["layer.weight", "layer.bias"]
    assert module.to("scalar").layer.weight.engine == "scalar"


@pytest.mark.parametrize("kept", [nn.Linear(2, 1, rng=0), leaf(), [leaf()], {"k": nn.ReLU()}], ids=repr)
def test_parts_in_attributes_of_the_class_are_refused(kept: Any) -> None:
    class Shared(right_nn.Module):
        part = kept

    with pytest.raises(TypeError, match=r"^Shared: part is an attribute of the class, so all .* share .*; write self"):
        Shared().parameters()
    module = Shared()
    module.part = nn.Linear(1, 1, rng=0)  # pyright: ignore[reportAttributeAccessIssue]
    assert names(module) == ["part.weight", "part.bias"]


def test_a_holder_within_itself_is_walked_once() -> None:
    parent, child = parts(w=leaf()), parts(v=leaf())
    parent.child, child.parent = child, parent
    assert names(parent) == ["w", "child.v"]
    assert list(parent.state_dict()) == ["w", "child.v"]


@pytest.mark.parametrize(
    "holder", [lambda p, q: {1: p, "1": q}, lambda p, q: {"b.c": p, "b": {"c": q}}], ids=["1 and '1'", "dots"]
)
def test_two_arrays_of_one_name_are_refused(holder: Any, tmp_path: Any) -> None:
    module = parts(a=holder(leaf(1.0), leaf(2.0)))
    assert len(module.parameters()) == 2
    for ask in (module.state_dict, lambda: nn.save(module, tmp_path / "m.npz"), lambda: module.load_state_dict({})):
        with pytest.raises(ValueError, match=r"two arrays of Parts have the name a\.\S+, so one would be lost; rename"):
            ask()
    assert not list(tmp_path.iterdir())


def test_modules_nested_two_thousand_deep_are_found_and_a_copy_is_refused() -> None:
    module = parts(w=leaf())
    for _ in range(2000):
        module = parts(m=module)
    assert len(module.parameters()) == 1
    module.load_state_dict({name: x + 1 for name, x in module.state_dict().items()})
    assert module.eval().parameters()[0].item() == 2.0
    with pytest.raises(ValueError, match="to: Parts holds modules within modules, deeper than Python can copy; use"):
        module.to("scalar")


# plain Values


def test_plain_values_are_parameters_through_steps_copies_and_files(tmp_path: Any) -> None:
    module = parts(k=Value(3.0), more=[Value(1.0), Value(-1.0)])
    optimizer = nn.SGD(module.parameters(), lr=0.1)
    for _ in range(3):
        module.zero_grad()
        ((module.k - 1) ** 2 + module.more[0] ** 2).backward()
        optimizer.step()
    assert module.k.data == pytest.approx(1 + 2 * 0.8**3)
    assert repr(module) == "Parts(k ())  3"
    assert names(module) == ["k", "more.0", "more.1"]
    assert module.to("tensor").k.item() == module.to("scalar").k.data == module.k.data
    nn.save(module, tmp_path / "values.npz")
    again = nn.load(parts(k=Value(0.0), more=[Value(0.0), Value(0.0)]), tmp_path / "values.npz")
    assert again.k.data == module.k.data


@pytest.mark.parametrize("make", [nn.SGD, nn.Adam, nn.AdamW, nn.RMSprop])
def test_an_unused_value_does_not_decay_and_one_of_gradient_zero_does(make: Any) -> None:
    used, unused, still = Value(1.0), Value(2.0), Value(3.0)
    optimizer = make([used, unused, still], lr=0.1, weight_decay=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (used * used + still * 0.0).backward()
        optimizer.step()
    assert used.data < 1
    assert unused.data == 2.0
    assert still.data < 3.0


# load_state_dict, all or nothing

BAD_ENTRIES = {
    "strings": np.array(["a", "b"]),
    "complex": np.array([1j, 2j]),
    "objects": np.array([None, 1]),
    "dates": np.array(["2020", "2021"], "M8[Y]"),
    "ragged": [[1.0], [2.0, 3.0]],
    "none": None,
    "dict": {"a": 1.0},
    "shape": np.zeros(3),
    "module": nn.Linear(1, 1, rng=0),
}


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
@pytest.mark.parametrize("bad", BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_a_bad_second_entry_leaves_the_first_as_it_was(bad: Any, engine: str) -> None:
    layer = nn.Linear(2, 2, engine=engine, rng=0)
    before = layer.state_dict()
    with pytest.raises((TypeError, ShapeError), match=r"^load_state_dict: bias ") as caught:
        layer.load_state_dict({"weight": np.zeros((2, 2)), "bias": bad})
    one_sentence(caught)
    assert all(np.array_equal(before[name], x) for name, x in layer.state_dict().items())


@pytest.mark.parametrize("count", [1.5, np.nan, 2.0**70, "x"])
def test_a_count_that_is_not_whole_is_refused_and_nothing_loaded(count: Any) -> None:
    norm = nn.BatchNorm1d(2)
    state = {name: x + 1 for name, x in norm.state_dict().items()} | {"num_batches_tracked": np.array(count)}
    with pytest.raises(TypeError, match=r"^load_state_dict: num_batches_tracked"):
        norm.load_state_dict(state)
    assert norm.weight.tolist() == [1.0, 1.0]
    norm.load_state_dict(state | {"num_batches_tracked": 4.0})
    assert int(norm.num_batches_tracked) == 4


def test_a_number_beyond_float32_is_refused_there() -> None:
    layer = nn.Linear(1, 1, rng=0).astype("float32")
    with pytest.raises(TypeError, match=r"load_state_dict: bias holds numbers of float64 .* float32 cannot take over"):
        layer.load_state_dict({"weight": np.ones((1, 1)), "bias": np.array([1e300])})
    assert layer.weight.item() != 1


@pytest.mark.parametrize("state", [[1], None, "state", 5, {1: np.ones(1)}, np.ones(2)], ids=repr)
def test_what_is_no_state_is_refused_by_modules_optimisers_schedules_and_loaders(state: Any) -> None:
    layer = nn.Linear(1, 1, rng=0)
    optimizer = nn.SGD(layer.parameters())
    for thing in (layer, optimizer, nn.StepLR(optimizer, 1), nn.DataLoader(np.ones(3))):
        with pytest.raises(
            (TypeError, ValueError), match=r"^load_state_dict: got .*; give|^load_state_dict: got .* but"
        ):
            thing.load_state_dict(state)


@pytest.mark.torch
def test_a_torch_parameter_that_asks_for_a_gradient_is_taken_over() -> None:
    torch: Any = pytest.importorskip("torch")
    theirs, ours = torch.nn.Linear(2, 1).double(), nn.Linear(2, 1, rng=0)
    ours.load_state_dict(dict(theirs.named_parameters()))
    assert ours.weight.tolist() == theirs.weight.tolist()


def test_a_sequential_sliced_is_a_sequential_of_the_same_modules() -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    first = model[:2]
    assert type(first) is right_nn.Sequential
    assert first[0] is model[0]
    x = np.ones((1, 2))
    assert model[2](first(x)).tolist() == model(x).tolist()
    assert len(nn.ModuleList(list(model))[1:]) == 2


def test_engines_and_transforms_still_take_a_module_apart() -> None:
    layer = nn.Linear(2, 1, rng=0)
    del layer.weight
    slope = ops.grad(lambda w: _with_weight(layer, w)(np.ones((1, 2))).sum())(np.ones((1, 2)))
    assert np.asarray(slope).tolist() == [[1.0, 1.0]]
    assert isinstance(Tensor([1.0]), Tensor)


def _with_weight(layer: Any, weight: Any) -> Any:
    layer.weight = weight
    return layer
