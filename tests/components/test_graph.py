"""The harness itself: what the other component tests rely on."""

import pulumi
import pulumi_aws as aws
import pytest

from tests.components.graph import UNKNOWN, declare


class Pair(pulumi.ComponentResource):
    """A bucket and its versioning."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Pair", name, {"size": 2}, opts)
        bucket = aws.s3.Bucket(f"{name}-bucket", opts=pulumi.ResourceOptions(parent=self, protect=True))
        aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["mfa"]),
        )
        self.register_outputs({"arn": bucket.arn, "token": pulumi.Output.secret("s")})


def test_records_requests_and_outputs() -> None:
    graph = declare(lambda: Pair("a"))
    bucket = graph.one("aws:s3/bucket:Bucket")
    versioning = graph.named("a-versioning")
    assert bucket.protect and not versioning.protect
    assert versioning.ignore_changes == ["mfa"]
    assert versioning.inputs["bucket"] == bucket.outputs["bucket"]
    assert graph.waits_for(versioning, bucket) and not graph.waits_for(bucket, versioning)
    assert graph.outputs("a") == {"arn": f"arn:aws:s3:::{bucket.outputs['bucket']}", "token": "s"}
    assert graph.named("a").secret_outputs == {"token"}
    assert graph.named("a").inputs == {"size": 2}
    assert [child.name for child in graph.children("a")] == ["a-bucket", "a-versioning"]
    assert graph.types() == {"aws:s3/bucket:Bucket": 1, "aws:s3/bucketVersioning:BucketVersioning": 1}


def test_leaves_computed_outputs_unknown_in_preview() -> None:
    graph = declare(lambda: Pair("a"), preview=True)
    assert graph.named("a-versioning").inputs["bucket"] == UNKNOWN
    assert graph.outputs("a")["arn"] == UNKNOWN


def test_programs_do_not_see_each_other() -> None:
    for _ in range(2):
        assert declare(lambda: pulumi.export("x", 1)).exports == {"x": 1}
    assert declare(lambda: pulumi.export("y", 1)).exports == {"y": 1}


def test_raises_what_the_program_raises(preview: bool) -> None:
    def wrong_argument() -> None:
        raise ValueError("days must be at least 1, got 0")

    def wrong_apply() -> None:
        pulumi.export("x", pulumi.Output.from_input(1).apply(lambda _: 1 / 0))

    with pytest.raises(ValueError, match="days must be at least 1, got 0"):
        declare(wrong_argument, preview=preview)
    with pytest.raises(ZeroDivisionError):
        declare(wrong_apply, preview=preview)
    with pytest.raises(AssertionError, match="two resources have the URN"):
        declare(lambda: [aws.s3.Bucket("same"), aws.s3.Bucket("same")], preview=preview)
    with pytest.raises(AssertionError, match="getBillingServiceAccount"):
        declare(lambda: pulumi.export("x", aws.get_billing_service_account_output().arn), preview=preview)


def test_says_what_there_is_when_nothing_fits() -> None:
    graph = declare(lambda: Pair("a"))
    with pytest.raises(AssertionError, match=r"0 resources named b, expected 1; there are:\n(.*\n)*  test:.*:Pair a"):
        graph.named("b")


def test_secret_inputs_are_marked() -> None:
    graph = declare(lambda: aws.ssm.Parameter("p", type="SecureString", value=pulumi.Output.secret("v")))
    assert graph.named("p").inputs["value"] == "v"
    assert "value" in graph.named("p").secrets
