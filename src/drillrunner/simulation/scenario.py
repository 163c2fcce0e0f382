"""What a seed means: a topology, a drill on it, its environment, and the troubles that befall the run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from drillrunner.clock import VIRTUAL_EPOCH
from drillrunner.model.drill import Drill, FaultSpec, Objective, ProbeSpec, StepSpec, StopCondition
from drillrunner.model.environment import Environment, FreezeWindow
from drillrunner.model.noun import JsonValue
from drillrunner.simulation.dice import dice
from drillrunner.simulation.topology import ZONE, Host, Topology, random_topology
from drillrunner.simulation.trouble import Troubles, troubles_of

MOST_FAULTS = 4
MOST_STEPS = 3


@dataclass(frozen=True, slots=True)
class Scenario:
    """One seed, worked out. `without` names what was left out; `parts` what else could be."""

    seed: int
    without: frozenset[str]
    topology: Topology
    environment: Environment
    drill: Drill
    troubles: Troubles
    trouble_names: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """What can be left out to make it smaller, the largest first."""
        return (*self._drill_parts(), *self.trouble_names)

    def _drill_parts(self) -> Iterator[str]:
        yield from (f"failback:{index}" for index in range(MOST_STEPS))
        yield from (f"failover:{index}" for index in range(MOST_STEPS))
        yield from (f"fault:{index}" for index in range(MOST_FAULTS))
        yield from ("ledger", "stops")


def scenario_of(seed: int, without: frozenset[str] = frozenset()) -> Scenario:
    """The same seed and the same `without` give the same scenario, for ever."""
    topology = random_topology(dice(seed, "topology"))
    troubles, names = troubles_of(seed, without)
    return Scenario(
        seed,
        without,
        topology,
        _environment(topology, dice(seed, "environment")),
        _drill(seed, topology, without),
        troubles,
        names,
    )


def _environment(topology: Topology, luck: random.Random) -> Environment:
    begins = VIRTUAL_EPOCH + timedelta(hours=luck.uniform(-30, 30))
    window = FreezeWindow(begins=begins, ends=begins + timedelta(hours=2), reason="stocktaking")
    return Environment(
        name="simulated",
        kind="aws",
        account="123456789012",
        regions=topology.regions,
        max_targets=2 if luck.random() < 0.04 else 20,
        allow_irreversible=luck.random() < 0.8,
        freeze=(window,) if luck.random() < 0.1 else (),
    )


def _drill(seed: int, topology: Topology, without: frozenset[str]) -> Drill:
    luck = dice(seed, "drill")
    home = topology.hosts[0]
    ledger = bool(topology.tables) and luck.random() < 0.7 and "ledger" not in without
    probes = _probes(topology, ledger, dice(seed, "probes"))
    stable = luck.choice((4.0, 8.0))
    return Drill(
        name=f"seed-{seed}",
        title="a simulated outage",
        owner="simulation",
        environment="simulated",
        objectives=_objectives(probes, ledger, dice(seed, "objectives")),
        probes=probes,
        baseline_seconds=luck.choice((4.0, 8.0)),
        baseline_within_seconds=luck.choice((0.0, 0.0, 30.0)),
        served_from=home.regions[0] if home.routing == "failover" and luck.random() < 0.3 else None,
        faults=tuple(_faults(seed, topology, without)),
        detection_within_seconds=luck.choice((10.0, 40.0, 40.0)),
        failover=tuple(_steps(seed, "failover", topology, without)),
        recovery_within_seconds=luck.choice((20.0, 60.0, 90.0)),
        stable_for_seconds=stable,
        failback=tuple(_steps(seed, "failback", topology, without)),
        revert_within_seconds=luck.choice((60.0, 150.0, 300.0)),
        stop_if=_stops(dice(seed, "stops"), without),
    )


# -- probes and objectives -----------------------------------------------------------------------------


def _probes(topology: Topology, ledger: bool, luck: random.Random) -> tuple[ProbeSpec, ...]:
    pace = luck.choice((1.0, 2.0))
    probes = [_http(host.function, host.name, pace, user_facing=True) for host in topology.hosts]
    home = topology.hosts[0]
    if len(topology.regions) > 1:
        probes.append(_http("standby", f"direct.{home.regions[-1]}_{home.name}", 4.0, user_facing=False))
    check = topology.checks[0]
    name = check.check_id if luck.random() < 0.7 else check.name
    detector = ProbeSpec(
        name="health",
        kind="route53.health_status",
        params={"health_check": name},
        every_seconds=4.0,
        timeout_seconds=4.0,
    )
    probes += [detector] if luck.random() < 0.6 else []
    if ledger:
        regions = topology.tables[0].regions
        params: dict[str, JsonValue] = {"table": "orders", "write_region": regions[0], "read_region": regions[-1]}
        probes.append(
            ProbeSpec(name="orders", kind="dynamodb.ledger", params=params, every_seconds=3.0, timeout_seconds=3.0)
        )
    return tuple(probes)


def _http(name: str, host: str, pace: float, *, user_facing: bool) -> ProbeSpec:
    params: dict[str, JsonValue] = {"url": f"http://{host}/health", "dns_cache": "none"}
    return ProbeSpec(
        name=name, kind="http.get", params=params, every_seconds=pace, timeout_seconds=2.0, user_facing=user_facing
    )


def _objectives(probes: tuple[ProbeSpec, ...], ledger: bool, luck: random.Random) -> tuple[Objective, ...]:
    facing = [probe.name for probe in probes if probe.user_facing]
    chosen = [Objective(name="rto", target=luck.choice((10.0, 20.0, 40.0, 90.0)), probe=facing[0])]
    if ledger:
        chosen.append(Objective(name="rpo", target=luck.choice((2.0, 20.0)), probe="orders"))
    if luck.random() < 0.4:
        chosen.append(Objective(name="availability", target=luck.choice((0.5, 0.9)), probe=facing[-1]))
    return tuple(chosen)


# -- faults, steps and stop conditions -----------------------------------------------------------------


def _faults(seed: int, topology: Topology, without: frozenset[str]) -> Iterator[FaultSpec]:
    """One to four that do not collide (a few seeds collide on purpose: the guard must refuse them)."""
    count = dice(seed, "faults").randint(1, MOST_FAULTS)
    taken: set[str] = set()
    for index in range(count):
        luck = dice(seed, "fault", index)
        fault, targets = _fault(topology, luck, first=index == 0)
        if taken & targets and luck.random() < 0.97:
            continue
        taken |= targets
        if f"fault:{index}" not in without:
            yield fault.model_copy(update={"after_seconds": 0.0 if index == 0 else luck.choice((0.0, 3.0, 12.0))})


def _fault(topology: Topology, luck: random.Random, *, first: bool) -> tuple[FaultSpec, set[str]]:
    kind = luck.choice(("lambda.throttle", "lambda.throttle", "route53.fail_health_check", "rds.stop_instance"))
    if first and luck.random() < 0.85:
        home = topology.hosts[0]
        params: dict[str, JsonValue] = {"region": home.regions[0], "functions": [home.function]}
        return FaultSpec(kind="lambda.throttle", params=params), {f"{home.regions[0]} {home.function}"}
    if kind == "rds.stop_instance" and topology.instances:
        instance = topology.instances[0]
        return FaultSpec(kind=kind, params={"region": instance.region, "instance": instance.name}), {instance.name}
    if kind == "route53.fail_health_check":
        check = luck.choice(topology.checks)
        wanted = luck.choice((check.check_id, check.name))
        return FaultSpec(kind=kind, params={"health_check": wanted}), {check.check_id}
    return _throttle(topology, luck)


def _throttle(topology: Topology, luck: random.Random) -> tuple[FaultSpec, set[str]]:
    region = luck.choice(topology.regions)
    there = [one.name for one in topology.functions if one.region == region]
    names = sorted(luck.sample(there, luck.randint(1, min(3, len(there)))))
    params: dict[str, JsonValue] = {"region": region, "functions": list(names)}
    return FaultSpec(kind="lambda.throttle", params=params), {f"{region} {name}" for name in names}


def _steps(seed: int, section: str, topology: Topology, without: frozenset[str]) -> Iterator[StepSpec]:
    for index in range(dice(seed, section).randint(0, MOST_STEPS)):
        step = _step(topology, section, dice(seed, section, index))
        if step is not None and f"{section}:{index}" not in without:
            yield step


def _step(topology: Topology, section: str, luck: random.Random) -> StepSpec | None:
    weighted = [host for host in topology.hosts if host.routing == "weighted"]
    possible = ["manual"] + ["weights"] * 3 * bool(weighted) + ["aurora"] * 3 * bool(topology.clusters)
    kind = luck.choice(possible)
    if kind == "weights":
        return _shift(luck.choice(weighted), luck)
    if kind == "aurora":
        return _move(topology, section, luck)
    if len(topology.instances) > 1 and section == "failover" and luck.random() < 0.3:
        replica = topology.instances[1]
        return StepSpec(kind="rds.promote_read_replica", params={"region": replica.region, "instance": replica.name})
    return StepSpec(kind="manual", text="Tell support") if luck.random() < 0.4 else None


def _shift(host: Host, luck: random.Random) -> StepSpec:
    chosen = luck.sample(host.regions, luck.randint(1, len(host.regions)))
    weights: dict[str, JsonValue] = {region: luck.choice((0, 10, 100)) for region in chosen}
    params: dict[str, JsonValue] = {"zone": ZONE, "name": host.name, "type": "A", "weights": weights}
    return StepSpec(kind="route53.shift_weights", params=params)


def _move(topology: Topology, section: str, luck: random.Random) -> StepSpec:
    cluster = topology.clusters[0]
    to = luck.choice(cluster.regions[1:]) if section == "failover" else cluster.regions[0]
    to = to if luck.random() < 0.9 else luck.choice(cluster.regions)
    params: dict[str, JsonValue] = {"global_cluster": cluster.name, "to": to}
    if luck.random() < 0.5:
        return StepSpec(kind="aurora.switchover", params=params)
    return StepSpec(kind="aurora.failover", params={**params, "allow_data_loss": True})


def _stops(luck: random.Random, without: frozenset[str]) -> tuple[StopCondition, ...]:
    if "stops" in without:
        return ()
    stops = []
    if luck.random() < 0.25:
        stops.append(StopCondition(probe="checkout", fails_for_seconds=luck.choice((10.0, 30.0))))
    if luck.random() < 0.25:
        params: dict[str, JsonValue] = {"region": "us-east-1", "name": "too-many-errors"}
        stops.append(StopCondition(kind="cloudwatch.alarm", params=params))
    return tuple(stops)
