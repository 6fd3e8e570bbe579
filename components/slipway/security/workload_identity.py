"""Who a workload is on AWS, and what it may do there."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from slipway import _check
from slipway.security import _identity
from slipway.security.principal import Principal


class WorkloadIdentityArgs(TypedDict):
    """Inputs of ``WorkloadIdentity``."""

    principal: Principal
    """Where the workload runs: pod, batch, function, state_machine, events, airflow or ci."""
    reads: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of what it reads: S3 buckets, prefixes (``…/*``) and objects, ECR repositories, DynamoDB tables and streams,
    secrets, SSM parameters, SQS queues, log groups. Default: nothing."""
    writes: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of what it writes: those kinds, SNS topics, Firehose streams, and Batch job definitions whose jobs it only
    submits. Writing to S3 is adding and replacing, never deleting. Default: nothing."""
    deletes: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of what it deletes: S3 buckets, prefixes and objects. A version that was superseded stays for as long as the
    bucket keeps it. Default: nothing."""
    locks: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of what it writes with a retention, beside ``writes``: S3 buckets with object lock, prefixes and objects. It
    can make a retention longer, never shorter. Default: nothing."""
    uses: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of what it calls: state machines, Batch job queues and definitions, Lambda functions, event buses, database
    users that it logs in as, MLflow Apps, roles in Airflow environments, and KMS keys. A key can be used only through
    the services of what is read and written; directly, if that is nothing. Default: nothing."""
    cluster_name: NotRequired[pulumi.Input[str]]
    """For a pod: the EKS cluster."""
    namespace: NotRequired[str]
    """For a pod: the Kubernetes namespace."""
    service_account: NotRequired[str]
    """For a pod: the Kubernetes service account; it gets the role."""
    oidc_provider_arn: NotRequired[pulumi.Input[str]]
    """For CI: the account's IAM OIDC provider that vouches for the pipeline."""
    subjects: NotRequired[list[str]]
    """For CI: exact subjects of accepted tokens, such as ``repo:acme/models:environment:prod``."""
    state_machine_arn: NotRequired[pulumi.Input[str]]
    """For a state machine: its own ARN, which its name decides. With it come its logs and traces, waiting for the Batch
    jobs that it uses, and its own use of the keys. Default: none of these."""
    account_id: NotRequired[pulumi.Input[str]]
    """Account for which a service may take the role. Default: for all but pods, CI and functions the provider's own."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the role can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class WorkloadIdentity(pulumi.ComponentResource):
    """An IAM role that one workload can take, with exactly the rights that what it reads, writes and uses needs.

    For a pod it also ties the role to the service account (EKS Pod Identity). Not stateful.
    """

    role_arn: pulumi.Output[str]
    """ARN of the role, to run the workload with."""
    role_name: pulumi.Output[str]
    """Name of the role, to attach further policies to."""

    def __init__(self, name: str, args: WorkloadIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:WorkloadIdentity", name, dict(args), opts)
        _check.known(args, WorkloadIdentityArgs.__annotations__)
        made = _identity.declare(name, args, pulumi.ResourceOptions(parent=self))
        self.role_arn = made.role_arn
        self.role_name = made.role_name
        self.register_outputs({"roleArn": self.role_arn, "roleName": self.role_name})
