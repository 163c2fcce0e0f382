"""Renderings of a run: report.html, report.md, junit.xml, verdict.json, the terminal's lines and its live view."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from drillrunner.model.history import EarlierRun
from drillrunner.model.journal import Entry
from drillrunner.model.noun import Noun
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Verdict
from drillrunner.reporting.actions import ShownActions

__all__ = ["own_hashes", "render_all", "render_json", "write_reports"]

# of the run's own files, those that no longer change once it is judged
HASHED = ("plan.json", "journal.jsonl")


def render_json(noun: Noun) -> str:
    """verdict.json (schema versioned), or another noun as it is; ASCII, so that any reader takes it."""
    from drillrunner.reporting.outside_text import whole

    return json.dumps(whole(noun.model_dump(mode="json")), indent=2) + "\n"


def render_all(
    plan: Plan,
    entries: Sequence[Entry],
    readings: Callable[[], Iterator[Reading]],
    verdict: Verdict,
    files: Mapping[str, str] | None = None,
    earlier: Sequence[EarlierRun] = (),
    actions: ShownActions | None = None,
) -> dict[str, str]:
    """File names and their text. Pure but for reading `readings` twice.

    `files` are SHA-256 to show beside our own, `earlier` the last runs of the same drill, oldest first, which
    report.html shows beside this one; `actions` the corrective actions that it and report.md show.
    """
    from drillrunner.reporting.html import render_html
    from drillrunner.reporting.junit import render_junit
    from drillrunner.reporting.markdown import render_markdown
    from drillrunner.reporting.records import read_backs
    from drillrunner.reporting.series import gather
    from drillrunner.reporting.story import tell

    story = tell(entries)
    texts = {
        "verdict.json": render_json(verdict),
        "report.md": render_markdown(plan, story, verdict, actions),
        "junit.xml": render_junit(plan, story, verdict),
    }
    hashes = {**(files or {}), **{name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}}
    series = gather(plan, readings, verdict.began_at, story.last_at, read_backs(entries))
    page = render_html(plan, entries, story, series, verdict, hashes, earlier, actions)
    return {**texts, "report.html": page}


def own_hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 in hex of those files of a run's folder that no longer change, by name."""
    return {name: _sha256_of_file(folder / name) for name in HASHED if (folder / name).is_file()}


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
    earlier: Sequence[EarlierRun] = (),
    actions: ShownActions | None = None,
) -> dict[str, Path]:
    """Write verdict.json, report.md, junit.xml and report.html into a run's folder; gives their paths by name.

    Each is replaced whole or not at all. `readings` is called twice, each time for a fresh iterator; `earlier`
    and `actions` are as in `render_all`.
    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = render_all(plan, entries, readings, verdict, own_hashes(folder), earlier, actions)
    for name, text in texts.items():
        _write_whole(folder / name, text)
    return {name: folder / name for name in texts}
