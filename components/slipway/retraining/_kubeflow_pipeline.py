"""What a pipeline declares for Kubeflow: the pipeline and its version as objects, and who its steps are in the cluster.

A version cannot be changed, so it is named after its content, and a superseded one stays: runs that began with it, and
the history of those that ended, refer to it. To go back to one that is still there, the cluster's provider must take
objects over (``upsert_existing_objects``).
"""

import pulumi
import pulumi_kubernetes as k8s

from slipway._custom import kubeflow
from slipway.retraining import _kubeflow
from slipway.retraining._declaration import Declaration, Wiring

RUNNER = "pipeline-runner"
"""Role that Kubeflow Pipelines has in the namespace of its runs: what a step's pod does in the cluster for it."""


def register(
    name: str, namespace: str, declaration: Declaration, wiring: pulumi.Output[Wiring], parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Declare the objects; name of the version."""
    child = pulumi.ResourceOptions(parent=parent)
    called, account = _kubeflow.pipeline_name(declaration), _kubeflow.service_account(declaration)
    labels = {"app.kubernetes.io/managed-by": "slipway", "slipway/model": declaration.model}
    k8s.core.v1.ServiceAccount(
        f"{name}-account", metadata={"name": account, "namespace": namespace, "labels": labels}, opts=child
    )
    k8s.rbac.v1.RoleBinding(
        f"{name}-runner",
        metadata={"name": account, "namespace": namespace, "labels": labels},
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": RUNNER},
        subjects=[{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        opts=child,
    )
    pipeline = kubeflow.pipeline(
        f"{name}-pipeline",
        {"name": called, "namespace": namespace, "labels": labels},
        {"displayName": called, "description": f"Retraining of {declaration.model}"},
        child,
    )
    version = wiring.apply(lambda wired: _kubeflow.version_name(declaration, wired))
    kubeflow.pipeline_version(
        f"{name}-version",
        {"name": version, "namespace": namespace, "labels": labels},
        {
            "pipelineName": called,
            "versionName": version,
            "displayName": version,
            "description": "Written by slipway from the pipeline's declaration",
            "pipelineSpec": wiring.apply(lambda wired: _kubeflow.pipeline_spec(declaration, wired)),
            "platformSpec": _kubeflow.platform_spec(declaration),
        },
        pulumi.ResourceOptions(parent=parent, depends_on=[pipeline], retain_on_delete=True),
    )
    return version
