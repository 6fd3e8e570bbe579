"""Policies of workloads: a table from what is declared to the statements, and what no statement may hold."""

import json
from typing import Any

import pytest
from slipway.security import _policies as policies
from slipway.security._policies_everywhere import EVERYWHERE

ACCOUNT = "123456789012"
BUCKET = "arn:aws:s3:::acme-prod-models"
PREFIX = f"{BUCKET}/artifacts/flight-delay/*"
OBJECT = f"{BUCKET}/artifacts/flight-delay/0a1b"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
REPOSITORY = "arn:aws:ecr:eu-west-1:123456789012:repository/acme-prod/flight-delay"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/features"
STREAM = f"{TABLE}/stream/2026-01-01T00:00:00.000"
DATABASE_USER = "arn:aws:rds-db:eu-west-1:123456789012:dbuser:cluster-ABCDEFGHIJKL01234/service"
ADMINISTRATOR = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1b2c3d4e-AbCdEf"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/password-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/acme/model"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:events"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
LOG_GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/train"
FIREHOSE = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/predictions"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:retrain"
JOB_QUEUE = "arn:aws:batch:eu-west-1:123456789012:job-queue/train"
JOB = "arn:aws:batch:eu-west-1:123456789012:job-definition/train"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:gate"
MLFLOW = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-ABCDEFGHIJKL"
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/models"

READ_S3 = ["s3:GetObject", "s3:GetObjectVersion"]
WRITE_S3 = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]


