"""What is said of a game day before it, at its start, when it stops and at its end. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from drillrunner.model.duration import format_duration
from drillrunner.model.gameday import GameDay, GameDayPlan, Moment
from drillrunner.model.gameday_course import DrillState
from drillrunner.model.noun import JsonValue


def text_of(
    gameday: GameDay, moment: Moment, states: Mapping[str, DrillState], outcome: str | None, why: str | None
) -> str:
    """The file's own words with the facts behind them, or the facts alone."""
    facts = _facts(gameday, moment, states, outcome, why)
    own = gameday.announcements.get(moment)
    return f"{own} ({facts})" if own else facts


def facts_of(
    plan: GameDayPlan, states: Mapping[str, DrillState], outcome: str | None, why: str | None
) -> dict[str, JsonValue]:
    """The same for programs. Nothing of a call's input is in it, and no address."""
    drills: list[JsonValue] = [
        {"id": one.id, "plan_hash": each.hash, "state": states.get(one.id, "not begun")}
        for one, each in zip(plan.gameday.drills, plan.plans, strict=True)
    ]
    roles: dict[str, JsonValue] = {role: list(people) for role, people in plan.gameday.roles.items()}
    return {
        "title": plan.gameday.title,
        "plan_hash": plan.hash,
        "drills": drills,
        "roles": roles,
        "outcome": outcome,
        "why": why,
    }


def _facts(
    gameday: GameDay, moment: Moment, states: Mapping[str, DrillState], outcome: str | None, why: str | None
) -> str:
    name = f"game day {gameday.name} on {gameday.environment}"
    names = ", ".join(one.id for one in gameday.drills)
    if moment == "before":
        when = f"begins in {format_duration(gameday.lead_seconds)}" if gameday.lead_seconds else "is about to begin"
        return f"{name} {when}: {names}"
    if moment == "start":
        over = [one.id for one in gameday.drills if one.id in states]
        return f"{name} goes on after {', '.join(over)}" if over else f"{name} has begun: {names}"
    if moment == "stopped":
        return f"{name} has stopped: {why}"
    ran = ", ".join(f"{one.id} {states.get(one.id, 'not begun')}" for one in gameday.drills)
    return f"{name} has ended: {outcome}; {ran}"
