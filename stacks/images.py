"""The identity with which CI pushes a stack's images."""

import pulumi
from slipway.registry import ContainerRegistry, ImagePublisher
from slipway.registry.image_publisher import ImagePublisherArgs

from stacks.settings import Settings


def declare(settings: Settings, name: str, registry: ContainerRegistry, key_arn: pulumi.Output[str]) -> None:
    """Where the settings have a publisher: let it push to all repositories of ``registry``."""
    if settings.publisher is None:
        return
    args: ImagePublisherArgs = {
        "repository_arns": registry.repository_arns.apply(lambda arns: [arns[key] for key in sorted(arns)]),
        "oidc_provider_arn": settings.publisher.oidc_provider_arn,
        "subjects": settings.publisher.subjects,
        "key_arns": [key_arn],
    }
    if settings.permissions_boundary_arn:
        args["permissions_boundary_arn"] = settings.permissions_boundary_arn
    ImagePublisher(name, args)
