"""A pipeline: what AWS is told of its steps, what these may do, what starts it, and how little it declares."""

import json
from typing import Any

import pulumi
import pytest
from slipway.retraining import RetrainingPipeline

from tests.components.callers import KEY, SHORTEST
from tests.components.graph import UNKNOWN, Graph, declare

SHORT = SHORTEST["RetrainingPipeline"]
ACCOUNT = "123456789012"
JOB, MACHINE = "aws:batch/jobDefinition:JobDefinition", "aws:sfn/stateMachine:StateMachine"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
SCHEDULE, ROLE, POLICY = "aws:scheduler/schedule:Schedule", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
GROUP = {"schedule_group_name": "acme-dev-retraining"}
BUCKETS = ("arn:aws:s3:::acme-dev-datasets", "arn:aws:s3:::acme-dev-models")


def pipeline(preview: bool = False, **more: Any) -> Graph[Any]:
    args: Any = SHORT | more
    return declare(lambda: RetrainingPipeline("it", args), preview=preview)


def rights(graph: Graph[Any], role: str) -> dict[str, set[str]]:
    """Resources of each action that a role may."""
    found: dict[str, set[str]] = {}
    for statement in graph.named(f"it-{role}-access").document("policy")["Statement"]:
        for action in statement["Action"]:
            found.setdefault(action, set()).update(statement["Resource"])
    return found


def test_by_hand_it_is_jobs_and_a_machine(preview: bool) -> None:
    graph = pipeline(preview)
    assert graph.types() == {JOB: 4, MACHINE: 1, ROLE: 2, POLICY: 2}
    assert graph.invokes == []  # nothing is looked up for each of a hundred models


def test_a_pipeline_with_a_trigger_is_thirteen_resources(preview: bool) -> None:
    """State is written anew at every step of an update, so an environment's size counts more than once."""
    for trigger in ({"schedule": "rate(1 day)", **GROUP}, {"on_drift": True}, {"on_new_data": True}):
        assert len(pipeline(preview, **trigger).resources) <= 14
    assert len(pipeline(preview, schedule="rate(1 day)", **GROUP).resources) == 13


def test_a_step_is_a_job_of_batch() -> None:
    steps = [
        {
            "name": "train",
            "time_limit_minutes": 90,
            "vcpus": 4,
            "memory_mib": 15_000,
            "gpus": 1,
            "spot": True,
            "attempts": 3,
            "environment": {"OMP_WAIT_POLICY": "passive"},
        }
    ]
    queue = f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-queue/gpu-spot"
    graph = pipeline(steps=steps, gpu_spot_job_queue_arn=queue, tracking_uri="https://mlflow")
    job = graph.one(JOB)
    assert job.inputs["name"] == "acme-dev-retrain-flight-delay-train"
    assert job.inputs["timeout"] == {"attemptDurationSeconds": 5400}
    assert job.inputs["retryStrategy"] == {
        "attempts": 3,
        "evaluateOnExits": [
            {"onStatusReason": "Host EC2*", "action": "retry"},
            {"onReason": "CannotPullContainerError*", "action": "retry"},
            {"onExitCode": "75", "action": "retry"},
            {"onReason": "*", "action": "exit"},
        ],
    }
    assert (job.inputs["propagateTags"], job.inputs["deregisterOnNewRevision"]) == (True, False)
    properties = job.document("containerProperties")
    assert properties["image"] == SHORT["image"]
    assert properties["command"] == ["slipway", "train", "--", "python", "train.py"]
    assert properties["resourceRequirements"] == [
        {"type": "VCPU", "value": "4"},
        {"type": "MEMORY", "value": "15000"},
        {"type": "GPU", "value": "1"},
    ]
    assert properties["readonlyRootFilesystem"] is True
    assert properties["privileged"] is False
    assert properties["mountPoints"] == [{"containerPath": "/tmp", "sourceVolume": "scratch", "readOnly": False}]
    assert properties["executionRoleArn"] == SHORT["execution_role_arn"]
    assert properties["jobRoleArn"] == graph.named("it-job-role").outputs["arn"]
    assert properties["logConfiguration"]["options"] == {
        "awslogs-group": "/slipway/acme-dev-retraining",
        "awslogs-region": "eu-west-1",
        "awslogs-stream-prefix": "flight-delay-train",
    }
    told = {each["name"]: each["value"] for each in properties["environment"]}
    assert told["OMP_WAIT_POLICY"] == "passive"
    assert told["MLFLOW_TRACKING_URI"] == "https://mlflow"
    assert told["SLIPWAY_IMAGE"] == SHORT["image"]
    machine = graph.one(MACHINE).document("definition")["States"]["train"]["Arguments"]
    assert (machine["JobQueue"], machine["JobDefinition"]) == (queue, job.outputs["arn"])


