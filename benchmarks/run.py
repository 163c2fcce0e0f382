"""Every benchmark beside a peer, in one command: `make bench`.

    python benchmarks/run.py [--quick] [--only NAME …] [--output FILE]

The peer is installed into `benchmarks/.venv` on first use. A whole run takes up to forty minutes, wants the
machine for itself, and writes RESULTS.md; `--quick` and `--only` print alone. Everything stays on loopback.

A row is a module beside this file with `measure(setting: Setting) -> Row` (see figures.py); its name goes into ROWS,
in the order of the page. Not here: how true a measured RTO is (ground_truth.py; over many seeds, that is a row
`rto_error`). Whatever becomes a row of this page has a `measure`, and its name at the end of ROWS.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import peer
from figures import Row, Setting
from processes import HERE
from table import Measured, as_page, as_text

ROWS = (
    "start",
    "throttles",
    "call_cpu",
    "probes",
    "probe_rate",
    "long_drill",
    "journal",
    "killed",
    "rto_error",
    "rehearsal",
    "report_size",
)
RESULTS = HERE / "RESULTS.md"
REPORTS = HERE.parent / "reports"


def main() -> int:
    arguments = _arguments()
    began, load_before = time.monotonic(), os.getloadavg()[0]
    chaos = peer.installed()
    rows = [_measured(name, arguments.quick, chaos) for name in arguments.only or ROWS]
    measured = Measured(
        rows,
        peer.versions(),
        f"{datetime.now(UTC):%Y-%m-%d}",
        load_before,
        (time.monotonic() - began) / 60,
        arguments.quick,
    )
    output = arguments.output or (None if arguments.quick or arguments.only else RESULTS)
    if output is not None:
        output.write_text(as_page(measured), encoding="utf-8")
        print(f"written: {output.name}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: does it work, and roughly")
    parser.add_argument("--only", action="append", choices=ROWS, metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--output", type=Path, help="write the page there, whatever was measured")
    return parser.parse_args()


def _measured(name: str, quick: bool, chaos: Path) -> Row:
    """One row, in a folder of its own on the disk that keeps reports, which is removed afterwards."""
    REPORTS.mkdir(exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=REPORTS) as folder:
        row: Row = importlib.import_module(name).measure(Setting(quick, chaos, Path(folder)))
    print(f"{as_text(row)}\n  [{name}: {time.monotonic() - began:.0f} s]\n", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
