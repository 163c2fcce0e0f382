"""Conducting a game day: its drills in order, what lies between them, and every reason to begin no further one.

It decides; whoever it is handed (`Crew`) acts. What it begins is in the journal before it is begun, so that a game
day whose process dies is known for what it was. A drill that was begun is never begun again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from drillrunner.engine.guard import longest_seconds
from drillrunner.errors import ExitCode, JournalUnwritable
from drillrunner.gameday.announcing import facts_of, text_of
from drillrunner.model.duration import format_duration
from drillrunner.model.gameday import GameDayDrill, GameDayPlan, Moment
from drillrunner.model.gameday_course import CoolDown, CourseOutcome, Delivery, DrillState
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan

STATE_OF_EXIT: dict[int, DrillState] = {
    ExitCode.ALL_MET: "met",
    ExitCode.MISSED: "missed",
    ExitCode.INVALID: "refused",
    ExitCode.INCONCLUSIVE: "inconclusive",
    ExitCode.REFUSED: "refused",
    ExitCode.ABORTED: "aborted",
    ExitCode.STILL_INJECTED: "left",
    ExitCode.FORCED: "left",
}
# the worst first
_SEVERITY: tuple[tuple[DrillState, CourseOutcome, int], ...] = (
    ("left", "left", ExitCode.STILL_INJECTED),
    ("died", "aborted", ExitCode.ABORTED),
    ("aborted", "aborted", ExitCode.ABORTED),
    ("refused", "refused", ExitCode.REFUSED),
    ("missed", "missed", ExitCode.MISSED),
    ("inconclusive", "inconclusive", ExitCode.INCONCLUSIVE),
)
_ALWAYS_STOP: dict[DrillState, str] = {
    "left": "something of it is still injected",
    "aborted": "it was ended early, and put back",
    "refused": "it was refused",
}


class RanDrill(NamedTuple):
    """How a drill's run ended: `drill run`'s exit code, and why it was refused or could not be run."""

    exit_code: int
    why: str | None = None


class Ended(NamedTuple):
    """How the game day ended. `why` says why it stopped; None where it came to its end."""

    outcome: CourseOutcome
    exit_code: int
    why: str | None


class Crew(Protocol):
    """Who acts. Everything waits until it is done; `KeyboardInterrupt` from any of it ends the game day."""

    def now(self) -> float:
        """Drill seconds since an arbitrary start."""

    def write(self, kind: str, data: dict[str, JsonValue]) -> None:
        """Put an entry into the game day's journal, on disk when it returns. Raises JournalUnwritable."""

    def announce(self, moment: Moment, text: str, data: dict[str, JsonValue]) -> tuple[Delivery, ...]:
        """Tell whoever the environment's signals name. Never raises."""

    def run_drill(self, entry: GameDayDrill, plan: Plan, deadline: float | None) -> RanDrill:
        """The drill as `drill run` runs it; stopped and put back at the deadline. Never raises for what it meets."""

    def cool_down(self, entry: GameDayDrill, plan: Plan, within_seconds: float) -> CoolDown:
        """Wait until the steady state holds again."""

    def sleep(self, seconds: float) -> None:
        """Wait so many drill seconds."""