def test_a_root_is_writable_only_where_it_is_asked_for() -> None:
    steps = [{"name": "train", "time_limit_minutes": 90, "writable_root": True}]
    assert pipeline(steps=steps).one(JOB).document("containerProperties")["readonlyRootFilesystem"] is False


def test_the_machine_is_keyed_traced_and_logs_no_data(preview: bool) -> None:
    machine = pipeline(preview).one(MACHINE)
    assert machine.inputs["name"] == "acme-dev-retrain-flight-delay"
    assert machine.inputs["type"] == "STANDARD"
    assert machine.inputs["encryptionConfiguration"]["kmsKeyId"] == KEY
    assert machine.inputs["loggingConfiguration"] == {
        "level": "ALL",
        "includeExecutionData": False,
        "logDestination": f"{SHORT['machine_log_group_arn']}:*",
    }
    assert machine.inputs["tracingConfiguration"] == {"enabled": True}
    assert (machine.inputs["definition"] == UNKNOWN) == preview


def test_the_machine_comes_after_its_rights() -> None:
    graph = pipeline()
    assert graph.waits_for(graph.one(MACHINE), graph.named("it-machine-access"))


def test_the_steps_may_reach_their_own_model() -> None:
    may = rights(pipeline(), "job")
    data, models = BUCKETS
    assert may["s3:PutObject"] == {
        f"{data}/dvc/flight-delay/*",
        *(f"{models}/{what}/flight-delay/*" for what in ("runs", "artifacts", "releases")),
    }
    assert {f"{data}/incoming/flight-delay/*", f"{models}/releases/flight-delay/*"} <= may["s3:GetObject"]
    assert may["s3:PutObjectRetention"] == {f"{models}/releases/flight-delay/*"}
    assert may["events:PutEvents"] == {SHORT["event_bus_arn"]}
    assert f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/acme-dev/flight-delay" in may["ecr:DescribeImages"]
    assert not [action for action in may if action.startswith(("s3:Delete", "dynamodb:", "sns:", "batch:"))]


def test_the_steps_get_what_is_given(preview: bool) -> None:
    other = KEY.replace("1111", "2222", 1)

    def build() -> RetrainingPipeline:
        args: Any = SHORT | {
            "reads": pulumi.Output.from_input(["arn:aws:s3:::acme-dev-events/predictions/*"]),
            "writes": ["arn:aws:s3:::acme-dev-events/scores/*"],
            "data_key_arns": [pulumi.Output.from_input(other)],
        }
        return RetrainingPipeline("it", args)

    graph = declare(build, preview=preview)
    if preview:
        return
    may = rights(graph, "job")
    assert "arn:aws:s3:::acme-dev-events/predictions/*" in may["s3:GetObject"]
    assert "arn:aws:s3:::acme-dev-events/scores/*" in may["s3:PutObject"]
    assert may["kms:Decrypt"] == {KEY, other}


