"""Feed every reader very many files that are nearly right: `make fuzz`.

    python tests/fuzz/fuzz.py [--inputs 100000] [--seed 1] [--jobs 2] [--only READER …]

A reader may accept a file or refuse it with one of our own errors. Anything else fails: another exception, more than
2 s of CPU for one file, more than 300 MB for the process. The file is then kept, and the line printed that plays it
again. `--inputs` is how many files there are in all, shared among the readers.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from mutations import mutated
from readers import READERS, Reader

LONGEST_SECONDS = 2.0
MOST_MEGABYTES = 300.0


class TooLong(BaseException):
    """One file took more than the limit. No reader's `except Exception` may swallow it."""


@dataclass
class Share:
    """What one process did with one reader."""

    reader: str
    inputs: int = 0
    accepted: int = 0
    slowest_seconds: float = 0.0
    megabytes: float = 0.0
    failures: list[str] = field(default_factory=list)


def main() -> int:
    arguments = _arguments()
    if arguments.replay:
        return _replayed(arguments.only[0], arguments.replay)
    names = arguments.only or list(READERS)
    each = -(-arguments.inputs // (len(names) * arguments.jobs))
    began = time.monotonic()
    orders = [(name, arguments.seed + job, each) for name in names for job in range(arguments.jobs)]
    # a process for each order, so that what one of them needs of memory is not hidden by another
    with multiprocessing.get_context("spawn").Pool(arguments.jobs, maxtasksperchild=1) as pool:
        shares = pool.starmap(fed, orders, chunksize=1)
    for name in names:
        print(_line(name, [share for share in shares if share.reader == name]))
    failures = [failure for share in shares for failure in share.failures]
    failures += [f"{one.reader}: {one.megabytes:.0f} MB" for one in shares if one.megabytes > MOST_MEGABYTES]
    print(f"{sum(share.inputs for share in shares)} files, seed {arguments.seed}, {time.monotonic() - began:.0f} s")
    print("\n".join(failures) if failures else "no reader did anything but accept or refuse")
    return 1 if failures else 0


def fed(name: str, seed: int, inputs: int, readers: Mapping[str, Reader] = READERS) -> Share:
    """Feed one reader so many files, drawn from the seed."""
    reader, rng, share = readers[name], Random(f"{name} {seed}"), Share(name)
    seeds = [path.read_bytes() for path in reader.seeds]
    signal.signal(signal.SIGPROF, _too_long)
    with tempfile.TemporaryDirectory(prefix="drill-fuzz-") as folder:
        for _ in range(inputs):
            content = mutated(seeds, rng)
            _one(share, reader, content, Path(folder))
    share.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return share


def _one(share: Share, reader: Reader, content: bytes, folder: Path) -> None:
    share.inputs += 1
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LONGEST_SECONDS)
    try:
        share.accepted += reader.takes(content, folder)
    except BaseException as error:  # noqa: BLE001 - whatever a reader lets through is what is looked for
        share.failures.append(_kept(share.reader, content, error))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    share.slowest_seconds = max(share.slowest_seconds, time.process_time() - began)


def _too_long(_number: int, frame: FrameType | None) -> None:
    raise TooLong(f"still at work after {LONGEST_SECONDS:g} s")


def _kept(name: str, content: bytes, error: BaseException) -> str:
    path = Path(tempfile.gettempdir()) / f"drill-fuzz-{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    path.write_bytes(content)
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {str(error)[:120]} ({Path(last.filename).name}:{last.lineno})"
    return f"{name}: {what}\n  again: python tests/fuzz/fuzz.py --only {name} --replay {path}"


def _replayed(name: str, path: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="drill-fuzz-") as folder:
        began = time.process_time()
        accepted = READERS[name].takes(path.read_bytes(), Path(folder))
        print(f"{'accepted' if accepted else 'refused'} in {time.process_time() - began:.2f} s")
    return 0


def _line(name: str, shares: list[Share]) -> str:
    inputs, accepted = sum(one.inputs for one in shares), sum(one.accepted for one in shares)
    slowest, most = max(one.slowest_seconds for one in shares), max(one.megabytes for one in shares)
    return f"{name:>12}: {inputs} files, {accepted} accepted, slowest {slowest:.2f} s, at most {most:.0f} MB"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", action="append", choices=READERS, metavar="READER", help=", ".join(READERS))
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a file that was kept, to one reader (--only)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
