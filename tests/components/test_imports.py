"""A stack pays for what it uses: what is loaded by importing slipway, and by using one component of it."""

import subprocess
import sys

import pytest
import slipway

SDKS = {"pulumi_aws", "pulumi_kubernetes"}
NEVER = {"boto3", "botocore", "pydantic", "slipway_ops", "stacks", "sandbox"}
SHARED = ("slipway.security.data_class", "slipway.security.principal", "slipway.security._policies")
"""What any step may take from security: the classes of data, and the statements, which are written only there."""

IDENTITY = ("slipway.security.workload_identity", "slipway.security._identity")
NEEDS: dict[str, str | tuple[str, ...]] = {
    "AirflowEnvironment": IDENTITY,  # its DAGs have a role
    "CandidateWorkflow": IDENTITY,
    "KubeflowRuns": (*IDENTITY, "slipway.serving._"),  # its job has a role, and is guarded as others are
    "RetrainingEnvironment": IDENTITY,
    "RetrainingPipeline": (*IDENTITY, "slipway.models.datasets"),  # its steps have a role, and the model's data a place
    "ImagePublisher": IDENTITY,  # it is one
    "CloudMetrics": IDENTITY,
    "DriftMonitor": (*IDENTITY, "slipway.retraining."),  # its job has a role, and is one of a retraining environment's
    "ModelMonitoring": ("slipway.rollout.", "slipway.serving._"),  # a model's arms and pods are found in the same way
    "MonitoringStack": ("slipway.rollout.", "slipway.serving._"),
    "ModelService": "slipway.rollout.",  # its pods may be a rollout's
    "ProgressiveRollout": "slipway.serving._",  # the pods of both are found and guarded in the same way
    "PromotionGate": "slipway.serving._",
    "RolloutController": "slipway.serving._",
}
"""What a component may take from another step."""
IN_CLUSTER = (
    "ModelMonitoring",
    "ModelService",
    "MonitoringStack",
    "ProgressiveRollout",
    "PromotionGate",
    "RequestAutoscaler",
    "RolloutController",
)
"""Components that know nothing of AWS."""


def loaded(statement: str) -> set[str]:
    """Modules that a fresh interpreter has after ``statement``."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    return set(done.stdout.split())


def test_importing_slipway_loads_nothing() -> None:
    modules = loaded("import slipway")
    assert {name for name in modules if name.startswith("slipway")} == {"slipway"}
    assert not modules & (SDKS | NEVER | {"pulumi"})


@pytest.mark.parametrize("name", slipway.COMPONENTS)
def test_a_component_loads_no_other_step(name: str) -> None:
    modules = loaded(f"from slipway import {name}")
    step = slipway.COMPONENTS[name]
    others = {package for package in slipway.COMPONENTS.values() if package != step}
    foreign = {
        module
        for module in modules
        if module.rpartition(".")[0] in others and not module.startswith(SHARED) and module != "slipway.security"
    }
    foreign = {module for module in foreign if not module.startswith(NEEDS.get(name, "-"))}
    assert not foreign
    assert not modules & NEVER
    needed = {"ServingCluster": SDKS, "Gateway": SDKS, "KubeflowRuns": SDKS, "ModelRegistry": set()}.get(
        name, {"pulumi_aws"}
    )
    assert modules & SDKS == ({"pulumi_kubernetes"} if name in IN_CLUSTER else needed)


@pytest.mark.parametrize(("backend", "sdk"), [("_managed", "pulumi_aws"), ("_self_hosted", "pulumi_kubernetes")])
def test_a_registry_loads_the_sdk_of_its_backend(backend: str, sdk: str) -> None:
    assert loaded(f"from slipway.models import {backend}") & SDKS == {sdk}
