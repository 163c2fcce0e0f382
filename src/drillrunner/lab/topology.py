"""A lab's topology: what `drill lab up` builds, as a YAML file says it. Pure data, its reading, and its overrides."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NoReturn

from pydantic import Field, ValidationError, model_validator

from drillrunner.errors import InvalidInput
from drillrunner.model.noun import Noun
from drillrunner.yaml_source import Document, Problems, as_data, parse_yaml, read_yaml, span_at

SHIPPED = "drillrunner.lab.topologies"
# a snapshot of an account is larger than what people write
MAX_VALUES = 30_000


class Latency(Noun):
    """A log-normal distribution by two of its percentiles, in drill milliseconds."""

    median_ms: float = Field(default=20.0, gt=0)
    p99_ms: float = Field(default=120.0, gt=0)


class FunctionSpec(Noun):
    """A Lambda function. `cold_start` is added where no warm execution environment is idle."""

    name: str
    region: str
    reserved_concurrency: int | None = Field(default=None, ge=0)
    latency: Latency = Latency()
    cold_start: Latency = Latency(median_ms=350.0, p99_ms=900.0)


class EndpointSpec(Noun):
    """A host name that a region answers, and the function behind it."""

    host: str
    region: str
    function: str


class HealthCheckSpec(Noun):
    """A Route 53 health check; `name` becomes its Name tag. Defaults are AWS's but for the interval."""

    name: str
    fqdn: str | None = None
    type: Literal["HTTP", "HTTPS", "TCP", "CALCULATED"] = "HTTPS"
    port: int | None = 443
    path: str | None = "/health"
    interval_seconds: Literal[10, 30] = 10
    failure_threshold: int = Field(default=3, ge=1, le=10)
    children: tuple[str, ...] = ()
    health_threshold: int | None = None


class RecordSpec(Noun):
    """A record set: `values`, or the address that the lab gives `address_of` a region."""

    name: str
    type: Literal["A", "AAAA", "CNAME", "TXT"] = "A"
    ttl_seconds: int = Field(default=60, ge=0)
    values: tuple[str, ...] = ()
    address_of: str | None = None
    identifier: str | None = None
    failover: Literal["PRIMARY", "SECONDARY"] | None = None
    weight: int | None = Field(default=None, ge=0, le=255)
    latency_region: str | None = None
    multivalue: bool = False
    health_check: str | None = None


class ZoneSpec(Noun):
    """A public hosted zone."""

    name: str
    records: tuple[RecordSpec, ...] = ()


class TableSpec(Noun):
    """A DynamoDB table with a string hash key; with `replicas` it is a global table. `lag` is its replication's."""

    name: str
    region: str
    hash_key: str = "pk"
    replicas: tuple[str, ...] = ()
    lag: Latency = Latency(median_ms=400.0, p99_ms=2500.0)


class ClusterSpec(Noun):
    """An Aurora global database: its writer's region and its secondaries'.

    With `data: postgres` the writer and the first secondary are a real PostgreSQL pair; `auto` makes them one
    where PostgreSQL is installed, and a simulated log elsewhere.
    """

    global_cluster: str
    writer: str
    secondaries: tuple[str, ...] = ()
    engine: str = "aurora-postgresql"
    lag: Latency = Latency(median_ms=400.0, p99_ms=2500.0)
    data: Literal["auto", "simulated", "postgres"] = "auto"


class InstanceSpec(Noun):
    """An RDS instance; `replica_of` names the instance that a read replica follows.

    `stop: crash` lets StopDBInstance stand for the loss of the instance; AWS stops cleanly. An instance
    and its first replica share a real PostgreSQL pair with `data: postgres`, whose lag is the replica's.
    """

    name: str
    region: str
    replica_of: str | None = None
    engine: str = "postgres"
    stop: Literal["crash", "clean"] = "clean"
    data: Literal["simulated", "postgres"] = "simulated"
    lag: Latency = Latency(median_ms=400.0, p99_ms=2500.0)


