"""The models of a stack: repository, identity and, once there is a release, the service of each."""

from typing import TYPE_CHECKING

import pulumi
from slipway.registry import ContainerRegistry
from slipway.security import Principal, WorkloadIdentity
from slipway.security.workload_identity import WorkloadIdentityArgs
from slipway.serving import ModelService
from slipway.serving.model_service import ModelServiceArgs
from slipway_ops.environments import repository

from stacks import publisher
from stacks.contract import PlatformContract
from stacks.releases import Found
from stacks.settings import Settings

if TYPE_CHECKING:
    from slipway_ops.release import Release


def declare(
    settings: Settings, contract: PlatformContract, cluster: pulumi.ProviderResource, found: Found
) -> dict[str, dict[str, pulumi.Input[str]]]:
    """Declare the models; returns what each one's team looks for: repository, role and, of a release, the address."""
    if not settings.models:
        return {}
    repositories = {name: repository(settings.namespace, settings.environment, name) for name in settings.models}
    registry = ContainerRegistry(
        "models-registry",
        {
            "repositories": sorted(repositories.values()),
            "key_arn": contract.models_key_arn,
            "pull_account_ids": settings.storage.pull_account_ids,
            "dev_tag_days": settings.storage.dev_image_days,
            "deletion_protection": settings.deletion_protection,
        },
    )
    publisher.declare(settings, "models-publisher", registry, contract.models_key_arn)
    return {
        name: _model(name, settings, contract, cluster, found, registry.repositories[repositories[name]].repository_url)
        for name in settings.models
    }


def _model(
    name: str,
    settings: Settings,
    contract: PlatformContract,
    cluster: pulumi.ProviderResource,
    found: Found,
    repository_url: pulumi.Output[str],
) -> dict[str, pulumi.Input[str]]:
    identity = WorkloadIdentity(f"{name}-identity", _identity(name, settings, contract))
    outputs: dict[str, pulumi.Input[str]] = {"repository": repository_url, "role_arn": identity.role_arn}
    release = found.releases.get(name)
    if release:
        image = pulumi.Output.concat(repository_url, "@", release.content.image_digest)
        service = _service(name, settings, contract, cluster, release, image, str(found.operations_digest))
        outputs |= {"release": release.id, "url": service.url}
    return outputs


def _identity(name: str, settings: Settings, contract: PlatformContract) -> WorkloadIdentityArgs:
    """What the model's pods may do: read the model's artifacts.

    All of this model's, not one release's alone: while a release replaces another, pods of both must be able to
    restart (docs/adr/0005-artifact-identity.md).
    """
    args: WorkloadIdentityArgs = {
        "principal": Principal.POD,
        "cluster_name": contract.cluster_name,
        "namespace": settings.workload_namespace,
        "service_account": name,
        "reads": [pulumi.Output.concat(contract.models_bucket_arn, f"/artifacts/{name}/*")],
        "uses": [contract.models_key_arn],
    }
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args


def _service(
    name: str,
    settings: Settings,
    contract: PlatformContract,
    cluster: pulumi.ProviderResource,
    release: "Release",
    image: pulumi.Output[str],
    operations_digest: str,
) -> ModelService:
    model = settings.models[name]
    args: ModelServiceArgs = {
        "model": name,
        "release": release.id,
        "image": image,
        "artifact_uri": release.artifact_uri,
        "artifact_version": release.location.version_id,
        "artifact_sha256": release.content.artifact.sha256,
        "fetch_image": pulumi.Output.concat(contract.operations_repository_url, "@", operations_digest),
        "region": settings.region,
        "namespace": contract.namespace,
        "service_account": name,
        "min_replicas": model.scale.min,
        "max_replicas": model.scale.max,
        "target_cpu_percent": model.scale.target_cpu_percent,
        "ingress_namespaces": model.ingress_namespaces,
        "settings": {**release.content.settings},
    }
    # what the settings say, else the release, else the component's defaults
    for source in (release.content.resources, model.resources):
        if source and source.cpu is not None:
            args["cpu"] = source.cpu
        if source and source.memory is not None:
            args["memory"] = source.memory
        if source and source.gpus is not None:
            args["gpus"] = source.gpus
    return ModelService(name, args, pulumi.ResourceOptions(providers=[cluster]))
