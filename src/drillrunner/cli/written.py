"""Files that a command writes where its user says: whole or not at all."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from drillrunner.errors import InvalidInput


@contextmanager
def written_whole(path: Path, advice: str | None = "choose another -o") -> Iterator[BinaryIO]:
    """A file to write to that takes its name only when all is in it. Raises InvalidInput where it cannot be written.

    A file that is there keeps its mode. What is no regular file (`/dev/stdout`, a pipe) has no name to give: it is
    written to as it is.
    """
    direct = path.exists() and not path.is_file()
    try:
        with path.open("wb") if direct else _replacing(path) as file:
            yield file
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidInput(f"this cannot be written: {why}", where=str(path), advice=advice) from error


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` under a name that nobody can foresee; `x` follows no link that is there already."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    with beside.open("xb") as file:
        try:
            if path.is_file():
                beside.chmod(stat.S_IMODE(path.stat().st_mode))
            yield file
            file.close()  # what is still in memory may find the disk full
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def write_text(path: Path, text: str, advice: str | None = "choose another -o") -> None:
    """The text in UTF-8. Raises InvalidInput."""
    with written_whole(path, advice) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
