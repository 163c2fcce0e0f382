"""What has changed between the plan of a game day that was approved and the one that there is now, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drillrunner.judge.differences import differences
from drillrunner.model.gameday import GameDay, GameDayPlan
from drillrunner.model.noun import JsonValue, canonical_json
from drillrunner.model.plan import Plan
from drillrunner.model.run_comparison import SettingChange

MOST_OF_ONE = 4
_LONGEST_VALUE = 60


def changes(approved: GameDayPlan, now: GameDayPlan) -> list[str]:
    """A sentence for the game day's own file, for each drill that came, went or changed, and for where they run."""
    before, after = _by_id(approved), _by_id(now)
    said = [f"{name}: no longer in the game day" for name in before if name not in after]
    said += [f"{name}: new in the game day" for name in after if name not in before]
    said += list(_of_the_file(approved.gameday, now.gameday))
    places: dict[str, None] = {}
    for name in (one for one in after if one in before):
        first, second = _said(before[name]), _said(after[name])
        places |= dict.fromkeys(_some(differences(first.pop("environment"), second.pop("environment"), "environment")))
        found = _some(differences(first, second, ""))
        said += [f"{name}: {'; '.join(found)}"] if found else []
    return [*said, *([f"where they run: {'; '.join(list(places))}"] if places else [])]


def changes_of(approved: Plan, now: Plan) -> list[str]:
    """What differs between two plans of one drill."""
    return _some(differences(_said(approved), _said(now), ""))


def _of_the_file(approved: GameDay, now: GameDay) -> Iterator[str]:
    order = [[one.id for one in gameday.drills] for gameday in (approved, now)]
    if order[0] != order[1] and sorted(order[0]) == sorted(order[1]):
        yield f"the order was {', '.join(order[0])}, and is {', '.join(order[1])}"
    first, second = (_said_of_day(gameday) for gameday in (approved, now))
    found = _some(differences(first, second, ""))
    if found:
        yield f"the game day: {'; '.join(found)}"


def _said_of_day(gameday: GameDay) -> JsonValue:
    """What stands in the file; each drill's own conditions by its id."""
    said: dict[str, JsonValue] = gameday.anywhere().model_dump(mode="json", exclude={"schedule", "drills"})
    drills: dict[str, JsonValue] = {one.id: one.model_dump(mode="json", exclude={"id"}) for one in gameday.drills}
    return {**said, "drills": drills}


def _by_id(plan: GameDayPlan) -> dict[str, Plan]:
    return {entry.id: one for entry, one in zip(plan.gameday.drills, plan.plans, strict=True)}


def _said(plan: Plan) -> dict[str, JsonValue]:
    """The plan as it is hashed: without the drill's schedule."""
    said: dict[str, JsonValue] = plan.model_dump(mode="json", exclude={"drill": {"schedule"}})
    return said


def _some(found: Iterator[SettingChange]) -> list[str]:
    """The first few, each as `objectives[0].target 120 → 30`."""
    every = list(found)
    shown = [f"{one.path} {_value(one, 'before')} → {_value(one, 'after')}" for one in every[:MOST_OF_ONE]]
    more = len(every) - MOST_OF_ONE
    return [*shown, f"and {more} more"] if more > 0 else shown


def _value(change: SettingChange, side: str) -> str:
    values: Mapping[str, JsonValue] = {"before": change.before, "after": change.after}
    if change.only is not None and change.only != side:
        return "nothing"
    text = canonical_json(values[side])
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
