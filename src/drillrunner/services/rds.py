"""Amazon RDS instances: stopping one, and promoting a read replica, which nobody can take back.

Both go through DescribeDBInstances. StopDBInstance and StartDBInstance refuse to repeat
(InvalidDBInstanceState), so they are left out where the instance is already there. The user guide
says that RDS itself starts a stopped instance after seven days, and that older engines refuse to stop
one that has a read replica.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from drillrunner.errors import CallFailed, FaultInEffect, InvalidInput, Refused
from drillrunner.model.call import AwsCall, Change, ReadBack
from drillrunner.model.region import Region
from drillrunner.ports import Outside
from drillrunner.registry import Params, fault, step
from drillrunner.services.aws_reading import found

# "The process can take several minutes" (USER_StopInstance, USER_ReadRepl.Promote).
SETTLED_WITHIN_SECONDS = 900.0


class InstanceParams(Params):
    """One DB instance."""

    region: Region = Field(description="the region of the instance")
    instance: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$", description="the DB instance identifier")


@fault("rds.stop_instance", params=InstanceParams)
async def stop_instance(params: InstanceParams, outside: Outside) -> Sequence[Change]:
    """Stop a DB instance; putting it back starts it.

    In effect from the moment that the instance is `stopping`. Starting it is refused until it has
    stopped, so the revert takes minutes. Refuses an instance that is not `available` and one of an
    Aurora cluster (those stop as a cluster). Raises InvalidInput where it does not exist.
    """
    instance = await _instance(params, outside, "rds.stop_instance")
    where = f"rds {params.region} {params.instance}"
    _refuse_aurora(instance, where)
    status = str(instance.get("DBInstanceStatus"))
    if status in {"stopped", "stopping"}:
        raise FaultInEffect(
            f"the instance is {status} already", where=where, advice="start it, or find out who stopped it"
        )
    _refuse_unless_available(status, where)
    replicas = instance.get("ReadReplicaDBInstanceIdentifiers") or []
    note = "it has a read replica: RDS may refuse to stop it (user guide, USER_StopInstance)" if replicas else None
    return [
        Change(
            target=where,
            prior={"status": status},
            apply=(_stopping(params),),
            revert=(_starting(params),),
            note=note,
        )
    ]


def _stopping(params: InstanceParams) -> AwsCall:
    path = "contains(['stopping', 'stopped'], DBInstances[0].DBInstanceStatus)"
    return _changing("StopDBInstance", params, ReadBack(read=_reading(params), path=path, expected=True))


def _starting(params: InstanceParams) -> AwsCall:
    back = ReadBack(
        read=_reading(params),
        path="DBInstances[0].DBInstanceStatus",
        expected="available",
        within_seconds=SETTLED_WITHIN_SECONDS,
    )
    return _changing("StartDBInstance", params, back)


@step("rds.promote_read_replica", params=InstanceParams, irreversible=True)
async def promote_read_replica(params: InstanceParams, outside: Outside) -> Sequence[Change]:
    """Promote a read replica to a standalone instance. Nobody can take this back.

    Replication stops, the instance reboots, and a few minutes later it takes writes; a new replica
    has to be built afterwards. Refuses an instance that is not a read replica, or not `available`
    (RDS refuses one that is `backing-up`). Raises InvalidInput where it does not exist.
    """
    instance = await _instance(params, outside, "rds.promote_read_replica")
    where = f"rds {params.region} {params.instance}"
    source = instance.get("ReadReplicaSourceDBInstanceIdentifier")
    if not source:
        raise Refused(
            "it is not a read replica, so there is nothing to promote",
            where=where,
            advice="if an earlier drill promoted it, build a new replica under this name first",
        )
    _refuse_unless_available(str(instance.get("DBInstanceStatus")), where)
    return [
        Change(
            target=where,
            prior={"replica_of": source},
            apply=(_promoting(params),),
            irreversible=True,
            note=f"it stays a standalone instance: build a new replica of {source} afterwards",
        )
    ]


def _promoting(params: InstanceParams) -> AwsCall:
    back = ReadBack(
        read=_reading(params),
        path="DBInstances[0].[DBInstanceStatus, ReadReplicaSourceDBInstanceIdentifier || '']",
        expected=["available", ""],
        within_seconds=SETTLED_WITHIN_SECONDS,
    )
    return _changing("PromoteReadReplica", params, back)


def _changing(operation: str, params: InstanceParams, read_back: ReadBack) -> AwsCall:
    return AwsCall(
        service="rds",
        operation=operation,
        region=params.region,
        params={"DBInstanceIdentifier": params.instance},
        read_back=read_back,
        skip_if_held=True,
    )


def _reading(params: InstanceParams) -> AwsCall:
    return AwsCall(
        service="rds",
        operation="DescribeDBInstances",
        region=params.region,
        params={"DBInstanceIdentifier": params.instance},
    )


async def _instance(params: InstanceParams, outside: Outside, kind: str) -> dict[str, Any]:
    """The instance as DescribeDBInstances shows it. Raises InvalidInput where there is none."""
    try:
        answer = await outside.read(_reading(params))
    except CallFailed as failure:
        if failure.code not in {"DBInstanceNotFound", "DBInstanceNotFoundFault"}:
            raise
        raise InvalidInput(
            f"there is no DB instance {params.instance} in {params.region}",
            where=kind,
            advice=f"aws rds describe-db-instances --region {params.region} lists those that are there",
        ) from failure
    instance: dict[str, Any] = found(answer, "DBInstances[0]") or {}
    return instance


def _refuse_aurora(instance: dict[str, Any], where: str) -> None:
    if instance.get("DBClusterIdentifier"):
        raise Refused(
            f"it belongs to the cluster {instance['DBClusterIdentifier']}, and RDS stops no single member",
            where=where,
            advice="practise the loss of an Aurora writer with aurora.failover",
        )


def _refuse_unless_available(status: str, where: str) -> None:
    if status != "available":
        raise Refused(
            f"the instance is {status}, not available", where=where, advice="wait until it is available and try again"
        )
