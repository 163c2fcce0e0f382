"""What a record cannot show, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Verdict

_ALWAYS = (
    "Everything was seen from one machine; a probe's vantage is a label.",
    "Hashes and their chain show changes made after the record. They do not show who made it: a signature does.",
    "Stamps are the clock of the machine that ran the drill, and of the one that made this record.",
    "The git revision, the tools and the environment of this record are those of when it was made, not of the run.",
    "Sign-offs are words that were typed in when the record was made; they are not signed one by one.",
    "Approvals and corrective actions are those on file when the record was made. A signature of an approval is kept "
    "with it and is not verified here; actions may have been closed since.",
)


def limitations(plan: Plan, verdict: Verdict, *, simulated: bool, left: tuple[str, ...]) -> Iterator[str]:
    """First what is special to this run, then what holds for every record."""
    if plan.environment.kind == "lab":
        yield "The AWS of this run was simulated: it supports that the procedure works, not that AWS behaves so."
    elif simulated:
        yield f"The run reached {plan.environment.endpoint_url} in place of AWS's endpoints: it counts as simulated."
    if plan.environment.time_scale != 1:
        yield f"Times are drill seconds: {plan.environment.time_scale:g} of them passed in a real one."
    if left:
        yield f"INCOMPLETE: when the record was made, this was still injected: {'; '.join(left)}."
    if verdict.ended_by != "completed":
        yield f"The run did not complete ({verdict.ended_by}): its figures are of what there was."
    for one in verdict.objectives:
        if one.outcome == "inconclusive":
            yield f"The {one.name} of {one.probe} is inconclusive: {one.why}."
        elif one.estimated:
            yield f"The {one.name} of {one.probe} is an estimate."
    if verdict.revert is not None and verdict.revert.irreversible:
        yield f"Cannot be put back by anybody: {'; '.join(verdict.revert.irreversible)}."
    yield from _ALWAYS
