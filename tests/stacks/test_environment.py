"""What the settings of each environment declare, seen before any engine."""

from functools import cache
from typing import Any

import pytest

from stacks.environment import build
from stacks.releases import Found
from stacks.settings import Settings, parse
from tests.components.graph import STACK_TYPE, Graph, Resource, declare
from tests.stacks.config import ENVIRONMENTS, shipped, valid
from tests.stacks.made import found

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


@cache
def declared(environment: str, seed: str | None = "first") -> Graph[None]:
    """The shipped environment, its models at the release made from ``seed`` or without one."""
    settings = parse(shipped(environment), environment)
    return declare(lambda: build(settings, found(settings, seed) if seed else Found()))


def with_settings(**changes: Any) -> Settings:
    return parse(valid(**changes), "Pulumi.test.yaml")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_shipped_stack_is_too_large(environment: str) -> None:
    assert len(declared(environment).resources) <= 300


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_preview_before_the_first_deployment_builds_the_same(environment: str) -> None:
    settings = parse(shipped(environment), environment)
    graph = declare(lambda: build(settings, found(settings)), preview=True)
    assert graph.types() == declared(environment).types()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_model_without_a_release_waits_for_its_first(environment: str) -> None:
    waiting, serving = declared(environment, None), declared(environment)
    assert not waiting.all(DEPLOYMENT)
    assert serving.all(DEPLOYMENT)
    missing = {item.urn for item in serving.resources} - {item.urn for item in waiting.resources}
    # the gate runs the operations image, and retraining the model's own: both arrive with the first release, and so
    # do what watches the model and what looks for its drift
    own = (
        *("slipway:index:ModelService", "slipway:index:RetrainingPipeline", "slipway:index:DriftMonitor"),
        *("slipway:index:PromotionGate", "::gate-identity", "slipway:index:ModelMonitoring"),
    )
    assert all(any(part in urn for part in own) for urn in missing)
    assert waiting.exports["model.flight-delay"].keys() == {"repository", "role_arn"}


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_what_holds_state_is_protected(environment: str) -> None:
    for kind in ("s3/bucket:Bucket", "kms/key:Key", "ecr/repository:Repository", "eks/cluster:Cluster"):
        resources = declared(environment).all(f"aws:{kind}")
        assert resources and all(resource.protect for resource in resources), kind


def test_only_a_setting_turns_protection_off() -> None:
    assert not any(resource.protect for resource in declared("dev").resources)


def moved(before: Resource, after: Resource) -> set[str]:
    """Dotted paths of the inputs that differ."""

    def walk(old: Any, new: Any, path: str) -> set[str]:
        if isinstance(old, dict) and isinstance(new, dict):
            return {p for k in old.keys() | new.keys() for p in walk(old.get(k), new.get(k), f"{path}.{k}")}
        if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            return {p for i, pair in enumerate(zip(old, new, strict=True)) for p in walk(*pair, f"{path}[{i}]")}
        return set() if old == new else {path}

    return walk(before.inputs, after.inputs, "")


def test_rolling_back_moves_image_artifact_and_settings_and_nothing_else() -> None:
    now, back = declared("prod", "second"), declared("prod", "first")
    assert {item.urn for item in now.resources} == {item.urn for item in back.resources}
    changes = {
        item.urn: moved(item, back.at(item.urn))
        for item in now.resources
        if item.custom and item.type != STACK_TYPE and moved(item, back.at(item.urn))
    }
    assert [urn.split("::")[-2].split("$")[-1] for urn in changes] == [DEPLOYMENT]
    deployment = now.one(DEPLOYMENT)
    for path in changes[deployment.urn]:
        assert any(word in path for word in (".image", ".command", ".args", ".env", "labels", "annotations")), path
    assert any(path.endswith("containers[0].image") for path in changes[deployment.urn])


def test_a_service_runs_by_digest_and_fetches_one_version() -> None:
    pod = declared("prod").one(DEPLOYMENT).inputs["spec"]["template"]["spec"]
    for container in (*pod["containers"], *pod["initContainers"]):
        assert "@sha256:" in container["image"]


