"""A served lab with databases, on a clock that runs fifty times faster, for boto3 to talk to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.from_thread
import boto3
from botocore.config import Config

from drillrunner.clock import Clock
from drillrunner.lab.control import app
from drillrunner.lab.databases.databases import Databases, Member
from drillrunner.lab.world import World


@dataclass
class Lab:
    """What a test needs of it; `names` is what was registered in DNS."""

    world: World
    databases: Databases
    url: str
    portal: anyio.from_thread.BlockingPortal
    names: dict[str, str] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str) -> Any:
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = boto3.client(  # type: ignore[call-overload]
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
                config=Config(retries={"max_attempts": 0}),
            )
        return self._clients[key]

    def attach(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        async def call() -> Any:
            return await function(*args, **kwargs)

        return self.portal.call(call)

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until it holds; ten real seconds at most."""
        give_up_at = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < give_up_at, f"waited in vain until {what}"
            time.sleep(0.01)


@contextmanager
def served_lab() -> Iterator[Lab]:
    """The lab, served and running, until the block ends."""
    names: dict[str, str] = {}
    lock = threading.Lock()

    def register(name: str, address: str, ttl_seconds: float) -> None:
        with lock:
            names[name] = address

    world = World(Clock(scale=50.0), seed=7)
    app.install(world)
    databases = Databases(world, register)
    databases.install()
    served = app.serve(world)
    with anyio.from_thread.start_blocking_portal("asyncio") as portal:
        running = portal.start_task_soon(databases.run)
        try:
            yield Lab(world, databases, served.url, portal, names)
        finally:
            running.cancel()
            databases.close()
            served.close()


def make_global_cluster(lab: Lab, name: str) -> tuple[str, str]:
    east, west = lab.client("rds", "us-east-1"), lab.client("rds", "eu-west-1")
    engine = {"Engine": "aurora-postgresql"}
    primary = east.create_db_cluster(
        DBClusterIdentifier=f"{name}-us-east-1", MasterUsername="postgres", MasterUserPassword="postgres", **engine
    )["DBCluster"]["DBClusterArn"]
    east.create_global_cluster(GlobalClusterIdentifier=name, SourceDBClusterIdentifier=primary)
    secondary = west.create_db_cluster(DBClusterIdentifier=f"{name}-eu-west-1", GlobalClusterIdentifier=name, **engine)[
        "DBCluster"
    ]["DBClusterArn"]
    return primary, secondary


def members(name: str) -> tuple[Member, Member]:
    return Member("us-east-1", f"{name}-us-east-1"), Member("eu-west-1", f"{name}-eu-west-1")
