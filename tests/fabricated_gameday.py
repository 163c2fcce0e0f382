"""A game day of made-up drills, and a crew that only writes down what it is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drillrunner.errors import JournalUnwritable
from drillrunner.gameday.conduct import Conductor, Ended, RanDrill
from drillrunner.model.gameday import GameDay, GameDayDrill, GameDayPlan, Moment
from drillrunner.model.gameday_course import CoolDown, Delivery, DrillState
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from fabricated_run import Scribe, fabricated_plan

IDS = ("dns", "throttle", "outage")


def plan_named(name: str) -> Plan:
    plan = fabricated_plan()
    return plan.model_copy(update={"drill": plan.drill.model_copy(update={"name": name})})


def gameday(*drills: GameDayDrill, **changes: Any) -> GameDay:
    """Of the drills dns, throttle and outage in this order, unless others are given."""
    entries = drills or tuple(GameDayDrill(id=one, drill=one) for one in IDS)
    said: dict[str, Any] = {
        "name": "quarterly",
        "title": "every quarter",
        "environment": "lab",
        "roles": {"facilitator": ("shift lead",)},
        "drills": entries,
    }
    return GameDay(**{**said, **changes})


def planned(day: GameDay) -> GameDayPlan:
    return GameDayPlan(gameday=day, plans=tuple(plan_named(one.drill) for one in day.drills))


@dataclass
class PaperCrew:
    """Drills end with the exit codes of `codes`, each after `lasts` seconds; a cool-down finds what `steady` says."""

    codes: Mapping[str, int] = field(default_factory=dict)
    lasts: float = 100.0
    steady: bool = True
    interrupted_in: str = ""
    unwritable_at: str = ""  # the kind of entry from which on the disk is full
    clock: float = 5000.0
    scribe: Scribe = field(default_factory=Scribe)
    ran: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    deadlines: list[float | None] = field(default_factory=list)

    def now(self) -> float:
        return self.clock

    def write(self, kind: str, data: dict[str, JsonValue]) -> None:
        if self.unwritable_at in (kind, "ever"):
            self.unwritable_at = "ever"
            raise JournalUnwritable("the journal cannot be written: No space left on device")
        self.scribe.write(self.clock - 5000.0, kind, **data)

    def announce(self, moment: Moment, text: str, data: dict[str, JsonValue]) -> tuple[Delivery, ...]:
        self.told.append((moment, text))
        if self.interrupted_in == moment:
            raise KeyboardInterrupt
        return (Delivery(sink="webhook hooks.example.test (slack)", ok=True),)

    def run_drill(self, entry: GameDayDrill, plan: Plan, deadline: float | None) -> RanDrill:
        assert self.scribe.entries[-1].kind == "drill.began", "it is in the journal before it begins"
        self.ran.append(entry.id)
        self.deadlines.append(deadline)
        self.clock += self.lasts
        code = self.codes.get(entry.id, 0)
        return RanDrill(code, "the lock is held" if code == 4 else None)

    def cool_down(self, entry: GameDayDrill, plan: Plan, within_seconds: float) -> CoolDown:
        if self.interrupted_in == "cool_down":
            raise KeyboardInterrupt
        self.clock += within_seconds
        return CoolDown(steady=self.steady, seconds=within_seconds, why=None if self.steady else "checkout is failing")

    def sleep(self, seconds: float) -> None:
        self.clock += seconds

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.scribe.entries]

    def moments(self) -> list[str]:
        return [moment for moment, _ in self.told]


def conducted(day: GameDay, crew: PaperCrew, over: Mapping[str, DrillState] = {}) -> Ended:
    return Conductor(planned(day), crew, over).run()
