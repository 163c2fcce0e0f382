"""Files that a command writes where its user says: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from drillrunner.errors import InvalidInput


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes its name only when all is in it. Raises InvalidInput where it cannot be written.

    What is no regular file (`/dev/stdout`, a pipe) has no name to give: it is written to as it is.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    direct = path.exists() and not path.is_file()
    try:
        with (path if direct else beside).open("wb") as file:
            yield file
        if not direct:
            beside.replace(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidInput(f"this cannot be written: {why}", where=str(path), advice="choose another -o") from error
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """The text in UTF-8. Raises InvalidInput."""
    with written_whole(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
