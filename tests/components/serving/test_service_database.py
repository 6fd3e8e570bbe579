"""The service database: encrypted, private, TLS and IAM only, restorable, guarded; what a workload gets of it."""

import datetime as dt
from typing import Any

import pulumi
import pytest
from slipway import versions
from slipway.security import WorkloadIdentity
from slipway.serving import ServiceDatabase, _database

from tests.components.graph import UNKNOWN, Graph, Resource, declare

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
LOGS_KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/2"
ARGS: dict[str, Any] = {
    "cluster_identifier": "acme-prod",
    "data_class": "personal",
    "key_arn": KEY,
    "logs_key_arn": LOGS_KEY,
    "vpc_id": "vpc-0a",
    "subnet_ids": ["subnet-0a", "subnet-0b"],
    "zones": ["eu-west-1a", "eu-west-1b"],
    "allowed_security_group_ids": ["sg-0a"],
}


def database(preview: bool = False, **more: Any) -> Graph[Any]:
    args: Any = {**ARGS, **more}
    return declare(lambda: ServiceDatabase("main", args), preview=preview)


def cluster(graph: Graph[Any]) -> Resource:
    return graph.one("aws:rds/cluster:Cluster")


def test_storage_secret_and_insights_have_the_key(preview: bool) -> None:
    created = cluster(database(preview))
    assert created.protect
    said = created.inputs
    assert (said["storageEncrypted"], said["kmsKeyId"]) == (True, KEY)
    assert (said["manageMasterUserPassword"], said["masterUserSecretKmsKeyId"]) == (True, KEY)
    assert (said["performanceInsightsEnabled"], said["performanceInsightsKmsKeyId"]) == (True, KEY)
    assert (said["databaseInsightsMode"], said["performanceInsightsRetentionPeriod"]) == ("standard", 7)
    assert "masterPassword" not in said
    assert said["tags"] == {"data-class": "personal"}


def test_logins_are_by_iam_over_tls_and_on_record(preview: bool) -> None:
    graph = database(preview)
    parameters = graph.one("aws:rds/clusterParameterGroup:ClusterParameterGroup")
    assert parameters.inputs["family"] == "aurora-postgresql17"
    values = {each["name"]: each["value"] for each in parameters.inputs["parameters"]}
    assert values == {"rds.force_ssl": "1", "log_connections": "1", "log_disconnections": "1"}
    assert "name" not in parameters.inputs, "a new family needs a group beside the old one"
    said = cluster(graph).inputs
    assert said["iamDatabaseAuthenticationEnabled"] is True
    assert (said["engine"], said["engineVersion"]) == ("aurora-postgresql", versions.AURORA_POSTGRESQL)
    assert said["masterUsername"] == "administrator"


def test_logs_are_kept_with_key_and_end_before_rds_would_make_them(preview: bool) -> None:
    graph = database(preview, log_days=90.0)
    assert cluster(graph).inputs["enabledCloudwatchLogsExports"] == ["iam-db-auth-error", "postgresql"]
    for kind in ("iam-db-auth-error", "postgresql"):
        group = graph.named(f"main-logs-{kind}")
        assert group.inputs == {
            "name": f"/aws/rds/cluster/acme-prod/{kind}",
            "retentionInDays": 90,
            "kmsKeyId": LOGS_KEY,
            "tags": {"data-class": "logs"},
        }
        assert graph.waits_for(cluster(graph), group)


def test_only_the_allowed_groups_connect(preview: bool) -> None:
    graph = database(preview, tags={"team": "ml"})
    group = graph.one("aws:ec2/securityGroup:SecurityGroup")
    [rule] = group.inputs["ingress"]
    assert rule == {
        "description": "PostgreSQL from the allowed groups",
        "protocol": "tcp",
        "fromPort": 5432,
        "toPort": 5432,
        "securityGroups": ["sg-0a"],
    }
    assert group.inputs["egress"] == []
    assert group.inputs["tags"] == {"team": "ml", "Name": "main-database"}
    assert cluster(graph).inputs["vpcSecurityGroupIds"] == [graph.outputs("main")["securityGroupId"]]
    assert graph.waits_for(cluster(graph), group)
    assert cluster(graph).inputs["port"] == 5432


