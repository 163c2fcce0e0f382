"""The troubles that may befall a run, each drawn from the seed. All times are drill seconds after the start.

A trouble that is left out (`without`) changes no other's luck, so that a failing seed can be made smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from drillrunner.simulation.dice import dice

Moment = Literal["before", "after", "in-call", "at"]


@dataclass(frozen=True, slots=True)
class Death:
    """A process dies before or after it writes its nth entry, while its nth changing call is under way, or `at` a time.

    Then `nth` is the second of its life.
    """

    moment: Moment
    nth: int
    # the call under way lands so late (a paused owner's, a full queue's), as a share of what is possible
    late_share: float


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely a call meets each fate."""

    throttled: float = 0.0
    server_error: float = 0.0
    timed_out: float = 0.0
    late: float = 0.0
    read_lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Troubles:
    """Everything that befalls one seed's runs. None or empty: it does not happen."""

    death: Death | None = None
    reverter_deaths: tuple[Death, ...] = ()
    rescue_after: tuple[float, ...] = (5.0,)
    odds: Odds = field(default_factory=Odds)
    slow_seconds: float = 0.5
    reads_behind_seconds: float = 0.0
    expired: tuple[float, float] | None = None
    disk_full: tuple[float, float] | None = None
    wall_jump: tuple[float, float] | None = None
    cancelled_at: float | None = None
    interrupted_at: float | None = None
    forced_after: float | None = None
    stop_asked_at: float | None = None
    lock_lost_at: float | None = None
    second_runner_at: float | None = None
    third_party_at: tuple[float, ...] = ()
    meddled_at: float | None = None
    hiccups: tuple[tuple[float, float, str], ...] = ()
    alarm: tuple[float, float] | None = None
    blackout: tuple[float, float] | None = None
    next_run_reverts: bool = False
    stalled: tuple[float, float] | None = None
    person_away: bool = False
    view_fails_after: int | None = None
    # whatever dies, dies by a power cut, which takes this share of what was written and not fsynced
    power_cut_share: float | None = None


Draw = Callable[[int], dict[str, object]]
FOR_EVER = 1e9


def _death(seed: int) -> dict[str, object]:
    luck = dice(seed, "death")
    moment: Moment = luck.choice(("before", "after", "in-call", "in-call", "at"))
    latest = {"before": 45, "after": 45, "in-call": 6, "at": 100}[moment]
    return {"death": Death(moment, luck.randint(1, latest), luck.random())}


def _reverter_deaths(seed: int) -> dict[str, object]:
    luck = dice(seed, "reverter deaths")
    moments: tuple[Moment, ...] = ("before", "after", "in-call", "at")
    deaths = []
    for _ in range(luck.randint(1, 4)):
        moment = luck.choice(moments)
        latest = {"before": 14, "after": 14, "in-call": 4, "at": 30}[moment]
        deaths.append(Death(moment, luck.randint(1, latest), luck.random()))
    return {"reverter_deaths": tuple(deaths)}


def _odds(name: str) -> Draw:
    def draw(seed: int) -> dict[str, object]:
        return {name: dice(seed, name).choice((0.03, 0.1, 0.3))}

    return draw


def _span(name: str, longest: float, *, for_ever: float = 0.0) -> Draw:
    """From a moment for so long; with that chance, for ever."""

    def draw(seed: int) -> dict[str, object]:
        luck = dice(seed, name)
        begins = luck.uniform(0.0, 150.0)
        lasts = FOR_EVER if luck.random() < for_ever else luck.uniform(1.0, longest)
        return {name: (begins, begins + lasts)}

    return draw


def _moment(name: str, latest: float = 70.0) -> Draw:
    def draw(seed: int) -> dict[str, object]:
        return {name: dice(seed, name).uniform(0.0, latest)}

    return draw


def _forced(seed: int) -> dict[str, object]:
    luck = dice(seed, "forced")
    return {"interrupted_at": luck.uniform(5.0, 120.0), "forced_after": luck.uniform(0.1, 20.0)}


