"""Builds a topology by ordinary AWS calls, through the lab's loopback endpoint or in process."""

from __future__ import annotations

import functools
import io
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from drillrunner.lab.topology import (
    AlarmSpec,
    ClusterSpec,
    FunctionSpec,
    HealthCheckSpec,
    InstanceSpec,
    RecordSpec,
    TableSpec,
    Topology,
    ZoneSpec,
)

TAG = "drillrunner:topology"
HOME_REGION = "us-east-1"
DUMMY_CREDENTIAL = "testing"


ClientFor = Callable[[str, str], Any]


def served_client(endpoint_url: str) -> ClientFor:
    """Clients, by service and region, of a lab that listens at that address; nothing else is ever reached."""
    session: Any = boto3.Session(DUMMY_CREDENTIAL, DUMMY_CREDENTIAL, DUMMY_CREDENTIAL, HOME_REGION)
    config = Config(retries={"total_max_attempts": 1}, account_id_endpoint_mode="disabled")

    def client(service: str, region: str) -> Any:
        return session.client(service, region_name=region, endpoint_url=endpoint_url, config=config)

    return functools.cache(client)


class Seeder:
    """Creates what a topology names, through clients by service and region."""

    def __init__(self, topology: Topology, client: ClientFor) -> None:
        self._topology = topology
        self.client = client
        self._addresses = topology.region_addresses()
        self._check_ids: dict[str, str] = {}

    def seed(self) -> None:
        """Create everything. Raises botocore's ClientError where the lab refuses a part of it."""
        topology = self._topology
        for function in topology.functions:
            self._function(function)
        for check in sorted(topology.health_checks, key=lambda spec: bool(spec.children)):
            self._check_ids[check.name] = self._health_check(check)
        for zone in topology.zones:
            self._zone(zone)
        for table in topology.tables:
            self._table(table)
        for cluster in topology.clusters:
            self._cluster(cluster)
        for instance in sorted(topology.instances, key=lambda spec: bool(spec.replica_of)):
            self._instance(instance)
        for alarm in topology.alarms:
            self._alarm(alarm)

    @functools.cached_property
    def _role_arn(self) -> str:
        trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},'
        created = self.client("iam", HOME_REGION).create_role(
            RoleName="lab-functions", AssumeRolePolicyDocument=trust + '"Action":"sts:AssumeRole"}]}'
        )
        arn: str = created["Role"]["Arn"]
        return arn

    def _function(self, spec: FunctionSpec) -> None:
        client = self.client("lambda", spec.region)
        client.create_function(
            FunctionName=spec.name,
            Runtime="python3.13",
            Role=self._role_arn,
            Handler="handler.handle",
            Code={"ZipFile": _code()},
            Publish=True,
            Tags={TAG: self._topology.topology, "app": spec.name},
        )
        if spec.reserved_concurrency is not None:
            client.put_function_concurrency(
                FunctionName=spec.name, ReservedConcurrentExecutions=spec.reserved_concurrency
            )

    def _health_check(self, spec: HealthCheckSpec) -> str:
        client = self.client("route53", HOME_REGION)
        config = self._calculated(spec) if spec.type == "CALCULATED" else _endpoint_check(spec)
        created = client.create_health_check(CallerReference=spec.name, HealthCheckConfig=config)
        check_id: str = created["HealthCheck"]["Id"]
        tags = [{"Key": "Name", "Value": spec.name}, {"Key": TAG, "Value": self._topology.topology}]
        client.change_tags_for_resource(ResourceType="healthcheck", ResourceId=check_id, AddTags=tags)
        return check_id

    def _calculated(self, spec: HealthCheckSpec) -> dict[str, Any]:
        children = [self._check_ids[name] for name in spec.children]
        threshold = len(children) if spec.health_threshold is None else spec.health_threshold
        return {"Type": "CALCULATED", "ChildHealthChecks": children, "HealthThreshold": threshold}

    def _zone(self, spec: ZoneSpec) -> None:
        client = self.client("route53", HOME_REGION)
        created = client.create_hosted_zone(Name=spec.name, CallerReference=f"lab-{spec.name}")
        changes = [{"Action": "CREATE", "ResourceRecordSet": self._record(record)} for record in spec.records]
        if changes:
            client.change_resource_record_sets(
                HostedZoneId=created["HostedZone"]["Id"], ChangeBatch={"Changes": changes}
            )

    def _record(self, spec: RecordSpec) -> dict[str, Any]:
        values = (self._addresses[spec.address_of],) if spec.address_of else spec.values
        optional = {
            "SetIdentifier": spec.identifier,
            "Failover": spec.failover,
            "Weight": spec.weight,
            "Region": spec.latency_region,
            "MultiValueAnswer": spec.multivalue or None,
            "HealthCheckId": self._check_ids[spec.health_check] if spec.health_check else None,
        }
        return {
            "Name": spec.name,
            "Type": spec.type,
            "TTL": spec.ttl_seconds,
            "ResourceRecords": [{"Value": value} for value in values],
            **_present(optional),
        }

    def _table(self, spec: TableSpec) -> None:
        client = self.client("dynamodb", spec.region)
        client.create_table(
            TableName=spec.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": spec.hash_key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": spec.hash_key, "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            Tags=[{"Key": TAG, "Value": self._topology.topology}],
        )
        for replica in spec.replicas:
            client.update_table(TableName=spec.name, ReplicaUpdates=[{"Create": {"RegionName": replica}}])

    def _cluster(self, spec: ClusterSpec) -> None:
        writer = self._regional_cluster(
            spec,
            spec.writer,
            MasterUsername="postgres",
            MasterUserPassword="lab-only-password",
            DatabaseName="postgres",
        )
        self.client("rds", spec.writer).create_global_cluster(
            GlobalClusterIdentifier=spec.global_cluster, SourceDBClusterIdentifier=writer
        )
        for region in spec.secondaries:
            self._regional_cluster(spec, region, GlobalClusterIdentifier=spec.global_cluster)

    def _regional_cluster(self, spec: ClusterSpec, region: str, **more: str) -> str:
        client = self.client("rds", region)
        name = f"{spec.global_cluster}-{region}"
        tags = [{"Key": TAG, "Value": self._topology.topology}]
        created = client.create_db_cluster(DBClusterIdentifier=name, Engine=spec.engine, Tags=tags, **more)
        client.create_db_instance(
            DBInstanceIdentifier=f"{name}-1",
            DBClusterIdentifier=name,
            DBInstanceClass="db.r6g.large",
            Engine=spec.engine,
        )
        arn: str = created["DBCluster"]["DBClusterArn"]
        return arn

    def _instance(self, spec: InstanceSpec) -> None:
        client = self.client("rds", spec.region)
        common = {"DBInstanceIdentifier": spec.name, "DBInstanceClass": "db.m6g.large"}
        if spec.replica_of is None:
            client.create_db_instance(
                **common,
                Engine=spec.engine,
                AllocatedStorage=20,
                MasterUsername="postgres",
                MasterUserPassword="lab-only-password",
                BackupRetentionPeriod=1,
            )
            return
        source = next(other for other in self._topology.instances if other.name == spec.replica_of)
        described = self.client("rds", source.region).describe_db_instances(DBInstanceIdentifier=source.name)
        client.create_db_instance_read_replica(
            **common,
            SourceDBInstanceIdentifier=described["DBInstances"][0]["DBInstanceArn"],
        )

    def _alarm(self, spec: AlarmSpec) -> None:
        self.client("cloudwatch", spec.region).put_metric_alarm(
            AlarmName=spec.name,
            Namespace=spec.namespace,
            MetricName=spec.metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in spec.dimensions.items()],
            Statistic=spec.statistic,
            ComparisonOperator=spec.comparison,
            Threshold=spec.threshold,
            Period=spec.period_seconds,
            EvaluationPeriods=spec.evaluation_periods,
            TreatMissingData=spec.treat_missing_data,
        )


def _endpoint_check(spec: HealthCheckSpec) -> dict[str, Any]:
    return {
        "Type": spec.type,
        "RequestInterval": spec.interval_seconds,
        "FailureThreshold": spec.failure_threshold,
        **_present({"FullyQualifiedDomainName": spec.fqdn, "Port": spec.port, "ResourcePath": spec.path}),
    }


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _code() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context):\n    return {'ok': True}\n")
    return buffer.getvalue()