def statements(
    reads: list[str] | None = None,
    writes: list[str] | None = None,
    uses: list[str] | None = None,
    deletes: list[str] | None = None,
    locks: list[str] | None = None,
) -> list[dict[str, Any]]:
    text = policies.access(reads or [], writes or [], uses or [], deletes or [], locks or [])
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def allow(actions: list[str], *resources: str, **condition: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Action": actions, "Resource": [*resources]}
    return found | ({"Condition": condition} if condition else {})


FOLLOW_JOBS = [
    allow(["batch:TerminateJob"], "arn:aws:batch:eu-west-1:123456789012:job/*"),
    allow(["batch:DescribeJobs"], "*"),
]
DESTINATION = "arn:aws:events:eu-west-1:123456789012:api-destination/candidate/11111111-2222-3333-4444-555555555555"
EXECUTIONS = "arn:aws:states:eu-west-1:123456789012:execution:retrain:*"
VIA_QUEUE_AND_MACHINE = {"kms:ViaService": ["sqs.eu-west-1.amazonaws.com", "states.eu-west-1.amazonaws.com"]}
VIA_S3 = {"kms:ViaService": ["s3.eu-west-1.amazonaws.com"]}

CASES = {
    "an object is read without listing": ({"reads": [OBJECT]}, [allow(READ_S3, OBJECT)]),
    "a prefix is listed as far as it goes": (
        {"reads": [PREFIX]},
        [
            allow(READ_S3, PREFIX),
            allow(["s3:ListBucket"], BUCKET, StringLike={"s3:prefix": ["artifacts/flight-delay/*"]}),
        ],
    ),
    "a prefix may end in a slash": (
        {"reads": [f"{BUCKET}/data/"]},
        [allow(READ_S3, f"{BUCKET}/data/*"), allow(["s3:ListBucket"], BUCKET, StringLike={"s3:prefix": ["data/*"]})],
    ),
    "a bucket is all of it": (
        {"reads": [BUCKET]},
        [allow(READ_S3, f"{BUCKET}/*"), allow(["s3:ListBucket"], BUCKET)],
    ),
    "deleting is neither reading nor writing": ({"deletes": [PREFIX]}, [allow(["s3:DeleteObject"], PREFIX)]),
    "a record is written once, with its retention": (
        {"writes": [PREFIX], "locks": [PREFIX]},
        [allow(WRITE_S3, PREFIX), allow(["s3:PutObjectRetention"], PREFIX)],
    ),
    "an MLflow App is called": ({"uses": [MLFLOW]}, [allow(["sagemaker:CallMlflowAppApi"], MLFLOW)]),
    "writing to S3 neither reads, lists nor deletes": ({"writes": [PREFIX]}, [allow(WRITE_S3, PREFIX)]),
    "a key decrypts for the bucket that is read": (
        {"reads": [OBJECT], "uses": [KEY]},
        [
            allow(READ_S3, OBJECT),
            allow(
                ["kms:Decrypt"],
                KEY,
                StringEquals=VIA_S3,
                StringLike={"kms:EncryptionContext:aws:s3:arn": [BUCKET, OBJECT]},
            ),
        ],
    ),
    "a key makes data keys for the bucket that is written, not for the one that is read": (
        {"reads": ["arn:aws:s3:::other/x"], "writes": [PREFIX], "uses": [KEY]},
        [
            allow(READ_S3, "arn:aws:s3:::other/x"),
            allow(WRITE_S3, PREFIX),
            allow(
                ["kms:Decrypt"],
                KEY,
                StringEquals=VIA_S3,
                StringLike={
                    "kms:EncryptionContext:aws:s3:arn": [BUCKET, PREFIX, "arn:aws:s3:::other", "arn:aws:s3:::other/x"]
                },
            ),
            allow(
                ["kms:GenerateDataKey"],
                KEY,
                StringEquals=VIA_S3,
                StringLike={"kms:EncryptionContext:aws:s3:arn": [BUCKET, PREFIX]},
            ),
        ],
    ),
    "a key works for other services by name": (
        {"reads": [TABLE], "writes": [QUEUE], "uses": [KEY]},
        [
            allow(
                [
                    "dynamodb:BatchGetItem",
                    "dynamodb:ConditionCheckItem",
                    "dynamodb:DescribeTable",
                    "dynamodb:GetItem",
                    "dynamodb:Query",
                    "dynamodb:Scan",
                ],
                TABLE,
                f"{TABLE}/index/*",
            ),
            allow(["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"], QUEUE),
            allow(
                ["kms:Decrypt"],
                KEY,
                StringEquals={
                    "kms:ViaService": ["dynamodb.eu-west-1.amazonaws.com", "sqs.eu-west-1.amazonaws.com"],
                },
            ),
            allow(["kms:GenerateDataKey"], KEY, StringEquals={"kms:ViaService": ["sqs.eu-west-1.amazonaws.com"]}),
        ],
    ),
    "a key alone is used directly": ({"uses": [KEY]}, [allow(["kms:Decrypt", "kms:DescribeKey"], KEY)]),
    "a key beside what no key protects is used directly": (
        {"writes": [FIREHOSE], "uses": [KEY]},
        [
            allow(["firehose:PutRecord", "firehose:PutRecordBatch"], FIREHOSE),
            allow(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], KEY),
        ],
    ),
    "pulling needs a login, which AWS grants on * only": (
        {"reads": [REPOSITORY]},
        [
            allow(
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:DescribeImages",
                    "ecr:GetDownloadUrlForLayer",
                ],
                REPOSITORY,
            ),
            allow(["ecr:GetAuthorizationToken"], "*"),
        ],
    ),
    "pushing": (
        {"writes": [REPOSITORY]},
        [
            allow(
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:CompleteLayerUpload",
                    "ecr:DescribeImages",
                    "ecr:InitiateLayerUpload",
                    "ecr:PutImage",
                    "ecr:UploadLayerPart",
                ],
                REPOSITORY,
            ),
            allow(["ecr:GetAuthorizationToken"], "*"),
        ],
    ),
    "a stream is read by its own actions": (
        {"reads": [STREAM]},
        [allow(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], STREAM)],
    ),
    "a database is used by logging in as one user": (
        {"reads": [ADMINISTRATOR], "uses": [DATABASE_USER]},
        [
            allow(["rds-db:connect"], DATABASE_USER),
            allow(["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], ADMINISTRATOR),
        ],
    ),
    "secrets, parameters, queues and logs are read": (
        {"reads": [SECRET, PARAMETER, QUEUE, LOG_GROUP]},
        [
            allow(["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], SECRET),
            allow(["ssm:GetParameter", "ssm:GetParameters"], PARAMETER),
            allow(
                ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                QUEUE,
            ),
            allow(
                ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"], LOG_GROUP, f"{LOG_GROUP}:*"
            ),
        ],
    ),
    "tables, secrets, parameters, topics and logs are written": (
        {"writes": [TABLE, SECRET, PARAMETER, TOPIC, LOG_GROUP]},
        [
            allow(
                [
                    "dynamodb:BatchWriteItem",
                    "dynamodb:DeleteItem",
                    "dynamodb:DescribeTable",
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                ],
                TABLE,
            ),
            allow(["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"], SECRET),
            allow(["ssm:PutParameter"], PARAMETER),
            allow(["sns:Publish"], TOPIC),
            allow(
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], LOG_GROUP, f"{LOG_GROUP}:*"
            ),
        ],
    ),
    "state machines are started, their executions followed and stopped": (
        {"uses": [MACHINE]},
        [
            allow(["states:StartExecution"], MACHINE),
            allow(
                ["states:DescribeExecution", "states:StopExecution"],
                "arn:aws:states:eu-west-1:123456789012:execution:retrain:*",
            ),
        ],
    ),
    "jobs, functions and buses": (
        {"uses": [JOB_QUEUE, JOB, FUNCTION, BUS]},
        [
            allow(["batch:SubmitJob"], JOB, f"{JOB}:*", JOB_QUEUE),
            *FOLLOW_JOBS,
            allow(["lambda:InvokeFunction"], FUNCTION),
            allow(["events:PutEvents"], BUS),
        ],
    ),
    "a job definition's revision is that revision": (
        {"uses": [f"{JOB}:3"]},
        [allow(["batch:SubmitJob"], f"{JOB}:3"), *FOLLOW_JOBS],
    ),
    "a namespace is all of its repositories": (
        {"reads": ["arn:aws:ecr:eu-west-1:123456789012:repository/acme-prod/*"]},
        [
            allow(
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:DescribeImages",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "arn:aws:ecr:eu-west-1:123456789012:repository/acme-prod/*",
            ),
            allow(["ecr:GetAuthorizationToken"], "*"),
        ],
    ),
    "an API destination is called": (
        {"uses": [DESTINATION]},
        [allow(["events:InvokeApiDestination"], DESTINATION)],
    ),
    "who starts a keyed state machine encrypts its input": (
        {"uses": [MACHINE, KEY], "writes": [QUEUE]},
        [
            allow(["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"], QUEUE),
            allow(["states:StartExecution"], MACHINE),
            allow(["states:DescribeExecution", "states:StopExecution"], EXECUTIONS),
            allow(["kms:Decrypt"], KEY, StringEquals=VIA_QUEUE_AND_MACHINE),
            allow(["kms:GenerateDataKey"], KEY, StringEquals=VIA_QUEUE_AND_MACHINE),
        ],
    ),
}


@pytest.mark.parametrize(("declared", "expected"), CASES.values(), ids=CASES.keys())
def test_access(declared: dict[str, list[str]], expected: list[dict[str, Any]]) -> None:
    def by_text(items: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(item, sort_keys=True) for item in items)

    assert by_text(statements(**declared)) == by_text(expected)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"reads": ["arn:aws:s3:::*"]}, r"reads: accepted: ARNs without wildcards of an S3 bucket.*: received: '.*\*'"),
        ({"reads": [f"{BUCKET}/a*"]}, "reads: accepted: ARNs without wildcards"),
        ({"reads": [f"{BUCKET}/*/b"]}, "reads: accepted: ARNs without wildcards"),
        ({"reads": [f"{BUCKET}/${{aws:username}}/b"]}, "reads: accepted: ARNs without wildcards"),
        ({"reads": ["*"]}, r"reads: accepted: .*: received: '\*'"),
        ({"reads": [TOPIC]}, "reads: accepted: .*a log group.*: received: 'arn:aws:sns"),
        ({"reads": [KEY]}, "reads: accepted: .*: received: 'arn:aws:kms"),
        ({"reads": [None]}, "reads: accepted: .*: received: None"),
        ({"writes": [MACHINE]}, "writes: accepted: .*a Firehose stream; .*: received: 'arn:aws:states"),
        ({"writes": [f"{TABLE}/*"]}, "writes: accepted: .*"),
        ({"deletes": [TABLE]}, "deletes: accepted: ARNs without wildcards of an S3 bucket"),
        ({"uses": [BUCKET]}, "uses: accepted: ARNs without wildcards of a KMS key; .*an event bus.*: received:"),
        ({"uses": ["arn:aws:kms:eu-west-1:123456789012:alias/acme"]}, "uses: accepted: .*a KMS key.*alias/acme"),
        ({"uses": ["arn:aws:iam::123456789012:role/admin"]}, "uses: accepted: "),
        ({}, r"reads, writes and uses: accepted: at least one ARN in them: received: \[\]"),
        (
            {"reads": [f"{BUCKET}/{'x' * 60}/{number}" for number in range(200)]},
            r"reads, writes and uses: accepted: fewer ARNs: .* 10240 characters: received: '\d+ characters'",
        ),
    ],
)
def test_access_refuses(declared: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        statements(**declared)


def test_no_action_has_a_wildcard_and_only_what_aws_knows_no_resource_for_has_every_resource() -> None:
    reads = [BUCKET, REPOSITORY, TABLE, SECRET, PARAMETER, QUEUE, LOG_GROUP]
    writes = [BUCKET, REPOSITORY, TABLE, SECRET, PARAMETER, QUEUE, TOPIC, LOG_GROUP, FIREHOSE]
    uses = [KEY, MACHINE, JOB_QUEUE, JOB, FUNCTION, BUS]
    for statement in statements(reads, writes, uses):
        assert not [action for action in statement["Action"] if "*" in action]
        assert ("*" in statement["Resource"]) == (set(statement["Action"]) <= EVERYWHERE.keys())


def test_no_other_action_can_have_every_resource() -> None:
    with pytest.raises(ValueError, match="s3:GetObject: allowed on all resources, though AWS knows which"):
        policies.document(allow(["ecr:GetAuthorizationToken", "s3:GetObject"], BUCKET, "*"))
    policies.document(allow([*EVERYWHERE], "*"))


def test_the_same_rights_are_the_same_text() -> None:
    one = policies.access([OBJECT, PREFIX], [TABLE], [KEY])
    assert one == policies.access([PREFIX, OBJECT, OBJECT], [TABLE], [KEY, KEY])


def test_partitions_have_their_own_domains() -> None:
    key = "arn:aws-cn:kms:cn-north-1:123456789012:key/1"
    assert policies.through(["s3"], [key]) == {"StringEquals": {"kms:ViaService": ["s3.cn-north-1.amazonaws.com.cn"]}}


def test_pod_trust_is_for_one_service_account() -> None:
    [statement] = json.loads(policies.pod_trust("acme-prod", "models", "flight-delay"))["Statement"]
    assert statement == {
        "Sid": "AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {
                "aws:RequestTag/eks-cluster-name": "acme-prod",
                "aws:RequestTag/kubernetes-namespace": "models",
                "aws:RequestTag/kubernetes-service-account": "flight-delay",
            }
        },
    }
    [known] = json.loads(policies.pod_trust("acme-prod", "models", "flight-delay", "123456789012"))["Statement"]
    assert known["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"


def test_service_trust() -> None:
    [statement] = json.loads(policies.service_trust("states.amazonaws.com", "123456789012"))["Statement"]
    assert statement["Principal"] == {"Service": "states.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    [statement] = json.loads(policies.service_trust("lambda.amazonaws.com", None))["Statement"]
    assert "Condition" not in statement


def test_federated_trust_is_for_exact_subjects() -> None:
    provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    subjects = ["repo:acme/models:ref:refs/heads/main", "repo:acme/models:environment:prod"]
    [statement] = json.loads(policies.federated_trust(provider, subjects))["Statement"]
    assert statement["Principal"] == {"Federated": provider}
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": sorted(subjects),
        }
    }
