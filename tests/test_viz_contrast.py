"""Every word of a picture or a page stands out from its ground: 4.5 to 1, light and dark. [WCAG 2.2, 1.4.3]"""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from viz import colours, notebook, plots

LEAST = 4.5
PALETTES = {"light": colours.LIGHT, "dark": colours.DARK}
BOXES = ("parameter", "input", "constant", "intermediate", "cut", "folded")
INSIDE = ("label", "name", "data", "grad")  # words in a box


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, from 1 to 21.

    >>> contrast("#ffffff", "#000000")
    21.0
    """
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize("box", BOXES)
def test_words_stand_out_from_their_boxes(scheme: str, box: str) -> None:
    palette = PALETTES[scheme]
    for word in INSIDE:
        assert contrast(palette.words[word], palette.outlines[box][0]) >= LEAST, word


@pytest.mark.parametrize("scheme", PALETTES)
def test_symbols_legends_and_captions_stand_out(scheme: str) -> None:
    palette = PALETTES[scheme]
    for word, ground in (("symbol", "op"), ("legend", "sheet"), ("caption", "sheet")):
        assert contrast(palette.words[word], palette.outlines[ground][0]) >= LEAST, word


@pytest.mark.parametrize("scheme", PALETTES)
def test_outlines_and_edges_stand_out_as_graphics_must(scheme: str) -> None:
    """3 to 1, for what tells a kind of node or shows where an edge goes. [WCAG 2.2, 1.4.11]"""
    palette = PALETTES[scheme]
    for look in (*BOXES, "edge", "cutedge"):
        assert contrast(palette.outlines[look][1], palette.outlines["sheet"][0]) >= 3, look


def _variables(css: str) -> dict[str, dict[str, str]]:
    """The colours that a style sheet names, light and dark."""
    light, dark = css.split("prefers-color-scheme: dark", 1)
    found = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", part)) for part in (light, dark)]
    return {"light": found[0], "dark": {**found[0], **found[1]}}


SHEETS = {name: files("viz").joinpath(name).read_text() for name in ("stepper.css", "replay.css")}
SHEETS["other pages"] = notebook.STYLE


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize("name", SHEETS)
def test_words_of_a_page_stand_out_from_its_grounds(name: str, scheme: str) -> None:
    colors = _variables(SHEETS[name])[scheme]
    words = [color for color in ("ink", "soft", "link", "done", "bad", "grad") if color in colors]
    grounds = [ground for ground in ("sheet", "paper", "band") if ground in colors]
    assert words
    assert grounds
    for word in words:
        for ground in grounds:
            assert contrast(colors[word], colors[ground]) >= LEAST, (word, ground)


@pytest.mark.parametrize("scheme", PALETTES)
def test_words_stand_out_from_the_node_that_is_stepped_on(scheme: str) -> None:
    colors, palette = _variables(SHEETS["stepper.css"])[scheme], PALETTES[scheme]
    for ground in ("glow", "badsheet"):
        for word in INSIDE:
            assert contrast(palette.words[word], colors[ground]) >= LEAST, (word, ground)
    for ground in ("now", "bad"):
        assert contrast(palette.words["symbol"], colors[ground]) >= LEAST, ground


@pytest.mark.parametrize("color", [plots.BLUE, plots.ORANGE, plots.GREY, plots.RED])
def test_what_plots_write_stands_out_from_white(color: str) -> None:
    assert contrast(color, "#ffffff") >= LEAST
