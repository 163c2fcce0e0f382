"""Two runs held side by side: interval arithmetic, plans by key path, what was injected, what was found."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillrunner.judge import judge
from drillrunner.judge.differences import differences
from drillrunner.judge.interval_change import OVERLAP, objective_change
from drillrunner.judge.run_comparison import JudgedRun, compare_runs
from drillrunner.model.drill import ObjectiveName
from drillrunner.model.noun import JsonValue
from drillrunner.model.schedule import Schedule
from drillrunner.model.verdict import Finding, ObjectiveVerdict
from fabricated_run import fabricated_run
from past_reports import rto

PLAN, ENTRIES, READINGS = fabricated_run()
VERDICT = judge(PLAN, ENTRIES, READINGS)
RUN = JudgedRun(PLAN, ENTRIES, VERDICT)


def said(
    name: ObjectiveName, before: tuple[float | None, float | None], after: tuple[float | None, float | None]
) -> str:
    first, second = (
        ObjectiveVerdict(name=name, probe="p", target=1.0, low=low, high=high, outcome="met", why="")
        for low, high in (before, after)
    )
    found = objective_change(first, second)
    return f"{found.direction}: {found.sentence}"


@pytest.mark.parametrize(
    ("name", "before", "after", "expected"),
    [
        ("rto", (60, 62), (43, 50), "better: 10s to 19s faster"),
        ("rto", (43, 50), (60, 62), "worse: 10s to 19s slower"),
        ("rto", (43, 50), (49, 55), f"unknown: {OVERLAP}"),
        ("rto", (43, 50), (50, 55), f"unknown: {OVERLAP}"),
        ("rto", (600, None), (50, 52), "better: at least 9m08s faster"),
        ("rto", (50, 52), (600, None), "worse: at least 9m08s slower"),
        ("rto", (600, None), (700, None), f"unknown: {OVERLAP}"),
        ("rto", (None, None), (50, 52), "unknown: the first run did not measure it"),
        ("rto", (None, None), (None, None), "unknown: neither run measured it"),
        ("rpo", (0, 0), (0, 0), "same: the same"),
        ("rpo", (0, 0), (1.5, 2), "worse: 1.5s to 2s more"),
        ("detection", (1.0, 1.0), (1.0002, 1.0002), "worse: under 1ms slower"),
        ("availability", (0.97, 0.97), (0.99, 0.995), "better: 2 points to 2.5 points higher"),
        ("availability", (0.99, 0.99), (0.97, 0.97), "worse: 2 points lower"),
        ("latency", (0.5, 0.51), (0.4, 0.41), "better: 90ms to 110ms faster"),
    ],
)
def test_a_difference_claims_no_more_than_the_intervals_allow(
    name: ObjectiveName, before: tuple[float, float], after: tuple[float, float], expected: str
) -> None:
    assert said(name, before, after) == expected


def test_an_objective_that_only_one_run_has_is_not_compared() -> None:
    found = objective_change(None, rto(1.0, 2.0))
    assert (found.direction, found.sentence, found.low, found.high) == (
        "unknown",
        "only the second run has it",
        None,
        None,
    )


@st.composite
def intervals(draw: st.DrawFn) -> tuple[float, float, float]:
    """Two ends and a truth between them, in milliseconds that add without rounding."""
    low, width, share = (draw(st.integers(0, 10**6)) for _ in range(3))
    return low / 1000, (low + width) / 1000, (low + share % (width + 1)) / 1000


@given(intervals(), intervals())
def test_whatever_the_truths_are_their_difference_lies_within_and_worse_is_worse(
    before: tuple[float, float, float], after: tuple[float, float, float]
) -> None:
    found = objective_change(rto(before[0], before[1]), rto(after[0], after[1]))
    difference = after[2] - before[2]
    assert found.low is not None
    assert found.high is not None
    assert found.low - 1e-6 <= difference <= found.high + 1e-6
    assert found.direction != "worse" or difference > 0
    assert found.direction != "better" or difference < 0
    mirrored = objective_change(rto(after[0], after[1]), rto(before[0], before[1]))
    assert {found.direction, mirrored.direction} in ({"worse", "better"}, {"same"}, {"unknown"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "kind", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_values_differ_somewhere_if_and_only_if_they_are_not_equal(before: JsonValue, after: JsonValue) -> None:
    assert not list(differences(before, before, "root"))
    moved = _unordered_by_name(before) == _unordered_by_name(after)
    assert bool(list(differences(before, after, "root"))) or moved


def _unordered_by_name(value: JsonValue) -> object:
    """A named list is compared by name alone: the order of probes says nothing."""
    if isinstance(value, dict):
        return {key: _unordered_by_name(inner) for key, inner in value.items()}
    if isinstance(value, list):
        names = [one.get("name") if isinstance(one, dict) else None for one in value]
        if all(isinstance(name, str) for name in names) and len(set(map(str, names))) == len(names):
            return {str(name): _unordered_by_name(one) for name, one in zip(names, value, strict=True)}
        return [_unordered_by_name(one) for one in value]
    return value


def paths(before: JsonValue, after: JsonValue) -> list[tuple[str, str | None]]:
    return [(one.path, one.only) for one in differences(before, after, "drill")]


def test_probes_are_compared_by_name_and_steps_by_their_order() -> None:
    probes: list[JsonValue] = [{"name": "a", "every": 1}, {"name": "b", "every": 2}]
    assert paths({"probes": probes}, {"probes": [{"name": "b", "every": 5}]}) == [
        ("drill.probes.a", "before"),
        ("drill.probes.b.every", None),
    ]
    steps: list[JsonValue] = [{"kind": "x"}, {"kind": "y"}, {"kind": "z", "to": 1}]
    assert paths(steps, [steps[0], steps[2]]) == [("drill[1]", "before")]
    assert paths(steps, [steps[0], steps[1], {"kind": "z", "to": 2}]) == [("drill[2].to", None)]


def with_plan(**changes: Any) -> JudgedRun:
    return JudgedRun(PLAN.model_copy(update=changes), ENTRIES, VERDICT)


def test_a_run_beside_itself_differs_in_nothing_but_says_so() -> None:
    found = compare_runs(RUN, RUN)
    assert (found.worse, found.settings, found.injected, found.findings_gone, found.findings_new) == (
        (),
        (),
        (),
        (),
        (),
    )
    assert found.cautions == ("both are the same run",)
    assert {part.before for part in found.parts} == {part.after for part in found.parts}


def test_what_a_lab_draws_when_it_starts_is_no_difference_but_its_time_scale_is() -> None:
    lab = PLAN.environment.model_copy(
        update={"endpoint_url": "http://127.0.0.1:1", "lab_instance": "x", "time_scale": 20.0}
    )
    found = compare_runs(RUN, with_plan(environment=lab))
    assert [one.path for one in found.settings] == ["environment.time_scale"]


def test_when_a_drill_is_due_is_no_difference() -> None:
    scheduled = PLAN.drill.model_copy(update={"schedule": Schedule(cron="0 9 * * 1")})
    assert compare_runs(RUN, with_plan(drill=scheduled)).settings == ()


def test_the_endpoint_of_an_aws_environment_is_a_difference() -> None:
    aws = PLAN.environment.model_copy(update={"kind": "aws", "topology": None})
    other = aws.model_copy(update={"endpoint_url": "http://127.0.0.1:1"})
    found = compare_runs(with_plan(environment=aws), with_plan(environment=other))
    assert [one.path for one in found.settings] == ["environment.endpoint_url"]


def test_a_lab_run_beside_one_on_aws_is_cautioned_against() -> None:
    aws = PLAN.environment.model_copy(update={"kind": "aws", "account": "123456789012"})
    found = compare_runs(RUN, with_plan(environment=aws))
    assert "the first ran in the lab, the second on AWS: their figures are not of one system" in found.cautions


def changed(**changes: Any) -> JudgedRun:
    return JudgedRun(PLAN, ENTRIES, VERDICT.model_copy(update=changes))


def test_a_worse_outcome_and_a_slower_objective_are_each_named() -> None:
    slower = tuple(
        one.model_copy(update={"low": 200.0, "high": 201.0, "outcome": "missed"}) if one.name == "rto" else one
        for one in VERDICT.objectives
    )
    better = changed(outcome="met")
    found = compare_runs(better, changed(outcome="missed", objectives=slower, ended_by="aborted: SIGINT"))
    assert found.worse[0] == "the outcome went from met to missed"
    assert found.worse[1].startswith("RTO of checkout is ")
    assert found.worse[1].endswith(" slower")
    assert "the second run did not complete: aborted: SIGINT" in found.cautions
    assert compare_runs(changed(outcome="missed", objectives=slower), better).worse == ()


def test_findings_are_told_by_their_codes_because_their_figures_always_differ() -> None:
    f1, f2, f2_again = (
        Finding(code=code, message=message, advice="") for code, message in (("F1", "a"), ("F2", "b"), ("F2", "c"))
    )
    found = compare_runs(changed(findings=(f1, f2)), changed(findings=(f2_again,)))
    assert (found.findings_gone, found.findings_new) == ((f1,), ())


def entries_with(kind: str, change_id: str, **data: Any) -> JudgedRun:
    """The run with other data in the entries of a change."""
    entries = [
        one.model_copy(update={"data": {**one.data, **data}})
        if one.kind == kind and one.data.get("change_id") == change_id
        else one
        for one in ENTRIES
    ]
    return JudgedRun(PLAN, entries, VERDICT)


def test_another_prior_state_and_a_call_with_other_params_are_told_by_path() -> None:
    change = next(
        one.data["change"] for one in ENTRIES if one.kind == "undo.recorded" and one.data["change_id"] == "f1"
    )
    assert isinstance(change, dict)
    other = entries_with("undo.recorded", "f1", change={**change, "prior": {"ReservedConcurrentExecutions": 20}})
    (found,) = compare_runs(RUN, other).injected
    assert (found.section, found.kind, found.target, found.only) == (
        "faults",
        "lambda.throttle",
        "lambda us-east-1 checkout",
        None,
    )
    (one,) = found.changes
    assert (one.path, one.before, one.after) == ("was there.ReservedConcurrentExecutions", 40, 20)


def test_a_fault_that_was_planned_but_not_injected_is_told() -> None:
    cut = JudgedRun(PLAN, [one for one in ENTRIES if one.data.get("change_id") != "f2"], VERDICT)
    (found,) = compare_runs(RUN, cut).injected
    assert (found.kind, found.only) == ("route53.fail_health_check", "before")


def with_id(identity: str, kind: Literal["lab", "aws"] = "lab") -> JudgedRun:
    """The run with another id of its health check, wherever the journal has it."""
    entries = [
        one.model_copy(update={"data": json.loads(json.dumps(one.data).replace("hc-checkout-us-east-1", identity))})
        for one in ENTRIES
    ]
    environment = PLAN.environment.model_copy(update={"kind": kind})
    return JudgedRun(PLAN.model_copy(update={"environment": environment}), entries, VERDICT)


def test_ids_that_a_lab_draws_are_no_difference_but_those_of_aws_are() -> None:
    ids = "7e2c35de-8eaf-483e-8c36-b93bb56ad20f", "a4a52d67-012c-4ae9-beef-6ae9019e0dad"
    assert compare_runs(with_id(ids[0]), with_id(ids[1])).injected == ()
    (found,) = compare_runs(with_id(ids[0], "aws"), with_id(ids[1], "aws")).injected
    assert {(one.before, one.after) for one in found.changes} == {ids}
