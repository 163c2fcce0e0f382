"""The committed sample run: its verdict and its reports are what this version makes of its journal and readings."""

from __future__ import annotations

import json
from pathlib import Path

from drillrunner.cli.aftermath import judge_folder
from drillrunner.files.journal_file import read_journal
from drillrunner.files.run_folder import RunFolder, read_plan

SAMPLE = RunFolder(Path(__file__).resolve().parents[2] / "reports" / "sample")


def test_the_sample_is_judged_as_it_was() -> None:
    kept = json.loads((SAMPLE.path / "verdict.json").read_text(encoding="utf-8"))
    assert judge_folder(SAMPLE, write=False).model_dump(mode="json") == kept
    assert kept["outcome"] == "met"


def test_its_journal_is_bound_to_its_plan() -> None:
    began = read_journal(SAMPLE.journal)[0]
    assert began.data["plan_hash"] == read_plan(SAMPLE).hash
