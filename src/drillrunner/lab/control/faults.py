"""The fault table: which AWS calls the lab refuses, slows or leaves unanswered, to test how a run takes it."""

from __future__ import annotations

import fnmatch
import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from drillrunner.lab.control.aws_request import AwsRequest

Kind = Literal["error", "delay", "timeout"]
_KINDS = ("error", "delay", "timeout")

# What each service calls a throttle (botocore's retry definitions and service models).
_THROTTLE: Mapping[str, tuple[str, int]] = {
    "lambda": ("TooManyRequestsException", 429),
    "apigateway": ("TooManyRequestsException", 429),
    "apigatewayv2": ("TooManyRequestsException", 429),
    "route53": ("Throttling", 400),
    "rds": ("Throttling", 400),
    "cloudwatch": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "cloudfront": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "s3": ("SlowDown", 503),
}
_JSON_SERVICES = ("dynamodb", "dynamodbstreams", "scheduler", "secretsmanager", "kms", "ssm", "lambda")


@dataclass(frozen=True, slots=True)
class FaultRule:
    """`service` and `operation` are globs over botocore's names, `region` a glob; `probability` for each call.

    error: answers `error` (an AWS code, or `throttle` and `expired` for the service's own) with `status`.
    delay: waits `seconds` (drill seconds), then answers truly.
    timeout: the call takes effect or not (`takes_effect`), then the connection is held for `seconds` and dropped.
    `times` ends the rule after so many hits; None never.
    """

    kind: Kind
    service: str = "*"
    operation: str = "*"
    region: str = "*"
    error: str = "throttle"
    status: int | None = None
    message: str = "injected by the lab's fault table"
    seconds: float = 0.0
    takes_effect: bool = True
    probability: float = 1.0
    times: int | None = None

    def matches(self, request: AwsRequest) -> bool:
        return (
            fnmatch.fnmatchcase(request.service, self.service)
            and fnmatch.fnmatchcase(request.operation, self.operation)
            and fnmatch.fnmatchcase(request.region, self.region)
        )

    def error_of(self, service: str) -> tuple[str, int]:
        """(code, HTTP status) for that service."""
        code, status = self.error, 400
        if self.error == "throttle":
            code, status = _THROTTLE.get(service, ("ThrottlingException", 400))
        elif self.error == "expired":
            code, status = ("ExpiredTokenException", 400) if service in _JSON_SERVICES else ("ExpiredToken", 403)
        return code, self.status or status


def rule_from(data: Mapping[str, Any]) -> FaultRule:
    """A rule from JSON. Raises ValueError for unknown keys, kinds and numbers out of range."""
    unknown = set(data) - {field.name for field in fields(FaultRule)}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    if data.get("kind") not in _KINDS:
        raise ValueError(f"kind must be one of {', '.join(_KINDS)}")
    for name in ("service", "operation", "region", "error", "message"):
        if not isinstance(data.get(name, ""), str):
            raise ValueError(f"{name} must be a text")
    rule = FaultRule(**data)
    if not 0.0 <= rule.probability <= 1.0:
        raise ValueError("probability must be from 0 to 1")
    if rule.seconds < 0:
        raise ValueError("seconds must not be negative")
    if rule.kind != "error" and rule.seconds == 0:
        raise ValueError(f"a {rule.kind} needs seconds")
    return rule


class FaultTable:
    """Ordered rules; the first that matches and whose dice agree decides. Safe to use from any thread."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}:faults")
        self._lock = threading.Lock()
        self._rules: list[FaultRule] = []
        self._hits: list[int] = []

    def set(self, rules: Iterable[FaultRule]) -> None:
        """Replace all rules."""
        chosen = list(rules)
        with self._lock:
            self._rules, self._hits = chosen, [0] * len(chosen)

    def add(self, rule: FaultRule) -> None:
        with self._lock:
            self._rules.append(rule)
            self._hits.append(0)

    def clear(self) -> None:
        self.set(())

    def as_json(self) -> list[dict[str, Any]]:
        """The rules, each with its `hits` so far."""
        with self._lock:
            return [{**asdict(rule), "hits": hits} for rule, hits in zip(self._rules, self._hits, strict=True)]

    def decide(self, request: AwsRequest) -> FaultRule | None:
        with self._lock:
            for index, rule in enumerate(self._rules):
                if self._applies(index, rule, request):
                    self._hits[index] += 1
                    return rule
        return None

    def _applies(self, index: int, rule: FaultRule, request: AwsRequest) -> bool:
        if not rule.matches(request) or (rule.times is not None and self._hits[index] >= rule.times):
            return False
        return rule.probability >= 1.0 or self._random.random() < rule.probability
