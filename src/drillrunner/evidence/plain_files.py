"""Files of a record, read with bounds and written so that a power cut does not take them away."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from drillrunner.errors import InvalidInput

_PIECE_BYTES = 1_048_576


@contextmanager
def opened_plain(path: Path) -> Iterator[BinaryIO]:
    """A regular file, no link, open for reading. Raises InvalidInput where it cannot be opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a NUL in the name, which a file can give
        raise InvalidInput("cannot be the name of a file", where=repr(str(path))) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidInput("is no regular file", where=str(path))
        yield file


def _unreadable(path: Path, error: OSError) -> InvalidInput:
    return InvalidInput(f"cannot be read: {error.strerror or error}", where=str(path))


def read_plain(path: Path, most_bytes: int) -> bytes:
    """The whole of a file of at most so many bytes. Raises InvalidInput."""
    try:
        with opened_plain(path) as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(content) > most_bytes:
        raise InvalidInput(f"is larger than {most_bytes:,} bytes", where=str(path))
    return content


def sha256_of_file(path: Path) -> tuple[str, int]:
    """Hex SHA-256 and size in bytes. Raises InvalidInput."""
    digest, size = hashlib.sha256(), 0
    try:
        with opened_plain(path) as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise _unreadable(path, error) from error
    return digest.hexdigest(), size


def copy_durably(source: Path, target: Path) -> None:
    """A copy that is on disk when this returns. Raises InvalidInput where the source cannot be read, else OSError."""
    with opened_plain(source) as file, target.open("xb") as copy:
        while piece := file.read(_PIECE_BYTES):
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())


def write_durably(path: Path, content: bytes) -> None:
    """A new file that is on disk when this returns. Raises OSError."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Make a folder's names, or a file that somebody else wrote, durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
