"""Labs as processes: one for two callers, alive after its starter, gone when told, when idle and when killed."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from drillrunner.cli.lab import lab
from drillrunner.errors import LabFailed
from drillrunner.lab import lifecycle

TINY = """
topology: tiny
regions: [us-east-1]
functions: [{name: f, region: us-east-1}]
endpoints: [{host: f.test, region: us-east-1, function: f}]
zones: [{name: test, records: [{name: f.test, address_of: us-east-1, ttl_seconds: 30}]}]
"""


@pytest.fixture
def tiny(state_home: Path, tmp_path: Path) -> Iterator[str]:
    own = tmp_path / "tiny.yaml"
    own.write_text(TINY)
    yield str(own)
    lifecycle.down(str(own))


def gone(pid: int, within_seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        # the lab is this process's child here: until it is waited for it stays as a zombie
        if not lifecycle.alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_two_callers_at_once_start_one_lab(tiny: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: lifecycle.up(tiny), range(2))
    assert first == second
    assert lifecycle.status(tiny) == first
    assert os.getsid(first.pid) == first.pid


def test_a_lab_with_another_scale_or_setting_is_refused_with_advice(tiny: str) -> None:
    running = lifecycle.up(tiny, time_scale=10.0)
    with pytest.raises(LabFailed) as refused:
        lifecycle.up(tiny, time_scale=20.0, overrides={"route53.ttl": "5"})
    assert "time scale 10.0, asked for 20.0" in refused.value.message
    assert "settings {}, asked for {'route53.ttl': '5'}" in refused.value.message
    assert refused.value.advice == "End it first: drill lab down --topology tiny"
    assert lifecycle.status(tiny) == running


def test_a_lab_that_was_killed_counts_as_gone_and_the_next_up_starts_another(tiny: str) -> None:
    killed = lifecycle.up(tiny)
    os.kill(killed.pid, signal.SIGKILL)
    assert gone(killed.pid)
    assert lifecycle.status(tiny) is None
    assert lifecycle.up(tiny).pid != killed.pid


def test_sigterm_ends_a_lab_cleanly_and_removes_its_state_file(tiny: str, state_home: Path) -> None:
    running = lifecycle.up(tiny)
    os.kill(running.pid, signal.SIGTERM)
    assert gone(running.pid)
    assert not (state_home / "labs" / "tiny.json").exists()
    assert Path(running.log_file).read_text().strip() == "the lab ends: SIGTERM"


def test_a_lab_that_does_not_answer_is_ended_by_down(tiny: str) -> None:
    running = lifecycle.up(tiny)
    os.kill(running.pid, signal.SIGSTOP)
    try:
        with pytest.raises(LabFailed, match="runs, but does not answer"):
            lifecycle.up(tiny)
        ended = lifecycle.down(tiny, patience_seconds=0.3)
    finally:
        if lifecycle.alive(running.pid):
            os.kill(running.pid, signal.SIGCONT)
    assert ended == running
    assert gone(running.pid)


def test_a_lab_that_nobody_asks_ends_by_itself(tiny: str) -> None:
    running = lifecycle.up(tiny, idle_timeout_seconds=0.5)
    assert gone(running.pid)
    assert lifecycle.status(tiny) is None
    assert "nobody asked it anything for 0.5 s" in Path(running.log_file).read_text()


def test_a_lab_that_cannot_start_says_why(state_home: Path, tmp_path: Path) -> None:
    own = tmp_path / "clash.yaml"
    twice = "{name: a.test, values: [10.0.0.1]}"
    own.write_text(f"topology: clash\nregions: [us-east-1]\nzones: [{{name: test, records: [{twice}, {twice}]}}]\n")
    with pytest.raises(LabFailed) as failed:
        lifecycle.up(str(own))
    assert failed.value.message.startswith("the lab ended while starting (exit 2): ")
    assert "InvalidChangeBatch" in Path(str(failed.value.where)).read_text()
    assert lifecycle.status(str(own)) is None


def test_the_command_line_starts_shows_and_ends_a_lab(tiny: str, state_home: Path) -> None:
    def drill(*arguments: str) -> str:
        result = CliRunner().invoke(lab, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    started: dict[str, Any] = json.loads(drill("up", "--topology", tiny, "--set", "route53.ttl=5", "--json"))
    assert (started["topology"], started["overrides"]) == ("tiny", {"route53.ttl": "5"})
    assert f"process {started['pid']}" in drill("status", "--topology", tiny)
    assert json.loads(drill("status", "--json"))["pid"] == started["pid"]
    exports = drill("env", "--topology", tiny).splitlines()
    assert f"export AWS_ENDPOINT_URL={started['aws_endpoint_url']}" in exports
    assert "export AWS_DEFAULT_REGION=us-east-1" in exports
    assert drill("down", "--topology", tiny) == "lab tiny has ended\n"
    assert drill("down", "--topology", tiny) == "no lab runs\n"
    assert drill("status", "--topology", tiny, "--json") == "null\n"


def test_the_state_is_the_users_alone(tiny: str, state_home: Path) -> None:
    lifecycle.up(tiny)
    assert stat.S_IMODE((state_home / "labs").stat().st_mode) == 0o700


def test_the_postgres_lab_replicates_real_rows_and_leaves_no_server_behind(state_home: Path) -> None:
    running = lifecycle.up("postgres", time_scale=20.0)
    try:
        primary, replica = running.databases["orders-primary"], running.databases["orders-replica"]
        assert running.port_map[5432] == primary.port == replica.port
        with psycopg.connect(host=primary.host, port=primary.port, user="postgres", autocommit=True) as connection:
            connection.execute("create table t as select 42 as n")
        with psycopg.connect(host=replica.host, port=replica.port, user="postgres", autocommit=True) as connection:
            assert connection.execute("select pg_is_in_recovery()").fetchone() == (True,)
    finally:
        lifecycle.down("postgres")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=primary.host, port=primary.port, user="postgres")
