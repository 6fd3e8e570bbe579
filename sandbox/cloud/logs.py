"""CloudWatch Logs: keys of log groups that change, retention periods as AWS has them, deletion protection."""

from typing import Any

from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from sandbox.cloud.extension import extend, fail, parameters, replaces
from sandbox.cloud.key_policy import may_use

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827),
    *(2192, 2557, 2922, 3288, 3653),
)
"""The periods that CloudWatch Logs knows."""


@replaces(LogsResponse, "create_log_group")
def _create_log_group(original: Any, self: Any) -> Any:
    """Refused with a key that the service may not use: nothing would be kept."""
    given = parameters(self)
    _check_key(self.logs_backend, given["logGroupName"], given.get("kmsKeyId"))
    answer = original(self)
    group = self.logs_backend.groups[given["logGroupName"]]
    group.sandbox_class = given.get("logGroupClass", "STANDARD")
    group.sandbox_protected = given.get("deletionProtectionEnabled", False)
    return answer


@replaces(LogGroup, "to_describe_dict")
def _to_describe_dict(original: Any, self: Any) -> dict[str, Any]:
    described: dict[str, Any] = original(self)
    described["logGroupClass"] = getattr(self, "sandbox_class", "STANDARD")
    described["deletionProtectionEnabled"] = getattr(self, "sandbox_protected", False)
    return described


@replaces(LogsBackend, "put_retention_policy")
def _put_retention_policy(original: Any, self: Any, log_group_name: str, retention_in_days: int) -> Any:
    if retention_in_days not in RETENTION_DAYS:
        accepted = ", ".join(map(str, RETENTION_DAYS))
        fail("InvalidParameterException", f"retentionInDays must be one of [{accepted}], got {retention_in_days}")
    return original(self, log_group_name, retention_in_days)


@replaces(LogsBackend, "delete_log_group")
def _delete_log_group(original: Any, self: Any, log_group_name: str) -> Any:
    if getattr(self.groups.get(log_group_name), "sandbox_protected", False):
        fail("ValidationException", f"Log group {log_group_name} has deletion protection enabled")
    return original(self, log_group_name)


def _group(backend: Any, given: dict[str, Any]) -> Any:
    name = given.get("logGroupName") or given.get("logGroupIdentifier") or given.get("resourceIdentifier", "")
    name = name.split(":log-group:")[-1].removesuffix(":*")
    return backend.groups.get(name) or fail("ResourceNotFoundException", "The specified log group does not exist.")


def _check_key(backend: Any, name: str, key: str | None) -> None:
    arn = f"arn:aws:logs:{backend.region_name}:{backend.account_id}:log-group:{name}"
    service = f"logs.{backend.region_name}.amazonaws.com"
    if key and not may_use(backend, key, service, {"kms:EncryptionContext:aws:logs:arn": arn}):
        fail(
            "InvalidParameterException",
            f"The specified KMS Key Id could not be found or is not allowed to be used by {service} with {arn}: {key}",
        )


def _associate(backend: Any, given: dict[str, Any]) -> None:
    group = _group(backend, given)
    _check_key(backend, group.name, given["kmsKeyId"])
    group.kms_key_id = given["kmsKeyId"]


def _disassociate(backend: Any, given: dict[str, Any]) -> None:
    _group(backend, given).kms_key_id = None


def _protect(backend: Any, given: dict[str, Any]) -> None:
    _group(backend, given).sandbox_protected = given["deletionProtectionEnabled"]


extend(
    "logs",
    {
        "AssociateKmsKey": _associate,
        "DisassociateKmsKey": _disassociate,
        "PutLogGroupDeletionProtection": _protect,
    },
)
