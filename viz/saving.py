"""Saving by ending: one rule, and one error, for everything that viz returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from ops.errors import ParameterError


def saved(path: str | Path, forms: Mapping[str, Callable[[], str | bytes]]) -> Path:
    """The path, to which the form that its ending asks for has been written; ParameterError for another ending."""
    path = Path(path)
    form = forms.get(path.suffix.removeprefix(".").lower())
    if form is None:
        known = [f".{ending}" for ending in forms]
        may = " or ".join(filter(None, [", ".join(known[:-1]), known[-1]]))
        raise ParameterError(f"save: {path.name!r} ends in {path.suffix!r}; it may end in {may}")
    written = form()
    path.write_bytes(written.encode() if isinstance(written, str) else written)
    return path


def of_figure(figure: Any, ending: str) -> bytes:
    """A matplotlib figure as a file of this ending."""
    file = BytesIO()
    figure.savefig(file, format=ending)
    return file.getvalue()
