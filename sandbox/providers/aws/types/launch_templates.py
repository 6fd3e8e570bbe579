"""Launch templates: what is said of machines that others start."""

from typing import Any

from sandbox.providers.aws.shapes import build, tags_for, tags_of
from sandbox.providers.aws.table import Call, Code, Context, Type, arn
from sandbox.providers.aws.types.ec2 import TAGS

_DATA = {
    # input: member of a launch template's data
    "blockDeviceMappings": "BlockDeviceMappings",
    "disableApiTermination": "DisableApiTermination",
    "ebsOptimized": "EbsOptimized",
    "iamInstanceProfile": "IamInstanceProfile",
    "imageId": "ImageId",
    "instanceType": "InstanceType",
    "keyName": "KeyName",
    "metadataOptions": "MetadataOptions",
    "monitoring": "Monitoring",
    "tagSpecifications": "TagSpecifications",
    "userData": "UserData",
    "vpcSecurityGroupIds": "SecurityGroupIds",
}
_TEMPLATE = {"LaunchTemplateId": "id"}
_OWN = "launch-template"
_TOKEN = "aws:ec2/launchTemplate:LaunchTemplate"  # noqa: S105 -- a type's


def _data(ec2: Any, seen: Context) -> dict[str, Any]:
    members = ec2.meta.service_model.shape_for("RequestLaunchTemplateData").members
    data: dict[str, Any] = {}
    for name, member in _DATA.items():
        value = seen.get(name)
        if value is None:
            continue
        if name == "tagSpecifications":
            tags = members[member].member.members["Tags"]
            data[member] = [
                {"ResourceType": each["resourceType"], "Tags": tags_for(tags, each.get("tags") or {})} for each in value
            ]
        else:
            data[member] = build(members[member], value, f"{_TOKEN}: {name}")
    return data


def _create(ec2: Any, seen: Context) -> dict[str, Any]:
    specification = [{"ResourceType": _OWN, "Tags": seen["tagList"]}] if seen["tagList"] else []
    made: dict[str, Any] = ec2.create_launch_template(
        LaunchTemplateName=seen["name"],
        VersionDescription=seen.get("description") or "",
        LaunchTemplateData=_data(ec2, seen),
        TagSpecifications=specification,
    )["LaunchTemplate"]
    return made


def _change(ec2: Any, seen: Context) -> None:
    """A template's versions never change; a new one is its default where the program says so."""
    version = ec2.create_launch_template_version(
        LaunchTemplateId=seen["id"],
        VersionDescription=seen.get("description") or "",
        LaunchTemplateData=_data(ec2, seen),
    )["LaunchTemplateVersion"]["VersionNumber"]
    if seen.get("updateDefaultVersion"):
        ec2.modify_launch_template(LaunchTemplateId=seen["id"], DefaultVersion=str(version))


def _newest(ec2: Any, seen: Context) -> dict[str, Any]:
    found = ec2.describe_launch_template_versions(LaunchTemplateId=seen["id"], Versions=["$Latest"])
    version: dict[str, Any] = found["LaunchTemplateVersions"][0]
    data = version["LaunchTemplateData"]
    specifications = [each for each in data.get("TagSpecifications", []) if each["ResourceType"] != _OWN]
    data["TagSpecifications"] = [{**each, "Tags": tags_of(each.get("Tags"))} for each in specifications]
    return version


def _named(ec2: Any, seen: Context) -> dict[str, Any] | None:
    wanted = [{"Name": "launch-template-name", "Values": [seen["name"]]}]
    found = ec2.describe_launch_templates(Filters=wanted)["LaunchTemplates"]
    return {**found[0], **_newest(ec2, {"id": found[0]["LaunchTemplateId"]})} if found else None


_INPUTS = frozenset({*_DATA, "description", "name"})

TYPES = [
    Type(
        _TOKEN,
        client="ec2",
        create=Code(_create, _INPUTS),
        id="LaunchTemplateId",
        read=(
            Call("DescribeLaunchTemplates", {"LaunchTemplateIds": "[id]"}, at="LaunchTemplates[0]"),
            Code(_newest),
        ),
        find=Code(_named),
        update=(Code(_change, _INPUTS),),
        delete=(Call("DeleteLaunchTemplate", _TEMPLATE),),
        name="name",
        replace=frozenset({"name", "region"}),
        moves=frozenset({"latestVersion", "defaultVersion"}),
        local=frozenset({"updateDefaultVersion"}),
        back={
            "name": "LaunchTemplateName",
            "description": "VersionDescription",
            **{name: f"LaunchTemplateData.{member}" for name, member in _DATA.items()},
        },
        outputs={
            "arn": arn("ec2", "join('/', ['launch-template', id])"),
            "defaultVersion": "DefaultVersionNumber",
            "latestVersion": "LatestVersionNumber",
        },
        tags=TAGS,
    ),
]
