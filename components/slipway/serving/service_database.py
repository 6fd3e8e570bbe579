"""A relational database for the services of models."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check, versions
from slipway._tags import classified
from slipway.security import DataClass
from slipway.serving import _database
from slipway.serving import _database_parts as parts


class Insights(StrEnum):
    """Mode of Database Insights."""

    STANDARD = "standard"
    """Load of the last 7 days."""
    ADVANCED = "advanced"
    """Load of the last 15 months, plans and locks; paid for by capacity."""


class ServiceDatabaseArgs(TypedDict):
    """Inputs of ``ServiceDatabase``."""

    cluster_identifier: str
    """Name of the cluster: at most 40 of a-z, 0-9 and -. Changing it replaces the database."""
    data_class: DataClass
    """What the database holds: ``models`` or ``personal``."""
    key_arn: pulumi.Input[str]
    """KMS key that encrypts storage, backups, insights and the administrator's password: that of the data class."""
    logs_key_arn: pulumi.Input[str]
    """KMS key that encrypts the exported logs."""
    vpc_id: pulumi.Input[str]
    """VPC of the subnets."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets without a way in from the internet, in at least two zones."""
    zones: list[str]
    """Availability zones, among those of the subnets, with an instance each. With one only, its outage or an upgrade is
    the database's."""
    allowed_security_group_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Security groups that may connect, such as the cluster's."""
    database_name: NotRequired[str]
    """Name of the first database. Default: ``models``."""
    user: NotRequired[str]
    """PostgreSQL user that workloads log in as, by IAM and without a password. Default: ``service``."""
    engine_version: NotRequired[str]
    """Aurora PostgreSQL version. Default: the one slipway pins."""
    min_acu: NotRequired[float]
    """Least capacity of an instance, in Aurora capacity units of 2 GiB each, in halves; at 0 it pauses when nobody is
    connected. Default: 0.5."""
    max_acu: NotRequired[float]
    """Most capacity of an instance, in Aurora capacity units: the ceiling of its cost. Default: 4."""
    auto_pause_seconds: NotRequired[int]
    """With ``min_acu`` 0: seconds without connections until it pauses, 300 to 86400. Default: 300."""
    backup_days: NotRequired[int]
    """Days back to which the database can be restored, at most 35; of personal data 30, so that what was erased does
    not come back later. Default: the most that the data class allows."""
    backup_window: NotRequired[str]
    """Time of the daily backup, in UTC. Default: ``02:00-03:00``."""
    maintenance_window: NotRequired[str]
    """Time in which changes that interrupt are made, in UTC. Default: ``sun:03:30-sun:04:30``."""
    insights: NotRequired[Insights]
    """Database Insights: ``standard`` or ``advanced``. Default: ``standard``."""
    log_days: NotRequired[int]
    """Days that exported logs are kept; one of CloudWatch's retentions. Default: 365."""
    ca_bundle_path: NotRequired[str]
    """Where a server's image has AWS's certificates for RDS (global-bundle.pem), which clients check the database
    with. Default: ``/etc/ssl/certs/rds-global-bundle.pem``."""
    final_snapshot: NotRequired[bool]
    """Whether deleting the database leaves a last snapshot, and its automatic backups until they are due.
    Default: true."""
    final_snapshot_name: NotRequired[str]
    """Name of that snapshot; RDS refuses to delete the database while there is one of this name.
    Default: the cluster's name with ``-final``."""
    deletion_protection: NotRequired[bool]
    """Guards the database against deletion, in RDS and in Pulumi. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class ServiceDatabase(pulumi.ComponentResource):
    """Aurora PostgreSQL Serverless v2: encrypted, private, TLS only, logins by IAM. Stateful.

    The administrator's password is made and rotated by RDS and known to nobody; it is needed once, to create ``user``
    and grant it ``rds_iam``. A workload connects with ``environment``, the right ``connect_arn`` (``uses`` of
    ``WorkloadIdentity``) and, where network policies hold, a way to ``port`` in the networks of the subnets.
    """

    endpoint: pulumi.Output[str]
    """Host name of the instance that writes; handed out once there is one."""
    reader_endpoint: pulumi.Output[str]
    """Host name of the instances that read; with one instance, that one."""
    port: pulumi.Output[int]
    """Port of the endpoints."""
    database_name: pulumi.Output[str]
    """Name of the first database."""
    secret_arn: pulumi.Output[str]
    """ARN of the secret with the administrator's name and password, for whoever sets the database up."""
    resource_id: pulumi.Output[str]
    """Id that IAM knows the cluster by; it survives renaming."""
    connect_arn: pulumi.Output[str]
    """ARN that stands for logging in as ``user``, for what a workload uses."""
    security_group_id: pulumi.Output[str]
    """Security group of the database."""
    environment: pulumi.Output[dict[str, str]]
    """PGHOST and its like: what PostgreSQL clients need to know, but no password."""

    def __init__(self, name: str, args: ServiceDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ServiceDatabase", name, dict(args), opts)
        _check.known(args, ServiceDatabaseArgs.__annotations__)
        settings = _database.settings_of(args)
        warning = versions.database_warning(settings.engine_version, date.today())
        if warning:
            pulumi.log.warn(warning, self)
        tags = args.get("tags")
        child = pulumi.ResourceOptions(parent=self)

        # Before the cluster: RDS would make them itself, without a key and without an end.
        logs = [
            aws.cloudwatch.LogGroup(
                f"{name}-logs-{kind}",
                name=f"/aws/rds/cluster/{settings.cluster_identifier}/{kind}",
                retention_in_days=settings.log_days,
                kms_key_id=args["logs_key_arn"],
                tags=classified(tags, DataClass.LOGS),
                opts=child,
            )
            for kind in _database.LOG_TYPES
        ]
        group = parts.guard(name, args, child)
        subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            name=settings.cluster_identifier,
            description=f"Subnets of {settings.cluster_identifier}",
            subnet_ids=args["subnet_ids"],
            tags=tags,
            opts=child,
        )
        parameters = parts.parameters(f"{name}-parameters", settings, tags, child)
        cluster = parts.cluster(
            f"{name}-cluster",
            settings,
            args,
            subnets.name,
            group.id,
            parameters.name,
            pulumi.ResourceOptions(parent=self, protect=settings.deletion_protection, depends_on=logs),
        )
        instances = [parts.instance(f"{name}-{zone}", zone, settings, cluster, tags, child) for zone in settings.zones]

        # Only with an instance does anything answer there.
        ready = pulumi.Output.all(cluster.endpoint, cluster.reader_endpoint, *(each.id for each in instances))
        self.endpoint = ready.apply(lambda known: str(known[0]))
        self.reader_endpoint = ready.apply(lambda known: str(known[1]))
        self.port = pulumi.Output.from_input(_database.PORT)
        self.database_name = pulumi.Output.from_input(settings.database_name)
        self.secret_arn = cluster.master_user_secrets.apply(lambda secrets: str(secrets[0].secret_arn))
        self.resource_id = cluster.cluster_resource_id
        self.connect_arn = pulumi.Output.all(cluster.arn, cluster.cluster_resource_id).apply(
            lambda known: _database.connect_arn(known[0], known[1], settings.user)
        )
        self.security_group_id = group.id
        self.environment = self.endpoint.apply(lambda host: _database.environment(settings, host))
        self.register_outputs(
            {
                "endpoint": self.endpoint,
                "readerEndpoint": self.reader_endpoint,
                "port": self.port,
                "databaseName": self.database_name,
                "secretArn": self.secret_arn,
                "resourceId": self.resource_id,
                "connectArn": self.connect_arn,
                "securityGroupId": self.security_group_id,
                "environment": self.environment,
            }
        )
