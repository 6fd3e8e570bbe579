"""KMS: rotation periods, states that forbid use, policies that may not lock everybody out, deletion when it is due."""

import datetime as dt
import json
from typing import Any

from moto.kms import responses
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

from sandbox.cloud import clock
from sandbox.cloud.extension import extend, fail, parameters, replaces

_DEFAULT_ROTATION_DAYS = 365
_MAY_CHANGE_POLICY = ("kms:*", "*", "kms:put*", "kms:putkeypolicy")


@replaces(KmsBackend, "create_key")
def _create_key(original: Any, self: Any, policy: Any, key_usage: Any, *args: Any, **kwargs: Any) -> Any:
    return original(self, policy, key_usage or "ENCRYPT_DECRYPT", *args, **kwargs)


@replaces(Key, "to_dict")
def _to_dict(original: Any, self: Any) -> dict[str, Any]:
    self.multi_region = bool(self.multi_region)  # a scanner stumbles over an absent value
    described: dict[str, Any] = original(self)
    if not described["KeyMetadata"]["SigningAlgorithms"]:
        del described["KeyMetadata"]["SigningAlgorithms"]
    return described


@replaces(KmsBackend, "_generate_default_keys")
def _generate_default_keys(original: Any, self: Any, alias_name: str) -> Any:
    """The key that AWS itself makes for a service is AWS's."""
    key_id = original(self, alias_name)
    if key_id is not None:
        self.keys[key_id].key_manager = "AWS"
    return key_id


@replaces(responses, "_assert_default_policy")
def _assert_default_policy(original: Any, policy_name: str | None) -> None:
    """A call need not name the policy: there is only one."""
    original(policy_name or "default")


@replaces(KmsResponse, "create_key")
def _check_and_create_key(original: Any, self: Any) -> Any:
    _check_policy(parameters(self))
    return original(self)


@replaces(KmsResponse, "put_key_policy")
def _put_key_policy(original: Any, self: Any) -> Any:
    _check_policy(parameters(self))
    return original(self)


def _check_policy(given: dict[str, Any]) -> None:
    """A policy is JSON and leaves somebody the right to change it, unless the caller waives that check."""
    if given.get("Policy") is None:
        return
    try:
        statements = json.loads(given["Policy"])["Statement"]
        statements = [statements] if isinstance(statements, dict) else list(statements)
    except (ValueError, KeyError, TypeError):
        fail("MalformedPolicyDocumentException", "Policy is not well-formed: it needs a Statement, in JSON")
    if given.get("BypassPolicyLockoutSafetyCheck"):
        return
    for statement in statements:
        actions = statement.get("Action", [])
        actions = [actions] if isinstance(actions, str) else actions
        if statement.get("Effect") == "Allow" and any(action.lower() in _MAY_CHANGE_POLICY for action in actions):
            return
    fail(
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    )


def _usable(backend: Any, key_id: str) -> Any:
    """The key, if its state allows it to be used or changed."""
    key = backend.keys.get(backend.any_id_to_key_id(key_id))
    if key is None:
        fail("NotFoundException", f"Key '{key_id}' does not exist")
    if key.key_state == "PendingDeletion":
        fail("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if key.key_state == "Disabled":
        fail("DisabledException", f"{key.arn} is disabled.")
    return key


@replaces(KmsBackend, "encrypt")
def _encrypt(original: Any, self: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
    _usable(self, key_id)
    return original(self, key_id, *args, **kwargs)


@replaces(KmsBackend, "decrypt")
def _decrypt(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    plaintext, arn = original(self, *args, **kwargs)
    _usable(self, arn)
    return plaintext, arn


def _accepts_arn(operation: str) -> None:
    @replaces(KmsBackend, operation)
    def _by_id(original: Any, self: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
        return original(self, self.get_key_id(key_id), *args, **kwargs)


for _operation in ("enable_key", "disable_key", "schedule_key_deletion", "cancel_key_deletion"):
    _accepts_arn(_operation)


@replaces(KmsBackend, "create_alias")
def _create_alias(original: Any, self: Any, target_key_id: str, alias_name: str) -> Any:
    key = self.keys[self.get_key_id(target_key_id)]
    if key.key_state == "PendingDeletion":
        fail("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    return original(self, target_key_id, alias_name)


def _enable_rotation(backend: Any, given: dict[str, Any]) -> None:
    key = _usable(backend, given["KeyId"])
    days = given.get("RotationPeriodInDays", _DEFAULT_ROTATION_DAYS)
    if not 90 <= days <= 2560:
        fail("ValidationException", f"RotationPeriodInDays must be between 90 and 2560, got {days}")
    key.key_rotation_status = True
    key.sandbox_rotation_days = days
    key.sandbox_rotation_since = clock.now()


def _rotation(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    key = backend.keys.get(backend.get_key_id(given["KeyId"]))
    if key is None:
        fail("NotFoundException", f"Key '{given['KeyId']}' does not exist")
    if not key.key_rotation_status:
        return {"KeyId": key.id, "KeyRotationEnabled": False}
    days = getattr(key, "sandbox_rotation_days", _DEFAULT_ROTATION_DAYS)
    since = getattr(key, "sandbox_rotation_since", clock.now())
    return {
        "KeyId": key.id,
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": days,
        "NextRotationDate": since + dt.timedelta(days=days),
    }


@clock.on_tick
def _delete_what_is_due(now: dt.datetime) -> None:
    for account in kms_backends.values():
        for backend in account.values():
            for key in list(backend.keys.values()):
                if key.deletion_date and key.deletion_date <= now.replace(tzinfo=None):
                    backend.delete_key(key.id)


extend("kms", {"EnableKeyRotation": _enable_rotation, "GetKeyRotationStatus": _rotation})
