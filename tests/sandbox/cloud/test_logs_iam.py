"""Log groups keep key, period, class and protection; roles need what AWS needs of them."""

from typing import Any

import pytest

from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_role, policy, refused, trust

GROUPS = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group"
ADMINISTER = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": ["kms:PutKeyPolicy", "kms:Encrypt", "kms:Decrypt"],
    "Resource": "*",
}
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]


def encrypting(groups: str = "*", **more: Any) -> dict[str, Any]:
    """What a key's policy says to CloudWatch Logs."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
        "Action": USE,
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{GROUPS}:{groups}"}},
        **more,
    }


def make_key(aws: Call, *statements: dict[str, Any]) -> str:
    return str(aws("kms").create_key(Policy=policy(ADMINISTER, *statements))["KeyMetadata"]["Arn"])


def test_log_group(aws: Call) -> None:
    logs, key, other = aws("logs"), make_key(aws, encrypting()), make_key(aws, encrypting("/group"))
    logs.create_log_group(logGroupName="/group", kmsKeyId=key, tags={"data-class": "logs"})
    logs.put_retention_policy(logGroupName="/group", retentionInDays=365)
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/group")["logGroups"]
    assert (group["kmsKeyId"], group["retentionInDays"], group["logGroupClass"]) == (key, 365, "STANDARD")
    assert group["deletionProtectionEnabled"] is False
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"data-class": "logs"}

    logs.disassociate_kms_key(logGroupName="/group")
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix="/group")["logGroups"][0]
    logs.associate_kms_key(logGroupName="/group", kmsKeyId=other)
    assert logs.describe_log_groups(logGroupNamePrefix="/group")["logGroups"][0]["kmsKeyId"] == other

    logs.put_log_group_deletion_protection(logGroupIdentifier=group["logGroupArn"], deletionProtectionEnabled=True)
    with refused("ValidationException", "deletion protection"):
        logs.delete_log_group(logGroupName="/group")
    logs.put_log_group_deletion_protection(logGroupIdentifier="/group", deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="/group")
    with refused("ResourceNotFoundException"):
        logs.associate_kms_key(logGroupName="/group", kmsKeyId=key)


@pytest.mark.parametrize(
    "statement",
    [
        None,
        encrypting(Effect="Deny"),
        encrypting("/other"),
        encrypting(Action=USE[:2]),
        encrypting(Principal={"Service": "logs.us-east-1.amazonaws.com"}),
        encrypting(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    ],
)
def test_a_key_must_let_the_service_use_it(aws: Call, statement: dict[str, Any] | None) -> None:
    key = make_key(aws, *([statement] if statement else []))
    with refused("InvalidParameterException", "is not allowed to be used by logs.eu-west-1.amazonaws.com"):
        aws("logs").create_log_group(logGroupName="/keyed", kmsKeyId=key)


def test_a_key_must_be_there(aws: Call) -> None:
    logs, key = aws("logs"), make_key(aws, encrypting())
    with refused("InvalidParameterException", "could not be found"):
        logs.create_log_group(logGroupName="/keyed", kmsKeyId=f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/none")
    aws("kms").disable_key(KeyId=key)
    with refused("InvalidParameterException", "could not be found or is not allowed"):
        logs.create_log_group(logGroupName="/keyed", kmsKeyId=key)
    logs.create_log_group(logGroupName="/keyed", kmsKeyId="arn:aws:kms:eu-west-1:999999999999:key/elsewhere")
    plain = aws("kms").create_key()["KeyMetadata"]["Arn"]
    logs.create_log_group(logGroupName="/keyed-plainly", kmsKeyId=plain)


@pytest.mark.parametrize("days", [2, 364, 366, 3654])
def test_periods_that_do_not_exist(aws: Call, days: int) -> None:
    aws("logs").create_log_group(logGroupName=f"/period-{days}")
    with refused("InvalidParameterException", "retentionInDays must be one of"):
        aws("logs").put_retention_policy(logGroupName=f"/period-{days}", retentionInDays=days)


def test_a_role_needs_a_boundary_that_exists(aws: Call) -> None:
    iam, missing = aws("iam"), f"arn:aws:iam::{ACCOUNT}:policy/missing"
    with refused("NoSuchEntity", "missing does not exist"):
        iam.create_role(
            RoleName="bounded", AssumeRolePolicyDocument=trust("eks.amazonaws.com"), PermissionsBoundary=missing
        )
    document = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_role(
        RoleName="bounded", AssumeRolePolicyDocument=trust("eks.amazonaws.com"), PermissionsBoundary=boundary
    )
    role = iam.get_role(RoleName="bounded")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    with refused("NoSuchEntity"):
        iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=missing)


@pytest.mark.parametrize("document", ["{", "{}", policy()])
def test_a_role_needs_a_trust_policy(aws: Call, document: str) -> None:
    with refused("MalformedPolicyDocument"):
        aws("iam").create_role(RoleName="untrusted", AssumeRolePolicyDocument=document)


def test_the_policies_that_a_cluster_needs_are_there(aws: Call) -> None:
    make_role(aws, "cluster-role")
    for name in ("AmazonEKSClusterPolicy", "AmazonEKSComputePolicy", "AmazonEC2ContainerRegistryPullOnly"):
        aws("iam").attach_role_policy(RoleName="cluster-role", PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    with refused("NoSuchEntity"):
        aws("iam").attach_role_policy(RoleName="cluster-role", PolicyArn="arn:aws:iam::aws:policy/Nothing")
    with refused("DeleteConflict"):
        aws("iam").delete_role(RoleName="cluster-role")
