"""Where a stack's images are, and the identity with which CI pushes them."""

from collections.abc import Iterable

import pulumi
from slipway.registry import ContainerRegistry, ImagePublisher
from slipway.registry.image_publisher import ImagePublisherArgs

from stacks.settings import Settings


def declare(
    settings: Settings, name: str, publisher: str, repositories: Iterable[str], key_arn: pulumi.Output[str]
) -> ContainerRegistry:
    """The registry ``name`` of ``repositories``, with the identity ``publisher`` where the settings name one."""
    registry = ContainerRegistry(
        name,
        {
            "repositories": sorted(repositories),
            "key_arn": key_arn,
            "pull_account_ids": settings.storage.pull_account_ids,
            "dev_tag_days": settings.storage.dev_image_days,
            "deletion_protection": settings.deletion_protection,
        },
    )
    if settings.publisher:
        args: ImagePublisherArgs = {
            "repository_arns": registry.repository_arns.apply(lambda arns: [arns[key] for key in sorted(arns)]),
            "oidc_provider_arn": settings.publisher.oidc_provider_arn,
            "subjects": settings.publisher.subjects,
            "key_arns": [key_arn],
        }
        if settings.permissions_boundary_arn:
            args["permissions_boundary_arn"] = settings.permissions_boundary_arn
        ImagePublisher(publisher, args)
    return registry
