"""A run that was saved and loaded goes on to the last bit; a damaged file is refused; nothing is half-loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest

import nn as right_nn
from scalar import Value

nn: Any = right_nn  # some calls below are wrong on purpose; the type checker would say so first
ENDINGS = (".npz", ".safetensors")


@pytest.fixture(params=ENDINGS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where a run may be saved, in each format."""
    if request.param == ".safetensors":
        pytest.importorskip("safetensors.numpy")
    return tmp_path / f"run{request.param}"


def one_sentence(error: pytest.ExceptionInfo[BaseException]) -> None:
    said = str(error.value)
    assert "\n" not in said
    assert ". " not in said


# ten and ten are twenty

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: nn.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "RMSprop": lambda p: nn.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
    "Adam": lambda p: nn.Adam(p, lr=0.03, weight_decay=0.01),
    "AdamW": lambda p: nn.AdamW(p, lr=0.03),
}
SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "StepLR": lambda o: nn.StepLR(o, 3, gamma=0.7),
    "CosineAnnealingLR": lambda o: nn.CosineAnnealingLR(o, 17),
    "LinearWarmup": lambda o: nn.LinearWarmup(o, 0.1, 13),
    "LambdaLR": lambda o: nn.LambdaLR(o, lambda t: np.float64(0.9) ** t),
}


