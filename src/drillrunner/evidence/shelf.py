"""The folder of records, `reports/evidence/`: one numbered folder each, and who may add the next."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drillrunner.errors import InvalidInput, Refused, RunNotFound
from drillrunner.evidence.plain_files import sha256_of_file
from drillrunner.evidence.record import GENESIS, MANIFEST

FOLDER = "evidence"
UNFINISHED = ".building-"
_NAME = re.compile(r"(\d{4,9})-(.+)\Z")
_LOOKS = 40
_LOOK_PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Placed:
    """A record's folder and its number."""

    path: Path
    number: int

    @property
    def name(self) -> str:
        return self.path.name


def record_name(number: int, run_id: str) -> str:
    """`0001-20261121-083011-8f636e`."""
    return f"{number:04d}-{run_id}"


def placed(path: Path) -> Placed | None:
    """The record that a folder's name tells of; None where it is no record's name."""
    match = _NAME.match(path.name)
    return Placed(path, int(match.group(1))) if match and path.is_dir() else None


def records_in(shelf: Path) -> list[Placed]:
    """Every record in the order of their numbers. Raises InvalidInput."""
    try:
        found = [placed(path) for path in shelf.iterdir()] if shelf.is_dir() else []
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", where=str(shelf)) from error
    return sorted((one for one in found if one is not None), key=lambda one: (one.number, one.name))


def find_record(shelf: Path, name: str) -> Placed:
    """The record by its folder's path, its number, or the beginning or end of its name. Raises RunNotFound."""
    at_path = placed(Path(name).resolve())
    if at_path is not None:
        return at_path
    every = records_in(shelf)
    found = [one for one in every if (name.isdecimal() and len(name) < 10 and one.number == int(name))]
    found = found or [one for one in every if one.name.startswith(name) or one.name.endswith(name)]
    if len(found) == 1:
        return found[0]
    what = "several records are" if found else "no record is"
    raise RunNotFound(f'{what} named "{name}"', where=str(shelf), advice="list them with: drill evidence register")


def next_place(shelf: Path) -> tuple[int, str]:
    """The next record's number and what its `previous` is. Call it with the shelf locked. Raises InvalidInput."""
    every = records_in(shelf)
    if not every:
        return 1, GENESIS
    return every[-1].number + 1, sha256_of_file(every[-1].path / MANIFEST)[0]


@contextmanager
def locked(shelf: Path) -> Iterator[None]:
    """Keep others from adding a record; what a dead builder left unfinished is cleared away. Raises Refused."""
    shelf.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(shelf / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        take(descriptor, shelf)
        for left in shelf.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
        yield
    finally:
        os.close(descriptor)


def take(descriptor: int, shelf: Path, looks: int = _LOOKS) -> None:
    """Lock an open file, looking again for some seconds while another builder holds it. Raises Refused."""
    for look in range(looks):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if look + 1 < looks:
                time.sleep(_LOOK_PAUSE_SECONDS)
    raise Refused("another record is being built", where=str(shelf), advice="try again when that one has ended")
