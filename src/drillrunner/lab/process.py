"""One lab process: control plane, databases and data plane composed on loopback, until it is told to end or is idle.

`python -m drillrunner.lab.process --topology checkout --state-file FILE`; lifecycle.py starts it so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from botocore.exceptions import ClientError

from drillrunner.clock import Clock
from drillrunner.errors import DrillError, LabFailed
from drillrunner.lab.compose import Lab, compose
from drillrunner.lab.control.admin import PREFIX
from drillrunner.lab.control.app import ControlPlane, Served
from drillrunner.lab.control.app import serve as serve_control
from drillrunner.lab.dataplane.dnsserver import DnsServer
from drillrunner.lab.dataplane.httpserver import HttpServers, tls_context
from drillrunner.lab.dataplane.resolver import RecursiveResolver
from drillrunner.lab.dataplane.routing import Answer
from drillrunner.lab.datastores import attach
from drillrunner.lab.lifecycle import DEFAULT_IDLE_TIMEOUT_SECONDS, LabStatus, write_status
from drillrunner.lab.seed import Seeder, served_client
from drillrunner.lab.topology import Topology, load_topology
from drillrunner.lab.world import World
from drillrunner.model.environment import Database

IDLE_LOOKS = 20  # how often within the idle time-out the lab looks whether it is over
REAL = Clock()  # idleness is about people and programs, so it is counted in real seconds


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    topology: str
    time_scale: float
    seed: int
    state_file: Path
    log_file: str
    idle_timeout_seconds: float
    overrides: dict[str, str]


@dataclass(slots=True)
class Activity:
    """When anybody last asked the lab for anything; health checkers do not count."""

    control: ControlPlane
    at: float = field(default_factory=REAL.monotonic)

    def touch(self) -> None:
        self.at = REAL.monotonic()

    def idle_seconds(self) -> float:
        return REAL.monotonic() - max(self.at, self.control.last_request_at)


class Ending:
    """Asks the lab to end, from any thread. The first reason is kept."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = anyio.Event()
        self.why = ""

    def ask(self, why: str) -> None:
        self._loop.call_soon_threadsafe(self._set, why)

    def _set(self, why: str) -> None:
        self.why = self.why or why
        self._event.set()

    async def asked(self) -> None:
        await self._event.wait()


async def run(options: Options) -> None:
    """Compose, serve, seed, announce; then wait for the end and leave nothing behind."""
    topology = load_topology(options.topology, options.overrides)
    lab = compose(topology, World(Clock(scale=options.time_scale), options.seed))
    ending = Ending()
    activity = Activity(lab.control)
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(_end_on_signal, ending)
        status = await stack.enter_async_context(_served(options, lab, activity, ending))
        tasks.start_soon(lab.plane.run)
        tasks.start_soon(lab.databases.run)
        tasks.start_soon(_end_when_idle, ending, activity, options.idle_timeout_seconds)
        write_status(status, options.state_file)
        activity.touch()
        await ending.asked()
        print(f"the lab ends: {ending.why}", file=sys.stderr)
        options.state_file.unlink(missing_ok=True)
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def _served(options: Options, lab: Lab, activity: Activity, ending: Ending) -> AsyncIterator[LabStatus]:
    """Everything that listens, seeded; closed again at the end, whatever ends it."""
    ca_file = options.state_file.with_suffix(".ca.pem")
    served = serve_control(lab.world)
    http = HttpServers(
        lab.plane.endpoints,
        list(lab.topology.region_addresses().values()),
        tls_context(lab.topology.hosts() or ("localhost",), ca_file),
        activity.touch,
    )
    dns = DnsServer(_answering(RecursiveResolver(lab.world, lab.plane.dns), activity))
    try:
        await http.start()
        await dns.start()
        with lab.databases.tables.at_once():
            await anyio.to_thread.run_sync(_seed, lab.topology, served.url)
        reached = await attach(lab.databases, lab.topology)
        lab.plane.dns.refresh()
        status = _status(options, lab, served, http, dns, ca_file, reached)
        _add_routes(lab.control, status, ending)
        yield status
    finally:
        with anyio.CancelScope(shield=True):
            dns.close()
            await http.close()
            await anyio.to_thread.run_sync(served.close)
            await anyio.to_thread.run_sync(lab.databases.close)


