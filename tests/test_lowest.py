"""The suite can be run with the lowest versions that pyproject.toml allows: `.ci/lowest` says which these are."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "lowest"
pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the package is installed without its .ci folder")


def test_a_constraint_is_the_lowest_version_that_its_requirement_allows() -> None:
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    pinned = dict(line.split("==") for line in done.stdout.splitlines())
    requirements = [Requirement(each) for each in runpy.run_path(str(SCRIPT))["requirements"]()]
    assert {each.name for each in requirements} == pinned.keys() >= {"numpy", "scipy", "torch", "pytest"}
    for each in requirements:
        (bound,) = each.specifier
        assert (bound.operator in (">=", "=="), bound.version) == (True, pinned[each.name])


@pytest.mark.parametrize("requirement", ["numpy", "numpy<3", "numpy>2.1", "numpy>=2.1,<3"])
def test_a_requirement_without_a_lowest_version_is_refused(requirement: str) -> None:
    with pytest.raises(SystemExit, match="names no lowest version; write name>=version"):
        runpy.run_path(str(SCRIPT))["lowest"](requirement)
