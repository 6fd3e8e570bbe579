"""The dataset store: versioned, keyed, private; what expires and what never does; who may what."""

import json
from typing import Any

import pulumi
import pytest
from slipway.models import DatasetStore, datasets

from tests.components.callers import KEY
from tests.components.graph import UNKNOWN, Graph, Resource, declare

ARGS: dict[str, Any] = {
    "bucket_name": "acme-prod-datasets",
    "data_class": "personal",
    "key_arn": KEY,
    "models": ["flight-delay", "churn"],
}
ARN = "arn:aws:s3:::acme-prod-datasets"


def store(preview: bool = False, **args: Any) -> Graph[DatasetStore]:
    given: Any = {**ARGS, **args}
    return declare(lambda: DatasetStore("datasets", given), preview=preview)


def find(graph: Graph[DatasetStore], name: str, kind: str) -> Resource:
    return graph.named(f"datasets-{name}", f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}")


def rules(**args: Any) -> dict[str, dict[str, Any]]:
    found = find(store(**args), "lifecycle", "BucketLifecycleConfiguration").inputs["rules"]
    return {rule["id"]: rule for rule in found}


@pytest.mark.parametrize("data_class", ["models", "personal"])
def test_the_buckets_are_private_encrypted_and_guarded(data_class: str, preview: bool) -> None:
    graph = store(preview, data_class=data_class, tags={"team": "ml"})

    data, logs = find(graph, "bucket", "Bucket"), find(graph, "access-logs", "Bucket")
    assert (data.protect, logs.protect) == (True, True)
    assert data.inputs["tags"] == {"team": "ml", "data-class": data_class}
    assert data.inputs["objectLockEnabled"] is False  # an erasure must reach it
    assert data.inputs["forceDestroy"] is False
    [rule] = find(graph, "bucket", "BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == KEY
    for name in ("bucket", "access-logs"):
        assert set(find(graph, name, "BucketPublicAccessBlock").inputs.values()) - {True} == {
            find(graph, name, "Bucket").inputs["bucket"]
        }
    assert find(graph, "versioning", "BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert find(graph, "notification", "BucketNotification").inputs["eventbridge"] is True
    assert find(graph, "logging", "BucketLogging").inputs["targetBucket"] == f"{ARGS['bucket_name']}-access-logs"


def test_only_tls_and_its_own_key() -> None:
    sids = {statement["Sid"] for statement in find(store(), "policy", "BucketPolicy").document("policy")["Statement"]}
    assert sids == {"DenyCustomerKeys", "DenyOldTls", "DenyOtherKeys", "DenyPlaintext"}


def test_nothing_current_expires_but_what_was_delivered() -> None:
    found = rules(incoming_days=14.0)

    assert {name for name, rule in found.items() if "days" in rule.get("expiration", {})} == {"delivered-batches"}
    assert found["delivered-batches"]["filter"] == {"prefix": "incoming/"}
    assert found["delivered-batches"]["expiration"] == {"days": 14}
    assert found["superseded"]["filter"] == {"prefix": ""}
    assert found["superseded"]["expiration"] == {"expiredObjectDeleteMarker": True}
    assert found["abandoned-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


@pytest.mark.parametrize(
    ("args", "days"),
    [
        ({}, 30),
        ({"data_class": "models"}, 90),
        ({"data_class": "models", "keep_versions_days": 400}, 400),
        ({"keep_versions_days": 7}, 7),
    ],
)
def test_deletions_become_final(args: dict[str, Any], days: int) -> None:
    assert rules(**args)["superseded"]["noncurrentVersionExpiration"] == {"noncurrentDays": days}


def test_without_protection_everything_can_go(preview: bool) -> None:
    graph = store(preview, deletion_protection=False)
    for name in ("bucket", "access-logs"):
        assert not find(graph, name, "Bucket").protect
        assert find(graph, name, "Bucket").inputs["forceDestroy"] is True


def test_outputs(preview: bool) -> None:
    found = store(preview).outputs("datasets")

    assert found["bucketName"] == "acme-prod-datasets"
    assert found["bucketArn"] == (UNKNOWN if preview else ARN)
    assert found["accessLogBucketName"] == "acme-prod-datasets-access-logs"
    if preview:
        assert found["dvcConfigs"] == UNKNOWN
    else:
        assert sorted(found["dvcConfigs"]) == ["churn", "flight-delay"]
        assert found["dvcConfigs"]["churn"] == datasets.dvc_config("acme-prod-datasets", "eu-west-1", "churn")


def test_a_dvc_config() -> None:
    assert datasets.dvc_config("acme-data", "eu-west-1", "flight-delay") == (
        "[core]\n"
        "    remote = flight-delay\n"
        "    analytics = false\n"
        "['remote \"flight-delay\"']\n"
        "    url = s3://acme-data/dvc/flight-delay\n"
        "    region = eu-west-1\n"
    )


def test_what_identities_declare() -> None:
    assert datasets.reader_arns(ARN, "churn") == [
        f"{ARN}/dvc/churn/*",
        f"{ARN}/incoming/churn/*",
        f"{ARN}/schemas/churn.json",
        f"{ARN}/schemas/churn.evaluation.json",
    ]
    assert datasets.writer_arns(ARN, "churn") == [f"{ARN}/dvc/churn/*"]
    assert datasets.deliverer_arns(ARN, "churn") == [f"{ARN}/incoming/churn/*"]


def test_an_arn_that_is_known_later(preview: bool) -> None:
    def build() -> None:
        arn = pulumi.Output.from_input(ARN)
        pulumi.export("arns", pulumi.Output.all(*datasets.deliverer_arns(arn, "churn")))

    assert declare(build, preview=preview).exports["arns"] == [f"{ARN}/incoming/churn/*"]


@pytest.mark.parametrize("pushes", [False, True])
def test_a_person_has_what_a_job_would_have(pushes: bool, preview: bool) -> None:
    def build() -> None:
        pulumi.export("policy", datasets.person_policy(ARN, pulumi.Output.from_input(KEY), "churn", pushes=pushes))

    statements = json.loads(declare(build, preview=preview).exports["policy"])["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert actions - {
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
        "kms:GenerateDataKey",
    } == {*("kms:Decrypt", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket")}
    assert ("s3:PutObject" in actions) is pushes
    assert "s3:DeleteObject" not in actions


@pytest.mark.parametrize("model", ["", "Churn", "a/b", "*", "x" * 41])
def test_a_model_is_never_a_pattern(model: str) -> None:
    for function in (datasets.reader_arns, datasets.writer_arns, datasets.deliverer_arns, datasets.remote):
        with pytest.raises(ValueError, match="model: accepted: 1 to 40 of a-z, 0-9 and -"):
            function(ARN, model)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"bucket_name": "a.b"}, "bucket_name: accepted: a bucket's name: 3 to 51"),
        ({"data_class": "logs"}, "data_class: accepted: one of models, personal: received: 'logs'"),
        ({"data_class": None}, "data_class: accepted: one of models, personal: received: None"),
        ({"key_arn": None}, "key_arn: accepted: a KMS key's ARN: received: None"),
        ({"models": ["A"]}, r"models\[0\]: accepted: 1 to 40 of a-z"),
        ({"models": ["a", "a"]}, "models: accepted: entries that differ from each other"),
        ({"keep_versions_days": 31}, "keep_versions_days: accepted: 1 to 30 days: received: 31"),
        ({"keep_versions_days": 0}, "keep_versions_days: accepted: 1 to 30 days: received: 0"),
        ({"incoming_days": 0}, "incoming_days: accepted: 1 to 3653 days: received: 0"),
        ({"access_log_days": "1"}, "access_log_days: accepted: 1 to 3653 days: received: '1'"),
        ({"deletion_protection": 1}, "deletion_protection: accepted: true or false: received: 1"),
        ({"account_id": "1"}, "account_id: accepted: an account id of 12 digits: received: '1'"),
        ({"versioning": True}, "versioning: accepted: no such argument; there are access_log_days"),
    ],
)
def test_refuses(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        store(**args)
