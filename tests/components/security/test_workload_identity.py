"""Identities of workloads: the trust of each principal, exactly the declared rights, the tie to the pod."""

import json
from typing import Any

import pulumi
import pytest
from slipway.security import Principal, WorkloadIdentity

from tests.components.graph import UNKNOWN, Graph, declare
from tests.components.security.test_policies import JOB, KEY, LOG_GROUP, MACHINE, OBJECT, TABLE, TOPIC

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
POD = {
    "principal": Principal.POD,
    "cluster_name": "acme-prod",
    "namespace": "models",
    "service_account": "flight-delay",
}
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
CI = {"principal": "ci", "oidc_provider_arn": PROVIDER, "subjects": ["repo:acme/models:environment:prod"]}
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


def identity(args: Any, preview: bool = False) -> Graph[WorkloadIdentity]:
    """``args`` may be a function, for arguments that are Outputs."""
    return declare(lambda: WorkloadIdentity("model", args() if callable(args) else args), preview=preview)


def trust(graph: Graph[WorkloadIdentity]) -> Any:
    [statement] = graph.one(ROLE).document("assumeRolePolicy")["Statement"]
    return statement


def test_a_pod(preview: bool) -> None:
    graph = identity(
        {**POD, "reads": [OBJECT], "uses": [KEY], "permissions_boundary_arn": BOUNDARY, "tags": {"team": "ml"}}, preview
    )
    assert graph.types() == {ASSOCIATION: 1, ROLE: 1, POLICY: 1}
    role = graph.named("model-role")
    assert role.inputs["permissionsBoundary"] == BOUNDARY
    assert role.inputs["tags"] == {"team": "ml"}
    assert "name" not in role.inputs
    assert trust(graph)["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-service-account"] == "flight-delay"
    access = graph.named("model-access")
    assert [statement["Action"] for statement in access.document("policy")["Statement"]] == [
        ["kms:Decrypt"],
        ["s3:GetObject", "s3:GetObjectVersion"],
    ]
    assert access.inputs["role"] == (UNKNOWN if preview else role.outputs["name"])
    association = graph.named("model-association")
    assert association.inputs == {
        "clusterName": "acme-prod",
        "namespace": "models",
        "serviceAccount": "flight-delay",
        "roleArn": UNKNOWN if preview else role.outputs["arn"],
        "tags": {"team": "ml"},
    }
    assert {child.parent for child in (role, access, association)} == {graph.named("model").urn}
    expected = {"roleArn": role.outputs.get("arn", UNKNOWN), "roleName": role.outputs.get("name", UNKNOWN)}
    assert graph.outputs("model") == expected


@pytest.mark.parametrize(
    ("principal", "service", "account"),
    [
        ("batch", "ecs-tasks.amazonaws.com", "123456789012"),
        ("state_machine", "states.amazonaws.com", "123456789012"),
        ("events", ["events.amazonaws.com", "scheduler.amazonaws.com"], "123456789012"),
        ("function", "lambda.amazonaws.com", None),
    ],
)
def test_services(principal: str, service: str | list[str], account: str | None, preview: bool) -> None:
    graph = identity({"principal": principal, "writes": [TOPIC]}, preview)
    assert graph.types() == {ROLE: 1, POLICY: 1}
    assert trust(graph)["Principal"] == {"Service": service}
    if account:
        assert trust(graph)["Condition"] == {"StringEquals": {"aws:SourceAccount": account}}
    else:
        assert "Condition" not in trust(graph)


def test_the_account_is_looked_up_only_if_not_given() -> None:
    assert len(identity({"principal": "batch"}).invokes) == 1
    graph = identity({"principal": "batch", "account_id": "210987654321"})
    assert graph.invokes == []
    assert trust(graph)["Condition"] == {"StringEquals": {"aws:SourceAccount": "210987654321"}}
    assert identity(POD).invokes == identity(CI).invokes == []


def test_ci(preview: bool) -> None:
    graph = identity(lambda: {**CI, "oidc_provider_arn": pulumi.Output.from_input(PROVIDER)}, preview)
    assert graph.types() == {ROLE: 1}  # nothing declared: no rights
    assert trust(graph)["Principal"] == {"Federated": PROVIDER}


def test_rights_follow_outputs(preview: bool) -> None:
    table = pulumi.Output.from_input
    graph = identity(lambda: {**POD, "reads": [table(TABLE)], "writes": pulumi.Output.from_input([TABLE])}, preview)
    actions = {action for s in graph.one(POLICY).document("policy")["Statement"] for action in s["Action"]}
    assert {"dynamodb:GetItem", "dynamodb:PutItem"} <= actions


def test_a_wrong_arn_that_becomes_known_later_is_refused(preview: bool) -> None:
    with pytest.raises(ValueError, match=r"reads: accepted: ARNs without wildcards of .*: received: 'arn:aws:sns"):
        identity(lambda: {**POD, "reads": [pulumi.Output.from_input(TOPIC)]}, preview)


