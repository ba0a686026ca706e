"""Each example prints what its docstring says, in at most 80 lines."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path
from textwrap import dedent

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "lessons" / "examples"
EXAMPLES = sorted(path for path in FOLDER.glob("*.py") if path.stem != "__init__")


def _promised(path: Path) -> str:
    """The indented lines at the end of the first docstring."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return dedent(said.partition("\n\n")[2]).strip()


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_its_docstring_says(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.strip() == _promised(path) != ""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.slow
def test_the_autoencoder_draws_its_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = tmp_path / "digits.png"
    monkeypatch.setattr(sys, "argv", ["autoencoder.py", str(picture)])
    runpy.run_path(str(FOLDER / "autoencoder.py"), run_name="__main__")
    assert picture.read_bytes().startswith(b"\x89PNG")
