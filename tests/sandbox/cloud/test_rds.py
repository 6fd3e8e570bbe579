"""Databases: what a cluster needs, what it keeps, what it holds on to, what it leaves."""

import json
from typing import Any

import pytest
from slipway.security import DataClass
from slipway.security._policies_stores import key_policy

from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_subnets, refused


@pytest.fixture(scope="module")
def place(aws: Call) -> dict[str, Any]:
    """A VPC with a subnet group and a security group."""
    vpc, subnets = make_subnets(aws)
    group = aws("ec2").create_security_group(GroupName="databases", Description="d", VpcId=vpc)["GroupId"]
    aws("rds").create_db_subnet_group(DBSubnetGroupName="databases", DBSubnetGroupDescription="d", SubnetIds=subnets)
    return {"vpc": vpc, "subnets": subnets, "group": group}


def make_cluster(aws: Call, name: str, **more: Any) -> dict[str, Any]:
    given = {
        "DBClusterIdentifier": name,
        "Engine": "aurora-postgresql",
        "EngineVersion": "17.7",
        "DBSubnetGroupName": "databases",
        "MasterUsername": "administrator",
        "ManageMasterUserPassword": True,
        **more,
    }
    made: dict[str, Any] = aws("rds").create_db_cluster(
        **{key: value for key, value in given.items() if value is not None}
    )["DBCluster"]
    return made


def make_instance(aws: Call, name: str, cluster: str, zone: str = "eu-west-1a") -> None:
    aws("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBClusterIdentifier=cluster,
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
        AvailabilityZone=zone,
    )


