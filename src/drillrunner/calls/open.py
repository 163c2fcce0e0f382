"""Opens the outside world of one environment: its callers and clients, closed together."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pydantic import JsonValue

from drillrunner.calls.aws import AwsCaller
from drillrunner.calls.dns import DnsResolver
from drillrunner.calls.http import SocketHttpClient
from drillrunner.calls.sql import SqlCaller
from drillrunner.clock import Clock
from drillrunner.errors import CallFailed, Refused, WrongAccount
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.environment import Environment
from drillrunner.ports import Outside


@dataclass(frozen=True, slots=True)
class EnvironmentCaller:
    """Sends each Call to the executor of its transport."""

    aws: AwsCaller
    sql: SqlCaller

    async def call(self, call: Call, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        """See ports.Caller."""
        if isinstance(call, AwsCall):
            return await self.aws.call(call, timeout_seconds=timeout_seconds, retry=retry)
        return await self.sql.call(call, timeout_seconds=timeout_seconds, retry=retry)


@contextlib.asynccontextmanager
async def open_outside(environment: Environment, clock: Clock, *, run_id: str, seed: int) -> AsyncIterator[Outside]:
    """The environment's Outside, for as long as the block lasts.

    An AWS environment's account is checked first, before anything else is asked: raises WrongAccount,
    or Refused where nobody could say whose the credentials are.
    """
    aws = AwsCaller(environment, clock, rng=random.Random(f"{seed}/retries"))
    if environment.kind == "aws":
        await _check_account(aws, environment)
    resolver = DnsResolver(clock, environment.resolver)
    http = SocketHttpClient(clock, environment.port_map, environment.ca_file)
    async with (
        SqlCaller(
            environment.databases,
            clock,
            resolver=resolver if environment.resolver else None,
            port_map=environment.port_map,
        ) as sql,
    ):
        yield Outside(
            run_id=run_id,
            environment=environment,
            clock=clock,
            caller=EnvironmentCaller(aws, sql),
            http=http,
            resolver=resolver,
            random=random.Random(seed),
        )


async def _check_account(aws: AwsCaller, environment: Environment) -> None:
    try:
        actual = await aws.account(environment.regions[0])
    except CallFailed as error:
        raise Refused(
            f"the account could not be checked: {error.message}",
            where=f"environment {environment.name}",
            advice=f"{error.advice or 'set its profile or role_arn'}; nothing was read or changed",
        ) from error
    if actual != environment.account:
        raise WrongAccount(
            f"the credentials belong to account {actual}, not to {environment.account}",
            where=f"environment {environment.name}",
            advice="set the environment's profile or role_arn; nothing was read or changed",
        )
