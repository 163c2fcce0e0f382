"""The picture of a run while it goes: what the terminal and the page in a browser both show, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.runbook_walk import StepState, Walk
from drillrunner.reporting.lines import remember, told
from drillrunner.reporting.progress import Asked, Progress, Track, note
from drillrunner.reporting.put_back import Durations, put_back
from drillrunner.reporting.series import is_lag
from drillrunner.reporting.wording import length

RECENT_CELLS = 5
ROWS_MOST = 12
SHOWN_PHASES = ("preflight", "baseline", "inject", "detect", "failover", "recover", "failback", "revert")
SPARKS = "▁▂▃▄▅▆▇█"
OTHERS = "others"
LOCK_LOST = "lease"  # who ended a run whose lock was taken away, as the journal calls it


def sparkline(values: Sequence[float], most: float | None = None) -> str:
    """One block per value, of the highest (or of `most`); nothing at all is a space."""
    top = max(values, default=0.0) if most is None else most
    if top <= 0:
        return "".join(SPARKS[0] if value >= 0 else " " for value in values)
    last = len(SPARKS) - 1
    return "".join(" " if value < 0 else SPARKS[min(last, round(value / top * last))] for value in values)


def clock_words(seconds: float) -> str:
    """`06:12`, `1:06:12`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


@dataclass(frozen=True, slots=True)
class PhaseMark:
    """A phase, and how many of its steps are done (`3/5`, empty where it has none)."""

    name: str
    state: Literal["done", "now", "ahead"]
    steps: str = ""


@dataclass(frozen=True, slots=True)
class RtoClock:
    """How long users have been without service, against the first RTO objective."""

    seconds: float
    target_seconds: float
    state: Literal["running", "met", "over"]


@dataclass(frozen=True, slots=True)
class Row:
    """One serving region or probe over its last stretches: good and bad answers of each, None where nothing was seen.

    `failing` is the share of bad answers lately. A lag's row has `is_lag`, and its last value in `lag_seconds`.
    """

    name: str
    cells: tuple[tuple[int, int] | None, ...]
    per_second: float
    failing: float
    p95_seconds: float | None
    lag_seconds: float | None
    is_lag: bool
    why: str

    @property
    def sparks(self) -> str:
        """The good answers as blocks."""
        return sparkline([-1.0 if cell is None else float(cell[0]) for cell in self.cells])

    @property
    def figure(self) -> str:
        """`p95 240ms`, or `lag 1.9s`; both for a region to which a lag is known."""
        p95 = f"p95 {'—' if self.p95_seconds is None else length(self.p95_seconds)}"
        lag = f"lag {'—' if self.lag_seconds is None else length(self.lag_seconds)}"
        return lag if self.is_lag else p95 if self.lag_seconds is None else f"{p95:<9} {lag}"


