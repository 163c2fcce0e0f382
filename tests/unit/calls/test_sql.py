"""What the SQL executor says before it has reached any database."""

from __future__ import annotations

import sys

import pytest

from drillrunner.calls.sql import SqlCaller
from drillrunner.clock import Clock, run_virtual
from drillrunner.errors import CallFailed
from drillrunner.model.call import SqlCall
from drillrunner.model.environment import Database


def test_without_psycopg_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    async def main() -> CallFailed:
        caller = SqlCaller({"east": Database(host="127.0.0.1")}, Clock())
        with pytest.raises(CallFailed) as caught:
            await caller.call(SqlCall(database="east", statement="SELECT 1"), timeout_seconds=1.0)
        return caught.value

    failed: CallFailed = run_virtual(main)
    assert (failed.code, failed.unknown) == ("Unsupported", False)
    assert failed.advice == "pip install drillrunner[postgres]"
    assert failed.where == "database east (127.0.0.1:5432)"
