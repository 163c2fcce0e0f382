"""A plan's hash: what is drilled and where, not when."""

from __future__ import annotations

from drillrunner.model.drill import Drill, FaultSpec, Objective, ProbeSpec
from drillrunner.model.environment import Environment
from drillrunner.model.plan import Plan
from drillrunner.model.schedule import Every, Schedule

PLAN = Plan(
    drill=Drill(
        name="outage",
        title="checkout stops",
        owner="team-checkout",
        environment="lab",
        objectives=(Objective(name="rto", target=180.0, probe="checkout"),),
        probes=(ProbeSpec(name="checkout", kind="http.get", params={}, every_seconds=1.0, timeout_seconds=2.0),),
        faults=(FaultSpec(kind="lambda.throttle", params={}),),
    ),
    environment=Environment(name="lab", kind="lab", regions=("us-east-1",)),
    faults=(),
    failover=(),
    failback=(),
)


def drilled(**changes: object) -> Plan:
    return PLAN.model_copy(update={"drill": PLAN.drill.model_copy(update=changes)})


def test_the_hash_is_that_of_earlier_versions() -> None:
    assert PLAN.hash == "0363b8e4865b9c308c63bbc7b2e07e0cc261be8e75f1fec1cb889b580b7978d8"


def test_a_schedule_changes_no_hash_and_is_kept_in_the_plan() -> None:
    scheduled = drilled(schedule=Schedule(every=Every(months=3), grace_seconds=86_400.0))
    assert scheduled.hash == drilled(schedule=Schedule(cron="0 9 * * 1")).hash == PLAN.hash
    assert Plan.model_validate(scheduled.as_json()) == scheduled


def test_anything_else_of_a_drill_changes_the_hash() -> None:
    assert drilled(owner="another team").hash != PLAN.hash
