"""Performs AwsCalls: the only import of boto3 outside the lab."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import boto3
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.session
import tenacity
from pydantic import JsonValue

from drillrunner.calls.aws_answer import plain_answer
from drillrunner.calls.rate_limit import PROBE_REQUESTS_PER_SECOND, RateLimits
from drillrunner.clock import Clock
from drillrunner.errors import CallFailed
from drillrunner.model.call import AwsCall
from drillrunner.model.environment import Environment

# Changes at once, and as many probes. Where a service's rate limit binds, fewer are under way.
THREADS = 32
CONNECT_REAL_SECONDS = 3.0
# One try's share of a control-plane call's time, and the least that a busy machine needs for it.
TRY_SECONDS = 10.0
LEAST_TRY_REAL_SECONDS = 1.5
# Between the tries of a call at most so long: twice as long each time, up to the longest.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
# A client's read time-out is the next of these: a call that was given up may land until then, and no later.
READ_BOUNDS_REAL_SECONDS = (1.0, 2.0, 5.0, 12.0, 30.0)
# Who am I? Asked before anything else, so a wrong address or a dead network is told soon.
ACCOUNT_SECONDS = 12.0

# The codes that botocore's standard retry mode retries (botocore/retries/standard.py), with the
# services' own: they say that the call was not begun.
THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# Operations that change nothing, and may be asked again whatever became of the first try.
READING = ("Get", "List", "Describe", "BatchGet")
# These say nothing about whether the call took effect.
TRANSIENT_CODES = frozenset(
    {"InternalError", "InternalFailure", "InternalServerError", "RequestTimeout", "RequestTimeoutException"}
    | {"ServiceException", "ServiceUnavailable", "ServiceUnavailableException"}
)
CREDENTIAL_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException"}
    | {"AuthFailure", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)

# A lab's session reads no file of the user's and no AWS_PROFILE: neither says anything about a lab.
# Each is (name in the file, environment variable, value, conversion), as botocore.session.Session takes them.
_NO_FILES: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@dataclass(frozen=True, slots=True)
class _Lane:
    """Threads and a share of the rate limits."""

    limits: RateLimits
    threads: anyio.CapacityLimiter


Work = Callable[[], JsonValue]
# (service, region, read time-out in real seconds) -> a boto3 client that retries nothing
BuildClient = Callable[[str, str, float], Any]
# carries one request out, away from the event loop
Carry = Callable[[Work, anyio.CapacityLimiter], Awaitable[JsonValue]]


async def in_thread(work: Work, threads: anyio.CapacityLimiter) -> JsonValue:
    """Requests block, so each has a thread; who gives up waiting leaves it behind."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=threads)


