"""A fuzz: every public function on arguments of every wrong kind, each answer judged.

    python -m tests.fuzz             # all calls; the count of bad answers, by cause, each with its smallest call
    python -m tests.fuzz 12345       # one call by its number, with its traceback

`fuzz_judge` says which answers are good.  Besides, no call may run without end, want all the memory or leave anything
changed behind it.  A call is known by its number, which seeds its arguments.  Calls run in processes of their own,
with a limit of memory and of time, in a temporary folder.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import signal
import subprocess
import sys
import traceback
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

import nn
import ops
import tensor
import viz
from ops import modes
from tests.fuzz_arguments import KINDS, wrong
from tests.fuzz_judge import HOUSE, Answer, Case, answer, line_of_ours, value_of
from tests.fuzz_targets import Target, targets

CALLS, SEED = 30_000, 10
SECONDS, BYTES = 5.0, 2 << 30  # of a call
MEANT = {"set_default_dtype": "the default dtype", "forget": "the registry"}  # who changes what on purpose


class Bad(NamedTuple):
    """A bad answer, and the call that got it."""

    number: int
    source: str
    fault: str
    place: str
    said: str


class TooLong(BaseException):
    """A call has used up its time; no `except Exception` may catch it."""


# making calls


@cache
def _turns() -> list[Target]:
    """Whose turn it is, call by call: what is slow to run has one where anything else has four."""
    found = targets()
    return [each for turn in range(4) for each in found if turn == 0 or not each.is_slow]


def case(number: int) -> Case:
    """The call of this number."""
    rng = Random(f"{SEED} {number}")
    target = _turns()[number % len(_turns())]
    source = target.template
    if target.engine:
        source = source.replace("NODE", rng.choice(KINDS[f"{target.engine}s"]))
    return Case(number, target, source.replace("ARGS", _arguments(target, rng)))


def _arguments(target: Target, rng: Random) -> str:
    """Right arguments with one or two wrong ones among them; at times too few, too many, or all of them wrong."""
    given = list(target.required)
    if not given and not target.options:
        return wrong(rng) if rng.random() < 0.5 else ""
    if not target.options and len(given) == 1:
        return wrong(rng)
    named = {"rng": "np.random.default_rng(0)"} if "rng" in target.options else {}
    draw = rng.random()
    if draw < 0.15:
        given = [wrong(rng) for _ in range(rng.choice([len(given), len(given) + 1, max(0, len(given) - 1)]))]
    else:
        for place in rng.sample([*range(len(given)), *target.options], 1 if draw < 0.75 or len(given) < 2 else 2):
            if isinstance(place, int):
                given[place] = wrong(rng)
            else:
                named[place] = wrong(rng)
    return ", ".join([*given, *(f"{name}={value}" for name, value in named.items())])


# running calls, in a process of their own


def work(start: int, stop: int) -> None:
    """Run the calls from start up to stop: a line of JSON for each that begins, and for each bad answer."""
    import resource

    _warm_up()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_memory() + BYTES, most))
    for number in range(start, stop):
        print(number, flush=True)
        call = case(number)
        if (judged := watched(call)).fault:
            print(json.dumps([number, call.source, *judged]), flush=True)


def _warm_up() -> None:
    """Import what is imported late, so that no call is charged for it, and write the file that nn.load reads."""
    viz.compare(nn.Linear(2, 1, rng=0), np.ones((2, 2)), np.ones((2, 1)), nn.mse_loss).plot()
    nn.data.digits()
    nn.save(nn.Linear(3, 2, rng=0), "model.npz")
    nn.save_checkpoint("run.npz", epoch=3)


def _memory() -> int:
    """What this process has of the address space, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _stop(*_: Any) -> None:
    raise TooLong


