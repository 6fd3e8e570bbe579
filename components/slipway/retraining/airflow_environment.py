"""A managed Apache Airflow for pipelines of the engine ``airflow``."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _bucket_logs, _check, versions
from slipway.retraining import _airflow_parts as parts
from slipway.retraining import _reading

_NAME = (r"[a-zA-Z][a-zA-Z0-9_-]{0,79}", "1 to 80 of a-z, A-Z, 0-9, - and _, beginning with a letter")
_CLASSES = ("mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge")
_MICRO = "mw1.micro"
_WINDOW = (r"(MON|TUE|WED|THU|FRI|SAT|SUN):([01]\d|2[0-3]):(00|30)", "a weekly time in UTC such as SUN:03:30")
_OPTION = (r"[a-z]+([a-z0-9._]*[a-z0-9_]+)?", "options of Airflow such as core.parallelism")

_OWN_OPTIONS = {"core.load_examples": "False", "core.load_default_connections": "False"}
_SUBNETS = "ids of two private subnets, in two zones"
_TIMES = {"create": "90m", "update": "150m", "delete": "60m"}
"""MWAA takes 20 to 40 minutes, and longer where running tasks are waited for."""


class AirflowEnvironmentArgs(TypedDict):
    """Inputs of ``AirflowEnvironment``."""

    environment_name: str
    """Name of the environment in AWS, such as ``acme-prod``. Changing it replaces the environment."""
    bucket_name: str
    """Name of the bucket that DAGs are read from, unique among all accounts."""
    key_arn: pulumi.Input[str]
    """KMS key that encrypts the bucket and the environment: that of the class ``models``. MWAA takes no multi-Region
    key. Changing it replaces the environment."""
    logs_key_arn: pulumi.Input[str]
    """KMS key that encrypts the logs."""
    vpc_id: pulumi.Input[str]
    """VPC of the subnets."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Two private subnets in two zones, with a way to AWS's services. Changing them replaces the environment."""
    job_queue_arns: list[pulumi.Input[str]]
    """Batch queues in which its DAGs start jobs."""
    job_name_prefix: str
    """Beginning of the names of the job definitions that its DAGs start: ``name_prefix`` of the pipelines."""
    client_security_group_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Security groups from which Airflow's pages can be opened. Default: none."""
    airflow_version: NotRequired[str]
    """Version of Airflow. Default: the one slipway pins."""
    environment_class: NotRequired[str]
    """Size of schedulers, workers and web servers: mw1.micro, which has one of each, to mw1.2xlarge.
    Default: ``mw1.small``."""
    min_workers: NotRequired[int]
    """Workers at least. Steps wait in Batch without one, so few are needed. Default: 1."""
    max_workers: NotRequired[int]
    """Workers at most, 1 to 25; with mw1.micro 1. Default: 3, with mw1.micro 1."""
    requirements: NotRequired[list[str]]
    """Lines of a requirements.txt with what other DAGs import, each pinned exactly; slipway's own need nothing.
    Default: none."""
    configuration: NotRequired[dict[str, str]]
    """Options of Airflow, such as ``core.parallelism``. Default: no examples, no default connections."""
    maintenance_window_start: NotRequired[str]
    """When AWS may begin its weekly maintenance, in UTC. Default: ``SUN:03:30``."""
    log_days: NotRequired[int]
    """Days that logs are kept; one of CloudWatch's retentions. Default: 365."""
    access_log_days: NotRequired[int]
    """Days that the bucket's access logs are kept. Default: 365."""
    account_id: NotRequired[pulumi.Input[str]]
    """Account of the environment. Default: the key's."""
    deletion_protection: NotRequired[bool]
    """Guards environment and bucket against deletion; without the environment its history of runs is lost.
    Default: true."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the role can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class AirflowEnvironment(pulumi.ComponentResource):
    """Amazon MWAA, private: its bucket, its role, logs with a key and an end. Stateful: it has the history of runs.

    Changes wait for the tasks that run. Its DAGs do their work in AWS Batch, in jobs with roles of their own; the
    environment's role only starts them. A pipeline needs ``environment_name`` and ``bucket_name``.
    """

    environment_name: pulumi.Output[str]
    """Name of the environment, for the pipelines whose DAGs it runs; handed out once it can run them."""
    environment_arn: pulumi.Output[str]
    """ARN of the environment."""
    bucket_name: pulumi.Output[str]
    """Bucket that DAGs are read from, under ``dags/``."""
    execution_role_arn: pulumi.Output[str]
    """ARN of the role that DAGs have."""
    execution_role_name: pulumi.Output[str]
    """Name of that role, to let other DAGs reach what they need."""
    security_group_id: pulumi.Output[str]
    """Security group of the environment."""
    webserver_url: pulumi.Output[str]
    """Address of Airflow's pages, inside the VPC."""

    def __init__(self, name: str, args: AirflowEnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:AirflowEnvironment", name, dict(args), opts)
        _check.known(args, AirflowEnvironmentArgs.__annotations__)
        settings = _settings(args)
        days = _check.log_days("log_days", args.get("log_days", 365))
        access_log_days = _check.days("access_log_days", args.get("access_log_days", 365))
        protection = _check.flag("deletion_protection", args.get("deletion_protection", True))
        environment = settings["name"]
        child = pulumi.ResourceOptions(parent=self)

        made, versioning = parts.bucket(name, args, access_log_days, protection, self)
        lines = _check.unique("requirements", args.get("requirements", []))
        if lines:
            packages = parts.requirements(name, lines, made, versioning, self)
            settings["requirements_s3_path"] = packages.key
            settings["requirements_s3_object_version"] = packages.version_id
        key = pulumi.Output.from_input(args["key_arn"])
        environment_arn = pulumi.Output.all(key, args.get("account_id")).apply(
            lambda known: _environment_arn(known[0], known[1], environment)
        )
        identity, granted = parts.role(name, args, environment_arn, made.arn, child)
        groups = parts.logs(name, args, environment, days, child)
        network = parts.network(name, args, child)
        airflow = aws.mwaa.Environment(
            f"{name}-environment",
            source_bucket_arn=made.arn,
            dag_s3_path="dags",
            execution_role_arn=identity.role_arn,
            kms_key=args["key_arn"],
            network_configuration={"security_group_ids": [network.id], "subnet_ids": args["subnet_ids"]},
            logging_configuration={
                "dag_processing_logs": {"enabled": True, "log_level": "WARNING"},
                "scheduler_logs": {"enabled": True, "log_level": "WARNING"},
                "task_logs": {"enabled": True, "log_level": "INFO"},
                "webserver_logs": {"enabled": True, "log_level": "WARNING"},
                "worker_logs": {"enabled": True, "log_level": "WARNING"},
            },
            webserver_access_mode="PRIVATE_ONLY",
            endpoint_management="SERVICE",
            worker_replacement_strategy="GRACEFUL",
            tags=args.get("tags"),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=protection,
                depends_on=[versioning, *identity.resources, *granted, *groups],
                custom_timeouts=pulumi.CustomTimeouts(**_TIMES),
            ),
            **settings,
        )

        self.environment_name = airflow.name
        self.environment_arn = airflow.arn
        self.bucket_name = made.bucket
        self.execution_role_arn = identity.role_arn
        self.execution_role_name = identity.role_name
        self.security_group_id = network.id
        self.webserver_url = airflow.webserver_url
        self.register_outputs(
            {
                "environmentName": self.environment_name,
                "environmentArn": self.environment_arn,
                "bucketName": self.bucket_name,
                "executionRoleArn": self.execution_role_arn,
                "executionRoleName": self.execution_role_name,
                "securityGroupId": self.security_group_id,
                "webserverUrl": self.webserver_url,
            }
        )


