"""A run whose process died with one throttle in effect, and the account that it was made in, as far as it matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from drillrunner.files.run_folder import RunFolder, create_run_folder
from drillrunner.model.environment import Environment
from drillrunner.model.journal import line_of
from fabricated_run import PRIMARY, Scribe, fabricated_plan, throttle_change

ACCOUNT = "123456789012"
RUN_ID = "20261120-140000-7f3a9c"
LEFT = f"STILL INJECTED: lambda.throttle on lambda {PRIMARY} checkout"
_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>arn:aws:iam::%(number)s:user/drills</Arn><UserId>drills</UserId><Account>%(number)s</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


@dataclass
class Account:
    """One throttled function at a loopback endpoint, and a hook that never answers."""

    url: str = ""
    number: str = ACCOUNT
    reserved: int = 0
    denies: bool = False
    over: threading.Event = field(default_factory=threading.Event)


class _Answers(BaseHTTPRequestHandler):
    account: Account

    def do_GET(self) -> None:
        self._answer(200, json.dumps({"ReservedConcurrentExecutions": self.account.reserved}))

    def do_PUT(self) -> None:
        asked = json.loads(self._body())
        if self.account.denies:
            self._answer(403, '{"message": "no"}', "AccessDeniedException")
            return
        self.account.reserved = asked["ReservedConcurrentExecutions"]
        self._answer(200, json.dumps(asked))

    def do_POST(self) -> None:
        self._body()
        if self.path == "/hook":
            self.account.over.wait(60)
        self._answer(200, _IDENTITY % {"number": self.account.number})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, text: str, error: str | None = None) -> None:
        self.send_response(status)
        if error is not None:
            self.send_header("x-amzn-ErrorType", error)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what was asked is not what these tests are about."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nobody waits for the hook's answer any more."""


@contextmanager
def account() -> Iterator[Account]:
    """The account, for as long as the block lasts."""
    served = Account()
    server = _Server(("127.0.0.1", 0), type("_Handler", (_Answers,), {"account": served}))
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.over.set()
        server.shutdown()
        server.server_close()


def dead_run(reports: Path, endpoint_url: str) -> RunFolder:
    """A run's folder as a process leaves it that is killed once its throttle was seen to be in effect."""
    environment = Environment(
        name="staging", kind="aws", account=ACCOUNT, regions=(PRIMARY,), endpoint_url=endpoint_url
    )
    plan = fabricated_plan()
    drill = plan.drill.model_copy(update={"revert_within_seconds": 0.5})
    folder = create_run_folder(reports, RUN_ID, plan.model_copy(update={"drill": drill, "environment": environment}))
    scribe, change = Scribe(), throttle_change()
    scribe.write(0.0, "run.began", run_id=RUN_ID, drill=drill.name, environment="staging", time_scale=1.0)
    scribe.write(
        1.0,
        "undo.recorded",
        change_id="f1",
        group="fault-0",
        role="fault",
        kind="lambda.throttle",
        change=change.model_dump(mode="json"),
    )
    scribe.call(1.1, "f1", "apply", change.apply[0], seconds=0.3, outcome="done")
    folder.journal.write_bytes(b"".join(map(line_of, scribe.entries)))
    return folder


def start_revert(work: Path, folder: RunFolder, *words: str, hook: str | None = None) -> subprocess.Popen[str]:
    """Start `drill revert` on it in a folder of its own; optionally with a hook to be told."""
    if hook is not None:
        (work / "environments.yaml").write_text(
            f'staging:\n  kind: aws\n  account: "{ACCOUNT}"\n  regions: [{PRIMARY}]\n'
            "  signals:\n    - webhook: {url_env: HOOK}\n"
        )
    environ = {
        "DRILLRUNNER_STATE": str(work / "state"),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "GITHUB_STEP_SUMMARY": "",
        "HOOK": hook or "",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "drillrunner", "revert", str(folder.path), *words],
        cwd=work,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
