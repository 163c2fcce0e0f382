"""Real processes: a lab for the whole session, and `drill` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drillrunner.lab.lifecycle import read_status

ROOT = Path(__file__).resolve().parents[1]
DYING = ROOT / "tests" / "scenarios" / "dying_drill.py"

# The shipped regional outage with its waits cut short, so that a run takes seconds.
SHORT = {
    "baseline: {for: 30s,": "baseline: {for: 4s,",
    "stable_for: 30s": "stable_for: 5s",
    "stable_for: 20s": "stable_for: 5s",
}
# A lab that fails over and back within seconds: a sensitive health check, and answers that are soon forgotten.
QUICK = ("--set", "route53.threshold=1", "--set", "route53.ttl=5")


@dataclass
class Stage:
    """A folder with drills, reports and state of its own, and `drill` run in it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "drillrunner", *words]

    def start(self, *words: str, dies_after: int | str | None = None, file_limit_bytes: int | None = None) -> Any:
        """Start `drill WORDS`; optionally one that is killed after so many journal entries (or at a moment, see
        dying_drill.py), or whose files may not grow beyond a limit (as on a full disk)."""
        command = self.command(*words)
        if dies_after is not None:
            command = [sys.executable, str(DYING), str(dies_after), *words]
        if file_limit_bytes is not None:
            command = ["prlimit", f"--fsize={file_limit_bytes}", *command]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def drill(self, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Run it to its end; one that hangs is killed, and fails the test."""
        process = self.start(*words, **how)
        try:
            out, err = process.communicate(timeout=110)
        finally:
            if process.poll() is None:
                process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def lab(self, topology: str = "checkout") -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.drill("lab", "status", "--topology", topology, "--json").stdout)
        return status

    def ask(self, route: str, topology: str = "checkout", put: Any = None) -> Any:
        """GET (or PUT) one of the lab's admin routes."""
        lab = read_status(self.folder / "state" / "labs" / f"{topology}.json")
        assert lab is not None, f"no lab {topology} runs"
        url = f"{lab.admin_url}/{route}"
        data = None if put is None else json.dumps(put).encode()
        request = urllib.request.Request(url, data=data, method="GET" if put is None else "PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def state(self, topology: str = "checkout") -> Any:
        """The lab's whole control plane, comparable."""
        return self.ask("state", topology)

    def run_folder(self) -> Path:
        """The newest run's folder."""
        return max(path for path in self.reports.iterdir() if path.name[:2] == "20")

    def entries(self) -> list[dict[str, Any]]:
        lines = (self.run_folder() / "journal.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def drill_file(self, name: str, changes: dict[str, str] | None = None, source: str = "regional-outage") -> Path:
        """A shipped drill under another name, with texts replaced; its waits are cut short."""
        text = (ROOT / "drills" / f"{source}.yaml").read_text(encoding="utf-8")
        for old, new in {**SHORT, **(changes or {})}.items():
            assert old in text or old in SHORT, old
            text = text.replace(old, new)
        path = self.folder / "drills" / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path


def stage_in(folder: Path) -> Stage:
    """A stage with the shipped environments and runbooks."""
    (folder / "drills").mkdir(parents=True)
    (folder / "runbooks").symlink_to(ROOT / "runbooks")
    environments = (ROOT / "drills" / "environments.yaml").read_text(encoding="utf-8")
    (folder / "drills" / "environments.yaml").write_text(environments, encoding="utf-8")
    return Stage(
        folder,
        {"DRILLRUNNER_STATE": str(folder / "state"), "AWS_EC2_METADATA_DISABLED": "true", "GITHUB_STEP_SUMMARY": ""},
    )


def entries_of(reports: Path, pid: int) -> list[dict[str, Any]]:
    """What the run of that process has journaled so far; nothing while it has no journal."""
    for journal in sorted(reports.glob("20*/journal.jsonl"), reverse=True):
        lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        if entries and entries[0]["data"].get("pid") == pid:
            return entries
    return []