def test_an_instance_in_each_zone(preview: bool) -> None:
    graph = database(preview)
    for zone in ARGS["zones"]:
        instance = graph.named(f"main-{zone}")
        assert instance.inputs["identifier"] == f"acme-prod-{zone}"
        assert instance.inputs["instanceClass"] == "db.serverless"
        assert instance.inputs["availabilityZone"] == zone
        assert instance.inputs["publiclyAccessible"] is False
        assert instance.inputs["autoMinorVersionUpgrade"] is False
        assert graph.waits_for(instance, cluster(graph))
    assert graph.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"] == ["subnet-0a", "subnet-0b"]


@pytest.mark.parametrize(
    ("given", "capacity"),
    [
        ({}, {"minCapacity": 0.5, "maxCapacity": 4}),
        ({"min_acu": 2, "max_acu": 16.5}, {"minCapacity": 2, "maxCapacity": 16.5}),
        ({"min_acu": 0}, {"minCapacity": 0, "maxCapacity": 4, "secondsUntilAutoPause": 300}),
        (
            {"min_acu": 0.0, "auto_pause_seconds": 900.0},
            {"minCapacity": 0, "maxCapacity": 4, "secondsUntilAutoPause": 900},
        ),
    ],
)
def test_capacity(given: dict[str, Any], capacity: dict[str, Any]) -> None:
    assert cluster(database(**given)).inputs["serverlessv2ScalingConfiguration"] == capacity


def test_backups_outlive_the_database_unless_said_otherwise(preview: bool) -> None:
    said = cluster(database(preview)).inputs
    assert (said["backupRetentionPeriod"], said["preferredBackupWindow"]) == (30, "02:00-03:00")
    assert said["preferredMaintenanceWindow"] == "sun:03:30-sun:04:30"
    assert (said["skipFinalSnapshot"], said["finalSnapshotIdentifier"]) == (False, "acme-prod-final")
    assert (said["deleteAutomatedBackups"], said["deletionProtection"]) == (False, True)
    assert said["copyTagsToSnapshot"] is True
    said = cluster(database(preview, data_class="models", final_snapshot_name="acme-2026")).inputs
    assert (said["backupRetentionPeriod"], said["finalSnapshotIdentifier"]) == (35, "acme-2026")


def test_without_protection_a_snapshot_still_stays(preview: bool) -> None:
    created = cluster(database(preview, deletion_protection=False))
    assert not created.protect
    assert (created.inputs["deletionProtection"], created.inputs["skipFinalSnapshot"]) == (False, False)
    created = cluster(database(preview, deletion_protection=False, final_snapshot=False))
    assert (created.inputs["deleteAutomatedBackups"], created.inputs["skipFinalSnapshot"]) == (True, True)
    assert "finalSnapshotIdentifier" not in created.inputs


