"""Where events come from: buckets, executions, and not from the cloud's own calls."""

from typing import Any

from tests.sandbox.cloud.eventing import REGION, bodies, make_machine, make_queue, make_rule, put_event, wait_for
from tests.sandbox.cloud.helpers import Call

EVENTS = "events.amazonaws.com"


def test_objects_reach_the_default_bus_only(aws: Call) -> None:
    s3 = aws("s3")
    for bucket in ("events-loud", "events-quiet"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_notification_configuration(
        Bucket="events-loud", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_bucket_versioning(Bucket="events-loud", VersioningConfiguration={"Status": "Enabled"})
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["events-loud"]},
            "object": {"key": [{"wildcard": "incoming/a/*/manifest.json"}]},
        },
    }
    aws("events").create_event_bus(Name="events-objects")
    for bus in ("default", "events-objects"):
        queue = make_queue(aws, f"events-objects-{bus}", EVENTS)
        make_rule(aws, "objects", pattern, {"Arn": queue}, bus=bus)
    for bucket in ("events-loud", "events-quiet"):
        s3.put_object(Bucket=bucket, Key="incoming/a/1/rows.csv", Body=b"1")
        s3.put_object(Bucket=bucket, Key="incoming/b/1/manifest.json", Body=b"2")
    made = s3.put_object(Bucket="events-loud", Key="incoming/a/1/manifest.json", Body=b"three")
    s3.put_object(Bucket="events-quiet", Key="incoming/a/1/manifest.json", Body=b"three")
    (event,) = bodies(aws, "events-objects-default")
    assert bodies(aws, "events-objects-events-objects", 0) == []
    assert event["resources"] == ["arn:aws:s3:::events-loud"]
    found = event["detail"]["object"]
    assert (found["key"], found["size"], found["version-id"]) == ("incoming/a/1/manifest.json", 5, made["VersionId"])
    assert found["etag"] == made["ETag"].strip('"')
    assert event["detail"]["reason"] == "PutObject"


def test_the_cloud_does_not_journal_its_own_calls(aws: Call, cloud: Any) -> None:
    queue = make_queue(aws, "event-journal", EVENTS)
    make_rule(aws, "event-journal", {"source": ["journal"]}, {"Arn": queue})
    before = cloud.writes()
    put_event(aws, "journal", {})
    wait_for(
        lambda: (
            aws("sqs").get_queue_attributes(QueueUrl=_url(aws), AttributeNames=["All"])["Attributes"][
                "ApproximateNumberOfMessages"
            ]
            == "1"
        )
    )
    assert [entry["operation"] for entry in cloud.journal(before)] == ["PutEvents"]


def _url(aws: Call) -> str:
    return str(aws("sqs").get_queue_url(QueueName="event-journal")["QueueUrl"])


def test_services_tell_what_becomes_of_executions(aws: Call) -> None:
    machine = make_machine(aws, "event-told")
    queue = make_queue(aws, "event-told", EVENTS)
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine], "status": ["SUCCEEDED"]}}
    make_rule(aws, "event-told", pattern, {"Arn": queue})
    execution = aws("stepfunctions").start_execution(stateMachineArn=machine, name="told")["executionArn"]
    (event,) = bodies(aws, "event-told")
    assert (event["detail-type"], event["resources"]) == ("Step Functions Execution Status Change", [execution])
