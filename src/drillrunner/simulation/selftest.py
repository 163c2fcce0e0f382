"""Many seeds played one after another or side by side, and what came of them in figures."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from drillrunner.orphans import end_with_the_parent
from drillrunner.simulation.play import Played, play
from drillrunner.simulation.shrink import shrunk
from drillrunner.simulation.trouble import KINDS

SEEDS_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed that violated something: the whole, and the smallest that still does."""

    played: Played
    smallest: Played

    def replay(self) -> str:
        """The command that plays the smallest again."""
        return replay_command(self.smallest)


@dataclass
class Tally:
    """What was played. Times: `seconds` real ones, `drill_seconds` simulated."""

    seeds: int = 0
    processes: int = 0
    deaths: int = 0
    changes: int = 0
    drill_seconds: float = 0.0
    seconds: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def add(self, played: Played) -> None:
        self.seeds += 1
        self.processes += played.processes
        self.deaths += played.deaths
        self.changes += played.changes
        self.drill_seconds += played.drill_seconds
        self.verdicts.update(played.verdicts)
        self.troubles.update(played.scenario.trouble_names)


def replay_command(played: Played) -> str:
    without = "".join(f" --without {part}" for part in sorted(played.scenario.without))
    return f"drill selftest --first-seed {played.scenario.seed} --seeds 1 -v{without}"


def selftest(
    seeds: Sequence[int],
    *,
    jobs: int = 1,
    without: frozenset[str] = frozenset(),
    on_played: Callable[[Played], None] = lambda played: None,
) -> Tally:
    """Play the seeds in `jobs` processes; seeds that fail are made smaller. `on_played` sees each in order."""
    tally = Tally()
    began = time.monotonic()
    for played in _all_played(seeds, jobs, without):
        tally.add(played)
        on_played(played)
        if played.violations:
            tally.failures.append(Failure(played, shrunk(played)))
    tally.seconds = time.monotonic() - began
    return tally


def _all_played(seeds: Sequence[int], jobs: int, without: frozenset[str]) -> Iterator[Played]:
    if jobs <= 1:
        yield from (play(seed, without) for seed in seeds)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_the_parent) as pool:
        yield from pool.map(partial(_play, without), seeds, chunksize=SEEDS_AT_ONCE)


def _play(without: frozenset[str], seed: int) -> Played:
    return play(seed, without)


def unknown_parts(names: Sequence[str]) -> list[str]:
    """Those of the names that no seed has a part of."""
    prefixes = {"fault", "failover", "failback"}
    known = {*KINDS, "ledger", "stops"}
    return [name for name in names if name not in known and name.split(":")[0] not in prefixes]
