"""Starting, finding and ending lab processes. A lab outlives the command that started it, and runs that die."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from drillrunner.errors import LabFailed
from drillrunner.lab.topology import load_topology
from drillrunner.model.environment import Database
from drillrunner.state import state_folder

READY_WITHIN_SECONDS = 60.0
GONE_WITHIN_SECONDS = 15.0
ANSWERS_WITHIN_SECONDS = 5.0
POLL_SECONDS = 0.02
DEFAULT_IDLE_TIMEOUT_SECONDS = 900.0
DEFAULT_TOPOLOGY = "checkout"

# A lab and its clients stay on this machine whatever the caller's shell says about AWS or proxies.
_NOT_INHERITED = ("AWS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "MOTO_")


@dataclass(frozen=True, slots=True)
class LabStatus:
    """A lab that runs: what it was asked to be, and where it answers. `port_map` maps the ports that URLs name."""

    pid: int
    instance: str
    topology: str
    source: str
    time_scale: float
    seed: int
    overrides: dict[str, str]
    aws_endpoint_url: str
    admin_url: str
    dns_address: str
    http_port: int
    https_port: int
    ca_file: str
    regions: tuple[str, ...]
    port_map: dict[int, int]
    started_wall: str
    log_file: str
    databases: dict[str, Database] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        databases = {name: database.model_dump(mode="json") for name, database in self.databases.items()}
        return {**asdict(self), "databases": databases, "regions": list(self.regions)}


def labs_folder() -> Path:
    """Where each running lab keeps its state file, its log and its CA's certificate."""
    return state_folder() / "labs"


def state_file(topology: str) -> Path:
    return labs_folder() / f"{topology}.json"


def write_status(status: LabStatus, path: Path) -> None:
    """Write the state file whole or not at all."""
    scratch = path.with_name(f".{path.name}.{status.pid}")
    scratch.write_text(json.dumps(status.as_json(), indent=2) + "\n", "utf-8")
    scratch.replace(path)


def status(topology: str | None = None) -> LabStatus | None:
    """The lab of that topology (None: the default one, else any that runs), if its process lives and answers."""
    if topology is None:
        names = [DEFAULT_TOPOLOGY, *sorted(path.stem for path in labs_folder().glob("*.json"))]
        return next((found for found in map(_running, dict.fromkeys(names)) if found), None)
    return _running(load_topology(topology).topology)


def up(
    topology: str = DEFAULT_TOPOLOGY,
    *,
    time_scale: float = 10.0,
    seed: int = 1,
    idle_timeout_seconds: float = DEFAULT_IDLE_TIMEOUT_SECONDS,
    overrides: Mapping[str, str] | None = None,
) -> LabStatus:
    """Start the lab, or return the one that runs if it is the same. Two callers at once start just one.

    `idle_timeout_seconds` are real seconds. Raises InvalidInput for a wrong topology or override, and
    LabFailed where a different lab of that name runs or the start fails.
    """
    chosen = dict(overrides or {})
    name = load_topology(topology, chosen).topology
    source = _source(topology)
    with _only_one(name):
        running = _running(name)
        if running is not None:
            _refuse_different(running, source, time_scale, chosen)
            return running
        return _start(name, source, time_scale, seed, idle_timeout_seconds, chosen)


def down(topology: str | None = None, *, patience_seconds: float = GONE_WITHIN_SECONDS) -> LabStatus | None:
    """End the lab and wait until its process is gone: asked first, then by signals, `patience_seconds` each.

    Returns what ran, or None. Raises LabFailed.
    """
    name = load_topology(topology).topology if topology else _any_left()
    written = read_status(state_file(name)) if name else None
    if name is None or written is None or not alive(written.pid):
        return None
    with contextlib.suppress(OSError, ValueError):  # it may be hung, or end before it has answered
        if _ask(written, "lab", within_seconds=patience_seconds).get("instance") == written.instance:
            _ask(written, "shutdown", data=b"{}", within_seconds=patience_seconds)
    _end(written, patience_seconds)
    state_file(name).unlink(missing_ok=True)
    return written


def _any_left() -> str | None:
    found = status()
    return found.topology if found else None


def _end(written: LabStatus, patience_seconds: float = GONE_WITHIN_SECONDS) -> None:
    """See a lab's process out: patiently, then by signal, if it is still a lab."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if _wait_gone(written.pid, patience_seconds) or not _is_lab(written.pid):
            return
        os.kill(written.pid, sign)
    if not _wait_gone(written.pid, GONE_WITHIN_SECONDS):
        raise LabFailed(f"process {written.pid} does not end", advice=f"Look at {written.log_file}.")


def touch(running: LabStatus) -> bool:
    """Tell the lab that it is in use: SQL alone does not keep it from ending when idle. False: it does not answer."""
    try:
        return bool(_ask(running, "lab").get("instance") == running.instance)
    except (OSError, ValueError):  # a stranger on the port may answer no JSON
        return False


def environment_variables(running: LabStatus) -> dict[str, str]:
    """What a shell needs so that AWS's own tools talk to the lab."""
    return {
        "AWS_ENDPOINT_URL": running.aws_endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_DEFAULT_REGION": running.regions[0],
        "AWS_EC2_METADATA_DISABLED": "true",
        "DRILLRUNNER_LAB_DNS": running.dns_address,
        "DRILLRUNNER_LAB_CA_FILE": running.ca_file,
        "DRILLRUNNER_LAB_HTTP_PORT": str(running.http_port),
        "DRILLRUNNER_LAB_HTTPS_PORT": str(running.https_port),
    }