class Conductor:
    """Takes one game day through its drills. `over` are those that were begun by a process that died.

    A journal that cannot be written ends the day before anything further is begun, and hides nothing of what ran.
    """

    def __init__(self, plan: GameDayPlan, crew: Crew, over: Mapping[str, DrillState]) -> None:
        self._plan, self._crew = plan, crew
        self._gameday = plan.gameday
        self._states: dict[str, DrillState] = dict(over)

    def run(self) -> Ended:
        """All that can be run. Nothing is raised but what ends the process."""
        besides: tuple[DrillState, ...] = ()
        try:
            why = self._day()
        except KeyboardInterrupt:
            why, besides = "asked to stop between two drills", ("aborted",)
        except JournalUnwritable as error:
            why, besides = error.message, ("refused",)
        ended = ended_of(self._states, why, complete=self._all_begun(), besides=besides)
        with contextlib.suppress(KeyboardInterrupt):  # it ends the telling, and changes nothing of how the day ended
            if ended.why is not None:
                self._note("gameday.stopped", {"why": ended.why})
                self._tell("stopped", ended)
            self._tell("end", ended)
        self._note("gameday.ended", {"outcome": ended.outcome, "exit_code": ended.exit_code, "why": ended.why})
        return ended

    def _note(self, kind: str, data: dict[str, JsonValue]) -> None:
        """What only tells of something: where it cannot be written, nothing that follows may be lost with it."""
        with contextlib.suppress(JournalUnwritable):
            self._crew.write(kind, data)

    def _all_begun(self) -> bool:
        return all(one.id in self._states for one in self._gameday.drills)

    def _day(self) -> str | None:
        """Why it stopped before its end; None where it did not."""
        why = self._stopped_already()
        if why is not None:
            return why
        if self._gameday.lead_seconds or "before" in self._gameday.announcements:
            self._tell("before", None)
            self._crew.sleep(self._gameday.lead_seconds)
        self._tell("start", None)
        box = self._gameday.time_box_seconds
        deadline = None if box is None else self._crew.now() + box
        left = [one for one in self._gameday.drills if one.id not in self._states]
        for number, entry in enumerate(left):
            why = self._one(entry, deadline, is_last=number == len(left) - 1)
            if why is not None:
                return why
        return None

    def _stopped_already(self) -> str | None:
        """Why the day had to end with what the process that died had run. What died with it has been looked at."""
        ran = ((one, self._states[one.id]) for one in self._gameday.drills if one.id in self._states)
        reasons = (_why_it_ends(one, state) for one, state in ran if state != "died")
        return next((why for why in reasons if why is not None), None)

    def _one(self, entry: GameDayDrill, deadline: float | None, *, is_last: bool) -> str | None:
        """Why the game day stops before, with or after this drill; None where it goes on."""
        plan = self._plan.plan_of(entry.id)
        unmet = [name for name in entry.needs if self._states.get(name) != "met"]
        if unmet:
            said = ", ".join(f"{name} ({self._states.get(name, 'not begun')})" for name in unmet)
            self._crew.write("drill.skipped", {"id": entry.id, "why": f"it needs {said}"})
            return None
        if deadline is not None and self._crew.now() + longest_seconds(plan) > deadline:
            left, longest = max(0.0, deadline - self._crew.now()), longest_seconds(plan)
            return f"the time box leaves {format_duration(left)}, and {entry.id} may last {format_duration(longest)}"
        state, why = self._run(entry, plan, deadline)
        ends = _why_it_ends(entry, state, why)
        return ends if ends is not None or is_last else self._cool_down(entry, plan, deadline)

    def _run(self, entry: GameDayDrill, plan: Plan, deadline: float | None) -> tuple[DrillState, str | None]:
        self._crew.write("drill.began", {"id": entry.id, "drill": plan.drill.name, "plan_hash": plan.hash})
        self._states[entry.id] = "died"  # until the contrary is known
        ran = self._crew.run_drill(entry, plan, deadline)
        self._states[entry.id] = STATE_OF_EXIT.get(ran.exit_code, "aborted")
        self._crew.write("drill.ended", {"id": entry.id, "exit_code": ran.exit_code, "why": ran.why})
        return self._states[entry.id], ran.why

    def _cool_down(self, entry: GameDayDrill, plan: Plan, deadline: float | None) -> str | None:
        within = entry.cool_down_seconds
        if not within:
            return None
        if deadline is not None:
            within = min(within, max(0.0, deadline - self._crew.now()))
        self._crew.write("cool_down.began", {"id": entry.id, "within_seconds": within})
        found = self._crew.cool_down(entry, plan, within)
        said: dict[str, JsonValue] = {"steady": found.steady, "seconds": round(found.seconds, 3), "why": found.why}
        self._crew.write("cool_down.ended", {"id": entry.id, **said})
        if found.steady:
            return None
        return f"the steady state was not back {format_duration(within)} after {entry.id}: {found.why}"

    def _tell(self, moment: Moment, ended: Ended | None) -> None:
        why, outcome = (ended.why, ended.outcome) if ended else (None, None)
        text = text_of(self._gameday, moment, self._states, outcome, why)
        deliveries = self._crew.announce(moment, text, facts_of(self._plan, self._states, outcome, why))
        told: list[JsonValue] = [one.model_dump(mode="json") for one in deliveries]
        self._note("announced", {"moment": moment, "text": text, "deliveries": told})


def _why_it_ends(entry: GameDayDrill, state: DrillState, why: str | None = None) -> str | None:
    """Why no drill may follow one that ended so; None where the next may."""
    if state in _ALWAYS_STOP:
        return f"{entry.id}: {_ALWAYS_STOP[state]}{f' ({why})' if why else ''}"
    if state != "met" and entry.on_miss == "stop":
        return f"{entry.id}: {'an objective was missed' if state == 'missed' else 'it decided nothing'}"
    return None


def ended_of(
    states: Mapping[str, DrillState], why: str | None, *, complete: bool, besides: Sequence[DrillState] = ()
) -> Ended:
    """The worst of its drills, and of what else befell it. One that is not complete is never met: what was not run
    has shown nothing.
    """
    found = {*states.values(), *besides}
    for state, outcome, code in _SEVERITY:
        if state in found:
            return Ended(outcome, code, why)
    if complete:
        return Ended("met", ExitCode.ALL_MET, why)
    return Ended("inconclusive", ExitCode.INCONCLUSIVE, why or "not every drill was begun")