def test_the_machine_may_submit_its_own_jobs_and_no_others() -> None:
    graph = pipeline()
    may = rights(graph, "machine")
    jobs = {item.outputs["arnPrefix"] for item in graph.all(JOB)}
    assert may["batch:SubmitJob"] == {SHORT["job_queue_arn"], *jobs, *(f"{arn}:*" for arn in jobs)}
    assert may["sns:Publish"] == {SHORT["topic_arn"]}
    assert may["dynamodb:UpdateItem"] == {SHORT["lock_table_arn"]}
    assert may["events:PutRule"] == {f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/StepFunctionsGetEventsForBatchJobsRule"}
    everywhere = sorted(action for action, arns in may.items() if "*" in arns)
    assert {action.split(":")[0] for action in everywhere} == {"batch", "logs", "xray"}


def test_a_schedule(preview: bool) -> None:
    graph = pipeline(preview, schedule="cron(0 3 ? * MON *)", schedule_timezone="Europe/Dublin", **GROUP)
    schedule = graph.one(SCHEDULE)
    assert schedule.inputs["scheduleExpression"] == "cron(0 3 ? * MON *)"
    assert schedule.inputs["scheduleExpressionTimezone"] == "Europe/Dublin"
    assert schedule.inputs["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}
    target = schedule.inputs["target"]
    assert json.loads(target["input"]) == {
        "model": "flight-delay",
        "reason": "schedule",
        "dedupe_key": "schedule-<aws.scheduler.scheduled-time>",  # the same for each attempt to deliver it
    }
    assert target["deadLetterConfig"] == {"arn": SHORT["dead_letter_queue_arn"]}


def test_new_data_is_a_manifest_on_the_default_bus(preview: bool) -> None:
    graph = pipeline(preview, on_new_data=True)
    rule, target = graph.one(RULE), graph.one(TARGET)
    assert "eventBusName" not in rule.inputs
    assert rule.document("eventPattern") == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["acme-dev-datasets"]},
            "object": {"key": [{"wildcard": "incoming/flight-delay/*/manifest.json"}]},
        },
    }
    made = target.inputs["inputTransformer"]
    assert json.loads(made["inputTemplate"]) == {
        "model": "flight-delay",
        "reason": "data",
        "dedupe_key": "<key>-<etag>",
        "dataset_uri": "s3://<bucket>/<key>",
    }
    assert sorted(made["inputPaths"]) == ["bucket", "etag", "key"]


def test_drift_is_on_the_environments_bus(preview: bool) -> None:
    graph = pipeline(preview, on_drift=True)
    rule, target = graph.one(RULE), graph.one(TARGET)
    assert rule.inputs["eventBusName"] == target.inputs["eventBusName"] == "acme-dev-retraining"
    assert rule.document("eventPattern")["detail"] == {"model": ["flight-delay"]}
    made = target.inputs["inputTransformer"]
    assert json.loads(made["inputTemplate"]) == {"model": "flight-delay", "reason": "drift", "dedupe_key": "<key>"}
    assert target.inputs["roleArn"] == (UNKNOWN if preview else graph.named("it-trigger-role").outputs["arn"])


def test_outputs(preview: bool) -> None:
    graph = pipeline(preview)
    outputs = graph.outputs("it")
    assert outputs["runCeilingUsd"] == "0.73"
    if not preview:
        assert outputs["machineArn"] == f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:acme-dev-retrain-flight-delay"


def test_boundary_and_tags_reach_every_role(preview: bool) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    graph = pipeline(preview, on_drift=True, permissions_boundary_arn=boundary, tags={"team": "ml"})
    assert len(graph.all(ROLE)) == 3
    for role in graph.all(ROLE):
        assert (role.inputs["permissionsBoundary"], role.inputs["tags"]) == (boundary, {"team": "ml"})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"image": "acme/it:latest"}, "image: accepted: an image by its digest: .*: received: 'acme/it:latest'"),
        ({"image": None}, "image: accepted: an image by its digest: .*: received: None"),
        ({"event_bus_arn": None, "on_drift": True}, "event_bus_arn: accepted: an event bus's ARN"),
        (
            {"event_bus_arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default"},
            "event_bus_arn: accepted: an event bus's ARN, not the default",
        ),
        ({"lock_table_arn": "locks"}, "lock_table_arn: accepted: a DynamoDB table's ARN: received: 'locks'"),
        ({"key_arn": "alias/x"}, "key_arn: accepted: a KMS key's ARN"),
        ({"execution_role_arn": "x"}, "execution_role_arn: accepted: a role's ARN"),
        (
            {"monthly_ceiling_usd": 1, "steps": [{"name": "train", "time_limit_minutes": 600}]},
            r"monthly_ceiling_usd: accepted: at least 1\.37, the most that one run can cost .*: received: 1$",
        ),
        ({"ceiling": 1}, "ceiling: accepted: no such argument; there are "),
    ],
)
def test_refused(more: dict[str, Any], message: str, preview: bool) -> None:
    with pytest.raises(ValueError, match=message):
        pipeline(preview, **more)
