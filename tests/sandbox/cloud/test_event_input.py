"""What a target gets, by a table of templates."""

import json
from typing import Any

import pytest

from sandbox.cloud.event_input import input_of

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "1",
    "detail-type": "Drift",
    "source": "slipway.drift",
    "account": "123456789012",
    "time": "2026-11-24T10:00:00Z",
    "region": "eu-west-1",
    "resources": ["a"],
    "detail": {"model": 'the "best"', "psi": 0.5, "window": {"from": None}, "tags": ["x", "y"], "bad": False},
}
RULE = "arn:aws:events:eu-west-1:123456789012:rule/retraining/drift"
PATHS = {
    "model": "$.detail.model",
    "psi": "$.detail.psi",
    "window": "$.detail.window",
    "tags": "$.detail.tags",
    "bad": "$.detail.bad",
    "type": "$.detail-type",
    "first": "$.detail.tags[0]",
    "gone": "$.detail.gone",
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"model": <model>, "psi": <psi>}', {"model": 'the "best"', "psi": 0.5}),
        ('{"model": "<model>!"}', {"model": 'the "best"!'}),
        (
            '{"window": <window>, "tags": <tags>, "bad": <bad>}',
            {"window": {"from": None}, "tags": ["x", "y"], "bad": False},
        ),
        ('{"text": "psi is <psi> of <tags>"}', {"text": 'psi is 0.5 of ["x", "y"]'}),
        ('{"type": <type>, "first": <first>}', {"type": "Drift", "first": "x"}),
        ('{"gone": <gone>, "quoted": "<gone>"}', {"gone": None, "quoted": ""}),
        ('"<type> of <model>"', 'Drift of the "best"'),
        ('{"rule": <aws.events.rule-name>, "arn": "<aws.events.rule-arn>"}', {"rule": "drift", "arn": RULE}),
        ('{"whole": <aws.events.event.json>}', {"whole": EVENT}),
        ('{"event": <aws.events.event>}', {"event": {key: value for key, value in EVENT.items() if key != "detail"}}),
        ('{"at": <aws.events.event.ingestion-time>}', {"at": EVENT["time"]}),
        ("<window>", {"from": None}),
    ],
)
def test_a_template_is_filled_in(template: str, expected: Any) -> None:
    target = {"InputTransformer": {"InputPathsMap": PATHS, "InputTemplate": template}}
    assert json.loads(input_of(target, EVENT, RULE)) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, EVENT),
        ({"Input": '{"a": 1}'}, {"a": 1}),
        ({"InputPath": "$.detail.tags[1]"}, "y"),
        ({"InputPath": "$.detail.gone"}, None),
        ({"InputPath": "$"}, EVENT),
    ],
)
def test_a_constant_a_part_or_the_whole(target: dict[str, Any], expected: Any) -> None:
    assert json.loads(input_of(target, EVENT, RULE)) == expected
