"""Aurora clusters and their instances."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Type
from sandbox.providers.aws.types.rds_groups import tags_of

_CLUSTER = {"DBClusterIdentifier": "id"}
_INSTANCE = {"DBInstanceIdentifier": "id"}


def _exports(rds: Any, seen: Context) -> None:
    """Logs are exported kind by kind."""
    wanted = set(seen.get("enabledCloudwatchLogsExports") or [])
    old = set(seen["old"].get("enabledCloudwatchLogsExports") or [])
    kinds = {"EnableLogTypes": sorted(wanted - old), "DisableLogTypes": sorted(old - wanted)}
    rds.modify_db_cluster(DBClusterIdentifier=seen["id"], CloudwatchLogsExportConfiguration=kinds)


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
        tags=tags_of("DBClusterArn || arn"),
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
        tags=tags_of("DBInstanceArn || arn"),
    ),
]
