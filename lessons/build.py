"""Notebooks from the lessons' sources: `python -m lessons.build [NUMBER ...]`, all of them where none is named.

Of each `NN_name.py` it makes `NN_name.ipynb`, executed, and `student/NN_name.ipynb`, where the lines between
`### BEGIN SOLUTION` and `### END SOLUTION` are `...`.  The same source gives the same notebook: cells are named after
what they hold, and no time is kept.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from unittest.mock import patch

from lessons.course import Lesson, lesson, lessons
from ops.files import write as write_file

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS = 60  # a cell that takes longer is an error
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n(?:(?!# %%).*\n)*?[ \t]*### END SOLUTION$", re.MULTILINE)
Notebook = Any


def notebook(text: str) -> Notebook:
    """The notebook of a source in jupytext's percent form, without outputs."""
    try:
        import jupytext
    except ImportError:
        raise SystemExit('lessons.build: jupytext is not installed; pip install -e ".[lessons]" brings it') from None

    made = jupytext.reads(text, fmt="py:percent")
    made.metadata = type(made.metadata)(METADATA)
    made.nbformat, made.nbformat_minor = 4, 5
    seen: set[str] = set()
    for cell in made.cells:
        cell.metadata, cell.id = {}, _name(cell.cell_type + cell.source, seen)
    return made


def _name(content: str, seen: set[str]) -> str:
    """A cell's id: it changes with what the cell holds, and not with what stands before it."""
    name = sha256(content.encode()).hexdigest()[:8]
    if name in seen:
        return _name(content + "\n", seen)
    seen.add(name)
    return name


def without_solutions(text: str) -> str:
    """The source with `...` where a solution stands.

    >>> print(without_solutions("def f(x):\\n    ### BEGIN SOLUTION\\n    return x\\n    ### END SOLUTION"))
    def f(x):
        ...
    """
    stripped = SOLUTION.sub(r"\1...", text)
    if left := re.search(r"### (BEGIN|END) SOLUTION", stripped):
        raise SystemExit(f"lessons.build: `{left[0]}` stands alone; each needs its other line, BEGIN first")
    return stripped


def executed(made: Notebook) -> Notebook:
    """The notebook with the outputs of a run in a kernel of its own, which keeps no passes and leaves no files."""
    try:
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
    except ImportError:
        raise SystemExit('lessons.build: nbclient is not installed; pip install -e ".[lessons]" brings it') from None

    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, _surroundings(folder)):
        options = {"timeout": SECONDS, "record_timing": False, "coalesce_streams": True}
        options |= {"kernel_name": "python3", "extra_arguments": ["--log-level=ERROR"]}
        try:
            NotebookClient(made, resources={"metadata": {"path": folder}}, **options).execute()
        except CellExecutionError as error:
            raise SystemExit(f"lessons.build: a cell stops with an error.\n{error}") from None
    for cell in made.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_progress(output)]
    made.metadata = type(made.metadata)(METADATA)
    return made


def _surroundings(folder: str) -> dict[str, str]:
    return {"DUOGRAD_STATE": folder, "PYDEVD_DISABLE_FILE_VALIDATION": "1", "MPLBACKEND": ""}


def _is_progress(output: Any) -> bool:
    """A progress bar, which is another one at each run; a warning in its place is a fault of the lesson."""
    if output.output_type != "stream" or output.name != "stderr":
        return False
    if "Warning" in output.text:
        raise SystemExit(f"lessons.build: a cell warns, and a lesson must not: {output.text.strip()}")
    return True


def write(made: Notebook, path: Any) -> None:
    """The notebook as a file."""
    import nbformat

    path.parent.mkdir(exist_ok=True)
    write_file(path, nbformat.writes(made).rstrip("\n") + "\n", "build")


def build(one: Lesson) -> str:
    """Write both notebooks of a lesson, and say what they took."""
    start = time.perf_counter()
    write(notebook(without_solutions(one.text)), one.student)
    write(executed(notebook(one.text)), one.notebook)
    seconds, size = time.perf_counter() - start, one.notebook.stat().st_size
    return f"{one.notebook.name}: {seconds:.1f} s, {size / 1000:.0f} kB"


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lessons.build", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help="a lesson; all where none is named")
    try:
        chosen = [lesson(number) for number in parser.parse_args(argv).numbers] or lessons()
    except LookupError as error:
        print(f"lessons.build: {error.args[0]}", file=sys.stderr)
        return 2
    for one in chosen:
        print(build(one), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
