"""Aurora global clusters through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from database_lab import Lab, make_global_cluster, members


def describe(lab: Lab, name: str = "ledger", region: str = "eu-west-1") -> dict[str, Any]:
    (described,) = lab.client("rds", region).describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"]
    return {key: value for key, value in described.items() if key != "ResponseMetadata"}


def roles(lab: Lab, name: str = "ledger") -> dict[str, bool]:
    return {each["DBClusterArn"]: each["IsWriter"] for each in describe(lab, name)["GlobalClusterMembers"]}


def settled(lab: Lab, name: str = "ledger") -> bool:
    shown = describe(lab, name)
    connected = {each["SynchronizationStatus"] for each in shown["GlobalClusterMembers"]} == {"connected"}
    return shown["Status"] == "available" and connected


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_global_cluster_describes_its_writer_and_its_reader(lab: Lab, global_cluster: tuple[str, str]) -> None:
    primary, secondary = global_cluster
    assert describe(lab)["GlobalClusterMembers"] == [
        {"DBClusterArn": primary, "Readers": [secondary], "IsWriter": True, "SynchronizationStatus": "connected"},
        {
            "DBClusterArn": secondary,
            "Readers": [],
            "IsWriter": False,
            "SynchronizationStatus": "connected",
            "GlobalWriteForwardingStatus": "disabled",
        },
    ]


def test_a_failover_and_a_switchover_back_leave_everything_as_it_was(lab: Lab, global_cluster: tuple[str, str]) -> None:
    primary, secondary = global_cluster
    before = describe(lab)
    west = lab.client("rds", "eu-west-1")
    begun = west.failover_global_cluster(
        GlobalClusterIdentifier="ledger", TargetDbClusterIdentifier=secondary, AllowDataLoss=True
    )["GlobalCluster"]
    assert begun["Status"] == "failing-over"
    assert begun["FailoverState"] == {
        "Status": "failing-over",
        "FromDbClusterArn": primary,
        "ToDbClusterArn": secondary,
        "IsDataLossAllowed": True,
    }
    lab.until(lambda: describe(lab)["Status"] == "available", "the failover is done")
    assert roles(lab) == {primary: False, secondary: True}
    lab.until(lambda: settled(lab), "the old primary follows")
    east = lab.client("rds", "us-east-1")
    begun = east.switchover_global_cluster(GlobalClusterIdentifier="ledger", TargetDbClusterIdentifier=primary)
    assert begun["GlobalCluster"]["Status"] == "switching-over"
    lab.until(lambda: settled(lab), "the switchover is done")
    assert describe(lab) == before


def test_failover_with_neither_flag_is_a_switchover(lab: Lab) -> None:
    _, secondary = make_global_cluster(lab, "quiet")
    rds = lab.client("rds", "us-east-1")
    begun = rds.failover_global_cluster(GlobalClusterIdentifier="quiet", TargetDbClusterIdentifier=secondary)
    assert begun["GlobalCluster"]["Status"] == "switching-over"
    lab.until(lambda: settled(lab, "quiet"), "it is done")
    assert roles(lab, "quiet")[secondary] is True


def test_impossible_changes_are_refused_with_their_codes(lab: Lab, global_cluster: tuple[str, str]) -> None:
    primary, secondary = global_cluster
    rds = lab.client("rds", "us-east-1")
    with pytest.raises(ClientError) as refused:
        rds.switchover_global_cluster(GlobalClusterIdentifier="nowhere", TargetDbClusterIdentifier=secondary)
    assert code(refused) == "GlobalClusterNotFoundFault"
    with pytest.raises(ClientError) as refused:
        rds.switchover_global_cluster(GlobalClusterIdentifier="ledger", TargetDbClusterIdentifier=primary)
    assert code(refused) == "InvalidDBClusterStateFault"
    with pytest.raises(ClientError) as refused:
        rds.switchover_global_cluster(GlobalClusterIdentifier="ledger", TargetDbClusterIdentifier=primary + "x")
    assert code(refused) == "DBClusterNotFoundFault"
    with pytest.raises(ClientError) as refused:
        rds.failover_global_cluster(
            GlobalClusterIdentifier="ledger", TargetDbClusterIdentifier=secondary, AllowDataLoss=True, Switchover=True
        )
    assert code(refused) == "InvalidParameterCombination"
    with pytest.raises(ClientError) as refused:
        rds.describe_global_clusters(GlobalClusterIdentifier="nowhere")
    assert code(refused) == "GlobalClusterNotFoundFault"


def test_a_second_change_is_refused_while_the_first_goes_on(lab: Lab) -> None:
    _, secondary = make_global_cluster(lab, "busy")
    rds = lab.client("rds", "us-east-1")
    rds.switchover_global_cluster(GlobalClusterIdentifier="busy", TargetDbClusterIdentifier=secondary)
    with pytest.raises(ClientError) as refused:
        rds.switchover_global_cluster(GlobalClusterIdentifier="busy", TargetDbClusterIdentifier=secondary)
    assert code(refused) == "InvalidGlobalClusterStateFault"
    lab.until(lambda: settled(lab, "busy"), "the first is done")


def test_repeated_creation_is_refused_with_the_right_fault(lab: Lab, global_cluster: tuple[str, str]) -> None:
    rds = lab.client("rds", "us-east-1")
    with pytest.raises(ClientError) as refused:
        rds.create_db_cluster(DBClusterIdentifier="ledger-us-east-1", Engine="aurora-postgresql")
    assert code(refused) == "DBClusterAlreadyExistsFault"
    with pytest.raises(ClientError) as refused:
        rds.create_global_cluster(GlobalClusterIdentifier="ledger", Engine="aurora-postgresql")
    assert code(refused) == "GlobalClusterAlreadyExistsFault"


def test_a_secondary_can_be_removed_and_the_writer_only_last(lab: Lab) -> None:
    primary, secondary = make_global_cluster(lab, "split")
    rds = lab.client("rds", "us-east-1")
    with pytest.raises(ClientError) as refused:
        rds.remove_from_global_cluster(GlobalClusterIdentifier="split", DbClusterIdentifier=primary)
    assert code(refused) == "InvalidGlobalClusterStateFault"
    rds.remove_from_global_cluster(GlobalClusterIdentifier="split", DbClusterIdentifier=secondary)
    assert roles(lab, "split") == {primary: True}
    rds.remove_from_global_cluster(GlobalClusterIdentifier="split", DbClusterIdentifier=primary)
    rds.delete_global_cluster(GlobalClusterIdentifier="split")
    with pytest.raises(ClientError):
        describe(lab, "split")


def test_the_global_writer_endpoint_moves_with_the_writer(lab: Lab) -> None:
    _, secondary = make_global_cluster(lab, "moving")
    lab.attach(lab.databases.attach_global_cluster, "moving", *members("moving"), "simulated")
    endpoint = describe(lab, "moving")["Endpoint"]
    before = lab.names[endpoint]
    cluster = lab.client("rds", "eu-west-1").describe_db_clusters(DBClusterIdentifier="moving-eu-west-1")["DBClusters"]
    its_own = lab.names[cluster[0]["Endpoint"]]
    assert before != its_own
    assert lab.names[cluster[0]["ReaderEndpoint"]] == its_own
    lab.client("rds", "eu-west-1").failover_global_cluster(
        GlobalClusterIdentifier="moving", TargetDbClusterIdentifier=secondary, AllowDataLoss=True
    )
    lab.until(lambda: lab.names[endpoint] == its_own, "the endpoint moves")
    lab.until(lambda: settled(lab, "moving"), "the old primary follows")
    names = [event["name"] for event in lab.world.truth.since() if "moving" in event["subject"]]
    assert [name for name in names if name != "dns.changed"] == [
        "database.crashed",
        "database.promoted",
        "cluster.writer_moved",
    ]
