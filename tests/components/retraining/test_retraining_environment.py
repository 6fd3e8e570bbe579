"""What pipelines share: machines that come and go, locks, messages, logs, and what frees a forgotten lock."""

from typing import Any

import pytest
from slipway.retraining import RetrainingEnvironment

from tests.components.callers import KEY, SHORTEST
from tests.components.graph import UNKNOWN, Graph, declare

ACCOUNT = "123456789012"
COMPUTE, QUEUE = "aws:batch/computeEnvironment:ComputeEnvironment", "aws:batch/jobQueue:JobQueue"
TEMPLATE, LOGS = "aws:ec2/launchTemplate:LaunchTemplate", "aws:cloudwatch/logGroup:LogGroup"


def environment(preview: bool = False, **more: Any) -> Graph[Any]:
    args: Any = SHORTEST["RetrainingEnvironment"] | more
    return declare(lambda: RetrainingEnvironment("it", args), preview=preview)


def test_machines_on_demand_and_on_spot(preview: bool) -> None:
    graph = environment(preview, max_vcpus=32)
    assert [item.name for item in graph.all(COMPUTE)] == ["it-on-demand", "it-spot"]
    for market, type_, strategy in (
        ("on-demand", "EC2", "BEST_FIT_PROGRESSIVE"),
        ("spot", "SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED"),
    ):
        made = graph.named(f"it-{market}", COMPUTE)
        assert made.inputs["namePrefix"] == f"acme-dev-retraining-{market}-"
        assert "name" not in made.inputs  # one that replaces it must exist beside it
        resources = made.inputs["computeResources"]
        assert (resources["type"], resources["allocationStrategy"]) == (type_, strategy)
        assert (resources["minVcpus"], resources["maxVcpus"]) == (0, 32)
        assert "desiredVcpus" not in resources  # Batch moves it
        assert resources["instanceTypes"] == ["m5", "m5a", "m6a", "m6i", "m7i"]
        assert resources["ec2Configurations"] == [{"imageType": "ECS_AL2023"}]
        assert "serviceRole" not in made.inputs


def test_a_queue_on_spot_falls_back(preview: bool) -> None:
    graph = environment(preview)
    arns = {name: graph.named(f"it-{name}", COMPUTE).outputs.get("arn", UNKNOWN) for name in ("on-demand", "spot")}
    orders = {
        item.inputs["name"]: [each["computeEnvironment"] for each in item.inputs["computeEnvironmentOrders"]]
        for item in graph.all(QUEUE)
    }
    assert orders == {
        "acme-dev-retraining-on-demand": [arns["on-demand"]],
        "acme-dev-retraining-spot": [arns["spot"], arns["on-demand"]],
    }
    actions = graph.all(QUEUE)[0].inputs["jobStateTimeLimitActions"]
    assert {(each["state"], each["action"], each["maxTimeSeconds"]) for each in actions} == {
        ("RUNNABLE", "CANCEL", 14_400)
    }


def test_gpus(preview: bool) -> None:
    graph = environment(preview, gpu_max_vcpus=48)
    assert len(graph.all(COMPUTE)) == len(graph.all(QUEUE)) == 4
    resources = graph.named("it-gpu-on-demand", COMPUTE).inputs["computeResources"]
    assert resources["instanceTypes"] == ["g5"]
    assert resources["ec2Configurations"] == [{"imageType": "ECS_AL2023_NVIDIA"}]
    assert environment(preview).outputs("it")["gpuJobQueueArn"] == ""
    assert graph.outputs("it")["gpuJobQueueArn"] != ""


def test_instances_are_closed(preview: bool) -> None:
    graph = environment(preview, volume_gib=200, volume_key_arn=KEY)
    template = graph.one(TEMPLATE)
    assert template.inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "instanceMetadataTags": "disabled",
    }
    [device] = template.inputs["blockDeviceMappings"]
    assert device["ebs"]["encrypted"] == "true"
    assert (device["ebs"]["volumeSize"], device["ebs"]["kmsKeyId"]) == (200, KEY)
    group = graph.one("aws:ec2/securityGroup:SecurityGroup")
    assert group.inputs["ingress"] == []
    assert [(rule["fromPort"], rule["protocol"]) for rule in group.inputs["egress"]] == [(443, "tcp")]
    assert "kmsKeyId" not in environment().one(TEMPLATE).inputs["blockDeviceMappings"][0]["ebs"]


def test_machines_come_after_their_rights() -> None:
    graph = environment()
    access = graph.named("it-instances", "aws:iam/rolePolicy:RolePolicy")
    for item in graph.all(COMPUTE):
        assert graph.waits_for(item, access)
    bus, policy = graph.named("it-bus"), graph.named("it-dead-letters", "aws:sqs/queuePolicy:QueuePolicy")
    assert graph.waits_for(bus, policy)


