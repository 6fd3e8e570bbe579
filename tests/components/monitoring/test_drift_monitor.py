"""The daily look for drift: one job, one schedule, and no right beyond them."""

import json
from typing import Any

import pytest
from slipway.monitoring import DriftMonitor, _drift_job
from slipway.retraining import RetrainingEnvironment
from slipway_ops.drift.config import DriftConfig

from tests.components.callers import ACCOUNT, KEY, SHORTEST
from tests.components.graph import UNKNOWN, Graph, declare
from tests.components.retraining import event_graph as types
from tests.components.retraining.event_graph import problems

SHARED = (
    "job_queue_arn",
    "execution_role_arn",
    "job_log_group_name",
    "event_bus_arn",
    "dead_letter_queue_arn",
    "schedule_group_name",
    "topic_arn",
)
DATA_KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/99999999-2222-3333-4444-555555555555"
QUEUE = f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-queue/acme-dev-retraining-on-demand"
NAME = "acme-dev-drift-flight-delay"
DEFINITION = f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-definition/{NAME}"
EVENTS = "s3://acme-dev-events"
FULL: dict[str, Any] = {
    "labels": f"{EVENTS}/labels/",
    "events_key_arns": [DATA_KEY],
    "profile": "s3://acme-dev-references/flight-delay.json",
    "config": '{"seasonal": ["temperature"], "alpha": 0.02}',
    "topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:acme-dev-retraining",
}


def monitor(preview: bool = False, **more: Any) -> Graph[DriftMonitor]:
    args: Any = SHORTEST["DriftMonitor"] | more
    return declare(lambda: DriftMonitor("it", args), preview=preview)


def allowed(graph: Graph[Any], role: str) -> dict[str, set[str]]:
    """Action -> resources, of a role."""
    found: dict[str, set[str]] = {}
    for statement in graph.named(f"it-{role}-access").document("policy")["Statement"]:
        for action in statement["Action"]:
            found.setdefault(action, set()).update(statement["Resource"])
    return found


def test_it_is_a_job_a_schedule_and_their_roles(preview: bool) -> None:
    graph = monitor(preview)
    assert graph.types() == {types.JOB: 1, types.SCHEDULE: 1, types.ROLE: 2, types.POLICY: 2}
    assert graph.invokes == []  # nothing is looked up for each of a hundred models


def test_the_job_is_slipways_own_command(preview: bool) -> None:
    graph = monitor(preview, **FULL)
    job = graph.one(types.JOB)
    assert job.inputs["name"] == NAME
    assert job.inputs["timeout"] == {"attemptDurationSeconds": 1800}
    assert job.inputs["retryStrategy"]["attempts"] == 2
    assert job.inputs["retryStrategy"]["evaluateOnExits"][-1] == {"onReason": "*", "action": "exit"}
    if preview:
        assert job.inputs["containerProperties"] == UNKNOWN
        return
    properties = job.document("containerProperties")
    assert properties["image"] == SHORTEST["DriftMonitor"]["image"]
    assert properties["command"] == ["drift", "run", "--days", "14"]  # after the image's entry point
    assert properties["resourceRequirements"] == [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "2048"},
    ]
    assert (properties["readonlyRootFilesystem"], properties["privileged"]) == (True, False)
    assert properties["logConfiguration"]["options"]["awslogs-stream-prefix"] == "flight-delay-drift"
    assert {entry["name"]: entry["value"] for entry in properties["environment"]} == {
        "AWS_REGION": "eu-west-1",
        "SLIPWAY_DRIFT_CONFIG": '{"alpha":0.02,"seasonal":["temperature"]}',
        "SLIPWAY_EVENT_BUS": SHORTEST["DriftMonitor"]["event_bus_arn"],
        "SLIPWAY_LABELS": f"{EVENTS}/labels/",
        "SLIPWAY_MODEL": "flight-delay",
        "SLIPWAY_MODELS_BUCKET": "acme-dev-models",
        "SLIPWAY_PREDICTIONS": f"{EVENTS}/predictions",
        "SLIPWAY_PROFILE": "s3://acme-dev-references/flight-delay.json",
    }


