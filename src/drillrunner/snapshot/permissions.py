"""The IAM policy that a snapshot needs, worked out from its Calls. It changes nothing, so it grants no change."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.model.noun import JsonValue
from drillrunner.model.permission import ANYTHING, Permission, actions_of, policy_of
from drillrunner.model.region import partition_of
from drillrunner.snapshot.take import calls

API_GATEWAY = ("apigateway", "apigatewayv2")


def policy(regions: Sequence[str], account: str | None = None) -> dict[str, JsonValue]:
    """The least policy document: one statement for each set of resources."""
    return policy_of(sorted(_permissions(regions, account or ANYTHING)), "Snapshot")


def _permissions(regions: Sequence[str], account: str) -> set[Permission]:
    """API Gateway's actions are HTTP methods on its paths (service authorization reference, API Gateway Management)."""
    wanted = calls(regions)
    gateways = {call.region for call in wanted if call.service in API_GATEWAY}
    reading = {("apigateway:GET", f"arn:{partition_of(region)}:apigateway:{region}::/*") for region in gateways}
    return reading | set(actions_of((call for call in wanted if call.service not in API_GATEWAY), account))
