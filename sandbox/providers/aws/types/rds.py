"""Aurora clusters, their instances and what both are made in."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_CLUSTER = {"DBClusterIdentifier": "id"}
_INSTANCE = {"DBInstanceIdentifier": "id"}
_SUBNETS = {"DBSubnetGroupName": "id"}
_PARAMETERS = {"DBClusterParameterGroupName": "id"}
_MANAGED = "Managed by Pulumi"
_AT_ONCE = 20
"""Parameters that one call takes."""


def _tags(arn: str) -> Tags:
    resource = {"ResourceName": arn}
    return Tags(
        Call("AddTagsToResource", resource),
        Call("RemoveTagsFromResource", resource),
        Call("ListTagsForResource", resource, at="TagList"),
    )


def _exports(rds: Any, seen: Context) -> None:
    """Logs are exported kind by kind."""
    wanted = set(seen.get("enabledCloudwatchLogsExports") or [])
    old = set(seen["old"].get("enabledCloudwatchLogsExports") or [])
    kinds = {"EnableLogTypes": sorted(wanted - old), "DisableLogTypes": sorted(old - wanted)}
    rds.modify_db_cluster(DBClusterIdentifier=seen["id"], CloudwatchLogsExportConfiguration=kinds)


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


_SHARED = {
    "EnableIAMDatabaseAuthentication": "iamDatabaseAuthenticationEnabled",
    "EnablePerformanceInsights": "performanceInsightsEnabled",
}

TYPES = [
    Type(
        "aws:rds/cluster:Cluster",
        client="rds",
        create=Call(
            "CreateDBCluster",
            {
                **_SHARED,
                "DBClusterIdentifier": "clusterIdentifier",
                "EnableCloudwatchLogsExports": "enabledCloudwatchLogsExports",
            },
            at="DBCluster",
        ),
        id="clusterIdentifier",
        id_parts="{clusterIdentifier}",
        read=(Call("DescribeDBClusters", {"DBClusterIdentifier": "id || clusterIdentifier"}, at="DBClusters[0]"),),
        ready="Status=='available' && (!MasterUserSecret || MasterUserSecret.SecretStatus=='active')",
        update=(
            Call(
                "ModifyDBCluster",
                {
                    **_CLUSTER,
                    "EnableIAMDatabaseAuthentication": "iamDatabaseAuthenticationEnabled || `false`",
                    "EnablePerformanceInsights": "performanceInsightsEnabled || `false`",
                    "DeletionProtection": "deletionProtection || `false`",
                },
                without=frozenset({"manageMasterUserPassword", "masterUserSecretKmsKeyId", "engineMode"}),
            ),
            Code(_exports, frozenset({"enabledCloudwatchLogsExports"})),
        ),
        delete=(
            Call(
                "DeleteDBCluster",
                {
                    **_CLUSTER,
                    "FinalDBSnapshotIdentifier": "!skipFinalSnapshot && finalSnapshotIdentifier || `null`",
                },
            ),
        ),
        delete_waits=True,
        name="clusterIdentifier",
        replace=frozenset(
            {
                *("clusterIdentifier", "engine", "engineMode", "databaseName", "masterUsername", "dbSubnetGroupName"),
                *("kmsKeyId", "storageEncrypted", "availabilityZones", "region"),
            }
        ),
        defaults={
            "copyTagsToSnapshot": False,
            "deletionProtection": False,
            "iamDatabaseAuthenticationEnabled": False,
            "performanceInsightsEnabled": False,
            "storageEncrypted": False,
        },
        local=frozenset(
            {
                *("applyImmediately", "skipFinalSnapshot", "finalSnapshotIdentifier", "deleteAutomatedBackups"),
                "allowMajorVersionUpgrade",
            }
        ),
        back={
            "clusterIdentifier": "DBClusterIdentifier",
            "dbSubnetGroupName": "DBSubnetGroup",
            "dbClusterParameterGroupName": "DBClusterParameterGroup",
            "vpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
            "manageMasterUserPassword": "MasterUserSecret && `true`",
            "masterUserSecretKmsKeyId": "MasterUserSecret.KmsKeyId",
            "serverlessv2ScalingConfiguration": "ServerlessV2ScalingConfiguration",
            "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
        },
        outputs={
            "arn": "DBClusterArn",
            "clusterResourceId": "DbClusterResourceId",
            "endpoint": "Endpoint",
            "readerEndpoint": "ReaderEndpoint",
            "engineVersionActual": "EngineVersion",
            "hostedZoneId": "HostedZoneId",
            "masterUserSecrets": "MasterUserSecret && [{kmsKeyId: MasterUserSecret.KmsKeyId, "
            "secretArn: MasterUserSecret.SecretArn, secretStatus: MasterUserSecret.SecretStatus}]",
            "port": "Port",
        },
        tags=_tags("DBClusterArn || arn"),
    ),
    Type(
        "aws:rds/clusterInstance:ClusterInstance",
        client="rds",
        create=Call(
            "CreateDBInstance",
            {
                **_SHARED,
                "DBInstanceIdentifier": "identifier",
                "DBClusterIdentifier": "clusterIdentifier",
                "DBInstanceClass": "instanceClass",
                "CACertificateIdentifier": "caCertIdentifier",
            },
            at="DBInstance",
        ),
        id="identifier",
        id_parts="{identifier}",
        read=(Call("DescribeDBInstances", {"DBInstanceIdentifier": "id || identifier"}, at="DBInstances[0]"),),
        ready="DBInstanceStatus=='available'",
        update=(
            Call(
                "ModifyDBInstance",
                {
                    **_INSTANCE,
                    "DBInstanceClass": "instanceClass",
                    "CACertificateIdentifier": "caCertIdentifier",
                    "EnablePerformanceInsights": "performanceInsightsEnabled",
                },
                # An instance has its cluster's version and network.
                without=frozenset({"engine", "engineVersion", "dbSubnetGroupName"}),
            ),
        ),
        delete=(Call("DeleteDBInstance", {**_INSTANCE, "SkipFinalSnapshot": "`true`"}),),
        delete_waits=True,
        name="identifier",
        replace=frozenset(
            {"identifier", "clusterIdentifier", "engine", "availabilityZone", "dbSubnetGroupName", "region"}
        ),
        defaults={"publiclyAccessible": False, "copyTagsToSnapshot": False},
        local=frozenset({"applyImmediately", "engineVersion"}),
        back={
            "identifier": "DBInstanceIdentifier",
            "clusterIdentifier": "DBClusterIdentifier",
            "instanceClass": "DBInstanceClass",
            "caCertIdentifier": "CACertificateIdentifier",
            "dbSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName",
        },
        outputs={
            "arn": "DBInstanceArn",
            "dbiResourceId": "DbiResourceId",
            "endpoint": "Endpoint.Address",
            "port": "Endpoint.Port",
            "engineVersionActual": "EngineVersion",
            "kmsKeyId": "KmsKeyId",
            "storageEncrypted": "StorageEncrypted",
        },
        tags=_tags("DBInstanceArn || arn"),
    ),
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
        tags=_tags("DBSubnetGroupArn || arn"),
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
        tags=_tags("DBClusterParameterGroupArn || arn"),
    ),
]