class AlarmSpec(Noun):
    """A CloudWatch metric alarm, with PutMetricAlarm's meanings."""

    name: str
    region: str
    namespace: str
    metric: str
    dimensions: dict[str, str] = Field(default_factory=dict)
    statistic: Literal["Average", "Sum", "Maximum", "Minimum", "SampleCount"] = "Sum"
    comparison: str = "GreaterThanThreshold"
    threshold: float
    period_seconds: int = 60
    evaluation_periods: int = 1
    treat_missing_data: Literal["breaching", "notBreaching", "ignore", "missing"] = "notBreaching"


class Topology(Noun):
    """What a lab is made of. Regions get their loopback addresses in this order."""

    topology: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    description: str = ""
    regions: tuple[str, ...] = Field(min_length=1)
    functions: tuple[FunctionSpec, ...] = ()
    endpoints: tuple[EndpointSpec, ...] = ()
    health_checks: tuple[HealthCheckSpec, ...] = ()
    zones: tuple[ZoneSpec, ...] = ()
    tables: tuple[TableSpec, ...] = ()
    clusters: tuple[ClusterSpec, ...] = ()
    instances: tuple[InstanceSpec, ...] = ()
    alarms: tuple[AlarmSpec, ...] = ()

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Topology:
        wrong = [*self._unknown_regions(), *self._unknown_names()]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _unknown_regions(self) -> list[str]:
        named = {
            **{f"function {spec.name}": (spec.region,) for spec in self.functions},
            **{f"endpoint {spec.host}": (spec.region,) for spec in self.endpoints},
            **{f"table {spec.name}": (spec.region, *spec.replicas) for spec in self.tables},
            **{f"cluster {spec.global_cluster}": (spec.writer, *spec.secondaries) for spec in self.clusters},
            **{f"instance {spec.name}": (spec.region,) for spec in self.instances},
            **{f"alarm {spec.name}": (spec.region,) for spec in self.alarms},
            **{f"record {record.name}": (record.address_of,) for record in self.records() if record.address_of},
        }
        return [
            f"{who} is in {region}, which is not one of the regions"
            for who, regions in named.items()
            for region in regions
            if region not in self.regions
        ]

    def _unknown_names(self) -> list[str]:
        functions = {(spec.region, spec.name) for spec in self.functions}
        checks = {spec.name for spec in self.health_checks}
        instances = {spec.name for spec in self.instances}
        return [
            *(
                f"endpoint {spec.host} names function {spec.function}, which {spec.region} does not have"
                for spec in self.endpoints
                if (spec.region, spec.function) not in functions
            ),
            *(
                f"record {record.name} names health check {record.health_check}, which is not there"
                for record in self.records()
                if record.health_check and record.health_check not in checks
            ),
            *(
                f"instance {spec.name} is a replica of {spec.replica_of}, which is not there"
                for spec in self.instances
                if spec.replica_of and spec.replica_of not in instances
            ),
        ]

    def instance_pairs(self) -> list[tuple[InstanceSpec, InstanceSpec]]:
        """Each instance with its first read replica."""
        pairs: dict[str, tuple[InstanceSpec, InstanceSpec]] = {}
        by_name = {spec.name: spec for spec in self.instances}
        for replica in self.instances:
            if replica.replica_of:
                pairs.setdefault(replica.replica_of, (by_name[replica.replica_of], replica))
        return list(pairs.values())

    def records(self) -> list[RecordSpec]:
        """The records of all zones."""
        return [record for zone in self.zones for record in zone.records]

    def hosts(self) -> tuple[str, ...]:
        """Every host name that endpoints answer, once each."""
        return tuple(dict.fromkeys(spec.host for spec in self.endpoints))

    def region_addresses(self) -> dict[str, str]:
        """The loopback address that stands for each region: 127.0.10.1, 127.0.10.2, …"""
        return {region: f"127.0.10.{number}" for number, region in enumerate(self.regions, start=1)}