@dataclass(frozen=True, slots=True)
class InEffect:
    """A fault that is injected, and for how long."""

    words: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.words} {clock_words(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Picture:
    """One moment of a run. `put_back_seconds` are drill seconds; None where nothing is known of it.

    `steps` are the runbook's, `step` the one that people are at; its `step_seconds` count from its beginning.
    """

    drill: str
    environment: str
    run_id: str
    elapsed_seconds: float | None
    rto: RtoClock | None
    phases: tuple[PhaseMark, ...]
    regions: tuple[Row, ...]
    probes: tuple[Row, ...]
    in_effect: tuple[InEffect, ...]
    stop_if: str
    stopped: str
    lock_lost: bool
    waiting: Asked | None
    waited_seconds: float
    reverting: bool
    changes_left: int
    put_back_seconds: float | None
    put_back_unsure: bool
    ended: str
    steps: tuple[StepState, ...]
    step: StepState | None
    step_seconds: float


class Onlooker:
    """What somebody who watches a run has seen: hand it every entry and reading, and ask it for the picture.

    Bounded in memory whatever the run's length and however many probes and regions there are. `durations` is what
    calls took in earlier runs, as `durations_of` gives it.
    """

    def __init__(self, plan: Plan, durations: Mapping[str, float] = MappingProxyType({})) -> None:
        self.plan = plan
        self.progress = Progress()
        self.walk = Walk()
        self._durations = Durations(dict(durations))
        self.newest_answer: float | None = None
        self._undos: dict[str, Entry] = {}
        self._probes: dict[str, Track] = {}
        self._regions: dict[str, Track] = {}
        self._users = frozenset(probe.name for probe in plan.drill.user_facing)
        self._lags = frozenset(probe.name for probe in plan.drill.probes if is_lag(probe.kind))
        self._order = {probe.name: number for number, probe in enumerate(plan.drill.probes)}
        self._lag_to = {
            str(probe.params["to"]): probe.name
            for probe in plan.drill.probes
            if probe.name in self._lags and "to" in probe.params
        }
        self._cell_seconds = 2.0 * max((probe.every_seconds for probe in plan.drill.user_facing), default=1.0)
        self._stop_limits = {stop.probe: stop.fails_for_seconds for stop in plan.drill.stop_if if stop.probe}
        self._failing: dict[str, float | None] = {}  # by a stop condition's probe: since when it is not good

    def entry(self, entry: Entry) -> tuple[str, str] | None:
        """Take an entry in; gives what it is and says (`inject`, …), or None of one that people need not see."""
        remember(entry, self._undos)
        note(self.progress, entry, self._undos)
        self.walk.note(entry)
        self._durations.note(entry, self._undos)
        return told(entry, self._undos)

    def reading(self, reading: Reading) -> None:
        """Count a reading in."""
        self._track(self._probes, reading.probe).add(reading)
        if reading.region and reading.probe in self._users:
            self._track(self._regions, reading.region).add(reading)
        if reading.probe in self._stop_limits:
            since = self._failing.get(reading.probe)
            self._failing[reading.probe] = None if reading.ok else reading.asked if since is None else since
        self.newest_answer = max(reading.answered, self.newest_answer or reading.answered)

    def tracks(self) -> list[Track]:
        """All that is kept of the readings."""
        return [*self._regions.values(), *self._probes.values()]

    def _track(self, table: dict[str, Track], name: str) -> Track:
        if name not in table and len(table) >= ROWS_MOST:
            name = OTHERS
        return table.setdefault(name, Track(self._cell_seconds))

    def picture(self, now: float, *, seen_until: float | None = None, step_id: str = "") -> Picture:
        """The run at `now`. Where readings come late, `seen_until` is the moment up to which they are all there.

        `step_id` is the runbook's step that somebody has chosen to look at.
        """
        progress, drill = self.progress, self.plan.drill
        step = self.walk.state(step_id) or self.walk.current()
        undoing = put_back(progress.begun.values(), self._durations.seconds, now)
        seen = now if seen_until is None else seen_until
        probes = sorted(self._probes.items(), key=lambda item: self._order.get(item[0], len(self._order)))
        waiting = progress.waiting
        return Picture(
            drill=drill.name,
            environment=self.plan.environment.name,
            run_id=progress.run_id,
            elapsed_seconds=None if progress.began is None else now - progress.began,
            rto=self._rto_clock(now),
            phases=tuple(self._phases()),
            regions=tuple(self._row(name, track, seen) for name, track in sorted(self._regions.items())),
            probes=tuple(self._row(name, track, seen) for name, track in probes),
            in_effect=tuple(InEffect(one.words, now - one.began) for one in progress.begun.values() if one.fault),
            stop_if=self._stop_if(now),
            stopped=progress.stopped,
            lock_lost=progress.stopped_by == LOCK_LOST,
            waiting=waiting,
            waited_seconds=0.0 if waiting is None else now - waiting.at,
            reverting=progress.reverting,
            changes_left=len(progress.begun),
            put_back_seconds=None if undoing is None else undoing.seconds,
            put_back_unsure=undoing is not None and undoing.is_least,
            ended=progress.ended,
            steps=self.walk.states,
            step=step,
            step_seconds=0.0 if step is None or step.began is None else max(0.0, (step.done or now) - step.began),
        )

    def _rto_clock(self, now: float) -> RtoClock | None:
        progress = self.progress
        target = next((one.target for one in self.plan.drill.objectives if one.name == "rto"), None)
        if progress.effect is None or target is None:
            return None
        seconds = (progress.recovered or now) - progress.effect
        return RtoClock(seconds, target, "over" if seconds > target else "met" if progress.recovered else "running")

    def _phases(self) -> list[PhaseMark]:
        progress = self.progress
        names = SHOWN_PHASES if progress.phase in ("", *SHOWN_PHASES) else (*SHOWN_PHASES, progress.phase)
        return [self._phase(name) for name in names]

    def _phase(self, name: str) -> PhaseMark:
        progress = self.progress
        if name != progress.phase:
            return PhaseMark(name, "done" if name in progress.phases else "ahead")
        steps = {"failover": self.plan.failover, "failback": self.plan.failback}.get(name, ())
        return PhaseMark(name, "now", f"{progress.steps_done}/{len(steps)}" if steps else "")

    def _row(self, name: str, track: Track, now: float) -> Row:
        cells = track.recent(now)
        seen = [cell for cell in cells[-RECENT_CELLS:] if cell is not None]
        good, bad = sum(cell.good for cell in seen), sum(cell.bad for cell in seen)
        recent_seconds = (RECENT_CELLS - 1) * self._cell_seconds + max(now % self._cell_seconds, 0.1)
        lag = track if name in self._lags else self._probes.get(self._lag_to.get(name, ""))
        return Row(
            name=name,
            cells=tuple(None if cell is None else (cell.good, cell.bad) for cell in cells),
            per_second=(good + bad) / recent_seconds,
            failing=bad / (good + bad) if good + bad else 0.0,
            p95_seconds=track.p95_seconds() if good else None,
            lag_seconds=None if lag is None else lag.value,
            is_lag=name in self._lags,
            why=track.why,
        )

    def _stop_if(self, now: float) -> str:
        """The stop condition that is nearest to stopping the run, if any probe of one is failing."""
        watched = len(self.plan.drill.stop_if)
        failing = {name: now - since for name, since in self._failing.items() if since is not None}
        if failing:
            name = max(failing, key=lambda one: failing[one] - self._stop_limits[one])
            return f"stop_if {name} failing {length(round(failing[name]))} of {length(self._stop_limits[name])}"
        if not watched:
            return "no stop_if"
        seen_good = all(one.probe in self._failing for one in self.plan.drill.stop_if)
        return "stop_if ok" if seen_good else f"stop_if {watched} watched"


def freeze_words(plan: Plan, now: datetime) -> str:
    """`freeze clear until 2026-12-01 18:00Z`."""
    windows = sorted(plan.environment.freeze, key=lambda window: window.begins)
    inside = next((window for window in windows if window.begins <= now < window.ends), None)
    if inside is not None:
        return f"IN A FREEZE until {inside.ends:%Y-%m-%d %H:%MZ}"
    coming = next((window for window in windows if window.begins > now), None)
    return f"freeze clear until {coming.begins:%Y-%m-%d %H:%MZ}" if coming else "no freeze ahead"


def guards_words(picture: Picture, freeze: str, *, lock_held: bool = True) -> str:
    """What keeps watch over the run, in one line."""
    state = f"STOPPED: {picture.stopped}" if picture.stopped else picture.stop_if
    return f"{state} · {freeze} · lock {'held' if lock_held and not picture.lock_lost else 'LOST'}"


def about_words(picture: Picture, scale: float) -> str:
    """` (about 40 s)` in a person's seconds, or nothing where nothing is known."""
    if picture.put_back_seconds is None:
        return ""
    seconds = max(1, round(picture.put_back_seconds / scale))
    return f" ({seconds} s or more)" if picture.put_back_unsure else f" (about {seconds} s)"
