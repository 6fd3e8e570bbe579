"""The releases that settings name are found, and refused, before anything is declared."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from slipway_ops.record import Location, Release
from slipway_ops.store import ReleaseStore

from stacks.releases import Found, find
from stacks.settings import Settings, SettingsError, parse
from tests.operations.world import BUCKET, MODEL, World, create_loader
from tests.stacks.config import valid

UNKNOWN = "flight-delay-20261120-00000000"
DIGEST = "sha256:" + "0" * 64
FILE = "Pulumi.dev.yaml"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("botocore.session.create_loader", create_loader)  # reading the service models once is enough
    with mock_aws():
        yield World(tmp_path)


def settings(releases: dict[str, str | None], environment: str = "dev", **changes: Any) -> Settings:
    models = {name: {"release": release} if release else {} for name, release in releases.items()}
    return parse(valid(environment=environment, models=models, **changes), FILE)


def refused(wanted: Settings) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        find(wanted)
    return str(caught.value).splitlines()


def move(world: World, release: Release, **location: str) -> None:
    world.overwrite(
        release.id, Release.of(release.content, Location.model_validate(release.location.model_dump() | location))
    )


def test_without_releases_nothing_is_asked() -> None:
    assert find(settings({"fraud": None, "churn": None})) == Found()


def test_a_named_release_and_the_newest_are_found(world: World) -> None:
    old = world.release(created_at="2026-11-19T09:30:00Z")
    new = world.release(created_at="2026-11-20T09:30:00Z")
    assert find(settings({MODEL: old.id})) == Found({MODEL: old}, DIGEST)
    assert find(settings({MODEL: "newest"})) == Found({MODEL: new}, DIGEST)


def test_a_model_waits_where_there_is_no_newest_yet(world: World) -> None:
    release = world.release()
    found = find(settings({MODEL: "newest", "fraud": "newest", "waiting": None}))
    assert found == Found({MODEL: release}, DIGEST)


@pytest.mark.parametrize("environment", ["prod", "empty"])
def test_newest_is_nothing_without_releases_or_bucket(world: World, environment: str) -> None:
    # The first pass of a new environment: the bucket comes up together with everything else.
    assert find(settings({MODEL: "newest"}, environment, operations_image="newest")) == Found()


def test_a_named_release_without_a_bucket_is_refused(world: World) -> None:
    assert refused(settings({MODEL: UNKNOWN}, "empty")) == [
        f"{FILE}: slipway:models.{MODEL}.release: release {UNKNOWN}: id: accepted: a release in "
        f's3://acme-empty-models/releases/{MODEL}/: received: "no such record; the newest is none"'
    ]


def test_the_newest_operations_image_is_found(world: World) -> None:
    release = world.release()
    world.ecr.create_repository(repositoryName="acme-dev/slipway-ops")
    digest = world.push("operations", "acme-dev/slipway-ops")
    assert find(settings({MODEL: "newest"}, operations_image="newest")) == Found({MODEL: release}, digest)


GATED: dict[str, Any] = {
    "gateway": {
        "domain": "ml.example.com",
        "zone_id": "Z0123456789ABCDEFGHIJ",
        "cognito": {"domain_prefix": "acme-test"},
    },
    "rollouts": {"plugin_image": "registry.example.com/plugin@sha256:" + "1" * 64},
    "gate": {"predictions": "s3://acme-events/predictions", "labels": "s3://acme-events/labels"},
    "operations_image": "newest",
}


def test_the_gate_needs_the_operations_image_and_waits_for_it(world: World) -> None:
    assert find(settings({MODEL: None}, **GATED)) == Found()
    world.ecr.create_repository(repositoryName="acme-dev/slipway-ops")
    digest = world.push("operations", "acme-dev/slipway-ops")
    assert find(settings({MODEL: None}, **GATED)) == Found({}, digest)


@pytest.mark.parametrize("exists", [True, False])
def test_no_operations_image_is_refused_once_a_release_needs_it(world: World, exists: bool) -> None:
    world.release()
    if exists:
        world.ecr.create_repository(repositoryName="acme-dev/slipway-ops")
    assert refused(settings({MODEL: "newest"}, operations_image="newest")) == [
        f"{FILE}: slipway:operations_image: accepted: newest, where acme-dev/slipway-ops holds an image: "
        "received: an empty repository"
    ]


def test_all_refusals_come_in_one_message(world: World) -> None:
    release = world.release()
    move(world, release, version_id="no-such-version")
    assert refused(
        settings(
            {MODEL: release.id, "fraud": "fraud-20261120-00000000", "churn": None, "late": "late-20261120-00000000"}
        )
    ) == [
        f"{FILE}: slipway:models.{MODEL}.release: release {release.id}: location.version_id: accepted: a version of "
        f'{release.artifact_uri}: received: "no-such-version"',
        f"{FILE}: slipway:models.fraud.release: release fraud-20261120-00000000: id: accepted: a release in "
        f's3://{BUCKET}/releases/fraud/: received: "no such record; the newest is none"',
        f"{FILE}: slipway:models.late.release: release late-20261120-00000000: id: accepted: a release in "
        f's3://{BUCKET}/releases/late/: received: "no such record; the newest is none"',
    ]


def test_a_release_of_another_model_is_refused(world: World) -> None:
    release = world.release()
    assert refused(settings({"flight": release.id})) == [
        f"{FILE}: slipway:models.flight.release: accepted: a release of flight: received: {release.id}"
    ]


def test_a_withdrawn_release_is_refused_by_name_with_the_reason(world: World) -> None:
    old = world.release(created_at="2026-11-19T09:30:00Z")
    new = world.release(created_at="2026-11-20T09:30:00Z")
    withdrawal, _ = world.store.withdraw(new.id, "trained on labels of the future", "ci/models")
    assert refused(settings({MODEL: new.id})) == [
        f"{FILE}: slipway:models.{MODEL}.release: release {new.id}: withdrawn: accepted: a release that was not "
        f"withdrawn: received: trained on labels of the future (by ci/models at {withdrawal.at})"
    ]
    assert find(settings({MODEL: "newest"})) == Found({MODEL: old}, DIGEST)
    again, _ = world.store.withdraw(old.id, "biased", "ci/models")
    assert refused(settings({MODEL: "newest"})) == [  # and not taken for a model that waits for its first release
        f"{FILE}: slipway:models.{MODEL}.release: accepted: newest, where one was not withdrawn: received: "
        f"{old.id}: {again}; {new.id}: {withdrawal}"
    ]


@pytest.mark.parametrize("wanted", ["named", "newest"])
def test_a_release_whose_record_was_altered_is_refused(world: World, wanted: str) -> None:
    release = world.release()
    world.overwrite(release.id, world.stored(release.id).replace(b"0.4", b"0.9"))
    (line,) = refused(settings({MODEL: release.id if wanted == "named" else "newest"}))
    assert line.startswith(f"{FILE}: slipway:models.{MODEL}.release: release {release.id}: id: accepted: ")


def test_a_release_whose_artifact_was_altered_is_refused(world: World) -> None:
    release = world.release()
    put = world.s3.put_object(Bucket=BUCKET, Key=release.location.key, Body=b"altered", ChecksumAlgorithm="SHA256")
    move(world, release, version_id=put["VersionId"])
    (line,) = refused(settings({MODEL: release.id}))
    assert "location.checksum_sha256: accepted: " in line
    assert "content.artifact.bytes: accepted: 8000 in s3://" in line


@pytest.mark.parametrize(
    ("limit", "own", "accepted"), [(4, None, True), (1, None, False), (1, 0, True), (None, None, False)]
)
def test_a_release_that_needs_more_gpus_than_the_cluster_may_have_is_refused(
    world: World, limit: int | None, own: int | None, accepted: bool
) -> None:
    release = world.release(resources={"cpu": "1", "memory": "1Gi", "gpus": 2})
    model: dict[str, Any] = {"release": release.id} | ({} if own is None else {"resources": {"gpus": own}})
    config = valid(environment="dev", models={MODEL: model})
    config["slipway:cluster"]["gpu"] = {"limit": limit} if limit else None
    wanted = parse(config, FILE)
    if accepted:
        assert find(wanted).releases == {MODEL: release}
    else:
        assert refused(wanted) == [
            f"{FILE}: slipway:models.{MODEL}.release: accepted: a release of at most cluster.gpu.limit ({limit or 0}) "
            f"GPUs: received: {release.id}, which needs 2"
        ]


def test_missing_credentials_are_refused_per_setting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/no/file")
    (line,) = refused(settings({MODEL: UNKNOWN}))
    assert line.startswith(f"{FILE}: slipway:models.{MODEL}.release: release {UNKNOWN}: ")
    assert "NoCredentialsError" in line


def test_models_are_looked_up_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"model-{letter}" for letter in "abcdefgh"]
    together = threading.Barrier(len(names), timeout=20)

    def newest(store: ReleaseStore, model: str, before: str | None = None) -> None:
        together.wait()  # broken, and so an error, unless all are in here at the same time

    monkeypatch.setattr(ReleaseStore, "newest", newest)
    assert find(settings(dict.fromkeys(names, "newest"))) == Found()