def test_the_schedule_submits_that_job_to_that_queue(preview: bool) -> None:
    graph = monitor(preview, schedule_timezone="Europe/Dublin")
    schedule = graph.one(types.SCHEDULE)
    assert (schedule.inputs["name"], schedule.inputs["groupName"]) == ("drift-flight-delay", "acme-dev-retraining")
    assert schedule.inputs["scheduleExpression"] == "cron(0 4 * * ? *)"
    assert schedule.inputs["scheduleExpressionTimezone"] == "Europe/Dublin"
    assert schedule.inputs["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}
    target = schedule.inputs["target"]
    assert target["arn"] == "arn:aws:scheduler:::aws-sdk:batch:submitJob"
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 20}
    assert target["deadLetterConfig"] == {"arn": SHORTEST["DriftMonitor"]["dead_letter_queue_arn"]}
    if not preview:
        assert target["roleArn"] == graph.named("it-trigger-role").outputs["arn"]
        assert json.loads(target["input"]) == {
            "JobName": NAME,
            "JobQueue": QUEUE,
            "JobDefinition": graph.one(types.JOB).outputs["arn"],
        }


def test_the_schedule_may_submit_nothing_else() -> None:
    rights = allowed(monitor(), "trigger")
    assert rights["batch:SubmitJob"] == {QUEUE, DEFINITION, f"{DEFINITION}:*"}
    assert rights["sqs:SendMessage"] == {SHORTEST["DriftMonitor"]["dead_letter_queue_arn"]}
    assert not {action for action in rights if action.startswith("batch:")} - {"batch:SubmitJob"}
    assert "*" not in set().union(*rights.values())


def test_the_job_reads_its_own_models_events_and_writes_its_own_reports() -> None:
    graph = monitor(**FULL)
    rights = allowed(graph, "job")
    assert rights["s3:GetObject"] == {
        "arn:aws:s3:::acme-dev-events/labels/model=flight-delay/*",
        "arn:aws:s3:::acme-dev-events/predictions/model=flight-delay/*",
        "arn:aws:s3:::acme-dev-models/releases/flight-delay/*",
        "arn:aws:s3:::acme-dev-models/runs/flight-delay/*",
        "arn:aws:s3:::acme-dev-references/flight-delay.json",
    }
    assert rights["s3:PutObject"] == {"arn:aws:s3:::acme-dev-models/drift/flight-delay/*"}
    assert rights["events:PutEvents"] == {SHORTEST["DriftMonitor"]["event_bus_arn"]}
    assert rights["kms:Decrypt"] == {KEY, DATA_KEY}
    assert "*" not in set().union(*rights.values())
    for action in ("s3:DeleteObject", "batch:SubmitJob", "sns:Publish"):
        assert action not in rights


def test_people_hear_of_a_look_that_failed(preview: bool) -> None:
    graph = monitor(preview, **FULL)
    rule, target = graph.one(types.RULE), graph.one(types.TARGET)
    assert rule.document("eventPattern") == {
        "source": ["aws.batch"],
        "detail-type": ["Batch Job State Change"],
        "detail": {"status": ["FAILED"], "jobName": [NAME], "jobQueue": [QUEUE]},
    }
    assert target.inputs["arn"] == FULL["topic_arn"]
    assert "roleArn" not in target.inputs
    assert target.inputs["deadLetterConfig"] == {"arn": SHORTEST["DriftMonitor"]["dead_letter_queue_arn"]}
    lines = [json.loads(line) for line in target.inputs["inputTransformer"]["inputTemplate"].split("\n")]
    assert "/slipway/acme-dev-retraining" in lines[1]


