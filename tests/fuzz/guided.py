"""The same readers under atheris, which keeps the files that reach new code and goes on from them. Part of `make fuzz`.

    python tests/fuzz/guided.py READER [--inputs 5000] [--seed 1]

Says so and ends well where atheris has no build for this machine. A file that a reader lets through is kept by atheris
(`crash-…`, in the folder that is printed); `fuzz.py --only READER --replay FILE` plays it again.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path

LONGEST_SECONDS = 2
# with atheris' own counters for every branch, and the instrumented modules
MOST_MEGABYTES = 600
LARGEST_BYTES = 65_536


def main() -> int:
    arguments = _arguments()
    if importlib.util.find_spec("atheris") is None:
        print("atheris has no build for this machine: only fuzz.py was run")
        return 0
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["drillrunner", "yaml"]):
        reader = importlib.import_module("readers").READERS[arguments.reader]
    folder = Path(tempfile.mkdtemp(prefix=f"drill-guided-{arguments.reader}-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for seed in reader.seeds:
        (corpus / seed.name).write_bytes(seed.read_bytes())
    print(f"{arguments.reader}: {arguments.inputs} files, guided; what fails is kept in {folder}", flush=True)
    atheris.Setup(
        [
            sys.argv[0],
            f"-runs={arguments.inputs}",
            f"-seed={arguments.seed}",
            f"-timeout={LONGEST_SECONDS}",
            f"-rss_limit_mb={MOST_MEGABYTES}",
            f"-max_len={LARGEST_BYTES}",
            f"-artifact_prefix={folder}/",
            "-verbosity=0",
            "-print_final_stats=1",
            str(corpus),
        ],
        lambda content: reader.takes(content, folder) and None,
    )
    atheris.Fuzz()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader")
    parser.add_argument("--inputs", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
