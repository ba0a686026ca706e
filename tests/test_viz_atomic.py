"""What viz and the lessons' commands write is there whole or not at all: an old file stays where the new one fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lessons.__main__ as command
import nn
import viz
from lessons import build, gallery, moons, pictures, progress
from lessons.course import lesson
from ops import files
from tensor import Tensor
from viz import plots

OLD = b"the old page"


def shown() -> dict[str, tuple[Any, str]]:
    """Each kind of thing that viz returns, and the endings that it takes."""
    w = Tensor([[1.0, 2.0]], requires_grad=True, label="w")
    y = (w * w).sum()
    y.backward()
    replay = plots.training_replay(np.eye(2), np.array([-1.0, 1.0]))
    replay.record(lambda points: points[:, 0], 0.5, [np.ones(2)])
    return {
        "draw": (viz.draw(y), "svg html png dot txt"),
        "zoom": (viz.zoom(y.args[0]), "svg html png dot txt"),
        "step": (viz.step(y), "html txt svg"),
        "explain": (viz.explain(w, y, element=(0, 0)), "html txt"),
        "why": (viz.why_no_grad(w, y), "txt html"),
        "compare": (viz.compare(nn.Linear(2, 1, rng=0), [[1.0, 2.0]], [[0.0]], nn.mse_loss), "txt html png svg"),
        "replay": (replay, "html svg txt"),
    }


KINDS = ("draw", "zoom", "step", "explain", "why", "compare", "replay")


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond a few bytes."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def stays(path: Path) -> Iterator[None]:
    """The old file is there before and after, and no other beside it."""
    path.write_bytes(OLD)
    yield
    assert path.read_bytes() == OLD
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_saved_over_another_on_a_full_disk_leaves_the_old_one(kind: str, tmp_path: Path) -> None:
    each, endings = shown()[kind]
    for ending in endings.split():
        path = tmp_path / ending / f"x.{ending}"
        path.parent.mkdir()
        each.save(path)  # so that what is read on the way has been read
        with stays(path), full_disk(), pytest.raises(OSError, match=rf"^save: cannot write .*x\.{ending}: .*; check"):
            each.save(path)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError(28, "No space left on device")], ids=repr)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_error_on_the_way_leaves_the_old_page_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: Any
) -> None:
    def fail(*_: Any) -> None:
        raise error

    drawing, _ = shown()["draw"]
    with stays(tmp_path / "x.svg"):
        monkeypatch.setattr(os, step, fail)
        with pytest.raises(type(error) if isinstance(error, OSError) else error):
            drawing.save(tmp_path / "x.svg")


def test_a_form_that_fails_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, _ = shown()["draw"]
    monkeypatch.setattr(type(drawing), "svg", lambda self: 1 / 0)
    with stays(tmp_path / "x.svg"), pytest.raises(ZeroDivisionError):
        drawing.save(tmp_path / "x.svg")


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("none/x.svg", FileNotFoundError, "make its folder first"),
        ("file/x.svg", NotADirectoryError, "check the path and the disk"),
        ("folder.svg", IsADirectoryError, "give the name of a file in it"),
        ("x" * 300 + ".svg", OSError, "check the path and the disk"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str, error: type[OSError], says: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(error, match=f"^save: cannot write .*; {says}$"):
        shown()["draw"][0].save(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.svg"]


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "page.bin", tmp_path / "x.svg"
    target.write_bytes(OLD)
    target.chmod(0o640)
    link.symlink_to(target)
    shown()["draw"][0].save(link)
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"<svg")
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_digraph_rendered_without_dot_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graphviz = pytest.importorskip("graphviz")
    monkeypatch.setattr(graphviz.backend, "DOT_BINARY", Path("no-dot"), raising=False)
    dot = viz.draw_dot((Tensor([1.0], requires_grad=True) * 2.0).sum())
    path = tmp_path / "x.gv"
    with stays(path), full_disk(), pytest.raises(OSError, match=r"^save: cannot write"):
        dot.save(path)


# the lessons' commands

COMMANDS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "pictures": ("two_graphs.svg", lambda folder: pictures.main([str(folder)])),
    "moons": ("moons.png", lambda folder: moons.main(["--engine", "tensor", "--steps", "1", "--out", str(folder)])),
    "a learner's copy": (lesson(1).student.name, lambda folder: command.copied(lesson(1), folder)),
    "a notebook": ("x.ipynb", lambda folder: build.write(build.notebook("# %%\n1 + 1\n"), folder / "x.ipynb")),
    "the passes": ("passed.json", lambda folder: progress.record("1.1")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_on_a_full_disk_leaves_no_torn_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "a notebook":
        pytest.importorskip("jupytext")
    monkeypatch.setenv("DUOGRAD_STATE", str(tmp_path))
    file, run = COMMANDS[name]
    path = tmp_path / file
    run(tmp_path)
    assert path.stat().st_size > 5
    if name != "a learner's copy":  # which is never written over
        path.write_bytes(OLD * 3)
    else:
        path.unlink()
    before = {other: other.read_bytes() for other in tmp_path.iterdir()}
    with full_disk(), pytest.raises((OSError, SystemExit), match=f"cannot write .*{path.name}"):
        run(tmp_path)
    assert {other: other.read_bytes() for other in tmp_path.iterdir()} == before


def test_the_gallery_on_a_full_disk_says_so_and_leaves_the_old_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(folder: Path) -> Path:
        with full_disk():
            return files.write(folder / "index.html", "<!doctype html>", "gallery")

    monkeypatch.setattr(gallery, "write", full)
    with stays(tmp_path / "index.html"):
        assert gallery.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("lessons.gallery: gallery: cannot write")


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/none", "a\0b"])
def test_the_gallery_refuses_what_is_no_folder_it_can_write_to(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(OLD)
    assert gallery.main([place]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lessons.gallery: cannot write to")
    assert said.count("\n") == 1
    assert (tmp_path / "file").read_bytes() == OLD


def test_the_gallerys_command_line_answers_a_file_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    call = [sys.executable, "-m", "lessons.gallery", str(tmp_path / "file")]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f"lessons.gallery: cannot write to '{tmp_path / 'file'}' (File exists); name another folder\n"
