"""Checks one record against itself: its files, its manifest, its signature, and what the files say of each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drillrunner.errors import DrillError, InvalidInput
from drillrunner.evidence import kms_signature
from drillrunner.evidence.exercise import exercise_contents
from drillrunner.evidence.plain_files import read_plain, sha256_of_file
from drillrunner.evidence.record import (
    MANIFEST,
    RECORD,
    RECORD_MOST_BYTES,
    SCHEMA_VERSION,
    SIGNATURE,
    HashedFile,
    Manifest,
    Record,
    read_manifest,
    read_record,
    schema_version_of,
)
from drillrunner.evidence.shelf import Placed
from drillrunner.evidence.signature import damage_of, signer_of
from drillrunner.files.journal_file import read_journal
from drillrunner.files.run_folder import RunFolder, read_plan

UNSIGNED = "not signed"
_BY_SOMEBODY = "signed by somebody who is not allowed"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with which file. `unreadable`: nobody can say whether it is damaged."""

    file: str
    what: str
    unreadable: bool = False


@dataclass(slots=True)
class Checked:
    """One record. `manifest_sha256` is None where its manifest cannot be read; `signer` where nobody's was checked."""

    placed: Placed
    manifest_sha256: str | None = None
    manifest: Manifest | None = None
    record: Record | None = None
    problems: list[Problem] = field(default_factory=list)
    signed: str = UNSIGNED
    signer: str | None = None

    @property
    def sound(self) -> bool:
        return not self.problems

    @property
    def state(self) -> str:
        """In a word; damage that is certain counts before what nobody can read."""
        if self.sound:
            return "sound"
        return "UNREADABLE" if all(problem.unreadable for problem in self.problems) else "DAMAGED"


def check_record(placed: Placed, allowed_signers: Path | None, kms_keys: Sequence[Path] = ()) -> Checked:
    """Everything but the chain. Raises InvalidInput only where --allowed-signers or --allowed-kms-key cannot be read.

    `kms_keys` are files with the public keys (PEM) of keys in a KMS that may sign.
    """
    checked = Checked(placed)
    checked.problems += _read_both(checked)
    checked.problems += _listing(checked)
    if checked.manifest is not None:
        checked.problems += _hashes(checked.manifest, checked)
        checked.problems += _agreement(checked.manifest, checked)
    checked.problems += _contents(checked)
    checked.problems += _signature(checked, allowed_signers)
    checked.problems += _kms_signature(checked, kms_keys)
    if (allowed_signers or kms_keys) and checked.signer is None:
        checked.problems += _not_allowed(checked, allowed_signers, kms_keys)
    return checked


def _read_both(checked: Checked) -> Iterator[Problem]:
    manifest, record = checked.placed.path / MANIFEST, checked.placed.path / RECORD
    try:
        checked.manifest_sha256 = sha256_of_file(manifest)[0]
        yield from _other_version(manifest)
        checked.manifest = read_manifest(manifest)
    except InvalidInput as error:
        yield _unread(manifest, error)
    try:
        yield from _other_version(record)
        checked.record = read_record(record)
    except InvalidInput as error:
        yield _unread(record, error)


def _other_version(path: Path) -> Iterator[Problem]:
    version = schema_version_of(path)
    if version is not None and version != SCHEMA_VERSION:
        what = f"has schema version {version}, and this drillrunner reads {SCHEMA_VERSION}"
        yield Problem(path.name, what, unreadable=version > SCHEMA_VERSION)


def _unread(path: Path, error: InvalidInput) -> Problem:
    if not path.exists() and not path.is_symlink():
        return Problem(path.name, "is missing")
    newer = (schema_version_of(path) or 0) > SCHEMA_VERSION
    return Problem(path.name, error.message, unreadable=newer or isinstance(error.__cause__, PermissionError))


