"""Roles and policies."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_ROLE = {"RoleName": "id"}
_POLICY = {"PolicyArn": "id"}
_PROFILE = {"InstanceProfileName": "id"}
_ROLE_POLICY = Call("PutRolePolicy", {"RoleName": "role", "PolicyName": "name", "PolicyDocument": "policy"})
_MOST_VERSIONS = 5


def _detach_all(iam: Any, seen: Context) -> None:
    """``forceDetachPolicies``: what others attached goes with the role."""
    if not seen.get("forceDetachPolicies"):
        return
    for policy in iam.list_attached_role_policies(RoleName=seen["id"])["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=seen["id"], PolicyArn=policy["PolicyArn"])
    for name in iam.list_role_policies(RoleName=seen["id"])["PolicyNames"]:
        iam.delete_role_policy(RoleName=seen["id"], PolicyName=name)


def _old_versions(iam: Any, seen: Context) -> list[str]:
    versions = iam.list_policy_versions(PolicyArn=seen["id"])["Versions"]
    found = [version for version in versions if not version["IsDefaultVersion"]]
    return [version["VersionId"] for version in sorted(found, key=lambda version: str(version["CreateDate"]))]


def _new_version(iam: Any, seen: Context) -> None:
    """IAM keeps five versions of a policy; the oldest makes room."""
    old = _old_versions(iam, seen)
    for version in old[: len(old) + 2 - _MOST_VERSIONS]:
        iam.delete_policy_version(PolicyArn=seen["id"], VersionId=version)
    iam.create_policy_version(PolicyArn=seen["id"], PolicyDocument=seen["policy"], SetAsDefault=True)


def _delete_versions(iam: Any, seen: Context) -> None:
    for version in _old_versions(iam, seen):
        iam.delete_policy_version(PolicyArn=seen["id"], VersionId=version)


def _profile_role(iam: Any, seen: Context) -> None:
    """An instance profile holds one role; another one takes its place."""
    profile, wanted = seen["id"], seen.get("role")
    held = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    for role in held:
        if role["RoleName"] != wanted:
            iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=role["RoleName"])
    if wanted and not any(role["RoleName"] == wanted for role in held):
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=wanted)


def _empty_profile(iam: Any, seen: Context) -> None:
    _profile_role(iam, {**seen, "role": None})


TYPES = [
    Type(
        "aws:iam/role:Role",
        client="iam",
        regional=False,
        create=Call("CreateRole", {"RoleName": "name", "AssumeRolePolicyDocument": "assumeRolePolicy"}, at="Role"),
        id="RoleName || name",
        id_parts="{name}",
        read=(Call("GetRole", {"RoleName": "id || name"}, at="Role"),),
        update=(
            Call("UpdateAssumeRolePolicy", {**_ROLE, "PolicyDocument": "assumeRolePolicy"}),
            Call("UpdateRole", {**_ROLE, "Description": "description || ''"}),
            Call("PutRolePermissionsBoundary", _ROLE, when="permissionsBoundary"),
            Call("DeleteRolePermissionsBoundary", _ROLE, when="!permissionsBoundary"),
        ),
        before_delete=(Code(_detach_all),),
        delete=(Call("DeleteRole", _ROLE),),
        name="name",
        replace=frozenset({"name", "path"}),
        defaults={"maxSessionDuration": 3600, "path": "/"},
        local=frozenset({"forceDetachPolicies"}),
        back={
            "name": "RoleName",
            "assumeRolePolicy": "AssumeRolePolicyDocument",
            "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
            "description": "Description",
            "maxSessionDuration": "MaxSessionDuration",
            "path": "Path",
        },
        outputs={"arn": "Arn", "uniqueId": "RoleId", "path": "Path", "createDate": "CreateDate"},
        tags=Tags(Call("TagRole", _ROLE), Call("UntagRole", _ROLE)),
    ),
    Type(
        "aws:iam/rolePolicy:RolePolicy",
        client="iam",
        regional=False,
        create=_ROLE_POLICY,
        update=(_ROLE_POLICY,),
        id="join(':', [role, name])",
        id_parts="{role}:{name}",
        read=(Call("GetRolePolicy", {"RoleName": "role", "PolicyName": "name"}),),
        delete=(Call("DeleteRolePolicy", {"RoleName": "role", "PolicyName": "name"}),),
        name="name",
        replace=frozenset({"name", "role"}),
        back={"policy": "PolicyDocument", "name": "PolicyName", "role": "RoleName"},
    ),
    Type(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        client="iam",
        regional=False,
        create=Call("AttachRolePolicy", {"RoleName": "role"}),
        id="join('/', [role, policyArn])",
        id_parts="{role}/{policyArn}",
        read=(
            Call(
                "ListAttachedRolePolicies",
                {"RoleName": "role"},
                at="AttachedPolicies[?PolicyArn=='$policyArn'] | [0]",
            ),
        ),
        delete=(Call("DetachRolePolicy", {"RoleName": "role"}),),
        replace=frozenset({"role", "policyArn"}),
    ),
    Type(
        "aws:iam/policy:Policy",
        client="iam",
        regional=False,
        create=Call("CreatePolicy", {"PolicyName": "name", "PolicyDocument": "policy"}, at="Policy"),
        id="Arn || join('', ['arn:', here.partition, ':iam::', here.account, ':policy', path || '/', name])",
        read=(
            Call("GetPolicy", _POLICY, at="Policy"),
            Call("GetPolicyVersion", {**_POLICY, "VersionId": "DefaultVersionId"}, at="PolicyVersion", into="version"),
        ),
        update=(Code(_new_version, frozenset({"policy"})),),
        before_delete=(Code(_delete_versions),),
        delete=(Call("DeletePolicy", _POLICY),),
        name="name",
        replace=frozenset({"name", "path", "description"}),
        defaults={"path": "/"},
        local=frozenset({"delayAfterPolicyCreationInMs"}),
        back={"policy": "version.Document", "name": "PolicyName", "path": "Path", "description": "Description"},
        outputs={"arn": "Arn", "policyId": "PolicyId", "attachmentCount": "AttachmentCount", "path": "Path"},
        tags=Tags(Call("TagPolicy", _POLICY), Call("UntagPolicy", _POLICY), Call("ListPolicyTags", _POLICY, at="Tags")),
    ),
    Type(
        "aws:iam/instanceProfile:InstanceProfile",
        client="iam",
        regional=False,
        create=Call("CreateInstanceProfile", {"InstanceProfileName": "name"}, at="InstanceProfile"),
        id="InstanceProfileName || name",
        id_parts="{name}",
        read=(Call("GetInstanceProfile", {"InstanceProfileName": "id || name"}, at="InstanceProfile"),),
        settle=(Code(_profile_role, frozenset({"role"})),),
        before_delete=(Code(_empty_profile),),
        delete=(Call("DeleteInstanceProfile", _PROFILE),),
        name="name",
        replace=frozenset({"name", "path"}),
        defaults={"path": "/"},
        back={"name": "InstanceProfileName", "path": "Path", "role": "Roles[0].RoleName"},
        outputs={"arn": "Arn", "uniqueId": "InstanceProfileId", "createDate": "CreateDate"},
        tags=Tags(Call("TagInstanceProfile", _PROFILE), Call("UntagInstanceProfile", _PROFILE)),
    ),
]
