"""The lives of buses, rules, schedules, queues, topics and of what they lead to."""

import json
from typing import Any

from tests.sandbox.providers.cases import Case, World, document, trust

ACCOUNT = "123456789012"
REGION = "eu-west-1"
PATTERN = json.dumps({"source": ["slipway.drift"], "detail": {"model": [{"prefix": "flight"}]}})
OTHER_PATTERN = json.dumps({"source": ["slipway.drift"], "detail": {"model": [{"exists": True}]}})


def _bus(world: World) -> str:
    return world._once("bus", "aws:cloudwatch/eventBus:EventBus", {}).id


def _rule(world: World) -> str:
    inputs = {"eventBusName": _bus(world), "eventPattern": PATTERN, "forceDestroy": True}
    return str(world._once("rule", "aws:cloudwatch/eventRule:EventRule", inputs).inputs["name"])


def _queue(world: World, name: str = "queue") -> Any:
    return world._once(name, "aws:sqs/queue:Queue", {})


def _topic(world: World) -> str:
    return world._once("topic", "aws:sns/topic:Topic", {}).id


def _caller(world: World) -> str:
    inputs = {"assumeRolePolicy": trust("events.amazonaws.com", "scheduler.amazonaws.com", "sagemaker.amazonaws.com")}
    return str(world._once("caller", "aws:iam/role:Role", inputs).outputs["arn"])


def _event_key(world: World, name: str = "event-key") -> str:
    root = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    events = {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
        "Resource": "*",
        "Principal": {"Service": "events.amazonaws.com"},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, events]})
    inputs = {"policy": policy, "deletionWindowInDays": 7}
    return str(world._once(name, "aws:kms/key:Key", inputs).outputs["arn"])


def _connection(world: World) -> str:
    inputs = {
        "authorizationType": "API_KEY",
        "authParameters": {"apiKey": {"key": "Authorization", "value": "Bearer secret"}},
    }
    return str(world._once("connection", "aws:cloudwatch/eventConnection:EventConnection", inputs).outputs["arn"])