class AwsCaller:
    """One environment's AWS: an explicit session, a client for each service and region, calls in worker threads.

    botocore's own retries are off, so that a probe asks once; `retry` retries here, on the codes that
    AWS calls retryable, within the call's time-out. On virtual time `build_client` and `carry` keep both
    sockets and threads out of it.
    """

    def __init__(
        self,
        environment: Environment,
        clock: Clock,
        limits: RateLimits | None = None,
        *,
        rng: random.Random | None = None,
        build_client: BuildClient | None = None,
        carry: Carry = in_thread,
    ) -> None:
        self._environment = environment
        self._clock = clock
        # probes that hang must not keep a revert from its threads, nor from its share of the rate
        self._changes = _Lane(limits or RateLimits(clock), anyio.CapacityLimiter(THREADS))
        self._probes = _Lane(RateLimits(clock, PROBE_REQUESTS_PER_SECOND, 200.0), anyio.CapacityLimiter(THREADS))
        self._session: boto3.session.Session | None = None
        self._random = rng or random.Random()
        self._make_client = build_client or self._build_client
        self._carry = carry
        self._clients: dict[tuple[str, str, float], Any] = {}
        self._building = threading.Lock()

    async def call(self, call: AwsCall, *, timeout_seconds: float, retry: bool = True) -> JsonValue:
        """See ports.Caller."""
        if not retry:
            return await self._ask_once(call, timeout_seconds)
        tries = _Tries(self, call, self._clock.monotonic() + timeout_seconds)
        return await tries.run()

    async def account(self, region: str) -> str:
        """The account of the credentials, by sts:GetCallerIdentity. Raises CallFailed."""
        identity = AwsCall(service="sts", operation="GetCallerIdentity", region=region)
        answer = await self.call(identity, timeout_seconds=ACCOUNT_SECONDS)
        return str(answer["Account"]) if isinstance(answer, dict) else ""

    async def _ask_once(self, call: AwsCall, timeout_seconds: float) -> JsonValue:
        """A probe's question. Waiting for its turn counts towards the time-out; then it was never asked."""
        asked = False
        try:
            with anyio.fail_after(self._real(timeout_seconds)):
                await self._probes.limits.take(call.service)
                asked = True
                return await self._send(call, timeout_seconds, self._probes)
        except TimeoutError as error:
            why = "no answer" if asked else "no turn under the service's rate limit"
            raise _failed(call, "Timeout", f"{why} within {timeout_seconds:g}s", unknown=asked) from error

    async def _turn(self, call: AwsCall) -> float:
        """Wait until the service's rate limit lets a change or a read through; how long that was, in drill seconds."""
        began = self._clock.monotonic()
        await self._changes.limits.take(call.service)
        return self._clock.monotonic() - began

    async def _send(self, call: AwsCall, timeout_seconds: float, lane: _Lane) -> JsonValue:
        read_seconds = self._real(timeout_seconds)
        work = partial(self._perform, call, read_seconds)
        try:
            with anyio.fail_after(read_seconds):
                return await self._carry(work, lane.threads)
        except TimeoutError as error:
            raise _failed(call, "Timeout", f"no answer within {timeout_seconds:g}s", unknown=True) from error

    def _real(self, drill_seconds: float) -> float:
        return max(self._clock.real(drill_seconds), 0.05)

    def _perform(self, call: AwsCall, read_seconds: float) -> JsonValue:
        """In a worker thread: one request, its errors made ours."""
        try:
            client = self._client(call.service, call.region, read_seconds)
            return plain_answer(call.service, _method(client, call)(**call.params))
        except botocore.exceptions.ClientError as error:
            raise _from_client_error(call, error) from error
        except botocore.exceptions.BotoCoreError as error:
            raise _from_botocore(call, error) from error
        except CallFailed:
            raise
        except Exception as error:  # botocore raises plain ones too: for answers that it cannot parse
            raise _failed(call, "NotUnderstood", f"{type(error).__name__}: {error}", unknown=True) from error

    def _client(self, service: str, region: str, read_seconds: float) -> Any:
        """Clients are shared between threads; making one is not safe in two threads at once."""
        bound = next((step for step in READ_BOUNDS_REAL_SECONDS if read_seconds <= step), 120.0)
        key = (service, region, bound)
        if key not in self._clients:
            with self._building:
                if key not in self._clients:
                    self._clients[key] = self._make_client(service, region, bound)
        return self._clients[key]

    def _build_client(self, service: str, region: str, read_seconds: float) -> Any:
        if self._session is None:
            self._session = _session(self._environment)
        config = botocore.config.Config(
            retries={"total_max_attempts": 1},
            connect_timeout=min(CONNECT_REAL_SECONDS, read_seconds),
            read_timeout=read_seconds,
            max_pool_connections=2 * THREADS,  # changes and probes may share a client
            account_id_endpoint_mode="disabled",
            parameter_validation=True,
            proxies={} if self._environment.endpoint_url else None,
            use_fips_endpoint=False if self._environment.endpoint_url else None,
            use_dualstack_endpoint=False if self._environment.endpoint_url else None,
        )
        return self._session.client(
            service_name=service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self._environment.endpoint_url,
            config=config,
        )


def _method(client: Any, call: AwsCall) -> Callable[..., Any]:
    """The client's method of the operation. Raises CallFailed."""
    for name, operation in client.meta.method_to_api_mapping.items():
        if operation == call.operation:
            method: Callable[..., Any] = getattr(client, name)
            return method
    raise _failed(call, "Unsupported", f"{call.service} has no operation {call.operation}", unknown=False)


class _Tries:
    """The tries of one retried call, and whether any of them may have taken effect."""

    def __init__(self, caller: AwsCaller, call: AwsCall, deadline: float) -> None:
        self._caller = caller
        self._call = call
        self._deadline = deadline
        self._unknown = False

    async def run(self) -> JsonValue:
        clock = self._caller._clock
        retrying = tenacity.AsyncRetrying(
            sleep=clock.sleep,
            wait=self._pause_seconds,
            retry=tenacity.retry_if_exception(self._retryable),
            stop=lambda state: clock.monotonic() + state.upcoming_sleep >= self._deadline,
            reraise=True,
        )
        try:
            return await retrying(self._try)
        except CallFailed as error:
            error.unknown = error.unknown or self._unknown
            raise

    def _pause_seconds(self, state: tenacity.RetryCallState) -> float:
        """Full jitter (AWS: "Exponential backoff and jitter"), from the run's own dice."""
        longest_seconds = FIRST_PAUSE_SECONDS * 2.0 ** (state.attempt_number - 1)
        return self._caller._random.uniform(0.0, min(longest_seconds, LONGEST_PAUSE_SECONDS))

    async def _try(self) -> JsonValue:
        """Waiting for its turn does not count towards the time-out: it is bounded by the rate."""
        caller = self._caller
        self._deadline += await caller._turn(self._call)
        least = LEAST_TRY_REAL_SECONDS * caller._clock.scale
        share = min(max(TRY_SECONDS, least), max(self._deadline - caller._clock.monotonic(), least))
        try:
            return await caller._send(self._call, share, caller._changes)
        except CallFailed as error:
            self._unknown = self._unknown or error.unknown
            raise

    def _retryable(self, error: BaseException) -> bool:
        """A change is retried only when it was certainly not begun: what may have taken effect is the performer's."""
        if not isinstance(error, CallFailed):
            return False
        if error.code in THROTTLING_CODES or error.code == "ConnectionFailed":
            return True
        return error.unknown and self._call.operation.startswith(READING)


