"""Every write is counted once, whoever makes it; a read never."""

from io import BytesIO
from typing import Any

import pytest

from sandbox.cloud.journal import Journal, is_read, operation_of
from sandbox.cloud.process import Cloud
from tests.sandbox.cloud.helpers import Call, refused


def _environ(method: str, path: str, service: str = "s3", query: str = "", body: bytes = b"", **more: str) -> Any:
    scope = f"AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host"
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_AUTHORIZATION": scope,
        "HTTP_HOST": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        **more,
    }


FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (_environ("POST", "/", "kms", HTTP_X_AMZ_TARGET="TrentService.CreateKey"), ("kms", "CreateKey")),
        (_environ("POST", "/", "ec2", body=b"Action=CreateVpc&Version=1", **FORM), ("ec2", "CreateVpc")),
        (_environ("POST", "/", "iam", query="Action=CreateRole"), ("iam", "CreateRole")),
        (_environ("PUT", "/bucket"), ("s3", "CreateBucket")),
        (_environ("PUT", "/bucket/a/key"), ("s3", "PutObject")),
        (_environ("PUT", "/bucket", query="versioning"), ("s3", "PutBucketVersioning")),
        (_environ("DELETE", "/bucket/key", query="versionId=1"), ("s3", "DeleteObject")),
        (_environ("POST", "/bucket", query="delete"), ("s3", "DeleteObjects")),
        (_environ("GET", "/bucket/key"), ("s3", "GET /bucket/key")),
        (_environ("POST", "/clusters", "eks"), ("eks", "CreateCluster")),
        (_environ("POST", "/clusters/a/update-config", "eks"), ("eks", "UpdateClusterConfig")),
        (_environ("DELETE", "/clusters/a/addons/b", "eks"), ("eks", "DeleteAddon")),
        (_environ("PUT", "/no/such/thing", "eks"), ("eks", "PUT /no/such/thing")),
        (_environ("POST", "/x", "nosuchservice"), ("nosuchservice", "POST /x")),
        (
            _environ("PUT", "/v20180820/configuration/publicAccessBlock", HTTP_X_AMZ_ACCOUNT_ID="123456789012"),
            ("s3control", "PutPublicAccessBlock"),
        ),
    ],
)
def test_operation(environ: Any, expected: tuple[str, str]) -> None:
    body = environ["wsgi.input"].getvalue()
    assert operation_of(environ) == expected
    assert environ["wsgi.input"].read() == body, "the body is still there for whoever answers"


@pytest.mark.parametrize(
    ("service", "operation", "read"),
    [
        *(("s3", name, True) for name in ("GetObject", "ListBuckets", "HEAD /b", "GET /b", "SelectObjectContent")),
        *(("s3", name, False) for name in ("PutObject", "DeleteObjects", "PUT /x", "RestoreObject")),
        ("sts", "AssumeRole", True),
        ("ecr", "BatchCheckLayerAvailability", True),
        ("ecr", "BatchGetImage", True),
        ("ecr", "BatchDeleteImage", False),
        ("kms", "Decrypt", True),
        ("kms", "ScheduleKeyDeletion", False),
        ("ses", "VerifyEmailIdentity", False),
        ("cloudtrail", "LookupEvents", True),
        ("ec2", "DescribeVpcs", True),
        ("ec2", "ModifyVpcAttribute", False),
    ],
)
def test_reads_are_no_writes(service: str, operation: str, read: bool) -> None:
    assert is_read(service, operation) is read


def test_since() -> None:
    journal = Journal()
    for target in ("CreateKey", "DescribeKey", "CreateAlias"):
        journal.record(_environ("POST", "/", "kms", HTTP_X_AMZ_TARGET=f"TrentService.{target}"))
    assert journal.writes == 2
    assert journal.since(1) == [{"n": 2, "service": "kms", "operation": "CreateAlias"}]
    assert [entry["n"] for entry in journal.since(0)] == [entry["n"] for entry in journal.since(-5)] == [1, 2]


def test_writes_are_counted_exactly(cloud: Cloud, aws: Call) -> None:
    before = cloud.writes()
    s3 = aws("s3")
    s3.create_bucket(Bucket="counted", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="counted", Key="a/b", Body=b"x")
    s3.get_object(Bucket="counted", Key="a/b")
    s3.list_buckets()
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket="counted")
    vpc = aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    aws("ec2").describe_vpcs(VpcIds=[vpc])
    aws("kms").create_key()
    aws("sts").get_caller_identity()
    assert [(entry["service"], entry["operation"]) for entry in cloud.journal(before)] == [
        ("s3", "CreateBucket"),
        ("s3", "PutObject"),
        ("s3", "DeleteBucket"),
        ("ec2", "CreateVpc"),
        ("kms", "CreateKey"),
    ]
    assert cloud.writes() == before + 5
