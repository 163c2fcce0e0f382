"""What must hold of a game day's plan now, seen from the files that say so: freeze windows and approvals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from drillrunner.cli.gameday.plan import Planned, windows_of
from drillrunner.cli.session import clock_for
from drillrunner.engine.guard import longest_seconds
from drillrunner.errors import PlanStale, Refused
from drillrunner.files.approval_file import NAMESPACE, all_approvals, kept_plan
from drillrunner.files.ssh_keygen import is_signed_by
from drillrunner.gameday.changes import changes, changes_of
from drillrunner.gameday.checks import Verify, check_approvals, check_freeze
from drillrunner.model.approval import Approval
from drillrunner.model.gameday import ApprovalRule
from drillrunner.model.gameday_course import ApprovalCheck, FreezeCheck
from drillrunner.model.plan import Plan


def freeze_check(planned: Planned, over: tuple[str, ...] = ()) -> FreezeCheck:
    """Whether a freeze window touches the time from now to the latest possible end. Raises InvalidInput."""
    begin = clock_for(planned.environment).wall()
    seconds = planned.longest_wall_seconds(over)
    return check_freeze(windows_of(planned, begin, begin + timedelta(seconds=seconds)), begin, seconds)


def refuse_run(planned: Planned, approved: Plan, made: Plan) -> None:
    """Refuse the run of one drill, right before it: what was checked before the day may be hours old by now.

    A freeze window that touches the run refuses it, also one that its calendar has only now; so does a plan that is not
    the one that was approved. Raises Refused, PlanStale, and InvalidInput where a calendar cannot be read any more.
    """
    begin = clock_for(planned.environment).wall()
    seconds = longest_seconds(made) / made.environment.time_scale
    found = check_freeze(windows_of(planned, begin, begin + timedelta(seconds=seconds)), begin, seconds)
    if found.why is not None:
        raise Refused(f"{found.why}; its run may last until {found.end}", advice="nothing was injected")
    if planned.plan.gameday.approvals is not None and made.hash != approved.hash:
        raise PlanStale(
            f"its plan is not the one that was approved: {'; '.join(changes_of(approved, made))}",
            advice="plan and approve it again; nothing was injected",
        )


def approval_check(planned: Planned, rule: ApprovalRule, reports: Path) -> ApprovalCheck:
    """Who approved this plan; and where too few did, what has changed since one that was approved."""
    plan_hash = planned.plan.hash
    every = all_approvals(reports)
    found = check_approvals(rule, every.found, plan_hash, _verify_with(rule), every.unreadable)
    if found.ok:
        return found
    since = _changed_since(planned, every.found, reports)
    ignored = "; ".join(f"{one.approver}: {one.why}" for one in found.ignored)
    parts = [found.why or "", *([f"not counted: {ignored}"] if ignored else []), *since]
    return found.model_copy(update={"why": "; ".join(parts)})


def _changed_since(planned: Planned, approvals: Sequence[Approval], reports: Path) -> list[str]:
    """What differs from the last plan of this game day that somebody approved."""
    name = f"game day {planned.plan.gameday.name} on "
    earlier = [one for one in approvals if one.what.startswith(name) and one.plan_hash != planned.plan.hash]
    if not earlier:
        return []
    last = earlier[-1]
    kept = kept_plan(reports, last.plan_hash)
    if kept is None or kept.gameday is None:
        return [f"{last.approver} approved another plan, {last.plan_hash[:12]}"]
    said = ", and ".join(changes(kept.gameday, planned.plan)) or "nothing that can be told"
    return [f"{last.approver} approved {last.plan_hash[:12]}, which has changed since: {said}"]


def _verify_with(rule: ApprovalRule) -> Verify:
    """Whether the signature of an approval is its approver's, by the file of allowed signers."""

    def why_not(approval: Approval) -> str | None:
        signers = Path(rule.allowed_signers or "")
        content, signature = approval.signed_bytes(), approval.signature or ""
        good = is_signed_by(approval.approver, content, signature, NAMESPACE, signers)
        return None if good else f"its signature is not {approval.approver}'s by {signers.name}"

    return why_not
