"""EventBridge Scheduler: a CloudFormation template whose schedule begins a build of CodeBuild, which runs the drill.

CodeBuild is the least that can run a command line for hours: no cluster, no network, no image of one's own. Drills come
from a bucket and reports go there; so does the journal of a run every few seconds, so that the next build can put back
what a build left that was lost.
"""

from __future__ import annotations

import math
from typing import Any

from drillrunner.errors import InvalidInput
from drillrunner.gameday.install.job import Job, Written, shell
from drillrunner.gameday.install.triggers import EVERY_DAY, EVERY_MONTH, Triggers, listed, minutes_and_hours
from drillrunner.gameday.install.yaml_text import Script, yaml_text

IMAGE = "aws/codebuild/standard:7.0"
MINUTES_MOST = 2_160
_SETUP_MINUTES, _QUEUED_MINUTES = 15, 60
_EVENT_SECONDS_LOW, _EVENT_SECONDS_HIGH = 3_600, 86_400
_COPY_SECONDS = 5
_DAY_NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_COMMENT = """\
# {label}
# EventBridge Scheduler begins a build at each time below. It runs what is due, stops it in time, puts back whatever is
# left, and keeps the reports in the bucket.
"""

_BEFORE = """\
mkdir -p {reports}
aws s3 sync "s3://$BUCKET/reports" {reports} --only-show-errors
"""

_BUILD = """\
(
{revert} || exit $?
(
  while sleep {copy_seconds}; do
    aws s3 sync {reports} "s3://$BUCKET/reports" --only-show-errors \\
      --exclude '*' --include '*/plan.json' --include '*.jsonl'
  done
) &
copying=$!
code=0
{run} || code=$?
kill "$copying" 2>/dev/null || true
exit "$code"
)
"""

_AFTER = """\
(
code=0
{revert} || code=$?
aws s3 sync {reports} "s3://$BUCKET/reports" --only-show-errors || [ "$code" -ne 0 ] || code=1
exit "$code"
)
"""


def eventbridge(job: Job, triggers: Triggers, folder: str) -> Written:
    """The template. Raises InvalidInput where a build is too short for it."""
    minutes = math.ceil(job.total_seconds / 60) + _SETUP_MINUTES
    if minutes > MINUTES_MOST:
        message = f"{job.label} may take {minutes} minutes, and a build has {MINUTES_MOST}"
        raise InvalidInput(message, advice="give a lower --limit, or install it elsewhere")
    name = f"{job.unit}.cloudformation.yaml"
    text = _COMMENT.format(label=job.label) + yaml_text(_template(job, triggers, minutes))
    stack = job.unit.replace("_", "-")
    overrides = "" if _brings_no_policy(job) else " --parameter-overrides DrillPolicyArn=ARN"
    deploy = f"aws cloudformation deploy --stack-name {stack} --template-file {shell((f'{folder}/{name}',))}"
    bucket = f"aws cloudformation describe-stacks --stack-name {stack} --query 'Stacks[0].Outputs'"
    steps = [
        f"{deploy} --capabilities CAPABILITY_IAM{overrides}",
        f"{bucket}   # names the bucket",
        "zip -r drills.zip drills runbooks && aws s3 cp drills.zip s3://BUCKET/drills.zip   # and after each change",
    ]
    if overrides:
        steps.insert(0, f"make a managed policy, and give its ARN: drill permissions {shell((job.file,))}")
    return Written({name: text}, (), tuple(steps))


def _brings_no_policy(job: Job) -> bool:
    """Whether what the drill calls is allowed to somebody else: to a role that it takes on, or in a lab to anybody."""
    return job.environment_kind == "lab" or job.drill_role_arn is not None


def schedule_expression(triggers: Triggers) -> str:
    """`cron(0 10 ? 2,5,8,11 TUE *)`: of the two kinds of day one is `?`."""
    one = triggers.with_one_kind_of_day()
    minutes, hours = minutes_and_hours(one)
    months = listed(one.months, EVERY_MONTH)
    if one.month_days >= EVERY_DAY and len(one.week_days) < len(_DAY_NAMES):
        days = ",".join(_DAY_NAMES[day] for day in sorted(one.week_days))
        return f"cron({minutes} {hours} ? {months} {days} *)"
    return f"cron({minutes} {hours} {listed(one.month_days, EVERY_DAY)} {months} ? *)"


