"""The models of a stack: repository, identity and, once there is a release, the service of each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from slipway.security import Principal, WorkloadIdentity
from slipway.security.workload_identity import WorkloadIdentityArgs
from slipway.serving import Ceiling, ModelService, ceiling
from slipway.serving.model_service import ModelServiceArgs
from slipway_ops.environments import repository

from stacks import images, routes
from stacks.contract import PlatformContract
from stacks.releases import Found
from stacks.settings import Settings

if TYPE_CHECKING:
    from pulumi_aws.ecr import Repository
    from slipway.monitoring import MonitoringStack
    from slipway_ops.release import Release

    from stacks.stores import Stores, Use


@dataclass(frozen=True)
class Place:
    """Where models are declared, and with what."""

    settings: Settings
    contract: PlatformContract
    cluster: pulumi.ProviderResource
    found: Found
    stores: "Stores | None" = None
    monitoring: "MonitoringStack | None" = None
    """What watches them, where it is declared in the same stack."""

    def use(self, name: str) -> "Use | None":
        """What the model gets of the stores."""
        return self.stores.of_model(name, self.settings) if self.stores else None


@dataclass(frozen=True)
class Made:
    """A model that was declared."""

    outputs: dict[str, Any]
    """What its team looks for: repository, role and, of a release, the addresses."""
    ceiling: Ceiling | None = None
    """The most that its pods can request."""


def declare(place: Place) -> dict[str, Made]:
    """Declare all models."""
    settings = place.settings
    if not settings.models:
        return {}
    repositories = {name: repository(settings.namespace, settings.environment, name) for name in settings.models}
    registry = images.declare(
        settings, "models-registry", "models-publisher", repositories.values(), place.contract.models_key_arn
    )
    return {name: _model(name, place, registry.repositories[repositories[name]]) for name in settings.models}


def _model(name: str, place: Place, images: "Repository") -> Made:
    use, repository_url = place.use(name), images.repository_url
    identity = WorkloadIdentity(f"{name}-identity", _identity(name, place, use))
    outputs: dict[str, Any] = {"repository": repository_url, "role_arn": identity.role_arn}
    release = place.found.releases.get(name)
    if place.settings.models[name].retrain:
        from stacks import pipelines  # most of its SDK modules are no other's

        outputs |= pipelines.declare(name, place.settings, place.contract, place.cluster, images, release)
    if release is None:
        return Made(outputs)
    if place.settings.models[name].drift:
        from stacks import drifting  # likewise

        outputs |= drifting.declare(name, place.settings, place.contract, str(place.found.operations_digest))
    args = _service_args(name, place, release, pulumi.Output.concat(repository_url, "@", release.content.image_digest))
    if use:
        args["settings"] = {**args["settings"], **use.variables}
        args["egress"] = use.egress
    service = ModelService(name, args, pulumi.ResourceOptions(providers=[place.cluster]))
    outputs |= {"release": release.id, "url": service.url, **routes.outputs(name, place.settings)}
    if place.settings.monitoring:
        from stacks import watched

        outputs |= watched.declare(name, place.settings, args, place.cluster, place.monitoring)
    return Made(outputs, ceiling(args))


def _identity(name: str, place: Place, use: "Use | None") -> WorkloadIdentityArgs:
    """What the model's pods may do: read the model's artifacts, and use its stores.

    All artifacts of this model, not one release's alone: while a release replaces another, pods of both must be able
    to restart (docs/adr/0005-artifact-identity.md).
    """
    contract, settings = place.contract, place.settings
    artifacts = pulumi.Output.concat(contract.models_bucket_arn, f"/artifacts/{name}/*")
    args: WorkloadIdentityArgs = {
        "principal": Principal.POD,
        "cluster_name": contract.cluster_name,
        "namespace": settings.workload_namespace,
        "service_account": name,
        "reads": [artifacts, *(use.reads if use else [])],
        "uses": [contract.models_key_arn, *(use.uses if use else [])],
    }
    if use and use.writes:
        args["writes"] = [*use.writes]
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    return args


def _service_args(name: str, place: Place, release: "Release", image: pulumi.Output[str]) -> ModelServiceArgs:
    contract, settings = place.contract, place.settings
    model, operations = settings.models[name], str(place.found.operations_digest)
    args: ModelServiceArgs = {
        "model": name,
        "release": release.id,
        "image": image,
        "artifact_uri": release.artifact_uri,
        "artifact_version": release.location.version_id,
        "artifact_sha256": release.content.artifact.sha256,
        "fetch_image": pulumi.Output.concat(contract.operations_repository_url, "@", operations),
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
    routes.add(args, name, settings, contract)
    return args
