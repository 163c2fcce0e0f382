"""What AWS publishes of the data plane: API Gateway's and Lambda's counts, Route 53's health check status."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drillrunner.lab.world import World

# region, namespace, metric, dimensions, value
Record = Callable[[str, str, str, dict[str, str], float], None]

HEALTH_EVERY_SECONDS = 60.0
ROUTE53_REGION = "us-east-1"  # the only region that has Route 53's metrics


def record_request(record: Record, region: str, function: str, status: int, seconds: float) -> None:
    """One request, as AWS/ApiGateway (dimension ApiName) and AWS/Lambda (FunctionName) count it."""
    api = {"ApiName": function}
    record(region, "AWS/ApiGateway", "Count", api, 1)
    record(region, "AWS/ApiGateway", "4XXError", api, float(400 <= status < 500))
    record(region, "AWS/ApiGateway", "5XXError", api, float(status >= 500))
    record(region, "AWS/ApiGateway", "Latency", api, seconds * 1000)
    throttled = status == 429
    record(region, "AWS/Lambda", "Throttles" if throttled else "Invocations", {"FunctionName": function}, 1)


async def publish_health(
    world: World, record: Record, check_ids: Callable[[], Iterable[str]], healthy: Callable[[str], bool]
) -> None:
    """Publish AWS/Route53 HealthCheckStatus (1 healthy, 0 not) of every check once a minute, until cancelled."""
    while True:
        for check_id in check_ids():
            record(
                ROUTE53_REGION,
                "AWS/Route53",
                "HealthCheckStatus",
                {"HealthCheckId": check_id},
                float(healthy(check_id)),
            )
        await world.clock.sleep(HEALTH_EVERY_SECONDS)
