"""Policies of retraining: machines of Batch, undelivered events, notifications, and its key."""

import json
from typing import Any

from slipway.security import DataClass
from slipway.security import _policies_machines as machines
from slipway.security import _policies_retraining as policies
from slipway.security._policies_stores import key_policy

from tests.components.security.test_policies import ACCOUNT, KEY, LOG_GROUP, MACHINE, QUEUE, TOPIC, allow

EVENTS = {"Service": "events.amazonaws.com"}


def statements(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def test_an_instance_is_of_the_environments_own_clusters() -> None:
    cluster = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/AWSBatch-acme-prod-retraining-*"
    instance = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:container-instance/AWSBatch-acme-prod-retraining-*"
    found = {
        action: item["Resource"]
        for item in statements(policies.batch_instance("acme-prod-retraining-", LOG_GROUP))
        for action in item["Action"]
    }
    assert found["ecs:RegisterContainerInstance"] == found["ecs:SubmitTaskStateChange"] == [cluster]
    assert found["ecs:Poll"] == [instance]
    assert found["ecs:DiscoverPollEndpoint"] == ["*"]
    assert found["logs:PutLogEvents"] == [LOG_GROUP, f"{LOG_GROUP}:*"]
    assert not [action for action in found if action.startswith("ecr:")]  # jobs' images are the execution role's


def test_undelivered_events_come_from_rules_and_buses_of_the_account() -> None:
    allowed, refused = sorted(statements(policies.dead_letter_queue(QUEUE)), key=lambda item: item["Effect"])
    assert (allowed["Principal"], allowed["Action"], allowed["Resource"]) == (EVENTS, ["sqs:SendMessage"], [QUEUE])
    place = f"arn:aws:events:eu-west-1:{ACCOUNT}"
    assert allowed["Condition"] == {
        "ArnLike": {"aws:SourceArn": [f"{place}:rule/*", f"{place}:event-bus/*"]},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_rules_of_the_account_notify() -> None:
    allowed, refused = sorted(statements(policies.notification_topic(TOPIC)), key=lambda item: item["Effect"])
    assert (allowed["Principal"], allowed["Action"], allowed["Resource"]) == (EVENTS, ["sns:Publish"], [TOPIC])
    assert refused["Principal"] == "*"


def test_a_machine_that_waits_for_no_job_has_no_rule() -> None:
    found = machines.machine_statements(MACHINE, False, [])
    assert {action.split(":")[0] for item in found for action in item["Action"]} == {"logs", "xray"}


def test_a_machine_uses_keys_for_itself_and_its_logs_alone() -> None:
    found = [item for item in machines.machine_statements(MACHINE, True, [KEY]) if item["Resource"] == [KEY]]
    assert found == [
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey"],
            KEY,
            StringEquals={"kms:EncryptionContext:aws:states:stateMachineArn": MACHINE},
        ),
        allow(
            ["kms:GenerateDataKey"],
            KEY,
            StringEquals={"kms:EncryptionContext:SourceArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:*"},
        ),
    ]


def test_the_key_of_models_serves_events_machines_and_their_logs() -> None:
    found = {item["Sid"]: item for item in statements(key_policy(DataClass.MODELS, ACCOUNT, "eu-west-1", []))}
    root = {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}
    logs = {"kms:EncryptionContext:SourceArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:*"}
    assert found["KeepAndDeliverEvents"]["Principal"] == EVENTS
    assert found["KeepAndDeliverEvents"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert found["RunMachines"]["Principal"] == found["HandOverLogs"]["Principal"] == root
    assert found["RunMachines"]["Condition"]["StringLike"] == {
        "kms:EncryptionContext:aws:states:stateMachineArn": f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:*"
    }
    assert found["HandOverLogs"]["Condition"] == {"StringEquals": {"kms:CallerAccount": ACCOUNT, **logs}}
    assert found["DeliverLogs"]["Condition"] == {"StringEquals": logs}
    others = [json.loads(key_policy(each, ACCOUNT, "eu-west-1", [])) for each in DataClass if each != "models"]
    assert not [item for text in others for item in text["Statement"] if item["Sid"] in ("RunMachines", "DeliverLogs")]
