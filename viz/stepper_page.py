"""The stepper's page: pictures, steps as data, style and script in one file that asks for nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any

from viz.svg import style

_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_USUAL = "every user of it is done: "  # what most steps say of why they are next
SPEEDS = {"slow": 3000, "normal": 1500, "fast": 500}


def page(title: str, scenes: Sequence[dict[str, Any]], figures: Sequence[str], view: Sequence[int]) -> str:
    """The whole page.  view: the scenes that are shown first; the others are opened from them."""
    shown = "\n".join(_figure(i, scenes[i]["title"], svg, i in view, len(view)) for i, svg in enumerate(figures))
    rules = style("")
    data = {"usual": _USUAL, "scenes": [packed(scene) for scene in scenes], "view": view}
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n{_POLICY}\n'
        f"<style>{rules}\n{_own('stepper.css')}</style>\n<body>\n<header><h1>{escape(title)}</h1>\n{_controls()}"
        f'</header>\n<main id="stage">\n{shown}\n</main>\n{_LEGEND}'
        '<section id="telling" role="region" aria-live="polite" aria-label="This step"></section>\n'
        "<details><summary>All steps as text, and the keys</summary>\n"
        "<p>Arrow keys: back and forward. Space: play. Home and End. Enter opens an array node, Escape closes it.</p>\n"
        '<pre id="text"></pre></details>\n'
        f'<script type="application/json" id="trail">{in_script(data)}</script>\n'
        f"<script>{_own('stepper.js')}</script>\n</body>\n</html>\n"
    )


def in_script(data: Any) -> str:
    """JSON that no text in it can break out of a script element with.

    >>> in_script(["</script>"])
    '["\\\\u003c/script\\\\u003e"]'
    """
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_UNSAFE)


def packed(scene: dict[str, Any]) -> dict[str, Any]:
    """A scene without what the script can put back: what a node says begins with its name, and so on."""
    return scene | {
        "nodes": [node | {"says": node["says"].removeprefix(node["name"])} for node in scene["nodes"]],
        "steps": [_packed_step(step) for step in scene["steps"]],
    }


def _packed_step(step: dict[str, Any]) -> dict[str, Any]:
    why = step["why"]
    return step | {
        "why": f"~{why.removeprefix(_USUAL)}" if why.startswith(_USUAL) else why,
        "lines": [_without_last(line, "") for line in step["lines"]],
        "set": [[i, words] if _reads(words, number) else [i, words, number] for i, words, number in step["set"]],
    }


def _without_last(line: Sequence[Any], empty: Any) -> list[Any]:
    """The line up to its last part that is not empty."""
    return [part for k, part in enumerate(line) if any(later != empty for later in line[k:])]


def _reads(words: str, number: Any) -> bool:
    """Whether the words are all of the number."""
    return isinstance(number, float) and float(words) == number


def _figure(i: int, title: str, svg: str, shown: bool, beside: int) -> str:
    caption = f"<figcaption>{escape(title)}</figcaption>" if title else ""
    hidden, look = "" if shown else " hidden", "lone" if beside == 1 or not shown else "pair"
    return (
        f'<figure class="{look}" data-scene="{i}"{hidden}>{caption}<div class="wide" tabindex="0" role="region" '
        f'aria-label="Graph {escape(title)}">\n{svg}</div></figure>'
    )


def _controls() -> str:
    names = {"first": ("|◀", "To the start"), "back": ("◀", "Back one step"), "play": ("▶ Play", ""),
             "forward": ("▶", "Forward one step"), "last": ("▶|", "To the end")}  # fmt: skip
    buttons = "\n".join(
        f'<button id="{id}"{f""" aria-label="{words}" title="{words}" """.rstrip() if words else ""}'
        f'{""" class="main" """.rstrip() if id == "play" else ""}>{sign}</button>'
        for id, (sign, words) in names.items()
    )
    speeds = "".join(
        f'<option value="{ms}"{" selected" * (name == "normal")}>{name}</option>' for name, ms in SPEEDS.items()
    )
    return (
        f'{buttons}\n<span id="count"></span>\n<label>speed <select id="speed">{speeds}</select></label>\n'
        '<select id="node" aria-label="Go to a node"></select>\n'
        '<button id="open" hidden></button>\n<button id="close" hidden>Close (Esc)</button>\n'
    )


def _own(name: str) -> str:
    return files("viz").joinpath(name).read_text(encoding="utf-8")


_LEGEND = (
    '<p class="legend"><span><i></i>passes its gradient on</span><span><i class="l-takes"></i>takes its share</span>'
    '<span><i class="l-done"></i>gradient complete</span>\n'
    '<span class="early"><i class="l-bad"></i>too early, or counted twice</span></p>\n'
)
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:\">"
)
