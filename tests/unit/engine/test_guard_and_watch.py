"""The guard's refusals, the watcher's schedule, and whose undo covers whose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from drillrunner.clock import run_virtual
from drillrunner.engine.guard import guard, longest_seconds, refusals
from drillrunner.engine.revert import Owed, superseded
from drillrunner.engine.watch import Track, Watcher, spread
from drillrunner.errors import Refused
from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from drillrunner.model.drill import ProbeSpec
from drillrunner.model.environment import FreezeWindow
from drillrunner.model.plan import Plan, PlannedItem
from drillrunner.model.reading import Answer, Reading
from drillrunner.ports import Outside
from fake_outside import fake_outside
from small_system import HERE, PRIMARY, http_probe, small_drill

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def put(region: str = PRIMARY, value: int = 0) -> AwsCall:
    params = {"FunctionName": "checkout", "ReservedConcurrentExecutions": value}
    return AwsCall(service="lambda", operation="PutFunctionConcurrency", region=region, params={**params})


def change(target: str = "lambda us-east-1 checkout", *, region: str = PRIMARY, irreversible: bool = False) -> Change:
    return Change(target=target, apply=(put(region),), revert=(put(region, 40),), irreversible=irreversible)


def plan_of(*changes: Change, **environment: object) -> Plan:
    fault = PlannedItem(kind="lambda.throttle", summary="", changes=changes)
    here = HERE.model_copy(update=environment)
    return Plan(drill=small_drill(), environment=here, faults=(fault,), failover=(), failback=())


def test_a_plan_within_all_guards_may_run() -> None:
    guard(plan_of(change()), NOW)


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (plan_of(), "no target"),
        (plan_of(*(change(f"lambda {number}") for number in range(4))), "4 targets are more than max_targets 3"),
        (plan_of(change(region="ap-south-1")), "region ap-south-1 is not one of"),
        (plan_of(change(irreversible=True)), "cannot be put back"),
        (plan_of(change(), change()), "two faults change lambda us-east-1 checkout"),
    ],
)
def test_a_plan_outside_a_guard_is_refused_with_the_reason(plan: Plan, says: str) -> None:
    with pytest.raises(Refused, match=says):
        guard(plan, NOW)


def window(begins_after: timedelta, ends_after: timedelta) -> FreezeWindow:
    return FreezeWindow(begins=NOW + begins_after, ends=NOW + ends_after, reason="year end")


def test_a_freeze_window_that_the_latest_revert_could_touch_refuses_the_run() -> None:
    longest = timedelta(seconds=longest_seconds(plan_of(change())))
    hour, instant = timedelta(hours=1), timedelta(seconds=1)
    touching = [window(-hour, hour), window(longest - instant, longest + hour), window(-hour, timedelta())]
    clear = [window(longest + instant, longest + hour), window(-hour, -instant)]
    for one in touching:
        assert "freeze window" in refusals(plan_of(change(), freeze=(one,)), NOW)[0]
    for one in clear:
        assert refusals(plan_of(change(), freeze=(one,)), NOW) == []


class SlowProbe:
    """Takes as long as it is told, turn by turn."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = seconds
        self.polls = 0

    def calls(self) -> Sequence[Call]:
        return ()

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        self.polls += 1
        await outside.clock.sleep(self.seconds[(seq - 1) % len(self.seconds)])
        return Answer(ok=True)


def watch(probe: SlowProbe, spec: ProbeSpec, seconds: float) -> list[Reading]:
    readings: list[Reading] = []

    async def nothing(name: str, kind: str, extent: Change) -> None:
        raise AssertionError("no probe here writes")

    async def main() -> None:
        watcher = Watcher(spec, probe, fake_outside(), readings.append)
        with anyio.move_on_after(seconds):
            await watcher.run(nothing)

    run_virtual(main)
    return readings


def test_probes_of_one_period_are_asked_one_after_the_other_from_the_start() -> None:
    specs = [http_probe("a", "h"), http_probe("slow", "h", every=5.0), http_probe("b", "h")]
    assert spread(specs) == {"a": 0.0, "b": 0.5, "slow": 0.0}


def test_slow_polls_overlap_and_do_not_delay_the_schedule() -> None:
    readings = watch(SlowProbe(1.7), http_probe("p", "h", every=0.5), 10.25)
    asked = sorted(reading.asked for reading in readings)
    assert asked == pytest.approx([0.5 * number for number in range(len(asked))])
    assert len(asked) >= 16


def test_a_poll_is_cut_at_its_time_out_and_asked_once() -> None:
    probe = SlowProbe(60.0)
    readings = watch(probe, http_probe("p", "h"), 10.5)
    assert {reading.why for reading in readings} == {"timeout"}
    assert {round(reading.answered - reading.asked, 6) for reading in readings} == {2.0}
    assert probe.polls == 11


def test_a_track_knows_how_long_a_probe_has_been_good_or_not() -> None:
    track = Track(http_probe("p", "h"))
    for second, ok in enumerate([True, True, None, True, False, None, True, True, True]):
        track.add(Reading("p", second + 1, second, second, second + 0.25, ok))
        if second == 3:
            assert track.good_for_seconds() == pytest.approx(2.75)
        if second == 5:
            assert track.not_good_for_seconds() == pytest.approx(1.25)
    assert track.good_for_seconds() == pytest.approx(1.75)
    assert track.not_good_for_seconds() == 0.0
    assert track.first_bad is not None
    assert track.first_bad.seq == 5


def owed(change_id: str, restored: Change) -> Owed:
    return Owed(change_id, "g", "step", "aurora.switchover", restored, certain=True)


def test_the_first_capture_of_a_target_covers_later_ones() -> None:
    def moved(path: str, to: str) -> Change:
        read = AwsCall(service="rds", operation="DescribeGlobalClusters", region=PRIMARY)
        back = ReadBack(read=read, path=path, expected=to)
        call = AwsCall(service="rds", operation="SwitchoverGlobalCluster", region=PRIMARY, params={"To": to})
        return Change(target="aurora ledger", revert=(call.model_copy(update={"read_back": back}),))

    first, second = owed("c1", moved("writer", "us")), owed("c2", moved("writer", "eu"))
    elsewhere = owed("c3", moved("other", "eu"))
    everything = [first, second, elsewhere]
    assert superseded(first, everything) is None
    assert superseded(second, everything) is first
    assert superseded(elsewhere, everything) is None


def test_undos_that_do_not_say_where_they_look_cover_only_their_like() -> None:
    one = owed("c1", Change(target="t", revert=(put(value=40),)))
    same = owed("c2", Change(target="t", revert=(put(value=40),)))
    other = owed("c3", Change(target="t", revert=(put(value=41),)))
    assert superseded(same, [one, same]) is one
    assert superseded(other, [one, other]) is None
