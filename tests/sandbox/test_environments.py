"""The four environments, brought up as they are shipped, and what then exists."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from slipway.security._policies_everywhere import EVERYWHERE

from sandbox.cloud.inventory import inventory
from sandbox.engine.outcome import Op
from tests.sandbox.world import World, shown
from tests.stacks.config import ENVIRONMENTS

pytestmark = pytest.mark.sandbox

RETRAINING = ("local", "dev", "prod")
"""Environments whose settings have data and retraining."""
UNTAGGED = ("key alias", "record", "schedule")
"""What AWS has no tags for."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All four environments, up, with a release in local and dev."""
    world = World(tmp_path_factory.mktemp("environments"))
    for environment in ENVIRONMENTS:
        first = world.up(environment)
        assert first.outcome.ok, shown(first)
    for environment in ("local", "dev"):
        world.first_release(environment)
        second = world.up(environment)
        assert second.outcome.ok, shown(second)
    yield world
    world.stop()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_second_run_changes_nothing_and_writes_nothing(world: World, environment: str) -> None:
    again = world.up(environment)
    assert again.outcome.ok
    assert again.log.moved() == [], shown(again)
    assert again.writes == 0
    assert again.outcome.counts[Op.SAME] == sum(again.outcome.types.values())


def test_every_bucket_is_keyed_private_versioned_and_tagged(world: World) -> None:
    s3 = world.client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    kinds = ("models", "models-access-logs", "gateway-logs")
    wanted = {f"acme-{environment}-{kind}" for environment in ENVIRONMENTS for kind in kinds}
    wanted |= {f"acme-{name}-{kind}" for name in RETRAINING for kind in ("datasets", "datasets-access-logs")}
    assert set(buckets) == wanted
    for name in buckets:
        block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert all(block.values()) and len(block) == 4, name
        rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
        default = rule["ApplyServerSideEncryptionByDefault"]
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
        assert tags["data-class"] and tags["environment"] and tags["managed-by"] == "slipway", name
        assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"], name
        assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [
            {"ObjectOwnership": "BucketOwnerEnforced"}
        ]
        statements = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
        tls = [s for s in statements if s.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"]
        assert tls and tls[0]["Effect"] == "Deny", name
        if name.endswith("-logs"):  # S3 and load balancers deliver them to SSE-S3 only
            assert default["SSEAlgorithm"] == "AES256"
            continue
        assert default["SSEAlgorithm"] == "aws:kms"
        assert default["KMSMasterKeyID"].startswith("arn:aws:kms:")
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        if name.endswith("-models"):  # datasets are not locked: an erasure must reach them
            lock = s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
            assert lock == {"ObjectLockEnabled": "Enabled"}
        assert s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]["TargetBucket"] == f"{name}-access-logs"
        assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=name)


def test_every_log_group_has_a_key_and_an_end(world: World) -> None:
    groups = world.client("logs").describe_log_groups()["logGroups"]
    own = 3 * len(ENVIRONMENTS)  # cluster, network, firewall
    assert len(groups) == own + 2 * len(RETRAINING)  # jobs, state machines
    for group in groups:
        assert group["kmsKeyId"].startswith("arn:aws:kms:"), group
        assert group["retentionInDays"] > 0, group


def test_every_key_rotates_and_its_policy_is_narrow(world: World) -> None:
    kms = world.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    own = [key for key in keys if key["KeyManager"] == "CUSTOMER"]
    assert len(own) == 5 * len(ENVIRONMENTS)
    for key in own:
        assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
        for statement in json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])[
            "Statement"
        ]:
            for action in as_list(statement["Action"]):
                assert "*" not in action, statement


def test_every_repository_is_immutable_scanned_and_keyed(world: World) -> None:
    repositories = world.client("ecr").describe_repositories()["repositories"]
    assert len(repositories) == 2 * len(ENVIRONMENTS)
    for repository in repositories:
        assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"


def test_every_cluster_is_private_keyed_logged_and_without_implicit_rights(world: World) -> None:
    eks = world.client("eks")
    for environment in ENVIRONMENTS:
        name = f"acme-{environment}"
        cluster = eks.describe_cluster(name=name)["cluster"]
        vpc = cluster["resourcesVpcConfig"]
        assert vpc["endpointPrivateAccess"] and not vpc["endpointPublicAccess"]
        assert cluster["encryptionConfig"][0]["resources"] == ["secrets"]
        assert cluster["accessConfig"]["authenticationMode"] == "API"
        assert cluster["computeConfig"]["enabled"] and cluster["storageConfig"]["blockStorage"]["enabled"]
        assert cluster["kubernetesNetworkConfig"]["elasticLoadBalancing"]["enabled"]
        assert cluster["deletionProtection"] == (environment in ("staging", "prod"))
        enabled = {kind for log in cluster["logging"]["clusterLogging"] if log["enabled"] for kind in log["types"]}
        assert {"audit", "authenticator"} <= enabled
        assert cluster["tags"]["environment"] == environment


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def policies(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each inline policy's statements and each trust's, with the role's name."""
    iam = world.client("iam")
    for role in iam.get_paginator("list_roles").paginate().build_full_result()["Roles"]:
        name = role["RoleName"]
        yield from ((name, statement) for statement in role["AssumeRolePolicyDocument"]["Statement"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            yield from ((name, statement) for statement in document["Statement"])


def test_no_role_may_do_everything_or_be_taken_by_everyone(world: World) -> None:
    found = list(policies(world))
    assert len(found) > 20
    for role, statement in found:
        actions = as_list(statement["Action"])
        assert not [action for action in actions if "*" in action], (role, statement)
        assert statement.get("Principal") != "*", (role, statement)
        if "*" in as_list(statement.get("Resource")):
            assert set(actions) <= EVERYWHERE.keys(), (role, statement)


@pytest.mark.parametrize("environment", ["local", "dev"])
def test_the_service_runs_an_image_by_digest_that_is_in_the_registry(world: World, environment: str) -> None:
    pod = workload(world, environment)["spec"]["template"]["spec"]
    for container in (*pod["containers"], *pod["initContainers"]):
        address, _, digest = container["image"].partition("@")
        repository = address.partition("/")[2]
        images = world.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
        assert digest in {image["imageDigest"] for image in images}


def test_every_thing_that_can_be_tagged_says_whose_it_is(world: World) -> None:
    for item in inventory(world.environment("local")):
        made_by_aws = any(tag.startswith("aws:") for tag in item.tags)  # the cluster's own security group
        if item.kind not in UNTAGGED and not made_by_aws:
            assert item.tags.get("environment") in ENVIRONMENTS, item


def test_a_deleted_thing_shows_up_as_a_finding(world: World) -> None:
    """The walk would see a bucket that nobody declared."""
    s3 = world.client("s3")
    s3.create_bucket(Bucket="stray", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    try:
        stray = [item for item in inventory(world.environment("local")) if not item.tags.get("environment")]
        assert [item.identifier for item in stray if item.kind == "bucket"] == ["stray"]
    finally:
        s3.delete_bucket(Bucket="stray")


def workload(world: World, environment: str) -> dict[str, Any]:
    """The stored Deployment, or with a rollout the Rollout, of the environment's model."""
    import yaml

    names = ("deployment.apps_models_flight-delay.yaml", "rollout.argoproj.io_models_flight-delay.yaml")
    folder = world.workspace.manifests(world.cloud.instance)
    (file,) = (path for name in names for path in folder.glob(f"acme-{environment}-*/{name}"))
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    return content
