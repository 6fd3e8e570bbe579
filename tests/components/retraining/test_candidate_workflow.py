"""What happens with a candidate: a workflow of the settings' repository is started, or people are told what to do."""

import json
from typing import Any

import pulumi
import pytest
from slipway.retraining import CandidateWorkflow

from tests.components.callers import SHORTEST
from tests.components.graph import Graph, declare

SHORT = SHORTEST["CandidateWorkflow"]
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
CONNECTION = "aws:cloudwatch/eventConnection:EventConnection"
DESTINATION = "aws:cloudwatch/eventApiDestination:EventApiDestination"
GITHUB = {"repository": "acme/models", "token": "ghp_0123"}
SHORT_GITHUB = {key: value for key, value in SHORT.items() if key != "topic_arn"} | GITHUB


def workflow(args: Any, preview: bool = False) -> Graph[Any]:
    return declare(lambda: CandidateWorkflow("it", args() if callable(args) else args), preview=preview)


def test_people_are_told_what_to_do(preview: bool) -> None:
    graph = workflow(SHORT, preview)
    assert graph.types() == {RULE: 1, TARGET: 1}
    rule, target = graph.one(RULE), graph.one(TARGET)
    assert rule.inputs["eventBusName"] == target.inputs["eventBusName"] == "acme-dev-retraining"
    assert rule.document("eventPattern") == {
        "source": ["slipway.retraining"],
        "detail-type": ["CandidateReady"],
        "detail": {"environment": ["dev"]},
    }
    assert target.inputs["arn"] == SHORT["topic_arn"]
    assert "roleArn" not in target.inputs  # the topic's own policy lets rules of the account publish
    lines = [json.loads(line) for line in target.inputs["inputTransformer"]["inputTemplate"].split("\n")]
    assert lines[2] == "What it is: slipway release show --stack dev <release>"
    assert "stacks/Pulumi.dev.yaml" in lines[3]
    assert target.inputs["deadLetterConfig"] == {"arn": SHORT["dead_letter_queue_arn"]}


def test_a_workflow_of_github_is_started(preview: bool) -> None:
    graph = workflow({**SHORT_GITHUB, "how": "roll_out"}, preview)
    destination, target = graph.one(DESTINATION), graph.one(TARGET)
    assert destination.inputs["invocationEndpoint"] == "https://api.github.com/repos/acme/models/dispatches"
    assert destination.inputs["httpMethod"] == "POST"
    body = json.loads(target.inputs["inputTransformer"]["inputTemplate"])
    assert body["event_type"] == "slipway-candidate"
    assert body["client_payload"] == {
        "model": "<model>",
        "release": "<release>",
        "run": "<run>",
        "previous": "<previous>",
        "evaluation_uri": "<evaluation_uri>",
        "environment": "<environment>",
        "how": "roll_out",
    }
    assert set(target.inputs["inputTransformer"]["inputPaths"]) == body["client_payload"].keys() - {"how"}
    if not preview:
        [statement] = graph.named("it-github-access").document("policy")["Statement"]
        assert statement["Action"] == ["events:InvokeApiDestination"]
        assert statement["Resource"] == [destination.outputs["arn"]]


def test_a_person_is_asked_by_default() -> None:
    body = json.loads(workflow(SHORT_GITHUB).one(TARGET).inputs["inputTransformer"]["inputTemplate"])
    assert body["client_payload"]["how"] == "pull_request"


@pytest.mark.parametrize("later", [False, True], ids=["plain", "output"])
def test_the_token_is_a_secret_wherever_it_is_put(later: bool, preview: bool) -> None:
    def args() -> dict[str, Any]:
        return SHORT_GITHUB | ({"token": pulumi.Output.from_input("ghp_0123")} if later else {})

    graph = workflow(args, preview)
    connection, component = graph.one(CONNECTION), graph.named("it")
    assert connection.inputs["authParameters"]["apiKey"]["value"] == "Bearer ghp_0123"
    assert connection.secrets == {"authParameters.apiKey.value"}
    assert component.secrets == {"token"}


def test_another_github() -> None:
    graph = workflow({**SHORT_GITHUB, "api_url": "https://github.acme.example/api/v3"})
    endpoint = graph.one(DESTINATION).inputs["invocationEndpoint"]
    assert endpoint == "https://github.acme.example/api/v3/repos/acme/models/dispatches"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({**SHORT, "environment": "Dev"}, "environment: accepted: an environment's name"),
        ({**SHORT, "how": "merge"}, "how: accepted: one of pull_request, roll_out: received: 'merge'"),
        (
            {**SHORT, "how": "roll_out"},
            "how: accepted: pull_request, because without a repository nothing but a person",
        ),
        ({**SHORT, "topic_arn": None}, "topic_arn: accepted: an SNS topic's ARN: received: None"),
        ({**SHORT, "event_bus_arn": None}, "event_bus_arn: accepted: an event bus's ARN"),
        ({**SHORT, "dead_letter_queue_arn": "x"}, "dead_letter_queue_arn: accepted: an SQS queue's ARN"),
        (
            {**SHORT, "repository": "acme/models"},
            r"repository and token: accepted: all of them or none: received: \['rep",
        ),
        ({**SHORT, "token": "x"}, r"repository and token: accepted: all of them or none: received: \['token'\]"),
        ({**SHORT, "api_url": "https://x"}, "api_url: accepted: nothing, because there is no repository"),
        (
            {**SHORT_GITHUB, "repository": "models"},
            "repository: accepted: a repository of GitHub: <owner>/<repository>",
        ),
        ({**SHORT_GITHUB, "token": ""}, "token: accepted: a token of GitHub: received: ''"),
        ({**SHORT_GITHUB, "api_url": "http://x"}, "api_url: accepted: the API of GitHub: https://<host>"),
    ],
)
def test_refused(args: dict[str, Any], message: str, preview: bool) -> None:
    with pytest.raises(ValueError, match=message):
        workflow(args, preview)
