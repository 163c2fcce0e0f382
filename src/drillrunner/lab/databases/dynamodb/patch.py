"""Patches that join GlobalTables to moto's DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from drillrunner.lab.control import moto_patch
from drillrunner.lab.databases.dynamodb.global_tables import GlobalTables

# Every backend method that changes items; each is one operation whose changes are shipped when it ends.
WRITES = (
    "put_item",
    "update_item",
    "delete_item",
    "transact_write_items",
    "execute_statement",
    "execute_transaction",
    "batch_execute_statement",
)
# UpdateTable's other members: with one of them, moto's own handler has work too.
OTHER_SETTINGS = {
    "AttributeDefinitions",
    "GlobalSecondaryIndexUpdates",
    "ProvisionedThroughput",
    "BillingMode",
    "StreamSpecification",
    "DeletionProtectionEnabled",
    "WarmThroughput",
}


def install(tables: GlobalTables) -> None:
    """Patch moto's DynamoDB for these tables. Raises LabFailed when moto is not as expected."""
    for name in WRITES:
        moto_patch.replace(DynamoDBBackend, name, _as_operation(tables))
    moto_patch.replace(DynamoDBBackend, "get_table", _settled_first(tables))
    moto_patch.replace(DynamoDBBackend, "delete_table", _leaving_the_group(tables))
    moto_patch.replace(Table, "put_item", _noting_put(tables))
    moto_patch.replace(Table, "delete_item", _noting_delete(tables))
    moto_patch.replace(Table, "describe", _with_replicas(tables))
    moto_patch.replace(DynamoHandler, "update_table", _with_replica_updates(tables))


def _as_operation(tables: GlobalTables) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def write(backend: Any, *args: Any, **kwargs: Any) -> Any:
            def work() -> Any:
                result = original(backend, *args, **kwargs)
                if original.__name__ == "update_item":  # which changes the item where it lies
                    table = backend.get_table(kwargs.get("table_name", args[0] if args else None))
                    tables.touched(table.name, backend.region_name, (result.hash_key, result.range_key))
                return result

            return tables.operation(work)

        return write

    return make


def _settled_first(tables: GlobalTables) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def get_table(backend: Any, table_name: str) -> Any:
            tables.settle()
            return original(backend, table_name)

        return get_table

    return make


def _leaving_the_group(tables: GlobalTables) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def delete_table(backend: Any, name: str) -> Any:
            deleted = original(backend, name)
            tables.table_deleted(deleted.name, backend.region_name)
            return deleted

        return delete_table

    return make


def _noting_put(tables: GlobalTables) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def put_item(table: Any, *args: Any, **kwargs: Any) -> Any:
            item = original(table, *args, **kwargs)
            tables.touched(table.name, table.region_name, (item.hash_key, item.range_key))
            return item

        return put_item

    return make


def _noting_delete(tables: GlobalTables) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def delete_item(table: Any, hash_key: Any, range_key: Any) -> Any:
            item = original(table, hash_key, range_key)
            if item is not None:
                tables.touched(table.name, table.region_name, (hash_key, range_key))
            return item

        return delete_item

    return make


def _with_replicas(tables: GlobalTables) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def describe(table: Any, base_key: str = "TableDescription") -> Any:
            described = original(table, base_key)
            described[base_key].update(tables.describe(table.name, table.region_name))
            return described

        return describe

    return make


def _with_replica_updates(tables: GlobalTables) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def update_table(handler: Any) -> Any:
            if handler.body.get("MultiRegionConsistency") == "STRONG":
                raise MockValidationException("The lab simulates MultiRegionConsistency EVENTUAL only")
            updates = handler.body.get("ReplicaUpdates")
            table = handler.dynamodb_backend.get_table(handler.body["TableName"])
            if updates:
                tables.update(table.name, table.region_name, updates)
            if updates and not OTHER_SETTINGS & set(handler.body):
                return DynamoResult(table.describe())
            return original(handler)

        return update_table

    return make