def _listing(checked: Checked) -> Iterator[Problem]:
    """Files that no manifest names. What is missing is told where each is looked at."""
    known = {MANIFEST, SIGNATURE, RECORD, *kms_signature.FILES}
    lists = checked.manifest or checked.record
    if lists is None:
        return
    known |= {file.name for file in lists.files}
    try:
        there = sorted(path.name for path in checked.placed.path.iterdir())
    except OSError as error:
        yield Problem(".", f"cannot be read: {error.strerror}", unreadable=True)
        return
    for name in there:
        if name not in known:
            yield Problem(name, "is not part of the record: it was added")


def _hashes(manifest: Manifest, checked: Checked) -> Iterator[Problem]:
    if manifest.named(RECORD) is None:
        yield Problem(MANIFEST, f"does not name {RECORD}")
    for file in manifest.files:
        if Path(file.name).name != file.name or file.name in (MANIFEST, SIGNATURE, *kms_signature.FILES):
            yield Problem(MANIFEST, f"names {file.name}, which no record holds")
        else:
            yield from _hash(file, checked)


def _hash(file: HashedFile, checked: Checked) -> Iterator[Problem]:
    """Where record.json names the file too, two of the three that agree tell which one was changed."""
    path = checked.placed.path / file.name
    try:
        found = HashedFile(name=file.name, sha256=(pair := sha256_of_file(path))[0], size_bytes=pair[1])
    except InvalidInput as error:
        if file.name != RECORD or path.exists():  # a record.json that is missing was told of
            yield _unread(path, error)
        return
    witness = next((one for one in checked.record.files if one.name == file.name), None) if checked.record else None
    if found == file:
        return
    if file.name == RECORD:
        yield Problem(RECORD, f"is not the one that {MANIFEST} names: one of the two was changed")
    elif found == witness:
        yield Problem(MANIFEST, f"names another SHA-256 or size of {file.name} than {RECORD} and the file itself have")
    else:
        grown = f", it has {found.size_bytes:,} bytes and not {file.size_bytes:,}"
        size = grown if found.size_bytes != file.size_bytes else ""
        yield Problem(file.name, f"was changed: its SHA-256 is not the one in {MANIFEST}{size}")


def _agreement(manifest: Manifest, checked: Checked) -> Iterator[Problem]:
    """What manifest.json, record.json and the folder's name say of the same."""
    record, placed = checked.record, checked.placed
    if (manifest.record, manifest.number) != (placed.name, placed.number):
        what = f"is of record {manifest.record} (number {manifest.number}), and the folder is named {placed.name}"
        yield Problem(MANIFEST, what)
    if record is None:
        return
    if (record.id, record.number) != (manifest.record, manifest.number):
        yield Problem(RECORD, f"is of record {record.id} (number {record.number}), which {MANIFEST} is not")
    if record.previous != manifest.previous:
        yield Problem(MANIFEST, f"names another previous record than {RECORD}: one of the two was changed")
    rest = tuple(file for file in manifest.files if file.name != RECORD)
    if {file.name for file in rest} != {file.name for file in record.files}:
        yield Problem(MANIFEST, f"names other files than {RECORD}")


def _contents(checked: Checked) -> Iterator[Problem]:
    """The journal's own chain, and whether plan, journal, verdict and record are of one run."""
    folder, record = RunFolder(checked.placed.path), checked.record
    if record is not None and record.kind == "tabletop":
        yield from (Problem(*found) for found in exercise_contents(checked.placed.path, record))
    if folder.journal.is_file():  # else its hash tells
        yield from _journal(folder, record)
    if folder.plan.is_file():
        yield from _plan(folder, record)
    if folder.verdict.is_file() and record is not None:
        yield from _verdict(folder, record)


def _journal(folder: RunFolder, record: Record | None) -> Iterator[Problem]:
    try:
        entries = read_journal(folder.journal)
    except (DrillError, OSError) as error:
        what = error.message if isinstance(error, DrillError) else f"cannot be read: {error.strerror}"
        yield Problem(folder.journal.name, what, unreadable=isinstance(error, OSError))
        return
    began = entries[0].data if entries else {}
    if record is not None and began.get("plan_hash") != record.plan_hash:
        yield Problem(folder.journal.name, f"is not bound to the plan that {RECORD} names")
    if record is not None and began.get("run_id") != record.run_id:
        yield Problem(folder.journal.name, f"is of another run than {RECORD}")


