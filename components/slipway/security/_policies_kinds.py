"""What reading, writing and using takes, for each kind of AWS resource that a workload may declare by ARN."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slipway import _check


@dataclass(frozen=True)
class Grant:
    """Actions and the resources, derived from the declared ARN, that they are allowed on."""

    actions: tuple[str, ...]
    resources: Callable[[str], list[str]] = lambda arn: [arn]


@dataclass(frozen=True)
class Kind:
    """A kind of ARN that a workload may declare, and what reading, writing, using or deleting it takes."""

    says: str
    pattern: str
    """Of the ARN after its partition."""
    reads: tuple[Grant, ...] = ()
    writes: tuple[Grant, ...] = ()
    uses: tuple[Grant, ...] = ()
    deletes: tuple[Grant, ...] = ()
    locks: tuple[Grant, ...] = ()
    decrypts: str = ""
    """The service that calls KMS on the workload's behalf, as ``kms:ViaService`` names it."""


def _with(*suffixes: str) -> Callable[[str], list[str]]:
    return lambda arn: [arn + suffix for suffix in suffixes]


def _executions(arn: str) -> list[str]:
    return [arn.replace(":stateMachine:", ":execution:") + ":*"]


def _revisions(arn: str) -> list[str]:
    return [arn] if re.search(r"job-definition/[^:]+:\d+$", arn) else [arn, f"{arn}:*"]


def _jobs(arn: str) -> list[str]:
    """Jobs are named when they are submitted, so those of an account cannot be told apart."""
    return [f"{arn.split(':job-definition/')[0]}:job/*"]


def _everywhere(_: str) -> list[str]:
    return ["*"]


def objects(arn: str) -> list[str]:
    """The objects an S3 ARN stands for: all of a bucket, those under a prefix, or one."""
    if "/" not in arn:
        return [f"{arn}/*"]
    return [f"{arn}*"] if arn.endswith("/") else [arn]


