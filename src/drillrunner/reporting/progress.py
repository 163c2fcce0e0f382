"""What a run has done and what its probes have seen so far, folded from entries and readings as they come.

The terminal's live view and the page in a browser both draw from it (`picture.py`). Moments are drill-clock seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.reporting.lines import clock_time, subject
from drillrunner.reporting.story import Data, data_of, list_of, number_of, text_of

CELLS = 16
LATENCIES_KEPT = 200


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
        """Count the reading in."""
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
        """Of the last good answers; None where there is none."""
        ordered = sorted(self.latencies)
        return ordered[int(0.95 * (len(ordered) - 1))] if ordered else None


@dataclass(slots=True)
class Begun:
    """A Change that was begun and is not put back: what it is, since when, and when it was through.

    `change` is the Change as its undo was recorded. `through` is None while a call of it is not answered, or not yet
    read back. `unknown` says that nobody knows whether a call of it took effect.
    """

    words: str
    group: str
    fault: bool
    began: float
    change: Data = field(default_factory=dict)
    through: float | None = None
    unknown: bool = False
    reads_back: bool = False

    def took_seconds(self, now: float) -> float:
        """How long its applying took, or has taken by now."""
        return (now if self.through is None else self.through) - self.began


@dataclass(frozen=True, slots=True)
class Asked:
    """A manual step that waits for a person. `wall` is the time of day at which it began."""

    words: str
    at: float
    wall: str


@dataclass(slots=True)
class Progress:
    """Where the run stands, from its entries."""

    run_id: str = ""
    began: float | None = None
    phase: str = ""
    phases: list[str] = field(default_factory=list)
    effect: float | None = None
    recovered: float | None = None
    steps_done: int = 0
    waiting: Asked | None = None
    stopped: str = ""
    stopped_by: str = ""
    reverting: bool = False
    ended: str = ""
    begun: dict[str, Begun] = field(default_factory=dict)


def note(progress: Progress, entry: Entry, undos: dict[str, Entry]) -> None:
    """Move the progress on by one entry. `undos` maps each change's id to its `undo.recorded` so far."""
    data = entry.data
    match entry.kind:
        case "run.began":
            progress.run_id, progress.began = text_of(data, "run_id"), entry.at
        case "phase.began":
            progress.phase = text_of(data, "phase")
            progress.phases.append(progress.phase)
            progress.steps_done = 0
        case "call.intent" | "call.outcome" | "read_back" | "effect.observed":
            _note_change(progress, entry, undos)
        case "change.reverted" if data.get("ok") is True:
            progress.begun.pop(text_of(data, "change_id"), None)
        case "recovered":
            progress.recovered = number_of(data, "high") or entry.at
        case "step.began":
            manual = data.get("kind") == "manual"
            progress.waiting = Asked(text_of(data, "text"), entry.at, clock_time(entry.wall)) if manual else None
        case "step.done":
            progress.steps_done, progress.waiting = progress.steps_done + 1, None
        case "stop.tripped" | "interrupted":
            progress.stopped = text_of(data, "why") or text_of(data, "by")
            progress.stopped_by = text_of(data, "by") or progress.stopped_by
        case "revert.began":
            progress.reverting, progress.waiting = True, None
        case "run.ended":
            progress.ended = text_of(data, "outcome") or "ended"


def _note_change(progress: Progress, entry: Entry, undos: dict[str, Entry]) -> None:
    """What becomes of a Change while it is applied; how it is put back is told by `change.reverted` alone."""
    data, change_id = entry.data, text_of(entry.data, "change_id")
    if entry.kind == "effect.observed":
        if progress.effect is None:
            progress.effect = number_of(data, "low") or entry.at
    elif data.get("role") != "apply":
        return
    elif entry.kind == "call.intent" and change_id not in progress.begun:
        undo = undos.get(change_id)
        role, group = ("fault", "") if undo is None else (undo.data.get("role"), text_of(undo.data, "group"))
        change = {} if undo is None else data_of(undo.data, "change")
        progress.begun[change_id] = Begun(subject(entry, undos), group or change_id, role == "fault", entry.at, change)
    if change_id in progress.begun:
        _note_call(progress.begun[change_id], entry)


def _note_call(begun: Begun, entry: Entry) -> None:
    """How far the applying of a Change has come."""
    if entry.kind == "call.intent":
        # an intent holds no read-back: that stands in the Change
        begun.through, begun.reads_back = None, any(call.get("read_back") for call in list_of(begun.change, "apply"))
    elif entry.kind == "call.outcome":
        begun.unknown = entry.data.get("outcome") == "unknown"
        begun.through = None if begun.reads_back else entry.at
    elif entry.kind == "effect.observed" or entry.data.get("holds") is True:
        begun.through = entry.at
