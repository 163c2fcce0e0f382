"""The control plane on virtual time: no socket, no wall clock."""

from __future__ import annotations

import io

import pytest

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.lab.control.app import install
from drillrunner.lab.control.aws_request import Dropped, Environ
from drillrunner.lab.control.faults import FaultRule
from drillrunner.lab.world import World


def _list_tables() -> Environ:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b"{}"),
        "CONTENT_LENGTH": "2",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.ListTables",
        "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/dynamodb/aws4_request, x=y",
    }


def test_a_delay_passes_in_drill_seconds() -> None:
    async def main() -> tuple[float, int, bytes]:
        control = install(World(virtual_clock(), seed=1))
        control.faults.set([FaultRule("delay", seconds=300)])
        reply = await control.answer_async(_list_tables())
        return control.world.clock.monotonic(), reply.status, reply.body

    assert run_virtual(main) == (300.0, 200, b'{"TableNames": []}')


def test_a_held_call_ends_without_an_answer() -> None:
    async def main() -> float:
        control = install(World(virtual_clock(), seed=1))
        control.faults.set([FaultRule("timeout", seconds=60)])
        with pytest.raises(Dropped):
            await control.answer_async(_list_tables())
        return control.world.clock.monotonic()

    assert run_virtual(main) == 60.0
