"""Past runs in Prometheus' text format."""

from __future__ import annotations

from drillrunner.model.verdict import RevertResult
from drillrunner.sinks.prometheus import metrics_text
from made_up_verdict import verdict


def samples(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_the_last_run_of_a_drill_is_told_by_its_figures() -> None:
    found = samples(metrics_text([verdict()]))
    where = 'drill="regional-outage",environment="lab"'
    assert found[f'drillrunner_last_run_rto_seconds{{{where},bound="low"}}'] == 97.1
    assert found[f'drillrunner_last_run_rto_seconds{{{where},bound="high"}}'] == 98.7
    assert found[f'drillrunner_last_run_rpo_seconds{{{where},bound="high"}}'] == 1.4
    assert found[f"drillrunner_last_run_timestamp_seconds{{{where}}}"] == 1795183200.0
    assert found[f'drillrunner_last_run_objective{{{where},objective="rto",probe="checkout",outcome="met"}}'] == 1


def test_a_run_with_an_odd_beginning_takes_no_other_away() -> None:
    found = samples(metrics_text([verdict(), verdict(drill="odd", began_wall="2026-13-01T00:00")]))
    began = [name for name in found if name.startswith("drillrunner_last_run_timestamp_seconds{")]
    assert began == ['drillrunner_last_run_timestamp_seconds{drill="regional-outage",environment="lab"}']
    assert found['drillrunner_runs{drill="odd",environment="lab",outcome="missed"}'] == 1


def test_each_outcome_is_a_series_and_one_of_them_is_1() -> None:
    found = samples(metrics_text([verdict()]))
    outcomes = [value for name, value in found.items() if name.startswith("drillrunner_last_run_outcome{")]
    assert sorted(outcomes) == [0, 0, 1]


def test_runs_are_counted_and_the_newest_counts() -> None:
    older = verdict(began_wall="2026-11-19T14:00:00Z", outcome="met", objectives=(), recoveries=())
    left = verdict(revert=RevertResult(of=1, reverted=0, seconds=1.0, left=("a on b",)))
    found = samples(metrics_text([left, older]))
    where = 'drill="regional-outage",environment="lab"'
    assert found[f'drillrunner_runs{{{where},outcome="met"}}'] == 1
    assert found[f'drillrunner_runs{{{where},outcome="missed"}}'] == 1
    assert found[f'drillrunner_runs{{{where},outcome="inconclusive"}}'] == 0
    assert found[f"drillrunner_last_run_left_injected{{{where}}}"] == 1


def test_what_was_not_measured_has_no_sample() -> None:
    text = metrics_text([verdict(objectives=(), recoveries=(), ledgers=())])
    assert not [line for line in text.splitlines() if line.startswith("drillrunner_last_run_rto_seconds")]


def test_every_family_has_its_type_and_labels_are_escaped() -> None:
    text = metrics_text([verdict(drill='a"b\\c\nd')])
    assert 'drill="a\\"b\\\\c\\nd"' in text
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert {name.partition("{")[0] for name in samples(text)} <= families
    assert text.endswith("\n")


def test_without_runs_there_are_no_samples() -> None:
    assert samples(metrics_text([])) == {}