def test_outputs(preview: bool) -> None:
    graph = database(preview, user="scoring")
    found = graph.outputs("main")
    assert (found["port"], found["databaseName"]) == (5432, "models")
    if preview:
        assert {found[key] for key in ("endpoint", "secretArn", "connectArn", "environment")} == {UNKNOWN}
        return
    identity = found["resourceId"]
    assert found["connectArn"] == f"arn:aws:rds-db:eu-west-1:{ACCOUNT}:dbuser:{identity}/scoring"
    assert found["secretArn"].startswith(f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:rds!cluster-")
    assert "cluster-ro-" in found["readerEndpoint"]
    assert found["environment"] == {
        "PGHOST": found["endpoint"],
        "PGPORT": "5432",
        "PGDATABASE": "models",
        "PGUSER": "scoring",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/ssl/certs/rds-global-bundle.pem",
    }


def test_a_workload_logs_in_by_name() -> None:
    def build() -> None:
        args: Any = ARGS
        made = ServiceDatabase("main", args)
        identity: Any = {"principal": "batch", "uses": [made.connect_arn], "account_id": ACCOUNT}
        WorkloadIdentity("model", identity)
        setup: Any = {**identity, "reads": [made.secret_arn], "uses": [made.connect_arn, KEY]}
        WorkloadIdentity("setup", setup)

    graph = declare(build)
    [statement] = graph.named("model-access").document("policy")["Statement"]
    assert statement["Action"] == ["rds-db:connect"]
    [user] = statement["Resource"]
    assert user.endswith("/service")
    actions = {
        action for each in graph.named("setup-access").document("policy")["Statement"] for action in each["Action"]
    }
    assert actions == {
        "kms:Decrypt",
        "rds-db:connect",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    }


def test_what_others_make_may_come_later(preview: bool) -> None:
    def build() -> ServiceDatabase:
        later = {name: pulumi.Output.from_input(ARGS[name]) for name in ("subnet_ids", "allowed_security_group_ids")}
        args: Any = {**ARGS, **later, "vpc_id": pulumi.Output.from_input("vpc-0a")}
        return ServiceDatabase("main", args)

    graph = declare(build, preview=preview)
    assert graph.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"] == ARGS["subnet_ids"]
    assert graph.invokes == [], "nothing is looked up"


def test_a_version_near_its_end_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))
    monkeypatch.setattr(versions, "AURORA_POSTGRESQL_SUPPORT_ENDS", {"17.7": dt.date(2020, 1, 1)})
    database()
    assert said == [
        "Aurora PostgreSQL 17.7: standard support ended on 2020-01-01; Aurora then upgrades the cluster by itself. "
        "Long-term version: 17.7."
    ]


@pytest.mark.parametrize(
    ("version", "today", "said"),
    [
        ("17.7", dt.date(2029, 11, 29), None),
        ("17.7", dt.date(2029, 11, 30), "ends on 2030-02-28 (90 days left)"),
        ("17.9", dt.date(2027, 10, 1), "ended on 2027-09-30"),
    ],
)
def test_support_of_versions(version: str, today: dt.date, said: str | None) -> None:
    warning = versions.database_warning(version, today)
    assert (said in warning) if said and warning else warning is said


@pytest.mark.parametrize(
    ("backup", "maintenance"),
    [
        ("02:00-03:00", "sun:03:30-sun:04:30"),
        ("02:00-03:00", "sun:03:00-sun:03:30"),
        ("23:30-00:30", "sun:00:30-sun:23:30"),
        ("23:30-00:30", "sat:22:30-sat:23:30"),
    ],
)
def test_windows_apart(backup: str, maintenance: str) -> None:
    assert _database.windows(backup, maintenance) == (backup, maintenance)


