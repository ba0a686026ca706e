"""What a notebook shows: pictures that stay to be seen where the notebook is not trusted."""

from __future__ import annotations

from base64 import b64encode
from html import escape

HEIGHT = 640  # of a page in a notebook, in pixels


def image(svg: str, alternative: str, look: str = "max-width:none") -> str:
    """A picture as an <img>, which unlike an <svg> is shown by a notebook that is not trusted."""
    data = b64encode(svg.encode()).decode()
    words = escape(alternative, quote=True)
    return f'<img style="{look}" alt="{words}" src="data:image/svg+xml;base64,{data}">'


def scrolled(svg: str, alternative: str) -> str:
    """A picture in its own size, which is scrolled where it is wider than the page."""
    return f'<div style="overflow-x:auto">{image(svg, alternative)}</div>'


def framed(page: str, svg: str, alternative: str, title: str) -> str:
    """A page in a frame that lies over a picture: where the frame is taken away, the picture is seen.

    Both stand in the one cell of a grid, which is as high as the picture once the frame is gone.
    """
    return (
        '<div style="display:grid">'
        f'<div style="grid-area:1/1;max-height:{HEIGHT}px;overflow:hidden">{image(svg, alternative, "max-width:100%")}'
        f'</div><iframe title="{escape(title)}" sandbox="allow-scripts" srcdoc="{escape(page)}" style="grid-area:1/1;'
        f'box-sizing:border-box;width:100%;height:{HEIGHT}px;border:1px solid #8886"></iframe></div>'
    )


def document(title: str, body: str) -> str:
    """A whole page, light or dark as its reader prefers, which asks for nothing from anywhere."""
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n<style>{STYLE}</style>\n{body}\n</html>\n'
    )


def region(label: str, inner: str) -> str:
    """What may be wider than the page, to be scrolled by mouse, by finger and by keyboard."""
    name = escape(label, quote=True)
    return f'<div class="wide" style="overflow-x:auto" tabindex="0" role="region" aria-label="{name}">{inner}</div>'


STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #57606a; --sheet: #ffffff; --line: #d0d7de; --link: #0550ae }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f6fc; --soft: #b1bac4; --sheet: #0d1117; --line: #3d444d; --link: #79c0ff } }
body { margin: 1rem; font: 15px/1.5 system-ui, sans-serif; background: var(--sheet); color: var(--ink) }
a { color: var(--link) }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
table { border-collapse: collapse; font: 14px/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
th, td { padding: .2rem 1rem .2rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
figcaption { font-weight: 600 }
th { color: var(--soft); font-weight: 600 }
pre { overflow-x: auto; line-height: 1.35 }
"""
