"""The live view: what a run does and what users see, redrawn on a terminal a few times a second."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from drillrunner.clock import Clock
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.reporting.lines import clock_time, remember, subject, told
from drillrunner.reporting.outside_text import visible
from drillrunner.reporting.series import is_lag
from drillrunner.reporting.story import number_of, text_of
from drillrunner.reporting.wording import length

FRAMES_PER_SECOND = 4
CELLS = 16
RECENT_CELLS = 5
LATENCIES_KEPT = 200
ROWS_MOST = 12
EVENTS_SHOWN = 6
SPARKS = "▁▂▃▄▅▆▇█"
SHOWN_PHASES = ("preflight", "baseline", "inject", "detect", "failover", "recover", "failback", "revert")


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


@dataclass(slots=True)
class Cell:
    """What was seen in one stretch of time. `number` is the stretch, counted from the clock's start."""

    number: int
    good: int = 0
    bad: int = 0


@dataclass(slots=True)
class Track:
    """The last stretches of one probe or serving region, bounded."""

    cell_seconds: float
    cells: deque[Cell] = field(default_factory=lambda: deque(maxlen=CELLS))
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    value: float | None = None
    why: str = ""

    def add(self, reading: Reading) -> None:
        number = int(reading.answered // self.cell_seconds)
        if not self.cells or number > self.cells[-1].number:
            self.cells.append(Cell(number))
        cell = self.cells[-1]
        if reading.ok:
            cell.good += 1
            self.latencies.append(reading.answered - reading.asked)
        elif reading.ok is False:
            cell.bad += 1
        self.value = reading.value
        self.why = "" if reading.ok else reading.why or ""

    def recent(self, now: float) -> list[Cell | None]:
        """The last stretches up to now, None where nothing was seen."""
        last = int(now // self.cell_seconds)
        known = {cell.number: cell for cell in self.cells}
        return [known.get(number) for number in range(last - CELLS + 1, last + 1)]

    def p95_seconds(self) -> float | None:
        ordered = sorted(self.latencies)
        return ordered[int(0.95 * (len(ordered) - 1))] if ordered else None


@dataclass(slots=True)
class Progress:
    """Where the run stands, from its entries. Moments are drill-clock seconds."""

    run_id: str = ""
    began: float | None = None
    phase: str = ""
    phases: list[str] = field(default_factory=list)
    effect: float | None = None
    recovered: float | None = None
    steps_done: int = 0
    waiting: str = ""
    stopped: str = ""
    reverting: bool = False
    faults: dict[str, str] = field(default_factory=dict)
    changes: set[str] = field(default_factory=set)


def _applied(progress: Progress, entry: Entry, undos: dict[str, Entry]) -> None:
    change_id = text_of(entry.data, "change_id")
    progress.changes.add(change_id)
    undo = undos.get(change_id)
    if undo is None or undo.data.get("role") == "fault":
        progress.faults[change_id] = subject(entry, undos)


def _note(progress: Progress, entry: Entry, undos: dict[str, Entry]) -> None:
    """Move the progress on by one entry."""
    data = entry.data
    match entry.kind:
        case "run.began":
            progress.run_id, progress.began = text_of(data, "run_id"), entry.at
        case "phase.began":
            progress.phase = text_of(data, "phase")
            progress.phases.append(progress.phase)
            progress.steps_done = 0
        case "call.intent" if data.get("role") == "apply":
            _applied(progress, entry, undos)
        case "change.reverted" if data.get("ok") is True:
            progress.faults.pop(text_of(data, "change_id"), None)
            progress.changes.discard(text_of(data, "change_id"))
        case "effect.observed" if progress.effect is None:
            progress.effect = number_of(data, "low") or entry.at
        case "recovered":
            progress.recovered = number_of(data, "high") or entry.at
        case "step.began":
            progress.waiting = text_of(data, "text") if data.get("kind") == "manual" else ""
        case "step.done":
            progress.steps_done, progress.waiting = progress.steps_done + 1, ""
        case "stop.tripped" | "interrupted":
            progress.stopped = text_of(data, "why") or text_of(data, "by")
        case "revert.began":
            progress.reverting, progress.waiting = True, ""


class LiveView:
    """The screen of a run. Use it as a context manager; hand it every entry and reading.

    Bounded in memory whatever the run's length; safe against the thread that redraws it.
    """

    def __init__(self, plan: Plan, clock: Clock, console: Console) -> None:
        self._plan = plan
        self._clock = clock
        self._console = console
        self._lock = threading.Lock()
        self._progress = Progress()
        self._undos: dict[str, Entry] = {}
        self._events: deque[str] = deque(maxlen=EVENTS_SHOWN)
        self._probes: dict[str, Track] = {}
        self._regions: dict[str, Track] = {}
        self._users = frozenset(probe.name for probe in plan.drill.user_facing)
        self._lags = frozenset(probe.name for probe in plan.drill.probes if is_lag(probe.kind))
        self._cell_seconds = 2.0 * max((probe.every_seconds for probe in plan.drill.user_facing), default=1.0)
        self._live = Live(
            get_renderable=self.render,
            console=console,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> LiveView:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def entry(self, entry: Entry) -> None:
        """Show what the entry tells."""
        with self._lock:
            remember(entry, self._undos)
            _note(self._progress, entry, self._undos)
            words = told(entry, self._undos)
            if words is not None:
                self._events.append(visible(f"{clock_time(entry.wall)} {words[0]:<7} {words[1]}"))

    def reading(self, reading: Reading) -> None:
        """Count the reading in."""
        with self._lock:
            self._track(self._probes, reading.probe).add(reading)
            if reading.region and reading.probe in self._users:
                self._track(self._regions, reading.region).add(reading)

    def _track(self, table: dict[str, Track], name: str) -> Track:
        if name not in table and len(table) >= ROWS_MOST:
            name = "others"
        return table.setdefault(name, Track(self._cell_seconds))

    def render(self) -> RenderableType:
        """One frame, from what is known now, that fits the terminal's height."""
        with self._lock:
            now = self._clock.monotonic()
            head = [self._header(now), self._phase_line()]
            rows = [
                self._row(name, track, now) for name, track in (*sorted(self._regions.items()), *self._probe_rows())
            ]
            foot = [self._injected_line(), self._guards_line()]
            events = [Text(f" {event}", style="dim") for event in self._events]
            waiting, last = self._waiting_line(), self._interrupt_line()
        room = self._console.height - len(head) - len(foot) - 2 * len(waiting) - 2
        rows = rows[: max(1, room)]
        events = events[len(events) - max(0, min(len(events), room - len(rows))) :]
        lines = [*head, *rows, *foot, *events, last]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return Group(*lines[:-1], *waiting, last)

    def _header(self, now: float) -> Text:
        progress, plan = self._progress, self._plan
        scale = f" {self._clock.scale:g}×" if self._clock.scale != 1 else ""
        text = Text().append(visible(plan.drill.name), style="bold")
        text.append(f"  {visible(plan.environment.name)}{scale}  run {visible(progress.run_id)}")
        if progress.began is not None:
            text.append(f"  T+{clock_words(now - progress.began)}", style="cyan")
        text.append_text(self._rto_clock(now))
        return text

    def _rto_clock(self, now: float) -> Text:
        progress = self._progress
        target = next((one.target for one in self._plan.drill.objectives if one.name == "rto"), None)
        if progress.effect is None or target is None:
            return Text("")
        seconds = (progress.recovered or now) - progress.effect
        filled = min(8, int(8 * seconds / target)) if target else 8
        style = "green" if progress.recovered and seconds <= target else "red" if seconds > target else "yellow"
        bar = "▓" * filled + "░" * (8 - filled)
        return Text(f"  RTO {clock_words(seconds)}/{clock_words(target)} {bar}", style=style)

    def _phase_line(self) -> Text:
        progress, text = self._progress, Text()
        for phase in SHOWN_PHASES:
            if phase == progress.phase:
                steps = {"failover": self._plan.failover, "failback": self._plan.failback}.get(phase)
                count = f" {progress.steps_done}/{len(steps)}" if steps else ""
                text.append(f" ▶{phase}{count}", style="bold")
            elif phase in progress.phases:
                text.append(f" ✓{phase}", style="green")
            else:
                text.append(f" ·{phase}", style="dim")
        if progress.phase and progress.phase not in SHOWN_PHASES:
            text.append(f" ▶{visible(progress.phase)}", style="bold")
        return text

    def _probe_rows(self) -> list[tuple[str, Track]]:
        """Probes in the plan's order, the one that only repeats its regions' rows left in for its errors."""
        order = {probe.name: number for number, probe in enumerate(self._plan.drill.probes)}
        return sorted(self._probes.items(), key=lambda item: order.get(item[0], len(order)))

    def _row(self, name: str, track: Track, now: float) -> Text:
        cells = track.recent(now)
        seen = [cell for cell in cells[-RECENT_CELLS:] if cell is not None]
        good, bad = sum(cell.good for cell in seen), sum(cell.bad for cell in seen)
        sparks = sparkline([-1.0 if cell is None else float(cell.good) for cell in cells])
        failing = bad / (good + bad) if good + bad else 0.0
        style = "red" if failing > 0.5 else "yellow" if failing > 0 else "none"
        text = Text(f" {visible(name)[:14]:<14} ")
        text.append(sparks, style="cyan")
        text.append(f" {(good + bad) / (RECENT_CELLS * self._cell_seconds):>6.1f} rps")
        text.append(f"  err {100 * failing:>3.0f} %", style=style)
        text.append(self._figure(name, track, answering=good > 0))
        if track.why:
            text.append(f"  {visible(track.why, 40)}", style="red" if bad else "dim")
        return text

    def _figure(self, name: str, track: Track, *, answering: bool) -> str:
        if name in self._lags:
            return "  lag —    " if track.value is None else f"  lag {length(track.value):<5}"
        p95 = track.p95_seconds() if answering else None
        return "  p95 —    " if p95 is None else f"  p95 {length(p95):<5}"

    def _injected_line(self) -> Text:
        injected = self._progress.faults
        if not injected:
            return Text(" INJECTED nothing", style="dim")
        return Text(f" INJECTED ({len(injected)})  {visible(' · '.join(injected.values()))}", style="bold red")

    def _guards_line(self) -> Text:
        stopped = self._progress.stopped
        words = f"STOPPED: {visible(stopped)}" if stopped else f"stop_if {len(self._plan.drill.stop_if)} watched"
        return Text(f" GUARDS  {words} · {self._freeze()}", style="bold red" if stopped else "none")

    def _freeze(self) -> str:
        now: datetime = self._clock.wall()
        coming = sorted(window.begins for window in self._plan.environment.freeze if window.begins > now)
        return f"freeze clear until {coming[0]:%Y-%m-%d %H:%MZ}" if coming else "no freeze ahead"

    def _waiting_line(self) -> list[Text]:
        waiting = self._progress.waiting
        return [Text(f' waiting: "{visible(waiting)}" [enter when done]', style="bold yellow")] if waiting else []

    def _interrupt_line(self) -> Text:
        left = len(self._progress.changes)
        if self._progress.reverting:
            return Text(f" putting back · Ctrl-C: leave now, {left} changes stay", style="dim")
        return Text(f" Ctrl-C: stop and put back · again: leave now, {left} changes stay", style="dim")
