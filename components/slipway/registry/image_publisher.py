"""The CI pipeline that pushes images."""

from typing import Any, NotRequired, TypedDict

import pulumi

from slipway import _check
from slipway.security import Principal, WorkloadIdentity
from slipway.security.workload_identity import WorkloadIdentityArgs

_SUBJECT = (
    r"repo:[^\s*?:/]+/[^\s*?:/]+:[^\s*?]+",
    "an exact subject of GitHub's tokens: repo:<owner>/<repository>:<what>, without wildcards",
)
_REPOSITORY = (r"arn:aws[a-z-]*:ecr:[a-z0-9-]+:\d{12}:repository/[a-z0-9][a-z0-9._/-]*", "an ECR repository's ARN")


class ImagePublisherArgs(TypedDict):
    """Inputs of ``ImagePublisher``."""

    repository_arns: pulumi.Input[list[pulumi.Input[str]]]
    """ECR repositories that it may push to, and no others."""
    oidc_provider_arn: pulumi.Input[str]
    """The account's IAM OIDC provider for GitHub Actions; an account has one, so it is given, not made."""
    subjects: list[str]
    """Exact subjects of accepted tokens, such as ``repo:acme/models:environment:prod``."""
    key_arns: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """KMS keys of the repositories, usable through ECR only. ECR works by its own grants, so this is for keys whose
    owner wants callers to hold the right too. Default: none."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the role can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class ImagePublisher(pulumi.ComponentResource):
    """An IAM role by which GitHub Actions push images, without any stored credential. Not stateful."""

    role_arn: pulumi.Output[str]
    """ARN of the role, for the workflow's ``role-to-assume``."""

    def __init__(self, name: str, args: ImagePublisherArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:ImagePublisher", name, dict(args), opts)
        _check.known(args, ImagePublisherArgs.__annotations__)
        if args.get("repository_arns") in (None, []):
            _check.refuse("repository_arns", "at least one ECR repository's ARN", args.get("repository_arns"))
        subjects = _check.each("subjects", args.get("subjects"), *_SUBJECT, at_least=1)
        identity: WorkloadIdentityArgs = {
            "principal": Principal.CI,
            "oidc_provider_arn": _check.given(args, "oidc_provider_arn", *_check.AN_OIDC_PROVIDER),
            "subjects": subjects,
            "writes": _only("repository_arns", args["repository_arns"], *_REPOSITORY),
            "uses": _only("key_arns", args.get("key_arns", []), *_check.A_KEY),
        }
        if args.get("permissions_boundary_arn") is not None:
            identity["permissions_boundary_arn"] = args["permissions_boundary_arn"]
        if args.get("tags") is not None:
            identity["tags"] = args["tags"]
        role = WorkloadIdentity(name, identity, pulumi.ResourceOptions(parent=self))

        self.role_arn = role.role_arn
        self.register_outputs({"roleArn": self.role_arn})


def _only(
    arg: str, arns: pulumi.Input[list[pulumi.Input[str]]], pattern: str, accepted: str
) -> pulumi.Input[list[pulumi.Input[str]]]:
    """``arns``, each of which must match: at once where it is known, else when it becomes known."""

    def check(arn: str) -> str:
        return _check.matches(arg, arn, pattern, accepted)

    if isinstance(arns, list):
        return [check(arn) if isinstance(arn, str) else _later(arn).apply(check) for arn in arns]
    return _later(arns).apply(lambda known: [check(arn) for arn in known])


def _later(value: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)
