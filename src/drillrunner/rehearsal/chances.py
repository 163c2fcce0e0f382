"""What differs from one rehearsed run to the next, and from which distributions it is drawn."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from drillrunner.lab.databases.settings import Durations

Z_99 = 2.3263

# A resolver that keeps answers longer than their TTL is met by one run in so many; it keeps them so long.
STUBBORN_RESOLVER_SHARE = 0.05
STUBBORN_SECONDS = (120.0, 300.0)
# The share of a checker's requests that are lost between it and the endpoint.
CHECKER_MISSES = 0.002
API_MEDIAN_SECONDS, API_P99_SECONDS = 0.06, 0.6
API_THROTTLED_SHARE = 0.01
# How much longer than usual a promotion, failover or rebuild takes in one run of a hundred.
DURATION_FACTOR_P99 = 2.5
# How much larger than the topology says the replication lag of a run is, in one of a hundred.
LAG_FACTOR_P99 = 2.0
# How long people need for a manual step of which the drill does not say it.
PERSON_SECONDS = (60.0, 600.0)

RANDOMISED = (
    "the phase of every health checker and of the resolver's cache (uniform)",
    f"lost requests of health checkers ({CHECKER_MISSES:.1%}), so that checkers disagree",
    f"resolvers that ignore TTLs ({STUBBORN_RESOLVER_SHARE:.0%} of runs keep answers "
    f"{STUBBORN_SECONDS[0]:.0f} to {STUBBORN_SECONDS[1]:.0f} s)",
    f"replication lag (log-normal as in the topology, times a factor of the run: median 1, P99 {LAG_FACTOR_P99:g})",
    f"times of promotion, failover and rebuild (median as in the lab, P99 {DURATION_FACTOR_P99:g} times that)",
    "latency and cold starts of functions (log-normal as in the topology)",
    f"AWS API latency (median {API_MEDIAN_SECONDS * 1000:.0f} ms, P99 {API_P99_SECONDS * 1000:.0f} ms) "
    f"and throttling ({API_THROTTLED_SHARE:.0%} of calls)",
    f"people's time for manual steps (uniform in the step's `takes`, else "
    f"{PERSON_SECONDS[0] / 60:.0f} to {PERSON_SECONDS[1] / 60:.0f} minutes)",
)


@dataclass(frozen=True, slots=True)
class Chances:
    """One run's luck. `resolver_seconds` is how long the resolver keeps any answer at least."""

    resolver_seconds: float
    lag_factor: float
    durations: Durations
    start_seconds: float


def draw(dice: random.Random) -> Chances:
    """The luck of one run."""
    stubborn = dice.random() < STUBBORN_RESOLVER_SHARE
    kept = dice.uniform(*STUBBORN_SECONDS)
    lag = log_normal(dice, 1.0, LAG_FACTOR_P99)
    durations = _stretched(Durations(), log_normal(dice, 1.0, DURATION_FACTOR_P99))
    # long enough for every checker to have asked, at any phase of a minute
    return Chances(kept if stubborn else 0.0, lag, durations, dice.uniform(60.0, 120.0))


def _stretched(durations: Durations, factor: float) -> Durations:
    return replace(
        durations,
        failover=durations.failover * factor,
        switchover=durations.switchover * factor,
        rebuild=durations.rebuild * factor,
        promotion=durations.promotion * factor,
    )


def log_normal(dice: random.Random, median: float, p99: float) -> float:
    """One draw of a log-normal distribution, given by two of its percentiles."""
    return dice.lognormvariate(math.log(median), math.log(p99 / median) / Z_99)
