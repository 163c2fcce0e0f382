"""Tables for a terminal: columns as wide as what is in them, the first row their names."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

from drillrunner.reporting.outside_text import visible

GAP = "  "


def width_of(words: str) -> int:
    """How many columns of a terminal a text takes (Unicode TR 11: wide and full-width take two, marks none)."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in words
    )


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """One line for each row; the columns numbered in `right` are set flush right. Outside text is made visible."""
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
    return [GAP.join(_padded(cell, widths[at], at in right) for at, cell in enumerate(row)).rstrip() for row in cells]


def _padded(cell: str, width: int, right: bool) -> str:
    space = " " * (width - width_of(cell))
    return space + cell if right else cell + space
