"""`drill approve`: one person's yes to one plan, bound to its hash, by name or by signature."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drillrunner.cli.options import environment_option, offers, reports_option, set_option, var_option

if TYPE_CHECKING:
    from drillrunner.files.approval_file import KeptPlan
    from drillrunner.model.approval import Approval


@click.command()
@click.argument("plan", shell_complete=offers("gamedays"))
@click.option("--as", "approver", metavar="NAME", help="Who approves; whoever is logged in, if it is not given.")
@click.option("--words", default="", help="What is to be kept beside it: a ticket, a condition.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Sign it with this SSH key (a private one, or the public one of a key that ssh-agent holds).",
)
@environment_option
@var_option
@set_option
@reports_option
@click.option("--no-input", is_flag=True, help="Do not ask again before it is kept.")
def approve(
    plan: str,
    approver: str | None,
    words: str,
    key: Path | None,
    environment_name: str | None,
    variables: tuple[str, ...],
    settings: tuple[str, ...],
    reports: Path,
    no_input: bool,
) -> None:
    """Approve PLAN: a game day, a drill (with --environment, --var and --set), or the hash of a plan that was shown.

    The plan is printed first. Any change to it afterwards makes another plan, which nobody has approved.
    """
    from drillrunner.errors import Refused
    from drillrunner.files.approval_file import keep_plan, write_approval

    name = _name(approver)
    shown = _shown(plan, environment_name, variables, settings, reports)
    if not no_input and sys.stdin is not None and sys.stdin.isatty():
        question = f"Approve this plan as {name}?"
        if not click.confirm(question, err=True):
            raise Refused("not approved", advice="nothing was kept")
    keep_plan(reports, shown)
    approval = _approval(shown, name, words, key)
    path = write_approval(reports, approval)
    how = f"signed with {approval.key_fingerprint or key}" if key else "by name, not signed"
    click.echo(f"approved by {name} ({how}): {shown.name}, plan {shown.hash}")
    click.echo(f"  kept as {path}")


def _name(given: str | None) -> str:
    """A name that a file of allowed signers and a game day's `by` can hold. Raises InvalidInput."""
    import re

    from drillrunner.errors import InvalidInput
    from drillrunner.model.approval import NAME_PATTERN

    name = given or getpass.getuser()
    if not re.match(NAME_PATTERN, name) or name.endswith("\n"):
        advice = "use at most 64 letters, digits, hyphens and underscores"
        raise InvalidInput(f'--as cannot be "{name[:80]}"', advice=advice)
    return name


def _shown(
    plan: str, environment: str | None, variables: tuple[str, ...], settings: tuple[str, ...], reports: Path
) -> KeptPlan:
    """The plan, printed. Raises as planning does, and RunNotFound."""
    from drillrunner.cli.plan import planned
    from drillrunner.errors import InvalidInput
    from drillrunner.files.approval_file import KeptPlan, find_plan, is_hash
    from drillrunner.files.gameday.file import gameday_names, locate_gameday
    from drillrunner.reporting.plan_text import plan_lines

    if is_hash(plan) and plan not in gameday_names(Path()):
        return _printed(find_plan(reports, plan))
    try:
        locate_gameday(plan, Path())
    except InvalidInput:
        made, _ = planned(plan, variables, environment, settings)
        click.echo("\n".join(plan_lines(made)))
        return KeptPlan(drill=made)
    return _game_day(plan)


def _game_day(name: str) -> KeptPlan:
    from drillrunner.cli.gameday.plan import gameday_of, plan_gameday
    from drillrunner.files.approval_file import KeptPlan
    from drillrunner.reporting.gameday_text import plan_lines

    planned = plan_gameday(gameday_of(name), seed=1)
    click.echo("\n".join(plan_lines(planned.plan, planned.refusals(), planned.longest_wall_seconds())))
    return KeptPlan(gameday=planned.plan)


def _printed(kept: KeptPlan) -> KeptPlan:
    from drillrunner.gameday.checks import longest_day_seconds
    from drillrunner.reporting import gameday_text, plan_text

    if kept.gameday is not None:
        scale = kept.gameday.plans[0].environment.time_scale
        lines = gameday_text.plan_lines(kept.gameday, (), longest_day_seconds(kept.gameday) / scale)
        click.echo("\n".join(lines))
    elif kept.drill is not None:
        click.echo("\n".join(plan_text.plan_lines(kept.drill)))
    return kept


def _approval(shown: KeptPlan, name: str, words: str, key: Path | None) -> Approval:
    """The approval, signed where a key is given. Raises InvalidInput."""
    from drillrunner.files.approval_file import NAMESPACE
    from drillrunner.files.ssh_keygen import fingerprint_of, signature_over
    from drillrunner.model.approval import Approval

    approval = Approval(
        plan_hash=shown.hash,
        what=shown.name,
        approver=name,
        at=datetime.now(UTC),
        words=words,
        covers=shown.covers(),
    )
    if key is None:
        return approval
    signature = signature_over(approval.signed_bytes(), key, NAMESPACE)
    return approval.model_copy(update={"signature": signature, "key_fingerprint": fingerprint_of(key)})
