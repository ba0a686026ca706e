"""The README's pictures are what the code draws today."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from lessons import pictures, thumbnails

DRAWN_BY_VIZ = {"two_graphs.svg", "lesson_02.svg"}  # matplotlib's files change a little with its version
KEPT = sorted(pictures.DOCS.glob("*.svg"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    pictures.main([str(folder)])
    return folder


def words(path: Path) -> list[str]:
    return ["".join(one.itertext()) for one in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.slow
def test_docs_hold_exactly_the_pictures_that_are_drawn(drawn: Path) -> None:
    assert [path.name for path in KEPT] == sorted(path.name for path in drawn.iterdir())


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_a_picture_says_what_the_code_draws(kept: Path, drawn: Path) -> None:
    again = drawn / kept.name
    assert words(kept) == words(again) != []
    if kept.name in DRAWN_BY_VIZ:
        assert kept.read_text(encoding="utf-8") == again.read_text(encoding="utf-8")


@pytest.mark.parametrize("kept", [path for path in KEPT if path.stem != "two_graphs"], ids=lambda path: path.stem)
def test_a_lessons_picture_is_light_and_as_large_as_the_others(kept: Path) -> None:
    box = ElementTree.parse(kept).getroot().attrib["viewBox"]
    _, _, width, height = map(float, box.split())
    assert width / height == pytest.approx(thumbnails.WIDTH / thumbnails.HEIGHT, rel=1e-3)
    assert kept.stat().st_size < 40_000
