"""The pages that are written into files: a real run judged as met, missed and inconclusive, a rehearsal, a trend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drillrunner.files.journal_file import read_journal
from drillrunner.files.readings_file import read_readings
from drillrunner.files.run_folder import RunFolder, read_plan
from drillrunner.judge import judge
from drillrunner.judge.rehearsal import figures
from drillrunner.judge.trend import trend
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Outcome, RevertResult, Verdict
from drillrunner.reporting import render_all
from drillrunner.reporting.rehearsal_html import render_rehearsal_html
from drillrunner.reporting.trend_html import render_trend_html
from fabricated_rehearsal import full_rehearsal
from past_reports import day, past, rto
from stages import ROOT

SAMPLE = ROOT / "reports" / "sample"
STILL_THERE = "lambda us-east-1 checkout"
# The sample's RTO is 48.7 s to 50.1 s: these targets, in seconds, are met, missed, and not to be told.
RTO_TARGETS: dict[Outcome, float] = {"met": 180.0, "missed": 30.0, "inconclusive": 49.5}


@dataclass(frozen=True)
class Pages:
    """A folder of pages; `address` gives one as a browser takes it."""

    folder: Path

    def address(self, name: str) -> str:
        return (self.folder / f"{name}.html").as_uri()


def with_rto_target(plan: Plan, seconds: float) -> Plan:
    objectives = tuple(
        one.model_copy(update={"target": seconds}) if one.name == "rto" else one for one in plan.drill.objectives
    )
    return plan.model_copy(update={"drill": plan.drill.model_copy(update={"objectives": objectives})})


def sample_report(rto_target: float, left: tuple[str, ...] = ()) -> tuple[Verdict, str]:
    """The run in reports/sample, judged against that RTO target in seconds; `left` is what was not put back."""
    folder = RunFolder(SAMPLE)
    plan, entries = with_rto_target(read_plan(folder), rto_target), read_journal(folder.journal)

    def readings() -> Iterator[Reading]:
        return read_readings(folder.readings)

    verdict = judge(plan, entries, readings())
    if left:
        verdict = verdict.model_copy(update={"revert": RevertResult(of=3, reverted=2, seconds=1.0, left=left)})
    return verdict, render_all(plan, entries, readings, verdict)["report.html"]


def rehearsal_page() -> str:
    rehearsal = full_rehearsal(60)
    return render_rehearsal_html(rehearsal, figures(rehearsal))


def trend_page() -> str:
    runs = [
        past(day(2026, 2, 1), rto(100.0, 110.0)),
        past(day(2026, 5, 1), rto(60.0, 62.0, 120.0)),
        past(day(2026, 6, 1), rto(600.0, None, 120.0)),
        past(day(2026, 6, 3), rto(1.0, 2.0), kind="aws", place="123456789012", environment="staging"),
    ]
    return render_trend_html(trend(runs, "quarter"), {runs[0].run_id: "reports/a%20b/report.html"})


def write_pages(folder: Path) -> Pages:
    """Write one of each kind."""
    texts = {"rehearsal": rehearsal_page(), "trend": trend_page(), "left": sample_report(180.0, (STILL_THERE,))[1]}
    for outcome, target in RTO_TARGETS.items():
        verdict, texts[outcome] = sample_report(target)
        assert verdict.outcome == outcome
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return Pages(folder)