def _wall_jump(seed: int) -> dict[str, object]:
    luck = dice(seed, "wall jump")
    return {"wall_jump": (luck.uniform(0.0, 100.0), luck.choice((-86_400.0, -3_600.0, -5.0, 5.0, 3_600.0, 86_400.0)))}


def _third_party(seed: int) -> dict[str, object]:
    luck = dice(seed, "third_party_at")
    return {"third_party_at": tuple(luck.uniform(5.0, 120.0) for _ in range(luck.randint(1, 4)))}


def _power_cut(seed: int) -> dict[str, object]:
    luck = dice(seed, "power cut")
    return {"power_cut_share": luck.choice((1.0, 1.0, luck.random()))}


def _hiccups(seed: int) -> dict[str, object]:
    luck = dice(seed, "hiccups")
    spans = []
    for _ in range(luck.randint(1, 3)):
        begins = luck.uniform(0.0, 150.0)
        spans.append((begins, begins + luck.uniform(0.3, 8.0), luck.choice(("status", "hang"))))
    return {"hiccups": tuple(spans)}


# What befalls a run, by the name that `--without` takes: (how likely a seed has it, how it is drawn)
KINDS: dict[str, tuple[float, Draw]] = {
    "death": (0.35, _death),
    "reverter-deaths": (0.3, _reverter_deaths),
    "throttling": (0.2, _odds("throttled")),
    "server-errors": (0.2, _odds("server_error")),
    "time-outs": (0.25, _odds("timed_out")),
    "late-effects": (0.3, _odds("late")),
    "lost-read-backs": (0.2, _odds("read_lost")),
    "slow-calls": (0.15, lambda seed: {"slow_seconds": dice(seed, "slow").uniform(2.0, 8.0)}),
    "stale-reads": (0.15, lambda seed: {"reads_behind_seconds": dice(seed, "behind").uniform(0.5, 3.0)}),
    "expired-credentials": (0.12, _span("expired", 60.0, for_ever=0.4)),
    "full-disk": (0.12, _span("disk_full", 40.0, for_ever=0.5)),
    "wall-jump": (0.1, _wall_jump),
    "cancellation": (0.1, _moment("cancelled_at")),
    "interrupt": (0.1, _moment("interrupted_at")),
    "forced": (0.06, _forced),
    "drill-stop": (0.06, _moment("stop_asked_at")),
    "lock-lost": (0.05, _moment("lock_lost_at")),
    "second-runner": (0.12, _moment("second_runner_at")),
    "third-party": (0.12, _third_party),
    "meddler": (0.08, _moment("meddled_at", 120.0)),
    "hiccups": (0.25, _hiccups),
    "alarm": (0.1, _span("alarm", 30.0)),
    "blackout": (0.1, _span("blackout", 60.0)),
    "next-run": (0.15, lambda seed: {"next_run_reverts": True}),
    "stalled-replication": (0.15, _span("stalled", 30.0)),
    "person-away": (0.03, lambda seed: {"person_away": True}),
    "power-cut": (0.3, _power_cut),
    "broken-view": (0.05, lambda seed: {"view_fails_after": dice(seed, "view").randint(0, 30)}),
}
# Seeds without any trouble, and seeds with more than twice as many as usual.
QUIET_SHARE = 0.1
STORMY_SHARE = 0.2


def troubles_of(seed: int, without: frozenset[str]) -> tuple[Troubles, tuple[str, ...]]:
    """The seed's troubles but for those left out, and the names of those that it has."""
    if dice(seed, "quiet").random() < QUIET_SHARE:
        return Troubles(), ()
    names = [
        name for name, (chance, _) in KINDS.items() if dice(seed, "has", name).random() < chance and name not in without
    ]
    drawn: dict[str, object] = {}
    for name in names:
        drawn |= KINDS[name][1](seed)
    odds = {key: drawn.pop(key) for key in Odds.__dataclass_fields__ if key in drawn}
    luck = dice(seed, "rescue")
    pauses = tuple(luck.choice((0.0, luck.uniform(0.0, 5.0), luck.uniform(0.0, 30.0))) for _ in range(6))
    return Troubles(**drawn, odds=Odds(**odds), rescue_after=pauses), tuple(names)  # type: ignore[arg-type]
