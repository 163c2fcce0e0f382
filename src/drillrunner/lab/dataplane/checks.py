"""How Route 53 decides from what its checkers see: pure, without time or tasks.

Source: "How Amazon Route 53 determines whether a health check is healthy" and botocore's route53 HealthCheckConfig.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drillrunner.lab.dataplane.controlstate import AlarmState, CheckConfig

HEALTHY_SHARE = 0.18
SEARCHED_BYTES = 5120
# An in-process request connects at once or not at all, so of the two HTTP time-outs (4 s to connect, then 2 s for the
# status) only the second can run out; a TCP check has 10 s for its connection.
RESPONSE_SECONDS = 2.0
CONNECT_TCP_SECONDS = 10.0

# botocore route53 HealthCheckRegion
CHECKER_REGIONS = (
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
)
CHECKERS_PER_REGION = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What one checker saw in one request. `text` is worded as GetHealthCheckStatus words it."""

    ok: bool
    text: str


@dataclass(slots=True)
class Opinion:
    """One checker's opinion of the endpoint. `against` counts consecutive findings that contradict it."""

    region: str
    address: str
    phase: float  # where in the interval this checker asks, 0 to 1
    healthy: bool = True
    against: int = 0
    last: Finding | None = None
    last_failure: Finding | None = None
    checked_at: float | None = None
    failed_at: float | None = None

    def observe(self, finding: Finding, threshold: int, at: float) -> None:
        """Take a finding in; `threshold` consecutive ones against the opinion turn it."""
        self.last, self.checked_at = finding, at
        if not finding.ok:
            self.last_failure, self.failed_at = finding, at
        self.against = 0 if finding.ok is self.healthy else self.against + 1
        if self.against >= threshold:
            self.healthy, self.against = finding.ok, 0


def endpoint_healthy(opinions: Sequence[bool]) -> bool:
    """Healthy while MORE than 18 % of the checkers say so."""
    return sum(opinions) > HEALTHY_SHARE * len(opinions)


def calculated_healthy(children: Iterable[bool], health_threshold: int) -> bool:
    """HealthThreshold 0 is always healthy; more than there are children, never."""
    return sum(children) >= health_threshold


def alarm_healthy(state: AlarmState, insufficient_data: str, last_known: bool) -> bool:
    """An alarm's verdict; InsufficientDataHealthStatus is Healthy, Unhealthy or LastKnownStatus."""
    if state == "INSUFFICIENT_DATA":
        return {"Healthy": True, "Unhealthy": False}.get(insufficient_data, last_known)
    return state == "OK"


def final_verdict(config: CheckConfig, seen: bool) -> bool:
    """What records follow. A disabled check counts as healthy whatever was seen; Inverted turns that too
    (botocore, HealthCheckConfig$Disabled: "to stop routing traffic to a resource, change the value of Inverted")."""
    return (config.disabled or seen) is not config.inverted


def judge_http(config: CheckConfig, status: int, body: bytes) -> Finding:
    """2xx and 3xx are healthy; a *_STR_MATCH check also wants its string in the first 5,120 bytes."""
    if not 200 <= status < 400:
        return Finding(False, f"Failure: HTTP Status Code {status}.")
    wanted = config.search_string if config.type.endswith("STR_MATCH") else None
    if wanted and wanted.encode() not in body[:SEARCHED_BYTES]:
        return Finding(False, "Failure: The response body did not contain the search string.")
    return Finding(True, f"Success: HTTP Status Code {status}.")
