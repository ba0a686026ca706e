"""The gallery: every kind of picture can be made from real graphs, and its page shows them all."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lessons import gallery


@pytest.mark.slow
def test_the_gallerys_page_shows_every_picture_and_links_every_page(tmp_path: Path) -> None:
    index = gallery.write(tmp_path / "pictures").read_text()
    named = re.findall(r'(?:src|href)="([^"]+)"', index)
    written = {path.name for path in (tmp_path / "pictures").iterdir()} - {"index.html"}
    assert set(named) == written
    assert len(written) >= 31  # 32 where dot lays one of them out
    for path in (tmp_path / "pictures").glob("*.html"):
        assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    for path in (tmp_path / "pictures").glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_the_gallery_wants_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert gallery.main([]) == 2
    assert "OUT" in capsys.readouterr().out