class Run:
    """A model with dropout, batch norm, a shared weight and a single Value, and all that trains it."""

    def __init__(self, seed: int, engine: str, optimizer: str, schedule: str, dtype: str = "float64"):
        rng = np.random.default_rng(seed)
        X = np.random.default_rng(9).normal(size=(18, 3))
        model = nn.Sequential(
            nn.Linear(3, 3, engine=engine, rng=rng),
            nn.BatchNorm1d(3, engine=engine),
            nn.Dropout(0.25, rng=seed + 1),
            nn.Linear(3, 3, engine=engine, rng=rng),
        )
        model[3].weight = model[0].weight
        self.model = model if dtype == "float64" else model.astype(dtype)
        self.model[0].bias.requires_grad = False
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())
        self.schedule = SCHEDULES[schedule](self.optimizer)
        self.loader = nn.DataLoader(X.astype(dtype), batch_size=6, shuffle=True, rng=rng)
        self.rng = rng
        self.batches: Any = None

    def parts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("model", "optimizer", "schedule", "loader", "rng")}

    def train(self, steps: int) -> Any:
        for _ in range(steps):
            (x,) = self._next()
            target = self.rng.normal(size=x.shape).astype(x.dtype)
            self.optimizer.zero_grad()
            nn.mse_loss(self.model(nn.array(x, self.model.engine)), target).backward()
            nn.clip_grad_norm(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()
        return self

    def _next(self) -> Any:
        batch = next(self.batches, None) if self.batches else None
        if batch is None:
            self.batches = iter(self.loader)
            batch = next(self.batches, None)
        return self._next() if batch is None else batch

    def bits(self) -> Any:
        state = [p.tobytes() for p in self.model.state_dict().values()]
        carried = [np.asarray(x).tobytes() for each in self.optimizer.state for x in each.values()]
        return state, carried, self.optimizer.lr, self.rng.bit_generator.state


@pytest.mark.parametrize("engine", ["tensor", "scalar"])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_ten_steps_and_ten_more_from_a_file_are_twenty_to_the_last_bit(
    optimizer: str, schedule: str, engine: str, tmp_path: Path
) -> None:
    steps = (10, 10) if engine == "tensor" else (2, 2)
    path = tmp_path / "run.npz"
    whole = Run(0, engine, optimizer, schedule).train(sum(steps)).bits()
    first = Run(0, engine, optimizer, schedule).train(steps[0])
    nn.save_checkpoint(path, **first.parts(), epoch=3)
    second = Run(5, engine, optimizer, schedule).train(1)
    assert nn.load_checkpoint(path, **second.parts()) == {"epoch": 3}
    second.batches = None
    assert second.train(steps[1]).bits() == whole


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floating_types_go_on_to_the_last_bit(path: Path, dtype: str) -> None:
    whole = Run(0, "tensor", "Adam", "StepLR", dtype).train(12).bits()
    first = Run(0, "tensor", "Adam", "StepLR", dtype).train(7)
    nn.save_checkpoint(path, **first.parts())
    second = Run(1, "tensor", "Adam", "StepLR", dtype)
    nn.load_checkpoint(path, **second.parts())
    assert second.train(5).bits() == whole


def test_a_rate_set_by_hand_goes_over_too(path: Path) -> None:
    runs = [Run(seed, "tensor", "SGD", "StepLR").train(4) for seed in (0, 0, 1)]
    for run in runs[:2]:
        run.optimizer.lr = np.float32(0.01)
    nn.save_checkpoint(path, **runs[1].parts())
    nn.load_checkpoint(path, **runs[2].parts())
    runs[2].batches = None
    assert runs[2].train(6).bits() == runs[0].train(6).bits()


def test_single_values_go_on_to_the_last_bit(path: Path) -> None:
    def run(k: float) -> tuple[Any, Any]:
        class Line(right_nn.Module):
            def __init__(self) -> None:
                self.k = Value(k)

        line = Line()
        return line, nn.Adam(line.parameters(), lr=0.1)

    def train(line: Any, optimizer: Any, steps: int) -> float:
        for _ in range(steps):
            optimizer.zero_grad()
            ((line.k - 1) ** 2).backward()
            optimizer.step()
        return line.k.data

    whole, first, second = run(3.0), run(3.0), run(0.0)
    train(*first, 10)
    nn.save_checkpoint(path, model=first[0], optimizer=first[1])
    nn.load_checkpoint(path, model=second[0], optimizer=second[1])
    assert train(*second, 10) == train(*whole, 20)


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_every_kind_of_generator_goes_on(path: Path, kind: str) -> None:
    rng, again = (np.random.Generator(getattr(np.random, kind)(seed)) for seed in (0, 1))
    rng.normal(size=5)
    nn.save_checkpoint(path, rng=rng)
    nn.load_checkpoint(path, rng=again)
    assert rng.integers(1 << 40, size=9).tolist() == again.integers(1 << 40, size=9).tolist()


def test_numbers_words_and_arrays_come_back_as_they_were(path: Path) -> None:
    given = {
        "epoch": 3,
        "losses": [0.1, float("inf"), 1e-320],
        "name": "größe\0",
        "best": None,
        "pair": (1, "a", [True]),
        "table": {"a.b": {"c": np.arange(3)}, "a": {"b.c": np.float32(0.1)}, 7: 2**100},
        "checkpoint": np.zeros((0, 2)),
    }
    nn.save_checkpoint(path, **given)
    back = nn.load_checkpoint(path)
    assert repr(back) == repr(given)
    assert type(back["table"]["a"]["b.c"]) is np.float32


# what is refused


def test_a_part_that_is_left_out_or_unknown_or_of_another_kind_is_named(path: Path) -> None:
    layer = nn.Linear(2, 1, rng=0)
    optimizer, rng = nn.Adam(layer.parameters()), np.random.default_rng(0)
    nn.save_checkpoint(path, model=layer, optimizer=optimizer, rng=rng, epoch=1)
    for parts, said in (
        ({"model": layer}, r"holds optimizer, rng, which was given no part; write optimizer=\.\.\., or optimizer=None"),
        ({"model": layer, "optimizer": optimizer, "rng": rng, "schedule": 1}, "has no state for schedule; what it can"),
        ({"model": layer, "optimizer": optimizer, "rng": rng, "epoch": 0}, "has no state for epoch; what it can fill"),
        ({"model": optimizer, "optimizer": optimizer, "rng": rng}, "model is a module, but Adam is none"),
        ({"model": layer, "optimizer": optimizer, "rng": 3}, "rng is a generator, but int is none"),
    ):
        with pytest.raises((ValueError, TypeError), match=said):
            nn.load_checkpoint(path, **parts)
    assert nn.load_checkpoint(path, model=layer, optimizer=None, rng=None) == {"epoch": 1}


@pytest.mark.parametrize("broken", ["model", "optimizer", "schedule", "loader", "rng"])
def test_a_part_that_does_not_fit_leaves_all_parts_as_they_were(path: Path, broken: str) -> None:
    nn.save_checkpoint(path, **Run(0, "tensor", "Adam", "StepLR").train(7).parts())
    run = Run(1, "tensor", "Adam", "StepLR").train(3)
    other = {
        "model": nn.Linear(1, 1, rng=0),
        "optimizer": nn.SGD(run.model.parameters()),
        "schedule": nn.StepLR(run.optimizer, 9),
        "loader": nn.DataLoader(np.ones(3)),
        "rng": np.random.Generator(np.random.MT19937(0)),
    }[broken]
    before = run.bits(), repr(run.schedule), run.model[2].rng.bit_generator.state
    with pytest.raises(
        (ValueError, TypeError), match=f"^load_checkpoint: {re.escape(str(path))}: {broken}: "
    ) as caught:
        nn.load_checkpoint(path, **(run.parts() | {broken: other}))
    one_sentence(caught)
    assert (run.bits(), repr(run.schedule), run.model[2].rng.bit_generator.state) == before


def test_an_interrupt_leaves_all_parts_as_they_were(path: Path) -> None:
    class Interrupted(nn.SGD):
        def load_state_dict(self, state_dict: Any) -> None:
            super().load_state_dict(state_dict)
            if state_dict["lr"] == 0.5:
                raise KeyboardInterrupt

    layers = [nn.Linear(2, 1, rng=seed) for seed in (0, 1)]
    nn.save_checkpoint(path, model=layers[0], optimizer=Interrupted(layers[0].parameters(), lr=0.5))
    optimizer, before = Interrupted(layers[1].parameters(), lr=0.1), layers[1].weight.tolist()
    with pytest.raises(KeyboardInterrupt):
        nn.load_checkpoint(path, model=layers[1], optimizer=optimizer)
    assert (layers[1].weight.tolist(), optimizer.lr) == (before, 0.1)


CALLS: dict[str, Callable[[Path], Any]] = {
    "save_checkpoint: got Linear as the path; write nn.save_checkpoint(": lambda p: nn.save_checkpoint(
        nn.Linear(1, 1), p
    ),
    "save_checkpoint: got Linear without a name; write": lambda p: nn.save_checkpoint(p, nn.Linear(1, 1)),
    "save_checkpoint: steps is set, which a checkpoint cannot hold; give": lambda p: nn.save_checkpoint(p, steps={1}),
    "save_checkpoint: all.0 is SGD, which a": lambda p: nn.save_checkpoint(
        p, all=[nn.SGD(nn.Linear(1, 1).parameters())]
    ),
    "save_checkpoint: words is ndarray, which a checkpoint": lambda p: nn.save_checkpoint(p, words=np.array(["a"])),
}


@pytest.mark.parametrize(("said", "call"), CALLS.items(), ids=CALLS)
def test_what_cannot_be_saved_is_named_and_no_file_is_written(said: str, call: Any, tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(said)}"):
        call(tmp_path / "run.npz")
    assert not list(tmp_path.iterdir())


def test_a_models_file_is_no_checkpoint_and_a_checkpoint_is_no_models_file(path: Path) -> None:
    layer = nn.Linear(2, 1, rng=0)
    nn.save(layer, path)
    with pytest.raises(ValueError, match="is no checkpoint; give a file that save_checkpoint wrote, or read a model's"):
        nn.load_checkpoint(path, model=layer)
    nn.save_checkpoint(path, model=layer)
    with pytest.raises(ValueError, match="does not fit: it lacks bias, weight and the model has no"):
        nn.load(layer, path)


# damage


@pytest.mark.parametrize("checkpoint", [False, True], ids=["model", "checkpoint"])
def test_a_flipped_bit_in_a_file_is_refused_or_changes_no_number(path: Path, checkpoint: bool) -> None:
    ours = nn.Linear(2, 1, rng=1)
    nn.save_checkpoint(path, model=ours) if checkpoint else nn.save(ours, path)
    whole, refused = path.read_bytes(), 0
    for bit in range(0, 8 * len(whole), 29):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        model = nn.Linear(2, 1, rng=0)
        before = [p.tolist() for p in model.parameters()]
        try:
            nn.load_checkpoint(path, model=model) if checkpoint else nn.load(model, path)
        except (ValueError, TypeError):
            refused += 1
            assert [p.tolist() for p in model.parameters()] == before
        else:
            assert [p.tolist() for p in model.parameters()] == [p.tolist() for p in ours.parameters()]
    assert refused > 8 * len(whole) / 29 / 2


def test_a_safetensors_file_without_a_checksum_is_taken_as_it_is(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    ours = nn.Linear(2, 1, rng=0)
    library.save_file(ours.state_dict(), tmp_path / "m.safetensors", metadata={"format": "pt"})
    assert nn.load(nn.Linear(2, 1, rng=1), tmp_path / "m.safetensors").weight.tolist() == ours.weight.tolist()


def test_a_checksum_covers_names_and_types(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "m.safetensors"
    nn.save(nn.Linear(1, 1, rng=0), path)
    whole = path.read_bytes()
    swapped = whole.replace(b'"bias"', b'"x!!x"').replace(b'"weight"', b'"bias"  ').replace(b'"x!!x"', b'"bibi"')
    for bad in (swapped, whole.replace(b'"F64"', b'"I64"')):
        path.write_bytes(bad)
        with pytest.raises(
            ValueError, match="its arrays are not those that were saved, by their checksum; give a whole"
        ):
            nn.load(nn.Linear(1, 1, rng=1), path)


@pytest.mark.parametrize("names", [("x.npy", "x.npy"), ("x.npy", "x")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice_is_refused(names: tuple[str, str], tmp_path: Path) -> None:
    path, spare = tmp_path / "m.npz", tmp_path / "x.npy"
    np.save(spare, np.array([1.0]))
    with ZipFile(path, "w") as archive:
        for name in names:
            archive.write(spare, name)
    model = right_nn.Module()
    model.x = nn.array([0.0], requires_grad=True)  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValueError, match=r"cannot read .* as .npz: its member x stands there twice; give a whole file"):
        nn.load(model, path)


def test_a_name_that_stands_twice_in_a_header_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    entry = json.dumps({"dtype": "F64", "shape": [1], "data_offsets": [0, 8]})
    head = f'{{"x":{entry},"x":{entry}}}'.encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(head).to_bytes(8, "little") + head + np.array([1.0]).tobytes())
    model = right_nn.Module()
    model.x = nn.array([0.0], requires_grad=True)  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValueError, match=r"cannot read .* as .safetensors: .*; give a whole file that save wrote"):
        nn.load(model, path)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "a" * 70_000, "__metadata__"], ids=["NUL", "half", "long", "meta"])
