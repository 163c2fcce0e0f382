"""`drill serve` as a process: what it prints, how it ends, and what it refuses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from served_runs import GOING_ON, going_on

DRILL = [sys.executable, "-m", "drillrunner", "serve"]


def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "DRILLRUNNER_STATE": str(tmp_path / "state")}


def test_it_prints_its_address_and_ends_on_ctrl_c_with_a_stream_open(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    going_on(reports, 100.0)
    command = [*DRILL, "--port", "0", "--reports", str(reports)]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        base, _, token = address.partition("/?token=")
        assert base.startswith("http://127.0.0.1:")
        assert len(token) >= 32
        with urllib.request.urlopen(f"{base}/healthz", timeout=20) as answer:
            assert answer.read() == b"ok\n"
        with urllib.request.urlopen(f"{base}/runs/{GOING_ON}/events", timeout=20) as stream:
            assert stream.readline() == b"retry: 2000\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        assert process.returncode == 0
        assert errors == "Ctrl-C ends it\n"
    finally:
        process.kill()
        process.wait()


def test_what_it_cannot_do_it_says(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        command = [*DRILL, "--port", port, "--reports", str(tmp_path)]
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=environment(tmp_path)
        )
    assert ran.returncode == 2
    assert ran.stderr == (
        f"error: 127.0.0.1:{port}: cannot listen: the port is busy\n"
        "  choose another with --port (0 takes any that is free)\n"
    )
