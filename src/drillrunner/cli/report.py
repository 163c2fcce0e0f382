"""`drill report`: write a run's reports again, or give one of them in a chosen format."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import reports_option, run_argument

if TYPE_CHECKING:
    from drillrunner.files.run_folder import RunFolder
    from drillrunner.model.journal import Entry
    from drillrunner.model.plan import Plan
    from drillrunner.model.reading import Reading
    from drillrunner.model.verdict import Verdict

FORMATS = ("html", "md", "json", "junit", "csv")
SUFFIXES = {".html": "html", ".htm": "html", ".md": "md", ".json": "json", ".xml": "junit", ".csv": "csv"}


@click.command()
@run_argument
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="Give this one alone, and write nothing into the run's folder; csv is every reading.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there instead of to standard output; without --format, its end tells which.",
)
@reports_option
def report(run: str, format_: str | None, output: Path | None, reports: Path) -> None:
    """Write RUN's report.html, report.md, junit.xml and verdict.json again, and say where they are.

    With --format or -o one of them is made, for a pipe or another place.
    """
    from drillrunner.files.run_folder import find_run

    folder = find_run(reports, run)
    if format_ is None and output is None:
        _write_all(folder)
        return
    pieces = _pieces(folder, format_ or _format_of(output))
    if output is None:
        _to_standard_output(pieces)
    else:
        _to_file(pieces, output)


def _write_all(folder: RunFolder) -> None:
    from drillrunner.cli.aftermath import judge_folder

    judge_folder(folder, write=True)
    for name in ("report.html", "report.md", "junit.xml", "verdict.json"):
        click.echo(folder.path / name)


def _format_of(output: Path | None) -> str:
    suffix = output.suffix.lower() if output else ""
    if suffix not in SUFFIXES:
        raise click.UsageError(f'"{suffix or output}" tells no format; say it with --format {"|".join(FORMATS)}')
    return SUFFIXES[suffix]


def _pieces(folder: RunFolder, format_: str) -> Iterable[str]:
    """The report's text; that of csv comes piece by piece, however many readings there are."""
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.readings_file import read_readings

    if format_ == "csv":
        from drillrunner.reporting.readings_csv import readings_csv

        entries = read_journal(folder.journal)
        return readings_csv(read_readings(folder.readings), entries[0].at if entries else 0.0)
    return [_rendered(folder, format_)]


def _rendered(folder: RunFolder, format_: str) -> str:
    from drillrunner.cli.retests import shown_for
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.readings_file import read_readings
    from drillrunner.files.run_folder import read_plan
    from drillrunner.judge import judge
    from drillrunner.reporting import render_json
    from drillrunner.reporting.junit import render_junit
    from drillrunner.reporting.markdown import render_markdown
    from drillrunner.reporting.story import tell

    plan, entries = read_plan(folder), read_journal(folder.journal)
    verdict = judge(plan, entries, read_readings(folder.readings))
    if format_ == "html":
        return _html(folder, plan, entries, verdict)
    if format_ == "json":
        return render_json(verdict)
    story = tell(entries)
    if format_ == "junit":
        return render_junit(plan, story, verdict)
    return render_markdown(plan, story, verdict, shown_for(folder, verdict))


def _html(folder: RunFolder, plan: Plan, entries: Sequence[Entry], verdict: Verdict) -> str:
    from drillrunner.cli.past_runs import earlier_of
    from drillrunner.cli.retests import shown_for
    from drillrunner.files.readings_file import read_readings
    from drillrunner.reporting import own_hashes, render_all

    def readings() -> Iterator[Reading]:
        return read_readings(folder.readings)

    earlier, actions = earlier_of(folder, verdict), shown_for(folder, verdict)
    texts = render_all(plan, entries, readings, verdict, own_hashes(folder.path), earlier, actions)
    return texts["report.html"]


def _to_standard_output(pieces: Iterable[str]) -> None:
    out = sys.stdout.buffer
    for piece in pieces:
        out.write(piece.encode("utf-8", "backslashreplace"))
    out.flush()


def _to_file(pieces: Iterable[str], output: Path) -> None:
    from drillrunner.cli.written import written_whole

    with written_whole(output) as file:
        for piece in pieces:
            file.write(piece.encode("utf-8", "backslashreplace"))
    click.echo(output)
