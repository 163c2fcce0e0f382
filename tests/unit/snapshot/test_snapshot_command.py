from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from drillrunner.cli.snapshot import SHOWN_NOTES, path_for_the_lab, refuse_to_overwrite, snapshot, summary_lines
from drillrunner.errors import InvalidInput
from drillrunner.lab.topology import load_topology
from drillrunner.snapshot.notes import inferred, left_out
from drillrunner.snapshot.take import Snapshot


def test_a_file_that_is_there_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    there = tmp_path / "topology.yaml"
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidInput, match="it is there already") as refused:
        CliRunner().invoke(snapshot, ["--environment", "lab", "-o", str(there)], catch_exceptions=False)
    assert refused.value.advice == "give another -o, or --force to replace it"
    assert there.read_text(encoding="utf-8") == "mine"
    refuse_to_overwrite(there, force=True)


def test_a_folder_that_is_not_there_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such folder"):
        refuse_to_overwrite(tmp_path / "none" / "topology.yaml", force=False)


def test_the_permissions_are_printed_and_nothing_is_read() -> None:
    result = CliRunner().invoke(snapshot, ["--environment", "lab", "--permissions"], catch_exceptions=False)
    assert result.exit_code == 0
    policy = json.loads(result.output)
    assert "route53:ListHostedZones" in policy["Statement"][0]["Action"]


def test_an_environment_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match='there is no environment "lob"') as refused:
        CliRunner().invoke(snapshot, ["--environment", "lob"], catch_exceptions=False)
    assert 'did you mean "lab"?' in str(refused.value.advice)


def test_the_summary_counts_what_was_read_and_shows_some_notes_of_each_kind() -> None:
    many = [left_out(f"alarm {number}", "why") for number in range(SHOWN_NOTES + 3)]
    notes = (*many, inferred("endpoint \x1b[31m", "so it seems"))
    lines = summary_lines(Snapshot(load_topology("checkout"), notes, "lab", datetime(2026, 1, 1, tzinfo=UTC)))
    assert lines[0] == (
        "checkout: 2 regions, 2 functions, 4 endpoints, 2 health checks, 1 zone, 1 table, 1 cluster, 0 instances,"
        " 2 alarms, 4 records"
    )
    assert lines[1:3] == [f"left out ({SHOWN_NOTES + 3}):", "  alarm 0: why"]
    assert lines[-3:] == [
        "  … and 3 more, at the top of the file",
        "inferred (1):",
        "  endpoint \\u001b[31m: so it seems",
    ]


@pytest.mark.parametrize(
    ("output", "told"),
    [("topology.yaml", "topology.yaml"), ("mine", "./mine"), ("a b/t.yaml", "'a b/t.yaml'"), ("out/mine", "out/mine")],
)
def test_the_next_command_takes_the_file_for_a_file(output: str, told: str) -> None:
    assert path_for_the_lab(Path(output)) == told
