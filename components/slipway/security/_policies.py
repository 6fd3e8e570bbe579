"""IAM statements of workloads: from the ARNs of what one reads, writes and uses to exactly these rights.

``security/_policies*.py`` are the only modules where IAM statements are written: here those of roles, in
``_policies_stores`` those of keys, buckets and repositories, in ``_policies_serving`` those of network and cluster. All
are pure functions that return JSON in one canonical form, so that the same rights are always the same text. No
statement allows an action with a wildcard.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from slipway import _check

Statement = dict[str, Any]

INLINE_LIMIT = 10_240
"""Characters that a role's inline policies may have together (IAM quota)."""


def document(*statements: Statement) -> str:
    """A policy in canonical form: actions, resources and statements sorted, each once."""
    tidy = []
    for statement in statements:
        lists = {key: sorted(set(statement[key])) for key in ("Action", "Resource") if key in statement}
        tidy.append(statement | lists)
    ordered = [json.loads(text) for text in sorted({json.dumps(statement, sort_keys=True) for statement in tidy})]
    return json.dumps({"Version": "2012-10-17", "Statement": ordered}, sort_keys=True, separators=(",", ":"))


def pod_trust(cluster_name: str, namespace: str, service_account: str, account_id: str | None = None) -> str:
    """Trust of a pod's role: EKS Pod Identity, for this service account only.

    Pod Identity sets the request tags itself, so an association made elsewhere in the account cannot take the role.
    """
    equals = {
        "aws:RequestTag/eks-cluster-name": cluster_name,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    if account_id:
        equals["aws:SourceAccount"] = account_id
    return document(_trust("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"], {"StringEquals": equals}))


def service_trust(service: str, account_id: str | None) -> str:
    """Trust of a role that an AWS service takes; with ``account_id``, on behalf of this account only.

    Without it for Lambda, and for S3 when it replicates: they are not documented to send ``aws:SourceAccount``. What
    holds there is that a role can be handed only to resources of its own account (``iam:PassRole``).
    """
    condition = {"StringEquals": {"aws:SourceAccount": account_id}} if account_id else None
    return document(_trust(service, ["sts:AssumeRole"], condition))


def federated_trust(oidc_provider_arn: str, subjects: Iterable[str]) -> str:
    """Trust of a CI pipeline's role: tokens of this provider, made for AWS, with one of these exact subjects."""
    issuer = oidc_provider_arn.split(":oidc-provider/", 1)[1]
    return document(
        {
            "Sid": "AssumeRole",
            "Effect": "Allow",
            "Principal": {"Federated": oidc_provider_arn},
            "Action": ["sts:AssumeRoleWithWebIdentity"],
            "Condition": {
                "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": sorted(set(subjects))},
            },
        }
    )


def _trust(service: str, actions: list[str], condition: dict[str, Any] | None) -> Statement:
    principal = {"Service": service}
    statement: Statement = {"Sid": "AssumeRole", "Effect": "Allow", "Principal": principal, "Action": actions}
    return statement | ({"Condition": condition} if condition else {})


@dataclass(frozen=True)
class Grant:
    """Actions and the resources, derived from the declared ARN, that they are allowed on."""

    actions: tuple[str, ...]
    resources: Callable[[str], list[str]] = lambda arn: [arn]


@dataclass(frozen=True)
class Kind:
    """A kind of ARN that a workload may declare, and what reading, writing or using it takes."""

    says: str
    pattern: str
    """Of the ARN after its partition."""
    reads: tuple[Grant, ...] = ()
    writes: tuple[Grant, ...] = ()
    uses: tuple[Grant, ...] = ()
    decrypts: str = ""
    """The service that calls KMS on the workload's behalf, as ``kms:ViaService`` names it."""


def _with(*suffixes: str) -> Callable[[str], list[str]]:
    return lambda arn: [arn + suffix for suffix in suffixes]


def _executions(arn: str) -> list[str]:
    return [arn.replace(":stateMachine:", ":execution:") + ":*"]


def _revisions(arn: str) -> list[str]:
    return [arn] if re.search(r"job-definition/[^:]+:\d+$", arn) else [arn, f"{arn}:*"]


def _objects(arn: str) -> list[str]:
    """The objects an S3 ARN stands for: all of a bucket, those under a prefix, or one."""
    if "/" not in arn:
        return [f"{arn}/*"]
    return [f"{arn}*"] if arn.endswith("/") else [arn]


_PLACE = r"[a-z0-9-]+:\d{12}:"
_NAME = r"[\w.+=@-]+"
S3 = Kind(
    "an S3 bucket, prefix (ending in / or /*) or object",
    r"s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?$]*/\*|/\*|/[^*?$]*)?",
    reads=(Grant(("s3:GetObject", "s3:GetObjectVersion"), _objects),),
    writes=(Grant(("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"), _objects),),
    decrypts="s3",
)
KEY = Kind("a KMS key", rf"kms:{_PLACE}key/[A-Za-z0-9-]+")
ECR = Kind(
    "an ECR repository",
    rf"ecr:{_PLACE}repository/[a-z0-9][a-z0-9._/-]*",
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
KINDS = (
    S3,
    KEY,
    ECR,
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
        "a Secrets Manager secret",
        rf"secretsmanager:{_PLACE}secret:[\w/+=.@-]+",
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
        "a log group",
        rf"logs:{_PLACE}log-group:[\w/.#-]+",
        reads=(Grant(("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"), _with("", ":*")),),
        writes=(Grant(("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"), _with("", ":*")),),
    ),
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
    ),
    Kind("a Batch job queue", rf"batch:{_PLACE}job-queue/{_NAME}", uses=(Grant(("batch:SubmitJob",)),)),
    Kind(
        "a Batch job definition",
        rf"batch:{_PLACE}job-definition/{_NAME}(:\d+)?",
        uses=(Grant(("batch:SubmitJob",), _revisions),),
    ),
    Kind("a Lambda function", rf"lambda:{_PLACE}function:[\w-]+(:[\w$-]+)?", uses=(Grant(("lambda:InvokeFunction",)),)),
    Kind("an event bus", rf"events:{_PLACE}event-bus/[\w./-]+", uses=(Grant(("events:PutEvents",)),)),
)
"""Everything a workload may declare. A use of a key depends on what is read and written, see ``_keys``."""


