"""A small two-region system for the engine's tests: one function, one endpoint, one ledger, on virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from pydantic import JsonValue

from drillrunner.clock import virtual_clock
from drillrunner.engine.conduct import Conductor
from drillrunner.engine.desk import Desk, Ending
from drillrunner.engine.plan import make_plan
from drillrunner.engine.record import Record
from drillrunner.errors import CallFailed, JournalUnwritable
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.drill import Drill, FaultSpec, Objective, ProbeSpec, StepSpec, StopCondition
from drillrunner.model.environment import Environment
from drillrunner.model.journal import GENESIS, Entry, entry_hash
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.ports import HttpFailed, HttpRequest, HttpResponse, Outside
from fake_outside import FakeHttp, FakeResolver, fake_outside

PRIMARY, STANDBY = "us-east-1", "eu-west-1"
HERE = Environment(
    name="small", kind="lab", topology="small", regions=(PRIMARY, STANDBY), max_targets=3, allow_irreversible=False
)


class ProcessDied(BaseException):
    """Raised where a kill -9 would end the process."""


@dataclass
class MemoryJournal:
    """A journal in memory that can die after, or refuse, its nth entry. It outlives the run, as a disk does."""

    now: Callable[[], float]
    entries: list[Entry] = field(default_factory=list)
    dies_after: int | None = None
    full_after: int | None = None
    syncs: int = 0

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry:
        seq = len(self.entries) + 1
        if self.full_after is not None and seq > self.full_after:
            raise JournalUnwritable("the disk is full")
        if self.dies_after is not None and seq > self.dies_after:
            raise ProcessDied
        prev = self.entries[-1].hash if self.entries else GENESIS
        plain: dict[str, JsonValue] = json.loads(json.dumps(data))
        digest = entry_hash(seq, self.now(), "wall", kind, plain, prev)
        entry = Entry(seq=seq, at=self.now(), wall="wall", kind=kind, data=plain, prev=prev, hash=digest)
        self.entries.append(entry)
        return entry

    def sync(self) -> None:
        self.syncs += 1


@dataclass
class MemoryReadings:
    readings: list[Reading] = field(default_factory=list)

    def add(self, reading: Reading) -> None:
        self.readings.append(reading)

    def flush(self) -> None:
        """Nothing waits."""


@dataclass
class SmallSystem:
    """State that Calls change: reserves by (region, function), None for none. `broken_since` feeds the failover.

    Users are served by the primary unless it is throttled; the standby takes over `failover_seconds`
    later. `trouble` may raise for a Call before or after it takes effect.
    """

    reserves: dict[tuple[str, str], int | None] = field(
        default_factory=lambda: {
            (PRIMARY, "checkout"): 40,
            (PRIMARY, "search"): None,
            (STANDBY, "checkout"): None,
        }
    )
    failover_seconds: float = 20.0
    call_seconds: float = 0.1
    standby_fails: bool = False
    before: Callable[[Call], None] = lambda call: None
    after: Callable[[Call], None] = lambda call: None
    writes: list[tuple[str, str, int | None]] = field(default_factory=list)
    broken_since: float | None = None
    # the standby goes on serving for so long after the primary is back
    failback_seconds: float = 0.0
    away_until: float = 0.0

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        await anyio.sleep(self.call_seconds)
        self.before(call)
        answer = self._perform(call)
        self.after(call)
        return answer

    def _perform(self, call: Call) -> JsonValue:
        assert isinstance(call, AwsCall)
        key = (call.region, str(call.params["FunctionName"]))
        if call.operation == "GetFunctionConcurrency":
            reserve = self.reserves[key]
            return {} if reserve is None else {"ReservedConcurrentExecutions": reserve}
        if call.operation == "PutFunctionConcurrency":
            reserve = int(str(call.params["ReservedConcurrentExecutions"]))
        else:
            assert call.operation == "DeleteFunctionConcurrency"
            reserve = None
        self.reserves[key] = reserve
        self.writes.append((call.operation, key[1], reserve))
        if key == (PRIMARY, "checkout"):
            self.broken_since = anyio.current_time() if reserve == 0 else None
            self.away_until = anyio.current_time() + self.failback_seconds
        return {}

    def serve(self, request: HttpRequest) -> HttpResponse:
        """What a user sees."""
        if "standby" in request.url:
            if self.standby_fails:
                raise HttpFailed("connect refused")
            return HttpResponse(200, {"x-served-by-region": STANDBY}, b"", {})
        if self.broken_since is None:
            home = PRIMARY if anyio.current_time() >= self.away_until else STANDBY
            return HttpResponse(200, {"x-served-by-region": home}, b"", {})
        if anyio.current_time() - self.broken_since >= self.failover_seconds:
            return HttpResponse(200, {"x-served-by-region": STANDBY}, b"", {})
        return HttpResponse(429, {"x-served-by-region": PRIMARY}, b"", {})


def http_probe(name: str, host: str, *, every: float = 1.0, user_facing: bool = False) -> ProbeSpec:
    params: dict[str, JsonValue] = {"url": f"https://{host}/health", "dns_cache": "none"}
    return ProbeSpec(
        name=name, kind="http.get", params=params, every_seconds=every, timeout_seconds=2.0, user_facing=user_facing
    )


def throttle(*functions: str, after: float = 0.0) -> FaultSpec:
    return FaultSpec(
        kind="lambda.throttle", params={"region": PRIMARY, "functions": list(functions)}, after_seconds=after
    )


def small_drill(
    *,
    faults: tuple[FaultSpec, ...] = (throttle("checkout"),),
    failover: tuple[StepSpec, ...] = (),
    stop_if: tuple[StopCondition, ...] = (),
    recovery_within_seconds: float = 120.0,
) -> Drill:
    return Drill(
        name="small",
        title="a small outage",
        owner="team",
        environment="small",
        objectives=(Objective(name="rto", target=60.0, probe="checkout"),),
        probes=(http_probe("checkout", "checkout.test", user_facing=True), http_probe("standby", "standby.test")),
        baseline_seconds=10.0,
        faults=faults,
        failover=failover,
        recovery_within_seconds=recovery_within_seconds,
        stable_for_seconds=10.0,
        revert_within_seconds=60.0,
        stop_if=stop_if,
    )


def outside_of(system: SmallSystem) -> Outside:
    """Call it on the virtual loop."""
    from drillrunner.ports import DnsAnswer

    answers: dict[str, DnsAnswer] = {
        name: DnsAnswer(("127.0.0.1",), 60.0) for name in ("checkout.test", "standby.test")
    }
    fakes = fake_outside(
        http=FakeHttp(system.serve), resolver=FakeResolver({**answers}), environment=HERE, clock=virtual_clock()
    )
    return Outside(
        run_id="run-1",
        environment=HERE,
        clock=fakes.clock,
        caller=system,
        http=fakes.http,
        resolver=fakes.resolver,
        random=fakes.random,
    )


@dataclass
class Ran:
    """What one run left: its ending, its entries, its readings."""

    ending: Ending
    entries: list[Entry]
    readings: list[Reading]
    plan: Plan
    error: Exception | None

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries]

    def phases(self) -> list[str]:
        return [str(entry.data["phase"]) for entry in self.entries if entry.kind == "phase.began"]


async def run_small(
    system: SmallSystem,
    drill: Drill | None = None,
    *,
    journal: MemoryJournal | None = None,
    ask_person: Callable[[str], object] = lambda text: None,
    person_is_away: bool = False,
    on_entry: Callable[[Conductor, Entry], None] = lambda conductor, entry: None,
) -> Ran:
    """Plan and conduct a drill on the small system."""
    outside = outside_of(system)
    plan = await make_plan(drill or small_drill(), HERE, outside)
    kept = journal or MemoryJournal(outside.clock.monotonic)
    conductors: list[Conductor] = []
    record = Record(kept, notify=lambda entry: on_entry(conductors[0], entry))
    readings = MemoryReadings()

    async def person(text: str) -> None:
        ask_person(text)
        if person_is_away:
            await anyio.sleep_forever()

    conductors.append(Conductor(Desk(plan, outside, record, readings, ask_person=person)))
    ending = await conductors[0].run()
    return Ran(ending, kept.entries, readings.readings, plan, conductors[0].error)


def refuse(operation: str, *, times: int, unknown: bool = False) -> Callable[[Call], None]:
    """Trouble that fails an operation so many times."""
    left = [times]

    def trouble(call: Call) -> None:
        if isinstance(call, AwsCall) and call.operation == operation and left[0] > 0:
            left[0] -= 1
            code = "Timeout" if unknown else "AccessDeniedException"
            raise CallFailed("trouble", code=code, unknown=unknown)

    return trouble
