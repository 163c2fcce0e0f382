"""A whole rehearsal: the script over many seeds, and over fewer at each value of every setting."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drillrunner.model.rehearsal import Rehearsal, RehearsedRun, RehearsedTarget, Setting, Swing
from drillrunner.rehearsal.chances import RANDOMISED
from drillrunner.rehearsal.many import Task, numbered, perform_all
from drillrunner.rehearsal.one import Script
from drillrunner.rehearsal.settings import settings_of, with_settings


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be rehearsed. `swing_runs` is how many seeds each value of a setting gets; 0 leaves them out."""

    script: Script
    overrides: dict[str, str]
    seed: int
    runs: int
    swing_runs: int
    jobs: int

    @property
    def seeds(self) -> range:
        return range(self.seed, self.seed + self.runs)

    def count(self) -> int:
        """How many runs that is in all."""
        return self.runs + sum(len(self.swing_seeds()) for _ in _values(settings_of(self.script)))

    def swing_seeds(self) -> range:
        return self.seeds[: min(self.swing_runs, self.runs)]


def rehearse(order: Order, on_done: Callable[[RehearsedRun], None] = lambda run: None) -> Rehearsal:
    """Run everything that was ordered. Raises what the first failing run raises."""
    settings = settings_of(order.script) if order.swing_runs else ()
    tasks: list[Task] = numbered(order.script, order.seeds)
    for setting, value in _values(settings):
        tasks += numbered(with_settings(order.script, {setting.name: value}), order.swing_seeds())
    runs = perform_all(tasks, order.jobs, on_done)
    drill = order.script.drill
    return Rehearsal(
        drill=drill.name,
        title=drill.title,
        environment=order.script.environment.name,
        topology=order.script.topology.topology,
        seed=order.seed,
        overrides=order.overrides,
        targets=tuple(RehearsedTarget(name=one.name, probe=one.probe, target=one.target) for one in drill.objectives),
        runs=tuple(runs[: order.runs]),
        swings=_swings(settings, runs[order.runs :], len(order.swing_seeds())),
        randomised=RANDOMISED,
    )


def _values(settings: Sequence[Setting]) -> list[tuple[Setting, str]]:
    return [(setting, value) for setting in settings for value in (setting.low, setting.high)]


def _swings(settings: Sequence[Setting], runs: Sequence[RehearsedRun], each: int) -> tuple[Swing, ...]:
    """The runs are those of each setting's low value, then those of its high one."""
    found = []
    for number, setting in enumerate(settings):
        first = 2 * number * each
        low, high = runs[first : first + each], runs[first + each : first + 2 * each]
        found.append(
            Swing(
                setting=setting,
                rto_seconds_low=_median_rto(low),
                rto_seconds_high=_median_rto(high),
                chance_low=_met(low),
                chance_high=_met(high),
            )
        )
    return tuple(found)


def _median_rto(runs: Sequence[RehearsedRun]) -> float | None:
    measured = [one.high for run in runs for one in run.objectives if one.name == "rto" and one.high is not None]
    return statistics.median(measured) if measured else None


def _met(runs: Sequence[RehearsedRun]) -> float:
    """The share of runs that met the RTO; where the drill has none, that met everything."""
    met = 0
    for run in runs:
        rto = [one.outcome for one in run.objectives if one.name == "rto"] or [run.outcome]
        met += all(outcome == "met" for outcome in rto)
    return met / len(runs) if runs else 0.0
