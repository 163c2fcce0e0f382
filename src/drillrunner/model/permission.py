"""Permissions: the least IAM policy that a plan needs, worked out from its Calls alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from drillrunner.model.call import AwsCall, Call
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from drillrunner.model.region import partition_of

ANYTHING = "*"

# botocore's service name where IAM's prefix differs (service authorization reference).
_PREFIXES = {"resourcegroupstaggingapi": "tag"}
# The operation where IAM's action differs.
_ACTIONS = {("lambda", "Invoke"): "InvokeFunction", ("lambda", "InvokeAsync"): "InvokeFunction"}
# These take no resource in a policy, or not all that they answer: DescribeAlarms shows composite alarms
# only to a permission on everything.
_UNBOUND = frozenset(
    {
        ("cloudwatch", "DescribeAlarms"),
        ("cloudwatch", "GetMetricData"),
        ("lambda", "GetAccountSettings"),
        ("resourcegroupstaggingapi", "GetResources"),
        ("route53", "ListHealthChecks"),
        ("route53", "ListHostedZonesByName"),
    }
)

Permission = tuple[str, str]


def actions_of(calls: Iterable[Call], account: str = ANYTHING) -> list[Permission]:
    """Every (IAM action, resource ARN) that the Calls and their read-backs need, once each, sorted.

    SqlCalls need none. `account` is the 12 digits that stand in the ARNs.
    """
    return sorted({permission for call in _with_read_backs(calls) for permission in _permissions_of(call, account)})


def policy(plan: Plan, account: str | None = None) -> dict[str, JsonValue]:
    """The least IAM policy document for a plan: one statement for each set of resources.

    Includes every Change's apply and revert, all read-backs, and `plan.calls` (captures and probes).
    """
    return policy_of(actions_of(calls_of(plan), account or ANYTHING), "Drill")


def policy_of(permissions: Iterable[Permission], sid: str) -> dict[str, JsonValue]:
    """The policy document that allows these and nothing else; its statements are named `sid` and a number."""
    resources_of: dict[str, set[str]] = defaultdict(set)
    for action, resource in permissions:
        resources_of[action].add(resource)
    actions_on: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for action, resources in sorted(resources_of.items()):
        actions_on[_narrowed(resources)].append(action)
    statements: list[JsonValue] = [
        {"Sid": f"{sid}{number}", "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
        for number, (resources, actions) in enumerate(sorted(actions_on.items()), start=1)
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def calls_of(plan: Plan) -> Iterator[Call]:
    """Every Call of a plan: those that change something, in both directions, and those that only ask."""
    for item in (*plan.faults, *plan.failover, *plan.failback):
        for change in item.changes:
            yield from change.apply
            yield from change.revert
    yield from plan.calls


def _narrowed(resources: set[str]) -> tuple[str, ...]:
    """Sorted, without those that a wildcard among them covers already."""
    wild = [resource for resource in resources if resource.endswith(ANYTHING)]
    covered = {one for one in resources for wide in wild if one != wide and one.startswith(wide.removesuffix(ANYTHING))}
    return tuple(sorted(resources - covered))


def _with_read_backs(calls: Iterable[Call]) -> Iterator[AwsCall]:
    for call in calls:
        if isinstance(call, AwsCall):
            yield call
        if call.read_back is not None and isinstance(call.read_back.read, AwsCall):
            yield call.read_back.read


def _permissions_of(call: AwsCall, account: str) -> Iterator[Permission]:
    prefix = _PREFIXES.get(call.service, call.service)
    action = f"{prefix}:{_ACTIONS.get((call.service, call.operation), call.operation)}"
    for resource in _resources_of(call, account):
        yield action, resource


def _resources_of(call: AwsCall, account: str) -> list[str]:
    name_resources = _NAMERS.get(call.service)
    if name_resources is None or (call.service, call.operation) in _UNBOUND:
        return [ANYTHING]
    return name_resources(call, account) or [ANYTHING]


def _arn(call: AwsCall, account: str, resource: str, *, region: str | None = None) -> str:
    place = call.region if region is None else region
    return f"arn:{partition_of(call.region)}:{call.service}:{place}:{account}:{resource}"


def _lambda_resources(call: AwsCall, account: str) -> list[str]:
    name = call.params.get("FunctionName")
    if not isinstance(name, str):
        return []
    return [name if name.startswith("arn:") else _arn(call, account, f"function:{name}")]


def _route53_resources(call: AwsCall, account: str) -> list[str]:
    """Route 53's ARNs carry neither a region nor an account."""
    kinds = {"HealthCheckId": "healthcheck", "HostedZoneId": "hostedzone"}
    named = [
        f"{kind}/{_text(call.params[key]).rsplit('/', 1)[-1]}" for key, kind in kinds.items() if key in call.params
    ]
    tagged = call.params.get("ResourceIds")
    if isinstance(tagged, list):
        named += [f"{_text(call.params.get('ResourceType'))}/{_text(one)}" for one in tagged]
    return [_arn(call, "", resource, region="") for resource in named]


def _dynamodb_resources(call: AwsCall, account: str) -> list[str]:
    batch = call.params.get("RequestItems")
    tables = (
        list(batch) if isinstance(batch, dict) else [call.params[key] for key in ("TableName",) if key in call.params]
    )
    return [_arn(call, account, f"table/{_text(table)}") for table in tables]


def _rds_resources(call: AwsCall, account: str) -> list[str]:
    """A global cluster's ARN has no region; its members are named by their own ARNs."""
    found = []
    if "DBInstanceIdentifier" in call.params:
        found.append(_arn(call, account, f"db:{_text(call.params['DBInstanceIdentifier'])}"))
    if "GlobalClusterIdentifier" in call.params:
        found.append(_arn(call, account, f"global-cluster:{_text(call.params['GlobalClusterIdentifier'])}", region=""))
    if "TargetDbClusterIdentifier" in call.params:
        found.append(_text(call.params["TargetDbClusterIdentifier"]))
    return found


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ANYTHING


_NAMERS: dict[str, Callable[[AwsCall, str], list[str]]] = {
    "dynamodb": _dynamodb_resources,
    "lambda": _lambda_resources,
    "rds": _rds_resources,
    "route53": _route53_resources,
}
