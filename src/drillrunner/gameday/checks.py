"""What must hold before a game day begins: no freeze window touches it, and enough people approved its plan. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from drillrunner.engine.guard import LONGEST_LAST_TRY_SECONDS, longest_seconds
from drillrunner.model.approval import Approval
from drillrunner.model.freeze import FreezeWindow
from drillrunner.model.gameday import ApprovalRule, GameDayPlan
from drillrunner.model.gameday_course import ApprovalCheck, FreezeCheck, Ignored

# why a signature does not hold; None where it does
Verify = Callable[[Approval], str | None]


def longest_day_seconds(plan: GameDayPlan, begun: Iterable[str] = ()) -> float:
    """Drill seconds from the first announcement to the latest possible end of the last revert.

    A time box ends it earlier: by then what runs is stopped, and put back. `begun` are the ids that are over already.
    """
    gameday, over = plan.gameday, set(begun)
    left = [(entry, one) for entry, one in zip(gameday.drills, plan.plans, strict=True) if entry.id not in over]
    whole = sum(longest_seconds(one) + entry.cool_down_seconds for entry, one in left)
    if gameday.time_box_seconds is not None:
        reverts = max((one.drill.revert_within_seconds for _, one in left), default=0.0)
        whole = min(whole, gameday.time_box_seconds + reverts + LONGEST_LAST_TRY_SECONDS)
    return gameday.lead_seconds + whole


def check_freeze(windows: Sequence[FreezeWindow], begin: datetime, seconds: float) -> FreezeCheck:
    """Whether any window touches the time from `begin` on, of so many seconds of the wall clock."""
    end = begin + timedelta(seconds=seconds)
    touching = [one for one in windows if one.starts <= end and begin <= one.ends]
    said = [
        f"{one.summary} ({one.source}): {one.starts:%Y-%m-%d %H:%M%z} to {one.ends:%Y-%m-%d %H:%M%z}"
        for one in sorted(touching, key=lambda one: one.starts)
    ]
    return FreezeCheck(
        ok=not touching,
        begin=begin.isoformat(timespec="seconds"),
        end=end.isoformat(timespec="seconds"),
        windows=len(windows),
        why=f"frozen by {'; '.join(said)}" if said else None,
    )


def check_approvals(
    rule: ApprovalRule, approvals: Sequence[Approval], plan_hash: str, verify: Verify, unreadable: Sequence[str] = ()
) -> ApprovalCheck:
    """Who approved the game day with that hash. Each person and each key count once, and only whom the rule allows.

    An approval that covers the game day's drills one by one is not one of the game day.
    """
    counted: list[str] = []
    keys: set[bytes] = set()
    ignored = [Ignored(approver=name, why="this file is no approval that can be read") for name in unreadable]
    for one in approvals:
        if one.plan_hash != plan_hash or one.approver in counted:
            continue
        why = _why_not(rule, one, verify)
        key = one.signing_key() if rule.allowed_signers is not None else None
        if why is None and key in keys:
            why = "its key has approved already, under another name"
        if why is None:
            counted.append(one.approver)
            keys |= {key} if key is not None else set()
        else:
            ignored.append(Ignored(approver=one.approver, why=why))
    ignored = [one for one in ignored if one.approver not in counted]
    missing = rule.needed - len(counted)
    why = f"{len(counted)} of {rule.needed} approvals" if missing > 0 else None
    return ApprovalCheck(ok=missing <= 0, needed=rule.needed, counted=tuple(counted), ignored=tuple(ignored), why=why)


def _why_not(rule: ApprovalRule, approval: Approval, verify: Verify) -> str | None:
    """Why an approval does not count."""
    if rule.by and approval.approver not in rule.by:
        return f"only {', '.join(rule.by)} may approve"
    if rule.allowed_signers is None:
        return None
    return "it is not signed" if approval.signature is None else verify(approval)