def _source(topology: str) -> str:
    """What the lab's process is told to read: a shipped name, or a path that holds from any folder."""
    path = Path(topology)
    return str(path.resolve()) if path.exists() and path.is_file() else topology


def _refuse_different(running: LabStatus, source: str, time_scale: float, overrides: dict[str, str]) -> None:
    differences = [
        f"{what} {there!r}, asked for {asked!r}"
        for what, there, asked in (
            ("topology", running.source, source),
            ("time scale", running.time_scale, time_scale),
            ("settings", running.overrides, overrides),
        )
        if there != asked
    ]
    if differences:
        raise LabFailed(
            f"the lab {running.topology} runs already, with another {'; '.join(differences)}",
            where=f"process {running.pid}",
            advice=f"End it first: drill lab down --topology {running.topology}",
        )


@contextlib.contextmanager
def _only_one(name: str) -> Iterator[None]:
    """Hold the topology's start lock; the kernel frees it when this process dies."""
    folder = labs_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = (folder / f"{name}.lock").open("a")
    except OSError as error:
        raise LabFailed(
            f"cannot write the lab's state: {error.strerror}",
            where=str(folder),
            advice="Set DRILLRUNNER_STATE to a folder that you may write.",
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _start(
    name: str, source: str, time_scale: float, seed: int, idle_timeout_seconds: float, overrides: Mapping[str, str]
) -> LabStatus:
    log_file = labs_folder() / f"{name}.log"
    _clear_left(name)
    command = [sys.executable, "-m", "drillrunner.lab.process", "--topology", source]
    command += ["--time-scale", repr(time_scale), "--seed", str(seed), "--idle-timeout", repr(idle_timeout_seconds)]
    command += ["--state-file", str(state_file(name)), "--log-file", str(log_file)]
    for key, value in overrides.items():
        command += ["--set", f"{key}={value}"]
    with log_file.open("wb") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_child_environment(),
            start_new_session=True,  # a Ctrl-C in the terminal, or the end of the run, must not end the lab
        )
    return _await_ready(name, child, log_file)


def _clear_left(name: str) -> None:
    """Forget a lab that died. One that lives but does not answer may be in use by a run: it is left alone."""
    left = read_status(state_file(name))
    if left is not None and alive(left.pid) and _is_lab(left.pid):
        raise LabFailed(
            f"the lab {name} runs, but does not answer within {ANSWERS_WITHIN_SECONDS:g} s",
            where=f"process {left.pid}, log {left.log_file}",
            advice=f"Try again; if it stays so, end it: drill lab down --topology {name}",
        )
    state_file(name).unlink(missing_ok=True)


def _child_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(_NOT_INHERITED)}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "*"}


def _await_ready(name: str, child: subprocess.Popen[bytes], log_file: Path) -> LabStatus:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        written = read_status(state_file(name))
        if written is not None and written.pid == child.pid:
            return written
        if child.poll() is not None:
            raise LabFailed(
                f"the lab ended while starting (exit {child.returncode}): {_tail(log_file)}",
                where=str(log_file),
                advice="The log holds the whole story. The lab needs `pip install 'drillrunner[lab]'`.",
            )
        time.sleep(POLL_SECONDS)
    child.kill()
    child.wait()
    raise LabFailed(f"the lab was not ready within {READY_WITHIN_SECONDS:.0f} s", where=str(log_file))


def _tail(log_file: Path) -> str:
    """The last line that says something; the frame of a traceback of several errors does not."""
    lines = (line.strip(" |+-") for line in log_file.read_text("utf-8", "replace").splitlines())
    return next((line for line in reversed(list(lines)) if line), "it wrote nothing")


def _running(name: str) -> LabStatus | None:
    """What the state file says, if that process lives and answers as that very lab."""
    written = read_status(state_file(name))
    if written is None or not alive(written.pid):
        return None
    return written if touch(written) else None


def read_status(path: Path) -> LabStatus | None:
    """A state file's content; None where there is none, or none that this version wrote."""
    try:
        fields = json.loads(path.read_text("utf-8"))
        fields["databases"] = {name: Database(**database) for name, database in fields["databases"].items()}
        fields["regions"] = tuple(fields["regions"])
        fields["port_map"] = {int(port): mapped for port, mapped in fields["port_map"].items()}
        return LabStatus(**fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _ask(
    running: LabStatus, route: str, data: bytes | None = None, within_seconds: float = ANSWERS_WITHIN_SECONDS
) -> dict[str, Any]:
    """Ask a lab's own route. Raises OSError where nobody answers whole, ValueError where it is not JSON."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{running.admin_url}/{route}", data=data)
    try:
        with opener.open(request, timeout=within_seconds) as response:
            answer = json.load(response)
    except http.client.HTTPException as error:
        raise ConnectionError("the lab hung up") from error
    return answer if isinstance(answer, dict) else {}


def alive(pid: int) -> bool:
    """Whether that process is there."""
    with contextlib.suppress(ChildProcessError):  # a child of ours that ended stays a zombie until it is waited for
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_lab(pid: int) -> bool:
    """Whether that process is a lab still, and not one that got its number since."""
    listing = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "drillrunner.lab.process" in listing.stdout


def _wait_gone(pid: int, within_seconds: float) -> bool:
    deadline = time.monotonic() + within_seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
