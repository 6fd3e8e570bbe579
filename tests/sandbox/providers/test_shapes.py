"""Between Pulumi's properties and an API's parameters, as tables."""

from typing import Any

import botocore.session
import pytest

from sandbox.providers.aws.shapes import build, camel, equal, match, mirror, tags_for, tags_of

_MODELS = botocore.session.Session(profile=None)


def shape(service: str, operation: str, member: str) -> Any:
    model = _MODELS.get_service_model(service).operation_model(operation)
    assert model.input_shape is not None
    return model.input_shape.members[member]


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("kmsMasterKeyId", ["KMSMasterKeyID"], "KMSMasterKeyID"),
        ("encryptionConfigurations", ["encryptionConfiguration"], "encryptionConfiguration"),
        ("filter", ["Filters"], "Filters"),
        ("policy", ["Policies"], "Policies"),
        ("policy", ["PolicyName"], None),
    ],
)
def test_match(name: str, names: list[str], found: str | None) -> None:
    assert match(name, names) == found


def test_build_follows_the_service_model() -> None:
    encryption = shape("s3", "PutBucketEncryption", "ServerSideEncryptionConfiguration")
    rule = {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"},
        "bucketKeyEnabled": "true",
        "blockedEncryptionTypes": ["SSE-C"],
    }
    assert build(encryption, {"rules": [rule]}, "p") == {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"},
                "BucketKeyEnabled": True,
                "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
            }
        ]
    }
    repository = shape("ecr", "CreateRepository", "encryptionConfiguration")
    assert build(repository, [{"encryptionType": "KMS", "kmsKey": None}], "p") == {"encryptionType": "KMS"}
    cluster = shape("eks", "CreateCluster", "encryptionConfig")
    assert build(cluster, {"resources": ["secrets"]}, "p") == [{"resources": ["secrets"]}]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([{}, {}], "p: accepted: at most one, received: 2"),
        ("KMS", "p: accepted: an object, received: 'KMS'"),
        ({"colour": "red"}, "p.colour: the API has no such field; it has encryptionType, kmsKey"),
    ],
)
def test_build_refuses_what_does_not_fit(value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match="p") as refused:
        build(shape("ecr", "CreateRepository", "encryptionConfiguration"), value, "p")
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("given", "actual", "seen"),
    [
        (["a", "b"], ["b", "a"], ["a", "b"]),
        (["a", "b"], ["b", "c"], ["b", "c"]),
        ({"a": 1}, {"A": 1, "B": 2}, {"a": 1}),
        ({"a": 1}, [{"A": 2}], {"a": 2}),
        ({"a": False, "b": 1}, {"c": 1}, {"a": False}),
        ([{"a": 1}], [{"A": 2}, {"A": 1}], [{"a": 1}, {"a": 2}]),
        (["SSE-C"], {"EncryptionType": ["SSE-C"]}, ["SSE-C"]),
        ('{"b": 1, "a": [2, 1]}', {"a": [1, 2], "b": 1}, '{"b": 1, "a": [2, 1]}'),
        ('{"a": 1}', {"a": 2}, '{"a": 2}'),
        ("x", "y", "y"),
    ],
)
def test_mirror_says_what_is_in_the_programs_words(given: Any, actual: Any, seen: Any) -> None:
    assert mirror(given, actual) == seen


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1}', '{ "a":1 }', True),
        ("[a", "[a ", False),
        (True, "true", True),
        (1, "1", True),
        (2.0, 2, True),
        (0.5, "0.5", True),
        ([{"a": 1}, {"b": 2}], [{"b": 2}, {"a": 1}], True),
        ({"a": None}, {}, False),
        (None, "", False),
    ],
)
def test_equal(one: Any, other: Any, same: bool) -> None:
    assert equal(one, other) is same


def test_camel() -> None:
    answer = {"KMSKeyArn": 1, "VpcId": [{"SSEAlgorithm": 2}], "kmsKey": 3, "DNSName": 4, "ARN": 5}
    assert camel(answer) == {"kmsKeyArn": 1, "vpcId": [{"sseAlgorithm": 2}], "kmsKey": 3, "dnsName": 4, "arn": 5}


def test_tags_in_each_services_form() -> None:
    tags = {"b": "2", "a": "1"}
    assert tags_for(shape("eks", "TagResource", "tags"), tags) == tags
    assert tags_for(shape("kms", "TagResource", "Tags"), tags)[0] == {"TagKey": "a", "TagValue": "1"}
    assert tags_for(shape("kms", "UntagResource", "TagKeys"), tags) == ["a", "b"]
    assert tags_of([{"TagKey": "a", "TagValue": "1"}, {"TagKey": "aws:x", "TagValue": "2"}]) == {"a": "1"}
    assert tags_of({"a": "1", "aws:x": "2"}) == {"a": "1"}
    assert tags_of(None) == {}