def _template(job: Job, triggers: Triggers, minutes: int) -> dict[str, Any]:
    policy = {
        "DrillPolicyArn": {
            "Type": "String",
            "Description": "The managed policy with what the drill may do; drill permissions prints it",
            "AllowedPattern": "^arn:aws[a-z-]*:iam::[0-9]{12}:policy/.+$",
        }
    }
    parameters = {} if _brings_no_policy(job) else {"Parameters": policy}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"drillrunner: {job.label}",
        **parameters,
        "Resources": {
            "Bucket": _bucket(),
            "BucketPolicy": _bucket_policy(),
            "Build": _build(job, minutes),
            "BuildRole": _build_role(job),
            "Logs": {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
            | {"Properties": {"RetentionInDays": 365}},
            "Schedule": _schedule(job, triggers),
            "ScheduleRole": _schedule_role(),
        },
        "Outputs": {"Bucket": {"Description": "Holds drills.zip and reports/", "Value": {"Ref": "Bucket"}}},
    }


def _bucket() -> dict[str, Any]:
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": dict.fromkeys(blocked, True),
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        },
    }


def _bucket_policy() -> dict[str, Any]:
    arn = {"Fn::GetAtt": ["Bucket", "Arn"]}
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, {"Fn::Join": ["", [arn, "/*"]]}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document}}


def _build(job: Job, minutes: int) -> dict[str, Any]:
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Description": job.label,
            "ServiceRole": {"Fn::GetAtt": ["BuildRole", "Arn"]},
            "ConcurrentBuildLimit": 1,
            "TimeoutInMinutes": minutes,
            "QueuedTimeoutInMinutes": _QUEUED_MINUTES,
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "Image": IMAGE,
                "EnvironmentVariables": [{"Name": "BUCKET", "Value": {"Ref": "Bucket"}}],
            },
            "Artifacts": {"Type": "NO_ARTIFACTS"},
            "Source": {
                "Type": "S3",
                "Location": {"Fn::Join": ["", [{"Ref": "Bucket"}, "/drills.zip"]]},
                "BuildSpec": Script(yaml_text(_buildspec(job))),
            },
            "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": {"Ref": "Logs"}}},
        },
    }


def _buildspec(job: Job) -> dict[str, Any]:
    reports, revert = shell((job.reports,)), shell(job.revert_words(("drill",), "--any-host"))
    run = shell(job.limited(job.run_words(("drill",))))
    build = _BUILD.format(revert=revert, run=run, reports=reports, copy_seconds=_COPY_SECONDS)
    return {
        "version": 0.2,
        "phases": {
            "install": {
                "runtime-versions": {"python": "3.12"},
                "commands": [f"python -m pip install {shell((job.package,))}"],
            },
            "pre_build": {"commands": [Script(_BEFORE.format(reports=reports))]},
            "build": {"commands": [Script(build)]},
            "post_build": {"commands": [Script(_AFTER.format(revert=revert, reports=reports))]},
        },
    }


def _build_role(job: Job) -> dict[str, Any]:
    bucket, logs = {"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::GetAtt": ["Logs", "Arn"]}
    statements = [
        _allow(["s3:GetObject", "s3:GetObjectVersion"], {"Fn::Join": ["", [bucket, "/drills.zip"]]}),
        _allow(["s3:GetObject", "s3:PutObject"], {"Fn::Join": ["", [bucket, "/reports/*"]]}),
        _allow(["s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketAcl"], bucket),
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], logs),
    ]
    if job.drill_role_arn:
        statements.append(_allow(["sts:AssumeRole"], job.drill_role_arn))
    policies: dict[str, Any] = {} if _brings_no_policy(job) else {"ManagedPolicyArns": [{"Ref": "DrillPolicyArn"}]}
    return _role("codebuild.amazonaws.com", statements, **policies)


def _schedule(job: Job, triggers: Triggers) -> dict[str, Any]:
    age = min(max(int(job.schedule.grace_seconds), _EVENT_SECONDS_LOW), _EVENT_SECONDS_HIGH)
    arn = ["arn:", {"Ref": "AWS::Partition"}, ":scheduler:::aws-sdk:codebuild:startBuild"]
    project = {"Fn::Join": ["", ['{"ProjectName":"', {"Ref": "Build"}, '"}']]}
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Description": job.label,
            "ScheduleExpression": schedule_expression(triggers),
            "ScheduleExpressionTimezone": triggers.time_zone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": {"Fn::Join": ["", arn]},
                "RoleArn": {"Fn::GetAtt": ["ScheduleRole", "Arn"]},
                "Input": project,
                "RetryPolicy": {"MaximumEventAgeInSeconds": age, "MaximumRetryAttempts": 185},
            },
        },
    }


def _schedule_role() -> dict[str, Any]:
    """It begins this build, and nothing else."""
    return _role(
        "scheduler.amazonaws.com",
        [_allow(["codebuild:StartBuild"], {"Fn::GetAtt": ["Build", "Arn"]})],
        condition={"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    )


def _role(
    service: str, statements: list[dict[str, Any]], *, condition: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if condition:
        trust["Condition"] = condition
    document = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "drillrunner", "PolicyDocument": document}],
            **more,
        },
    }


def _allow(actions: list[str], resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
