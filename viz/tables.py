"""Tables as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns lined up on the left, two spaces apart."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in (head, *rows))
    return "\n".join(lines)


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with its heads marked as such, every cell escaped."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
