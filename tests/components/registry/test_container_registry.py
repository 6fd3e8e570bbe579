"""Repositories: immutable, scanned, encrypted, guarded; pulled from by the accounts named."""

from typing import Any

import pulumi
import pytest
from slipway.registry import ContainerRegistry

from tests.components.graph import UNKNOWN, Graph, declare

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
NAMES = ["acme-prod/flight-delay", "acme-prod/slipway-ops"]


def registry(preview: bool = False, **args: Any) -> Graph[ContainerRegistry]:
    return declare(
        lambda: ContainerRegistry("registry", {"repositories": NAMES, "key_arn": KEY, **args}),  # type: ignore[typeddict-item]
        preview=preview,
    )


def test_each_repository(preview: bool) -> None:
    graph = registry(preview)
    assert graph.types() == {REPOSITORY: 2, LIFECYCLE: 2}
    for name in NAMES:
        repository = graph.named(f"registry-{name}", REPOSITORY)
        assert repository.protect
        assert repository.inputs == {
            "name": name,
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [
                {"filter": "dev-*", "filterType": "WILDCARD"},
                {"filter": "sha256-*", "filterType": "WILDCARD"},
            ],
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}],
            "forceDelete": False,
            "tags": {"data-class": "models"},
        }
        lifecycle = graph.named(f"registry-{name}", LIFECYCLE)
        assert lifecycle.inputs["repository"] == name
        assert [rule["rulePriority"] for rule in lifecycle.document("policy")["rules"]] == [1, 2, 3]
        assert {repository.parent, lifecycle.parent} == {graph.named("registry").urn}
        assert not lifecycle.protect


def test_outputs_are_keyed_by_repository(preview: bool) -> None:
    outputs = registry(preview).outputs("registry")
    if preview:
        assert outputs == {"repositoryUrls": UNKNOWN, "repositoryArns": UNKNOWN}
    else:
        assert outputs["repositoryArns"] == {
            name: f"arn:aws:ecr:eu-west-1:123456789012:repository/{name}" for name in NAMES
        }
        assert outputs["repositoryUrls"][NAMES[0]].endswith(f".amazonaws.com/{NAMES[0]}")


def test_named_accounts_may_pull(preview: bool) -> None:
    graph = registry(preview, pull_account_ids=["210987654321"])
    assert graph.types()[POLICY] == 2
    policy = graph.named(f"registry-{NAMES[0]}", POLICY)
    if preview:
        assert policy.inputs["policy"] == UNKNOWN
    else:
        [statement] = policy.document("policy")["Statement"]
        assert statement["Principal"] == {"AWS": ["arn:aws:iam::210987654321:root"]}


def test_arguments_reach_the_repositories(preview: bool) -> None:
    graph = declare(
        lambda: ContainerRegistry(
            "registry",
            {
                "repositories": ["one"],
                "key_arn": pulumi.Output.from_input(KEY),
                "dev_tag_days": 7,
                "deletion_protection": False,
                "tags": {"team": "ml"},
            },
        ),
        preview=preview,
    )
    repository = graph.one(REPOSITORY)
    assert not repository.protect
    assert repository.inputs["forceDelete"] is True
    assert repository.inputs["tags"] == {"team": "ml", "data-class": "models"}
    assert repository.inputs["encryptionConfigurations"][0]["kmsKey"] == KEY
    rules = graph.one(LIFECYCLE).document("policy")["rules"]
    assert rules[1]["selection"]["countNumber"] == 7


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"repositories": []}, r"repositories: accepted: at least 1 entry: received: \[\]"),
        ({"repositories": None}, "repositories: accepted: a list of text: received: None"),
        ({"repositories": "one"}, "repositories: accepted: a list of text: received: 'one'"),
        ({"repositories": ["one", "one"]}, "repositories: accepted: entries that differ from each other"),
        ({"repositories": ["one", "Two"]}, r"repositories\[1\]: accepted: a repository's name: .*: received: 'Two'"),
        ({"repositories": ["a"]}, r"repositories\[0\]: accepted: a repository's name: 2 to 256 of"),
        ({"repositories": ["a" * 257]}, r"repositories\[0\]: accepted: a repository's name: 2 to 256 of"),
        ({"repositories": ["acme//x"]}, r"repositories\[0\]: accepted: a repository's name"),
        ({"key_arn": None}, "key_arn: accepted: a KMS key's ARN: received: None"),
        ({"key_arn": "alias/acme"}, "key_arn: accepted: a KMS key's ARN: received: 'alias/acme'"),
        ({"pull_account_ids": ["*"]}, r"pull_account_ids\[0\]: accepted: an account id of 12 digits: received: '\*'"),
        ({"dev_tag_days": 0}, "dev_tag_days: accepted: 1 to 3653 days: received: 0"),
        ({"deletion_protection": None}, "deletion_protection: accepted: true or false: received: None"),
        ({"scan": False}, "scan: accepted: no such argument; there are deletion_protection, dev_tag_days"),
    ],
)
def test_refuses(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        registry(**args)
