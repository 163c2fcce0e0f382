"""What is said of a plan that is no longer the one that was approved: which drill changed, and what of it."""

from __future__ import annotations

from typing import Any

from drillrunner.gameday.changes import changes
from drillrunner.model.gameday import ApprovalRule, GameDayDrill, GameDayPlan
from drillrunner.model.plan import Plan
from drillrunner.model.schedule import Every, Schedule
from fabricated_gameday import gameday, plan_named, planned

APPROVED = planned(gameday())


def with_second(**drill: Any) -> GameDayPlan:
    plans = list(APPROVED.plans)
    plans[1] = plans[1].model_copy(update={"drill": plans[1].drill.model_copy(update=drill)})
    return APPROVED.model_copy(update={"plans": tuple(plans)})


def somewhere(plan: Plan, **environment: Any) -> Plan:
    return plan.model_copy(update={"environment": plan.environment.model_copy(update=environment)})


def test_the_same_plan_has_the_same_hash_and_nothing_to_tell() -> None:
    assert planned(gameday()).hash == APPROVED.hash
    assert changes(APPROVED, planned(gameday())) == []


def test_another_target_of_one_drill_is_told_with_its_old_and_new_value() -> None:
    objectives = APPROVED.plans[1].drill.objectives
    tighter = (objectives[0].model_copy(update={"target": 30.0}), *objectives[1:])
    now = with_second(objectives=tighter)
    assert now.hash != APPROVED.hash
    before = objectives[0].target
    assert changes(APPROVED, now) == [f"throttle: drill.objectives.rto.target {before} → 30.0"]


def test_where_all_of_them_run_is_told_once() -> None:
    elsewhere = APPROVED.model_copy(update={"plans": tuple(somewhere(one, max_targets=99) for one in APPROVED.plans)})
    before = APPROVED.plans[0].environment.max_targets
    assert changes(APPROVED, elsewhere) == [f"where they run: environment.max_targets {before} → 99"]


def test_drills_that_came_and_went_and_another_order_are_told() -> None:
    entries = tuple(GameDayDrill(id=one, drill=one) for one in ("dns", "outage", "new"))
    assert changes(APPROVED, planned(gameday(*entries)))[:2] == [
        "throttle: no longer in the game day",
        "new: new in the game day",
    ]
    reordered = planned(gameday(*(GameDayDrill(id=one, drill=one) for one in ("outage", "dns", "throttle"))))
    assert changes(APPROVED, reordered) == ["the order was dns, throttle, outage, and is outage, dns, throttle"]


def test_a_condition_of_the_file_itself_is_told() -> None:
    now = planned(gameday(time_box_seconds=600.0))
    assert changes(APPROVED, now) == ["the game day: time_box_seconds null → 600.0"]


def test_when_it_takes_place_is_no_part_of_what_is_approved() -> None:
    assert planned(gameday(schedule=Schedule(every=Every(months=3)))).hash == APPROVED.hash
    assert plan_named("dns").hash == APPROVED.plans[0].hash


def test_a_freeze_calendar_that_is_taken_out_makes_another_plan_and_its_folder_does_not() -> None:
    frozen = planned(gameday(calendars=("/srv/drills/freeze.ics",)))
    assert frozen.hash == planned(gameday(calendars=("/home/pilot/freeze.ics",))).hash
    assert frozen.hash != APPROVED.hash
    assert changes(frozen, APPROVED) == ['the game day: calendars ["freeze.ics"] → []']


def test_signatures_that_are_no_longer_asked_for_make_another_plan() -> None:
    signed = planned(gameday(approvals=ApprovalRule(needed=1, allowed_signers="/srv/drills/allowed_signers")))
    unsigned = planned(gameday(approvals=ApprovalRule(needed=1)))
    assert signed.hash != unsigned.hash
    assert changes(signed, unsigned) == ['the game day: approvals.allowed_signers "allowed_signers" → null']
