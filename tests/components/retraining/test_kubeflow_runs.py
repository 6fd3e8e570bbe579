import json
from typing import Any

import pytest
from slipway import KubeflowRuns

from tests.components.callers import ACCOUNT, KEY, SHORTEST
from tests.components.graph import Graph, declare

QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:acme-dev-kubeflow-runs"


def runs(preview: bool = False, **more: Any) -> Graph[KubeflowRuns]:
    args: Any = {**SHORTEST["KubeflowRuns"], **more}
    return declare(lambda: KubeflowRuns("runs", args), preview=preview)


def allowed(graph: Graph[Any], name: str) -> dict[str, Any]:
    policy = graph.named(name, "aws:iam/rolePolicy:RolePolicy").document("policy")
    return {action: each for each in policy["Statement"] for action in each["Action"]}


def test_the_queue_is_keyed_finite_and_has_a_place_for_broken_messages(preview: bool) -> None:
    queue = runs(preview).one("aws:sqs/queue:Queue").inputs
    assert (queue["name"], queue["kmsMasterKeyId"]) == ("acme-dev-kubeflow-runs", KEY)
    assert queue["messageRetentionSeconds"] == 1209600
    assert json.loads(queue["redrivePolicy"]) == {
        "deadLetterTargetArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:acme-dev-retraining-dead-letters",
        "maxReceiveCount": 5,
    }


def test_one_turn_at_a_time_that_ends(preview: bool) -> None:
    spec = runs(preview).one("kubernetes:batch/v1:CronJob").inputs["spec"]
    job = spec["jobTemplate"]["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"]) == ("* * * * *", "Forbid")
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (0, 240)
    queue = runs(preview).one("aws:sqs/queue:Queue").inputs
    assert queue["visibilityTimeoutSeconds"] > job["activeDeadlineSeconds"], "no message is worked on twice at once"
    [container] = job["template"]["spec"]["containers"]
    assert container["command"] == ["slipway", "kubeflow", "turn"]
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_the_job_knows_the_queue_and_kubeflow() -> None:
    pod = runs().one("kubernetes:batch/v1:CronJob").inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    told = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
    assert told["AWS_REGION"] == "eu-west-1"
    assert told["SLIPWAY_KUBEFLOW_QUEUE"].endswith("/acme-dev-kubeflow-runs")
    assert told["SLIPWAY_KUBEFLOW_ADDRESS"] == "http://ml-pipeline.kubeflow.svc:8888"


@pytest.mark.parametrize(
    ("address", "port"),
    [("http://ml-pipeline.kubeflow.svc:8888", 8888), ("https://kubeflow.example.com", 443), ("http://kfp/", 80)],
)
def test_it_reaches_kubeflow_and_aws_and_nobody_reaches_it(address: str, port: int) -> None:
    spec = runs(address=address).one("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec
    assert port in [way["port"] for rule in spec["egress"] for way in rule["ports"]]


def test_it_reads_the_queue_and_the_records_of_runs_and_answers_this_environments_machines() -> None:
    graph = runs()
    access, answers = allowed(graph, "runs-role-access"), allowed(graph, "runs-answers")
    assert access["sqs:ReceiveMessage"]["Resource"] == access["sqs:SendMessage"]["Resource"] == [QUEUE]
    assert access["s3:GetObject"]["Resource"] == ["arn:aws:s3:::acme-dev-models/runs/*"]
    assert "s3:PutObject" not in access
    assert answers["states:SendTaskSuccess"]["Resource"] == [
        f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:acme-dev-retrain-*"
    ]
    assert answers["kms:Decrypt"]["Condition"] == {
        "StringEquals": {"kms:ViaService": ["states.eu-west-1.amazonaws.com"]}
    }
    association = graph.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert (association["namespace"], association["serviceAccount"]) == ("kubeflow", "slipway-kubeflow-runs")


def test_outputs() -> None:
    assert runs().outputs("runs")["queueArn"] == QUEUE


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name_prefix": "A"}, "name_prefix: accepted: 2 to 60 of a-z, 0-9 and -"),
        ({"key_arn": None}, "key_arn: accepted: a KMS key's ARN: received: None"),
        ({"dead_letter_queue_arn": "x"}, "dead_letter_queue_arn: accepted: an SQS queue's ARN: received: 'x'"),
        ({"image": "slipway-ops:latest"}, "image: accepted: an image by its digest"),
        ({"namespace": None}, "namespace: accepted: a namespace: 1 to 63 of a-z, 0-9 and -: received: None"),
        ({"address": "ml-pipeline"}, "address: accepted: an address such as http://ml-pipeline.kubeflow.svc:8888"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        runs(**wrong)
    assert message in str(refused.value)
