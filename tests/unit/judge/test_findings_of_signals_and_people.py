"""What a run teaches about TTLs, signals that turn back, and people who were waited for."""

from __future__ import annotations

import pytest

from drillrunner.judge import judge
from drillrunner.model.drill import StepSpec
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Verdict
from fabricated_pieces import Story, objective, plan, polls, probe, reading

DOWN = [(10.5, 60.0)]


def run(story: Story, readings: list[Reading], made: Plan) -> Verdict:
    return judge(made, story.end(200.0).entries, readings)


def message(verdict: Verdict, code: str) -> str | None:
    return next((finding.message for finding in verdict.findings if finding.code == code), None)


def with_ttl(target: float, seconds: float) -> str | None:
    made = plan(objective("rto", target), probes=[probe(), probe("name", "dns.answer", facing=False)])
    readings = polls(200, DOWN) + [reading(second, name="name", value=seconds) for second in range(200)]
    return message(run(Story().effect(10.0, 10.2), readings, made), "F118")


def test_a_ttl_of_half_the_target_is_long_whatever_the_run_measured() -> None:
    assert with_ttl(120.0, 60.0) == "resolvers may keep the old answer for 1m, and the RTO's target is 2m"


def test_a_ttl_that_leaves_room_is_not() -> None:
    assert with_ttl(121.0, 60.0) is None


def with_signal(bad: tuple[float, float], until: float = 200.0) -> Verdict:
    made = plan(objective("rto", 600.0), probes=[probe(), probe("health", facing=False)], detection_probe="health")
    story = Story().effect(10.0, 10.2).detected(bad[0], bad[0] + 0.1)
    return run(story, polls(200, DOWN) + polls(until, [bad], name="health"), made)


def test_a_signal_that_was_good_again_while_users_still_failed_is_found() -> None:
    found = message(with_signal((20.0, 40.0)), "F119")
    assert found == "health was good again 18.9s before users saw their last failure"


@pytest.mark.parametrize("bad", [(20.0, 200.0), (20.0, 52.0), (20.0, 90.0)])
def test_a_signal_that_held_until_users_were_served_is_not(bad: tuple[float, float]) -> None:
    assert message(with_signal(bad), "F119") is None


def test_a_hollow_check_is_told_with_how_often_it_passed() -> None:
    made = plan(objective("rto", 600.0), probes=[probe(), probe("health", facing=False)], detection_probe="health")
    found = message(run(Story().effect(10.0, 10.2), polls(200, DOWN) + polls(200, [], name="health"), made), "F113")
    assert found is not None
    assert found.endswith("but the detection signal never flipped; health passed 48x meanwhile")


def with_person(began: float, done: float, takes: tuple[float, float] | None) -> str | None:
    step = StepSpec(kind="manual", text="Approve the failover", takes_seconds=takes)
    story = Story().effect(10.0, 10.2)
    person: dict[str, JsonValue] = {
        "section": "failover",
        "index": 0,
        "kind": "manual",
        "by": "person",
        "text": step.text,
    }
    story.write(began, "step.began", **person).write(done, "step.done", **person, ok=True)
    return message(run(story, polls(200, DOWN), plan(objective("rto", 600.0), failover=[step])), "F120")


def test_a_person_who_took_longer_than_the_drill_expects_is_found() -> None:
    assert with_person(20.0, 50.0, (5.0, 12.0)) == '"Approve the failover" waited 30s for a person (expected: 12s)'


def test_a_person_who_took_a_third_of_the_recovery_is_found_where_nothing_is_expected() -> None:
    assert with_person(20.0, 45.0, None) == '"Approve the failover" waited 25s for a person'


@pytest.mark.parametrize("takes", [(5.0, 40.0), None])
def test_a_person_who_was_as_fast_as_expected_or_did_not_matter_is_not(takes: tuple[float, float] | None) -> None:
    assert with_person(20.0, 30.5, takes) is None


def test_what_a_person_did_after_users_were_served_again_delayed_nobody() -> None:
    assert with_person(70.0, 190.0, (5.0, 12.0)) is None
