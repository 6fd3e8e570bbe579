"""The role of a workload, for components that have one among their own resources.

``WorkloadIdentity`` is this as a component. A pipeline has three roles, and a component for each would cost as much as
the role itself (docs/performance.md).
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from slipway import _check
from slipway.security import _policies as policies
from slipway.security._policies_kinds import kind_of
from slipway.security.principal import Principal

if TYPE_CHECKING:
    from slipway.security.workload_identity import WorkloadIdentityArgs

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


@dataclass(frozen=True)
class Identity:
    """A role with its rights."""

    role_arn: pulumi.Output[str]
    role_name: pulumi.Output[str]
    resources: list[pulumi.Resource]
    """The role and all that makes it what it is: who takes it at once waits for them."""


def declare(name: str, args: "WorkloadIdentityArgs", child: pulumi.ResourceOptions) -> Identity:
    """Check ``args`` and declare the role as a child; raises ``ValueError`` that names what is wrong."""
    principal = Principal(_check.one_of("principal", args.get("principal"), Principal))
    _own_args(principal, args)
    declared = [_declared(args, arg) for arg in ("reads", "writes", "uses", "deletes", "locks")]
    _check.plain("account_id", args.get("account_id"), *_check.AN_ACCOUNT)
    _check.plain("permissions_boundary_arn", args.get("permissions_boundary_arn"), *_check.A_MANAGED_POLICY)
    tags = args.get("tags")

    role = aws.iam.Role(
        f"{name}-role",
        assume_role_policy=_trust(principal, args, child.parent),
        permissions_boundary=args.get("permissions_boundary_arn"),
        tags=tags,
        opts=child,
    )
    resources: list[pulumi.Resource] = [role]
    if any(entry != [] for entry in declared):
        access = aws.iam.RolePolicy(
            f"{name}-access",
            role=role.name,
            policy=pulumi.Output.all(*declared, args.get("state_machine_arn")).apply(
                lambda known: policies.access(*known)
            ),
            opts=child,
        )
        resources.append(access)
    if principal is Principal.POD:
        association = aws.eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=args["cluster_name"],
            namespace=args["namespace"],
            service_account=args["service_account"],
            role_arn=role.arn,
            tags=tags,
            opts=child,
        )
        resources.append(association)
    return Identity(role.arn, role.name, resources)


def _trust(principal: Principal, args: "WorkloadIdentityArgs", parent: pulumi.Resource | None) -> pulumi.Input[str]:
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
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent)).account_id
    return pulumi.Output.from_input(account).apply(lambda known: policies.service_trust(services, known))


def _own_args(principal: Principal, args: "WorkloadIdentityArgs") -> None:
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


def _declared(args: "WorkloadIdentityArgs", arg: str) -> Any:
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
