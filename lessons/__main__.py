"""The course from the command line: `python -m lessons` lists it, `open 3` opens lesson 3, `forget` starts afresh."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from lessons import progress
from lessons.arguments import folder
from lessons.course import Lesson, lesson, lessons
from ops.files import write

_AS_ROOT = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # as in a container


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def listing() -> str:
    """A line for each lesson: number, title, and its exercises with those passed on this machine."""
    course, done = lessons(), set(progress.passed())
    width = max((len(one.title) for one in course), default=0)
    return "\n".join(f"{one.number:>2}. {one.title.ljust(width)}  {_standing(one, done)}".rstrip() for one in course)


def _standing(one: Lesson, done: set[str]) -> str:
    passed = [name for name in one.exercises if name in done]
    count = f"{len(one.exercises)} exercise{'s' * (len(one.exercises) != 1)}"
    return f"{count}, passed: {', '.join(passed)}" if passed else count if one.exercises else ""


def copied(one: Lesson, folder: Path) -> Path:
    """The learner's own copy of a lesson, in this folder; one that is there already stays as it is."""
    copy = folder / one.student.name
    if not copy.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write(copy, one.student.read_bytes(), "open")
        print(f"copied to {copy}")
    return copy


def open_lesson(number: int, folder: Path) -> int:
    """Open the learner's copy in JupyterLab; returns the exit status."""
    copy = copied(lesson(number), folder)
    if not find_spec("jupyterlab"):
        print(f'JupyterLab is not installed: pip install -e ".[lessons]" brings it, then open {copy}.', file=sys.stderr)
        return 1
    try:
        return subprocess.call([sys.executable, "-m", "jupyterlab", *_AS_ROOT, str(copy)])
    except KeyboardInterrupt:  # the usual way to stop JupyterLab
        return 0


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = _Parser(prog="python -m lessons", description=(__doc__ or "").strip())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    opening = commands.add_parser("open", help="copy a lesson into your folder and open it in JupyterLab")
    opening.add_argument("number", type=int, help="the lesson's number")
    opening.add_argument("--folder", type=folder, default="my-lessons", help="your folder (my-lessons)")
    commands.add_parser("forget", help="forget which exercises have been passed")
    return parser.parse_args(argv)


def _in_words(error: LookupError | OSError) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"cannot use {str(error.filename)!r} ({error.strerror}); name another folder"
    return str(error.args[0] if error.args else error)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = arguments(argv)
    try:
        if options.command == "open":
            return open_lesson(options.number, options.folder)
        if options.command == "forget":
            print("all passes forgotten" if progress.forget() else "nothing to forget: no exercise has been passed yet")
        else:
            print(listing() or "there are no lessons here")
    except (LookupError, OSError) as error:
        print(f"python -m lessons: {_in_words(error)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
