"""What would change a rehearsal's RTO: the settings that swing it most, and the cheapest one that is enough."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from drillrunner.model.duration import format_duration, parse_duration, parse_percent
from drillrunner.model.rehearsal import Setting, Swing
from drillrunner.model.rehearsal_figures import WANTED_SHARE, CheapestChange, Move

_EFFORTS = {1: "a configuration value", 2: "an automation to build", 3: "capacity that is paid for all year"}


def tornado(swings: Sequence[Swing]) -> tuple[Move, ...]:
    """The swings, the widest first; those that could not be measured last."""
    return tuple(sorted(map(move_of, swings), key=_narrowness))


def _narrowness(move: Move) -> float:
    return 1.0 if move.reach_seconds is None else -move.reach_seconds


def move_of(swing: Swing) -> Move:
    """A swing told from what is set to the other value."""
    setting = swing.setting
    values = [
        (setting.low, swing.rto_seconds_low, swing.chance_low),
        (setting.high, swing.rto_seconds_high, swing.chance_high),
    ]
    if setting.now is not None and same_value(setting.now, setting.high):
        values.reverse()
    (first, first_seconds, first_chance), (second, second_seconds, second_chance) = values
    known = setting.now is None or any(same_value(setting.now, value) for value, _, _ in values)
    reach = None if first_seconds is None or second_seconds is None else abs(second_seconds - first_seconds)
    return Move(
        setting=setting,
        first=first,
        first_seconds=first_seconds,
        first_chance=first_chance,
        second=second,
        second_seconds=second_seconds,
        second_chance=second_chance,
        now=None if known else setting.now,
        reach_seconds=reach,
    )


def cheapest_of(swings: Sequence[Swing], share_now: float | None) -> CheapestChange | None:
    """Of the values that were tried and meet the RTO's objective in 95 % of runs, the one that costs least.

    By effort first, then by how little it moves from what is set now (by ratio; a value that is no number
    moves as far as can be), then by its chance. None where the objective is met so often as it stands, where
    it was never measured, or where no value is enough.
    """
    if share_now is None or share_now >= WANTED_SHARE:
        return None
    enough = [one for swing in swings for one in _values(swing) if one[2] >= WANTED_SHARE]
    if not enough:
        return None
    setting, value, chance, rto_seconds = min(enough, key=_cost)
    return CheapestChange(
        setting=setting,
        value=value,
        chance=chance,
        rto_seconds=rto_seconds,
        sentence=_sentence(setting, value, chance, rto_seconds),
    )


Tried = tuple[Setting, str, float, float | None]


def _values(swing: Swing) -> Iterator[Tried]:
    """Both values of a setting, but not the one that is set."""
    for value, chance, rto_seconds in (
        (swing.setting.low, swing.chance_low, swing.rto_seconds_low),
        (swing.setting.high, swing.chance_high, swing.rto_seconds_high),
    ):
        if swing.setting.now is None or not same_value(value, swing.setting.now):
            yield swing.setting, value, chance, rto_seconds


def _cost(tried: Tried) -> tuple[float, float, float, str, str]:
    setting, value, chance, _ = tried
    return setting.effort, _change(setting.now, value), -chance, setting.name, value


def same_value(one: str, other: str) -> bool:
    """Whether two texts set the same: `60` and `60.0`, `1m` and `60s`."""
    first, second = _number(one), _number(other)
    return one.strip() == other.strip() if first is None or second is None else first == second


def _change(now: str | None, value: str) -> float:
    """How far a value lies from what is set: 0 the same, 1 as far as can be."""
    first, second = None if now is None else _number(now), _number(value)
    if first is None or second is None:
        return 1.0
    largest = max(abs(first), abs(second))
    return min(1.0, abs(first - second) / largest) if largest else 0.0


def _number(text: str) -> float | None:
    """A plain number, a duration's seconds or a percentage's fraction; None of any other text."""
    for read in (float, parse_duration, parse_percent):
        try:
            value = read(text.strip())
        except ValueError:
            continue
        return value if math.isfinite(value) else None
    return None


def _sentence(setting: Setting, value: str, chance: float, rto_seconds: float | None) -> str:
    was = "" if setting.now is None else f" from {setting.now}"
    effort = _EFFORTS.get(setting.effort, f"effort {setting.effort}")
    median = "" if rto_seconds is None else f", RTO P50 {format_duration(rto_seconds)}"
    return f"set {setting.title}{was} to {value} ({effort}): met in {int(100 * chance + 1e-9)}% of runs{median}"
