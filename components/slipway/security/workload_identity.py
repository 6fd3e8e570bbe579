"""Who a workload is on AWS, and what it may do there."""

from collections.abc import Awaitable, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check
from slipway.security import _policies as policies
from slipway.security._policies_kinds import kind_of
from slipway.security.principal import Principal

_OWN = {
    Principal.POD: ("cluster_name", "namespace", "service_account"),
    Principal.CI: ("oidc_provider_arn", "subjects"),
    Principal.STATE_MACHINE: ("state_machine_arn",),
}
_OPTIONAL = ("state_machine_arn",)
"""Arguments of a principal that it can do without."""
_SERVICES: dict[Principal, str | tuple[str, ...]] = {
    Principal.BATCH: "ecs-tasks.amazonaws.com",
    Principal.FUNCTION: "lambda.amazonaws.com",
    Principal.STATE_MACHINE: "states.amazonaws.com",
    Principal.EVENTS: ("events.amazonaws.com", "scheduler.amazonaws.com"),
    Principal.AIRFLOW: ("airflow.amazonaws.com", "airflow-env.amazonaws.com"),
}
_LABEL = (r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "a Kubernetes name: 1 to 63 of a-z, 0-9 and -")
_CLUSTER = (r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}", "an EKS cluster's name")
_SUBJECT = (r"[^\s*?]+", "a token's exact subject, without wildcards")


class WorkloadIdentityArgs(TypedDict):
    """Inputs of ``WorkloadIdentity``."""

    principal: Principal
    """Where the workload runs: pod, batch, function, state_machine, events, airflow or ci."""
    reads: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of what it reads: S3 buckets, prefixes (``…/*``) and objects, ECR repositories, DynamoDB tables and streams,
    secrets, SSM parameters, SQS queues, log groups. Default: nothing."""
    writes: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of what it writes: those kinds, SNS topics and Firehose streams. Writing to S3 is adding and replacing,
    never deleting. Default: nothing."""
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
        principal = Principal(_check.one_of("principal", args.get("principal"), Principal))
        _own_args(principal, args)
        declared = [_declared(args, arg) for arg in ("reads", "writes", "uses", "deletes", "locks")]
        _check.plain("account_id", args.get("account_id"), *_check.AN_ACCOUNT)
        _check.plain("permissions_boundary_arn", args.get("permissions_boundary_arn"), *_check.A_MANAGED_POLICY)
        tags = args.get("tags")
        child = pulumi.ResourceOptions(parent=self)

        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=self._trust(principal, args),
            permissions_boundary=args.get("permissions_boundary_arn"),
            tags=tags,
            opts=child,
        )
        if any(entry != [] for entry in declared):
            aws.iam.RolePolicy(
                f"{name}-access",
                role=role.name,
                policy=pulumi.Output.all(*declared, args.get("state_machine_arn")).apply(
                    lambda known: policies.access(*known)
                ),
                opts=child,
            )
        if principal is Principal.POD:
            aws.eks.PodIdentityAssociation(
                f"{name}-association",
                cluster_name=args["cluster_name"],
                namespace=args["namespace"],
                service_account=args["service_account"],
                role_arn=role.arn,
                tags=tags,
                opts=child,
            )

        self.role_arn = role.arn
        self.role_name = role.name
        self.register_outputs({"roleArn": self.role_arn, "roleName": self.role_name})

    def _trust(self, principal: Principal, args: WorkloadIdentityArgs) -> pulumi.Input[str]:
        account: Any = args.get("account_id")
        if principal is Principal.POD:
            namespace, service_account = args["namespace"], args["service_account"]
            return pulumi.Output.all(args["cluster_name"], account).apply(
                lambda known: policies.pod_trust(known[0], namespace, service_account, known[1])
            )
        if principal is Principal.CI:
            subjects = args["subjects"]
            provider = pulumi.Output.from_input(args["oidc_provider_arn"])
            return provider.apply(lambda arn: policies.federated_trust(arn, subjects))
        services = _SERVICES[principal]
        if principal is Principal.FUNCTION:
            return policies.service_trust(services, None)
        if account is None:
            account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        return pulumi.Output.from_input(account).apply(lambda known: policies.service_trust(services, known))


def _own_args(principal: Principal, args: WorkloadIdentityArgs) -> None:
    """Each principal needs its own arguments; another's would be ignored, so they are refused."""
    for owner, names in _OWN.items():
        for name in names:
            given = args.get(name)
            if owner is principal and given is None and name not in _OPTIONAL:
                _check.refuse(name, f"a value, because principal is {principal}", given)
            if owner is not principal and given is not None:
                _check.refuse(name, f"nothing, because principal is {principal}", given)
    if principal is Principal.FUNCTION and args.get("account_id") is not None:
        _check.refuse("account_id", "nothing, because Lambda does not say for whom it acts", args.get("account_id"))
    _check.plain("state_machine_arn", args.get("state_machine_arn"), *_check.A_STATE_MACHINE)
    if principal is Principal.POD:
        _check.plain("cluster_name", args.get("cluster_name"), *_CLUSTER)
        _check.matches("namespace", args.get("namespace"), *_LABEL)
        _check.matches("service_account", args.get("service_account"), *_LABEL)
    if principal is Principal.CI:
        _check.plain("oidc_provider_arn", args.get("oidc_provider_arn"), *_check.AN_OIDC_PROVIDER)
        _check.each("subjects", args.get("subjects"), *_SUBJECT, at_least=1)


def _declared(args: WorkloadIdentityArgs, arg: str) -> Any:
    """The ARNs of one argument; what is known of them is checked before anything is declared."""
    arns: Any = args.get(arg)
    if arns is None:
        return []
    if isinstance(arns, str) or not isinstance(arns, Sequence | Awaitable | pulumi.Output):
        _check.refuse(arg, "a list of ARNs", arns)
    for arn in arns if isinstance(arns, Sequence) else []:
        if not isinstance(arn, pulumi.Output | Awaitable):
            kind_of(arg, arn)
    return arns
