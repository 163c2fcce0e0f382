"""The lookout of a run: every probe and stop condition watched, what they see kept, shown and judged at once."""

from __future__ import annotations

from collections.abc import Callable

import anyio.abc

from drillrunner.engine.desk import Desk
from drillrunner.engine.plan import build_probe
from drillrunner.engine.steady import condition_spec, stop_name, tripped
from drillrunner.engine.watch import Board, Reserve, Track, Watcher, spread
from drillrunner.errors import DrillError
from drillrunner.model.drill import ProbeSpec
from drillrunner.model.reading import Reading

Stop = Callable[[str, str], None]
Fail = Callable[[Exception], None]


class Lookout:
    """Watches while a run lasts. `stop(condition, why)` and `fail(error)` are called at once, and may be again.

    `reserve` puts the undo of a writing probe's records on disk before it writes them.
    """

    def __init__(self, desk: Desk, reserve: Reserve, stop: Stop, fail: Fail) -> None:
        self.board = Board()
        self.watchers: dict[str, Watcher] = {}
        self._desk = desk
        self._drill = desk.plan.drill
        self._reserve = reserve
        self._stop = stop
        self._fail = fail
        self._view_works = True

    def start(self, siblings: anyio.abc.TaskGroup) -> None:
        """Watch until the task group ends."""
        watched: list[tuple[ProbeSpec, str]] = [(spec, "probe") for spec in self._drill.probes]
        for number, stop in enumerate(self._drill.stop_if, start=1):
            if stop.kind is not None:
                watched.append((condition_spec(stop, number), "condition"))
        offsets = spread([spec for spec, _ in watched])
        for spec, role in watched:
            self._watch(spec, role, offsets[spec.name], siblings)

    def _watch(self, spec: ProbeSpec, role: str, offset_seconds: float, siblings: anyio.abc.TaskGroup) -> None:
        probe = build_probe("condition" if role == "condition" else "probe", spec.kind, spec.params)
        self.board.tracks[spec.name] = Track(spec)
        watcher = Watcher(spec, probe, self._desk.outside, self._take, offset_seconds=offset_seconds)
        self.watchers[spec.name] = watcher
        siblings.start_soon(self._watch_safely, watcher)

    async def _watch_safely(self, watcher: Watcher) -> None:
        try:
            await watcher.run(self._reserve)
        except Exception as error:  # noqa: BLE001  a watcher that dies ends the run, not the process
            self._fail(error)

    def _take(self, reading: Reading) -> None:
        try:
            self._desk.readings.add(reading)
        except DrillError as error:
            self._fail(error)
        self.board.add(reading)
        self._show(reading)
        self._check_stop_conditions(reading.probe)

    def _show(self, reading: Reading) -> None:
        """To whoever watches; who only watches must not stop a run."""
        if self._view_works:
            try:
                self._desk.on_reading(reading)
            except Exception:  # noqa: BLE001  the view has failed, the run goes on
                self._view_works = False

    def _check_stop_conditions(self, probe: str) -> None:
        for number, stop in enumerate(self._drill.stop_if, start=1):
            name = stop_name(stop, number)
            why = tripped(stop, self.board.tracks[name]) if name == probe else None
            if why is not None:
                self._stop(name, why)
