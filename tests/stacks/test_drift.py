"""The look for drift as settings declare it: what is read, whose place it is, what is refused."""

import json
from typing import Any

import pulumi
import pytest

from stacks import drift_checks
from stacks.drift_settings import DriftSettings
from stacks.releases import Found
from stacks.settings import SettingsError
from tests.components.graph import Graph
from tests.stacks.test_retraining import PLATFORM, everything, graph_of, settings

JOB, SCHEDULE = "aws:batch/jobDefinition:JobDefinition", "aws:scheduler/schedule:Schedule"
NAME = "acme-test-drift-fraud"
OWN = {"predictions": "s3://acme-own-events/p", "key_arns": ["arn:aws:kms:eu-west-1:123456789012:key/own"]}
DROPPED = ("network", "cluster", "keys", "gateway", "rollouts", "gate", "request_autoscaler", "stores")
SHARD: dict[str, Any] = {
    **dict.fromkeys((*DROPPED, "datasets", "mlflow", "retraining", "github_token"), ...),
    "part": "models",
    "platform_stack": PLATFORM,
    "gateway_domain": "ml.example.com",
    "models.fraud.stores": ...,
}


def look(graph: Graph[None]) -> dict[str, Any]:
    """The container of the job."""
    (job,) = [item for item in graph.all(JOB) if item.inputs["name"] == NAME]
    container: dict[str, Any] = job.document("containerProperties")
    return container


def told(graph: Graph[None]) -> dict[str, str]:
    """What the job is told."""
    return {entry["name"]: entry["value"] for entry in look(graph)["environment"]}


def read(graph: Graph[None]) -> set[str]:
    """What the job may read of S3."""
    policy = graph.named("fraud-drift-job-access").document("policy")
    return {arn for each in policy["Statement"] if "s3:GetObject" in each["Action"] for arn in each["Resource"]}


def test_a_look_reads_what_the_gate_reads() -> None:
    graph = everything()
    assert look(graph)["image"].endswith("/acme-test/slipway-ops@sha256:" + "e" * 64)
    assert look(graph)["command"] == ["drift", "run", "--days", "7"]
    found = told(graph)
    assert found["SLIPWAY_PREDICTIONS"] == "s3://acme-test-events/predictions"
    assert found["SLIPWAY_LABELS"] == "s3://acme-test-events/labels"
    assert "SLIPWAY_DRIFT_CONFIG" not in found
    assert read(graph) == {
        "arn:aws:s3:::acme-test-events/labels/model=fraud/*",
        "arn:aws:s3:::acme-test-events/predictions/model=fraud/*",
        "arn:aws:s3:::acme-test-models/releases/fraud/*",
        "arn:aws:s3:::acme-test-models/runs/fraud/*",
    }
    (schedule,) = [item for item in graph.all(SCHEDULE) if item.inputs.get("name") == "drift-fraud"]
    assert schedule.inputs["scheduleExpression"] == "cron(0 4 * * ? *)"
    given = json.loads(schedule.inputs["target"]["input"])
    assert given["JobQueue"] == graph.named("retraining-on-demand", "aws:batch/jobQueue:JobQueue").outputs["arn"]
    assert graph.exports["model.fraud"]["drift_job"] == given["JobDefinition"]


def test_a_look_has_what_its_settings_say() -> None:
    drift = {
        "schedule": "cron(30 5 ? * MON *)",
        "timezone": "Europe/Dublin",
        "days": 14,
        "seasonal": ["temperature"],
        "quality": {"roc_auc": 0.05},
        "reference": "s3://acme-references/fraud.json",
        "events": OWN,
    }
    graph = graph_of(settings(**{"models.fraud.drift": drift}))
    assert look(graph)["command"][-1] == "14"
    found = told(graph)
    assert json.loads(found["SLIPWAY_DRIFT_CONFIG"]) == {"quality": {"roc_auc": 0.05}, "seasonal": ["temperature"]}
    assert found["SLIPWAY_PROFILE"] == "s3://acme-references/fraud.json"
    assert found["SLIPWAY_PREDICTIONS"] == OWN["predictions"]
    assert "SLIPWAY_LABELS" not in found
    assert "arn:aws:s3:::acme-own-events/p/model=fraud/*" in read(graph)
    assert "arn:aws:s3:::acme-references/fraud.json" in read(graph)
    policy = graph.named("fraud-drift-job-access").inputs["policy"]
    assert OWN["key_arns"][0] in policy
    (schedule,) = [item for item in graph.all(SCHEDULE) if item.inputs.get("name") == "drift-fraud"]
    assert schedule.inputs["scheduleExpressionTimezone"] == "Europe/Dublin"


