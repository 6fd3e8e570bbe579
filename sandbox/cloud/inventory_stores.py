"""Tables, databases and secrets that exist."""

from collections.abc import Iterator

from sandbox.cloud.item import Call, Item, tags_of


def _tables(call: Call) -> Iterator[Item]:
    dynamodb = call("dynamodb")
    for page in dynamodb.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
            yield Item("table", name, tags_of(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]))


def _databases(call: Call) -> Iterator[Item]:
    rds = call("rds")
    for kind, operation, member, name, arn in _RDS:
        for thing in rds.get_paginator(operation).paginate().build_full_result()[member]:
            if not thing[name].startswith("default"):
                tags = tags_of(rds.list_tags_for_resource(ResourceName=thing[arn])["TagList"])
                yield Item(kind, thing[name], tags)


_RDS = (
    ("database", "describe_db_clusters", "DBClusters", "DBClusterIdentifier", "DBClusterArn"),
    ("database instance", "describe_db_instances", "DBInstances", "DBInstanceIdentifier", "DBInstanceArn"),
    (
        *("database snapshot", "describe_db_cluster_snapshots", "DBClusterSnapshots"),
        *("DBClusterSnapshotIdentifier", "DBClusterSnapshotArn"),
    ),
    ("database subnets", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName", "DBSubnetGroupArn"),
    (
        *("database parameters", "describe_db_cluster_parameter_groups", "DBClusterParameterGroups"),
        *("DBClusterParameterGroupName", "DBClusterParameterGroupArn"),
    ),
)


def _secrets(call: Call) -> Iterator[Item]:
    """Those that no service made for something of its own."""
    for page in call("secretsmanager").get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            tags = tags_of(secret.get("Tags", []))
            if "aws:secretsmanager:owningService" not in tags:
                yield Item("secret", secret["Name"], tags)


WALKS = (_tables, _databases, _secrets)
