"""Small plans, journals and readings, made to order: each says only what its test is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drillrunner.model.call import AwsCall, Change
from drillrunner.model.drill import Drill, Objective, ObjectiveName, ProbeSpec, StepSpec
from drillrunner.model.environment import Environment
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from fabricated_run import BEGAN_AT, Scribe


def objective(
    name: ObjectiveName, target: float, probe: str = "checkout", percentile: float | None = None
) -> Objective:
    return Objective(name=name, target=target, probe=probe, percentile=percentile)


def probe(name: str = "checkout", kind: str = "http.get", every: float = 1.0, *, facing: bool = True) -> ProbeSpec:
    return ProbeSpec(name=name, kind=kind, params={}, every_seconds=every, timeout_seconds=2.0, user_facing=facing)


def plan(
    *objectives: Objective,
    probes: Sequence[ProbeSpec] = (),
    stable_for: float = 10.0,
    failover: Sequence[StepSpec] = (),
    detection_probe: str | None = None,
) -> Plan:
    """A plan with one user-facing probe `checkout` asked every second, unless told otherwise."""
    drill = Drill(
        name="made-up",
        title="Made up",
        owner="team-checkout",
        environment="lab",
        objectives=objectives,
        probes=tuple(probes) or (probe(),),
        faults=(),
        failover=tuple(failover),
        stable_for_seconds=stable_for,
        detection_probe=detection_probe,
    )
    environment = Environment(name="lab", kind="lab", regions=("us-east-1", "eu-west-1"))
    return Plan(drill=drill, environment=environment, faults=(), failover=(), failback=())


def change_document() -> dict[str, JsonValue]:
    call = AwsCall(service="lambda", operation="PutFunctionConcurrency", region="us-east-1")
    change = Change(target="lambda us-east-1 checkout", apply=(call,), revert=(call,))
    document: dict[str, JsonValue] = change.model_dump(mode="json")
    return document


class Story:
    """A journal that is written as the test tells it. All times are seconds after the run began."""

    def __init__(self) -> None:
        self.scribe = Scribe()
        self.scribe.write(0.0, "run.began", run_id="made-up", plan_hash="")

    @property
    def entries(self) -> list[Entry]:
        return self.scribe.entries

    def write(self, at: float, kind: str, /, **data: JsonValue) -> Story:
        self.scribe.write(at, kind, **data)
        return self

    def phase(self, at: float, phase: str) -> Story:
        return self.write(at, "phase.began", phase=phase)

    def undo(self, at: float, change_id: str = "f1", role: str = "fault", **change: JsonValue) -> Story:
        return self.write(
            at,
            "undo.recorded",
            change_id=change_id,
            role=role,
            kind="lambda.throttle",
            change={**change_document(), **change},
        )

    def intent(self, at: float, change_id: str = "f1", role: str = "apply") -> Story:
        call_id = f"{change_id}-{role}"
        return self.write(at, "call.intent", call_id=call_id, change_id=change_id, role=role, call={})

    def outcome(self, at: float, outcome: str, change_id: str = "f1", role: str = "apply") -> Story:
        call_id = f"{change_id}-{role}"
        return self.write(at, "call.outcome", call_id=call_id, change_id=change_id, role=role, outcome=outcome)

    def effect(self, low: float, high: float, change_id: str = "f1") -> Story:
        """A fault applied and seen to have taken effect between the two moments."""
        self.undo(low, change_id).intent(low, change_id).outcome(high, "done", change_id)
        return self.write(high, "effect.observed", change_id=change_id, low=BEGAN_AT + low, high=BEGAN_AT + high)

    def detected(self, low: float, high: float, name: str = "health") -> Story:
        return self.write(high, "detected", probe=name, low=BEGAN_AT + low, high=BEGAN_AT + high)

    def step(self, began: float, done: float | None, index: int = 0, by: str = "automation") -> Story:
        self.write(began, "step.began", section="failover", index=index, by=by)
        if done is not None:
            self.write(done, "step.done", section="failover", index=index, by=by, ok=True)
        return self

    def ledger_read(self, at: float, moment: str, present: JsonValue, **more: JsonValue) -> Story:
        asked = BEGAN_AT + at
        return self.write(
            at, "ledger.read", probe="orders", moment=moment, asked=asked, answered=asked, present=present, **more
        )

    def end(self, closed: float, outcome: str = "completed", *, after: bool | None = True) -> Story:
        """Failback (which closes the window), everything reverted, steady, ended."""
        self.phase(closed, "failback").phase(closed + 1, "revert").write(closed + 1, "revert.began", of=1)
        self.write(closed + 2, "change.reverted", change_id="f1", ok=True)
        self.write(closed + 2, "revert.done", of=1, reverted=1, left=[], irreversible=[], seconds=1.0)
        self.phase(closed + 3, "restored").write(closed + 4, "steady_state", moment="after", ok=after)
        return self.write(closed + 5, "run.ended", outcome=outcome, why=None if outcome == "completed" else "SIGINT")


def reading(
    asked: float,
    ok: bool | None = True,
    *,
    seconds: float = 0.1,
    name: str = "checkout",
    seq: int = 1,
    vantage: str = "here",
    value: float | None = None,
    region: str | None = "us-east-1",
    due: float | None = None,
) -> Reading:
    """One reading; `asked` is seconds after the run began."""
    return Reading(
        probe=name,
        seq=seq,
        due=BEGAN_AT + (asked if due is None else due),
        asked=BEGAN_AT + asked,
        answered=BEGAN_AT + asked + seconds,
        ok=ok,
        value=value,
        vantage=vantage,
        region=region,
    )


def polls(
    until: float,
    down: Iterable[tuple[float, float]],
    *,
    every: float = 1.0,
    seconds: float = 0.1,
    name: str = "checkout",
    vantage: str = "here",
) -> list[Reading]:
    """Polls from 0 on; those asked within a down span fail."""
    spans = list(down)
    made = []
    for index in range(int(until / every)):
        asked = index * every
        ok = not any(low <= asked < high for low, high in spans)
        made.append(reading(asked, ok, seconds=seconds, name=name, seq=index + 1, vantage=vantage))
    return made