def test_a_first_preview_declares_the_same() -> None:
    assert [item.name for item in graph_of(settings(), preview=True).all(SCHEDULE)] == [
        item.name for item in everything().all(SCHEDULE)
    ]


def test_adding_and_removing_it_moves_its_own_resources_only() -> None:
    off = {"models.fraud.drift": ..., "models.fraud.retrain.on_drift": False}
    names = {(item.type, item.name) for item in graph_of(settings(**off)).resources}
    on = {(item.type, item.name) for item in graph_of(settings(**{"models.fraud.retrain.on_drift": False})).resources}
    assert names < on
    assert len(on - names) == 9
    assert all(name.startswith("fraud-drift") for _, name in on - names)


def test_a_model_without_a_release_is_not_looked_at() -> None:
    graph = graph_of(settings(**{"models.fraud.release": "newest"}), Found({}, "sha256:" + "e" * 64))
    assert not [item for item in graph.all(SCHEDULE) if item.inputs.get("name") == "drift-fraud"]
    assert "drift_job" not in graph.exports["model.fraud"]


def test_it_needs_no_retraining_of_its_model() -> None:
    graph = graph_of(settings(**{"models.fraud.retrain": ...}))
    assert look(graph)["command"][:2] == ["drift", "run"]


def test_a_shard_takes_places_and_queue_from_its_platform() -> None:
    keys = ["arn:aws:kms:eu-west-1:123456789012:key/events", "arn:aws:kms:eu-west-1:123456789012:key/labels"]
    contract = graph_of(settings(**{"gate.key_arns": keys})).exports["platform"]
    assert contract["retraining"]["events_key_arns"] == " ".join(keys)
    known = settings(**SHARD, **{"models.fraud.retrain": ...})
    graph = graph_of(known, references={PLATFORM: {"platform": contract}})
    assert told(graph)["SLIPWAY_PREDICTIONS"] == "s3://acme-test-events/predictions"
    assert told(graph)["SLIPWAY_LABELS"] == "s3://acme-test-events/labels"
    policy = graph.named("fraud-drift-job-access").inputs["policy"]
    assert all(key in policy for key in keys)


def test_a_shard_says_when_its_platform_has_no_gate() -> None:
    contract = everything().exports["platform"]
    without = {**contract, "retraining": {**contract["retraining"], "predictions": "", "labels": ""}}
    known, references = settings(**SHARD), {PLATFORM: {"platform": without}}
    with pytest.raises(pulumi.RunError, match=r"fraud\.drift\.events: accepted: a section, because the platform"):
        graph_of(known, references=references)
    own = settings(**SHARD, **{"models.fraud.drift": {"events": OWN}})
    assert told(graph_of(own, references=references))["SLIPWAY_PREDICTIONS"] == OWN["predictions"]


def test_defaults_stay_the_commands_own() -> None:
    assert drift_checks.text(DriftSettings()) is None
    assert drift_checks.text(DriftSettings(seasonal=["month"])) == '{"seasonal":["month"]}'


NO_GATE: dict[str, Any] = {"gate": ..., "models.fraud.rollout": ...}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"models.fraud.drift": ...},
            "models.fraud.drift: accepted: a section, because models.fraud.retrain.on_drift is true: nobody would look",
        ),
        (
            {"retraining": ..., "github_token": ..., "models.fraud.retrain": ...},
            "slipway:retraining: accepted: a section, because models.fraud.drift is given: its queue runs the look",
        ),
        (NO_GATE, "models.fraud.drift.events: accepted: a section, because there is no section gate"),
        ({"models.fraud.drift": {"quality": {"auc": 0.1}}}, "models.fraud.drift.quality.auc"),
        ({"models.fraud.drift": {"quality": {"roc_auc": 0}}}, "models.fraud.drift.quality.roc_auc: accepted"),
        ({"models.fraud.drift": {"days": 0}}, "models.fraud.drift.days: accepted"),
        ({"models.fraud.drift": {"schedule": "daily"}}, "models.fraud.drift.schedule: accepted: cron(<minutes>"),
        ({"models.fraud.drift": {"schedule": "rate(1 day)", "timezone": "UTC"}}, "accepted: timezone with a schedule"),
        ({"models.fraud.drift": {"reference": "fraud.json"}}, "drift.reference: accepted: an object's address"),
        ({"models.fraud.drift": {"events": {}}}, "models.fraud.drift.events.predictions: accepted"),
        ({"models.fraud.drift": {"psi": 0.3}}, "models.fraud.drift.psi: accepted: no such key"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**changes)
    assert message in str(refused.value)


def test_without_a_gate_its_own_places_will_do() -> None:
    known = settings(**NO_GATE, **{"models.fraud.drift": {"events": OWN}})
    assert told(graph_of(known))["SLIPWAY_PREDICTIONS"] == OWN["predictions"]