def _plan(folder: RunFolder, record: Record | None) -> Iterator[Problem]:
    try:
        plan = read_plan(folder)
    except InvalidInput as error:
        yield Problem(folder.plan.name, error.message)
        return
    if record is not None and plan.hash != record.plan_hash:
        yield Problem(folder.plan.name, f"has another hash than {RECORD} names")


def _verdict(folder: RunFolder, record: Record) -> Iterator[Problem]:
    """The figures of record.json are the verdict's: whoever changes one has to change both."""
    try:
        verdict = json.loads(read_plain(folder.verdict, RECORD_MOST_BYTES))
    except InvalidInput as error:
        yield Problem(folder.verdict.name, error.message)
        return
    except (ValueError, RecursionError):
        yield Problem(folder.verdict.name, "is no JSON")
        return
    document = record.model_dump(mode="json")
    names = ("plan_hash", "outcome", "why", "ended_by", "objectives", "began_wall", "findings", "revert")
    wrong = [name for name in names if not isinstance(verdict, dict) or verdict.get(name) != document[name]]
    if wrong:
        yield Problem(RECORD, f"and {folder.verdict.name} do not say the same of {', '.join(wrong)}")


def _signature(checked: Checked, allowed_signers: Path | None) -> Iterator[Problem]:
    folder = checked.placed.path
    path = folder / SIGNATURE
    if not path.exists() and not path.is_symlink():
        return  # whether it must have one depends on the records after it
    checked.signed = "signed, but no --allowed-signers: signature not checked against anybody"
    if not (folder / MANIFEST).is_file():
        checked.signed = "signed, and the manifest is missing"
        return
    try:
        damage = damage_of(folder)
        if damage is not None:
            checked.signed = "signature damaged"
            yield Problem(SIGNATURE, damage)
            return
    except InvalidInput as error:
        if allowed_signers is not None:
            raise
        checked.signed = f"signed; signature not checked: {error.message}"
        return
    if allowed_signers is not None:
        checked.signer = signer = signer_of(folder, allowed_signers)
        checked.signed = f"signed by {signer}" if signer else _BY_SOMEBODY


def _kms_signature(checked: Checked, keys: Sequence[Path]) -> Iterator[Problem]:
    """The same of a signature by a key in a KMS; a record may have both."""
    folder = checked.placed.path
    if not kms_signature.is_there(folder):
        return
    try:
        damage = [Problem(name, what) for name, what in kms_signature.damage_of(folder)]
        if damage:
            checked.signed = "signature damaged"
            yield from damage
            return
        signer = kms_signature.signer_of(folder, keys)
        unsure = _BY_SOMEBODY if keys else "no --allowed-kms-key: signature not checked against anybody"
        said = f"signed by {kms_signature.key_words(folder)}{'' if signer else f', {unsure}'}"
    except InvalidInput as error:
        if keys:
            raise
        signer, said = None, f"signed; signature not checked: {error.message}"
    checked.signer = checked.signer or signer
    checked.signed = said if checked.signed in (UNSIGNED, _BY_SOMEBODY) else f"{checked.signed}; {said}"


def _not_allowed(checked: Checked, signers: Path | None, keys: Sequence[Path]) -> Iterator[Problem]:
    """Signatures of which none is somebody's who may sign. Damage was told; of no signature at all the chain tells."""
    if any(problem.file in (SIGNATURE, *kms_signature.FILES) for problem in checked.problems):
        return
    allowed = ", ".join(map(str, [*([signers] if signers else []), *keys]))
    for name in (SIGNATURE, kms_signature.SIGNED):
        if (checked.placed.path / name).is_file():
            yield Problem(name, f"is not of anybody whom {allowed} allows")
