"""The README's code runs, and prints what it says."""

from __future__ import annotations

import contextlib
import io
import pydoc
import re
import tomllib
from collections.abc import Iterator
from inspect import ismodule
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import ops
import scalar
import tensor
import viz
from lessons import moons
from lessons.course import lessons

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def registry_as_it_was() -> Iterator[None]:
    before = set(ops.REGISTRY)
    yield
    for name in set(ops.REGISTRY) - before:
        ops.forget(name)


@pytest.mark.usefixtures("registry_as_it_was")
def test_readme_blocks_run_in_order_and_print_what_their_comments_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for block in BLOCKS:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block, "README.md", "exec"), namespace)
        expected = re.findall(r"print\(.*\)  # (.*)", block)
        assert set(expected) == set(said.getvalue().splitlines()), block
    assert len(BLOCKS) >= 3
    assert {path.name for path in tmp_path.iterdir()} == {"graph.svg", "backward.html", "moons.npz"}


def test_readme_shows_the_demos_own_table() -> None:
    run = moons.Run("scalar", None, "65,717", [0.0869], [0.0109784], [1.0], [np.zeros(1)])
    assert all(f"    {line}\n" in README for line in moons.table([run]).splitlines())


@pytest.mark.parametrize("package", [ops, scalar, tensor, nn, viz])
def test_package_lists_all_that_it_exports_and_gives_what_it_lists(package: Any) -> None:
    brought = {"Any", "TYPE_CHECKING", "import_module"}
    public = {name for name, x in vars(package).items() if not name.startswith("_") and not ismodule(x)} - brought
    assert public <= set(package.__all__)
    assert set(package.__all__) <= set(dir(package))
    assert all(getattr(package, name) is not None for name in package.__all__)


def test_help_shows_an_op_a_layer_and_what_is_loaded_late() -> None:
    for package, said in ((ops, "softplus = <pointwise op"), (nn, "class Linear"), (viz, "zoom(node")):
        shown = pydoc.plain(pydoc.render_doc(package))
        assert said in shown.replace("(\n        ", "(")  # from 3.13 on a long signature has a line for each parameter


def test_readme_pictures_and_links_are_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    missing = [target for target in targets if not target.startswith("http") and not (ROOT / target).exists()]
    assert targets
    assert not missing


def test_readme_lists_every_lesson_with_its_notebook_and_a_picture_that_says_what_it_shows() -> None:
    listed = re.findall(
        r'^\| <img src="(.+?)" width="260" alt="(.+?)"> \| \*\*\[(.+?)\]\((.+?)\)\*\*<br>(.+) \|$', README, re.M
    )
    course = [(f"{one.number}. {one.title}", f"lessons/{one.notebook.name}") for one in lessons()]
    assert [(title, notebook) for _, _, title, notebook, _ in listed] == course
    assert [picture for picture, *_ in listed] == [f"docs/lesson_{k:02}.svg" for k in range(1, len(course) + 1)]
    assert all(len(line) <= 75 for *_, line in listed)  # a longer one would squeeze the pictures


def test_readme_has_the_two_commands_that_ci_runs_and_no_third() -> None:
    indented = re.findall(r"^    .*\.venv/bin/.*", README, re.MULTILINE)
    demo, tests = indented
    assert demo.endswith("-m lessons.moons")
    assert tests.endswith("-m pytest")


def test_first_block_is_within_a_dozen_lines() -> None:
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) <= 12


def test_every_top_level_package_is_listed_in_the_wheel_and_typed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert set(listed) == folders
    assert all((ROOT / name / "py.typed").exists() for name in listed)


def test_no_module_bears_a_top_level_packages_name_but_the_engines_own() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    inside = {path.stem for name in packages for path in (ROOT / name).glob("*.py")}
    assert inside & packages <= {"tensor", "nn"}  # tensor/tensor.py and scalar/nn.py