@pytest.mark.parametrize(
    ("backup", "maintenance"),
    [
        ("02:00-03:00", "mon:02:30-mon:03:30"),
        ("02:00-03:00", "mon:01:00-mon:02:30"),
        ("23:30-00:30", "mon:00:00-mon:00:30"),
        ("23:30-00:30", "sun:23:45-mon:00:15"),
        ("02:00-03:00", "sun:22:00-mon:02:01"),
        ("02:00-03:00", "mon:02:15-mon:02:45"),
    ],
)
def test_windows_that_meet(backup: str, maintenance: str) -> None:
    with pytest.raises(ValueError, match=f"maintenance_window: accepted: a time apart from backup_window, {backup}"):
        _database.windows(backup, maintenance)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cluster_identifier": "Acme"}, "cluster_identifier: accepted: a cluster's name: 1 to 40 of "),
        ({"cluster_identifier": "a" * 41}, "cluster_identifier: accepted: a cluster's name: 1 to 40 of "),
        ({"cluster_identifier": "a--b"}, "cluster_identifier: accepted: a cluster's name: 1 to 40 of "),
        ({"data_class": "cluster"}, "data_class: accepted: one of models, personal: received: 'cluster'"),
        ({"zones": []}, "zones: accepted: at least 1 entry: received: []"),
        ({"zones": ["a"]}, "zones[0]: accepted: availability zones such as eu-west-1a: received: 'a'"),
        ({"zones": ["eu-west-1a", "us-east-1a"]}, "zones: accepted: zones of one region: "),
        ({"vpc_id": "10.0.0.0/16"}, "vpc_id: accepted: the id of a VPC: received: '10.0.0.0/16'"),
        ({"subnet_ids": ["subnet-0a"]}, "subnet_ids: accepted: ids of subnets in at least two zones: "),
        ({"subnet_ids": "subnet-0a"}, "subnet_ids: accepted: ids of subnets in at least two zones: "),
        ({"allowed_security_group_ids": []}, "allowed_security_group_ids: accepted: ids of security groups, at least "),
        ({"key_arn": "alias/x"}, "key_arn: accepted: a KMS key's ARN: "),
        ({"logs_key_arn": None}, "logs_key_arn: accepted: a KMS key's ARN: received: None"),
        ({"engine_version": "16.9"}, "engine_version: accepted: one of 16.8, 17.7, 17.9, 17.10: received: '16.9'"),
        ({"database_name": "flight-delay"}, "database_name: accepted: a PostgreSQL name: "),
        ({"user": "administrator"}, "user: accepted: another user than administrator, whose password is in the secret"),
        ({"min_acu": 0.3}, "min_acu: accepted: Aurora capacity units from 0 to 256, in halves: received: 0.3"),
        ({"max_acu": 0.5}, "max_acu: accepted: Aurora capacity units from 1 to 256, in halves: received: 0.5"),
        ({"max_acu": True}, "max_acu: accepted: Aurora capacity units from 1 to 256, in halves: received: True"),
        ({"min_acu": 8, "max_acu": 4}, "max_acu: accepted: at least min_acu, 8: received: 4"),
        ({"auto_pause_seconds": 300}, "auto_pause_seconds: accepted: nothing, because min_acu is 0.5: only at 0 it"),
        ({"min_acu": 0, "auto_pause_seconds": 60}, "auto_pause_seconds: accepted: a whole number from 300 to 86400"),
        ({"backup_days": 31}, "backup_days: accepted: 1 to 30 days: received: 31"),
        ({"backup_window": "2-3"}, "backup_window: accepted: a daily time in UTC such as 02:00-03:00: received: '2-3'"),
        ({"backup_window": "02:00-02:29"}, "backup_window: accepted: 30 minutes to less than a day: "),
        ({"maintenance_window": "03:30-04:30"}, "maintenance_window: accepted: a weekly time in UTC such as sun:03:30"),
        ({"maintenance_window": "sun:04:00-mon:04:00"}, "maintenance_window: accepted: 30 minutes to less than a day"),
        ({"insights": "none"}, "insights: accepted: one of standard, advanced: received: 'none'"),
        ({"log_days": 2}, "log_days: accepted: one of 1, 3, 5, 7, "),
        ({"ca_bundle_path": "bundle.pem"}, "ca_bundle_path: accepted: an absolute path: received: 'bundle.pem'"),
        ({"final_snapshot_name": "a--b"}, "final_snapshot_name: accepted: a snapshot's name: "),
        (
            {"final_snapshot": False, "final_snapshot_name": "last"},
            "final_snapshot_name: accepted: nothing, because final_snapshot is false: received: 'last'",
        ),
        ({"deletion_protection": "no"}, "deletion_protection: accepted: true or false: received: 'no'"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        database(**wrong)
    assert message in str(refused.value)
