"""The scenario's clock: it runs with real time, can be paused and skipped, and is found again from events alone."""

from __future__ import annotations

from typing import NamedTuple


class Moment(NamedTuple):
    """When something happened: on the scenario's clock, and in people's seconds, which leave out pauses and skips."""

    scenario_seconds: float
    people_seconds: float


class ScenarioClock(NamedTuple):
    """How the clocks stood when `real_seconds` of real time had passed, and whether they run since then.

    `paused_seconds` is the real time that they stood still after their start.
    """

    started: bool = False
    running: bool = False
    real_seconds: float = 0.0
    scenario_seconds: float = 0.0
    people_seconds: float = 0.0
    paused_seconds: float = 0.0
    skipped_seconds: float = 0.0

    def at(self, real_seconds: float) -> ScenarioClock:
        """The clock at that moment, which is not before its own."""
        passed = max(0.0, real_seconds - self.real_seconds)
        moved = self._replace(real_seconds=self.real_seconds + passed)
        if self.running:
            return moved._replace(
                scenario_seconds=self.scenario_seconds + passed, people_seconds=self.people_seconds + passed
            )
        return moved._replace(paused_seconds=self.paused_seconds + passed) if self.started else moved

    def run(self, real_seconds: float) -> ScenarioClock:
        return self.at(real_seconds)._replace(started=True, running=True)

    def stop(self, real_seconds: float) -> ScenarioClock:
        return self.at(real_seconds)._replace(running=False)

    def skip(self, real_seconds: float, to_seconds: float) -> ScenarioClock:
        """Put the scenario's clock forward. People's seconds stay as they are."""
        here = self.at(real_seconds)
        skipped = here.skipped_seconds + max(0.0, to_seconds - here.scenario_seconds)
        return here._replace(scenario_seconds=to_seconds, skipped_seconds=skipped)

    def moment(self) -> Moment:
        return Moment(self.scenario_seconds, self.people_seconds)
