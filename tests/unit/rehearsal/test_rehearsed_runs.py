"""Whole runs on virtual time: a seed fixes them, the truth holds, all is put back, nothing leaves the process."""

from __future__ import annotations

import ast
import gc
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from drillrunner.cli.session import choose
from drillrunner.errors import CallFailed
from drillrunner.lab.topology import load_topology
from drillrunner.model.drill import StepSpec
from drillrunner.rehearsal.many import perform_all
from drillrunner.rehearsal.one import Performance, Script, perform
from drillrunner.rehearsal.settings import with_settings

ROOT = Path(__file__).resolve().parents[3]


def script(drill: str = "regional-outage", topology: str = "checkout") -> Script:
    chosen = choose(str(ROOT / "drills" / f"{drill}.yaml"), {}, None)
    return Script(chosen.drill, chosen.environment, load_topology(topology))


@pytest.fixture(scope="module")
def first() -> Performance:
    return perform(script(), 1)


def test_a_seed_fixes_the_whole_run(first: Performance) -> None:
    again = perform(script(), 1)
    assert again.journal.lines() == first.journal.lines()
    assert again.readings == first.readings
    assert again.verdict == first.verdict
    assert len(first.journal.entries) > 50


def test_another_seed_is_another_run(first: Performance) -> None:
    assert perform(script(), 2).run.journal_sha256 != first.run.journal_sha256


def test_what_is_measured_holds_what_the_simulator_knows(first: Performance) -> None:
    rto = next(one for one in first.run.objectives if one.name == "rto")
    assert first.run.truth_rto is not None
    assert rto.low is not None
    assert rto.high is not None
    assert rto.low <= first.run.truth_rto <= rto.high
    assert 0 < rto.high - rto.low < 3.0


def test_a_rehearsed_run_goes_through_every_phase_and_puts_everything_back(first: Performance) -> None:
    phases = [entry.data["phase"] for entry in first.journal.entries if entry.kind == "phase.began"]
    assert phases == [
        "preflight",
        "baseline",
        "inject",
        "detect",
        "failover",
        "recover",
        "failback",
        "revert",
        "restored",
        "judged",
    ]
    assert first.run.reverted
    assert first.verdict.revert is not None
    assert first.verdict.revert.reverted == first.verdict.revert.of == 3


@pytest.mark.parametrize("drill", ["lambda-throttle", "health-check-failover"])
def test_the_other_drills_of_that_topology_can_be_rehearsed_too(drill: str) -> None:
    assert perform(script(drill), 3).run.outcome == "met"


def test_a_run_leaves_the_garbage_collector_as_it_was() -> None:
    before = gc.get_threshold()
    perform(script("lambda-throttle"), 1)
    assert gc.get_threshold() == before


def test_a_lower_threshold_is_noticed_sooner(first: Performance) -> None:
    quick = perform(with_settings(script(), {"route53.threshold": "1"}), 1)
    assert quick.run.anatomy["detect"] < first.run.anatomy["detect"] - 5


def test_people_take_as_long_as_the_what_if_says() -> None:
    whole = script()
    asked = whole.drill.model_copy(update={"failover": (StepSpec(kind="manual", text="look"), *whole.drill.failover)})
    told = with_settings(Script(asked, whole.environment, whole.topology), {"people.seconds": "40"})
    entries = perform(told, 1).journal.entries
    began = next(entry.at for entry in entries if entry.kind == "step.began")
    done = next(entry.at for entry in entries if entry.kind == "step.done")
    assert done - began == pytest.approx(40.0)


def test_a_drill_that_speaks_sql_cannot_be_rehearsed_and_says_why() -> None:
    with pytest.raises(CallFailed, match="no database that speaks SQL"):
        perform(script("replica-promotion", "postgres"), 1)


def test_runs_in_processes_of_their_own_are_the_same_and_in_order(first: Performance) -> None:
    heard: list[int] = []
    runs = perform_all([(script(), 2), (script(), 1)], 2, lambda run: heard.append(run.seed))
    assert [run.seed for run in runs] == [2, 1]
    assert sorted(heard) == [1, 2]
    assert runs[1] == first.run


def test_nothing_is_asked_over_a_socket() -> None:
    """An audit hook sees every socket that Python uses (sys.addaudithook); urllib3 binds ::1 to learn of IPv6."""
    program = """
        import sys
        seen = []
        sys.addaudithook(lambda event, args: seen.append((event, args[1:])) if event in NETWORK else None)
        NETWORK = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
        sys.path.insert(0, "TESTS")
        from test_rehearsed_runs import perform, script
        assert perform(script(), 1).run.outcome == "met"
        print(seen)
    """
    text = textwrap.dedent(program).replace("TESTS", str(Path(__file__).parent))
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr
    addresses = {args[0][0] for _, args in ast.literal_eval(ran.stdout)}
    assert addresses <= {"127.0.0.1", "::1"}
    assert not any(event != "socket.bind" for event, _ in ast.literal_eval(ran.stdout))
