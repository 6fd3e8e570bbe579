"""What Aurora clusters are made in: groups of subnets and of parameters."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_SUBNETS = {"DBSubnetGroupName": "id"}
_PARAMETERS = {"DBClusterParameterGroupName": "id"}
_MANAGED = "Managed by Pulumi"
_AT_ONCE = 20
"""Parameters that one call takes."""


def tags_of(arn: str) -> Tags:
    """How RDS tags what has this ARN, an expression."""
    resource = {"ResourceName": arn}
    return Tags(
        Call("AddTagsToResource", resource),
        Call("RemoveTagsFromResource", resource),
        Call("ListTagsForResource", resource, at="TagList"),
    )


def _parameters(rds: Any, seen: Context) -> None:
    """Set what the program says, and put back what it says no longer."""
    name, wanted = seen["id"], seen.get("parameters") or []
    method = {"ApplyMethod": "immediate"}
    given = [
        {"ParameterName": each["name"], "ParameterValue": each["value"], **method}
        | ({"ApplyMethod": each["applyMethod"]} if each.get("applyMethod") else {})
        for each in wanted
    ]
    kept = {each["name"] for each in wanted}
    gone = sorted({each["name"] for each in seen.get("old", {}).get("parameters") or []} - kept)
    dropped = [{"ParameterName": parameter, **method} for parameter in gone]
    for operation, parameters in (
        (rds.modify_db_cluster_parameter_group, given),
        (rds.reset_db_cluster_parameter_group, dropped),
    ):
        for begin in range(0, len(parameters), _AT_ONCE):
            operation(DBClusterParameterGroupName=name, Parameters=parameters[begin : begin + _AT_ONCE])


TYPES = [
    Type(
        "aws:rds/subnetGroup:SubnetGroup",
        client="rds",
        create=Call(
            "CreateDBSubnetGroup",
            {"DBSubnetGroupName": "name", "DBSubnetGroupDescription": "description"},
            at="DBSubnetGroup",
        ),
        id="name",
        id_parts="{name}",
        read=(Call("DescribeDBSubnetGroups", {"DBSubnetGroupName": "id || name"}, at="DBSubnetGroups[0]"),),
        update=(Call("ModifyDBSubnetGroup", {**_SUBNETS, "DBSubnetGroupDescription": "description"}),),
        delete=(Call("DeleteDBSubnetGroup", _SUBNETS),),
        name="name",
        replace=frozenset({"name", "region"}),
        defaults={"description": _MANAGED},
        back={
            "name": "DBSubnetGroupName",
            "description": "DBSubnetGroupDescription",
            "subnetIds": "Subnets[].SubnetIdentifier",
        },
        outputs={"arn": "DBSubnetGroupArn", "vpcId": "VpcId"},
        tags=tags_of("DBSubnetGroupArn || arn"),
    ),
    Type(
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        client="rds",
        create=Call(
            "CreateDBClusterParameterGroup",
            {"DBClusterParameterGroupName": "name", "DBParameterGroupFamily": "family"},
            at="DBClusterParameterGroup",
        ),
        id="name",
        id_parts="{name}",
        read=(
            Call(
                "DescribeDBClusterParameterGroups",
                {"DBClusterParameterGroupName": "id || name"},
                at="DBClusterParameterGroups[0]",
            ),
            Call(
                "DescribeDBClusterParameters",
                {"DBClusterParameterGroupName": "id || name", "Source": "'user'"},
                into="own",
            ),
        ),
        settle=(Code(_parameters, frozenset({"parameters"})),),
        delete=(Call("DeleteDBClusterParameterGroup", _PARAMETERS),),
        name="name",
        replace=frozenset({"name", "family", "description", "region"}),
        defaults={"description": _MANAGED},
        back={
            "name": "DBClusterParameterGroupName",
            "family": "DBParameterGroupFamily",
            "parameters": "own.Parameters[].{name: ParameterName, value: ParameterValue, applyMethod: ApplyMethod}",
        },
        outputs={"arn": "DBClusterParameterGroupArn"},
        tags=tags_of("DBClusterParameterGroupArn || arn"),
    ),
]
