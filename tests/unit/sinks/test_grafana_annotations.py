"""Grafana's annotations: one of the run and one of its outage, in milliseconds."""

from __future__ import annotations

from drillrunner.model.signal import GrafanaSpec
from drillrunner.sinks.grafana import annotations_of
from drillrunner.sinks.known_run import KnownRun
from fabricated_run import fabricated_run
from made_up_verdict import verdict

ENTRIES = fabricated_run()[1]
RUN = KnownRun().with_entries(ENTRIES)
BEGAN_MS = 1_795_183_200_000


def test_the_run_and_its_outage_are_regions() -> None:
    run, outage = annotations_of(RUN, ENTRIES[-1], verdict(), GrafanaSpec(dashboard_uid="d1", tags=("team-a",)))
    assert (run["time"], run["timeEnd"]) == (BEGAN_MS, BEGAN_MS + 210_500)
    # the run's clock is ten times as fast: 33 and 131 drill seconds
    assert (outage["time"], outage["timeEnd"]) == (BEGAN_MS + 3_300, BEGAN_MS + 13_100)
    assert run["tags"] == ["drillrunner", "run", "drill:regional-outage", "environment:lab", "team-a"]
    assert run["dashboardUID"] == "d1"
    assert str(run["text"]).startswith("drill regional-outage on lab: missed; RTO 97.1 to 98.7 s")


def test_a_run_without_an_outage_has_one_annotation() -> None:
    (run,) = annotations_of(RUN, ENTRIES[-1], verdict(recoveries=()), GrafanaSpec())
    assert "dashboardUID" not in run


def test_an_outage_that_did_not_end_lasts_to_the_end_of_the_run() -> None:
    recovery = verdict().recoveries[0].model_copy(update={"recovered_at": None})
    run, outage = annotations_of(RUN, ENTRIES[-1], verdict(recoveries=(recovery,)), GrafanaSpec())
    assert outage["timeEnd"] == run["timeEnd"]