def test_nothing_dangles_on_a_retraining_environment() -> None:
    def whole() -> None:
        shared: Any = SHORTEST["RetrainingEnvironment"]
        made = RetrainingEnvironment("retraining", shared)
        args: Any = SHORTEST["DriftMonitor"] | {name: getattr(made, name) for name in SHARED}
        DriftMonitor("it", args)

    graph = declare(whole)
    assert problems(graph.resources) == []
    mine = [item for item in graph.resources if item.name.startswith("it-")]
    assert len(mine) == 8
    policy = graph.named("it-trigger-access").inputs
    kept = policy["policy"]
    for right, found in (("batch:SubmitJob", "may not submit to"), ("sqs:SendMessage", "may not leave dead letters")):
        policy["policy"] = kept.replace(right, "s3:GetObject")
        assert [problem for problem in problems(graph.resources) if found in problem]


def test_outputs(preview: bool) -> None:
    graph = monitor(preview)
    assert set(graph.outputs("it")) == {"jobDefinitionArn", "jobRoleArn", "scheduleArn"}
    if not preview:
        assert graph.outputs("it")["jobDefinitionArn"] == graph.one(types.JOB).outputs["arn"]


def test_boundary_and_tags_reach_every_role(preview: bool) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    graph = monitor(preview, permissions_boundary_arn=boundary, tags={"team": "ml"})
    for role in graph.all(types.ROLE):
        assert (role.inputs["permissionsBoundary"], role.inputs["tags"]) == (boundary, {"team": "ml"})


def test_what_a_configuration_may_say_is_what_the_command_reads() -> None:
    assert set(_drift_job.CONFIG) == set(DriftConfig.model_fields)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"model": "Flight"}, "model: accepted: 1 to 40 of a-z"),
        ({"name_prefix": "-"}, "name_prefix: accepted: 2 to 60"),
        ({"region": "nowhere"}, "region: accepted: a region"),
        ({"image": "acme/slipway-ops:1"}, "image: accepted: an image by its digest"),
        ({"predictions": "predictions"}, "predictions: accepted: s3://<bucket>/<prefix>: received: 'predictions'"),
        ({"predictions": None}, "predictions: accepted: s3://<bucket>/<prefix>: received: None"),
        ({"labels": "s3://acme/a*"}, "labels: accepted: s3://<bucket>/<prefix>"),
        ({"profile": "s3://acme/a/"}, "profile: accepted: s3://<bucket>/<key>"),
        ({"config": "{"}, "config: accepted: a JSON object of docs/reference/drift.schema.json"),
        ({"config": '["psi"]'}, "config: accepted: a JSON object"),
        ({"config": '{"psy": 1}'}, "config: accepted: a JSON object .* psi, .*: received: '{\"psy\": 1}'"),
        ({"days": 0}, "days: accepted: a whole number from 1 to 366: received: 0"),
        ({"schedule": "daily"}, "schedule: accepted: cron"),
        ({"schedule_timezone": "here"}, "schedule_timezone: accepted: a time zone"),
        ({"vcpus": 0}, "vcpus: accepted: a whole number from 1 to 16"),
        ({"memory_mib": 64}, "memory_mib: accepted: a whole number from 512"),
        ({"time_limit_minutes": 0}, "time_limit_minutes: accepted: a whole number from 1"),
        ({"attempts": 11}, "attempts: accepted: a whole number from 1 to 10"),
        ({"job_queue_arn": "queue"}, "job_queue_arn: accepted: a Batch job queue's ARN"),
        ({"event_bus_arn": None}, "event_bus_arn: accepted: an event bus's ARN"),
        ({"dead_letter_queue_arn": None}, "dead_letter_queue_arn: accepted: an SQS queue's ARN"),
        ({"schedule_group_name": None}, "schedule_group_name: accepted: the name of a group"),
        ({"topic_arn": "people"}, "topic_arn: accepted: an SNS topic's ARN"),
        ({"key_arn": "key"}, "key_arn: accepted: a KMS key's ARN"),
        ({"on_drift": True}, "on_drift: accepted: no such argument"),
    ],
)
def test_a_wrong_argument_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        monitor(**more)
