"""The course of a game day, from its plan, its journal and the verdicts of its runs. Pure, so it can be told again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from drillrunner.gameday.conduct import STATE_OF_EXIT
from drillrunner.model.gameday import GameDayDrill, GameDayPlan
from drillrunner.model.gameday_course import (
    Announced,
    ApprovalCheck,
    CoolDown,
    Course,
    CourseOutcome,
    DrillCourse,
    DrillState,
    FreezeCheck,
    GateCheck,
)
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue, Noun
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Interval, Verdict

_Noun = TypeVar("_Noun", bound=Noun)
REPORT = "report.html"


def course_of(
    gameday_id: str, plan: GameDayPlan, entries: Sequence[Entry], verdicts: Mapping[str, Verdict], *, running: bool
) -> Course:
    """`verdicts` are those of its runs, by their ids, as far as they are there. `running`: its process lives."""
    began = next((entry for entry in entries if entry.kind == "gameday.began"), None)
    ended = next((entry for entry in reversed(entries) if entry.kind == "gameday.ended"), None)
    states = states_of(entries, running=running)
    last = ended.data if ended else {}
    return Course(
        gameday_id=gameday_id,
        gameday=plan.gameday,
        environment=plan.gameday.environment,
        plan_hash=_last_hash(entries) or plan.hash,
        began_at=began.wall if began else "",
        ended_at=ended.wall if ended else None,
        outcome=_outcome(last.get("outcome"), running),
        exit_code=_whole(last.get("exit_code")),
        why=_why(last, entries, running),
        drills=tuple(
            _drill(entry, one, entries, states, verdicts)
            for entry, one in zip(plan.gameday.drills, plan.plans, strict=True)
        ),
        announcements=tuple(_announced(entry) for entry in entries if entry.kind == "announced"),
        freeze=_last(entries, "freeze.checked", FreezeCheck),
        approvals=_last(entries, "approvals.checked", ApprovalCheck),
        gate=_gate(entries),
        resumed=sum(entry.kind == "gameday.resumed" for entry in entries),
    )


def states_of(entries: Sequence[Entry], *, running: bool) -> dict[str, DrillState]:
    """What became of every drill that was begun, by its id."""
    states: dict[str, DrillState] = {}
    for entry in entries:
        if entry.kind == "drill.began":
            states[_id(entry)] = "running"
        if entry.kind == "drill.ended":
            states[_id(entry)] = _state_of(entry.data.get("exit_code"))
        if entry.kind == "gameday.resumed":  # whatever ran when its process died is over
            states = {name: "died" if state == "running" else state for name, state in states.items()}
    if not running:
        states = {name: "died" if state == "running" else state for name, state in states.items()}
    return states


def runs_of(entries: Sequence[Entry]) -> dict[str, str]:
    """The run of each drill that was begun, by the drill's id; none where it was refused before it had one."""
    return {_id(entry): str(entry.data.get("run_id")) for entry in entries if entry.kind == "run.named"}


def has_ended(entries: Sequence[Entry]) -> bool:
    """Whether the game day came to an end of some kind."""
    return any(entry.kind == "gameday.ended" for entry in entries)


def _drill(
    entry: GameDayDrill,
    plan: Plan,
    entries: Sequence[Entry],
    states: Mapping[str, DrillState],
    verdicts: Mapping[str, Verdict],
) -> DrillCourse:
    run_id = runs_of(entries).get(entry.id)
    verdict = verdicts.get(run_id) if run_id else None
    ended = _of(entries, "drill.ended", entry.id)
    skipped = _of(entries, "drill.skipped", entry.id)
    why = ended.get("why") or skipped.get("why") or (verdict.why if verdict else None)
    targets = {one.name: one.target for one in (verdict or plan.drill).objectives}
    return DrillCourse(
        id=entry.id,
        drill=plan.drill.name,
        plan_hash=_hash_in(_of(entries, "drill.began", entry.id)) or plan.hash,
        state=states.get(entry.id, "not begun"),
        run_id=run_id,
        report=f"../{run_id}/{REPORT}" if run_id else None,
        outcome=verdict.outcome if verdict else None,
        rto=_measured(verdict, "rto"),
        rpo=_measured(verdict, "rpo"),
        rto_target=targets.get("rto"),
        rpo_target=targets.get("rpo"),
        reverted=_reverted(verdict),
        left=verdict.revert.left if verdict and verdict.revert else (),
        exit_code=_whole(ended.get("exit_code")),
        why=str(why) if why else None,
        cool_down=_cool_down(_of(entries, "cool_down.ended", entry.id)),
    )


def _last_hash(entries: Sequence[Entry]) -> str | None:
    """Of the plan that was checked last: a game day that went on may have had another than it began with."""
    found = (entry for entry in reversed(entries) if entry.kind in ("gameday.began", "gameday.resumed"))
    return next((said for entry in found if (said := _hash_in(entry.data))), None)


def _hash_in(data: Mapping[str, JsonValue]) -> str | None:
    said = data.get("plan_hash")
    return said if isinstance(said, str) else None


def _measured(verdict: Verdict | None, name: str) -> Interval | None:
    """What the run measured, where both ends of it were."""
    for one in verdict.objectives if verdict else ():
        if one.name == name and one.low is not None and one.high is not None:
            return Interval(low=one.low, high=one.high)
    return None


def _reverted(verdict: Verdict | None) -> str | None:
    return f"{verdict.revert.reverted}/{verdict.revert.of}" if verdict and verdict.revert else None


def _outcome(said: JsonValue, running: bool) -> CourseOutcome:
    known: tuple[CourseOutcome, ...] = ("met", "missed", "inconclusive", "aborted", "refused", "left", "abandoned")
    found = next((one for one in known if one == said), None)
    return found or ("running" if running else "died")


def _why(last: Mapping[str, JsonValue], entries: Sequence[Entry], running: bool) -> str | None:
    if last.get("why"):
        return str(last["why"])
    if last or running:
        return None
    begun = [_id(entry) for entry in entries if entry.kind == "drill.began"]
    return f"its process died {f'after it had begun {begun[-1]}' if begun else 'before its first drill'}"


def _announced(entry: Entry) -> Announced:
    said = {key: entry.data.get(key) for key in ("moment", "text", "deliveries")}
    return Announced.model_validate({**said, "at": entry.wall})


def _gate(entries: Sequence[Entry]) -> tuple[GateCheck, ...]:
    """The last look at each drill: a game day that went on was held to the gate again."""
    found = {_id(entry): GateCheck.model_validate(entry.data) for entry in entries if entry.kind == "gate.checked"}
    return tuple(found.values())


def _last(entries: Sequence[Entry], kind: str, noun: type[_Noun]) -> _Noun | None:
    found = next((entry for entry in reversed(entries) if entry.kind == kind), None)
    return noun.model_validate(found.data) if found else None


def _of(entries: Sequence[Entry], kind: str, name: str) -> Mapping[str, JsonValue]:
    """The data of the last entry of a kind about a drill; empty where there is none."""
    return next((entry.data for entry in reversed(entries) if entry.kind == kind and _id(entry) == name), {})


def _cool_down(data: Mapping[str, JsonValue]) -> CoolDown | None:
    if not data:
        return None
    return CoolDown.model_validate({key: data.get(key) for key in ("steady", "seconds", "why")})


def _state_of(exit_code: JsonValue) -> DrillState:
    """What is no exit code is nobody's success."""
    code = _whole(exit_code)
    return "aborted" if code is None else STATE_OF_EXIT.get(code, "aborted")


def _id(entry: Entry) -> str:
    return str(entry.data.get("id"))


def _whole(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