def _machine(name: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"


def _group(world: World) -> str:
    return world._once("schedule-group", "aws:scheduler/scheduleGroup:ScheduleGroup", {}).id


def _network(world: World, *groups: str) -> dict[str, Any]:
    return {
        "subnetIds": [world.subnet(2, "a"), world.subnet(3, "b")],
        "securityGroupIds": [world.group(name) for name in groups],
    }


CASES = [
    Case(
        "aws:cloudwatch/eventBus:EventBus",
        lambda w: {
            "name": "acme-dev-retraining",
            "description": "Retraining",
            "kmsKeyIdentifier": _event_key(w),
            "deadLetterConfig": {"arn": _queue(w).outputs["arn"]},
            "logConfig": {"level": "ERROR", "includeDetail": "NONE"},
            "tags": {"a": "1"},
        },
        lambda w: {
            "description": None,
            "kmsKeyIdentifier": _event_key(w, "other-event-key"),
            "deadLetterConfig": None,
            "logConfig": {"level": "INFO", "includeDetail": "NONE"},
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda w: {
            "name": "drift",
            "eventBusName": _bus(w),
            "eventPattern": PATTERN,
            "description": "Drift starts a run",
            "tags": {"a": "1"},
        },
        lambda _: {"eventPattern": OTHER_PATTERN, "description": None, "state": "DISABLED", "tags": {"b": "2"}},
    ),
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"scheduleExpression": "rate(1 day)"},
        lambda _: {"scheduleExpression": "cron(0 3 ? * MON *)"},
        label="schedule",
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": _rule(w),
            "eventBusName": _bus(w),
            "targetId": "run",
            "arn": _machine("a"),
            "roleArn": _caller(w),
            "inputTransformer": {
                "inputPaths": {"model": "$.detail.model", "key": "$.detail.dedupe_key"},
                "inputTemplate": '{"model": <model>, "reason": "drift", "dedupe_key": <key>}',
            },
            "deadLetterConfig": {"arn": _queue(w).outputs["arn"]},
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 3600},
        },
        lambda _: {
            "arn": _machine("b"),
            "inputTransformer": None,
            "inputPath": "$.detail",
            "retryPolicy": {"maximumRetryAttempts": 5, "maximumEventAgeInSeconds": 3600},
            "deadLetterConfig": None,
        },
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": _rule(w),
            "eventBusName": _bus(w),
            "arn": f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/a",
            "roleArn": _caller(w),
            "batchTarget": {"jobDefinition": "train", "jobName": "train", "jobAttempts": 2},
        },
        lambda _: {"batchTarget": {"jobDefinition": "train", "jobName": "train-more", "arraySize": 3}},
        label="batch",
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": _rule(w),
            "eventBusName": _bus(w),
            "targetId": "dispatch",
            "arn": f"arn:aws:events:{REGION}:{ACCOUNT}:api-destination/a/b",
            "roleArn": _caller(w),
            "httpTarget": {"headerParameters": {"Accept": "application/json"}},
        },
        lambda _: {"httpTarget": {"headerParameters": {"Accept": "text/plain"}}, "input": "{}"},
        label="http",
    ),
    Case(
        "aws:cloudwatch/eventConnection:EventConnection",
        lambda w: {
            "name": "repository",
            "description": "dispatch",
            "authorizationType": "API_KEY",
            "authParameters": {
                "apiKey": {"key": "Authorization", "value": "Bearer secret"},
                "invocationHttpParameters": {"headers": [{"key": "X-Version", "value": "1", "isValueSecret": False}]},
            },
            "kmsKeyIdentifier": _event_key(w),
        },
        lambda w: {"description": "dispatches", "kmsKeyIdentifier": _event_key(w, "other-event-key")},
    ),
    Case(
        "aws:cloudwatch/eventConnection:EventConnection",
        lambda _: {
            "authorizationType": "BASIC",
            "authParameters": {"basic": {"username": "a", "password": "b"}},
        },
        lambda _: {"authParameters": {"basic": {"username": "c", "password": "b"}}},
        label="basic",
    ),
    Case(
        "aws:cloudwatch/eventApiDestination:EventApiDestination",
        lambda w: {
            "name": "repository",
            "description": "dispatch",
            "connectionArn": _connection(w),
            "httpMethod": "POST",
            "invocationEndpoint": "https://api.example.com/dispatches",
        },
        lambda _: {
            "description": "dispatches",
            "invocationEndpoint": "https://api.example.com/other",
            "invocationRateLimitPerSecond": 1,
        },
    ),
    Case(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        lambda _: {"name": "acme-dev-retraining", "tags": {"a": "1"}},
        lambda _: {"tags": {"b": "2"}},
    ),
    Case(
        "aws:scheduler/schedule:Schedule",
        lambda w: {
            "name": "flight-delay",
            "groupName": _group(w),
            "description": "weekly",
            "scheduleExpression": "cron(0 3 ? * MON *)",
            "scheduleExpressionTimezone": "Europe/Berlin",
            "startDate": "2031-01-01T00:00:00Z",
            "kmsKeyArn": w.key().outputs["arn"],
            "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15},
            "target": {
                "arn": _machine("a"),
                "roleArn": _caller(w),
                "input": '{"model": "flight-delay", "dedupe_key": "<aws.scheduler.scheduled-time>"}',
                "deadLetterConfig": {"arn": _queue(w).outputs["arn"]},
                "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 3600},
            },
        },
        lambda w: {
            "description": None,
            "scheduleExpression": "rate(7 days)",
            "scheduleExpressionTimezone": None,
            "startDate": "2031-02-01T00:00:00Z",
            "endDate": "2032-02-01T00:00:00Z",
            "kmsKeyArn": None,
            "flexibleTimeWindow": {"mode": "OFF"},
            "state": "DISABLED",
            "target": {
                "arn": _machine("b"),
                "roleArn": _caller(w),
                "input": "{}",
                "retryPolicy": {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60},
            },
        },
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda w: {
            "name": "acme-dev-failed",
            "kmsMasterKeyId": w.key().outputs["arn"],
            "kmsDataKeyReusePeriodSeconds": 600,
            "messageRetentionSeconds": 1209600,
            "redrivePolicy": _redrive(w, 3),
            "tags": {"a": "1"},
        },
        lambda w: {
            "kmsMasterKeyId": w.key("other-key").outputs["arn"],
            "messageRetentionSeconds": None,
            "redrivePolicy": _redrive(w, 5),
            "visibilityTimeoutSeconds": 60,
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda _: {"name": "acme.fifo", "fifoQueue": True, "contentBasedDeduplication": True},
        lambda _: {"delaySeconds": 5, "receiveWaitTimeSeconds": 10},
        label="fifo",
    ),
    Case(
        "aws:sqs/queuePolicy:QueuePolicy",
        lambda w: {"queueUrl": _queue(w).id, "policy": _queue_policy(w, "events.amazonaws.com")},
        lambda w: {"policy": _queue_policy(w, "sns.amazonaws.com")},
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: {
            "name": "acme-dev-alerts-are-silent",
            "alarmDescription": "No heartbeat",
            "namespace": "AWS/SNS",
            "metricName": "NumberOfMessagesPublished",
            "dimensions": {"TopicName": "acme-dev-heartbeat"},
            "statistic": "Sum",
            "period": 300,
            "evaluationPeriods": 3,
            "comparisonOperator": "LessThanThreshold",
            "threshold": 1,
            "treatMissingData": "breaching",
            "alarmActions": [_topic(w)],
            "okActions": [_topic(w)],
            "tags": {"owner": "ml"},
        },
        lambda _: {"evaluationPeriods": 4, "dimensions": {"TopicName": "other"}, "tags": {"owner": "flights"}},
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda w: {
            "name": "acme-dev-retraining",
            "displayName": "Retraining",
            "kmsMasterKeyId": w.key().outputs["arn"],
            "tags": {"a": "1"},
        },
        lambda w: {"displayName": "Runs", "kmsMasterKeyId": w.key("other-key").outputs["arn"], "tags": {"b": "2"}},
    ),
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda w: {"arn": _topic(w), "policy": _topic_policy(w, "events.amazonaws.com")},
        lambda w: {"policy": _topic_policy(w, "budgets.amazonaws.com")},
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {
            "topic": _topic(w),
            "protocol": "sqs",
            "endpoint": _queue(w).outputs["arn"],
            "rawMessageDelivery": True,
            "filterPolicy": json.dumps({"outcome": ["failed"]}),
            "filterPolicyScope": "MessageBody",
        },
        lambda _: {"rawMessageDelivery": False, "filterPolicy": json.dumps({"outcome": ["failed", "refused"]})},
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": _topic(w), "protocol": "email", "endpoint": "team@example.com"},
        lambda _: {"endpoint": "others@example.com"},
        replaces=True,
        label="mail",
    ),
    Case(
        "aws:sagemaker/mlflowApp:MlflowApp",
        lambda w: {
            "name": "acme-dev",
            "artifactStoreUri": f"s3://{w.bucket()}/mlflow",
            "roleArn": _caller(w),
            "weeklyMaintenanceWindowStart": "Sun:03:00",
            "tags": {"a": "1"},
        },
        lambda w: {
            "artifactStoreUri": f"s3://{w.bucket()}/other",
            "weeklyMaintenanceWindowStart": "Mon:03:00",
            "modelRegistrationMode": "AutoModelRegistrationEnabled",
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:mwaa/environment:Environment",
        lambda w: {
            "name": "acme-dev",
            "airflowVersion": "3.0.6",
            "environmentClass": "mw1.small",
            "sourceBucketArn": f"arn:aws:s3:::{w.versioned_bucket}",
            "dagS3Path": "dags/",
            "executionRoleArn": w.role().outputs["arn"],
            "kmsKey": w.key().outputs["arn"],
            "networkConfiguration": _network(w, "a"),
            "loggingConfiguration": {"taskLogs": {"enabled": True, "logLevel": "INFO"}},
            "airflowConfigurationOptions": {"core.load_examples": "False"},
            "webserverAccessMode": "PRIVATE_ONLY",
            "maxWorkers": 2,
            "tags": {"a": "1"},
        },
        lambda w: {
            "networkConfiguration": _network(w, "a", "b"),
            "loggingConfiguration": {"taskLogs": {"enabled": True, "logLevel": "WARNING"}},
            "airflowConfigurationOptions": {"core.parallelism": "8"},
            "requirementsS3Path": "requirements.txt",
            "maxWorkers": 5,
            "tags": {"b": "2"},
        },
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda w: {
            "bucket": w.versioned_bucket,
            "key": "dags/flight-delay.py",
            "content": "print('a')\n",
            "contentType": "text/x-python",
            "kmsKeyId": w.key().outputs["arn"],
            "serverSideEncryption": "aws:kms",
            "tags": {"a": "1"},
        },
        lambda _: {"content": "print('b')\n", "contentType": "text/plain", "tags": {"b": "2"}},
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda w: {"bucket": w.bucket(), "key": "a/b", "source": _asset(text="one")},
        lambda _: {"source": _asset(path=__file__)},
        label="file",
    ),
]


def _queue_policy(world: World, service: str) -> str:
    return document("sqs:SendMessage", resource=str(_queue(world).outputs["arn"]), Service=service)


def _topic_policy(world: World, service: str) -> str:
    return document("sns:Publish", resource=_topic(world), Service=service)


def _redrive(world: World, count: int) -> str:
    target = _queue(world, "dead-letters").outputs["arn"]
    return json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": count})


def _asset(**what: str) -> dict[str, Any]:
    """A file or a text as the engine sends it."""
    return {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", **what}
