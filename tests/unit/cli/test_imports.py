"""What a command imports, seen in a process of its own: nothing heavy until a command needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CLIENTS = frozenset({"boto3", "botocore", "aiohttp", "psycopg", "dns", "rich", "moto", "waitress"})
HEAVY = CLIENTS | {"pydantic", "yaml"}
NAMED_BY_LAMBDA_THROTTLE = {"cloudwatch", "http", "lambda_", "route53"}

# Ends as `drill` does, then tells on a last line which modules it has.
TELLING = """
import json, sys
from drillrunner.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
print()
print(json.dumps({"code": code, "modules": sorted(sys.modules)}))
"""


def modules_of(*words: str) -> set[str]:
    """Every module that `drill WORDS` has imported when it ends well."""
    command = [sys.executable, "-c", TELLING, *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["code"] == 0, ran.stderr
    return set(told["modules"])


def imported_by(*words: str) -> set[str]:
    """The top packages among them."""
    return {name.partition(".")[0] for name in modules_of(*words)}


@pytest.mark.parametrize("words", [("--version",), ("--help",)], ids=" ".join)
def test_asking_for_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    assert imported_by(*words) & HEAVY == set()


@pytest.mark.parametrize("words", [("run", "--help"), ("status",), ("lab", "--help")], ids=" ".join)
def test_a_command_s_help_and_the_list_of_runs_ask_no_cloud(words: tuple[str, ...]) -> None:
    assert imported_by(*words) & CLIENTS == set()


def test_validating_a_drill_imports_no_client_no_event_loop_and_no_service_that_it_does_not_name() -> None:
    modules = modules_of("validate", "drills/lambda-throttle.yaml")
    assert {name.partition(".")[0] for name in modules} & (CLIENTS | {"asyncio"}) == set()
    services = {name.rpartition(".")[2] for name in modules if name.startswith("drillrunner.services.")}
    assert services - {"aws_reading"} == NAMED_BY_LAMBDA_THROTTLE
