"""Takes a snapshot: every service read in turn, and what they say put together as one topology."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drillrunner.lab.topology import EndpointSpec, FunctionSpec, HealthCheckSpec, Topology, ZoneSpec, shipped_topologies
from drillrunner.model.call import AwsCall
from drillrunner.ports import Outside
from drillrunner.snapshot import apigateway, cloudwatch, dynamodb, lambda_, metrics, rds, route53
from drillrunner.snapshot.apigateway import Gateway
from drillrunner.snapshot.endpoints import endpoints
from drillrunner.snapshot.health_checks import health_checks
from drillrunner.snapshot.notes import Note, Part
from drillrunner.snapshot.places import Places
from drillrunner.snapshot.records import Translator, stand_ins
from drillrunner.snapshot.route53 import Dns

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A topology, what is to be said of it, and from where and when it was read."""

    topology: Topology
    notes: tuple[Note, ...]
    environment: str
    taken_wall: datetime


@dataclass(frozen=True, slots=True)
class Hosts:
    """What users reach: names, the health checks that steer them, and the functions that answer."""

    health_checks: Part[HealthCheckSpec]
    zones: Part[ZoneSpec]
    endpoints: Part[EndpointSpec]


def calls(regions: Sequence[str]) -> list[AwsCall]:
    """Every Call that a snapshot of these regions makes, `*` for what is not known before."""
    per_region = (lambda_, apigateway, dynamodb, rds, cloudwatch, metrics)
    return [*route53.calls(), *(call for service in per_region for call in service.calls(regions))]


async def take_snapshot(
    outside: Outside, addresses: Mapping[str, str] | None = None, tell: Tell = lambda what: None
) -> Snapshot:
    """Read everything that a lab can copy; `tell` is told what is read next.

    `addresses` gives the region of each address that a lab gave one, where a lab is what is read. Raises
    CallFailed, and Refused where there is more than a lab can take.
    """
    regions, taken_wall = outside.environment.regions, outside.clock.wall()
    tell("Route 53: hosted zones and health checks")
    dns = await route53.read_dns(outside)
    tell("Lambda: functions")
    functions = await lambda_.read_functions(outside, regions)
    tell("API Gateway: custom domain names")
    gateways = await apigateway.read_gateways(outside, regions, dns.mentioned())
    tell("DynamoDB: tables")
    tables = await dynamodb.read_tables(outside, regions)
    tell("RDS: global databases and instances")
    clusters = await rds.read_clusters(outside, regions)
    instances = await rds.read_instances(outside, regions)
    tell("CloudWatch: alarms")
    alarms = await cloudwatch.read_alarms(outside, regions)

    hosts = host_names(dns, gateways.specs, functions.specs, regions, addresses or {})
    topology = Topology(
        topology=topology_name(outside.environment.name),
        description=f"Read from the environment {outside.environment.name} on {taken_wall:%Y-%m-%d}.",
        regions=regions,
        functions=functions.specs,
        endpoints=hosts.endpoints.specs,
        health_checks=hosts.health_checks.specs,
        zones=hosts.zones.specs,
        tables=tables.specs,
        clusters=clusters.specs,
        instances=instances.specs,
        alarms=alarms.specs,
    )
    parts = (
        hosts.zones,
        hosts.health_checks,
        hosts.endpoints,
        gateways,
        functions,
        tables,
        clusters,
        instances,
        alarms,
    )
    notes = itertools.chain(dns.notes, *(part.notes for part in parts))
    return Snapshot(topology, tuple(notes), outside.environment.name, taken_wall)


def host_names(
    dns: Dns,
    gateways: Sequence[Gateway],
    functions: Sequence[FunctionSpec],
    regions: Sequence[str],
    addresses: Mapping[str, str],
) -> Hosts:
    """Zones, health checks and endpoints as a lab has them. Pure."""
    names = {target: gateway.region for gateway in gateways for target in gateway.targets}
    ours = {address: region for address, region in addresses.items() if region in regions}
    places = Places(tuple(regions), names, ours)
    checks = health_checks(dns.checks, dns.tags)
    zones = Translator(dns.zones, places, checks.names).translated()
    asked = [check.fqdn for check in checks.part.specs if check.fqdn]
    standing_in = stand_ins(zones.specs, asked, places)
    every_zone = Part((*zones.specs, *standing_in.specs), (*zones.notes, *standing_in.notes))
    return Hosts(checks.part, every_zone, endpoints(every_zone.specs, gateways, functions))


def topology_name(environment: str) -> str:
    """The environment's name as a topology's, and never that of one that ships."""
    plain = re.sub(r"[^a-z0-9]+", "-", environment.lower()).strip("-")[:32].rstrip("-") or "account"
    return f"{plain}-copy" if plain in shipped_topologies() else plain
