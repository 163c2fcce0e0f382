"""`drill`, killed (SIGKILL, by itself) at a moment of its journal: python dying_drill.py MOMENT WORDS…

A moment is the number of an entry (22), or the kth entry of a kind, of one role where it is given
(call.intent#2, undo.recorded/fault#1). The process dies right after that entry is on disk.

`hold:` before the moment holds it there (SIGSTOP) until SIGCONT instead. More moments may follow after
commas, each counted from the one before it: hold:call.intent#1,call.intent#1.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass

from pydantic import JsonValue

from drillrunner.cli import main
from drillrunner.files.journal_file import JournalFile
from drillrunner.model.journal import Entry


@dataclass
class Moment:
    """`text` as above; `seen` counts the entries that it is about."""

    text: str
    seen: int = 0

    def is_now(self, entry: Entry) -> bool:
        if self.text.isdigit():
            return entry.seq >= int(self.text)
        what, _, number = self.text.partition("#")
        kind, _, role = what.partition("/")
        self.seen += entry.kind == kind and role in ("", entry.data.get("role"))
        return self.seen >= int(number)


hold, _, texts = sys.argv.pop(1).rpartition(":")
moments = [Moment(text) for text in texts.split(",")]
append = JournalFile.append


def append_and_die(self: JournalFile, kind: str, data: dict[str, JsonValue]) -> Entry:
    entry = append(self, kind, data)
    if moments and moments[0].is_now(entry):
        moments.pop(0)
        os.kill(os.getpid(), signal.SIGSTOP if hold else signal.SIGKILL)
    return entry


JournalFile.append = append_and_die  # type: ignore[method-assign]
main()
