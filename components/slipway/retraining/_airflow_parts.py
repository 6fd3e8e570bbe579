"""The pieces of an Airflow on AWS: its bucket, its network, its logs, its role."""

import hashlib
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from slipway import _bucket_logs, _tags
from slipway._private_bucket import private_bucket, versioned
from slipway.retraining import _parts, _reading
from slipway.security import DataClass, Principal
from slipway.security import _policies_airflow as policies
from slipway.security._identity import Identity
from slipway.security.workload_identity import WorkloadIdentityArgs

if TYPE_CHECKING:
    from slipway.retraining.airflow_environment import AirflowEnvironmentArgs

PARTS = {
    "dag_processing_logs": "DAGProcessing",
    "scheduler_logs": "Scheduler",
    "task_logs": "Task",
    "webserver_logs": "WebServer",
    "worker_logs": "Worker",
}
"""What writes logs -> end of its log group's name, which MWAA decides."""
REQUIREMENTS = "requirements.txt"
_KEEP_VERSIONS_DAYS = 90


def bucket(
    name: str, args: "AirflowEnvironmentArgs", access_log_days: int, protection: bool, parent: pulumi.Resource
) -> tuple[aws.s3.Bucket, aws.s3.BucketVersioning]:
    """The bucket that DAGs are read from; MWAA takes only one that keeps versions."""
    tags = args.get("tags")
    made = private_bucket(
        f"{name}-bucket",
        args["bucket_name"],
        data_class=DataClass.MODELS,
        key_arn=args["key_arn"],
        object_lock=False,
        protection=protection,
        tags=tags,
        parent=parent,
    )
    versioning = versioned(name, made, args["key_arn"], parent)
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=made.bucket,
        rules=[
            _bucket_logs.abandoned_uploads(),
            {
                "id": "superseded",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrent_version_expiration": {"noncurrent_days": _KEEP_VERSIONS_DAYS},
                "expiration": {"expired_object_delete_marker": True},
            },
        ],
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[versioning]),
    )
    _bucket_logs.access_logs(
        name,
        made,
        args["bucket_name"],
        days=access_log_days,
        protection=protection,
        account_id=args.get("account_id"),
        tags=tags,
        parent=parent,
    )
    return made, versioning


def requirements(
    name: str, lines: list[str], made: aws.s3.Bucket, versioning: aws.s3.BucketVersioning, parent: pulumi.Resource
) -> aws.s3.BucketObjectv2:
    """Python packages beside those that MWAA has; a new version of the object is what updates the environment."""
    text = "".join(f"{line}\n" for line in lines)
    return aws.s3.BucketObjectv2(
        f"{name}-requirements",
        bucket=made.bucket,
        key=REQUIREMENTS,
        content=text,
        source_hash=hashlib.sha256(text.encode()).hexdigest(),
        content_type="text/plain",
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[versioning]),
    )


def logs(
    name: str, args: "AirflowEnvironmentArgs", environment: str, days: int, child: pulumi.ResourceOptions
) -> list[aws.cloudwatch.LogGroup]:
    """Before the environment: MWAA would make them itself, without an end."""
    return [
        aws.cloudwatch.LogGroup(
            f"{name}-logs-{end.lower()}",
            name=f"airflow-{environment}-{end}",
            retention_in_days=days,
            kms_key_id=args["logs_key_arn"],
            tags=_tags.classified(args.get("tags"), DataClass.LOGS),
            opts=child,
        )
        for end in PARTS.values()
    ]


def network(name: str, args: "AirflowEnvironmentArgs", child: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
    """The parts of an environment among themselves, AWS over TLS, and who may open its pages. Rules inline."""
    among = "The environment's parts among themselves"
    ingress: list[aws.ec2.SecurityGroupIngressArgsDict] = [
        {"description": among, "protocol": "-1", "from_port": 0, "to_port": 0, "self": True}
    ]
    clients = args.get("client_security_group_ids")
    if clients:
        pages = "Airflow's pages"
        ingress.append(
            {"description": pages, "protocol": "tcp", "from_port": 443, "to_port": 443, "security_groups": clients}
        )
    return aws.ec2.SecurityGroup(
        f"{name}-group",
        vpc_id=args["vpc_id"],
        description="An Airflow environment",
        ingress=ingress,
        egress=[
            {"description": among, "protocol": "-1", "from_port": 0, "to_port": 0, "self": True},
            {
                "description": "AWS and package indexes",
                "protocol": "tcp",
                "from_port": 443,
                "to_port": 443,
                "cidr_blocks": ["0.0.0.0/0"],
            },
        ],
        tags=_tags.merge(args.get("tags"), {"Name": f"{name}-airflow"}),
        opts=child,
    )


def role(
    name: str,
    args: "AirflowEnvironmentArgs",
    environment_arn: pulumi.Output[str],
    bucket_arn: pulumi.Output[str],
    child: pulumi.ResourceOptions,
) -> tuple[Identity, list[pulumi.Resource]]:
    """The environment's role, and the policies that it must have before the environment is made."""
    key_arn = args["key_arn"]
    rights: WorkloadIdentityArgs = {"principal": Principal.AIRFLOW, "reads": [bucket_arn], "uses": [key_arn]}
    account_id = environment_arn.apply(lambda arn: arn.split(":")[4])
    identity = _parts.identity(f"{name}-execution", args, account_id, rights, child)
    service = aws.iam.RolePolicy(
        f"{name}-service",
        role=identity.role_name,
        policy=pulumi.Output.all(environment_arn, bucket_arn, key_arn).apply(
            lambda arns: policies.airflow_service(*arns)
        ),
        opts=child,
    )
    jobs = aws.iam.RolePolicy(
        f"{name}-jobs",
        role=identity.role_name,
        policy=pulumi.Output.all(*args["job_queue_arns"]).apply(
            lambda queues: policies.airflow_jobs(queues, _reading.machine_name(args["job_name_prefix"], ""))
        ),
        opts=child,
    )
    return identity, [service, jobs]