_PLACE = r"[a-z0-9-]+:\d{12}:"
_NAME = r"[\w.+=@-]+"
S3 = Kind(
    "an S3 bucket, prefix (ending in / or /*) or object",
    r"s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?$]*/\*|/\*|/[^*?$]*)?",
    reads=(Grant(("s3:GetObject", "s3:GetObjectVersion"), objects),),
    writes=(Grant(("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"), objects),),
    deletes=(Grant(("s3:DeleteObject",), objects),),
    locks=(Grant(("s3:PutObjectRetention",), objects),),
    decrypts="s3",
)
KEY = Kind("a KMS key", rf"kms:{_PLACE}key/[A-Za-z0-9-]+")
ECR = Kind(
    "an ECR repository, or all of a namespace (ending in /*)",
    rf"ecr:{_PLACE}repository/[a-z0-9][a-z0-9._/-]*(/\*)?",
    reads=(
        Grant(
            (
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:DescribeImages",
                "ecr:GetDownloadUrlForLayer",
            )
        ),
    ),
    writes=(
        Grant(
            (
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:DescribeImages",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            )
        ),
    ),
    decrypts="ecr",
)
LOG_GROUP = Kind(
    "a log group",
    rf"logs:{_PLACE}log-group:[\w/.#-]+",
    reads=(Grant(("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"), _with("", ":*")),),
    writes=(Grant(("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"), _with("", ":*")),),
)
JOB = Kind(
    "a Batch job definition",
    rf"batch:{_PLACE}job-definition/{_NAME}(:\d+)?",
    writes=(Grant(("batch:SubmitJob",), _revisions),),
    uses=(
        Grant(("batch:SubmitJob",), _revisions),
        Grant(("batch:TerminateJob",), _jobs),
        Grant(("batch:DescribeJobs",), _everywhere),
    ),
)
KINDS = (
    S3,
    KEY,
    ECR,
    LOG_GROUP,
    JOB,
    Kind(
        "a DynamoDB table",
        rf"dynamodb:{_PLACE}table/{_NAME}",
        reads=(
            Grant(
                (
                    "dynamodb:BatchGetItem",
                    "dynamodb:ConditionCheckItem",
                    "dynamodb:DescribeTable",
                    "dynamodb:GetItem",
                    "dynamodb:Query",
                    "dynamodb:Scan",
                ),
                _with("", "/index/*"),
            ),
        ),
        writes=(
            Grant(
                (
                    "dynamodb:BatchWriteItem",
                    "dynamodb:DeleteItem",
                    "dynamodb:DescribeTable",
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                )
            ),
        ),
        decrypts="dynamodb",
    ),
    Kind(
        "a DynamoDB stream",
        rf"dynamodb:{_PLACE}table/{_NAME}/stream/[\dT:.-]+",
        reads=(Grant(("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")),),
        decrypts="dynamodb",
    ),
    Kind(
        "a database user",
        rf"rds-db:{_PLACE}dbuser:(cluster|db)-[A-Z0-9]+/\w+",
        uses=(Grant(("rds-db:connect",)),),
    ),
    Kind(
        "a Secrets Manager secret",
        rf"secretsmanager:{_PLACE}secret:[\w/+=.@!-]+",
        reads=(Grant(("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")),),
        writes=(Grant(("secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue")),),
        decrypts="secretsmanager",
    ),
    Kind(
        "an SSM parameter",
        rf"ssm:{_PLACE}parameter/[\w./-]+",
        reads=(Grant(("ssm:GetParameter", "ssm:GetParameters")),),
        writes=(Grant(("ssm:PutParameter",)),),
        decrypts="ssm",
    ),
    Kind(
        "an SQS queue",
        rf"sqs:{_PLACE}[\w-]+(\.fifo)?",
        reads=(
            Grant(("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")),
        ),
        writes=(Grant(("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage")),),
        decrypts="sqs",
    ),
    Kind("an SNS topic", rf"sns:{_PLACE}[\w-]+(\.fifo)?", writes=(Grant(("sns:Publish",)),), decrypts="sns"),
    Kind(
        "a Firehose stream",
        rf"firehose:{_PLACE}deliverystream/{_NAME}",
        writes=(Grant(("firehose:PutRecord", "firehose:PutRecordBatch")),),
    ),
    Kind(
        "a state machine",
        rf"states:{_PLACE}stateMachine:{_NAME}",
        uses=(
            Grant(("states:StartExecution",)),
            Grant(("states:DescribeExecution", "states:StopExecution"), _executions),
        ),
        decrypts="states",
    ),
    Kind("a Batch job queue", rf"batch:{_PLACE}job-queue/{_NAME}", uses=(Grant(("batch:SubmitJob",)),)),
    Kind("a Lambda function", rf"lambda:{_PLACE}function:[\w-]+(:[\w$-]+)?", uses=(Grant(("lambda:InvokeFunction",)),)),
    Kind("an MLflow App", rf"sagemaker:{_PLACE}mlflow-app/[\w-]+", uses=(Grant(("sagemaker:CallMlflowAppApi",)),)),
    Kind(
        "a role in an Airflow environment",
        rf"airflow:{_PLACE}role/[A-Za-z][\w-]*/(Admin|Op|User|Viewer)",
        uses=(Grant(("airflow:InvokeRestApi",)),),
    ),
    Kind(
        "a Prometheus workspace",
        rf"aps:{_PLACE}workspace/ws-[\w-]+",
        reads=(Grant(("aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics")),),
        writes=(Grant(("aps:RemoteWrite",)),),
    ),
    Kind("an event bus", rf"events:{_PLACE}event-bus/[\w./-]+", uses=(Grant(("events:PutEvents",)),)),
    Kind(
        "an API destination",
        rf"events:{_PLACE}api-destination/{_NAME}/[\w-]+",
        uses=(Grant(("events:InvokeApiDestination",)),),
    ),
)
"""Everything a workload may declare. What using a key takes depends on what is read and written: see ``_policies``."""


def kind_of(arg: str, arn: Any) -> Kind:
    """The kind of an ARN declared in ``arg``, such as ``reads``; raises ``ValueError`` if it cannot be there."""
    able = [kind for kind in KINDS if getattr(kind, arg) or (arg == "uses" and kind is KEY)]
    found = [kind for kind in able if isinstance(arn, str) and re.fullmatch(rf"arn:aws[a-z-]*:{kind.pattern}", arn)]
    if not found:
        _check.refuse(arg, f"ARNs without wildcards of {'; '.join(kind.says for kind in able)}", arn)
    return found[0]
