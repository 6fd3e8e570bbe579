"""Repositories for container images."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check, _tags
from slipway.registry import _lifecycle
from slipway.security import DataClass
from slipway.security import _policies_stores as policies

_REPOSITORY = (
    r"(?=.{2,256}$)[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*",
    "a repository's name: 2 to 256 of a-z, 0-9, ., _, - and /, such as acme-prod/flight-delay",
)


class ContainerRegistryArgs(TypedDict):
    """Inputs of ``ContainerRegistry``."""

    repositories: list[str]
    """Names of the repositories, such as ``acme-prod/flight-delay``."""
    key_arn: pulumi.Input[str]
    """KMS key that encrypts the images; a repository cannot change it later."""
    pull_account_ids: NotRequired[list[str]]
    """Other AWS accounts that may pull. Default: none."""
    dev_tag_days: NotRequired[int]
    """Days until an image tagged ``dev-…`` expires. Default: 30."""
    deletion_protection: NotRequired[bool]
    """Guards the repositories and their images against deletion. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class ContainerRegistry(pulumi.ComponentResource):
    """Encrypted ECR repositories that scan what is pushed and never forget a released image. Stateful.

    Tags are immutable, but for ``dev-…``, which is meant to move, and ``sha256-…``, under which signatures are kept. An
    image tagged ``release-…`` never expires.
    """

    repository_urls: pulumi.Output[dict[str, str]]
    """Address of each repository by name, to push to and to run images from."""
    repository_arns: pulumi.Output[dict[str, str]]
    """ARN of each repository by name, to let workloads read and pipelines write."""

    def __init__(self, name: str, args: ContainerRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ContainerRegistry", name, dict(args), opts)
        _check.known(args, ContainerRegistryArgs.__annotations__)
        names = _check.each("repositories", args.get("repositories"), *_REPOSITORY, at_least=1)
        key_arn = _check.given(args, "key_arn", *_check.A_KEY)
        accounts = _check.each("pull_account_ids", args.get("pull_account_ids", []), *_check.AN_ACCOUNT)
        dev_tag_days = _check.days("dev_tag_days", args.get("dev_tag_days", 30))
        protection = _check.flag("deletion_protection", args.get("deletion_protection", True))
        tags = _tags.classified(args.get("tags"), DataClass.MODELS)
        child = pulumi.ResourceOptions(parent=self)

        repositories = {}
        for repository in names:
            repositories[repository] = created = aws.ecr.Repository(
                f"{name}-{repository}",
                name=repository,
                image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
                image_tag_mutability_exclusion_filters=[
                    {"filter": pattern, "filter_type": "WILDCARD"}
                    for pattern in (_lifecycle.DEV_TAGS, _lifecycle.SIGNATURE_TAGS)
                ],
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "KMS", "kms_key": key_arn}],
                force_delete=not protection,
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self, protect=protection),
            )
            aws.ecr.LifecyclePolicy(
                f"{name}-{repository}",
                repository=created.name,
                policy=_lifecycle.lifecycle_policy(dev_tag_days),
                opts=child,
            )
            if accounts:
                aws.ecr.RepositoryPolicy(
                    f"{name}-{repository}",
                    repository=created.name,
                    policy=created.arn.apply(lambda arn: policies.repository_policy(arn.split(":")[1], accounts)),
                    opts=child,
                )

        self.repositories: Mapping[str, aws.ecr.Repository] = repositories
        """For programs in Python: each repository by name. What uses one of them waits for that one only."""
        self.repository_urls = pulumi.Output.all(**{key: item.repository_url for key, item in repositories.items()})
        self.repository_arns = pulumi.Output.all(**{key: item.arn for key, item in repositories.items()})
        self.register_outputs({"repositoryUrls": self.repository_urls, "repositoryArns": self.repository_arns})
