"""The exercise that is drafted from a drill: its moments, what it asks of whom, and that its reader takes it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.authoring.exercise.cast import cast_of, step_words
from drillrunner.authoring.exercise.course import Course, Sight, assumed_course, course_of, sight
from drillrunner.authoring.exercise.draft import Draft, Scene, begin_draft, scene_moments
from drillrunner.authoring.exercise.plan import exercise_of
from drillrunner.authoring.exercise.timeline import lay_timeline, rounded
from drillrunner.authoring.exercise.yaml import duration_text, exercise_yaml, offset_text, scalar
from drillrunner.files.drill_file import read_drill
from drillrunner.files.exercise.file import read_exercise
from drillrunner.files.runbook.file import read_runbook
from drillrunner.model.exercise import Exercise, parse_offset
from drillrunner.model.reading import Reading
from drillrunner.yaml_source import ScalarNode, parse_yaml
from fabricated_run import fabricated_run
from past_reports import day, rto, verdict_on

ROOT = Path(__file__).parents[3]
SHIPPED = ("health-check-failover", "lambda-throttle", "regional-outage", "replica-promotion")
COURSE = Course("two rehearsals", True, 28.0, 30.0, 20.0, 0.0)


def draft_of(name: str, course: Course = COURSE) -> Draft:
    drill = read_drill(ROOT / "drills" / f"{name}.yaml")
    return begin_draft(drill, read_runbook(ROOT / "runbooks" / f"{name}.md"), course)


def read_back(exercise: Exercise, base: Path) -> Exercise:
    """What the reader finds in the file, beside the shipped drills."""
    if not (base / "drills").exists():
        shutil.copytree(ROOT / "drills", base / "drills")
        shutil.copytree(ROOT / "runbooks", base / "runbooks")
    path = base / "drills" / "exercises" / "drafted.yaml"
    path.parent.mkdir(exist_ok=True)
    for name in exercise.artifacts():
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_text("<svg/>", encoding="utf-8")
    path.write_text(exercise_yaml(exercise, ("a comment",)), encoding="utf-8")
    return read_exercise(path)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_reader_finds_in_the_file_what_was_drafted(name: str, tmp_path: Path) -> None:
    draft = draft_of(name)
    seen = Sight(15.0, 2, 13, 'status 429: "x" # \\ é')
    scenes = {inject: Scene(seen, f"{name}/{inject}.svg") for inject in scene_moments(draft)}
    exercise = exercise_of(replace(draft, scenes=scenes))
    assert read_back(exercise, tmp_path) == exercise


@pytest.mark.parametrize("name", SHIPPED)
def test_a_draft_without_rehearsal_and_runbook_is_whole_too(name: str, tmp_path: Path) -> None:
    drill = read_drill(ROOT / "drills" / f"{name}.yaml")
    exercise = exercise_of(begin_draft(drill, None, assumed_course(drill)))
    assert read_back(exercise, tmp_path) == exercise
    assert [role.name for role in exercise.players()] == ["incident commander", "on-call engineer", "support duty"]


def test_the_latest_decision_is_the_one_that_still_keeps_the_rto() -> None:
    timeline = draft_of("regional-outage").timeline  # RTO 3m; from the decision on 50 s
    assert (timeline.alarm, timeline.decide_by, timeline.kept) == (30.0, 120.0, True)
    assert timeline.alarm < timeline.symptom < timeline.customers < timeline.decision < timeline.decide_by


def test_an_rto_that_leaves_no_time_to_decide_is_told_to_the_facilitator() -> None:
    draft = draft_of("regional-outage", replace(COURSE, switch_seconds=120.0))
    assert (draft.timeline.decide_by, draft.timeline.kept) == (90.0, False)
    note = next(one.facilitator_only for one in exercise_of(draft).injects if one.id == "decision")
    assert note is not None
    assert "leaves people less than a minute" in note


def test_without_an_rto_people_have_five_minutes() -> None:
    timeline = draft_of("health-check-failover").timeline
    assert timeline.decide_by - timeline.alarm == 300.0


def test_a_step_is_expected_done_when_the_runbook_says_so() -> None:
    failover = next(one for one in exercise_of(draft_of("regional-outage")).injects if one.id == "failover-1")
    (expected,) = failover.expected
    assert expected.by_seconds - failover.at_seconds == 300.0  # expect: 5m
    assert (expected.who, failover.step, failover.after) == ("incident commander", "failover 1", ("decision",))


def test_one_decision_is_marked_for_each_way() -> None:
    injects = exercise_of(draft_of("regional-outage")).injects
    assert [one.decides for inject in injects for one in inject.expected if one.decides] == ["failover", "failback"]


def test_injects_name_neither_the_fault_nor_the_drill_before_anybody_can_know() -> None:
    exercise = exercise_of(draft_of("lambda-throttle"))
    early = [one for one in exercise.injects if one.at_seconds <= draft_of("lambda-throttle").timeline.decision]
    assert early
    for inject in early:
        assert "throttle" not in inject.text
    assert "throttle" not in exercise.title


def test_customers_say_what_users_met_at_that_moment() -> None:
    draft = draft_of("regional-outage")
    failing = replace(draft, scenes={"customers": Scene(Sight(15.0, 0, 15, "status 429"))})
    served = replace(draft, scenes={"customers": Scene(Sight(15.0, 15, 0, None))})
    unharmed = replace(draft, course=replace(COURSE, users_suffer=False))
    texts = [
        next(one.text for one in exercise_of(each).injects if one.id == "customers")
        for each in (failing, served, unharmed)
    ]
    assert "does not work" in texts[0]
    assert "did not work for a while" in texts[1]
    assert "can be used" in texts[2]


def test_players_are_the_runbooks_contacts() -> None:
    cast = cast_of(read_runbook(ROOT / "runbooks" / "regional-outage.md"))
    assert (cast.decides, cast.supports) == ("incident commander", "support duty")
    assert cast.who("on-call engineer") == cast.responds == "on-call engineer of checkout"
    assert cast.who("nobody") is None


def test_a_step_is_told_in_whole_sentences() -> None:
    steps = read_runbook(ROOT / "runbooks" / "regional-outage.md").steps
    assert step_words(steps[2]).startswith(
        "Move the ledger's writer. Ask in eu-west-1, since us-east-1 may not answer."
    )
    assert all(step_words(step).endswith((".", "!", "?", "…")) for step in steps)


@pytest.mark.parametrize(
    ("seconds", "up"), [(0.0, 0.0), (27.6, 30.0), (119.0, 120.0), (121.0, 135.0), (600.0, 600.0), (601.0, 660.0)]
)
def test_moments_are_round(seconds: float, up: float) -> None:
    assert rounded(seconds) == up


@given(detect=st.floats(0, 3600), switch=st.floats(0, 7200), propagate=st.floats(0, 3600), stabilise=st.floats(0, 600))
@settings(deadline=None)
def test_nothing_is_due_before_what_it_comes_after(
    detect: float, switch: float, propagate: float, stabilise: float
) -> None:
    drill = read_drill(ROOT / "drills" / "regional-outage.yaml")
    at = lay_timeline(drill, Course("made up", True, detect, switch, propagate, stabilise), (None, 90.0, 3600.0))
    ordered = [at.alarm, at.symptom, at.customers, at.data, at.decision, at.decide_by, *at.steps, at.served]
    assert ordered == sorted(ordered)
    assert all(begin <= end for begin, end in zip(at.steps, at.steps_by, strict=True))
    later = [at.decide_by, at.standby, at.served_by, at.failback, at.failback_by, at.put_back_by, at.closing_by]
    assert later == sorted(later)
    assert at.closing_by <= at.time_box


@given(st.floats(0, 600_000).map(lambda seconds: round(seconds, 2)))
@settings(deadline=None)
def test_moments_are_written_exactly(seconds: float) -> None:
    assert parse_offset(offset_text(seconds)) == pytest.approx(seconds, abs=1e-6)
    assert duration_text(5400.0) == "1h30m"


# what no file of people may hold, escaped or not, is refused by the reader with a place
@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=100))
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_back_as_it_was_written(text: str) -> None:
    node = parse_yaml(f"text: {scalar(text)}\n", "made up").root.entries["text"][1]
    assert isinstance(node, ScalarNode)
    assert node.value == text


def test_the_parts_are_medians_over_the_runs() -> None:
    plan, entries, readings = fabricated_run()
    from drillrunner.judge import judge

    verdict = judge(plan, entries, readings)
    parts = {share.part: share.seconds for share in verdict.anatomy}
    found = course_of([verdict, verdict], "twice the same")
    assert found.detect_seconds == parts["detect"]
    assert found.after_the_decision_seconds == pytest.approx(parts["switch"] + parts["propagate"] + parts["stabilise"])
    calm = course_of([verdict_on(day(2026, 1, 1), rto(0.0, 0.0), anatomy=(), recoveries=())], "nothing seen")
    assert not calm.users_suffer


def test_what_users_met_is_counted_in_a_window_before_the_moment() -> None:
    def reading(at: float, ok: bool | None, why: str | None = None) -> Reading:
        return Reading(probe="users", seq=1, due=at, asked=at, answered=at + 0.1, ok=ok, why=why)

    readings = [
        reading(1, True),
        reading(8, True),
        reading(9, False, "timeout"),
        reading(9.5, None),
        reading(20, False),
    ]
    found = sight(readings, frozenset({"users"}), 10.0, 5.0)
    assert (found.good, found.bad, found.why) == (1, 1, "timeout")
