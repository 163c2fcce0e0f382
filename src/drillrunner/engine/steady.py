"""Steady state and stop conditions: what the probes' tracks mean for going on. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from drillrunner.engine.watch import Track
from drillrunner.model.drill import Drill, ProbeSpec, StopCondition

CONDITION_EVERY_SECONDS = 10.0
CONDITION_TIMEOUT_SECONDS = 5.0
# A stop condition that cannot be evaluated so often in a row stops the run: in doubt, do not act.
CONDITION_UNKNOWN_LIMIT = 3
# The share of good answers that counts as a steady state; one lost packet must not cancel a game day.
STEADY_SHARE = 0.95


def not_steady(drill: Drill, tracks: Mapping[str, Track], detector: str | None) -> str | None:
    """Why the baseline cannot count as healthy, or None."""
    for name in sorted(_must_be_steady(drill, detector)):
        track = tracks[name]
        if track.good + track.bad == 0:
            return f"probe {name} gave no answer" + because(track)
        if track.last is not None and track.last.ok is not True:
            return f"probe {name} is failing" + because(track)
        if track.good < STEADY_SHARE * track.count:
            return f"probe {name} was good in only {track.good} of {track.count} answers"
    return not_served_from_home(drill, tracks)


def not_served_from_home(drill: Drill, tracks: Mapping[str, Track]) -> str | None:
    """Why users cannot count as served from where the drill says that they are, or None.

    A resolver may hold the standby's address for a TTL after a failover: a fault in the primary would then
    have no effect that a user sees, and nothing could be measured.
    """
    for probe in drill.user_facing if drill.served_from else ():
        last = tracks[probe.name].last_good
        if last is None or last.region != drill.served_from:
            region = last.region if last is not None and last.region else "a region that it does not name"
            return f"probe {probe.name} is served from {region}, not from {drill.served_from}"
    return None


def _must_be_steady(drill: Drill, detector: str | None) -> set[str]:
    """Every probe that something is decided by."""
    named = {probe.name for probe in drill.user_facing}
    named |= {objective.probe for objective in drill.objectives}
    named |= {stop_name(stop, number) for number, stop in enumerate(drill.stop_if, start=1)}
    return named | ({detector} if detector else set())


def stop_name(stop: StopCondition, number: int) -> str:
    """The probe that a stop condition looks at: the drill's own, or the one made for the condition."""
    return stop.probe or condition_name(stop, number)


def condition_name(stop: StopCondition, number: int) -> str:
    return f"stop_if.{number}.{stop.kind}"


def condition_spec(stop: StopCondition, number: int) -> ProbeSpec:
    return ProbeSpec(
        name=condition_name(stop, number),
        kind=stop.kind or "",
        params=stop.params,
        every_seconds=CONDITION_EVERY_SECONDS,
        timeout_seconds=CONDITION_TIMEOUT_SECONDS,
    )


def tripped(stop: StopCondition, track: Track) -> str | None:
    """Why this condition says stop, or None."""
    if stop.probe is not None:
        failing = track.not_good_for_seconds()
        if track.not_good_since is not None and failing >= stop.fails_for_seconds:
            return f"failing for {failing:.0f}s" + because(track)
        return None
    if track.last is not None and track.last.ok is False:
        return track.last.why or "tripped"
    if track.unknown_streak >= CONDITION_UNKNOWN_LIMIT:
        return f"could not be evaluated {track.unknown_streak} times in a row" + because(track)
    return None


def because(track: Track) -> str:
    return f" ({track.last.why})" if track.last is not None and track.last.why else ""
