"""The lives of tables and databases."""

from tests.sandbox.providers.cases import Case, World


def _table(world: World) -> str:
    inputs = {
        "billingMode": "PAY_PER_REQUEST",
        "attributes": [{"name": "airport", "type": "S"}],
        "hashKey": "airport",
    }
    return world._once("table", "aws:dynamodb/table:Table", inputs).id


def _subnet_group(world: World) -> str:
    subnets = [world.subnet(2, "a"), world.subnet(3, "b")]
    return world._once("database-subnets", "aws:rds/subnetGroup:SubnetGroup", {"subnetIds": subnets}).id


def _database(world: World) -> str:
    inputs = {
        "engine": "aurora-postgresql",
        "masterUsername": "administrator",
        "manageMasterUserPassword": True,
        "dbSubnetGroupName": _subnet_group(world),
        "serverlessv2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 1},
        "skipFinalSnapshot": True,
    }
    return world._once("database", "aws:rds/cluster:Cluster", inputs).id


CASES = [
    Case(
        "aws:dynamodb/table:Table",
        lambda w: {
            "name": "acme-dev-airports",
            "billingMode": "PAY_PER_REQUEST",
            "attributes": [{"name": "airport", "type": "S"}, {"name": "hour", "type": "N"}],
            "hashKey": "airport",
            "rangeKey": "hour",
            "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 7},
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": w.key().outputs["arn"]},
            "ttl": {"enabled": True, "attributeName": "expires"},
            "streamEnabled": True,
            "streamViewType": "KEYS_ONLY",
            "deletionProtectionEnabled": True,
            "tableClass": "STANDARD",
            "onDemandThroughput": {"maxReadRequestUnits": 10},
            "tags": {"a": "1"},
        },
        lambda w: {
            "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": w.key("other-key").outputs["arn"]},
            "ttl": {"enabled": True, "attributeName": "until"},
            "streamViewType": "NEW_IMAGE",
            "deletionProtectionEnabled": None,
            "tableClass": "STANDARD_INFREQUENT_ACCESS",
            "onDemandThroughput": {"maxReadRequestUnits": 20},
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:dynamodb/table:Table",
        lambda _: {
            "billingMode": "PAY_PER_REQUEST",
            "attributes": [{"name": "a", "type": "B"}],
            "hashKey": "a",
            "streamEnabled": False,
        },
        lambda w: {
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": w.key().outputs["arn"]},
            "ttl": {"enabled": True, "attributeName": "until"},
            "streamEnabled": True,
            "streamViewType": "NEW_IMAGE",
            "onDemandThroughput": {"maxWriteRequestUnits": 20},
        },
        label="plain",
    ),
    Case(
        "aws:dynamodb/table:Table",
        lambda _: {"billingMode": "PAY_PER_REQUEST", "attributes": [{"name": "a", "type": "S"}], "hashKey": "a"},
        lambda _: {"attributes": [{"name": "b", "type": "S"}], "hashKey": "b"},
        replaces=True,
        label="other-key",
    ),
    Case("aws:dynamodb/contributorInsights:ContributorInsights", lambda w: {"tableName": _table(w)}),
    Case(
        "aws:rds/subnetGroup:SubnetGroup",
        lambda w: {"name": "databases", "subnetIds": [w.subnet(2, "a"), w.subnet(3, "b")], "tags": {"a": "1"}},
        lambda w: {
            "description": "Subnets of databases",
            "subnetIds": [w.subnet(2, "a"), w.subnet(3, "b"), w.subnet(4)],
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        lambda _: {
            "name": "forced",
            "family": "aurora-postgresql17",
            "parameters": [
                {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
                {"name": "log_connections", "value": "1"},
            ],
            "tags": {"a": "1"},
        },
        lambda _: {
            "parameters": [{"name": "rds.force_ssl", "value": "0", "applyMethod": "pending-reboot"}],
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:rds/cluster:Cluster",
        lambda w: {
            "clusterIdentifier": "acme-dev-main",
            "engine": "aurora-postgresql",
            "engineVersion": "17.7",
            "serverlessv2ScalingConfiguration": {
                "minCapacity": 0,
                "maxCapacity": 4.5,
                "secondsUntilAutoPause": 300,
            },
            "databaseName": "models",
            "port": 5432,
            "masterUsername": "administrator",
            "manageMasterUserPassword": True,
            "masterUserSecretKmsKeyId": w.key().outputs["arn"],
            "iamDatabaseAuthenticationEnabled": True,
            "storageEncrypted": True,
            "kmsKeyId": w.key().outputs["arn"],
            "dbSubnetGroupName": _subnet_group(w),
            "vpcSecurityGroupIds": [w.group("a")],
            "dbClusterParameterGroupName": "default.aurora-postgresql17",
            "enabledCloudwatchLogsExports": ["postgresql"],
            "databaseInsightsMode": "standard",
            "performanceInsightsEnabled": True,
            "performanceInsightsKmsKeyId": w.key().outputs["arn"],
            "performanceInsightsRetentionPeriod": 7,
            "backupRetentionPeriod": 7,
            "preferredBackupWindow": "02:00-03:00",
            "preferredMaintenanceWindow": "sun:03:30-sun:04:30",
            "copyTagsToSnapshot": True,
            "deletionProtection": True,
            "skipFinalSnapshot": True,
            "tags": {"a": "1"},
        },
        lambda w: {
            "engineVersion": "17.9",
            "serverlessv2ScalingConfiguration": {"minCapacity": 2, "maxCapacity": 8},
            "iamDatabaseAuthenticationEnabled": None,
            "vpcSecurityGroupIds": [w.group("a"), w.group("b")],
            "enabledCloudwatchLogsExports": ["iam-db-auth-error"],
            "databaseInsightsMode": "advanced",
            "performanceInsightsRetentionPeriod": 465,
            "backupRetentionPeriod": 35,
            "preferredBackupWindow": "01:00-02:00",
            "deletionProtection": None,
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:rds/clusterInstance:ClusterInstance",
        lambda w: {
            "identifier": "acme-dev-main-b",
            "clusterIdentifier": _database(w),
            "engine": "aurora-postgresql",
            "instanceClass": "db.serverless",
            "availabilityZone": "eu-west-1b",
            "publiclyAccessible": False,
            "autoMinorVersionUpgrade": False,
            "tags": {"a": "1"},
        },
        lambda _: {"promotionTier": 2, "copyTagsToSnapshot": True, "tags": {"b": "2"}},
    ),
]