def test_resources_come_from_the_settings_then_from_the_release() -> None:
    settings = with_settings(**{"models.fraud.resources": {"memory": "2Gi"}, "models.waiting": ...})
    needs = {"cpu": "3", "memory": "1Gi", "gpus": 0}
    graph = declare(lambda: build(settings, found(settings, resources=needs)))
    server = graph.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]["containers"][0]
    assert server["resources"]["requests"]["cpu"] == "3"
    assert server["resources"]["requests"]["memory"] == "2Gi"


def test_a_model_waits_for_its_own_repository_only() -> None:
    """Else a new model would make the images of all others unknown in a preview."""
    settings = with_settings()
    graph = declare(lambda: build(settings, found(settings)))
    repositories = [
        item for item in graph.all("aws:ecr/repository:Repository") if "/fraud" in item.name or "/waiting" in item.name
    ]
    for service in graph.all(DEPLOYMENT):
        assert len([item for item in repositories if item.urn in service.dependencies]) == 1


def test_a_boundary_caps_every_role() -> None:
    arn = "arn:aws:iam::123456789012:policy/boundary"
    settings = with_settings(permissions_boundary_arn=arn)
    graph = declare(lambda: build(settings, found(settings)))
    roles = graph.all("aws:iam/role:Role")
    assert len(roles) > 5
    assert all(role.inputs.get("permissionsBoundary") == arn for role in roles)


def test_replication_and_gpus_are_asked_for_by_settings() -> None:
    replica = {
        "replica_bucket_arn": "arn:aws:s3:::acme-copy",
        "replica_key_arn": "arn:aws:kms:eu-central-1:123456789012:key/x",
    }
    settings = with_settings(storage=replica)
    graph = declare(lambda: build(settings, found(settings)))
    assert graph.one("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    plain = declared("dev")
    assert not plain.all("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    pools = "kubernetes:karpenter.sh/v1:NodePool"
    assert len(graph.all(pools)) == len(plain.all(pools)) + 1


def test_a_platform_exports_its_contract() -> None:
    settings = with_settings(part="platform", models={}, operations_image=...)
    graph = declare(lambda: build(settings, Found()))
    contract = graph.exports["platform"]
    assert contract["version"] == 2
    assert contract["models_bucket"] == "acme-test-models"
    assert not graph.all(DEPLOYMENT)


def shard(**changes: Any) -> Settings:
    parts = {"part": "models", "platform_stack": "organization/slipway/test", "network": ..., "cluster": ...}
    return with_settings(**parts, **changes)


def declare_shard(settings: Settings, platform: Any) -> Graph[None]:
    references = {"organization/slipway/test": {"platform": platform}}
    return declare(lambda: build(settings, found(settings)), references=references)


@cache
def contract() -> dict[str, Any]:
    settings = with_settings(part="platform", models={}, operations_image=...)
    exported: dict[str, Any] = declare(lambda: build(settings, Found())).exports["platform"]
    return exported


def test_a_shard_declares_what_the_whole_declares_for_its_models() -> None:
    whole = with_settings()
    together = declare(lambda: build(whole, found(whole)))
    split = declare_shard(shard(), contract())
    pieces = [item for item in split.resources if item.type != "pulumi:providers:kubernetes"]
    assert {item.urn for item in pieces} <= {item.urn for item in together.resources}
    assert len(split.all(DEPLOYMENT)) == 2
    for item in split.all(DEPLOYMENT):
        assert item.inputs == together.at(item.urn).inputs


def test_a_shards_provider_is_that_of_the_platforms_cluster() -> None:
    provider = declare_shard(shard(), contract()).one("pulumi:providers:kubernetes")
    assert provider.inputs["clusterIdentifier"] == contract()["cluster_arn"]


@pytest.mark.parametrize(
    ("platform", "message"),
    [
        (None, "accepted: a platform contract of version 2: received: None"),
        ({"version": 1}, "platform.version: accepted: 2: received: 1"),
        ({"version": 2, "cluster_name": "x"}, "missing: ['cluster_arn', 'kubeconfig'"),
    ],
)
def test_a_shard_refuses_a_platform_that_it_does_not_know(platform: Any, message: str) -> None:
    with pytest.raises(Exception, match="organization/slipway/test") as refused:
        declare_shard(shard(), platform)
    assert message in str(refused.value)
