"""`python -m tests.benchmarks [NAME...] [--turns N] [--out DIR]`: time the workloads, and print and keep the tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from lessons.arguments import folder, whole
from tests.benchmarks import growth, imports, report, steps
from tests.benchmarks.processes import Refusal
from tests.benchmarks.table import Outcome
from tests.benchmarks.workloads import WORKLOADS

BENCHMARKS: dict[str, Callable[[int], Outcome]] = {name: partial(steps.run, w) for name, w in WORKLOADS.items()}
BENCHMARKS |= {"S2": growth.run, "C1": imports.run}


def name(text: str) -> str:
    if text not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"got {text!r}; the benchmarks are {', '.join(BENCHMARKS)}")
    return text


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Time duograd beside others that compute the same."
    )
    parser.add_argument("names", metavar="NAME", type=name, nargs="*", help=f"{', '.join(BENCHMARKS)} (all)")
    parser.add_argument("--turns", type=whole(1), default=15, help="how often each candidate is timed (15)")
    parser.add_argument("--out", type=folder, help="folder for benchmarks.json, benchmarks.md and growth.svg")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    options, outcomes = arguments(argv), []
    for each in options.names or BENCHMARKS:
        try:
            outcomes.append(BENCHMARKS[each](options.turns))
        except Refusal as why:
            sys.exit(f"python -m tests.benchmarks: {why}")
        print(outcomes[-1].text(), flush=True, end="\n\n")
    if options.out:
        report.write(outcomes, options.turns, options.out)


if __name__ == "__main__":
    main()
