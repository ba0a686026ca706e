"""Everything that viz returns saves itself by the ending of the path, and refuses other endings in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import viz
from ops.errors import ParameterError
from tensor import Tensor
from viz import plots


def _shown() -> dict[str, tuple[Any, str]]:
    """Each kind of thing that viz returns, and the endings that it takes."""
    w, x = Tensor([[1.0, 2.0]], requires_grad=True, label="w"), Tensor([[3.0], [4.0]])
    y = (w @ x).sum()
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


STARTS = {"svg": (b"<svg", b"<?xml"), "html": (b"<!doctype html>",), "png": (b"\x89PNG",), "dot": (b"digraph",)}


@pytest.mark.parametrize("kind", ["draw", "zoom", "step", "explain", "why", "compare", "replay"])
def test_what_viz_shows_saves_itself_by_ending(kind: str, tmp_path: Path) -> None:
    shown, endings = _shown()[kind]
    for ending in endings.split():
        path = shown.save(tmp_path / f"x.{ending}")
        assert path.read_bytes().lstrip().startswith(STARTS.get(ending, (b"",))), ending
        assert path.stat().st_size > 10
    with pytest.raises(ParameterError, match=r"'x\.docx' ends in '\.docx'; it may end in \.\w+"):
        shown.save(tmp_path / "x.docx")
    assert not (tmp_path / "x.docx").exists()
