"""A change of an alarm's state is an event on the default bus and a message to its topic."""

import json

from tests.sandbox.cloud.eventing import bodies, make_queue, make_rule
from tests.sandbox.cloud.helpers import Call, policy


def test_a_change_of_state(aws: Call) -> None:
    topic = aws("sns").create_topic(Name="alarm")["TopicArn"]
    service = {"Service": "cloudwatch.amazonaws.com"}
    publish = {"Effect": "Allow", "Principal": service, "Action": "sns:Publish", "Resource": topic}
    aws("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(publish))
    told = make_queue(aws, "alarm-told", "sns.amazonaws.com")
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told, Attributes={"RawMessageDelivery": "true"})
    seen = make_queue(aws, "alarm-seen", "events.amazonaws.com")
    make_rule(aws, "alarm", {"source": ["aws.cloudwatch"], "detail": {"alarmName": ["drift"]}}, {"Arn": seen})
    aws("cloudwatch").put_metric_alarm(
        AlarmName="drift",
        Namespace="slipway",
        MetricName="psi",
        Statistic="Maximum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=0.2,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    for _ in range(2):
        aws("cloudwatch").set_alarm_state(AlarmName="drift", StateValue="ALARM", StateReason="psi is 0.3")
    (event,) = bodies(aws, "alarm-seen")
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert (event["detail"]["state"]["value"], event["detail"]["state"]["reason"]) == ("ALARM", "psi is 0.3")
    (message,) = bodies(aws, "alarm-told")
    assert (message["AlarmName"], message["NewStateValue"]) == ("drift", "ALARM"), json.dumps(message)
