"""IAM statements of workloads: from the ARNs of what one reads, writes and uses to exactly these rights.

``security/_policies*.py`` are the only modules where IAM statements are written: here those of roles, from the table of
``_policies_kinds``; in ``_policies_stores`` those of keys, buckets and repositories; in ``_policies_serving`` those of
network and cluster, and so on. All are pure functions that return JSON in one canonical form, so that the same rights
are always the same text. No statement allows an action with a wildcard, and a role's none on all resources but those of
``_policies_everywhere``.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from slipway import _check
from slipway.security._policies_everywhere import EVERYWHERE
from slipway.security._policies_kinds import ECR, JOB, KEY, LOG_GROUP, S3, Kind, kind_of, objects
from slipway.security._policies_machines import machine_statements

Statement = dict[str, Any]

INLINE_LIMIT = 10_240
"""Characters that a role's inline policies may have together (IAM quota)."""


def document(*statements: Statement) -> str:
    """A policy in canonical form: actions, resources and statements sorted, each once."""
    tidy = []
    for statement in statements:
        _narrow(statement)
        lists = {key: sorted(set(statement[key])) for key in ("Action", "Resource") if key in statement}
        tidy.append(statement | lists)
    ordered = [json.loads(text) for text in sorted({json.dumps(statement, sort_keys=True) for statement in tidy})]
    return json.dumps({"Version": "2012-10-17", "Statement": ordered}, sort_keys=True, separators=(",", ":"))


def _narrow(statement: Statement) -> None:
    """Refuses rights of a role on all resources, where AWS knows resources. (A key's own policy calls itself ``*``.)"""
    broad = {*statement["Action"]} - EVERYWHERE.keys() if "*" in statement.get("Resource", []) else set()
    if broad and statement["Effect"] == "Allow" and "Principal" not in statement:
        raise ValueError(f"{', '.join(sorted(broad))}: allowed on all resources, though AWS knows which")


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


def service_trust(services: str | Sequence[str], account_id: str | None) -> str:
    """Trust of a role that an AWS service, or each of several, takes; with ``account_id``, for this account only.

    Without it for Lambda, and for S3 when it replicates: they are not documented to send ``aws:SourceAccount``. What
    holds there is that a role can be handed only to resources of its own account (``iam:PassRole``).
    """
    condition = {"StringEquals": {"aws:SourceAccount": account_id}} if account_id else None
    return document(_trust(services, ["sts:AssumeRole"], condition))


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


def _trust(services: str | Sequence[str], actions: list[str], condition: dict[str, Any] | None) -> Statement:
    principal = {"Service": services if isinstance(services, str) else sorted(services)}
    statement: Statement = {"Sid": "AssumeRole", "Effect": "Allow", "Principal": principal, "Action": actions}
    return statement | ({"Condition": condition} if condition else {})


def access(
    reads: Sequence[str],
    writes: Sequence[str],
    uses: Sequence[str],
    deletes: Sequence[str] = (),
    locks: Sequence[str] = (),
    machine_arn: str | None = None,
) -> str:
    """The policy of a workload; raises ``ValueError`` that names the argument of a wrong ARN.

    ``machine_arn`` is that of the state machine that the workload is: Step Functions delivers its logs, so the log
    groups that it writes need nothing more.
    """
    declared = {
        arg: [(kind_of(arg, arn), arn) for arn in arns]
        for arg, arns in (("reads", reads), ("writes", writes), ("uses", uses), ("deletes", deletes), ("locks", locks))
    }
    resources: dict[tuple[str, ...], list[str]] = {}
    for arg, entries in declared.items():
        for kind, arn in entries:
            delivered = machine_arn is not None and kind is LOG_GROUP
            for grant in () if delivered else getattr(kind, arg):
                resources.setdefault(grant.actions, []).extend(grant.resources(arn))
    statements = [_allow(actions, arns) for actions, arns in resources.items()]
    statements += [_listing(arn) for kind, arn in declared["reads"] if kind is S3 and not _is_object(arn)]
    if any(kind is ECR for kind, _ in declared["reads"] + declared["writes"]):
        statements.append(_allow(["ecr:GetAuthorizationToken"], ["*"]))  # a login is to the registry: AWS knows only *
    keys = [arn for kind, arn in declared["uses"] if kind is KEY]
    if keys:
        used = [(kind, arn) for kind, arn in declared["uses"] if kind.decrypts]
        statements += _keys(keys, declared["reads"], declared["writes"] + used)
    if machine_arn:
        statements += machine_statements(machine_arn, any(kind is JOB for kind, _ in declared["uses"]), keys)
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
    prefix = objects(arn)[0].split("/", 1)[1]
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
            contexts = sorted({_bucket(arn) for arn in stores} | {item for arn in stores for item in objects(arn)})
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
