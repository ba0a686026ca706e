"""A training run as one page: a slider over its steps, with the boundary, the loss and the parameters of each."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from importlib.resources import files
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from ops.errors import ParameterError
from viz.arguments import function, kind, listing, whole
from viz.notebook import framed
from viz.numbers import numbers, points, scored
from viz.saving import saved

Array = np.ndarray[Any, Any]
SIZE = 320  # the boundary's side on the page, in pixels


class Replay:
    """The steps of a run, kept as bytes: `record` each step, then show or `save` the page.

    X: (n, 2), the points.  y: (n,), their classes as -1 and 1.  cells: how finely the plane is sampled.
    """

    def __init__(self, X: Array, y: Array, cells: int = 48):
        (X, y), cells = points("training_replay", X, y), whole("training_replay", "cells", cells, 2, 1_000)
        low, high = X.min(axis=0) - 0.5, X.max(axis=0) + 0.5
        across, up = (np.linspace(a, b, cells) for a, b in zip(low, high))
        grid = np.meshgrid(across, up[::-1])  # the top row of the picture first
        self.plane, self.cells = np.c_[grid[0].ravel(), grid[1].ravel()], cells
        places = (X - low) / (high - low) * SIZE
        self.points = [[round(x, 1), round(SIZE - up, 1), int(label)] for (x, up), label in zip(places, y)]
        self.losses: list[float] = []
        self.frames: list[dict[str, str]] = []

    def record(self, score: Callable[[Array], Array], loss: float, parameters: Iterable[Any]) -> None:
        """Keep one step: score maps points (m, 2) to numbers (m,), and is above zero for class 1."""
        function("record", "score", score, "from points (m, 2) to numbers (m,)")
        flat = _flat(parameters)
        frame = {"scores": _bytes(scored("record", score, self.plane)), "parameters": _bytes(flat)}
        self.losses.append(_loss(loss))
        self.frames.append(frame)
        self.row = int(np.ceil(np.sqrt(flat.size)))

    def html(self) -> str:
        """The page, whole: no other file and no network."""
        self._demand_frames()
        run = {
            "losses": [loss if isfinite(loss) else str(loss) for loss in self.losses],
            "frames": self.frames,
            "points": self.points,
            "width": self.cells,
            "row": self.row,
        }
        data = json.dumps(run, separators=(",", ":")).replace("<", "\\u003c")
        return _PAGE.format(
            css=_asset("replay.css"), js=_asset("replay.js"), data=data, last=len(self.frames) - 1, size=SIZE
        )

    def save(self, path: str | Path) -> Path:
        """Write it as its ending says: html, the page; svg, its last step; txt."""
        return saved(path, {"html": self.html, "svg": self.svg, "txt": self.text})

    def svg(self) -> str:
        """The last step as a picture: the scores over the plane with the points, and the losses."""
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.figure import Figure

        self._demand_frames()
        figure = Figure(figsize=(8.0, 3.6), layout="constrained")
        board, curve = figure.subplots(1, 2)
        scores = np.frombuffer(b64decode(self.frames[-1]["scores"]), np.uint8).reshape(self.cells, self.cells)
        colors = LinearSegmentedColormap.from_list("score", ["#6baed6", "white", "#fd8d3c"])
        board.imshow(scores, colors, vmin=1, vmax=255, extent=(0, SIZE, SIZE, 0))
        for label, marker, color in ((-1, "o", "#08306b"), (1, "^", "#a63603")):
            mine = [(x, y) for x, y, its in self.points if its == label]
            board.scatter(*zip(*mine), s=18, c=color, marker=marker, edgecolors="white", linewidths=0.5)
        board.set_axis_off()
        curve.plot(self.losses, color="#08519c")
        curve.set_yscale("log" if any(loss > 0 for loss in self.losses) else "linear")
        curve.set(xlabel="step", ylabel="loss")
        file = StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
        return file.getvalue()

    def _demand_frames(self) -> None:
        if not self.frames:
            raise ParameterError("replay: no step was recorded; call record(score, loss, parameters) at each step")

    def text(self) -> str:
        """One sentence."""
        ends = f", loss {self.losses[0]:.4g} to {self.losses[-1]:.4g}" if self.losses else ""
        return f"Replay of {len(self.frames)} steps{ends}"

    def _repr_html_(self) -> str:
        return framed(self.html(), self.svg(), self.text(), "Training replay")

    def __repr__(self) -> str:
        return f"<{self.text()}>"


def _flat(parameters: Any) -> Array:
    """All numbers of the parameters in one row."""
    many = listing("record", "parameters", parameters, "arrays")
    rows = [numbers("record", f"parameters[{i}]", p).ravel() for i, p in enumerate(many)]
    if not sum(map(len, rows)):
        raise ParameterError("record: parameters hold no number; give those of the model, as in model.parameters()")
    return np.concatenate(rows)


def _loss(loss: Any) -> float:
    """The loss as a float, which need not be finite: a run may go astray."""
    if getattr(loss, "shape", ()) != () or isinstance(loss, (str, bytes)):
        raise TypeError(f"record: loss is {kind(loss)}; give one number")
    try:
        return float(loss)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"record: loss is {kind(loss)}; give one number") from None


def _bytes(x: Array) -> str:
    """The hyperbolic tangent of each number as one byte, 128 for zero and for NaN, in base64."""
    shown = np.nan_to_num(np.tanh(x.astype(float)))
    return b64encode(np.round(128 + 127 * shown).astype(np.uint8).tobytes()).decode()


def _asset(name: str) -> str:
    return files("viz").joinpath(name).read_text()


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Training replay</title>
<meta name="viewport" content="width=device-width"><style>{css}</style>
<form onsubmit="return false"><button id="play" type="button">Play</button>
<label for="step">step</label><input id="step" type="range" min="0" max="{last}" value="0">
<output id="said" for="step" aria-live="polite"></output></form>
<main>
<figure><div class="board"><canvas id="boundary" role="img" aria-label="the score over the plane"></canvas>
<svg id="points" viewBox="0 0 {size} {size}" aria-hidden="true"></svg></div>
<figcaption>score: blue below zero, orange above</figcaption></figure>
<figure><div class="board"><svg viewBox="0 0 {size} {size}" role="img" aria-label="loss at each step">
<text id="high" x="10" y="22"></text><text id="low" x="10" y="312"></text>
<polyline id="curve"/><circle id="dot" r="5"/></svg></div><figcaption>loss, logarithmic</figcaption></figure>
<figure><div class="board"><canvas id="parameters" role="img" aria-label="the parameters"></canvas></div>
<figcaption>parameters: blue negative, orange positive</figcaption></figure>
</main>
<script id="run" type="application/json">{data}</script><script>{js}</script></html>
"""
