"""Waiting for the steady state without a run: a drill's probes that only ask are watched, and nothing is changed."""

from __future__ import annotations

import anyio

from drillrunner.engine.plan import build_probe
from drillrunner.engine.steady import not_steady
from drillrunner.engine.watch import Board, Track, Watcher, spread
from drillrunner.errors import Refused
from drillrunner.model.call import Change
from drillrunner.model.drill import Drill
from drillrunner.ports import Outside, WritingProbe


async def until_steady(drill: Drill, outside: Outside, *, within_seconds: float) -> str | None:
    """Wait until the drill's steady state has held for as long as its baseline; then None.

    Else why it does not hold, `within_seconds` (drill seconds) after the beginning. Probes that write are left out.
    """
    asking = only_asking(drill)
    clock = outside.clock
    deadline = clock.monotonic() + within_seconds
    board = Board({probe.name: Track(probe) for probe in asking.probes})
    offsets = spread(asking.probes)
    if not asking.probes:
        return "no probe of it only asks"
    async with anyio.create_task_group() as watching:
        for spec in asking.probes:
            probe = build_probe("probe", spec.kind, spec.params)
            watcher = Watcher(spec, probe, outside, board.add, offset_seconds=offsets[spec.name])
            watching.start_soon(watcher.run, _reserve_nothing)
        while True:
            await clock.sleep(asking.baseline_seconds)
            why = not_steady(asking, board.tracks, asking.detection_probe)
            if why is None or clock.monotonic() >= deadline:
                break
            for track in board.tracks.values():
                track.count_anew()
        watching.cancel_scope.cancel()
    return why


def only_asking(drill: Drill) -> Drill:
    """The drill with the probes that write nothing, and without all that names another."""
    probes = tuple(
        one for one in drill.probes if not isinstance(build_probe("probe", one.kind, one.params), WritingProbe)
    )
    names = {probe.name for probe in probes}
    return drill.model_copy(
        update={
            "probes": probes,
            "objectives": tuple(one for one in drill.objectives if one.probe in names),
            "stop_if": (),
            "detection_probe": drill.detection_probe if drill.detection_probe in names else None,
        }
    )


async def _reserve_nothing(probe: str, _kind: str, _extent: Change) -> None:
    """Only a probe that writes asks for this."""
    raise Refused(f"probe {probe} writes, and nothing may be written while the steady state is waited for")
