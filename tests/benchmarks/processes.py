"""Processes that time one thing each: started with one thread and asked, line by line, one at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

HOUSE = Path(__file__).resolve().parents[2]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Refusal(Exception):
    """Why a benchmark gives no figures, in a sentence."""


def environment() -> dict[str, str]:
    """Ours, with one thread, and with bytecode kept as Python keeps it by default."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return ours | dict.fromkeys(THREADS, "1")


class Process:
    """A module of this package that runs by itself and answers commands; it ends with the `with` block.

    name: of whoever it times, as an error shall say it.
    """

    def __init__(self, name: str, module: str, *arguments: str):
        self.name, self.errors = name, tempfile.TemporaryFile("w+")  # noqa: SIM115  closed by __exit__
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
        self.popen = subprocess.Popen(
            command,
            cwd=HOUSE,
            env=environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )

    def __enter__(self) -> Self:
        try:
            self._answer()  # that it is ready: processes start one after the other
        except BaseException as error:
            self.__exit__(type(error))
            raise
        return self

    def ask(self, *words: object) -> Any:
        assert self.popen.stdin is not None
        try:
            self.popen.stdin.write(" ".join(map(str, words)) + "\n")
            self.popen.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; what it said last is in the answer below
        return self._answer()

    def _answer(self) -> Any:
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        if not line:
            raise Refusal(f"{self.name} ended before it had answered: {self._last_words()}")
        return json.loads(line)

    def _last_words(self) -> str:
        self.popen.wait()
        self.errors.seek(0)
        return self.errors.read().strip().rpartition("\n")[2] or f"status {self.popen.returncode}"

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            self.popen.kill()
        self.popen.communicate()
        self.errors.close()
