"""A small exercise that was played, on disk in a folder of reports: its clock is set, so that no figure is luck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drillrunner.cli.tabletop.session import Session, begin_session
from drillrunner.clock import Clock
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.model.exercise_event import Actor
from drillrunner.tabletop import commands, talk

BEGAN = datetime(2026, 11, 21, 9, tzinfo=UTC)
COMMANDER = Actor(role="incident commander", person="Api")
HOSTILE = "<script>alert(1)</script> | [x](http://evil.test) \u202egpj"
SECRET = "https://ops:hunter2@wiki.example.test/?token=abc"
DRILL = """\
drill: outage
title: a region stops
owner: team
environment: lab
objectives: {rto: 3m}
probes:
  users:
    http.get: {url: "https://checkout.example.test/health", expect: {status: 200}}
    every: 1s
    timeout: 5s
    user_facing: true
faults:
  - lambda.throttle: {region: us-east-1, functions: [checkout], reserved_concurrency: 0}
"""
EXERCISE = """\
version: 1
drill: outage
title: An incident of checkout
roles:
  facilitator: Ops
  evaluator: to be named
  players: [incident commander, support duty]
objectives:
  - rto
  - {id: tell, text: Customers are told in time}
injects:
  - id: alarm
    at: T+30s
    text: The alarm rings.
    artifact: shown/alarm.svg
    expected:
      - {action: Take the alarm, by: T+1m, who: incident commander}
      - {action: Tell customers, by: T+4m, who: support duty}
    hints: [SECRET-HINT]
    facilitator_only: SECRET-NOTE
  - id: decision
    at: T+2m
    phase: failover
    text: What do you do?
    expected:
      - {action: SECRET-EXPECTATION, by: T+10m, who: incident commander, decides: failover}
  - {id: back, at: T+40m, text: It is sound again.}
"""
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><title>PICTURE</title></svg>\n'


@dataclass(slots=True)
class Watch:
    """A clock's two sources, which the play puts forward."""

    seconds: float = 1_000.0

    def clock(self) -> Clock:
        return Clock(
            monotonic_source=lambda: self.seconds,
            wall_source=lambda: BEGAN + timedelta(seconds=self.seconds - 1_000.0),
        )


def exercise_file(base: Path) -> Path:
    """The exercise with its drill and its picture, below a folder."""
    path = base / "drills" / "exercises" / "outage.yaml"
    (path.parent / "shown").mkdir(parents=True)
    (base / "drills" / "outage.yaml").write_text(DRILL, encoding="utf-8")
    (path.parent / "shown" / "alarm.svg").write_text(PICTURE, encoding="utf-8")
    path.write_text(EXERCISE, encoding="utf-8")
    return path


def played(base: Path, *, ended: bool = True) -> ExerciseFolder:
    """Decided after 9 minutes, at T+14m: four of those had been skipped. Told customers never. Two findings."""
    watch = Watch()
    session = begin_session(exercise_file(base), base / "reports", watch.clock(), 7)
    with session.journal:
        _play(session, watch)
        if ended:
            session.desk.do(commands.end, session.desk.facilitator())
            _rate(session)
    return session.folder


def _play(session: Session, watch: Watch) -> None:
    desk, ops = session.desk, session.desk.facilitator()
    desk.do(talk.join, COMMANDER)
    desk.do(commands.start_clock, ops)
    watch.seconds += 60.0
    desk.do(commands.publish, ops, inject_id="alarm")
    desk.do(talk.mark_done, ops, expected_id="alarm.1")
    watch.seconds += 60.0
    desk.do(commands.publish, ops, inject_id="decision")
    desk.do(commands.skip_clock, ops, to_seconds=6 * 60.0)
    watch.seconds += 480.0
    desk.do(talk.decide, ops, text=f"Fail over {HOSTILE}", who=COMMANDER, expected_id="decision.1")
    desk.do(commands.skip_inject, ops, inject_id="back", reason="no time left")
    improvement = {"action": "Write a template", "owner": "Api", "due": "2027-01-31", "retest": "outage"}
    desk.do(talk.find, ops, sort="improvement", text=f"Nobody told customers {HOSTILE}", objective="rto", **improvement)
    desk.do(talk.find, ops, sort="improvement", text=f"The runbook is hard to find: {SECRET}")
    desk.do(talk.find, ops, sort="strength", text="The alarm was taken at once")


def _rate(session: Session) -> None:
    desk, ops = session.desk, session.desk.facilitator()
    desk.do(talk.rate, ops, objective_id="rto", rating="M", reason=f"too late {HOSTILE}")
    desk.do(talk.rate, ops, objective_id="tell", rating="S", reason="late, and well")
