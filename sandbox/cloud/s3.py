"""S3 buckets: what a new one has since 2023, and configurations given back as they were put."""

import json
import uuid
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

from sandbox.cloud.extension import parameters, replaces

_PLAIN_ENCRYPTION = {
    "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
}


@replaces(S3Backend, "create_bucket")
def _create_bucket(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """Encrypted, closed to the public and owned by its account: AWS's defaults."""
    bucket = original(self, *args, **kwargs)
    bucket.encryption = _PLAIN_ENCRYPTION
    bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")
    bucket.ownership_rule = "BucketOwnerEnforced"
    return bucket


@replaces(S3Backend, "delete_bucket_encryption")
def _delete_bucket_encryption(original: Any, self: Any, bucket_name: str) -> None:
    original(self, bucket_name)
    bucket = self.get_bucket(bucket_name)
    bucket.encryption = _PLAIN_ENCRYPTION
    getattr(bucket, "sandbox_documents", {}).pop("encryption", None)


@replaces(S3Backend, "put_bucket_versioning")
def _put_bucket_versioning(original: Any, self: Any, bucket_name: str, status: str) -> None:
    if self.get_bucket(bucket_name).object_lock_enabled and status != "Enabled":
        raise S3ClientError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        )
    original(self, bucket_name, status)


@replaces(FakeBucket, "get_permission")
def _get_permission(original: Any, self: Any, action: str, resource: str) -> Any:
    """moto takes a statement for unconditional: one that denies plain HTTP would close the bucket to everybody here.

    So statements with conditions are kept and returned, but only unconditional ones are enforced.
    """
    kept = self.policy
    if kept is None:
        return original(self, action, resource)
    document = json.loads(kept)
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    document["Statement"] = [statement for statement in statements if "Condition" not in statement]
    try:
        self.policy = json.dumps(document).encode()
        return original(self, action, resource)
    finally:
        self.policy = kept


@replaces(FakeBucket, "_log_permissions_enabled_policy")
def _delivery_is_allowed(_original: Any, _bucket: Any, target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether a policy lets S3 deliver access logs; moto reads neither lists of resources nor ``"Principal": "*"``."""
    document = json.loads(target_bucket.policy or b'{"Statement": []}')
    arn = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/"
    wanted = {f"{arn}*", f"{arn}{target_prefix or ''}*"}
    for statement in document["Statement"]:
        principal = statement.get("Principal")
        service = _list(principal.get("Service")) if isinstance(principal, dict) else []
        allowed = statement["Effect"] == "Allow" and "s3:PutObject" in _list(statement.get("Action"))
        if allowed and "logging.s3.amazonaws.com" in service and wanted & {*_list(statement.get("Resource"))}:
            return True
    return False


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _with_ids(rules: list[dict[str, Any]], key: str) -> None:
    for rule in rules:
        rule.setdefault(key, str(uuid.uuid4()))


def _lifecycle(given: dict[str, Any]) -> dict[str, Any]:
    rules = given["LifecycleConfiguration"]["Rules"]
    _with_ids(rules, "ID")
    size = given.get("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    return {"Rules": rules, "TransitionDefaultMinimumObjectSize": size}


def _encryption(given: dict[str, Any]) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": given["ServerSideEncryptionConfiguration"]}


def _logging(given: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = given["BucketLoggingStatus"]
    return status


def _notification(given: dict[str, Any]) -> dict[str, Any]:
    configuration: dict[str, Any] = given["NotificationConfiguration"]
    for kind, rules in configuration.items():
        if kind.endswith("Configurations"):
            _with_ids(rules, "Id")
    return configuration


def _replication(given: dict[str, Any]) -> dict[str, Any]:
    configuration = given["ReplicationConfiguration"]
    _with_ids(configuration["Rules"], "ID")
    return {"ReplicationConfiguration": configuration}


_DOCUMENTS = {
    # part of the query: operation that puts it, what the operation that gets it answers, moto's method for that
    "encryption": ("PutBucketEncryption", _encryption, "get_bucket_encryption"),
    "lifecycle": ("PutBucketLifecycleConfiguration", _lifecycle, "get_bucket_lifecycle"),
    "logging": ("PutBucketLogging", _logging, "get_bucket_logging"),
    "notification": ("PutBucketNotificationConfiguration", _notification, "get_bucket_notification"),
    "replication": ("PutBucketReplication", _replication, "get_bucket_replication"),
}


@replaces(S3Response, "_bucket_response_put")
def _bucket_response_put(original: Any, self: Any, request: Any, bucket_name: str, query: dict[str, Any]) -> Any:
    """Keep the configuration as it came, because moto's own form drops members (sizes, formats, criteria, events)."""
    answer = original(self, request, bucket_name, query)
    bucket = self.backend.get_bucket(bucket_name)
    for part, (operation, document, _) in _DOCUMENTS.items():
        if part in query:
            self.data["Action"] = operation
            bucket.__dict__.setdefault("sandbox_documents", {})[part] = document(_without_empty(parameters(self)))
            return answer
    if not query:
        self.data["Action"] = "CreateBucket"
        tags = (parameters(self).get("CreateBucketConfiguration") or {}).get("Tags") or []
        if tags:
            self.backend.put_bucket_tagging(bucket_name, {tag["Key"]: tag["Value"] for tag in tags})
    return answer


def _without_empty(value: Any) -> Any:
    """``value`` without the members that the parser made up for elements that were not there."""
    if isinstance(value, dict):
        return {name: _without_empty(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_empty(member) for member in value]
    return value


def _answer_from_document(part: str, method: str) -> None:
    @replaces(S3Response, method)
    def _get(original: Any, self: Any) -> Any:
        answer = original(self)  # raises where there is no configuration
        document = getattr(self.backend.get_bucket(self.bucket_name), "sandbox_documents", {}).get(part)
        return self.serialized(ActionResult(document)) if document is not None else answer


for _part, _row in _DOCUMENTS.items():
    _answer_from_document(_part, _row[2])
