"""Secrets and their values."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_SECRET = {"SecretId": "id"}
_LONGEST_WINDOW_DAYS = 30


def _find(secrets: Any, seen: Context) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = secrets.describe_secret(SecretId=seen["name"])
    except secrets.exceptions.ResourceNotFoundException:
        return None
    return None if "DeletedDate" in found else found


def _delete(secrets: Any, seen: Context) -> None:
    days = int(seen.get("recoveryWindowInDays", _LONGEST_WINDOW_DAYS))
    window = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    secrets.delete_secret(SecretId=seen["id"], **window)


def _read_version(secrets: Any, seen: Context) -> dict[str, Any] | None:
    secret, version = seen["id"].split("|")
    try:
        found: dict[str, Any] = secrets.get_secret_value(SecretId=secret, VersionId=version)
    except secrets.exceptions.InvalidRequestException:  # the secret is marked for deletion
        return None
    return found


TYPES = [
    Type(
        "aws:secretsmanager/secret:Secret",
        client="secretsmanager",
        create=Call("CreateSecret"),
        id="ARN",
        read=(Call("DescribeSecret", _SECRET), Call("GetResourcePolicy", _SECRET, into="held")),
        find=Code(_find),
        gone="DeletedDate",
        settle=(Call("PutResourcePolicy", {**_SECRET, "ResourcePolicy": "policy"}, when="policy"),),
        update=(
            Call("UpdateSecret", {**_SECRET, "Description": "description || ''"}),
            Call("DeleteResourcePolicy", _SECRET, when="!policy"),
        ),
        delete=(Code(_delete),),
        name="name",
        replace=frozenset({"name", "region"}),
        local=frozenset({"recoveryWindowInDays", "forceOverwriteReplicaSecret"}),
        back={
            "name": "Name",
            "description": "Description || `null`",
            "kmsKeyId": "KmsKeyId",
            "policy": "held.ResourcePolicy",
        },
        outputs={"arn": "ARN"},
        tags=Tags(Call("TagResource", _SECRET), Call("UntagResource", _SECRET)),
    ),
    Type(
        "aws:secretsmanager/secretVersion:SecretVersion",
        client="secretsmanager",
        create=Call("PutSecretValue"),
        id="join('|', [ARN, VersionId])",
        read=(Code(_read_version),),
        claims=True,
        replace=frozenset({"secretId", "secretString", "secretBinary", "region"}),
        back={"secretId": "given.secretId", "secretString": "SecretString"},
        outputs={"arn": "ARN", "secretArn": "ARN", "versionId": "VersionId"},
    ),
]