def _seed(topology: Topology, endpoint_url: str) -> None:
    try:
        Seeder(topology, served_client(endpoint_url)).seed()
    except ClientError as error:
        raise LabFailed(
            f"the topology is refused: {error}",
            where=f"topology {topology.topology}",
            advice="Correct it as AWS's error says.",
        ) from error


def _answering(resolver: RecursiveResolver, activity: Activity) -> Callable[[str, str, bool], Answer]:
    def answer(name: str, rtype: str, recursive: bool) -> Answer:
        activity.touch()
        return resolver.answer(name, rtype, recursive=recursive)

    return answer


def _add_routes(control: ControlPlane, status: LabStatus, ending: Ending) -> None:
    def shut_down(request: Any) -> dict[str, str]:
        ending.ask("asked to over HTTP")
        return {"ends": status.instance}

    control.add_route("lab", lambda request: status.as_json())
    control.add_route("shutdown", shut_down)


def _status(
    options: Options,
    lab: Lab,
    served: Served,
    http: HttpServers,
    dns: DnsServer,
    ca_file: Path,
    databases: dict[str, Database],
) -> LabStatus:
    postgres = {5432: lab.databases.postgres_port} if lab.databases.postgres_port else {}
    return LabStatus(
        pid=os.getpid(),
        instance=uuid.uuid4().hex,
        topology=lab.topology.topology,
        source=options.topology,
        time_scale=options.time_scale,
        seed=options.seed,
        overrides=options.overrides,
        aws_endpoint_url=served.url,
        admin_url=served.url + PREFIX.rstrip("/"),
        dns_address=f"127.0.0.1:{dns.port}",
        http_port=http.http_port,
        https_port=http.https_port,
        ca_file=str(ca_file),
        regions=lab.topology.regions,
        port_map={80: http.http_port, 443: http.https_port, **postgres},
        started_wall=lab.world.clock.wall().isoformat(timespec="seconds"),
        log_file=options.log_file,
        databases=databases,
    )


async def _end_on_signal(ending: Ending) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for number in signals:
            ending.ask(signal.Signals(number).name)


async def _end_when_idle(ending: Ending, activity: Activity, idle_timeout_seconds: float) -> None:
    while activity.idle_seconds() < idle_timeout_seconds:
        await REAL.sleep(idle_timeout_seconds / IDLE_LOOKS)
    ending.ask(f"nobody asked it anything for {idle_timeout_seconds:g} s")


def parse(argv: Sequence[str] | None) -> Options:
    """The command line. Raises SystemExit as argparse does."""
    parser = argparse.ArgumentParser(prog="python -m drillrunner.lab.process", description=__doc__)
    parser.add_argument("--topology", default="checkout", help="a shipped topology's name, or a YAML file")
    parser.add_argument("--time-scale", type=float, default=10.0, help="drill seconds in a real one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state-file", type=Path, required=True, help="written when the lab is ready")
    parser.add_argument("--log-file", default="", help="where the output goes, for the state file to name")
    parser.add_argument("--idle-timeout", type=float, default=DEFAULT_IDLE_TIMEOUT_SECONDS, help="real seconds")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="override a setting")
    given = parser.parse_args(argv)
    return Options(
        topology=given.topology,
        time_scale=given.time_scale,
        seed=given.seed,
        state_file=given.state_file,
        log_file=given.log_file,
        idle_timeout_seconds=given.idle_timeout,
        overrides=dict(item.partition("=")[::2] for item in given.set),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a lab until it ends; 0, or the exit code of the error that is printed."""
    options = parse(argv)
    code = 0
    try:
        anyio.run(run, options)
    except* DrillError as group:
        error = _first(group)
        print(error, file=sys.stderr)
        code = error.exit_code
    return code


def _first(group: BaseExceptionGroup[DrillError]) -> DrillError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


if __name__ == "__main__":
    sys.exit(main())
