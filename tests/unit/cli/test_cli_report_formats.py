"""`drill report` in each of its formats, to standard output and to a file."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli import cli
from drillrunner.errors import InvalidInput

SAMPLE = Path(__file__).resolve().parents[3] / "reports" / "sample"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "reports" / "20261121-083011-8f636e"
    shutil.copytree(SAMPLE, folder)
    for name in ("report.html", "report.md", "junit.xml", "verdict.json"):
        (folder / name).unlink()
    return folder


def report(run: Path, *words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["report", str(run), *map(str, words)], catch_exceptions=True)


def test_without_a_format_all_reports_are_written_into_the_run_s_folder(run: Path) -> None:
    written = report(run)
    assert written.exit_code == 0
    names = ["report.html", "report.md", "junit.xml", "verdict.json"]
    assert written.output.split() == [str(run / name) for name in names]
    assert (run / "verdict.json").read_bytes() == (SAMPLE / "verdict.json").read_bytes()


def test_a_format_is_given_alone_and_leaves_the_folder_as_it_is(run: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in run.iterdir()}
    told = json.loads(report(run, "--format", "json").output)
    assert told == json.loads((SAMPLE / "verdict.json").read_bytes())
    assert report(run, "--format", "md").output.startswith("## PASS · all objectives met · regional-outage\n")
    assert ET.fromstring(report(run, "--format", "junit").output).get("tests") == "7"
    assert report(run, "--format", "html").output.startswith("<!doctype html>")
    assert {path.name: path.stat().st_mtime_ns for path in run.iterdir()} == before


def test_csv_has_a_line_for_every_reading_and_moments_after_the_run_began(run: Path) -> None:
    text = report(run, "--format", "csv").stdout_bytes.decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    with sqlite3.connect(run / "readings.sqlite") as database:
        (count,) = database.execute("select count(*) from readings").fetchone()
    assert len(rows) == count
    assert text.count("\r\n") == count + 1
    assert 0 < float(rows[0]["asked_seconds"]) < 5
    assert {row["probe"] for row in rows} == {"checkout", "standby", "orders", "lag", "health"}


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.html", "<!doctype html>"),
        ("a.md", "## PASS"),
        ("a.json", "{"),
        ("a.XML", "<?xml"),
        ("a.csv", "probe,vantage"),
    ],
)
def test_the_end_of_a_file_s_name_tells_the_format(run: Path, tmp_path: Path, name: str, begins: str) -> None:
    assert report(run, "-o", tmp_path / name).output == f"{tmp_path / name}\n"
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_a_format_goes_before_the_end_of_the_name_and_an_unknown_end_is_refused(run: Path, tmp_path: Path) -> None:
    report(run, "-o", tmp_path / "a.txt", "--format", "md")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").startswith("## PASS")
    refused = report(run, "-o", tmp_path / "b.txt")
    assert refused.exit_code == 2
    assert '".txt" tells no format' in refused.output


def test_a_file_that_fails_half_way_is_not_left_behind(run: Path, tmp_path: Path) -> None:
    with sqlite3.connect(run / "readings.sqlite") as database:
        database.execute("update readings set seq = 'x' where rowid = (select max(rowid) from readings)")
    kept = tmp_path / "kept.csv"
    kept.write_text("as it was")
    failed = report(run, "-o", kept)
    assert isinstance(failed.exception, InvalidInput)
    assert kept.read_text() == "as it was"
    assert [path.name for path in tmp_path.iterdir() if "tmp" in path.name] == []


def test_what_is_no_regular_file_is_written_to_as_it_is(run: Path) -> None:
    assert report(run, "--format", "json", "-o", "/dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()
