"""The files that a run leaves: every figure as JSON, the tables as markdown, the growth of graphs as a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks import growth
from tests.benchmarks.machine import machine
from tests.benchmarks.table import Outcome

INTRODUCTION = """# Benchmarks

`python -m tests.benchmarks --out docs/speed` measures all of this anew, on the machine where it runs; `pip install -e
".[bench,torch]"` brings the packages that are compared. A step is forward, backward and an update by SGD. Every
candidate computes it in a process of its own, on one thread, from the same numbers; before anything is timed, the
losses and the updated parameters of the first steps are compared, and a candidate that computes something else is
refused. Turns go from candidate to candidate in an order shuffled anew each time, {turns} for each; times are those of
one step. A goal is the most that duograd's median may be as a part of another's."""


def write(outcomes: Sequence[Outcome], turns: int, folder: Path) -> None:
    found, by_name = machine(), {each.name: each for each in outcomes}
    said = {each.name: {"says": each.says, **each.figures} for each in outcomes}
    whole = {"machine": found, "turns": turns, "benchmarks": said}
    (folder / "benchmarks.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    (folder / "benchmarks.md").write_text(markdown(outcomes, turns, found), encoding="utf-8")
    if "S2" in by_name:
        growth.picture(by_name["S2"].figures, folder / "growth.svg")


def markdown(outcomes: Sequence[Outcome], turns: int, found: Mapping[str, str]) -> str:
    where = "\n".join(f"| {name} | {value} |" for name, value in found.items())
    parts = [INTRODUCTION.format(turns=turns), f"| machine | |\n|---|---|\n{where}"]
    for each in outcomes:
        parts.append(each.markdown())
        if each.name == "S2":
            parts.append("![Nanoseconds and bytes a node against the number of nodes](growth.svg)")
    return "\n\n".join(parts) + "\n"
