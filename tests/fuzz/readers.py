"""The readers of files from outside, as targets of a fuzzer: bytes in, nothing out, and only our own errors allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drillrunner.errors import DrillError
from drillrunner.evidence.record import read_record
from drillrunner.files.drill_file import read_drill
from drillrunner.files.environment_file import read_environments
from drillrunner.files.journal_file import read_journal
from drillrunner.files.run_folder import RunFolder, read_plan
from drillrunner.files.runbook_file import read_runbook
from drillrunner.lab.topology import load_topology

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "src" / "drillrunner" / "lab" / "topologies"
BAD = ROOT / "tests" / "bad_drills"
SAMPLE = ROOT / "reports" / "sample"


@dataclass(frozen=True)
class Reader:
    """What reads a file of that name, and files that it is meant for (or nearly so)."""

    file: str
    read: Callable[[Path], object]
    seeds: tuple[Path, ...]

    def takes(self, content: bytes, folder: Path) -> bool:
        """Whether it accepted the file. Anything else than acceptance or one of our own errors is let through."""
        path = folder / self.file
        path.write_bytes(content)
        try:
            self.read(path)
        except DrillError:
            return False
        return True


READERS = {
    "drill": Reader(
        "fuzzed.yaml", read_drill, (*sorted((ROOT / "drills").glob("*-*.yaml")), *sorted(BAD.glob("[a-z]*[a-z].yaml")))
    ),
    "environments": Reader(
        "environments.yaml",
        read_environments,
        (ROOT / "drills" / "environments.yaml", *sorted(BAD.glob("*.environments.yaml"))),
    ),
    "topology": Reader("topology.yaml", lambda path: load_topology(str(path)), tuple(sorted(LAB.glob("*.yaml")))),
    "journal": Reader("journal.jsonl", read_journal, (SAMPLE / "journal.jsonl",)),
    "runbook": Reader(
        "runbook.md",
        read_runbook,
        (*sorted((ROOT / "runbooks").glob("*.md")), *sorted((ROOT / "tests" / "bad_runbooks").glob("*.md"))),
    ),
    "record": Reader("record.json", read_record, (ROOT / "tests" / "unit" / "evidence" / "record-1.json",)),
    "plan": Reader("plan.json", lambda path: read_plan(RunFolder(path.parent)), (SAMPLE / "plan.json",)),
}
