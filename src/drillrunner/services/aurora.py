"""Aurora global databases: moving the writer to another region, with or without the loss of a tail.

TargetDbClusterIdentifier is an ARN "so that Aurora can locate the cluster in its Region" (botocore
rds), so any member's region may be asked. A failover is asked of the region of the cluster to promote,
which still answers when the other is lost; a switchover of the primary's, since both have to be well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator

from drillrunner.errors import CallFailed, InvalidInput, Refused
from drillrunner.model.call import AwsCall, Change, ReadBack
from drillrunner.model.noun import JsonValue
from drillrunner.model.region import Region
from drillrunner.ports import Outside
from drillrunner.registry import Params, step
from drillrunner.services.aws_reading import found

# Promotion "typically" takes minutes; rebuilding what was the primary takes longer.
SWITCHED_WITHIN_SECONDS = 600.0
IN_STEP_WITHIN_SECONDS = 900.0

GlobalClusterName = Annotated[str, Field(pattern=r"^[A-Za-z][0-9A-Za-z:._-]*$", max_length=255)]


class FailoverParams(Params):
    """What aurora.failover takes."""

    global_cluster: GlobalClusterName = Field(description="the global database's identifier")
    to: Region = Field(description="the region whose cluster becomes the writer")
    allow_data_loss: bool = Field(description="must be true: what was not replicated yet is lost")

    @field_validator("allow_data_loss")
    @classmethod
    def _said_out_loud(cls, allowed: bool) -> bool:
        if not allowed:
            raise ValueError("a failover that may lose no data is a switchover: use aurora.switchover")
        return allowed


class SwitchoverParams(Params):
    """What aurora.switchover takes."""

    global_cluster: GlobalClusterName = Field(description="the global database's identifier")
    to: Region = Field(description="the region whose cluster becomes the writer")


@dataclass(frozen=True, slots=True)
class Members:
    """The clusters of a global database by region, as ARNs, and the region that writes."""

    name: str
    arns: dict[str, str]
    writer: str

    @property
    def reads_from(self) -> str:
        """One region for every revert's read-back, so that a failback's undo can be seen to undo the failover's."""
        return min(self.arns)


@step("aurora.failover", params=FailoverParams)
async def failover(params: FailoverParams, outside: Outside) -> Sequence[Change]:
    """Fail an Aurora global database over to another region, as in an unplanned outage.

    FailoverGlobalCluster with AllowDataLoss: what had not been replicated is lost. Left out where
    that region writes already. Putting it back waits until the old primary has been rebuilt, then
    switches over to it, which loses nothing. Raises InvalidInput for an unknown database or region,
    Refused where the database has no writer.
    """
    members = await _members(params.global_cluster, params.to, outside, "aurora.failover")
    asked: dict[str, JsonValue] = {"AllowDataLoss": True}
    apply = _moving("FailoverGlobalCluster", members, params.to, asked, region=params.to, reads_from=params.to)
    return [_change(members, params.to, (apply,))]


@step("aurora.switchover", params=SwitchoverParams)
async def switchover(params: SwitchoverParams, outside: Outside) -> Sequence[Change]:
    """Switch an Aurora global database over to another region; nothing is lost, and replication goes on.

    Waits until every cluster is connected, then SwitchoverGlobalCluster. Left out where that region
    writes already. Putting it back switches over to the writer that was found. Raises InvalidInput
    for an unknown database or region, Refused where the database has no writer.
    """
    members = await _members(params.global_cluster, params.to, outside, "aurora.switchover")
    waiting = _waiting(members, params.to)
    moving = _moving("SwitchoverGlobalCluster", members, params.to, {}, region=members.writer, reads_from=params.to)
    return [_change(members, params.to, (waiting, moving))]


def _change(members: Members, to: str, apply: tuple[AwsCall, ...]) -> Change:
    back = _moving("SwitchoverGlobalCluster", members, members.writer, {}, region=to, reads_from=members.reads_from)
    return Change(
        target=f"aurora {members.name}",
        prior={"writer": members.arns[members.writer]},
        apply=apply,
        revert=(_waiting(members, members.reads_from), back),
    )


def _moving(
    operation: str, members: Members, to: str, asked: dict[str, JsonValue], *, region: str, reads_from: str
) -> AwsCall:
    """The call that makes the cluster in `to` the writer, asked of `region`, read back in `reads_from`."""
    target = members.arns[to]
    return AwsCall(
        service="rds",
        operation=operation,
        region=region,
        params={"GlobalClusterIdentifier": members.name, "TargetDbClusterIdentifier": target, **asked},
        read_back=ReadBack(
            read=_reading(members.name, reads_from),
            path="GlobalClusters[0].[Status, GlobalClusterMembers[?IsWriter].DBClusterArn | [0]]",
            expected=["available", target],
            within_seconds=SWITCHED_WITHIN_SECONDS,
        ),
        skip_if_held=True,
    )


def _waiting(members: Members, reads_from: str) -> AwsCall:
    """A read that is over once every cluster is connected: a switchover is refused before that."""
    read = _reading(members.name, reads_from)
    back = ReadBack(
        read=read,
        path="GlobalClusters[0].[Status, length(GlobalClusterMembers[?SynchronizationStatus == 'pending-resync'])]",
        expected=["available", 0],
        within_seconds=IN_STEP_WITHIN_SECONDS,
    )
    return read.model_copy(update={"read_back": back, "skip_if_held": True})


def _reading(name: str, region: str) -> AwsCall:
    return AwsCall(
        service="rds", operation="DescribeGlobalClusters", region=region, params={"GlobalClusterIdentifier": name}
    )


async def _members(name: str, to: str, outside: Outside, kind: str) -> Members:
    try:
        answer = await outside.read(_reading(name, to))
    except CallFailed as failure:
        if failure.code != "GlobalClusterNotFoundFault":
            raise
        raise _no_such(name, to, kind) from failure
    described = found(answer, "GlobalClusters[0].GlobalClusterMembers")
    if described is None:
        raise _no_such(name, to, kind)
    arns = {_region_of(member["DBClusterArn"]): str(member["DBClusterArn"]) for member in described}
    writers = [_region_of(member["DBClusterArn"]) for member in described if member.get("IsWriter")]
    if to not in arns:
        raise InvalidInput(
            f"the global database {name} has no cluster in {to}",
            where=kind,
            advice=f"its clusters are in {', '.join(sorted(arns)) or 'no region'}",
        )
    if len(writers) != 1:
        raise Refused(
            f"the global database {name} has {len(writers)} writers, so there is nothing certain to go back to",
            where=kind,
            advice="wait until it is available, with one writer",
        )
    return Members(name, arns, writers[0])


def _no_such(name: str, region: str, kind: str) -> InvalidInput:
    return InvalidInput(
        f"there is no Aurora global database {name}",
        where=kind,
        advice=f"aws rds describe-global-clusters --region {region} lists those that are there",
    )


def _region_of(arn: str) -> str:
    return arn.split(":")[3]