def kind_of(arg: str, arn: Any) -> Kind:
    """The kind of an ARN declared in ``arg`` (reads, writes or uses); raises ``ValueError`` if it cannot be there."""
    able = [kind for kind in KINDS if getattr(kind, arg) or (arg == "uses" and kind is KEY)]
    found = [kind for kind in able if isinstance(arn, str) and re.fullmatch(rf"arn:aws[a-z-]*:{kind.pattern}", arn)]
    if not found:
        _check.refuse(arg, f"ARNs without wildcards of {'; '.join(kind.says for kind in able)}", arn)
    return found[0]


def access(reads: Sequence[str], writes: Sequence[str], uses: Sequence[str]) -> str:
    """The policy of a workload; raises ``ValueError`` that names ``reads``, ``writes`` or ``uses``."""
    declared = {
        arg: [(kind_of(arg, arn), arn) for arn in arns]
        for arg, arns in (("reads", reads), ("writes", writes), ("uses", uses))
    }
    resources: dict[tuple[str, ...], list[str]] = {}
    for arg, entries in declared.items():
        for kind, arn in entries:
            for grant in getattr(kind, arg):
                resources.setdefault(grant.actions, []).extend(grant.resources(arn))
    statements = [_allow(actions, arns) for actions, arns in resources.items()]
    statements += [_listing(arn) for kind, arn in declared["reads"] if kind is S3 and not _is_object(arn)]
    if any(kind is ECR for kind, _ in declared["reads"] + declared["writes"]):
        statements.append(_allow(["ecr:GetAuthorizationToken"], ["*"]))  # a login is to the registry: AWS knows only *
    keys = [arn for kind, arn in declared["uses"] if kind is KEY]
    if keys:
        statements += _keys(keys, declared["reads"], declared["writes"])
    if not statements:
        _check.refuse("reads, writes and uses", "at least one ARN in them", [])
    text = document(*statements)
    if len(text) > INLINE_LIMIT:
        accepted = f"fewer ARNs: an inline policy has at most {INLINE_LIMIT} characters"
        _check.refuse("reads, writes and uses", accepted, f"{len(text)} characters")
    return text


def _allow(actions: Iterable[str], resources: Iterable[str], condition: dict[str, Any] | None = None) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return statement | ({"Condition": condition} if condition else {})


def _bucket(arn: str) -> str:
    return arn.split("/", 1)[0]


def _is_object(arn: str) -> bool:
    return "/" in arn and not arn.endswith(("/", "/*"))


def _listing(arn: str) -> Statement:
    """Who reads a prefix may list it, and no other prefix of the bucket."""
    prefix = _objects(arn)[0].split("/", 1)[1]
    condition = None if prefix == "*" else {"StringLike": {"s3:prefix": [prefix]}}
    return _allow(["s3:ListBucket"], [_bucket(arn)], condition)


def _keys(
    keys: Sequence[str], reads: Sequence[tuple[Kind, str]], writes: Sequence[tuple[Kind, str]]
) -> list[Statement]:
    """Use of keys: only through the services whose data is declared, and in S3 only for the buckets declared.

    A workload that declares a key and nothing which that key could protect encrypts by itself, so it may call KMS.
    """
    both = [*reads, *writes]
    if not any(kind.decrypts for kind, _ in both):
        own = ["kms:Decrypt", "kms:DescribeKey", *(["kms:GenerateDataKey"] if writes else [])]
        return [_allow(own, keys)]
    statements = []
    for action, entries in (("kms:Decrypt", both), ("kms:GenerateDataKey", writes)):
        stores = sorted({arn for kind, arn in entries if kind is S3})
        if stores:
            # A bucket key's encryption context is the bucket; an object written without one has its own ARN.
            contexts = sorted({_bucket(arn) for arn in stores} | {item for arn in stores for item in _objects(arn)})
            context = {"StringLike": {"kms:EncryptionContext:aws:s3:arn": contexts}}
            statements.append(_allow([action], keys, through(["s3"], keys) | context))
        others = sorted({kind.decrypts for kind, _ in entries if kind is not S3} - {""})
        if others:
            statements.append(_allow([action], keys, through(others, keys)))
    return statements


def through(services: Iterable[str], keys: Iterable[str]) -> dict[str, Any]:
    """Condition that KMS is called by one of ``services``, in the regions of ``keys``, for the caller."""
    places = sorted({(arn.split(":")[1], arn.split(":")[3]) for arn in keys})
    hosts = [f"{service}.{region}.{domain(partition)}" for service in services for partition, region in places]
    return {"StringEquals": {"kms:ViaService": sorted(hosts)}}


def domain(partition: str) -> str:
    """Domain of the services of a partition."""
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
