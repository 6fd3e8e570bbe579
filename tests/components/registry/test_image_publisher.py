"""The pipeline's identity: pushes these repositories only, for these exact subjects only."""

from typing import Any

import pulumi
import pytest
from slipway.registry import ImagePublisher

from tests.components.graph import UNKNOWN, Graph, declare

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
REPOSITORY = "arn:aws:ecr:eu-west-1:123456789012:repository/acme-prod/flight-delay"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
ARGS: dict[str, Any] = {
    "repository_arns": [REPOSITORY],
    "oidc_provider_arn": PROVIDER,
    "subjects": ["repo:acme/models:environment:prod"],
}


def publisher(args: Any, preview: bool = False) -> Graph[ImagePublisher]:
    """``args`` may be a function, for arguments that are Outputs."""
    return declare(lambda: ImagePublisher("publisher", args() if callable(args) else args), preview=preview)


def test_may_push_these_repositories(preview: bool) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    graph = publisher({**ARGS, "permissions_boundary_arn": boundary, "tags": {"team": "ml"}}, preview)
    assert graph.types() == {ROLE: 1, POLICY: 1}
    role = graph.one(ROLE)
    assert role.inputs["permissionsBoundary"] == boundary
    assert role.inputs["tags"] == {"team": "ml"}
    [trust] = role.document("assumeRolePolicy")["Statement"]
    assert trust["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": ["repo:acme/models:environment:prod"],
    }
    push, login = sorted(
        graph.one(POLICY).document("policy")["Statement"], key=lambda s: len(s["Action"]), reverse=True
    )
    assert push["Resource"] == [REPOSITORY]
    assert "ecr:PutImage" in push["Action"] and "ecr:BatchDeleteImage" not in push["Action"]
    assert login == {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]}


def test_a_key_is_used_through_ecr_only(preview: bool) -> None:
    graph = publisher(lambda: {**ARGS, "key_arns": [pulumi.Output.from_input(KEY)]}, preview)
    statements = [s for s in graph.one(POLICY).document("policy")["Statement"] if s["Resource"] == [KEY]]
    assert sorted(s["Action"][0] for s in statements) == ["kms:Decrypt", "kms:GenerateDataKey"]
    for statement in statements:
        assert statement["Condition"] == {"StringEquals": {"kms:ViaService": ["ecr.eu-west-1.amazonaws.com"]}}


def test_repositories_may_be_an_output(preview: bool) -> None:
    graph = publisher(lambda: {**ARGS, "repository_arns": pulumi.Output.from_input([REPOSITORY])}, preview)
    assert REPOSITORY in graph.one(POLICY).inputs["policy"]


def test_the_output_is_the_role(preview: bool) -> None:
    graph = publisher(ARGS, preview)
    component = next(item for item in graph.resources if item.type == "slipway:index:ImagePublisher")
    assert component.outputs == {"roleArn": graph.one(ROLE).outputs.get("arn", UNKNOWN)}
    assert graph.at(graph.one(ROLE).parent).parent == component.urn


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"repository_arns": []}, r"repository_arns: accepted: at least one ECR repository's ARN: received: \[\]"),
        ({"repository_arns": None}, "repository_arns: accepted: at least one ECR repository's ARN: received: None"),
        (
            {"repository_arns": ["arn:aws:s3:::x"]},
            "repository_arns: accepted: an ECR repository's ARN: received: 'arn:",
        ),
        ({"repository_arns": [REPOSITORY + "*"]}, "repository_arns: accepted: an ECR repository's ARN: received:"),
        ({"key_arns": ["alias/x"]}, "key_arns: accepted: a KMS key's ARN: received: 'alias/x'"),
        ({"oidc_provider_arn": None}, "oidc_provider_arn: accepted: an IAM OIDC provider's ARN: received: None"),
        ({"oidc_provider_arn": "x"}, "oidc_provider_arn: accepted: an IAM OIDC provider's ARN: received: 'x'"),
        ({"subjects": []}, r"subjects: accepted: at least 1 entry: received: \[\]"),
        (
            {"subjects": ["repo:acme/models:*"]},
            r"subjects\[0\]: accepted: an exact subject of GitHub's tokens: ",
        ),
        ({"subjects": ["repo:acme/*:environment:prod"]}, r"subjects\[0\]: accepted: an exact subject"),
        ({"subjects": ["acme/models"]}, r"subjects\[0\]: accepted: an exact subject"),
        ({"subjects": ["repo:a/b:c", "repo:a/b:c"]}, "subjects: accepted: entries that differ from each other"),
        (
            {"permissions_boundary_arn": "x"},
            "permissions_boundary_arn: accepted: a managed policy's ARN: rec",
        ),
        ({"repositories": ["x"]}, "repositories: accepted: no such argument; there are key_arns, oidc_provider_arn"),
    ],
)
def test_refuses(args: dict[str, Any], message: str, preview: bool) -> None:
    with pytest.raises(ValueError, match=message):
        publisher({**ARGS, **args}, preview)


@pytest.mark.parametrize("whole", [True, False])
def test_a_wrong_arn_that_becomes_known_later_is_refused(whole: bool, preview: bool) -> None:
    def args() -> dict[str, Any]:
        wrong = "arn:aws:s3:::x"
        later = pulumi.Output.from_input
        return {**ARGS, "repository_arns": later([wrong]) if whole else [later(wrong)]}

    with pytest.raises(ValueError, match="repository_arns: accepted: an ECR repository's ARN: received: 'arn:aws:s3"):
        publisher(args, preview)
