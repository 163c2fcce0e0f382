"""How people and the drill go through a runbook's steps in a run: folded from the journal, entry by entry. Pure.

Moments are drill-clock seconds. What the drill itself does of a step is told by its own entries; what people do by
`runbook.step`. So a journal that ends anywhere, and one that `drill revert` goes on with, tells it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import JsonValue, ValidationError

from drillrunner.model.drill import Drill
from drillrunner.model.journal import Entry
from drillrunner.model.noun import Noun
from drillrunner.model.runbook import DrillStepMention, Runbook, RunbookStep

READ, STEP = "runbook.read", "runbook.step"
BY_DRILL = "the drill"
NAME_CHARACTERS_MOST = 60

StepWord = Literal["begun", "done"]
WORDS: tuple[StepWord, ...] = ("begun", "done")
Via = Literal["terminal", "page", "shell"]
_Move = tuple[str, int]
_SENTENCE = re.compile(r"(.{12,}?[.!?])\s+(?=[A-Z(`\"'])")
_ENDS = ".!?:;…`)"
_FAULT_GROUP = re.compile(r"fault-(\d{1,4})\Z")


class ListedStep(Noun):
    """A step of the runbook as it is walked in one run: `id` is `3`, or `2.3` where the runbook has several lists.

    `moves` are the steps of the drill that it is: (failover, failback or revert; index from 0). It is `drilled` if the
    drill says what exercises it.
    """

    id: str
    section: str
    text: str
    expect_seconds: float | None = None
    who: str | None = None
    moves: tuple[_Move, ...] = ()
    drilled: bool = False

    @property
    def by_drill(self) -> bool:
        """Whether the drill's own steps begin and end it."""
        return bool(self.moves)


class StepRequest(Noun):
    """What somebody says of a step: that it was begun or done, who, and from where. `by` is empty for nobody's name."""

    id: str
    state: StepWord
    by: str = ""
    via: Via


@dataclass(frozen=True, slots=True)
class StepState:
    """How far one step has come. `by` is who ended it, or else who began it; walls are ISO 8601 stamps."""

    step: ListedStep
    began: float | None = None
    done: float | None = None
    began_wall: str = ""
    done_wall: str = ""
    by: str = ""
    failed: bool = False

    @property
    def is_open(self) -> bool:
        return self.began is not None and self.done is None and not self.failed

    @property
    def is_ahead(self) -> bool:
        return self.began is None and self.done is None

    @property
    def took_seconds(self) -> float | None:
        """None where nobody said when it was begun, or that it was done."""
        return None if self.began is None or self.done is None else max(0.0, self.done - self.began)

    @property
    def late_seconds(self) -> float | None:
        """By how much it took longer than expected; None where that is not known, or it did not."""
        took, expected = self.took_seconds, self.step.expect_seconds
        return None if took is None or expected is None or took <= expected else took - expected


def listed(runbook: Runbook, drill: Drill) -> tuple[ListedStep, ...]:
    """The runbook's steps as this drill walks them."""
    numbered = list(_numbered(runbook))
    several = any(number != 1 for number, _ in numbered)
    return tuple(
        ListedStep(
            id=f"{number}.{step.number}" if several else str(step.number),
            section=step.section,
            text=_first_sentence(step.text),
            expect_seconds=step.expect_seconds,
            who=step.who,
            moves=tuple(_moves(step.drill_steps, drill)),
            drilled=bool(tuple(_moves(step.drill_steps, drill))) or _watches(step, drill),
        )
        for number, step in numbered
    )


def _numbered(runbook: Runbook) -> Iterator[tuple[int, RunbookStep]]:
    """Each step with the number of its list, from 1: a list begins where steps are counted from 1 again."""
    number = 0
    for step in runbook.steps:
        number += step.number == 1 or not number
        yield number, step


def _first_sentence(text: str) -> str:
    """What the step begins with, if that is a whole sentence; else all that stands on its first line, with … where
    the sentence goes on below it.
    """
    match = _SENTENCE.match(text)
    if match:
        return match.group(1)
    return text if text[-1:] in _ENDS else f"{text} …"


def _moves(mentions: Iterable[DrillStepMention], drill: Drill) -> Iterator[_Move]:
    counts = {"failover": len(drill.failover), "failback": len(drill.failback), "revert": len(drill.faults)}
    for mention in mentions:
        if mention.drill in (None, drill.name) and mention.number <= counts[mention.role]:
            yield mention.role, mention.number - 1


def _watches(step: RunbookStep, drill: Drill) -> bool:
    names = {probe.name for probe in drill.probes}
    return any(mention.probe in names for mention in step.probes)


def read_data(file: str, steps: Iterable[ListedStep]) -> dict[str, JsonValue]:
    """The data of `runbook.read`: what `Walk` begins from."""
    return {"file": file, "steps": [step.model_dump(mode="json", exclude_defaults=True) for step in steps]}


def request_data(request: StepRequest) -> dict[str, JsonValue]:
    """The data of `runbook.step`."""
    return {"step": request.id, "state": request.state, "by": request.by, "via": request.via}


@dataclass(slots=True)
class _Part:
    """How far one step of the drill has come."""

    began: Entry | None = None
    done: Entry | None = None
    failed: bool = False
    by: str = BY_DRILL