def test_locks_are_kept_and_end(preview: bool) -> None:
    table = environment(preview).one("aws:dynamodb/table:Table")
    assert table.protect
    assert table.inputs["name"] == "acme-dev-retraining"
    assert table.inputs["hashKey"] == "pk"
    assert table.inputs["ttl"] == {"enabled": True, "attributeName": "expires_at"}
    assert table.inputs["pointInTimeRecovery"]["enabled"] is True
    assert table.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
    assert table.inputs["deletionProtectionEnabled"] is True
    assert environment(preview, deletion_protection=False).one(table.type).protect is False


def test_messages_are_keyed(preview: bool) -> None:
    graph = environment(preview, emails=["ml@acme.example"])
    assert graph.named("it-bus").inputs["kmsKeyIdentifier"] == KEY
    assert graph.named("it-topic", "aws:sns/topic:Topic").inputs["kmsMasterKeyId"] == KEY
    queue = graph.named("it-dead-letters", "aws:sqs/queue:Queue")
    assert (queue.inputs["kmsMasterKeyId"], queue.inputs["messageRetentionSeconds"]) == (KEY, 1_209_600)
    subscription = graph.one("aws:sns/topicSubscription:TopicSubscription")
    assert (subscription.inputs["protocol"], subscription.inputs["endpoint"]) == ("email", "ml@acme.example")


def test_logs_end(preview: bool) -> None:
    graph = environment(preview, log_days=30)
    assert {item.inputs["name"]: item.inputs["retentionInDays"] for item in graph.all(LOGS)} == {
        "/slipway/acme-dev-retraining": 30,
        "/aws/vendedlogs/states/acme-dev-retraining": 30,
    }
    assert {item.inputs["kmsKeyId"] for item in graph.all(LOGS)} == {KEY}


def test_a_run_that_a_person_stops_frees_its_lock() -> None:
    graph = environment()
    rule = graph.named("it-recovery", "aws:cloudwatch/eventRule:EventRule")
    assert "eventBusName" not in rule.inputs
    [machines] = rule.document("eventPattern")["detail"]["stateMachineArn"]
    assert machines == {"prefix": f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:acme-dev-retrain-"}
    machine = graph.one("aws:sfn/stateMachine:StateMachine")
    assert not machine.outputs["arn"].startswith(machines["prefix"])  # it must not recover from itself
    assert machine.inputs["name"] == "acme-dev-retraining-recovery"


def test_images_are_pulled_with_a_role_of_its_own(preview: bool) -> None:
    policy = environment(preview).named("it-execution-access")
    if preview:
        return
    allowed = {action: item["Resource"] for item in policy.document("policy")["Statement"] for action in item["Action"]}
    assert allowed["ecr:BatchGetImage"] == [f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/acme-dev/*"]
    assert allowed["logs:PutLogEvents"][0] == f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/slipway/acme-dev-retraining"


def test_the_account_is_looked_up_only_if_not_given() -> None:
    assert environment().invokes
    assert environment(account_id="210987654321").invokes == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"name_prefix": "Acme"}, "name_prefix: accepted: 2 to 60 of a-z"),
        ({"vpc_id": None}, "vpc_id: accepted: a value: received: None"),
        ({"subnet_ids": []}, r"subnet_ids: accepted: a value: received: \[\]"),
        ({"repository_arns": []}, "repository_arns: accepted: a value"),
        ({"key_arn": "x"}, "key_arn: accepted: a KMS key's ARN"),
        ({"logs_key_arn": None}, "logs_key_arn: accepted: a KMS key's ARN"),
        ({"volume_key_arn": "x"}, "volume_key_arn: accepted: a KMS key's ARN"),
        ({"max_vcpus": 1}, "max_vcpus: accepted: a whole number from 2"),
        (
            {"instance_families": ["c5"]},
            r"instance_families\[0\]: accepted: one of m5, m5a, m6a, m6i, m7i: received: 'c5'",
        ),
        ({"instance_families": []}, "instance_families: accepted: at least 1 entry"),
        ({"gpu_instance_families": ["g5"]}, "gpu_instance_families: accepted: nothing, because gpu_max_vcpus is 0"),
        ({"volume_gib": 8}, "volume_gib: accepted: a whole number from 30"),
        ({"emails": ["nobody"]}, r"emails\[0\]: accepted: an e-mail address"),
        ({"log_days": 31}, "log_days: accepted: one of 1, 3, 5"),
        ({"account_id": "1"}, "account_id: accepted: an account id of 12 digits"),
        ({"permissions_boundary_arn": "x"}, "permissions_boundary_arn: accepted: a managed policy's ARN"),
    ],
)
def test_refused(more: dict[str, Any], message: str, preview: bool) -> None:
    with pytest.raises(ValueError, match=message):
        environment(preview, **more)