def _session(environment: Environment) -> boto3.session.Session:
    """An explicit session: a lab's dummy credentials, or a profile's, or an assumed role's that refreshes."""
    if environment.kind == "lab":
        core = botocore.session.Session(session_vars=_NO_FILES)
        return boto3.session.Session("testing", "testing", "testing", botocore_session=core)
    base = boto3.session.Session(profile_name=environment.profile)
    if environment.role_arn is None:
        return base
    return _assumed(environment, environment.role_arn, base._session)


def _assumed(environment: Environment, role_arn: str, source: Any) -> boto3.session.Session:
    """A session of that role; `source` is the botocore session that may assume it.

    Raises NoCredentialsError where the source has none.
    """
    credentials = source.get_credentials()
    if credentials is None:
        raise botocore.exceptions.NoCredentialsError
    config = botocore.config.Config(
        retries={"total_max_attempts": 1},
        connect_timeout=CONNECT_REAL_SECONDS,
        read_timeout=TRY_SECONDS,
        proxies={} if environment.endpoint_url else None,
    )
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        client_creator=partial(
            source.create_client,
            region_name=environment.regions[0],
            endpoint_url=environment.endpoint_url,
            config=config,
        ),
        source_credentials=credentials,
        role_arn=role_arn,
        extra_args={"RoleSessionName": "drillrunner"},
    )
    core = botocore.session.Session(profile=environment.profile)
    core._credentials = botocore.credentials.DeferredRefreshableCredentials(  # type: ignore[attr-defined]
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.session.Session(botocore_session=core)


def _failed(call: AwsCall, code: str, message: str, *, unknown: bool, advice: str | None = None) -> CallFailed:
    return CallFailed(message, code=code, unknown=unknown, where=call.describe(), advice=advice)


def _from_client_error(call: AwsCall, error: botocore.exceptions.ClientError) -> CallFailed:
    detail: Mapping[str, Any] = error.response.get("Error", {})
    code = str(detail.get("Code", "Unknown"))
    message = f"{code}: {detail.get('Message') or 'no message'}"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in CREDENTIAL_CODES:
        return _failed(call, code, message, unknown=False, advice="renew the environment's credentials and try again")
    if code in THROTTLING_CODES:
        return _failed(call, code, message, unknown=False)
    if error.operation_name == "AssumeRole" and code.startswith("AccessDenied"):
        advice = "let the environment's credentials assume its role_arn: the role's trust policy must name them"
        return _failed(call, code, message, unknown=False, advice=advice)
    unsure = code in TRANSIENT_CODES or (status >= 500 and status != 501)
    return _failed(call, code, message, unknown=unsure)


_EXPIRED = (
    botocore.exceptions.TokenRetrievalError,
    botocore.exceptions.SSOError,
    botocore.exceptions.CredentialRetrievalError,
    botocore.exceptions.NoAuthTokenError,
    botocore.exceptions.RefreshWithMFAUnsupportedError,
)
# botocore raises these before it sends anything.
_NOT_BEGUN = (
    botocore.exceptions.ParamValidationError,
    botocore.exceptions.UnknownServiceError,
    botocore.exceptions.ValidationError,
    botocore.exceptions.ConfigNotFound,
    botocore.exceptions.ConfigParseError,
    botocore.exceptions.InvalidConfigError,
    botocore.exceptions.UnknownCredentialError,
    botocore.exceptions.MetadataRetrievalError,
    botocore.exceptions.MissingDependencyException,
    botocore.exceptions.EndpointProviderError,
    botocore.exceptions.UnsupportedServiceProtocolsError,
)


def _from_botocore(call: AwsCall, error: botocore.exceptions.BotoCoreError) -> CallFailed:
    kinds = botocore.exceptions
    if isinstance(error, kinds.NoCredentialsError | kinds.PartialCredentialsError | kinds.ProfileNotFound):
        advice = "set the environment's profile or role_arn, or log in"
        return _failed(call, "NoCredentials", str(error), unknown=False, advice=advice)
    if isinstance(error, _EXPIRED):
        return _failed(call, "ExpiredCredentials", str(error), unknown=False, advice="log in again")
    if isinstance(error, kinds.ConnectTimeoutError | kinds.EndpointConnectionError):
        advice = "check the region, the network and the environment's endpoint_url"
        return _failed(call, "ConnectionFailed", str(error), unknown=False, advice=advice)
    if isinstance(error, _NOT_BEGUN):
        return _failed(call, "Unsupported", str(error), unknown=False)
    code = "Timeout" if isinstance(error, kinds.ReadTimeoutError) else "ConnectionLost"
    return _failed(call, code, str(error), unknown=True)
