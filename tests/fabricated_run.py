"""One whole plausible run, made up: a plan, its journal and its readings, for the tests of judge and reports."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from drillrunner.model.call import AwsCall, Call, Change, ReadBack
from drillrunner.model.drill import Drill, FaultSpec, Objective, ProbeSpec, StepSpec, StopCondition
from drillrunner.model.environment import Environment
from drillrunner.model.journal import GENESIS, Entry, entry_hash, to_ranges
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan, PlannedItem
from drillrunner.model.reading import Reading

BEGAN_AT = 5000.0
EPOCH = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
PRIMARY, STANDBY = "us-east-1", "eu-west-1"

# The story, in seconds after the run began.
BASELINE_AT, INJECT_AT, DETECT_AT, FAILOVER_AT, RECOVER_AT = 2.0, 32.0, 43.0, 61.0, 96.0
EFFECT_AT = 32.35  # requests to the primary fail from here
FLIPPED_AT = 58.0  # the health check turns unhealthy
SERVED_AGAIN_AT = 130.35  # 38 s after the effect DNS answers with the standby, and its TTL is 60 s
FAILBACK_AT, REVERT_AT, RESTORED_AT, JUDGED_AT, ENDED_AT = 172.0, 192.0, 196.0, 210.0, 210.5
LAST_REPLICATED_AT = 31.1  # records acknowledged after this and before the failover did not survive
PROMOTED_AT = 70.0  # the ledger takes writes in the standby region from here


@dataclass
class Scribe:
    """Appends entries with a valid hash chain. `at` is seconds after the run began."""

    entries: list[Entry] = field(default_factory=list)

    def write(self, at: float, kind: str, /, **data: JsonValue) -> Entry:
        prev = self.entries[-1].hash if self.entries else GENESIS
        seq, moment = len(self.entries) + 1, round(BEGAN_AT + at, 6)
        wall = (EPOCH + timedelta(seconds=at)).isoformat().replace("+00:00", "Z")
        entry = Entry(
            seq=seq,
            at=moment,
            wall=wall,
            kind=kind,
            data=data,
            prev=prev,
            hash=entry_hash(seq, moment, wall, kind, data, prev),
        )
        self.entries.append(entry)
        return entry

    def call(self, at: float, change_id: str, role: str, call: Call, *, seconds: float, outcome: str) -> None:
        """Intent, outcome and read-back of one Call."""
        call_id = f"{change_id}/{role}/{len(self.entries)}"
        document: JsonValue = call.model_dump(mode="json")
        asked, answered = BEGAN_AT + at + 0.02, BEGAN_AT + at + seconds
        self.write(at, "call.intent", call_id=call_id, change_id=change_id, role=role, call=document)
        self.write(
            at + seconds,
            "call.outcome",
            call_id=call_id,
            change_id=change_id,
            role=role,
            outcome=outcome,
            asked=asked,
            answered=answered,
            attempts=1,
        )
        if call.read_back is not None:
            self.write(
                at + seconds + 0.1,
                "read_back",
                call_id=call_id,
                change_id=change_id,
                role=role,
                holds=True,
                value=call.read_back.expected,
                asked=answered,
                answered=answered + 0.1,
            )


def throttle_change() -> Change:
    def concurrency(expected: JsonValue) -> ReadBack:
        read = AwsCall(
            service="lambda",
            operation="GetFunctionConcurrency",
            region=PRIMARY,
            params={"FunctionName": "checkout"},
        )
        return ReadBack(read=read, path="ReservedConcurrentExecutions", expected=expected)

    def put(reserved: int) -> AwsCall:
        return AwsCall(
            service="lambda",
            operation="PutFunctionConcurrency",
            region=PRIMARY,
            params={"FunctionName": "checkout", "ReservedConcurrentExecutions": reserved},
            read_back=concurrency(reserved),
        )

    return Change(
        target=f"lambda {PRIMARY} checkout",
        prior={"ReservedConcurrentExecutions": 40},
        apply=(put(0),),
        revert=(put(40),),
    )


def inversion_change() -> Change:
    def update(inverted: bool) -> AwsCall:
        identity: dict[str, JsonValue] = {"HealthCheckId": "hc-checkout-us-east-1"}
        read = AwsCall(service="route53", operation="GetHealthCheck", region="us-east-1", params=identity)
        return AwsCall(
            service="route53",
            operation="UpdateHealthCheck",
            region="us-east-1",
            params={**identity, "Inverted": inverted},
            read_back=ReadBack(read=read, path="HealthCheck.HealthCheckConfig.Inverted", expected=inverted),
        )

    return Change(
        target="route53 health check checkout-us-east-1",
        prior={
            "HealthCheckId": "hc-checkout-us-east-1",
            "RequestInterval": 10,
            "FailureThreshold": 2,
            "Inverted": False,
        },
        apply=(update(True),),
        revert=(update(False),),
    )


def cluster_change() -> Change:
    def move(operation: str, to: str) -> AwsCall:
        return AwsCall(
            service="rds",
            operation=operation,
            region=to,
            params={"GlobalClusterIdentifier": "orders", "TargetDbClusterIdentifier": f"orders-{to}"},
            skip_if_held=operation == "SwitchoverGlobalCluster",
        )

    return Change(
        target="aurora global cluster orders",
        prior={"writer": PRIMARY},
        apply=(move("FailoverGlobalCluster", STANDBY),),
        revert=(move("SwitchoverGlobalCluster", PRIMARY),),
    )


def ledger_change() -> Change:
    keys: list[JsonValue] = [{"DeleteRequest": {"Key": {"pk": {"S": "drill#7f3a"}}}}]
    delete = AwsCall(
        service="dynamodb",
        operation="BatchWriteItem",
        region=PRIMARY,
        params={"RequestItems": {"orders": keys}},
    )
    return Change(target="dynamodb table orders, records 1 to 1000", revert=(delete,))


def fabricated_plan(probes_hz: float = 1.0) -> Plan:
    every = 1.0 / probes_hz
    host = "checkout.example.test"
    probes = (
        ProbeSpec(
            name="checkout",
            kind="http.get",
            params={"url": f"https://{host}/health", "expect": {"status": 200}},
            every_seconds=every,
            timeout_seconds=2.0,
            user_facing=True,
        ),
        ProbeSpec(
            name="orders",
            kind="dynamodb.ledger",
            params={"table": "orders", "write_region": PRIMARY, "read_region": STANDBY},
            every_seconds=every / 2,
            timeout_seconds=2.0,
        ),
        ProbeSpec(
            name="lag",
            kind="dynamodb.replication_lag",
            params={"table": "orders", "from": PRIMARY, "to": STANDBY},
            every_seconds=every * 5,
            timeout_seconds=5.0,
        ),
        ProbeSpec(
            name="health",
            kind="route53.health_status",
            params={"health_check": "checkout-us-east-1"},
            every_seconds=every * 5,
            timeout_seconds=5.0,
        ),
        ProbeSpec(
            name="standby",
            kind="http.get",
            params={"url": f"https://{STANDBY}.{host}/health", "expect": {"status": 200}},
            every_seconds=every * 2,
            timeout_seconds=2.0,
        ),
    )
    drill = Drill(
        name="regional-outage",
        title=f"{PRIMARY} stops serving; checkout must be served from {STANDBY}",
        owner="team-checkout",
        environment="lab",
        runbook="../runbooks/regional-outage.md",
        vars={"primary": PRIMARY, "standby": STANDBY},
        objectives=(
            Objective(name="rto", target=180.0, probe="checkout"),
            Objective(name="rpo", target=5.0, probe="orders"),
            Objective(name="availability", target=0.20, probe="checkout"),
            Objective(name="latency", target=0.8, probe="checkout", percentile=0.95),
            Objective(name="detection", target=60.0, probe="health"),
        ),
        probes=probes,
        baseline_seconds=30.0,
        faults=(
            FaultSpec(
                kind="lambda.throttle",
                params={"region": PRIMARY, "functions": ["checkout"], "reserved_concurrency": 0},
            ),
            FaultSpec(
                kind="route53.fail_health_check", params={"health_check": "checkout-us-east-1"}, after_seconds=10.0
            ),
        ),
        detection_probe="health",
        failover=(
            StepSpec(kind="aurora.failover", params={"global_cluster": "orders", "to": STANDBY}),
            StepSpec(kind="manual", text="Tell support that checkout is in the standby region"),
        ),
        failback=(StepSpec(kind="aurora.switchover", params={"global_cluster": "orders", "to": PRIMARY}),),
        stop_if=(StopCondition(probe="standby", fails_for_seconds=30.0),),
    )
    return Plan(
        drill=drill,
        environment=Environment(name="lab", kind="lab", regions=(PRIMARY, STANDBY), topology="checkout", confirm=False),
        faults=(
            PlannedItem(
                kind="lambda.throttle",
                summary=f"checkout in {PRIMARY}: reserved 40 → 0",
                changes=(throttle_change(),),
            ),
            PlannedItem(
                kind="route53.fail_health_check",
                summary="invert health check checkout-us-east-1",
                after_seconds=10.0,
                changes=(inversion_change(),),
            ),
        ),
        failover=(
            PlannedItem(kind="aurora.failover", summary=f"orders to {STANDBY}", changes=(cluster_change(),)),
            PlannedItem(kind="manual", summary="a person's step", manual="Tell support that checkout has moved"),
        ),
        failback=(PlannedItem(kind="aurora.switchover", summary=f"orders to {PRIMARY}"),),
    )


def _inject(scribe: Scribe) -> None:
    scribe.write(INJECT_AT, "phase.began", phase="inject")
    faults = (
        ("f1", "lambda.throttle", throttle_change(), INJECT_AT),
        ("f2", "route53.fail_health_check", inversion_change(), 42.0),
    )
    for change_id, kind, change, at in faults:
        document: JsonValue = change.model_dump(mode="json")
        scribe.write(at + 0.05, "undo.recorded", change_id=change_id, role="fault", kind=kind, change=document)
        scribe.call(at + 0.1, change_id, "apply", change.apply[0], seconds=0.3, outcome="done")
        low, high = BEGAN_AT + at + 0.12, BEGAN_AT + at + 0.5
        scribe.write(at + 0.5, "effect.observed", change_id=change_id, low=low, high=high)


def _fail_over(scribe: Scribe) -> None:
    scribe.write(DETECT_AT, "phase.began", phase="detect")
    scribe.write(60.3, "detected", probe="health", low=BEGAN_AT + 55.0, high=BEGAN_AT + 60.2)
    scribe.write(FAILOVER_AT, "phase.began", phase="failover")
    common: dict[str, JsonValue] = {"section": "failover", "index": 0, "kind": "aurora.failover", "by": "automation"}
    scribe.write(61.1, "step.began", **common)
    change = cluster_change()
    document: JsonValue = change.model_dump(mode="json")
    scribe.write(61.2, "undo.recorded", change_id="s1", role="step", kind="aurora.failover", change=document)
    scribe.call(61.3, "s1", "apply", change.apply[0], seconds=22.0, outcome="done")
    scribe.write(84.0, "step.done", **common, ok=True)
    person: dict[str, JsonValue] = {
        "section": "failover",
        "index": 1,
        "kind": "manual",
        "by": "person",
        "text": "Tell support that checkout is in the standby region",
    }
    scribe.write(84.1, "step.began", **person)
    scribe.write(95.8, "step.done", **person, ok=True)


def _recover(scribe: Scribe, ledger: Sequence[Reading]) -> None:
    scribe.write(RECOVER_AT, "phase.began", phase="recover")
    scribe.write(
        FAILBACK_AT - 0.8, "recovered", low=BEGAN_AT + SERVED_AGAIN_AT - 0.9, high=BEGAN_AT + SERVED_AGAIN_AT + 0.6
    )
    _read_ledger(scribe, FAILBACK_AT - 0.7, "recovered", ledger, late=False)
    scribe.write(FAILBACK_AT, "phase.began", phase="failback")
    back: dict[str, JsonValue] = {"section": "failback", "index": 0, "kind": "aurora.switchover", "by": "automation"}
    scribe.write(FAILBACK_AT + 0.1, "step.began", **back)
    scribe.write(FAILBACK_AT + 18.4, "step.done", **back, ok=True)


def _survived(reading: Reading, late: bool) -> bool:
    lost_from, lost_to = LAST_REPLICATED_AT, PROMOTED_AT
    moment = reading.asked - BEGAN_AT
    comes_late = late and moment > lost_from + 0.6
    return reading.ok is True and (not lost_from < moment < lost_to or comes_late)


def _read_ledger(scribe: Scribe, at: float, moment: str, ledger: Sequence[Reading], *, late: bool) -> None:
    written = [reading for reading in ledger if reading.answered < BEGAN_AT + at]
    present = to_ranges(tuple(reading.seq for reading in written if _survived(reading, late)))
    scribe.write(
        at + 0.4,
        "ledger.read",
        probe="orders",
        moment=moment,
        asked=BEGAN_AT + at,
        answered=BEGAN_AT + at + 0.4,
        present=[[low, high] for low, high in present],
        duplicated=0,
        overwritten=0,
        reordered=0,
    )


def _put_back(scribe: Scribe, ledger: Sequence[Reading]) -> None:
    scribe.write(REVERT_AT, "phase.began", phase="revert")
    _read_ledger(scribe, REVERT_AT + 0.1, "before_revert", ledger, late=True)
    scribe.write(REVERT_AT + 0.6, "revert.began")
    changes = (("s1", cluster_change()), ("f2", inversion_change()), ("f1", throttle_change()), ("l1", ledger_change()))
    for index, (change_id, change) in enumerate(changes):
        at = REVERT_AT + 0.7 + 0.7 * index
        outcome = "already" if change_id == "s1" else "done"
        scribe.call(at, change_id, "revert", change.revert[0], seconds=0.4, outcome=outcome)
        scribe.write(at + 0.6, "change.reverted", change_id=change_id, ok=True)
    scribe.write(REVERT_AT + 3.6, "revert.done", of=4, reverted=4, left=[], irreversible=[], seconds=3.0)


def _journal(plan: Plan, ledger: Sequence[Reading], seed: int) -> list[Entry]:
    scribe = Scribe()
    scribe.write(
        0.0,
        "run.began",
        run_id="7f3a",
        drill=plan.drill.name,
        environment=plan.environment.name,
        plan_hash=plan.hash,
        seed=seed,
        pid=4242,
        host="runner",
        time_scale=10.0,
        version="0.1.0",
    )
    scribe.write(0.01, "phase.began", phase="preflight")
    scribe.write(BASELINE_AT, "phase.began", phase="baseline")
    document: JsonValue = ledger_change().model_dump(mode="json")
    scribe.write(BASELINE_AT + 0.1, "undo.recorded", change_id="l1", role="ledger", kind="orders", change=document)
    scribe.write(INJECT_AT - 0.1, "steady_state", moment="before", ok=True)
    _inject(scribe)
    _fail_over(scribe)
    _recover(scribe, ledger)
    _put_back(scribe, ledger)
    scribe.write(RESTORED_AT, "phase.began", phase="restored")
    scribe.write(JUDGED_AT - 0.1, "steady_state", moment="after", ok=True)
    scribe.write(JUDGED_AT, "phase.began", phase="judged")
    scribe.write(ENDED_AT, "run.ended", outcome="completed", exit_code=0)
    return scribe.entries


@dataclass(frozen=True)
class _Seen:
    ok: bool | None
    value: float | None = None
    why: str | None = None
    region: str | None = None
    seconds: float = 0.05
    phases: Mapping[str, float] = field(default_factory=dict)


def _http(seconds: float, region: str) -> _Seen:
    phases = {
        "dns": 0.1 * seconds,
        "connect": 0.2 * seconds,
        "tls": 0.3 * seconds,
        "first_byte": 0.35 * seconds,
        "body": 0.05 * seconds,
    }
    return _Seen(ok=True, value=200.0, region=region, seconds=seconds, phases=phases)


def _checkout(at: float, chance: random.Random) -> _Seen:
    if EFFECT_AT <= at < SERVED_AGAIN_AT:
        return _Seen(ok=False, value=429.0, why="status 429", region=PRIMARY, seconds=chance.uniform(0.03, 0.09))
    if SERVED_AGAIN_AT <= at < RESTORED_AT + 5:
        cold = 2.5 if at < SERVED_AGAIN_AT + 4 else 1.0
        return _http(chance.uniform(0.12, 0.26) * cold, STANDBY)
    return _http(chance.uniform(0.05, 0.14), PRIMARY)


def _orders(at: float, chance: random.Random) -> _Seen:
    if EFFECT_AT + 1.5 <= at < PROMOTED_AT:
        return _Seen(ok=False, why="timeout", seconds=2.0)
    region = STANDBY if PROMOTED_AT <= at < FAILBACK_AT + 10 else PRIMARY
    return _Seen(ok=True, region=region, seconds=chance.uniform(0.01, 0.04))


def _lag(at: float, chance: random.Random) -> _Seen:
    if EFFECT_AT <= at < PROMOTED_AT:
        return _Seen(ok=None, why="no datapoint", seconds=0.1)
    return _Seen(ok=True, value=round(chance.uniform(0.4, 1.2), 3), seconds=0.1)


def _health(at: float, chance: random.Random) -> _Seen:
    healthy = not FLIPPED_AT <= at < RESTORED_AT + 3
    return _Seen(
        ok=healthy, value=float(healthy), why=None if healthy else "unhealthy", seconds=chance.uniform(0.1, 0.2)
    )


def _standby(at: float, chance: random.Random) -> _Seen:
    return _http(chance.uniform(0.05, 0.14), STANDBY)


_SEEN = {"checkout": _checkout, "orders": _orders, "lag": _lag, "health": _health, "standby": _standby}


def _readings_of(probe: ProbeSpec, chance: random.Random) -> Iterator[Reading]:
    count = int((JUDGED_AT - BASELINE_AT) / probe.every_seconds)
    for seq in range(1, count + 1):
        due = BASELINE_AT + (seq - 1) * probe.every_seconds
        asked = due + chance.uniform(0.0, 0.004)
        seen = _SEEN[probe.name](asked + 0.01, chance)
        yield Reading(
            probe=probe.name,
            seq=seq,
            due=BEGAN_AT + due,
            asked=BEGAN_AT + asked,
            answered=BEGAN_AT + asked + seen.seconds,
            ok=seen.ok,
            value=seen.value,
            why=seen.why,
            region=seen.region,
            phases=dict(seen.phases),
        )


def fabricated_run(seed: int = 1, probes_hz: float = 1.0) -> tuple[Plan, list[Entry], list[Reading]]:
    """A regional outage from baseline to judged: 98 s of outage, a lost tail of two or three records, all put back.

    `probes_hz` scales every probe's rate (1.0: the user-facing probe asks once a second). Readings come in the
    order in which they were answered. The same seed gives the same run.
    """
    plan = fabricated_plan(probes_hz)
    chance = random.Random(seed)
    by_probe = {probe.name: list(_readings_of(probe, chance)) for probe in plan.drill.probes}
    entries = _journal(plan, by_probe["orders"], seed)
    readings = sorted((one for many in by_probe.values() for one in many), key=lambda one: (one.answered, one.probe))
    return plan, entries, readings
