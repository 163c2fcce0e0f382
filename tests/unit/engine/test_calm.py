"""Waiting for the steady state asks the probes that only ask, for as long as it takes and no longer."""

from __future__ import annotations

from drillrunner.clock import run_virtual
from drillrunner.engine.calm import only_asking, until_steady
from drillrunner.ports import HttpRequest, HttpResponse
from small_system import SmallSystem, outside_of, small_drill


async def _wait(system: SmallSystem, within_seconds: float) -> tuple[str | None, float]:
    outside = outside_of(system)
    began = outside.clock.monotonic()
    why = await until_steady(small_drill(), outside, within_seconds=within_seconds)
    return why, outside.clock.monotonic() - began


async def _healthy() -> tuple[str | None, float]:
    return await _wait(SmallSystem(), 300.0)


class Failing(SmallSystem):
    """Answers nobody well."""

    def serve(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(503, {}, b"", {})


async def _broken() -> tuple[str | None, float]:
    return await _wait(Failing(), 120.0)


def test_a_steady_state_is_seen_after_one_baseline() -> None:
    why, seconds = run_virtual(_healthy)
    assert why is None
    assert seconds == small_drill().baseline_seconds


def test_one_that_does_not_hold_is_waited_for_so_long_and_then_told() -> None:
    why, seconds = run_virtual(_broken)
    assert why is not None
    assert "is failing" in why
    assert 120.0 <= seconds <= 120.0 + small_drill().baseline_seconds


def test_probes_that_write_and_what_names_them_are_left_out() -> None:
    drill = small_drill()
    asking = only_asking(drill)
    writing = {probe.name for probe in drill.probes} - {probe.name for probe in asking.probes}
    assert all(probe.kind.endswith("ledger") for probe in drill.probes if probe.name in writing)
    assert {one.probe for one in asking.objectives} <= {probe.name for probe in asking.probes}
