"""Keys rotate, refuse what their state forbids, cannot be locked out and are gone when their window has passed."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.helpers import ACCOUNT, Call, policy, refused

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
CAREFUL = {"Effect": "Allow", "Principal": ROOT, "Action": ["kms:PutKeyPolicy", "kms:Describe*"], "Resource": "*"}


@pytest.fixture
def kms(aws: Call) -> Any:
    return aws("kms")


def make(kms: Any, **more: Any) -> str:
    return str(kms.create_key(**more)["KeyMetadata"]["KeyId"])


def test_what_is_known_of_a_new_key(kms: Any) -> None:
    about = kms.describe_key(KeyId=make(kms))["KeyMetadata"]
    assert (about["MultiRegion"], about["KeyUsage"], about["KeyState"]) == (False, "ENCRYPT_DECRYPT", "Enabled")
    about = kms.describe_key(KeyId=make(kms, MultiRegion=True))["KeyMetadata"]
    assert about["MultiRegion"] is True
    assert about["KeyId"].startswith("mrk-")


def test_rotation_has_a_period(kms: Any) -> None:
    key = make(kms)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("{", "not well-formed"),
        ('{"Version": "2012-10-17"}', "not well-formed"),
        (policy(), "will not allow you to update the key policy"),
        (policy({**CAREFUL, "Action": "kms:Decrypt"}), "will not allow you to update the key policy"),
        (policy({**CAREFUL, "Effect": "Deny"}), "will not allow you to update the key policy"),
    ],
)
def test_a_policy_that_locks_everybody_out(kms: Any, document: str, text: str) -> None:
    with refused("MalformedPolicyDocumentException", text):
        kms.create_key(Policy=document)
    key = make(kms)
    with refused("MalformedPolicyDocumentException", text):
        kms.put_key_policy(KeyId=key, Policy=document)


def test_a_careful_policy_is_kept(kms: Any) -> None:
    key = make(kms, Policy=policy(CAREFUL))
    assert kms.get_key_policy(KeyId=key)["Policy"] == policy(CAREFUL)
    kms.put_key_policy(KeyId=key, Policy=policy(), BypassPolicyLockoutSafetyCheck=True)
    assert kms.get_key_policy(KeyId=key)["Policy"] == policy()


def test_deletion(cloud: Cloud, kms: Any) -> None:
    key = make(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    about = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (about["KeyState"], about["Enabled"]) == ("PendingDeletion", False)
    attempts: list[Callable[[], Any]] = [
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.decrypt(CiphertextBlob=blob),
        lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
        lambda: kms.enable_key_rotation(KeyId=key),
        lambda: kms.create_alias(AliasName="alias/late", TargetKeyId=key),
    ]
    for attempt in attempts:
        with refused("KMSInvalidStateException", "is pending deletion"):
            attempt()
    cloud.advance(6 * 86400)
    kms.describe_key(KeyId=key)
    cloud.advance(2 * 86400)
    with refused("NotFoundException"):
        kms.describe_key(KeyId=key)


def test_keys_by_arn(kms: Any) -> None:
    arn = kms.describe_key(KeyId=make(kms))["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=30)
    kms.cancel_key_deletion(KeyId=arn)
    kms.enable_key(KeyId=arn)
    kms.disable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_disabled_key_is_of_no_use(kms: Any) -> None:
    key = make(kms)
    kms.disable_key(KeyId=key)
    with refused("DisabledException"):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    kms.enable_key(KeyId=key)
    kms.encrypt(KeyId=key, Plaintext=b"x")


@pytest.mark.parametrize("operation", ["get_key_rotation_status", "enable_key_rotation"])
def test_a_key_that_does_not_exist(kms: Any, operation: str) -> None:
    with refused("NotFoundException", "does not exist"):
        getattr(kms, operation)(KeyId="00000000-0000-0000-0000-000000000000")