def _environment_arn(key_arn: str, account_id: str | None, environment: str) -> str:
    """The environment is where its key is; the role's rights name it before it is there."""
    _, partition, _, region, account, _ = key_arn.split(":", 5)
    return f"arn:{partition}:airflow:{region}:{account_id or account}:environment/{environment}"


def _settings(args: AirflowEnvironmentArgs) -> dict[str, Any]:
    """Arguments of the environment that are plain values, checked."""
    name = _check.matches("environment_name", args.get("environment_name"), *_NAME)
    _check.matches("bucket_name", args.get("bucket_name"), *_bucket_logs.BUCKET_NAME)
    for arg in ("key_arn", "logs_key_arn"):
        _check.given(args, arg, *_check.A_KEY)
    _check.plain("key_arn", args.get("key_arn"), r".*:key/(?!mrk-).*", "a key of one Region only, which MWAA needs")
    _check.given(args, "vpc_id", r"vpc-[0-9a-z]+", "the id of a VPC")
    subnets = _check.given(args, "subnet_ids", r"(?!)", _SUBNETS)
    if not isinstance(subnets, pulumi.Output) and len(subnets) != 2:
        _check.refuse("subnet_ids", _SUBNETS, subnets)
    queues = args.get("job_queue_arns")
    if not isinstance(queues, list) or not queues:
        _check.refuse("job_queue_arns", "ARNs of Batch job queues, at least one", queues)
    _check.matches("job_name_prefix", args.get("job_name_prefix"), *_reading.NAME_PREFIX)
    _check.plain("account_id", args.get("account_id"), *_check.AN_ACCOUNT)
    _check.plain("permissions_boundary_arn", args.get("permissions_boundary_arn"), *_check.A_MANAGED_POLICY)
    size = _check.one_of("environment_class", args.get("environment_class", "mw1.small"), _CLASSES)
    most = 1 if size == _MICRO else 25
    max_workers = _check.between("max_workers", args.get("max_workers", min(3, most)), 1, most)
    options = args.get("configuration", {})
    for option in options:
        _check.matches("configuration", option, *_OPTION)
    return {
        "name": name,
        "airflow_version": _check.one_of(
            "airflow_version", args.get("airflow_version", versions.AIRFLOW), versions.AIRFLOW_ACCEPTED
        ),
        "environment_class": size,
        "min_workers": _check.between("min_workers", args.get("min_workers", 1), 1, max_workers),
        "max_workers": max_workers,
        **dict.fromkeys(("min_webservers", "max_webservers", "schedulers"), 1 if size == _MICRO else 2),
        "airflow_configuration_options": {**_OWN_OPTIONS, **options},
        "weekly_maintenance_window_start": _check.matches(
            "maintenance_window_start", args.get("maintenance_window_start", "SUN:03:30"), *_WINDOW
        ),
    }