def shipped_topologies() -> list[str]:
    """The names of the topologies in this package."""
    files = resources.files(SHIPPED).iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def load_topology(name_or_path: str, overrides: Mapping[str, str] | None = None) -> Topology:
    """Read a shipped topology by name, or a YAML file by path. Raises InvalidInput (codes Y1xx and L1xx)."""
    document = _read(name_or_path)
    try:
        topology = Topology.model_validate(as_data(document.root))
    except ValidationError as error:
        _refuse(error, document)
    return overridden(topology, overrides or {})


def _read(name_or_path: str) -> Document:
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"} or "/" in name_or_path:
        return read_yaml(path, most_values=MAX_VALUES)
    shipped = shipped_topologies()
    if name_or_path not in shipped:
        raise InvalidInput(
            f'no topology is called "{name_or_path}"',
            advice=f"The shipped ones are {', '.join(shipped)}; for your own, give the path of its YAML file.",
        )
    text = resources.files(SHIPPED).joinpath(f"{name_or_path}.yaml").read_text("utf-8")
    return parse_yaml(text, f"topology {name_or_path}")


def _refuse(error: ValidationError, document: Document) -> NoReturn:
    """Say everything that is wrong, each with its place."""
    problems = Problems(document.file, document.lines)
    for item in error.errors(include_url=False):
        names = item["loc"]
        if not names:  # what `_names_what_is_there` found: one text for all of it
            for message in str(item["ctx"]["error"]).split("; "):
                problems.add("L102", message)
            continue
        place = ".".join(map(str, names))
        problems.add("L101", f"{place}: {item['msg'][0].lower()}{item['msg'][1:]}", span_at(document.root, names))
    problems.refuse()


def _each(section: str, *keys: str) -> Callable[[dict[str, Any], Any], None]:
    """A setter of one field, given as a path, in every item of a section."""

    def put(document: dict[str, Any], value: Any) -> None:
        for item in document.get(section) or ():
            place = functools.reduce(lambda inner, key: inner.setdefault(key, {}), keys[:-1], item)
            place[keys[-1]] = value

    return put


def _each_ttl(document: dict[str, Any], value: Any) -> None:
    for zone in document.get("zones") or ():
        _each("records", "ttl_seconds")(zone, value)


OVERRIDES: dict[str, tuple[str, Callable[[dict[str, Any], Any], None]]] = {
    "route53.ttl": ("TTL of every record, seconds", _each_ttl),
    "route53.threshold": ("FailureThreshold of every health check", _each("health_checks", "failure_threshold")),
    "route53.interval": ("RequestInterval of every health check: 10 or 30", _each("health_checks", "interval_seconds")),
    "lambda.latency_ms": ("median latency of every function", _each("functions", "latency", "median_ms")),
    "lambda.cold_start_ms": ("median cold start of every function", _each("functions", "cold_start", "median_ms")),
    "lambda.reserved": ("reserved concurrency of every function", _each("functions", "reserved_concurrency")),
    "dynamodb.lag_ms": ("median replication lag of every table", _each("tables", "lag", "median_ms")),
    "aurora.lag_ms": ("median replication lag of every cluster", _each("clusters", "lag", "median_ms")),
    "rds.lag_ms": ("median replication lag of every instance", _each("instances", "lag", "median_ms")),
}


def overridden(topology: Topology, overrides: Mapping[str, str]) -> Topology:
    """A topology with some settings otherwise. Raises InvalidInput."""
    document = topology.model_dump(mode="json")
    try:
        return Topology.model_validate(_overridden(document, overrides))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise InvalidInput(f"--set does not fit: {wrong}", where=f"topology {topology.topology}") from error


def _overridden(document: dict[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    unknown = sorted(set(overrides) - set(OVERRIDES))
    if unknown:
        raise InvalidInput(
            f"--set does not know {', '.join(unknown)}",
            advice="It knows " + "; ".join(f"{name} ({meaning})" for name, (meaning, _) in OVERRIDES.items()) + ".",
        )
    for name, text in overrides.items():
        OVERRIDES[name][1](document, _number(name, text))
    return document


def _number(name: str, text: str) -> float | int:
    try:
        value = float(text)
    except ValueError:
        raise InvalidInput(f'--set {name}={text}: "{text}" is not a number') from None
    return int(value) if value.is_integer() else value
