"""A saved model comes back bit for bit; a bad file, a bad place or a killed process spoils neither model nor file."""

from __future__ import annotations

import os
import pickle
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import numpy as np
import pytest

import nn
from nn.roles import BUFFER, PARAMETER, note
from ops.errors import ShapeError

ENDINGS = (".npz", ".safetensors")


@pytest.fixture(params=ENDINGS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where a model may be saved, in each format."""
    if request.param == ".safetensors":
        pytest.importorskip("safetensors.numpy")
    return tmp_path / f"model{request.param}"


class Holder(nn.Module):
    """A module that keeps these arrays, whatever their names; what asks for no gradient is a buffer."""

    def __init__(self, **arrays: Any):
        vars(self).update(arrays)
        for name, x in arrays.items():
            note(self, name, PARAMETER if getattr(x, "requires_grad", False) else BUFFER)


class Views(nn.Module):
    """A module whose state dict hands out its arrays as they lie in memory."""

    def __init__(self, **arrays: Any):
        self.arrays = arrays

    def state_dict(self) -> dict[str, Any]:
        return dict(self.arrays)


def bits(model: nn.Module) -> dict[str, Any]:
    """All that a state dict holds, down to the bits."""
    return {name: (x.dtype, x.shape, x.tobytes()) for name, x in model.state_dict().items()}


@contextmanager
def untouched(model: nn.Module, folder: Path) -> Iterator[None]:
    """The block changes no number of the model and no file of the folder."""

    def seen() -> Any:
        files = {p.relative_to(folder): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}
        return bits(model), files

    before = seen()
    yield
    assert seen() == before


def refuses_to_load(path: Path, says: str, error: type[Exception] = ValueError, model: Any = None) -> str:
    """Loading raises one sentence, in which the path and these words stand, and changes nothing; the sentence."""
    model = nn.MLP(2, [3, 1], rng=1) if model is None else model
    with untouched(model, path.parent), pytest.raises(error, match=says) as caught:
        nn.load(model, path)
    return one_sentence(caught, path)


def refuses_to_save(path: Path, says: str, error: type[BaseException], model: Any = None) -> str:
    """Saving raises one sentence, in which the path and these words stand, and changes nothing; the sentence."""
    model = nn.MLP(2, [3, 1], rng=1) if model is None else model
    with untouched(model, path.parent), pytest.raises(error, match=says) as caught:
        nn.save(model, path)
    return one_sentence(caught, path)


def one_sentence(caught: pytest.ExceptionInfo[BaseException], path: Path) -> str:
    said = str(caught.value)
    assert str(path) in said
    assert "; " in said
    assert "\n" not in said
    assert ". " not in said
    return said


# what is saved comes back


@pytest.mark.parametrize("reader", ["scalar", "tensor"])
@pytest.mark.parametrize("writer", ["scalar", "tensor"])
def test_numbers_come_back_bit_for_bit_on_either_engine(path: Path, writer: str, reader: str) -> None:
    ours = nn.MLP(3, [4, 2], engine=writer, rng=0)
    theirs = nn.MLP(3, [4, 2], engine=reader, rng=1)
    assert bits(ours) != bits(theirs)
    nn.save(ours, path)
    assert nn.load(theirs, path) is theirs
    assert bits(ours) == bits(theirs)


def test_buffers_are_saved_with_the_parameters(path: Path) -> None:
    ours, theirs = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    ours(nn.array(np.random.default_rng(0).normal(size=(8, 3))))
    nn.save(ours, path)
    assert bits(nn.load(theirs, path)) == bits(ours)
    assert theirs.num_batches_tracked == 1


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_floating_type_is_kept(path: Path, kind: str) -> None:
    ours, theirs = (nn.Linear(3, 2, rng=seed).astype(kind) for seed in (0, 1))
    nn.save(ours, path)
    assert bits(nn.load(theirs, path)) == bits(ours)
    assert theirs.weight.dtype == kind


def test_float32_goes_to_the_scalar_engine_and_back_without_loss(path: Path) -> None:
    ours, back = (nn.Linear(3, 2, rng=seed).astype("float32") for seed in (0, 1))
    nn.save(ours, path)
    nn.save(nn.load(nn.Linear(3, 2, engine="scalar"), path), path)
    assert bits(nn.load(back, path)) == bits(ours)


def test_whole_numbers_and_masks_come_back_from_the_scalar_engine(path: Path) -> None:
    ours = Holder(counts=nn.array(np.array([3, -4])), mask=nn.array(np.array([True, False])))
    theirs = Holder(counts=nn.array(np.array([0, 0])), mask=nn.array(np.array([False, False])))
    nn.save(ours.to("scalar"), path)
    assert bits(nn.load(theirs, path)) == bits(ours)


def test_special_numbers_empty_arrays_and_single_numbers_come_back(path: Path) -> None:
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, np.finfo(float).max])
    ours = Holder(special=nn.array(special), empty=np.empty((0, 3)), count=np.array(7))
    theirs = Holder(special=nn.array(np.zeros(6)), empty=np.empty((0, 3)), count=np.array(0))
    nn.save(ours, path)
    assert bits(nn.load(theirs, path)) == bits(ours)


def test_any_attribute_name_can_be_saved(path: Path) -> None:
    names = ["file", "args", "allow_pickle", "x.npy", "größe", "a/b"]
    ours, theirs = (Holder(**{name: nn.array([shift + i]) for i, name in enumerate(names)}) for shift in (0.0, 9.0))
    nn.save(ours, path)
    assert bits(nn.load(theirs, path)) == bits(ours)


def test_ending_may_be_in_capitals(path: Path) -> None:
    ours, path = nn.Linear(2, 1, rng=0), path.with_suffix(path.suffix.upper())
    nn.save(ours, str(path))
    assert bits(nn.load(nn.Linear(2, 1, rng=1), str(path))) == bits(ours)


GRID = np.arange(24.0).reshape(2, 3, 4)
VIEWS = {
    "transposed": GRID.T,
    "swapped": GRID.swapaxes(0, 1),
    "column": GRID[0, :, 1],
    "strided": GRID[:, ::2, ::3],
    "reversed": GRID[::-1],
    "repeated": np.broadcast_to(GRID[0, 0], (3, 4)),
    "fortran": np.asfortranarray(GRID),
    "big_endian": GRID.astype(">f8").T,
    "single": np.array(3.0),
}


@pytest.mark.parametrize("name", VIEWS)
def test_arrays_are_written_as_they_read_however_they_lie_in_memory(path: Path, name: str) -> None:
    theirs = Holder(x=np.zeros(VIEWS[name].shape))
    nn.save(Views(x=VIEWS[name]), path)
    np.testing.assert_array_equal(nn.load(theirs, path).state_dict()["x"], VIEWS[name], strict=name != "big_endian")


def test_transposed_parameter_of_a_tensor_comes_back(path: Path) -> None:
    ours = Holder(w=nn.array(GRID[0].T, requires_grad=True))
    nn.save(ours, path)
    loaded = nn.load(Holder(w=nn.array(np.zeros((4, 3)), requires_grad=True)), path)
    np.testing.assert_array_equal(loaded.state_dict()["w"], GRID[0].T)


# others read what save writes, and load reads what others write


def test_numpy_reads_the_npz_without_pickle(tmp_path: Path) -> None:
    ours = nn.MLP(2, [3, 1], rng=0)
    nn.save(ours, tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        assert {name: (x.dtype, x.shape, x.tobytes()) for name, x in file.items()} == bits(ours)


@pytest.mark.parametrize("savez", [np.savez, np.savez_compressed])
def test_load_reads_what_numpy_saved(tmp_path: Path, savez: Callable[..., None]) -> None:
    ours = nn.MLP(2, [3, 1], rng=0)
    savez(tmp_path / "model.npz", **ours.state_dict())
    assert bits(nn.load(nn.MLP(2, [3, 1], rng=1), tmp_path / "model.npz")) == bits(ours)


@pytest.mark.torch
def test_torch_reads_the_safetensors_and_load_reads_torchs(tmp_path: Path) -> None:
    torch, library = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
    ours, twin, path = nn.Linear(3, 2, rng=0), torch.nn.Linear(3, 2, dtype=torch.float64), tmp_path / "a.safetensors"
    nn.save(ours, path)
    twin.load_state_dict(library.load_file(path))
    np.testing.assert_array_equal(twin.weight.detach().numpy(), ours.weight.numpy())
    library.save_file(torch.nn.Linear(3, 2).double().state_dict(), path)
    nn.load(ours, path)
    np.testing.assert_array_equal(library.load_file(path)["bias"].numpy(), ours.bias.numpy())


# files that are not what they should be


def test_file_cut_off_anywhere_is_refused(path: Path) -> None:
    model = nn.Linear(2, 1, rng=0)
    nn.save(nn.Linear(2, 1, rng=1), path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        refuses_to_load(path, f"load: cannot read .* as {path.suffix}: .*; give a whole file", model=model)


def test_file_with_any_byte_changed_is_refused_or_loads_whole(path: Path) -> None:
    ours = nn.Linear(2, 1, rng=1)
    nn.save(ours, path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        model = nn.Linear(2, 1, rng=0)
        before = bits(model)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            nn.load(model, path)
        except (ValueError, TypeError) as error:
            assert str(path) in str(error)  # noqa: PT017 - most changes are refused, a few hit bytes that mean nothing
            assert bits(model) == before
        else:
            assert bits(model) == bits(ours)


FOREIGN = {
    "text": b"accuracy,0.97\n" * 9,
    "pickle": pickle.dumps({"layers.0.weight": [0.0]}),
    "zip of other things": None,
    "npy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (), }",
    "zeros": bytes(4096),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_file_is_refused(path: Path, name: str) -> None:
    if FOREIGN[name] is None:
        with ZipFile(path, "w") as archive:
            archive.writestr("checkpoint/data.pkl", pickle.dumps({"layers.0.weight": [0.0]}))
    else:
        path.write_bytes(FOREIGN[name] or b"")
    refuses_to_load(path, f"cannot read .* as {path.suffix}: .*; give a whole file that save wrote")


def test_one_formats_file_under_the_others_ending_is_refused(path: Path) -> None:
    pytest.importorskip("safetensors")
    other = path.with_suffix(next(ending for ending in ENDINGS if ending != path.suffix))
    nn.save(nn.MLP(2, [3, 1], rng=0), path)
    path.rename(other)
    refuses_to_load(other, f"cannot read .* as {other.suffix}")


class Trap:
    """A thing that makes a folder when it is unpickled."""

    def __init__(self, sprung: Path):
        self.sprung = sprung

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.sprung),)


@pytest.mark.parametrize("savez", [np.savez, np.savez_compressed])
def test_pickled_objects_are_refused_and_never_run(tmp_path: Path, savez: Callable[..., None]) -> None:
    path, sprung = tmp_path / "model.npz", tmp_path / "sprung"
    state: dict[str, Any] = nn.MLP(2, [3, 1], rng=0).state_dict()
    state["layers.0.bias"] = np.array([Trap(sprung)] * 3, dtype=object)
    savez(path, **state)
    refuses_to_load(path, r"member layers.0.bias.npy holds pickled Python objects, which can run code; give")
    assert not sprung.exists()
    np.load(path, allow_pickle=True)["layers.0.bias.npy"]
    assert sprung.exists(), "the trap was not set"


@pytest.mark.parametrize("ending", ENDINGS)
def test_bare_pickle_is_never_run(tmp_path: Path, ending: str) -> None:
    if ending == ".safetensors":
        pytest.importorskip("safetensors")
    path, sprung = tmp_path / f"model{ending}", tmp_path / "sprung"
    path.write_bytes(pickle.dumps(Trap(sprung)))
    refuses_to_load(path, "cannot read")
    assert not sprung.exists()


def header(shape: str) -> bytes:
    """The head of a .npy file of float64 numbers in this shape."""
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


BOMBS = {
    "an array of the wrong shape": (header("(33554432,)"), ZIP_DEFLATED, ShapeError, "has shape"),
    "a shape beyond all memory": (header("(1152921504606846975,)"), ZIP_DEFLATED, ShapeError, "has shape"),
    "a head of four gigabytes": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", ZIP_DEFLATED, ValueError, "version 1.0"),
    "a compression without a limit": (header("(2,)"), ZIP_BZIP2, ValueError, "compressed in a way"),
    "an array with too much behind it": (header("(2,)"), ZIP_DEFLATED, None, ""),
}


@pytest.mark.parametrize("name", BOMBS)
def test_zip_bomb_is_never_unpacked(tmp_path: Path, name: str) -> None:
    head, compression, error, says = BOMBS[name]
    path, model = tmp_path / "model.npz", Holder(x=nn.array([1.0, 2.0]))
    with ZipFile(path, "w", compression, compresslevel=1) as archive, archive.open("x.npy", "w") as member:
        member.write(head)
        for _ in range(64):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**19
    tracemalloc.start()
    try:
        nn.load(model, path) if error is None else refuses_to_load(path, says, error, model)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_type_that_numpy_lacks_is_named(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "model.safetensors"
    head = b'{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(4))
    refuses_to_load(path, "holds numbers of the type 'BF16', which NumPy lacks", model=Holder(x=nn.array([1.0, 2.0])))


# files of another model


def test_wrong_shape_is_refused_with_both_shapes(path: Path) -> None:
    nn.save(nn.MLP(2, [5, 1], rng=0), path)
    says = r"layers.0.weight has shape \(5, 2\), but the model's has \(3, 2\); give the file of a model of the same"
    refuses_to_load(path, says, ShapeError)


def test_wrong_names_are_refused_and_told(path: Path) -> None:
    nn.save(Holder(weight=nn.array([1.0])), path)
    model = Holder(w=nn.array([2.0]), b=nn.array([3.0]))
    says = "does not fit: it lacks b, w and the model has no weight; give the file of a model of the same build"
    refuses_to_load(path, says, model=model)


def test_many_missing_names_are_counted(path: Path) -> None:
    nn.save(Holder(), path)
    refuses_to_load(path, r"it lacks layers.0.bias, layers.0.weight, layers.1.bias and 1 more; give")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(0.5, 1), (np.nan, 1), (1e30, 1), (2, True), (2**40, np.int32(1)), (-1, np.uint8(1))],
    ids=str,
)
def test_number_that_the_models_whole_numbers_cannot_hold_is_refused(path: Path, theirs: Any, ours: Any) -> None:
    nn.save(Holder(a=nn.array([1.0]), b=np.array([theirs])), path)
    says = r"b holds numbers of \w+ that the model's \w+ cannot take over; give the file of a model of the same types"
    refuses_to_load(path, says, TypeError, Holder(a=nn.array([2.0]), b=np.array([ours])))


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
@pytest.mark.parametrize("other", [np.array([1j]), np.array(["text"]), np.array(["2020"], "M8[D]")], ids=str)
def test_array_of_other_things_is_refused_before_any_number_changes(tmp_path: Path, engine: str, other: Any) -> None:
    np.savez(tmp_path / "model.npz", a=np.array([1.0]), b=other)
    model = Holder(a=nn.array([2.0], engine), b=nn.array([3.0], engine))
    refuses_to_load(tmp_path / "model.npz", "b holds numbers of .* that the model's float64 cannot", TypeError, model)


# places that are not what they should be


@pytest.mark.parametrize("name", ["model", "model.pt", "model.npz.bak", ".npz", "model.npy"])
def test_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    says = f"ends in {Path(name).suffix!r}; a model's file may end in .npz or .safetensors"
    refuses_to_save(tmp_path / name, f"save: .* {says}", ValueError)
    refuses_to_load(tmp_path / name, f"load: .* {says}")


def test_missing_file_is_told(path: Path) -> None:
    says = "load: cannot read .*: No such file or directory; check the name, or save a model there first"
    refuses_to_load(path, says, FileNotFoundError)


def test_missing_folder_is_told(path: Path) -> None:
    path = path.parent / "models" / path.name
    refuses_to_save(path, "save: cannot write .*: No such file or directory; make its folder first", FileNotFoundError)
    assert not path.parent.exists()


def test_folder_in_the_files_place_is_told(path: Path) -> None:
    path.mkdir()
    says = "cannot .*: Is a directory; give the name of a file in it"
    refuses_to_save(path, f"save: {says}", IsADirectoryError)
    refuses_to_load(path, f"load: {says}", IsADirectoryError)


def test_file_in_the_folders_place_is_told(path: Path) -> None:
    (path.parent / "models").touch()
    path = path.parent / "models" / path.name
    model, says = nn.Linear(2, 1), "Not a directory; check the path and the disk"
    with untouched(model, path.parent.parent):
        with pytest.raises(NotADirectoryError, match=f"save: cannot write .*: {says}"):
            nn.save(model, path)
        with pytest.raises(NotADirectoryError, match=f"load: cannot read .*: {says}"):
            nn.load(model, path)


@contextmanager
def without_rights(*paths: Path) -> Iterator[None]:
    """In the block these can be entered but not written or read, even by the superuser, who becomes nobody."""
    superuser, modes = os.geteuid() == 0, [path.stat().st_mode for path in paths]
    for path in paths:
        path.chmod(0o511 if path.is_dir() else 0)
    os.seteuid(65534 if superuser else os.geteuid())
    try:
        yield
    finally:
        os.seteuid(0 if superuser else os.geteuid())
        for path, mode in zip(paths, modes):
            path.chmod(mode)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no user ids")
def test_folder_and_file_without_permission_are_told(path: Path) -> None:
    model = nn.Linear(2, 1, rng=0)
    with tempfile.TemporaryDirectory() as name:  # one that nobody can reach, as pytest's own folders are not
        folder = Path(name)
        place = folder / path.name
        nn.save(nn.Linear(2, 1, rng=1), place)
        with untouched(model, folder), without_rights(folder, place):
            with pytest.raises(PermissionError, match=f"save: cannot write {place}: Permission denied; choose a"):
                nn.save(model, place)
            with pytest.raises(PermissionError, match=f"load: cannot read {place}: Permission denied; get leave"):
                nn.load(model, place)


def test_safetensors_package_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    model, says = nn.Linear(2, 1), "the safetensors package, which is not installed; run `pip install safetensors`, or"
    with untouched(model, tmp_path):
        with pytest.raises(ModuleNotFoundError, match=says):
            nn.save(model, tmp_path / "model.safetensors")
        with pytest.raises(ModuleNotFoundError, match=says):
            nn.load(model, tmp_path / "model.safetensors")


# arrays that a format cannot hold


@pytest.mark.parametrize("x", [np.array([None]), np.array(["a"]), np.zeros(1, [("a", float)])], ids=str)
def test_array_of_no_numbers_is_refused_and_an_old_file_kept(path: Path, x: Any) -> None:
    nn.save(nn.Linear(2, 1, rng=0), path)
    says = "save: x is an array of .*, which .* cannot hold; convert it to float64 or int64"
    refuses_to_save(path, says, TypeError, Views(x=x))


def test_numbers_that_safetensors_lacks_are_refused_there_and_saved_in_npz(path: Path) -> None:
    wide = [np.array([np.pi], np.longdouble)] if np.dtype(np.longdouble).itemsize > 8 else []
    for x in (np.array([1 + 2j]), *wide):
        ours, theirs = Holder(x=x), Holder(x=np.zeros_like(x))
        if path.suffix == ".npz":
            nn.save(ours, path)
            np.testing.assert_array_equal(nn.load(theirs, path).state_dict()["x"], x, strict=True)
        else:
            refuses_to_save(path, "x is an array of .*, which .* cannot hold", TypeError, ours)


# how a file is written


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_a_plain_open(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        (path.parent / "plain").open("wb").close()
        nn.save(nn.Linear(2, 1), path)
    finally:
        os.umask(before)
    assert path.stat().st_mode == (path.parent / "plain").stat().st_mode
    path.chmod(0o640)
    nn.save(nn.Linear(2, 1), path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_link_stays_a_link_and_its_target_is_written(path: Path) -> None:
    target, ours = path.parent / "runs" / "best.bin", nn.Linear(2, 1, rng=0)
    target.parent.mkdir()
    path.symlink_to(target)
    for _ in range(2):
        nn.save(ours, path)
        assert path.is_symlink()
        assert list(target.parent.iterdir()) == [target]
        assert bits(nn.load(nn.Linear(2, 1, rng=1), path)) == bits(ours)


def test_bytes_are_on_the_disk_before_the_name_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Any] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: steps.append(os.fstat(file).st_size) or fsync(file))
    monkeypatch.setattr(os, "replace", lambda old, new: steps.append(Path(old).parent) or replace(old, new))
    nn.save(nn.Linear(2, 1), path)
    assert steps == [path.stat().st_size, path.parent]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError(28, "No space left on device")], ids=repr)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_error_on_the_way_leaves_the_old_file_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: Any
) -> None:
    def fail(*_: Any) -> None:
        assert [p for p in path.parent.iterdir() if p.name.startswith(f"{path.name}.") and p.suffix == ".tmp"]
        raise error

    nn.save(nn.Linear(2, 1, rng=0), path)
    monkeypatch.setattr(os, step, fail)
    model = nn.Linear(2, 1, rng=1)
    with untouched(model, path.parent), pytest.raises(type(error) if isinstance(error, OSError) else error) as caught:
        nn.save(model, path)
    if isinstance(error, OSError):
        assert str(caught.value) == f"save: cannot write {path}: No space left on device; check the path and the disk"


def test_disk_that_takes_no_more_leaves_the_old_file_and_no_other(path: Path) -> None:
    resource = pytest.importorskip("resource")
    nn.save(nn.Linear(2, 1, rng=0), path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    model = nn.Linear(300, 300, rng=1)
    with untouched(model, path.parent):
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**18, limits[1]))
        try:
            with pytest.raises(
                OSError, match=f"save: cannot write {path}: File too large; check the path and the disk"
            ):
                nn.save(model, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


# a process that is killed

SAVER = """
import os, sys
import numpy as np
import numpy.random  # which nn opens when it first draws, and so would each process after the fork
import nn

def save_on_and_on(step, paths):
    model = nn.Linear(512, 1024, rng=0)
    for step in range(step + 1, step + 1000):
        for x in model.parameters():
            x.data = np.full(x.shape, float(step))
        for path in paths:
            nn.save(model, path)

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        save_on_and_on(int(line), sys.argv[1:])
        os._exit(0)
    print(pid, flush=True)
    print(os.WTERMSIG(os.waitpid(pid, 0)[1]), flush=True)
"""


def all_formats(folder: Path) -> list[Path]:
    """A path in each format whose package is installed."""
    return [folder / f"model{ending}" for ending in ENDINGS if ending == ".npz" or find_spec("safetensors")]


@pytest.fixture
def kill_while_saving(tmp_path: Path) -> Iterator[Callable[[int, float], None]]:
    """A process saves models of 4 MB, each full of the number after the last, until SIGKILL ends it in so many seconds.

    All such processes are forked from one that has done the importing.
    """
    command = [sys.executable, "-c", SAVER, *map(str, all_formats(tmp_path))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        ask, answer = server.stdin, server.stdout

        def kill(last: int, seconds: float) -> None:
            print(last, file=ask, flush=True)
            pid = int(answer.readline())
            time.sleep(seconds)
            os.kill(pid, signal.SIGKILL)
            assert int(answer.readline()) == signal.SIGKILL

        yield kill


def saved_step(path: Path) -> int:
    """The number that every parameter of the saved model holds."""
    numbers = {float(n) for x in nn.load(nn.Linear(512, 1024), path).parameters() for n in np.unique(x.numpy())}
    assert len(numbers) == 1, f"{path.name} holds parts of several states: {sorted(numbers)}"
    return int(numbers.pop())


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_process_killed_at_any_moment_leaves_a_whole_file(
    tmp_path: Path, kill_while_saving: Callable[[int, float], None]
) -> None:
    paths = all_formats(tmp_path)
    for path in paths:
        nn.save(Holder(weight=np.zeros((1024, 512)), bias=np.zeros(1024)), path)
    rng, steps, leftovers, moved = random.Random(0), [0] * len(paths), 0, 0
    for _ in range(50):
        kill_while_saving(max(steps), rng.uniform(0, 0.1))
        before, steps = steps, [saved_step(path) for path in paths]
        assert all(old <= new for old, new in zip(before, steps))
        names = sorted(p.name for p in tmp_path.iterdir() if p not in paths)
        assert all(re.fullmatch(r"model\.(npz|safetensors)\.[0-9a-f]{12}\.tmp", name) for name in names)
        assert len(names) - leftovers in (0, 1)
        leftovers, moved = len(names), moved + (steps != before)
    print(f"50 kills: {leftovers} on the way through a save, {moved} after at least one; {max(steps)} saves")
    assert leftovers
    assert moved
