"""What the agent is to do at a moment: which thing to start, what waits, and what was too late. Pure.

A moment of a schedule is on time until its grace is over. A run answers every moment before it, as in `due.py`;
`missed: run` alone gives each moment a run of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from drillrunner.gameday.agent.memory import fresh
from drillrunner.gameday.occurrences import first_after, moment_of, occurrences
from drillrunner.model.agent import AgentState, Choice, Decision, Known, Lateness, Refusal, Thing
from drillrunner.model.noun import Noun

# No moment is missed by the time that an agent needs to look around.
PROMPT_SECONDS = 60.0
# How many moments `missed: run` catches up with; older ones are left.
CATCH_UP_MOST = 10
RETRY_SECONDS_LOW, RETRY_SECONDS_HIGH = 60.0, 3600.0
_SECOND = timedelta(seconds=1)


class _Standing(Noun):
    """One thing: what could be started for it (not before `ready_at`), and what is left."""

    choice: Choice | None = None
    ready_at: datetime | None = None
    ends_at: datetime | None = None
    missed: Lateness | None = None


def decide(things: Sequence[Thing], state: AgentState, now: datetime) -> Decision:
    """What to start now, of what is not refused for the time being: the earliest moment first, then by name."""
    ready: list[tuple[Thing, Choice]] = []
    missed: list[Lateness] = []
    looks: list[datetime] = []
    coming: list[Choice] = []
    for thing in sorted(things, key=lambda one: (one.name, one.kind)):
        known = state.known.get(thing.key) or fresh(thing, now)
        standing = _standing(thing, known, now)
        following = _next(thing, now)
        looks += [at for at in (standing.ready_at, standing.ends_at, following) if at and at > now]
        coming += [Choice(key=thing.key, moment=following)] if following else []
        if standing.missed is not None:
            missed.append(standing.missed)
        if standing.choice is not None and not (standing.ready_at and standing.ready_at > now):
            ready.append((thing, standing.choice))
    ready.sort(key=lambda one: one[1].moment)
    runnable = [choice for thing, choice in ready if thing.kind != "exercise" and thing.held is None]
    return Decision(
        start=runnable[0] if runnable else None,
        waiting=tuple(runnable[1:]),
        held=tuple(choice for thing, choice in ready if thing.kind != "exercise" and thing.held is not None),
        announced=tuple(choice for thing, choice in ready if thing.kind == "exercise"),
        missed=tuple(missed),
        coming=min(coming, key=lambda choice: choice.moment, default=None),
        look_at=min(looks, default=None),
    )


def window(thing: Thing) -> timedelta:
    """How long after its moment a thing is on time."""
    return timedelta(seconds=max(thing.schedule.grace_seconds, PROMPT_SECONDS))


def pause_seconds(times: int) -> float:
    """How long to wait after so many failures in a row, in real seconds."""
    return float(min(RETRY_SECONDS_LOW * 2 ** min(times - 1, 30), RETRY_SECONDS_HIGH))


def _standing(thing: Thing, known: Known, now: datetime) -> _Standing:
    moments = _open(thing, known, now)
    if not moments:
        return _Standing()
    refusal = known.refusal
    if thing.schedule.missed == "skip":
        late = sum(1 for moment in moments if now > moment + window(thing))
        return _of(thing, moments, late, len(moments) - 1, refusal, now)
    if thing.schedule.missed == "run_once":
        late = len(moments) if _given_up(thing, moments[-1], refusal, now) else 0
        return _of(thing, moments, late, len(moments) - 1, refusal, now)
    late = max(0, len(moments) - CATCH_UP_MOST)
    while late < len(moments) and _given_up(thing, moments[late], refusal, now):
        late += 1
    return _of(thing, moments, late, late, refusal, now)


def _of(
    thing: Thing, moments: Sequence[datetime], late: int, chosen: int, refusal: Refusal | None, now: datetime
) -> _Standing:
    """The first `late` moments are left; of the others the `chosen` one answers all up to it."""
    missed = Lateness(key=thing.key, first=moments[0], last=moments[late - 1], count=late) if late else None
    if late == len(moments):
        return _Standing(missed=missed)
    moment = moments[chosen]
    mine = refusal if refusal is not None and refusal.moment == moment else None
    ready_at = None
    if mine is not None and mine.last_at <= now:  # a clock that was set back forgets the pause
        ready_at = mine.last_at + timedelta(seconds=pause_seconds(mine.times))
    ends_at = None
    if thing.schedule.missed == "skip":
        ends_at = moment + window(thing) + _SECOND
    elif mine is not None:
        ends_at = mine.first_at + window(thing) + _SECOND
    choice = Choice(key=thing.key, moment=moment, answers=chosen - late + 1)
    return _Standing(choice=choice, ready_at=ready_at, ends_at=ends_at, missed=missed)


def _given_up(thing: Thing, moment: datetime, refusal: Refusal | None, now: datetime) -> bool:
    """Whether a moment that may be late was refused for longer than its grace."""
    if refusal is None or refusal.moment != moment:
        return False
    return now > max(moment, refusal.first_at) + window(thing)


def _open(thing: Thing, known: Known, now: datetime) -> list[datetime]:
    """The moments until now that nothing has answered, ascending."""
    after = _settled_until(thing, known, now)
    if not _counts_from_run(thing):
        return list(occurrences(thing.schedule, after, now)) if after < now else []
    if thing.last_began is None:
        return []
    return [moment for moment in occurrences(thing.schedule, thing.last_began, now) if moment > after]


def _settled_until(thing: Thing, known: Known, now: datetime) -> datetime:
    """Up to where every moment is answered, used or left. What a wrong clock had said of the future is ignored."""
    settled = [moment for moment in known.used if moment <= now]
    if known.missed is not None and known.missed.at <= now:
        settled.append(known.missed.moment)
    answered = _answered(thing, known)
    if answered is not None:
        settled.append(answered)
    if known.changed:
        settled.append(known.since)
    return max(settled) if settled else _origin(thing, known)


def _answered(thing: Thing, known: Known) -> datetime | None:
    """Until when completed runs have answered. Where each moment has a run of its own, the agent's answer but one."""
    began = thing.last_began
    if began is None or thing.schedule.missed != "run" or _counts_from_run(thing):
        return began
    own = any(starts - _SECOND <= began <= ends for starts, ends in known.own)
    return None if own else began


def _origin(thing: Thing, known: Known) -> datetime:
    """Right before the first moment that can be missed: of a schedule that says not since when, when it was seen."""
    if thing.schedule.starts is None:
        return known.since - timedelta(microseconds=1)
    return moment_of(thing.schedule.starts, ZoneInfo(thing.schedule.time_zone)).astimezone(UTC) - _SECOND


def _counts_from_run(thing: Thing) -> bool:
    return thing.schedule.every is not None and thing.schedule.starts is None


def _next(thing: Thing, now: datetime) -> datetime | None:
    """The next moment of the schedule."""
    if not _counts_from_run(thing):
        return first_after(thing.schedule, now)
    if thing.last_began is None:
        return None
    return next((at for at in occurrences(thing.schedule, thing.last_began, _horizon(now)) if at > now), None)


def _horizon(now: datetime) -> datetime:
    """Further than any `every` reaches."""
    return now + timedelta(days=3_700)
