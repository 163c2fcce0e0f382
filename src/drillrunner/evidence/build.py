"""Builds a record: copies the run's files, writes what they show, hashes, chains and signs. Whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from drillrunner.errors import DrillError, InvalidInput
from drillrunner.evidence.compose import Filed, Given, Run, compose
from drillrunner.evidence.plain_files import copy_durably, opened_plain, sha256_of_file, sync, write_durably
from drillrunner.evidence.record import MANIFEST, RECORD, SIGNATURE, HashedFile, Manifest, Record, as_file
from drillrunner.evidence.shelf import UNFINISHED, locked, next_place, record_name
from drillrunner.evidence.signature import sign
from drillrunner.files.journal_file import read_journal
from drillrunner.files.readings_file import read_readings
from drillrunner.files.run_folder import RunFolder, read_plan
from drillrunner.judge import judge
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Verdict
from drillrunner.reporting import render_json

READINGS = "readings.sqlite"
_READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
COPIED = ("plan.json", "journal.jsonl", "verdict.json", "report.html", "report.md", "junit.xml", READINGS)


# Writes what signs the manifest into a record's folder, durably, or raises.
Signer = Callable[[Path], None]


def ssh_signer(key: Path) -> Signer:
    """One that signs with the SSH key in that file."""

    def signed(folder: Path) -> None:
        sign(folder, key)
        sync(folder / SIGNATURE)

    return signed


def build(
    folder: RunFolder,
    shelf: Path,
    given: Given,
    *,
    left: tuple[str, ...],
    now: datetime,
    key: Path | None = None,
    signer: Signer | None = None,
) -> Path:
    """The new record's folder. `left` is what is still injected; `key` an SSH key, `signer` any other way to sign.

    Raises InvalidInput, Refused, JournalBroken, and what `signer` raises: then no record is made.
    """
    try:
        with locked(shelf):
            return _build(folder, shelf, given, left, now, ssh_signer(key) if key else signer)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidInput(
            f"the record cannot be written: {why}", where=str(shelf), advice="choose another -o"
        ) from error


def _build(
    folder: RunFolder, shelf: Path, given: Given, left: tuple[str, ...], now: datetime, signer: Signer | None
) -> Path:
    run_id = _id_of(folder)

    def fill(making: Path, filed: Filed) -> Record:
        files = _copied(folder, making)
        run = replace(_run(making, run_id, folder), left=left)
        return compose(run, replace(filed, files=files), given)

    return file_record(shelf, run_id, now, signer, fill)


def file_record(
    shelf: Path, run_id: str, now: datetime, signer: Signer | None, fill: Callable[[Path, Filed], Record]
) -> Path:
    """A new record's folder, whole or not at all; call it with the shelf locked.

    `fill` puts the record's files into a folder, and answers the record that names them.
    """
    number, previous = next_place(shelf)
    name = record_name(number, run_id)
    making = shelf / f"{UNFINISHED}{os.getpid()}"
    making.mkdir()
    try:
        filed = Filed(name, number, previous, now.isoformat(timespec="seconds"), ())
        record = fill(making, filed)
        write_durably(making / RECORD, as_file(record))
        write_durably(making / MANIFEST, as_file(_manifest(making, replace(filed, files=record.files))))
        (making / MANIFEST).chmod(_READ_ONLY)
        if signer is not None:
            signer(making)
        sync(making)
        making.rename(shelf / name)
        sync(shelf)
    finally:
        shutil.rmtree(making, ignore_errors=True)  # it is not there any more where all went well
    return shelf / name


def _id_of(folder: RunFolder) -> str:
    """The run's own id from its journal: its folder may have been renamed. A record's folder is named by it."""
    entries = read_journal(folder.journal)
    named = entries[0].data.get("run_id") if entries else None
    if isinstance(named, str) and named.replace("-", "").isalnum() and named.isascii() and len(named) <= 64:
        return named
    raise InvalidInput("the journal does not say which run this is", where=str(folder.journal))


def _copied(folder: RunFolder, making: Path) -> tuple[HashedFile, ...]:
    for name in COPIED:
        if not (folder.path / name).is_file():
            raise _outdated(folder, f"{name} is missing")
        _copy(folder.path / name, making / name)
    return tuple(hashed(making, name) for name in COPIED)


def _copy(source: Path, target: Path) -> None:
    """A killed run leaves readings in a write-ahead log beside the file, which a copy of the file alone would lose."""
    if source.name != READINGS or not _is_logged_ahead(source):
        copy_durably(source, target)
        return
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as whole:
            with closing(sqlite3.connect(target)) as copy:
                whole.backup(copy)
            with closing(sqlite3.connect(target)) as copy:  # or whoever reads it would add files to the record
                copy.execute("pragma journal_mode=delete")
    except sqlite3.Error as error:
        raise InvalidInput(f"these are no readings: {error}", where=str(source)) from error
    sync(target)


def _is_logged_ahead(path: Path) -> bool:
    """Whether its header says so (sqlite.org/fileformat.html, offset 18: 2 is WAL)."""
    with opened_plain(path) as file:
        return file.read(19)[18:] == b"\x02"


def hashed(folder: Path, name: str) -> HashedFile:
    """A file of a record, which nobody is to write to any more."""
    path = folder / name
    path.chmod(_READ_ONLY)
    digest, size_bytes = sha256_of_file(path)
    return HashedFile(name=name, sha256=digest, size_bytes=size_bytes)


def _manifest(making: Path, filed: Filed) -> Manifest:
    files = (*filed.files, hashed(making, RECORD))
    return Manifest(record=filed.id, number=filed.number, previous=filed.previous, files=files)


def _run(making: Path, run_id: str, folder: RunFolder) -> Run:
    """From the copies, so that the record tells of nothing else than what is in it."""
    copy = RunFolder(making)
    plan, entries = read_plan(copy), read_journal(copy.journal)
    return Run(run_id, plan, entries, _verdict(copy, plan, entries, folder))


def _verdict(copy: RunFolder, plan: Plan, entries: Sequence[Entry], folder: RunFolder) -> Verdict:
    """Judged again. Raises InvalidInput where verdict.json says something else, or belongs to another plan."""
    if not entries or entries[0].data.get("plan_hash") != plan.hash:
        raise InvalidInput("plan.json is not the plan of this journal", where=str(folder.path))
    verdict = judge(plan, entries, read_readings(copy.readings))
    try:
        kept = json.loads(copy.verdict.read_bytes())
    except (ValueError, RecursionError):
        kept = None
    if kept != json.loads(render_json(verdict)):
        raise _outdated(folder, "verdict.json is not what this version makes of the journal and the readings")
    return verdict


def _outdated(folder: RunFolder, why: str) -> DrillError:
    return InvalidInput(why, where=str(folder.path), advice=f"write the reports again with: drill report {folder.path}")
