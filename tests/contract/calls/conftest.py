"""One served lab for a module's tests of the AWS caller, and a gate before it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from database_lab import Lab, served_lab
from drillrunner.lab.control.app import build_app
from served_aws import AwsLab, Gate

GATE_THREADS = 64


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with served_lab() as lab:
        yield lab


@pytest.fixture
def aws(lab: Lab) -> Iterator[AwsLab]:
    found = AwsLab(lab)
    found.faults()
    yield found
    found.faults()


@pytest.fixture
def gate(lab: Lab) -> Iterator[Gate]:
    """Open: it holds nobody up until a test clears `hold`."""
    from waitress import create_server

    gate = Gate(build_app(lab.world))
    gate.hold.set()
    server: Any = create_server(gate, host="127.0.0.1", port=0, threads=GATE_THREADS)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    gate.url = f"http://127.0.0.1:{server.effective_port}"
    yield gate
    gate.hold.set()
    server.trigger.pull_trigger(lambda: _close(server))
    thread.join(timeout=5)
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)


def _close(server: Any) -> None:
    from waitress import wasyncore

    wasyncore.close_all(server._map)
