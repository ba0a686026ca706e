"""Lessons as files: `NN_name.py` the source, `NN_name.ipynb` its executed twin, `student/NN_name.ipynb` to solve."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lessons.progress import in_order

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Lesson:
    """One lesson, known by its source."""

    source: Path

    @property
    def number(self) -> int:
        """Its place in the course."""
        return int(self.source.name[:2])

    @property
    def notebook(self) -> Path:
        """The executed twin, with outputs."""
        return self.source.with_suffix(".ipynb")

    @property
    def student(self) -> Path:
        """The student's edition: no outputs, no solutions."""
        return self.source.parent / "student" / self.notebook.name

    @cached_property
    def text(self) -> str:
        """The source as it stands."""
        return self.source.read_text(encoding="utf-8")

    @property
    def title(self) -> str:
        """What its first heading says, without the number."""
        heading = re.search(r"^# # \d+\. (.+)$", self.text, re.MULTILINE)
        return heading[1] if heading else self.source.stem

    @property
    def exercises(self) -> list[str]:
        """The names of its exercises, as it calls `check` on them."""
        return in_order(set(re.findall(r"""^check\(["'](\d+\.\d+)["']""", self.text, re.MULTILINE)))


def lessons() -> list[Lesson]:
    """All that exist, in order."""
    return [Lesson(source) for source in sorted(HERE.glob("[0-9][0-9]_*.py"))]


def lesson(number: int) -> Lesson:
    """The lesson of this number.  Raises LookupError where there is none."""
    found = {lesson.number: lesson for lesson in lessons()}
    if number not in found:
        raise LookupError(f"there is no lesson {number}; there are {', '.join(map(str, found))}")
    return found[number]