def test_a_state_machine_delivers_its_logs_and_waits_for_its_jobs(preview: bool) -> None:
    declared = {"writes": [LOG_GROUP, TABLE], "uses": [JOB, KEY], "state_machine_arn": MACHINE}
    statements = identity({"principal": "state_machine", **declared}, preview).one(POLICY).document("policy")
    allowed = {action: item["Resource"] for item in statements["Statement"] for action in item["Action"]}
    assert "logs:PutLogEvents" not in allowed
    assert allowed["logs:CreateLogDelivery"] == allowed["xray:PutTraceSegments"] == ["*"]
    rule = "arn:aws:events:eu-west-1:123456789012:rule/StepFunctionsGetEventsForBatchJobsRule"
    assert allowed["events:PutRule"] == allowed["events:PutTargets"] == allowed["events:DescribeRule"] == [rule]


def without(args: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in args.items() if key != name}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "principal: accepted: one of pod, batch, function, state_machine, events, airflow, ci: received: None"),
        ({"principal": "ec2"}, "principal: accepted: one of pod, .*: received: 'ec2'"),
        (without(POD, "cluster_name"), "cluster_name: accepted: a value, because principal is pod: received: None"),
        (without(POD, "namespace"), "namespace: accepted: a value, because principal is pod: received: None"),
        (without(POD, "service_account"), "service_account: accepted: a value, because principal is pod"),
        ({**POD, "cluster_name": "-x"}, "cluster_name: accepted: an EKS cluster's name: received: '-x'"),
        ({**POD, "namespace": "Models"}, "namespace: accepted: a Kubernetes name: .*: received: 'Models'"),
        ({**POD, "service_account": "a_b"}, "service_account: accepted: a Kubernetes name: .*: received: 'a_b'"),
        ({**POD, "subjects": ["x"]}, r"subjects: accepted: nothing, because principal is pod: received: \['x'\]"),
        ({**POD, "oidc_provider_arn": PROVIDER}, "oidc_provider_arn: accepted: nothing, because principal is pod"),
        ({**CI, "namespace": "x"}, "namespace: accepted: nothing, because principal is ci: received: 'x'"),
        ({"principal": "batch", "cluster_name": "x"}, "cluster_name: accepted: nothing, because principal is batch"),
        (without(CI, "subjects"), "subjects: accepted: a value, because principal is ci: received: None"),
        ({**CI, "subjects": []}, r"subjects: accepted: at least 1 entry: received: \[\]"),
        (
            {**CI, "subjects": ["repo:acme/*"]},
            r"subjects\[0\]: accepted: a token's exact subject.*: received: 'repo:",
        ),
        ({**CI, "subjects": ["repo:acme/a?"]}, r"subjects\[0\]: accepted: a token's exact subject"),
        (
            {**CI, "oidc_provider_arn": "github"},
            "oidc_provider_arn: accepted: an IAM OIDC provider's ARN: received:",
        ),
        (
            {"principal": "function", "account_id": "1" * 12},
            "account_id: accepted: nothing, because Lambda does not",
        ),
        ({**POD, "state_machine_arn": MACHINE}, "state_machine_arn: accepted: nothing, because principal is pod"),
        (
            {"principal": "state_machine", "state_machine_arn": "retrain"},
            "state_machine_arn: accepted: a state machine's ARN: received: 'retrain'",
        ),
        ({**POD, "account_id": "12"}, "account_id: accepted: an account id of 12 digits: received: '12'"),
        ({**POD, "permissions_boundary_arn": "x"}, "permissions_boundary_arn: accepted: a managed policy's ARN"),
        ({**POD, "reads": OBJECT}, "reads: accepted: a list of ARNs: received: 'arn:aws:s3"),
        ({**POD, "reads": 1}, "reads: accepted: a list of ARNs: received: 1"),
        ({**POD, "reads": ["*"]}, r"reads: accepted: ARNs without wildcards of an S3 bucket.*: received: '\*'"),
        ({**POD, "reads": [None]}, "reads: accepted: ARNs without wildcards of an S3 bucket.*: received: None"),
        ({**POD, "writes": [KEY]}, "writes: accepted: ARNs without wildcards"),
        ({**POD, "uses": [OBJECT]}, "uses: accepted: ARNs without wildcards of a KMS key"),
        ({**POD, "read": [OBJECT]}, "read: accepted: no such argument; there are account_id, cluster_name"),
    ],
)
def test_refuses(args: dict[str, Any], message: str, preview: bool) -> None:
    with pytest.raises(ValueError, match=message):
        identity(args, preview)


def test_an_empty_list_that_is_an_output_is_refused(preview: bool) -> None:
    with pytest.raises(ValueError, match="reads, writes and uses: accepted: at least one ARN in them"):
        identity(lambda: {**POD, "reads": pulumi.Output.from_input([])}, preview)


def test_the_policy_is_canonical() -> None:
    text = identity({**POD, "reads": [OBJECT]}).one(POLICY).inputs["policy"]
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
