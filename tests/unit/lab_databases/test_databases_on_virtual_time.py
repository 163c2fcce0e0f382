"""The whole of the lab's databases on virtual time: what happens when, to the second."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.rds.models import rds_backends

from drillrunner.clock import run_virtual, virtual_clock
from drillrunner.lab.control import app
from drillrunner.lab.databases.cloudwatch.metrics import MetricKey
from drillrunner.lab.databases.databases import Databases, Member
from drillrunner.lab.databases.lag import LagModel
from drillrunner.lab.databases.settings import Durations
from drillrunner.lab.databases.simulated import SimulatedPair
from drillrunner.lab.world import ACCOUNT, World

WRITER, SECONDARY = Member("us-east-1", "ledger-us-east-1"), Member("eu-west-1", "ledger-eu-west-1")
DURATIONS = Durations(failover=30, switchover=20, rebuild=40, promotion=20, stop=5, start=5)

Drill = Callable[[Databases, World], Awaitable[None]]


@pytest.fixture(autouse=True)
def empty_moto() -> Iterator[None]:
    yield
    app._reset_moto()


def in_the_lab(drill: Drill) -> None:
    async def main() -> None:
        world = World(virtual_clock(), seed=11)
        app.install(world)
        databases = Databases(world, lambda name, address, ttl: None, DURATIONS)
        databases.install()
        async with anyio.create_task_group() as group:
            group.start_soon(databases.run)
            await drill(databases, world)
            group.cancel_scope.cancel()
        databases.close()

    run_virtual(main)


async def global_cluster(databases: Databases) -> SimulatedPair:
    east, west = (rds_backends[ACCOUNT][region] for region in ("us-east-1", "eu-west-1"))
    common = {"engine": "aurora-postgresql"}
    source = east.create_db_cluster(
        {
            "db_cluster_identifier": WRITER.identifier,
            "master_username": "postgres",
            "master_user_password": "x" * 9,
            **common,
        }
    )
    east.create_global_cluster("ledger", source.db_cluster_arn, None, None, None, None)
    west.create_db_cluster(
        {"db_cluster_identifier": SECONDARY.identifier, "global_cluster_identifier": "ledger", **common}
    )
    await databases.attach_global_cluster("ledger", WRITER, SECONDARY, "simulated", LagModel(1.0, 1.0))
    pair = databases.clusters.attached()["ledger"].pair
    assert isinstance(pair, SimulatedPair)
    return pair


def shown(databases: Databases) -> tuple[str, list[tuple[bool, str]]]:
    cluster = databases.clusters.find("ledger")
    members = databases.clusters.members(cluster)
    return cluster.status, [(member["IsWriter"], member["SynchronizationStatus"]) for member in members]


def test_a_failover_takes_its_time_and_the_rebuild_follows() -> None:
    async def drill(databases: Databases, world: World) -> None:
        pair = await global_cluster(databases)
        pair.write("kept", "v")
        await world.clock.sleep(5)
        pair.write("lost", "v")
        databases.clusters.begin("failover", "ledger", SECONDARY.arn("cluster"))
        await world.clock.sleep(29)
        assert shown(databases) == ("failing-over", [(True, "connected"), (False, "connected")])
        assert not pair.running("a")
        await world.clock.sleep(2)
        assert shown(databases) == ("available", [(False, "pending-resync"), (True, "connected")])
        assert pair.read("b") == {"kept": "v"}
        await world.clock.sleep(40)
        assert shown(databases) == ("available", [(False, "connected"), (True, "connected")])
        events = [(event["at"], event["name"]) for event in world.truth.since()]
        assert events == [(5.0, "database.crashed"), (35.0, "database.promoted"), (35.0, "cluster.writer_moved")]

    in_the_lab(drill)


def test_a_target_that_is_not_synchronized_is_refused() -> None:
    async def drill(databases: Databases, world: World) -> None:
        await global_cluster(databases)
        databases.clusters.begin("failover", "ledger", SECONDARY.arn("cluster"))
        await world.clock.sleep(31)
        with pytest.raises(Exception, match="not synchronized"):
            databases.clusters.begin("switchover", "ledger", WRITER.arn("cluster"))

    in_the_lab(drill)


def test_a_failover_to_a_dead_standby_changes_no_role_and_is_told() -> None:
    async def drill(databases: Databases, world: World) -> None:
        pair = await global_cluster(databases)
        pair.crash("b")
        databases.clusters.begin("failover", "ledger", SECONDARY.arn("cluster"))
        await world.clock.sleep(60)
        assert shown(databases) == ("available", [(True, "connected"), (False, "connected")])
        (failed,) = world.truth.since(name="database.change_failed")
        assert "standby is down" in failed["detail"]["why"]

    in_the_lab(drill)


def test_aurora_lag_is_published_in_the_region_that_follows() -> None:
    async def drill(databases: Databases, world: World) -> None:
        pair = await global_cluster(databases)
        pair.pause_replay(True)
        pair.write("k", "v")
        await world.clock.sleep(61)
        key = MetricKey(
            "eu-west-1",
            "AWS/RDS",
            "AuroraGlobalDBReplicationLag",
            frozenset({("DBClusterIdentifier", SECONDARY.identifier)}),
        )
        now = databases.metrics.now()
        ((_, sample),) = databases.metrics.periods(key, now.replace(year=2025), now.replace(year=2027), 60)
        assert sample.high == pytest.approx(60_000.0)

    in_the_lab(drill)


def global_table(world: World, databases: Databases) -> tuple[Any, Any]:
    east, west = (dynamodb_backends[ACCOUNT][region] for region in ("us-east-1", "eu-west-1"))
    east.create_table(
        "orders",
        schema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        throughput=None,
        attr=[{"AttributeName": "pk", "AttributeType": "S"}],
        global_indexes=[],
        indexes=[],
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    databases.tables.set_lag("orders", LagModel(2.0, 2.0))
    databases.tables.update("orders", "us-east-1", [{"Create": {"RegionName": "eu-west-1"}}])
    return east, west


def test_a_write_is_read_in_the_other_region_after_its_lag_and_its_latency_is_published() -> None:
    async def drill(databases: Databases, world: World) -> None:
        east, west = global_table(world, databases)
        await world.clock.sleep(10)
        east.put_item("orders", {"pk": {"S": "k"}})
        await world.clock.sleep(1.9)
        assert west.get_item("orders", {"pk": {"S": "k"}}) is None
        await world.clock.sleep(0.2)
        assert west.get_item("orders", {"pk": {"S": "k"}}) is not None
        await world.clock.sleep(300)
        key = MetricKey(
            "us-east-1",
            "AWS/DynamoDB",
            "ReplicationLatency",
            frozenset({("TableName", "orders"), ("ReceivingRegion", "eu-west-1")}),
        )
        now = databases.metrics.now()
        ((_, sample),) = databases.metrics.periods(key, now.replace(year=2025), now.replace(year=2027), 60)
        assert sample.high == pytest.approx(2000.0)

    in_the_lab(drill)


def test_a_replicated_write_is_not_sent_back() -> None:
    async def drill(databases: Databases, world: World) -> None:
        east, west = global_table(world, databases)
        await world.clock.sleep(10)
        east.put_item("orders", {"pk": {"S": "k"}})
        await world.clock.sleep(5)
        west.put_item("orders", {"pk": {"S": "other"}})
        await world.clock.sleep(5)
        databases.tables.settle()
        delays = databases.tables.replication.take_delays()
        assert {way: len(seconds) for way, seconds in delays.items()} == {
            ("orders", "us-east-1", "eu-west-1"): 1,
            ("orders", "eu-west-1", "us-east-1"): 1,
        }

    in_the_lab(drill)


def put_alarm(**changed: Any) -> Any:
    settings: dict[str, Any] = {
        "namespace": "Shop",
        "metric_name": "Errors",
        "comparison_operator": "GreaterThanThreshold",
        "evaluation_periods": 2,
        "period": 60,
        "threshold": 5.0,
        "statistic": "Sum",
        "description": "",
        "dimensions": [],
        "alarm_actions": [],
        "treat_missing_data": "notBreaching",
    }
    return cloudwatch_backends[ACCOUNT]["us-east-1"].put_metric_alarm("errors", **{**settings, **changed})


def test_an_alarm_turns_after_two_breaching_minutes_and_back_after_it_is_over() -> None:
    async def drill(databases: Databases, world: World) -> None:
        alarm = put_alarm()
        turned: list[tuple[float, str]] = []

        async def watch() -> None:
            state = alarm.state_value
            while True:
                await world.clock.sleep(1)
                if alarm.state_value != state:
                    state = alarm.state_value
                    turned.append((world.clock.monotonic() // 60, state))

        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            for _ in range(180):  # three minutes of trouble
                databases.record("us-east-1", "Shop", "Errors", {}, 1.0)
                await world.clock.sleep(1)
            await world.clock.sleep(600)
            group.cancel_scope.cancel()
        # evaluated at the ends of minutes: OK at 1, ALARM at 2; two breaching minutes stay in the
        # evaluation range of four until minute 5
        assert turned == [(1.0, "OK"), (2.0, "ALARM"), (6.0, "OK")]

    in_the_lab(drill)


def test_an_alarm_that_is_put_again_keeps_its_state() -> None:
    async def drill(databases: Databases, world: World) -> None:
        put_alarm().state_value = "ALARM"
        assert put_alarm(threshold=7.0).state_value == "ALARM"

    in_the_lab(drill)


def test_an_instance_is_stopped_and_started_in_its_time() -> None:
    async def drill(databases: Databases, world: World) -> None:
        backend = rds_backends[ACCOUNT]["us-east-1"]
        instance = backend.create_db_instance(
            {
                "db_instance_identifier": "orders-primary",
                "db_instance_class": "db.t3.micro",
                "engine": "postgres",
                "master_username": "postgres",
            }
        )
        databases.instances.stop(instance)
        await world.clock.sleep(4)
        assert instance.status == "stopping"
        await world.clock.sleep(2)
        assert instance.status == "stopped"
        databases.instances.start(instance)
        await world.clock.sleep(6)
        assert instance.status == "available"

    in_the_lab(drill)
