"""`drill`, killed (SIGKILL, by itself) right after its nth journal entry is on disk: python dying_drill.py N WORDS…"""

from __future__ import annotations

import os
import signal
import sys

from pydantic import JsonValue

from drillrunner.cli import main
from drillrunner.files.journal_file import JournalFile
from drillrunner.model.journal import Entry

dies_after = int(sys.argv.pop(1))
append = JournalFile.append


def append_and_die(self: JournalFile, kind: str, data: dict[str, JsonValue]) -> Entry:
    entry = append(self, kind, data)
    if entry.seq >= dies_after:
        os.kill(os.getpid(), signal.SIGKILL)
    return entry


JournalFile.append = append_and_die  # type: ignore[method-assign]
main()
