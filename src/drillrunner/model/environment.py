"""The environment: where a drill runs, and what it may touch there."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from drillrunner.model.noun import Noun


class FreezeWindow(Noun):
    """A time in which nothing may be injected, nor still wait to be reverted."""

    begins: datetime
    ends: datetime
    reason: str


class Database(Noun):
    """A PostgreSQL database that SqlCalls name. The password is read from `password_env`, never written here."""

    host: str
    port: int = 5432
    dbname: str = "postgres"
    user: str = "postgres"
    password_env: str | None = None


class Environment(Noun):
    """An embedded lab or AWS accounts and regions, with their guards.

    `resolver` is `address:port` of the DNS server that probes ask (None: the system's). `port_map`
    maps the ports that URLs name to the ports that answer, which only a lab needs; `ca_file` is the
    CA that HTTPS probes trust besides the system's. `lab_instance` names the lab process that a run
    was bound to, so that a revert never mistakes another lab for it.
    """

    name: str
    kind: Literal["lab", "aws"]
    regions: tuple[str, ...]
    max_targets: int = 5
    allow_irreversible: bool = False
    confirm: bool = True
    freeze: tuple[FreezeWindow, ...] = ()
    # kind: aws
    account: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    endpoint_url: str | None = None
    # kind: lab
    topology: str | None = None
    time_scale: float = 1.0
    lab_instance: str | None = None
    # what the probes need to reach it
    resolver: str | None = None
    port_map: dict[int, int] = Field(default_factory=dict)
    ca_file: str | None = None
    databases: dict[str, Database] = Field(default_factory=dict)
