"""The pieces of a database: who may connect, the cluster, its instances."""

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from slipway import _tags
from slipway._tags import Tags, classified
from slipway.serving import _database
from slipway.serving._database import DatabaseSettings

if TYPE_CHECKING:
    from slipway.serving.service_database import ServiceDatabaseArgs


def guard(name: str, args: "ServiceDatabaseArgs", child: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
    """Who may connect. Rules inline: one that somebody adds beside them is taken away again."""
    return aws.ec2.SecurityGroup(
        f"{name}-group",
        vpc_id=args["vpc_id"],
        description="Who may connect to the database",
        ingress=[
            {
                "description": "PostgreSQL from the allowed groups",
                "protocol": "tcp",
                "from_port": _database.PORT,
                "to_port": _database.PORT,
                "security_groups": args["allowed_security_group_ids"],
            }
        ],
        egress=[],
        tags=_tags.merge(args.get("tags"), {"Name": f"{name}-database"}),
        opts=child,
    )


def parameters(
    name: str, settings: DatabaseSettings, tags: Tags | None, child: pulumi.ResourceOptions
) -> aws.rds.ClusterParameterGroup:
    """What differs from the engine's own parameters. Without a name: another version's family needs a second group."""
    return aws.rds.ClusterParameterGroup(
        name,
        family=settings.family,
        description=f"Parameters of {settings.cluster_identifier}",
        parameters=[
            {"name": key, "value": value, "apply_method": "immediate"} for key, value in _database.PARAMETERS.items()
        ],
        tags=tags,
        opts=child,
    )


def cluster(
    name: str,
    settings: DatabaseSettings,
    args: "ServiceDatabaseArgs",
    subnet_group_name: pulumi.Input[str],
    security_group_id: pulumi.Input[str],
    parameter_group_name: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.rds.Cluster:
    """The cluster: one key for all that it keeps, logins by IAM, a password that nobody knows."""
    key_arn = args["key_arn"]
    capacity: aws.rds.ClusterServerlessv2ScalingConfigurationArgsDict = {
        "min_capacity": settings.min_acu,
        "max_capacity": settings.max_acu,
    }
    if settings.auto_pause_seconds is not None:
        capacity["seconds_until_auto_pause"] = settings.auto_pause_seconds
    return aws.rds.Cluster(
        name,
        cluster_identifier=settings.cluster_identifier,
        engine=aws.rds.EngineType.AURORA_POSTGRESQL,
        engine_version=settings.engine_version,
        serverlessv2_scaling_configuration=capacity,
        database_name=settings.database_name,
        port=_database.PORT,
        master_username=_database.ADMINISTRATOR,
        manage_master_user_password=True,
        master_user_secret_kms_key_id=key_arn,
        iam_database_authentication_enabled=True,
        storage_encrypted=True,
        kms_key_id=key_arn,
        db_subnet_group_name=subnet_group_name,
        vpc_security_group_ids=[security_group_id],
        db_cluster_parameter_group_name=parameter_group_name,
        enabled_cloudwatch_logs_exports=list(_database.LOG_TYPES),
        database_insights_mode=settings.insights,
        performance_insights_enabled=True,
        performance_insights_kms_key_id=key_arn,
        performance_insights_retention_period=_database.INSIGHTS_DAYS[settings.insights],
        backup_retention_period=settings.backup_days,
        preferred_backup_window=settings.backup_window,
        preferred_maintenance_window=settings.maintenance_window,
        copy_tags_to_snapshot=True,
        delete_automated_backups=settings.final_snapshot_name is None,
        skip_final_snapshot=settings.final_snapshot_name is None,
        final_snapshot_identifier=settings.final_snapshot_name,
        deletion_protection=settings.deletion_protection,
        tags=classified(args.get("tags"), settings.data_class),
        opts=opts,
    )


def instance(
    name: str,
    zone: str,
    settings: DatabaseSettings,
    cluster: aws.rds.Cluster,
    tags: Tags | None,
    child: pulumi.ResourceOptions,
) -> aws.rds.ClusterInstance:
    """An instance in one zone."""
    return aws.rds.ClusterInstance(
        name,
        identifier=f"{settings.cluster_identifier}-{zone}",
        cluster_identifier=cluster.id,
        engine=aws.rds.EngineType.AURORA_POSTGRESQL,
        engine_version=cluster.engine_version,
        instance_class="db.serverless",
        availability_zone=zone,
        db_subnet_group_name=cluster.db_subnet_group_name,
        publicly_accessible=False,
        # The version is pinned: an upgrade is a change of the program, seen in its preview.
        auto_minor_version_upgrade=False,
        copy_tags_to_snapshot=True,
        tags=classified(tags, settings.data_class),
        opts=child,
    )