@dataclass(slots=True)
class Walk:
    """The steps of the runbook as far as the entries that were noted tell. Empty where the run has no runbook."""

    file: str = ""
    _states: dict[str, StepState] = field(default_factory=dict)
    _parts: dict[_Move, _Part] = field(default_factory=dict)
    _faults: dict[str, int] = field(default_factory=dict)  # by change_id: the index of its fault
    _unpaid: dict[int, set[str]] = field(default_factory=dict)  # by fault: changes that were begun and are not put back

    @property
    def states(self) -> tuple[StepState, ...]:
        return tuple(self._states.values())

    def state(self, step_id: str) -> StepState | None:
        return self._states.get(step_id)

    @property
    def is_attended(self) -> bool:
        """Whether anybody said anything of a step."""
        return any(not one.step.by_drill and not one.is_ahead for one in self._states.values())

    def current(self) -> StepState | None:
        """The step that was begun last and is not done; else the one after the last that was; None after them all."""
        walked = [number for number, one in enumerate(self.states) if not one.is_ahead]
        going = [one for one in self.states if one.is_open]
        if going:
            return max(going, key=lambda one: one.began or 0.0)
        ahead = self.states[walked[-1] + 1 if walked else 0 :]
        return next((one for one in ahead if one.is_ahead), None)

    def changes(self, request: StepRequest) -> bool:
        """Whether recording it would say anything new: of a step that is people's, and not so already."""
        state = self._states.get(request.id)
        if state is None or state.step.by_drill:
            return False
        return state.done is None if request.state == "done" else not state.is_open

    def note(self, entry: Entry) -> None:
        """Take the next entry in. An entry that says nothing of steps, or nothing that can be read, is passed over."""
        if entry.kind == READ:
            self._begin(entry)
        elif not self._states:
            return
        elif entry.kind == STEP:
            self._told(entry)
        elif entry.kind in ("step.began", "step.done"):
            self._drill_step(entry)
        elif isinstance(entry.data.get("change_id"), str):
            self._undoing(entry, str(entry.data["change_id"]))

    def _begin(self, entry: Entry) -> None:
        steps = entry.data.get("steps")
        try:
            found = [ListedStep.model_validate(one) for one in steps] if isinstance(steps, list) else []
        except ValidationError:
            return
        self.file = str(entry.data.get("file") or "")
        self._states = {step.id: StepState(step) for step in found}

    def _told(self, entry: Entry) -> None:
        state = self._states.get(str(entry.data.get("step")))
        by = str(entry.data.get("by") or "")
        if state is None or state.step.by_drill:
            return
        if entry.data.get("state") == "done":
            state = replace(state, done=entry.at, done_wall=entry.wall, by=by or state.by)
        elif state.began is None:
            state = replace(state, began=entry.at, began_wall=entry.wall, done=None, done_wall="", by=by)
        else:  # it was not done after all: what was begun first counts
            state = replace(state, done=None, done_wall="", by=by or state.by)
        self._states[state.step.id] = state

    def _drill_step(self, entry: Entry) -> None:
        section, index = entry.data.get("section"), entry.data.get("index")
        if not isinstance(section, str) or not isinstance(index, int):
            return
        part = self._parts.setdefault((section, index), _Part())
        part.by = "a person" if entry.data.get("by") == "person" else BY_DRILL
        if entry.kind == "step.began":
            part.began, part.done, part.failed = entry, None, False
        elif entry.data.get("ok") is False:
            part.failed = True
        else:
            part.done = entry
        self._settle((section, index))

    def _undoing(self, entry: Entry, change_id: str) -> None:
        """What becomes of a fault's Changes; the runbook's step of its undo is done when all are put back."""
        role, group = entry.data.get("role"), _FAULT_GROUP.match(str(entry.data.get("group")))
        if entry.kind == "undo.recorded" and group:
            self._faults[change_id] = int(group.group(1))
        fault = self._faults.get(change_id)
        if fault is None:
            return
        unpaid, part = self._unpaid.setdefault(fault, set()), self._parts.setdefault(("revert", fault), _Part())
        if entry.kind == "call.intent" and role == "apply":
            unpaid.add(change_id)
        elif role == "revert" or entry.kind == "change.reverted":
            part.began = part.began or entry
            if entry.kind == "change.reverted" and entry.data.get("ok") is True:
                unpaid.discard(change_id)
                part.done = None if unpaid else entry
            self._settle(("revert", fault))

    def _settle(self, move: _Move) -> None:
        """Bring the steps that are this move of the drill up to date."""
        for state in self.states:
            if move in state.step.moves:
                self._states[state.step.id] = self._from_parts(state.step)

    def _from_parts(self, step: ListedStep) -> StepState:
        parts = [self._parts.get(move, _Part()) for move in step.moves]
        began = min((part.began for part in parts if part.began), key=lambda one: one.at, default=None)
        ends = [part.done for part in parts if part.done]
        done = max(ends, key=lambda one: one.at) if len(ends) == len(parts) else None
        return StepState(
            step,
            began=began.at if began else None,
            done=done.at if done else None,
            began_wall=began.wall if began else "",
            done_wall=done.wall if done else "",
            by=next((part.by for part in parts if part.began), ""),
            failed=any(part.failed for part in parts),
        )


def walked(entries: Iterable[Entry]) -> Walk:
    """The walk that a journal tells."""
    walk = Walk()
    for entry in entries:
        walk.note(entry)
    return walk
