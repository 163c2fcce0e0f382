from __future__ import annotations

from drillrunner.model.call import AwsCall, Change, ReadBack, SqlCall
from drillrunner.model.drill import Drill
from drillrunner.model.environment import Environment
from drillrunner.model.noun import JsonValue
from drillrunner.model.permission import actions_of, policy
from drillrunner.model.plan import Plan, PlannedItem
from drillrunner.model.region import REGIONS, nearest_region, partition_of

ACCOUNT = "123456789012"


def aws(service: str, operation: str, region: str = "us-east-1", /, **params: JsonValue) -> AwsCall:
    return AwsCall(service=service, operation=operation, region=region, params=params)


def allowed(call: AwsCall) -> list[tuple[str, str]]:
    return actions_of([call], ACCOUNT)


def test_a_function_is_named_by_its_arn_in_its_region() -> None:
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:checkout"
    assert allowed(aws("lambda", "Invoke", FunctionName="checkout")) == [("lambda:InvokeFunction", arn)]
    assert allowed(aws("lambda", "Invoke", FunctionName=arn)) == [("lambda:InvokeFunction", arn)]


def test_route_53_is_named_without_region_and_account() -> None:
    check, zone = "arn:aws:route53:::healthcheck/abc", "arn:aws:route53:::hostedzone/Z1"
    assert allowed(aws("route53", "GetHealthCheck", HealthCheckId="abc")) == [("route53:GetHealthCheck", check)]
    assert allowed(aws("route53", "ListResourceRecordSets", HostedZoneId="/hostedzone/Z1")) == [
        ("route53:ListResourceRecordSets", zone)
    ]
    tagged = aws("route53", "ListTagsForResources", ResourceType="healthcheck", ResourceIds=["abc"])
    assert allowed(tagged) == [("route53:ListTagsForResources", check)]


def test_tables_of_a_batch_and_of_a_single_item_are_named_alike() -> None:
    table = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"
    assert allowed(aws("dynamodb", "GetItem", "eu-west-1", TableName="orders")) == [("dynamodb:GetItem", table)]
    batch = aws("dynamodb", "BatchGetItem", "eu-west-1", RequestItems={"orders": {"Keys": []}})
    assert allowed(batch) == [("dynamodb:BatchGetItem", table)]


def test_a_failover_needs_the_global_database_and_the_cluster() -> None:
    cluster = f"arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:ledger-eu"
    call = aws("rds", "FailoverGlobalCluster", GlobalClusterIdentifier="ledger", TargetDbClusterIdentifier=cluster)
    assert allowed(call) == [
        ("rds:FailoverGlobalCluster", f"arn:aws:rds::{ACCOUNT}:global-cluster:ledger"),
        ("rds:FailoverGlobalCluster", cluster),
    ]


def test_what_takes_no_resource_is_asked_of_everything() -> None:
    assert allowed(aws("resourcegroupstaggingapi", "GetResources")) == [("tag:GetResources", "*")]
    assert allowed(aws("cloudwatch", "DescribeAlarms", AlarmNames=["x"])) == [("cloudwatch:DescribeAlarms", "*")]
    assert allowed(aws("sqs", "GetQueueUrl", QueueName="x")) == [("sqs:GetQueueUrl", "*")]


def test_other_partitions_have_arns_of_their_own() -> None:
    ((_, arn),) = allowed(aws("lambda", "Invoke", "cn-north-1", FunctionName="checkout"))
    assert arn == f"arn:aws-cn:lambda:cn-north-1:{ACCOUNT}:function:checkout"
    assert partition_of("us-gov-west-1") == "aws-us-gov"


def test_sql_needs_no_permission() -> None:
    assert actions_of([SqlCall(database="orders", statement="SELECT 1")], ACCOUNT) == []


def plan() -> Plan:
    reading = aws("lambda", "GetFunctionConcurrency", FunctionName="checkout")
    back = ReadBack(read=reading, path="ReservedConcurrentExecutions", expected=None)
    put = aws("lambda", "PutFunctionConcurrency", FunctionName="checkout", ReservedConcurrentExecutions=0)
    delete = aws("lambda", "DeleteFunctionConcurrency", FunctionName="checkout").model_copy(update={"read_back": back})
    change = Change(target="lambda us-east-1 checkout", apply=(put,), revert=(delete,))
    drill = Drill(name="d", title="t", owner="o", environment="e", objectives=(), probes=(), faults=())
    return Plan(
        drill=drill,
        environment=Environment(name="e", kind="lab", regions=()),
        faults=(PlannedItem(kind="lambda.throttle", summary="s", changes=(change,)),),
        failover=(),
        failback=(),
        calls=(aws("cloudwatch", "GetMetricData"),),
    )


def test_a_policy_holds_apply_revert_read_back_and_probes_and_nothing_else() -> None:
    assert policy(plan(), ACCOUNT) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Drill1", "Effect": "Allow", "Action": ["cloudwatch:GetMetricData"], "Resource": ["*"]},
            {
                "Sid": "Drill2",
                "Effect": "Allow",
                "Action": [
                    "lambda:DeleteFunctionConcurrency",
                    "lambda:GetFunctionConcurrency",
                    "lambda:PutFunctionConcurrency",
                ],
                "Resource": [f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:checkout"],
            },
        ],
    }


def test_a_wildcard_covers_what_it_matches() -> None:
    asked = [aws("route53", "GetHealthCheck", HealthCheckId=one) for one in ("abc", "*")]
    document = policy(plan().model_copy(update={"faults": (), "calls": tuple(asked)}), ACCOUNT)
    assert document["Statement"] == [
        {
            "Sid": "Drill1",
            "Effect": "Allow",
            "Action": ["route53:GetHealthCheck"],
            "Resource": ["arn:aws:route53:::healthcheck/*"],
        }
    ]


def test_the_nearest_region_is_one_that_exists() -> None:
    assert nearest_region("eu-wast-1") in REGIONS
    assert nearest_region("US-EAST-1") == "us-east-1"
    assert nearest_region("frankfurt") is None
