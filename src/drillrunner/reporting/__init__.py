"""Renderings of a run: report.html, report.md, junit.xml, verdict.json, the terminal's lines and its live view."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Verdict

__all__ = ["render_all", "render_json", "write_reports"]

# of the run's own files, those that no longer change once it is judged
HASHED = ("plan.json", "journal.jsonl")


def render_json(verdict: Verdict) -> str:
    """verdict.json: the Verdict as it is, schema versioned; ASCII, so that any reader takes it."""
    return json.dumps(verdict.model_dump(mode="json"), indent=2) + "\n"


def render_all(
    plan: Plan,
    entries: Sequence[Entry],
    readings: Callable[[], Iterator[Reading]],
    verdict: Verdict,
    files: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """File names and their text. Pure but for reading `readings` twice; `files` are SHA-256 to show beside our own."""
    from drillrunner.reporting.html import render_html
    from drillrunner.reporting.junit import render_junit
    from drillrunner.reporting.markdown import render_markdown
    from drillrunner.reporting.series import gather
    from drillrunner.reporting.story import tell

    story = tell(entries)
    texts = {
        "verdict.json": render_json(verdict),
        "report.md": render_markdown(plan, story, verdict),
        "junit.xml": render_junit(plan, story, verdict),
    }
    hashes = {**(files or {}), **{name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}}
    series = gather(plan, readings, verdict.began_at, story.last_at)
    return {**texts, "report.html": render_html(plan, entries, story, series, verdict, hashes)}


def _sha256_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_whole(path: Path, text: str) -> None:
    """All of it or nothing: written beside, then renamed over."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_reports(
    folder: Path,
    plan: Plan,
    entries: Sequence[Entry],
    readings: Callable[[], Iterator[Reading]],
    verdict: Verdict,
) -> dict[str, Path]:
    """Write verdict.json, report.md, junit.xml and report.html into a run's folder; gives their paths by name.

    Each is replaced whole or not at all. `readings` is called twice, each time for a fresh iterator.
    Raises OSError where the folder cannot be written.
    """
    own = {name: _sha256_of_file(folder / name) for name in HASHED if (folder / name).is_file()}
    folder.mkdir(parents=True, exist_ok=True)
    texts = render_all(plan, entries, readings, verdict, own)
    for name, text in texts.items():
        _write_whole(folder / name, text)
    return {name: folder / name for name in texts}