def watched(call: Case) -> Answer:
    """The answer, or that it took too long, or that something stayed changed."""
    before = state()
    signal.signal(signal.SIGPROF, _stop)
    faulthandler.dump_traceback_later(20 * SECONDS, exit=True)  # in C code no signal is heard
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        judged = answer(call)
    except TooLong as error:
        judged = Answer("a call that does not return", line_of_ours(error))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()
    meant = [name for caller, name in MEANT.items() if caller in call.target.names]
    changed = [name for name, now in state().items() if now != before[name] and name not in meant]
    put_back(before)
    return Answer("something stays changed", ", ".join(changed)) if changed and not judged.fault else judged


def state() -> dict[str, Any]:
    """What a call must leave as it was; the ops of our own may stay in the registry."""
    return {
        "the registry": {name: op for name, op in ops.REGISTRY.items() if not name.startswith("own")},
        "the modes": dict(modes.MODES) if isinstance(modes.MODES, dict) else modes.recording(),
        "NumPy's handling of errors": np.geterr(),
        "Python's generator": random.getstate(),
        "NumPy's generator": np.random.get_state(legacy=False)["state"]["pos"],  # noqa: NPY002 - the state that nobody may touch
        "the default dtype": getattr(tensor, "get_default_dtype", float)(),
    }


def put_back(before: Mapping[str, Any]) -> None:
    """The state again, so that each call begins as the first did; figures are closed too."""
    ops.REGISTRY.clear()
    ops.REGISTRY.update(before["the registry"])
    np.seterr(**before["NumPy's handling of errors"])
    random.setstate(before["Python's generator"])
    getattr(tensor, "set_default_dtype", float)(before["the default dtype"])
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def run(calls: range = range(CALLS)) -> list[Bad]:
    """The bad answers among these calls."""
    bad: list[Bad] = []
    start = calls.start
    with TemporaryDirectory() as folder:
        while start < calls.stop:
            start = _run_in_process(start, calls.stop, folder, bad)
    return bad


def _run_in_process(start: int, stop: int, folder: str, bad: list[Bad]) -> int:
    """Run calls until all are done or the process is; returns the first that has not begun."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE), "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    command = [sys.executable, "-m", "tests.fuzz", "--work", str(start), str(stop)]
    last, errors = start - 1, Path(folder, "errors")
    with (
        errors.open("w") as file,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=file, text=True, cwd=folder, env=environment
        ) as process,
    ):
        for line in process.stdout or ():
            if line.startswith("["):
                bad.append(Bad(*json.loads(line)))
            elif line.strip().isdigit():
                last = int(line)
    if process.returncode == 0:
        return stop
    said = errors.read_text()
    if last < start:
        raise RuntimeError(f"the fuzz does not start: {said}")
    bad.append(
        Bad(last, case(last).source, "the end of the process", f"exit status {process.returncode}", said[-1000:])
    )
    return last + 1


# telling


def report(bad: Iterable[Bad]) -> str:
    """Bad answers by cause, the commonest first, each with its shortest call."""
    causes: dict[tuple[str, str], list[Bad]] = defaultdict(list)
    for each in bad:
        causes[each.fault, each.place].append(each)
    faults: dict[str, int] = defaultdict(int)
    for (fault, _), each in causes.items():
        faults[fault] += len(each)
    lines = [f"{n:6} {fault}" for fault, n in sorted(faults.items(), key=lambda pair: -pair[1])]
    for (fault, place), those in sorted(causes.items(), key=lambda pair: -len(pair[1])):
        least = min(those, key=lambda each: len(each.source))
        lines += [
            f"{len(those):6} {fault}, {place}",
            f"       {least.number}: {least.source}",
            f"       {least.said[:200]!r}",
        ]
    return "\n".join(lines)


def show(number: int) -> None:
    """One call, its answer and its traceback."""
    call = case(number)
    print(call.source, answer(call), sep="\n")
    try:
        print(value_of(call))
    except Exception:
        traceback.print_exc()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(int(sys.argv[2]), int(sys.argv[3]))
    elif len(sys.argv) == 2:
        show(int(sys.argv[1]))
    else:
        bad_answers = run()
        print(report(bad_answers), f"{len(bad_answers)} bad answers in {CALLS} calls", sep="\n")
