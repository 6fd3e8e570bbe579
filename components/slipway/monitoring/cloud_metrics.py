"""Who reads CloudWatch's metrics for Prometheus."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check
from slipway.security import Principal
from slipway.security import _policies_monitoring as policies
from slipway.security.workload_identity import WorkloadIdentity, WorkloadIdentityArgs


class CloudMetricsArgs(TypedDict):
    """Inputs of ``CloudMetrics``."""

    cluster_name: pulumi.Input[str]
    """The EKS cluster."""
    namespace: NotRequired[str]
    """Namespace of ``MonitoringStack``. Default: ``monitoring``."""
    service_account: NotRequired[str]
    """Service account of the exporter. Default: ``cloudwatch-exporter``."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the role can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class CloudMetrics(pulumi.ComponentResource):
    """The identity of the CloudWatch exporter of ``MonitoringStack``: it reads metrics and tags, no data. Stateless."""

    role_arn: pulumi.Output[str]
    """ARN of the role."""

    def __init__(self, name: str, args: CloudMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:CloudMetrics", name, dict(args), opts)
        _check.known(args, CloudMetricsArgs.__annotations__)
        child = pulumi.ResourceOptions(parent=self)
        given: WorkloadIdentityArgs = {
            "principal": Principal.POD,
            "cluster_name": args["cluster_name"],
            "namespace": args.get("namespace", "monitoring"),
            "service_account": args.get("service_account", "cloudwatch-exporter"),
        }
        if "permissions_boundary_arn" in args:
            given["permissions_boundary_arn"] = args["permissions_boundary_arn"]
        if "tags" in args:
            given["tags"] = args["tags"]

        identity = WorkloadIdentity(f"{name}-exporter", given, child)
        aws.iam.RolePolicy(f"{name}-metrics", role=identity.role_name, policy=policies.metrics_reader(), opts=child)

        self.role_arn = identity.role_arn
        self.register_outputs({"roleArn": self.role_arn})
