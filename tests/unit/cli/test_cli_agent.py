"""What `drill agent` reads: things with their schedules, what holds them, and what runs left."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dead_run import RUN_ID, dead_run
from drillrunner.cli.agent_things import Reader, has_run, left_by
from drillrunner.errors import InvalidInput
from drillrunner.files.journal_file import read_journal
from drillrunner.model.agent import Thing
from drillrunner.model.journal import line_of
from drillrunner.model.noun import JsonValue
from fabricated_run import EPOCH, Scribe
from past_reports import day, rto, verdict_on, write_run

DRILL = """\
drill: {name}
title: {name} is practised
owner: team-checkout
environment: {environment}
objectives: {{rto: 3m}}
probes:
  checkout:
    http.get: {{url: "https://checkout.example.test/health"}}
    user_facing: true
faults:
  - lambda.throttle: {{region: us-east-1, functions: [checkout]}}
"""
ENVIRONMENTS = """\
lab: {kind: lab}
staging: {kind: aws, account: "123456789012", regions: [us-east-1]}
playground: {kind: aws, account: "123456789013", regions: [us-east-1], confirm: false}
"""
MONDAYS = 'schedule: {cron: "0 9 * * 1", time_zone: Europe/Berlin, grace: 14d}\n'
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINE: dict[str, JsonValue] = {"pid": os.getpid(), "host": "here"}


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "environments.yaml").write_text(ENVIRONMENTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(base: Path, name: str, extra: str = MONDAYS, environment: str = "lab") -> None:
    text = DRILL.format(name=name, environment=environment) + extra
    (base / "drills" / f"{name}.yaml").write_text(text)


def reader(environment: str | None = None, *confirmed: str) -> Reader:
    return Reader(Path("drills"), Path("reports"), environment, frozenset(confirmed))


def only(found: tuple[Thing, ...]) -> Thing:
    (thing,) = found
    return thing


def test_a_drill_with_a_schedule_is_run_as_drill_run_would_with_nobody_to_ask(base: Path) -> None:
    write(base, "kept")
    write(base, "plain", extra="")
    write_run(base / "reports", verdict_on(day(2026, 11, 17), rto(60.0, 61.0), drill="kept"))
    thing = only(reader()(NOW).things)
    assert (thing.key, thing.held, thing.last_began) == ("drill kept", None, datetime(2026, 11, 17, 12, tzinfo=UTC))
    assert thing.words == ("run", "--reports", "reports", "--no-input", "--plain", "--", "drills/kept.yaml")


def test_an_environment_that_wants_to_be_confirmed_is_confirmed_by_the_agent_s_command_line_alone(base: Path) -> None:
    write(base, "staged", environment="staging")
    held = only(reader()(NOW).things)
    assert held.held == "environment staging wants to be confirmed; start the agent with --confirm=staging"
    assert "--confirm" not in held.words
    confirmed = only(reader(None, "staging", "lab")(NOW).things)
    assert confirmed.held is None
    assert confirmed.words[4:6] == ("--plain", "--confirm")
    assert confirmed.words[6] == "staging"


def test_an_environment_that_asks_for_no_confirmation_gets_none(base: Path) -> None:
    write(base, "free", environment="playground")
    thing = only(reader(None, "playground")(NOW).things)
    assert (thing.held, "--confirm" in thing.words) == (None, False)


def test_elsewhere_is_where_every_drill_runs_and_must_be_confirmed(base: Path) -> None:
    write(base, "kept")
    thing = only(reader("staging")(NOW).things)
    assert thing.words[5:7] == ("--environment", "staging")
    assert thing.held is not None


def test_a_manual_step_needs_a_person(base: Path) -> None:
    write(base, "manual", extra=MONDAYS + "failover:\n  - manual: Tell support\n")
    assert only(reader()(NOW).things).held == 'its step "Tell support" needs a person'


def test_a_broken_file_hides_no_other_and_is_named(base: Path) -> None:
    write(base, "kept")
    write(base, "broken", extra="schedule: {every: sometimes}\nprobez: {}\n")
    found = reader()(NOW)
    assert [thing.name for thing in found.things] == ["kept"]
    why = "2 problems; see with: drill validate drills/broken.yaml"
    assert found.unreadable == (("drills/broken.yaml", why),)


def test_what_was_never_run_and_says_not_since_when_is_told(base: Path) -> None:
    write(base, "new", extra="schedule: {every: quarter}\n")
    ((name, why),) = reader()(NOW).notes
    assert name == "drill new"
    assert why.startswith("it was never run, and its schedule says not since when")


def test_files_are_read_again_when_they_change_and_not_before(base: Path) -> None:
    write(base, "kept")
    read = reader()
    first = read(NOW)
    assert read(NOW) is first
    write(base, "kept", extra='schedule: {cron: "30 10 * * 1"}\n')
    assert only(read(NOW).things).schedule.cron == "30 10 * * 1"


def test_a_folder_that_is_not_there_is_refused(base: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such folder"):
        Reader(Path("elsewhere"), Path("reports"), None, frozenset())(NOW)


def test_a_run_that_died_since_then_is_left_and_an_older_one_is_not(tmp_path: Path) -> None:
    folder = dead_run(tmp_path, "http://127.0.0.1:9")
    left = left_by(tmp_path, frozenset({"here"}))
    began = datetime(2026, 11, 20, 14, tzinfo=UTC)
    assert left(began) == (RUN_ID,)
    assert left(began.replace(hour=15)) == ()
    assert (has_run(tmp_path)(began), has_run(tmp_path)(began.replace(second=1))) == (True, False)
    folder.plan.write_text("{}")  # what cannot be read is not known to be back
    assert left(began) == (RUN_ID,)


def test_a_run_whose_process_lives_is_not_put_back_by_the_agent(tmp_path: Path) -> None:
    folder = dead_run(tmp_path, "http://127.0.0.1:9")
    left = left_by(tmp_path, frozenset({"here"}))
    since = datetime(2026, 11, 20, 14, tzinfo=UTC)
    scribe = Scribe()
    began = datetime.now(UTC)
    for entry in read_journal(folder.journal):
        data = {**entry.data, **(MINE if entry.kind == "run.began" else {})}
        scribe.write((began - EPOCH).total_seconds(), entry.kind, **data)
    folder.journal.write_bytes(b"".join(map(line_of, scribe.entries)))
    assert left(since) == ()
    assert left_by(tmp_path, frozenset({"elsewhere"}))(since) == ()


def test_a_process_that_only_has_the_same_id_keeps_no_dead_run_from_being_put_back(tmp_path: Path) -> None:
    folder = dead_run(tmp_path, "http://127.0.0.1:9")
    scribe = Scribe()
    for entry in read_journal(folder.journal):  # it began long before this process did
        data = {**entry.data, **(MINE if entry.kind == "run.began" else {})}
        scribe.write(-90 * 86_400.0, entry.kind, **data)
    folder.journal.write_bytes(b"".join(map(line_of, scribe.entries)))
    assert left_by(tmp_path, frozenset({"here"}))(datetime(2026, 11, 20, 14, tzinfo=UTC)) == (RUN_ID,)