def test_a_name_that_a_format_cannot_give_back_is_refused_on_save(name: str, path: Path) -> None:
    model, again = right_nn.Module(), right_nn.Module()
    vars(model)[name], vars(again)[name] = (nn.array([x], requires_grad=True) for x in (1.0, 2.0))
    try:
        nn.save(model, path)
    except ValueError as error:
        seen = repr(name) if len(name) < 200 else f"{name!r:.200}..."
        assert f"save: the name {seen} cannot stand in a {path.suffix} file; rename it" == str(error)  # noqa: PT017
        assert not path.exists()
    else:
        assert nn.load(again, path).parameters()[0].item() == 1.0


def test_a_bomb_in_a_checkpoint_is_never_unpacked(tmp_path: Path) -> None:
    path, layer = tmp_path / "run.npz", nn.Linear(1, 1, rng=0)
    nn.save_checkpoint(path, model=layer)
    with np.load(path) as saved:
        arrays = dict(saved)
    arrays["model/state/weight"] = np.zeros((1000, 1000))
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, x in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, x)
    with pytest.raises(ValueError, match="weight would be larger than its bytes in the file; give a whole file that"):
        nn.load_checkpoint(path, model=layer)


@pytest.mark.torch
def test_a_file_of_a_tied_model_fits_an_untied_one_and_the_other_way_with_equal_weights(path: Path) -> None:
    def tied(rng: int) -> Any:
        model = nn.Sequential(nn.Linear(2, 2, rng=rng), nn.Linear(2, 2, rng=rng))
        model[1].weight = model[0].weight
        return model

    untied = nn.Sequential(nn.Linear(2, 2, rng=1), nn.Linear(2, 2, rng=2))
    nn.save(tied(0), path)
    assert nn.load(untied, path)[1].weight.tolist() == tied(0)[0].weight.tolist()
    nn.save(untied, path)
    assert nn.load(tied(3), path)[1].weight.tolist() == tied(0)[0].weight.tolist()


def test_a_file_that_names_a_shared_weight_once_still_loads(tmp_path: Path) -> None:
    layer = nn.Linear(2, 2, rng=0)
    model, state = nn.Sequential(layer, layer), layer.state_dict()
    np.savez(tmp_path / "old.npz", **{f"0.{name}": x + 1 for name, x in state.items()})
    assert nn.load(model, tmp_path / "old.npz")[1].bias.tolist() == (state["bias"] + 1).tolist()
