"""Log groups keep key, period, class and protection; roles need what AWS needs of them."""

import pytest

from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_role, policy, refused, trust

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"


def test_log_group(aws: Call) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="/group", kmsKeyId=KEY, tags={"data-class": "logs"})
    logs.put_retention_policy(logGroupName="/group", retentionInDays=365)
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/group")["logGroups"]
    assert (group["kmsKeyId"], group["retentionInDays"], group["logGroupClass"]) == (KEY, 365, "STANDARD")
    assert group["deletionProtectionEnabled"] is False
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"data-class": "logs"}

    logs.disassociate_kms_key(logGroupName="/group")
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix="/group")["logGroups"][0]
    logs.associate_kms_key(logGroupName="/group", kmsKeyId=KEY + "2")
    assert logs.describe_log_groups(logGroupNamePrefix="/group")["logGroups"][0]["kmsKeyId"] == KEY + "2"

    logs.put_log_group_deletion_protection(logGroupIdentifier=group["logGroupArn"], deletionProtectionEnabled=True)
    with refused("ValidationException", "deletion protection"):
        logs.delete_log_group(logGroupName="/group")
    logs.put_log_group_deletion_protection(logGroupIdentifier="/group", deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="/group")
    with refused("ResourceNotFoundException"):
        logs.associate_kms_key(logGroupName="/group", kmsKeyId=KEY)


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