def describe(aws: Call, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    return found


@pytest.mark.parametrize(
    ("wrong", "code", "text"),
    [
        ({"DBSubnetGroupName": None}, "InvalidSubnet", "No default subnet"),
        ({"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault", "none"),
        ({"EngineVersion": "17.99"}, "InvalidParameterCombination", "Cannot find version 17.99"),
        ({"VpcSecurityGroupIds": ["sg-0a"]}, "InvalidVPCNetworkStateFault", "sg-0a"),
        ({"DBClusterParameterGroupName": "none"}, "DBClusterParameterGroupNotFound", "none"),
        (
            {"StorageEncrypted": True, "KmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/none"},
            "KMSKeyNotAccessibleFault",
            "kms_key_id",
        ),
    ],
)
def test_a_cluster_needs(aws: Call, place: dict[str, Any], wrong: dict[str, Any], code: str, text: str) -> None:
    with refused(code, text):
        make_cluster(aws, "refused", **wrong)


def test_keys_are_those_of_a_class_for_databases(aws: Call, place: dict[str, Any]) -> None:
    def key(data_class: DataClass) -> str:
        policy = key_policy(data_class, ACCOUNT, "eu-west-1", [])
        return str(aws("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])

    logs, personal = key(DataClass.LOGS), key(DataClass.PERSONAL)
    whole = {
        "StorageEncrypted": True,
        "KmsKeyId": personal,
        "MasterUserSecretKmsKeyId": personal,
        "EnablePerformanceInsights": True,
        "PerformanceInsightsKMSKeyId": personal,
    }
    for member in ("KmsKeyId", "MasterUserSecretKmsKeyId", "PerformanceInsightsKMSKeyId"):
        with refused("KMSKeyNotAccessibleFault"):
            make_cluster(aws, "keyed", **{**whole, member: logs})
    made = make_cluster(aws, "keyed", **whole)
    assert (made["KmsKeyId"], made["PerformanceInsightsKMSKeyId"]) == (personal, personal)
    assert made["PerformanceInsightsRetentionPeriod"] == 7
    with refused("KMSKeyNotAccessibleFault"):
        aws("rds").modify_db_cluster(DBClusterIdentifier="keyed", PerformanceInsightsKMSKeyId=logs)


def test_a_cluster_keeps_what_it_is_told(aws: Call, place: dict[str, Any]) -> None:
    rds = aws("rds")
    aws("logs").create_log_group(logGroupName="/aws/rds/cluster/kept/postgresql")
    aws("logs").put_retention_policy(logGroupName="/aws/rds/cluster/kept/postgresql", retentionInDays=30)
    made = make_cluster(
        aws,
        "kept",
        VpcSecurityGroupIds=[place["group"]],
        EnableIAMDatabaseAuthentication=True,
        EnableCloudwatchLogsExports=["postgresql"],
        ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 4.5, "SecondsUntilAutoPause": 300},
        DatabaseInsightsMode="standard",
    )
    assert made["ServerlessV2ScalingConfiguration"]["SecondsUntilAutoPause"] == 300
    with refused("DBClusterAlreadyExistsFault"):
        make_cluster(aws, "kept")
    rds.modify_db_cluster(
        DBClusterIdentifier="kept",
        EnableIAMDatabaseAuthentication=False,
        CloudwatchLogsExportConfiguration={"EnableLogTypes": ["iam-db-auth-error"], "DisableLogTypes": []},
        DatabaseInsightsMode="advanced",
        EnablePerformanceInsights=True,
        PerformanceInsightsRetentionPeriod=465,
        ManageMasterUserPassword=True,
    )
    changed = describe(aws, "kept")
    assert changed["IAMDatabaseAuthenticationEnabled"] is False
    assert changed["EnabledCloudwatchLogsExports"] == ["iam-db-auth-error", "postgresql"]
    assert (changed["DatabaseInsightsMode"], changed["PerformanceInsightsRetentionPeriod"]) == ("advanced", 465)
    assert changed["MasterUserSecret"]["SecretArn"] == made["MasterUserSecret"]["SecretArn"]
    groups = aws("logs").describe_log_groups(logGroupNamePrefix="/aws/rds/cluster/kept/")["logGroups"]
    kept = {group["logGroupName"].rpartition("/")[2]: group.get("retentionInDays") for group in groups}
    assert kept == {"iam-db-auth-error": None, "postgresql": 30}, "RDS makes what nobody made, without an end"
    with refused("InvalidParameterCombination", "Cannot find version"):
        rds.modify_db_cluster(DBClusterIdentifier="kept", EngineVersion="9.9")
    with refused("InvalidVPCNetworkStateFault"):
        rds.modify_db_cluster(DBClusterIdentifier="kept", VpcSecurityGroupIds=["sg-0a"])
    with refused("DBClusterNotFoundFault"):
        rds.modify_db_cluster(DBClusterIdentifier="none", DeletionProtection=True)


def test_the_administrators_secret_is_the_clusters(aws: Call, place: dict[str, Any]) -> None:
    secret = make_cluster(aws, "secret")["MasterUserSecret"]["SecretArn"]
    content = json.loads(aws("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
    assert content["username"] == "administrator"
    assert len(content["password"]) >= 30
    aws("rds").delete_db_cluster(DBClusterIdentifier="secret", SkipFinalSnapshot=True)
    assert secret not in {each["ARN"] for each in aws("secretsmanager").list_secrets()["SecretList"]}


def test_instances_keep_subnets_groups_and_cluster_in_use(aws: Call, place: dict[str, Any]) -> None:
    rds, ec2 = aws("rds"), aws("ec2")
    other = ec2.create_security_group(GroupName="others", Description="d", VpcId=place["vpc"])["GroupId"]
    make_cluster(aws, "placed", VpcSecurityGroupIds=[other])
    with refused("InvalidVPCNetworkStateFault", "eu-west-1c"):
        make_instance(aws, "placed-c", "placed", "eu-west-1c")
    make_instance(aws, "placed-a", "placed")
    make_instance(aws, "placed-b", "placed", "eu-west-1b")
    with refused("DBInstanceAlreadyExists"):
        make_instance(aws, "placed-a", "placed")
    instances = rds.describe_db_instances()["DBInstances"]
    ids = {each["DbiResourceId"] for each in instances if each["DBClusterIdentifier"] == "placed"}
    assert len(ids) == 2
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=other)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=place["subnets"][1])
    rds.modify_db_cluster(DBClusterIdentifier="placed", VpcSecurityGroupIds=[place["group"]])
    ec2.delete_security_group(GroupId=other)
    with refused("InvalidDBClusterStateFault"):
        rds.delete_db_cluster(DBClusterIdentifier="placed", SkipFinalSnapshot=True)
    for name in ("placed-a", "placed-b"):
        rds.delete_db_instance(DBInstanceIdentifier=name)
    here = [{"Name": "vpc-id", "Values": [place["vpc"]]}]
    interfaces = ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"]
    assert [each for each in interfaces if "RDS" in each["Description"]] == []
    rds.delete_db_cluster(DBClusterIdentifier="placed", SkipFinalSnapshot=True)


def test_what_a_deletion_leaves(aws: Call, place: dict[str, Any]) -> None:
    rds = aws("rds")

    def snapshots(name: str) -> dict[str, str]:
        found = rds.describe_db_cluster_snapshots(DBClusterIdentifier=name)["DBClusterSnapshots"]
        return {each["DBClusterSnapshotIdentifier"].partition(":")[0]: each["SnapshotType"] for each in found}

    make_cluster(aws, "left", DeletionProtection=True)
    with refused("InvalidParameterCombination", "protected"):
        rds.delete_db_cluster(DBClusterIdentifier="left", SkipFinalSnapshot=True)
    rds.modify_db_cluster(DBClusterIdentifier="left", DeletionProtection=False)
    with refused("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required"):
        rds.delete_db_cluster(DBClusterIdentifier="left")
    rds.delete_db_cluster(DBClusterIdentifier="left", FinalDBSnapshotIdentifier="left-final")
    assert snapshots("left") == {"left-final": "manual"}
    make_cluster(aws, "left")
    with refused("DBClusterSnapshotAlreadyExistsFault"):
        rds.delete_db_cluster(DBClusterIdentifier="left", FinalDBSnapshotIdentifier="left-final")
    make_cluster(aws, "keeps-backups")
    rds.delete_db_cluster(DBClusterIdentifier="keeps-backups", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    assert snapshots("keeps-backups") == {"rds": "automated"}


def test_subnet_groups(aws: Call, place: dict[str, Any]) -> None:
    rds, (first, second) = aws("rds"), place["subnets"]
    with refused("DBSubnetGroupAlreadyExists"):
        rds.create_db_subnet_group(
            DBSubnetGroupName="databases", DBSubnetGroupDescription="d", SubnetIds=[first, second]
        )
    with refused("DBSubnetGroupDoesNotCoverEnoughAZs"):
        rds.create_db_subnet_group(DBSubnetGroupName="one", DBSubnetGroupDescription="d", SubnetIds=[first])
    _, elsewhere = make_subnets(aws)
    with refused("InvalidSubnet", "same VPC"):
        rds.create_db_subnet_group(
            DBSubnetGroupName="two", DBSubnetGroupDescription="d", SubnetIds=[first, elsewhere[1]]
        )
    with refused("DBSubnetGroupNotFoundFault"):
        rds.modify_db_subnet_group(DBSubnetGroupName="none", SubnetIds=[first, second])
    make_cluster(aws, "in-group")
    with refused("InvalidDBSubnetGroupStateFault"):
        rds.delete_db_subnet_group(DBSubnetGroupName="databases")


def test_parameter_groups(aws: Call, place: dict[str, Any]) -> None:
    rds = aws("rds")
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="own", DBParameterGroupFamily="aurora-postgresql17", Description="d"
    )
    parameters = [
        {"ParameterName": name, "ParameterValue": "1", "ApplyMethod": "immediate"}
        for name in ("rds.force_ssl", "log_connections", "log_disconnections")
    ]
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="own", Parameters=parameters)

    def names() -> list[str]:
        found = rds.describe_db_cluster_parameters(DBClusterParameterGroupName="own", Source="user")["Parameters"]
        return sorted(each["ParameterName"] for each in found)

    rds.reset_db_cluster_parameter_group(DBClusterParameterGroupName="own", Parameters=parameters[:1])
    assert names() == ["log_connections", "log_disconnections"]
    rds.reset_db_cluster_parameter_group(DBClusterParameterGroupName="own", ResetAllParameters=True)
    assert names() == []
    with refused("DBParameterGroupNotFound"):
        rds.reset_db_cluster_parameter_group(DBClusterParameterGroupName="none", ResetAllParameters=True)
    make_cluster(aws, "parametrised", DBClusterParameterGroupName="own")
    with refused("InvalidDBParameterGroupState"):
        rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName="own")
    rds.delete_db_cluster(DBClusterIdentifier="parametrised", SkipFinalSnapshot=True)
    rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName="own")
