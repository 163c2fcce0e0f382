"""The rows as a table for a terminal, and as the page `RESULTS.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from figures import Line, Row

HEAD = ("", "drillrunner", "beside it", "ratio or difference", "aim", "met")
OURS = ("drillrunner", "boto3", "botocore", "aiohttp")
VERDICTS = {True: "yes", False: "**no**", None: ""}


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, on what, and how long it took."""

    rows: Sequence[Row]
    peer_versions: Mapping[str, str]
    date: str
    load_before: float
    minutes: float
    quick: bool


def machine() -> str:
    """The machine in general words: nothing that names it."""
    cores = len(os.sched_getaffinity(0))
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} cores, {memory_gb:.0f} GB of memory, {platform.system()}, {platform.machine()}"


def as_text(row: Row) -> str:
    """One row for a terminal."""
    cells = [_cells(line) for line in row.lines]
    widths = [max(len(cell[column]) for cell in cells) for column in range(len(HEAD))]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True) if width).rstrip()
        for line in cells
    ]
    return "\n".join([row.title, *lines, *(f"  ({note})" for note in row.notes)]).replace("**", "")


def as_page(measured: Measured) -> str:
    """All rows as Markdown."""
    parts = [_preface(measured), *(_section(row) for row in measured.rows)]
    return "\n\n".join(parts) + "\n"


def _preface(measured: Measured) -> str:
    ours = ", ".join(f"{name} {version(name)}" for name in OURS)
    theirs = ", ".join(f"{name} {number}" for name, number in measured.peer_versions.items())
    judged = [line.met for row in measured.rows for line in row.lines if line.met is not None]
    quick = " This was a quick run, with fewer and shorter rounds: its figures are rough." if measured.quick else ""
    return "\n".join(
        [
            "# Benchmarks, side by side",
            "",
            f"`make bench` writes this page: {measured.date}, in {measured.minutes:.0f} minutes.{quick}",
            "",
            f"* Machine: {machine()}; load average before it began {measured.load_before:.1f}",
            f"* Ours: Python {platform.python_version()}, {ours}",
            f"* Beside it: {theirs}, in a virtual environment of its own with the same Python",
            f"* Aims met: {sum(judged)} of {len(judged)}",
            "",
            "Contenders are measured in turn in one run (A B A B …). A figure is the median of its rounds, with the",
            "smallest and the largest in brackets; a ratio is ours to what stands beside it, round by round. Aims were",
            "set before anything was measured, and are judged by the median.",
        ]
    )


def _section(row: Row) -> str:
    head = [_markdown(HEAD), _markdown(("---",) * len(HEAD))]
    return "\n".join([f"## {row.title}", "", *head, *(_markdown(_cells(line)) for line in row.lines), *_notes(row)])


def _notes(row: Row) -> list[str]:
    return [text for note in row.notes for text in ("", note)]


def _cells(line: Line) -> tuple[str, ...]:
    return (line.what, line.ours, line.peer, line.ratio, line.aim, VERDICTS[line.met])


def _markdown(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
