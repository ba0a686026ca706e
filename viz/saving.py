"""Saving by ending: one rule, and one error, for everything that viz returns; and whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from ops.errors import ParameterError
from ops.files import write
from viz.arguments import sort


def saved(path: str | Path, forms: Mapping[str, Callable[[], str | bytes]]) -> Path:
    """The path, to which the form that its ending asks for has been written; ParameterError for another ending.

    Where it cannot be written, which is an OSError, an old file of that name stays as it was.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f'save: got {sort(path)} as the path; give a name, such as "picture.{next(iter(forms))}"')
    path = Path(path)
    form = forms.get(path.suffix.removeprefix(".").lower())
    if form is None:
        known = [f".{ending}" for ending in forms]
        may = " or ".join(filter(None, [", ".join(known[:-1]), known[-1]]))
        raise ParameterError(f"save: {path.name!r} ends in {path.suffix!r}; it may end in {may}")
    return write(path, form())


def of_figure(figure: Any, ending: str, **options: Any) -> bytes:
    """A matplotlib figure as a file of this ending; options: those of its savefig."""
    file = BytesIO()
    figure.savefig(file, format=ending, **options)
    return file.getvalue()
