"""`drill evidence`: records of runs for auditors, built, verified and listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from drillrunner.cli.options import json_option, offers, reports_option

if TYPE_CHECKING:
    from datetime import date

    from drillrunner.evidence.compose import Given
    from drillrunner.evidence.record import SignOff
    from drillrunner.evidence.verify import Verification
    from drillrunner.files.run_folder import RunFolder
    from drillrunner.model.action import Action
    from drillrunner.model.approval import Approval

LEFT_MOST = 5
_FILE = click.Path(path_type=Path, dir_okay=False)
_SIGNERS = click.option(
    "--allowed-signers", type=_FILE, metavar="FILE", help="Who may sign, as ssh-keygen's ALLOWED SIGNERS has them."
)
_KMS_KEYS = click.option(
    "--allowed-kms-key",
    "kms_keys",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="The public half (PEM) of a key in KMS that may sign; may be repeated.",
)


@click.group()
def evidence() -> None:
    """Records of runs, hashed and chained, that support what is claimed of them. They certify nothing.

    They are kept in reports/evidence/. Signatures are OpenSSH's, or of a key in AWS KMS.
    """


@evidence.command()
@click.argument("run", shell_complete=offers("runs"))
@click.option("--note", "notes", multiple=True, metavar="TEXT", help="Words to keep with it; may be repeated.")
@click.option("--controls", type=_FILE, metavar="FILE", help="Service, scope and the controls it supports, in YAML.")
@click.option("--sign", metavar="KEY", help="Sign with this SSH key (ssh-keygen -Y sign), or with kms:KEY_ARN.")
@click.option(
    "--sign-environment",
    metavar="NAME",
    shell_complete=offers("environments"),
    help="Whose credentials use the key in KMS; the run's own environment without it.",
)
@click.option("--sign-off", "sign_offs", multiple=True, metavar='"NAME, ROLE, TEXT"', help="May be repeated.")
@click.option("--retain", metavar="AGE", help="How long to keep it: 7y, 18m, 90d. Nothing is deleted by itself.")
@click.option("--incomplete", is_flag=True, help="Record a run of which something is still injected, and say so.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Keep the record there."
)
@reports_option
def build(
    run: str,
    notes: tuple[str, ...],
    controls: Path | None,
    sign: str | None,
    sign_environment: str | None,
    sign_offs: tuple[str, ...],
    retain: str | None,
    incomplete: bool,
    output: Path | None,
    reports: Path,
) -> None:
    """Make the record of RUN: what was tested, with which result, and the proof that it was put back.

    RUN may be a tabletop exercise too, by its folder or its name: what was decided when, and how it was rated.
    """
    from dataclasses import replace
    from datetime import UTC, datetime

    from drillrunner.cli.evidence_exercise import exercise_named, file_exercise
    from drillrunner.cli.evidence_kms import signer_of
    from drillrunner.evidence.build import build as build_record
    from drillrunner.evidence.plain_files import sha256_of_file
    from drillrunner.evidence.record import MANIFEST
    from drillrunner.files.run_folder import find_run

    now = datetime.now(UTC)
    given = _given(controls, sign_offs, notes, retain_until(retain, now.date()) if retain else None, incomplete)
    if (exercise := exercise_named(reports, run)) is not None:
        file_exercise(exercise, reports, output or _shelf(reports), given, now, (sign, sign_environment))
        return
    folder = find_run(reports, run)
    left = _left(folder, incomplete=incomplete)
    signer = signer_of(sign, sign_environment, folder, now)
    given = replace(given, **_on_file(folder, reports))
    made = build_record(folder, output or _shelf(reports), given, left=left, now=now, signer=signer)
    click.echo(made)
    click.echo(f"manifest {sha256_of_file(made / MANIFEST)[0]} (keep it elsewhere: it stands for the whole chain)")


@evidence.command()
@click.argument("record", required=False)
@_SIGNERS
@_KMS_KEYS
@reports_option
@json_option
def verify(
    record: str | None, allowed_signers: Path | None, kms_keys: tuple[Path, ...], reports: Path, as_json: bool
) -> None:
    """Check RECORD, or a folder of records (reports/evidence without one), offline.

    \b
    Exit codes: 0 sound · 1 damaged · 2 unreadable
    """
    found = _verification(record, allowed_signers, kms_keys, reports)
    if as_json:
        _echo_json(found)
    else:
        _echo_lines(found)
    raise click.exceptions.Exit(found.exit_code)


@evidence.command()
@click.option("--html", "page", type=_FILE, metavar="FILE", help="Write the auditor's page, which needs no network.")
@_SIGNERS
@_KMS_KEYS
@reports_option
@json_option
def register(
    page: Path | None, allowed_signers: Path | None, kms_keys: tuple[Path, ...], reports: Path, as_json: bool
) -> None:
    """List every record: what was tested, when, with which result, who signed off, and what is open."""
    from drillrunner.cli.written import write_text
    from drillrunner.evidence.register import chain_words, render_register, rows_of
    from drillrunner.evidence.verify import verify_shelf
    from drillrunner.reporting.outside_text import visible

    found = verify_shelf(_shelf(reports), allowed_signers, kms_keys)
    if page is not None:
        write_text(page, render_register(found, page))
    if as_json:
        _echo_json(found)
        return
    for row in rows_of(found):
        kind = f"{row.record.kind}{' (simulated)' if row.record.simulated else ''}" if row.record else "not readable"
        name = row.record.drill if row.record else ""
        click.echo(visible(f"{row.name}  {row.when}  {name}  {kind}  {row.mark} {row.result}  {row.state}"))
    click.echo(chain_words(found))
    if page is not None:
        click.echo(f"page: {page}")


def _shelf(reports: Path) -> Path:
    from drillrunner.evidence.shelf import FOLDER

    return reports / FOLDER


def _left(folder: RunFolder, *, incomplete: bool) -> tuple[str, ...]:
    """What the run still owes, in words. Raises Refused where it is under way, or owes and nobody said so."""
    from drillrunner.engine.debt import owed
    from drillrunner.errors import Refused
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.lock_file import is_held
    from drillrunner.files.run_folder import read_plan

    entries, plan = read_journal(folder.journal), read_plan(folder)
    if is_held(plan.environment, folder.run_id):
        raise Refused(f"run {folder.run_id} is under way", advice="wait until it ends, or: drill stop " + folder.run_id)
    left = tuple(one.describe() for one in sorted(owed(entries), key=lambda one: one.role == "ledger"))
    if left and not incomplete:
        more = f"; and {len(left) - LEFT_MOST} more" if len(left) > LEFT_MOST else ""
        raise Refused(
            f"run {folder.run_id} still has something injected: {'; '.join(left[:LEFT_MOST])}{more}",
            advice=f"put it back with: drill revert {folder.run_id}; or record it as it is with --incomplete",
        )
    return left


def _given(
    controls: Path | None, sign_offs: tuple[str, ...], notes: tuple[str, ...], until: date | None, incomplete: bool
) -> Given:
    from drillrunner.evidence.compose import Given
    from drillrunner.evidence.context_file import read_context
    from drillrunner.evidence.record import Context
    from drillrunner.evidence.revision import revision_of
    from drillrunner.evidence.tools import tool_versions
    from drillrunner.files.locate import DRILLS

    drills = Path(DRILLS)
    return Given(
        context=read_context(controls) if controls else Context(),
        sign_offs=tuple(sign_off(text) for text in sign_offs),
        notes=notes,
        retain_until=until.isoformat() if until else None,
        incomplete=incomplete,
        revision=revision_of(drills if drills.is_dir() else Path()),
        tools=tool_versions(),
    )


class _OnFile(TypedDict):
    approvals: tuple[Approval, ...]
    actions: tuple[Action, ...]


def _on_file(folder: RunFolder, reports: Path) -> _OnFile:
    """What the reports folder holds beside the run. Raises InvalidInput where actions.yaml cannot be read."""
    from drillrunner.files.actions_file import ACTIONS, read_actions
    from drillrunner.files.approval_file import approvals_of
    from drillrunner.files.run_folder import read_plan

    approvals = approvals_of(reports, read_plan(folder).hash)
    return {"approvals": approvals, "actions": read_actions(reports / ACTIONS)}


def sign_off(text: str) -> SignOff:
    """`Api Lovelace, head of resilience, reviewed it, and agree`: name, role, and the rest. Raises InvalidInput."""
    from drillrunner.errors import InvalidInput
    from drillrunner.evidence.record import SignOff

    parts = [part.strip() for part in text.split(",", 2)]
    if len(parts) != 3 or not all(parts):
        raise InvalidInput(f'--sign-off cannot read "{text}"', advice='write it like --sign-off "name, role, text"')
    return SignOff(name=parts[0], role=parts[1], text=parts[2])


def retain_until(age: str, today: date) -> date:
    """The day that is so many years, months or days from today; never an earlier one. Raises InvalidInput."""
    import re
    from datetime import timedelta

    from drillrunner.errors import InvalidInput

    match = re.fullmatch(r"([1-9]\d{0,4})([ymd])", age)
    count = int(match.group(1)) if match else 0
    try:
        if match is None:
            raise ValueError(age)
        if match.group(2) == "d":
            return today + timedelta(days=count)
        month = today.month - 1 + count * (12 if match.group(2) == "y" else 1)
        first = today.replace(year=today.year + month // 12, month=month % 12 + 1, day=1)
        return first + timedelta(days=today.day - 1)  # 29 February and a year on: 1 March
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f'--retain cannot read "{age}"', advice="write it like 7y, 18m or 90d") from error


def _verification(
    record: str | None, allowed_signers: Path | None, kms_keys: tuple[Path, ...], reports: Path
) -> Verification:
    from drillrunner.evidence.record import MANIFEST, RECORD
    from drillrunner.evidence.shelf import find_record, placed
    from drillrunner.evidence.verify import verify_record, verify_shelf

    if record is None:
        return verify_shelf(_shelf(reports), allowed_signers, kms_keys)
    path = Path(record).resolve()
    is_shelf = path.is_dir() and placed(path) is None and not any((path / name).exists() for name in (MANIFEST, RECORD))
    if is_shelf:
        return verify_shelf(path, allowed_signers, kms_keys)
    return verify_record(find_record(_shelf(reports), record), allowed_signers, kms_keys)


def _echo_lines(found: Verification) -> None:
    from drillrunner.evidence.register import chain_words
    from drillrunner.reporting.outside_text import visible

    for one in found.records:
        click.echo(visible(f"{one.placed.name}  {one.state} · {one.signed}"))
        for problem in one.problems:
            click.echo(visible(f"  {problem.file}: {problem.what}"))
    for words in found.notes:
        click.echo(visible(f"note: {words}"))
    click.echo(visible(chain_words(found)))


def _echo_json(found: Verification) -> None:
    from drillrunner.evidence.register import register_json

    click.echo(json.dumps(register_json(found), indent=2))
