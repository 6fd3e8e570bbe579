"""Retraining as settings declare it: what the platform shares, what each model has of its own, what is refused."""

import copy
import json
from functools import cache
from typing import Any

import pytest

from stacks.environment import build
from stacks.releases import Found
from stacks.settings import Settings, SettingsError, parse
from tests.components.graph import Graph, Resource, declare
from tests.stacks.config import serving
from tests.stacks.made import found

MACHINE = "aws:sfn/stateMachine:StateMachine"
JOB = "aws:batch/jobDefinition:JobDefinition"
TOKEN = "ghp_notATokenOfAnybodys"
PLATFORM = "organization/slipway/test"
ON: dict[str, Any] = {
    "datasets": {"data_class": "personal"},
    "mlflow": {"managed": True},
    "retraining": {"candidates": {"repository": "acme/models"}, "gpu_max_vcpus": 8, "emails": ["ml@example.com"]},
    "github_token": TOKEN,
    "models.fraud.retrain": {"schedule": "cron(0 3 ? * MON *)", "on_drift": True, "on_new_data": True},
    "models.fraud.drift": {},
}


def settings(**changes: Any) -> Settings:
    return parse(serving(**copy.deepcopy(ON | changes)), "Pulumi.test.yaml")


def graph_of(known: Settings, releases: Found | None = None, **options: Any) -> Graph[None]:
    return declare(lambda: build(known, releases or found(known)), **options)


@cache
def everything() -> Graph[None]:
    return graph_of(settings())


def allowed(graph: Graph[None], name: str) -> dict[str, set[str]]:
    """Action -> resources, of an identity."""
    policy = json.loads(graph.named(f"{name}-access", "aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    rights: dict[str, set[str]] = {}
    for statement in policy["Statement"]:
        resources = statement["Resource"]
        for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
            rights.setdefault(action, set()).update([resources] if isinstance(resources, str) else resources)
    return rights


def steps(graph: Graph[None]) -> list[Resource]:
    """The jobs of a pipeline's steps."""
    return [item for item in graph.all(JOB) if "-retrain-" in item.inputs["name"]]


def test_a_first_preview_declares_the_same() -> None:
    assert graph_of(settings(), preview=True).types() == everything().types()


def test_a_pipeline_runs_the_released_image_with_the_data_and_the_registry_of_the_platform() -> None:
    graph = everything()
    (machine,) = [item for item in graph.all(MACHINE) if item.inputs["name"] == "acme-test-retrain-fraud"]
    assert graph.exports["model.fraud"]["pipeline"].endswith(":stateMachine:acme-test-retrain-fraud")
    assert machine.inputs["type"] == "STANDARD"
    jobs = {item.inputs["name"].rpartition("-")[2]: item for item in steps(graph)}
    assert jobs.keys() == {"validate", "train", "evaluate", "register"}
    container = json.loads(jobs["train"].inputs["containerProperties"])
    release = found(settings()).releases["fraud"]
    assert container["image"].endswith(f"/acme-test/fraud@{release.content.image_digest}")
    assert container["command"] == ["slipway", "train", "--", "python", "train.py"]
    variables = {entry["name"]: entry["value"] for entry in container["environment"]}
    assert variables["SLIPWAY_DATASETS"] == "s3://acme-test-datasets"
    assert variables["SLIPWAY_MODELS_BUCKET"] == "acme-test-models"
    assert variables["SLIPWAY_REPOSITORY"] == "acme-test/fraud"
    assert ":mlflow-app/" in variables["MLFLOW_TRACKING_URI"]


def test_jobs_reach_their_own_models_data_and_no_others() -> None:
    rights = allowed(everything(), "fraud-retraining-job")
    assert rights["s3:PutObject"] == {
        "arn:aws:s3:::acme-test-datasets/dvc/fraud/*",
        "arn:aws:s3:::acme-test-models/artifacts/fraud/*",
        "arn:aws:s3:::acme-test-models/mlflow/*",
        "arn:aws:s3:::acme-test-models/releases/fraud/*",
        "arn:aws:s3:::acme-test-models/runs/fraud/*",
    }
    assert not any("*" in action for action in rights)
    assert "s3:DeleteObject" not in rights
    (app,) = rights["sagemaker:CallMlflowAppApi"]
    assert ":mlflow-app/" in app


def test_personal_data_has_its_own_key_and_short_retention() -> None:
    graph = everything()
    rules = graph.named("datasets-lifecycle").inputs["rules"]
    assert max(rule.get("noncurrentVersionExpiration", {}).get("noncurrentDays", 0) for rule in rules) == 30
    jobs = allowed(graph, "fraud-retraining-job")
    personal = graph.named("keys-personal", "aws:kms/key:Key").outputs["arn"]
    assert personal in jobs["kms:Decrypt"]


def test_a_candidate_goes_to_the_repository_with_the_token_as_a_secret() -> None:
    graph = everything()
    connection = graph.one("aws:cloudwatch/eventConnection:EventConnection")
    assert connection.inputs["authParameters"]["apiKey"]["key"] == "Authorization"
    assert TOKEN not in json.dumps(graph.exports, default=str)
    assert TOKEN not in repr(settings())


def test_without_a_repository_people_are_told() -> None:
    changes = {"retraining": {}, "github_token": ..., "mlflow": {"address": "http://mlflow.internal:5000"}}
    graph = graph_of(settings(**changes))
    assert "aws:cloudwatch/eventConnection:EventConnection" not in graph.types()
    assert "aws:sagemaker/mlflowApp:MlflowApp" not in graph.types()
    container = json.loads(steps(graph)[0].inputs["containerProperties"])
    assert {"name": "MLFLOW_TRACKING_URI", "value": "http://mlflow.internal:5000"} in container["environment"]


def test_what_trains_has_what_its_settings_say() -> None:
    train = {"vcpus": 8, "memory_mib": 30000, "gpus": 1, "spot": True, "attempts": 3, "time_limit_minutes": 600}
    graph = graph_of(settings(**{"models.fraud.retrain.train": train, "models.fraud.retrain.monthly_ceiling_usd": 900}))
    (job,) = [item for item in steps(graph) if item.inputs["name"].endswith("-train")]
    wanted = {
        entry["type"]: entry["value"] for entry in json.loads(job.inputs["containerProperties"])["resourceRequirements"]
    }
    assert wanted == {"VCPU": "8", "MEMORY": "30000", "GPU": "1"}
    assert job.inputs["retryStrategy"]["attempts"] == 3
    assert job.inputs["timeout"] == {"attemptDurationSeconds": 36000}


def test_airflow_runs_the_same_steps_as_a_dag_of_its_own_environment() -> None:
    graph = graph_of(settings(**{"retraining.airflow": {}, "models.fraud.retrain.engine": "airflow"}))
    environment = graph.one("aws:mwaa/environment:Environment")
    assert environment.inputs["name"] == "acme-test"
    dag = next(item for item in graph.all("aws:s3/bucketObjectv2:BucketObjectv2") if "fraud" in item.inputs["key"])
    assert dag.inputs["bucket"] == "acme-test-dags"
    assert "acme-test-retrain-fraud-train" in dag.inputs["content"]
    assert {item.inputs["name"].rpartition("-")[2] for item in steps(graph)} >= {"validate", "train", "register"}


def test_kubeflow_gets_a_pipeline_and_someone_who_starts_its_runs() -> None:
    changes = {"models.fraud.retrain.engine": "kubeflow", "models.fraud.retrain.kubeflow_namespace": "fraud-runs"}
    graph = graph_of(settings(**{"retraining.kubeflow": {}, **changes}))
    kinds = graph.types()
    assert kinds["kubernetes:pipelines.kubeflow.org/v2beta1:PipelineVersion"] == 1
    assert kinds["kubernetes:batch/v1:CronJob"] == 1
    assert steps(graph) == []


def test_a_model_waits_for_an_image_before_it_has_a_pipeline() -> None:
    known = settings(**{"models.fraud.release": "newest"})
    graph = graph_of(known, Found({}, "sha256:" + "e" * 64))
    assert "pipeline" not in graph.exports["model.fraud"]
    given = settings(**{"models.fraud.release": ..., "models.fraud.retrain.image": "sha256:" + "7" * 64})
    graph = graph_of(given, Found({}, "sha256:" + "e" * 64))
    assert "pipeline" in graph.exports["model.fraud"]
    assert json.loads(steps(graph)[0].inputs["containerProperties"])["image"].endswith("@sha256:" + "7" * 64)


def test_a_shard_takes_it_from_its_platform() -> None:
    contract = everything().exports["platform"]
    assert contract["retraining"]["datasets_bucket_name"] == "acme-test-datasets"
    dropped = ("network", "cluster", "keys", "gateway", "rollouts", "gate", "request_autoscaler", "stores")
    own = {"datasets": ..., "mlflow": ..., "retraining": ..., "github_token": ..., **dict.fromkeys(dropped, ...)}
    shard = {**own, "part": "models", "platform_stack": PLATFORM, "gateway_domain": "ml.example.com"}
    plain = {"models.fraud.stores": ...}
    graph = graph_of(settings(**shard, **plain), references={PLATFORM: {"platform": contract}})
    assert len(graph.all(MACHINE)) == 1
    assert "aws:batch/jobQueue:JobQueue" not in graph.types()


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"retraining": ..., "github_token": ...},
            "slipway:retraining: accepted: a section, because models.fraud.retrain",
        ),
        ({"datasets": ...}, "slipway:datasets: accepted: a section, because retraining is given"),
        ({"github_token": ...}, "slipway:github_token: accepted: a token, because retraining.candidates is given"),
        ({"retraining": {}}, "slipway:github_token: accepted: nothing, because there is no section"),
        ({"github_token": 123456}, "slipway:github_token: accepted: text: received: something else"),
        ({"mlflow": {}}, "slipway:mlflow: accepted: managed or address, one of them"),
        ({"models.fraud.retrain.schedule": "cron(0 3 * * MON *)"}, "retrain.schedule: accepted: cron(<minutes>"),
        ({"models.fraud.retrain": {"timezone": "UTC"}}, "models.fraud.retrain: accepted: timezone with schedule"),
        ({"models.fraud.retrain.image": "newest"}, "retrain.image: accepted: sha256:<64 hex>"),
        ({"models.waiting.retrain": {}}, "models.waiting.retrain.image: accepted: a digest, because the model has no"),
        ({"models.fraud.retrain.engine": "cron"}, "retrain.engine: accepted: 'step_functions'"),
        (
            {"models.fraud.retrain.train": {"spot": True, "attempts": 1}},
            "train: accepted: attempts at least 2 with spot",
        ),
        (
            {"retraining": {}, "github_token": ..., "models.fraud.retrain.train": {"gpus": 1}},
            "retrain.train.gpus: accepted: 0, because retraining.gpu_max_vcpus is 0",
        ),
        (
            {"models.fraud.retrain.engine": "airflow"},
            "slipway:retraining.airflow: accepted: a section, because models.",
        ),
        ({"models.fraud.retrain.engine": "kubeflow"}, "retrain: accepted: kubeflow_namespace with engine: kubeflow"),
        ({"models.fraud.retrain.kubeflow_namespace": "a-b"}, "kubeflow_namespace with engine: kubeflow, and with no"),
        ({"retraining.candidates.repository": "acme"}, "accepted: a GitHub repository: <owner>/<name>"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**changes)
    assert message in str(refused.value)
    assert TOKEN not in str(refused.value)
    assert "123456" not in str(refused.value).replace("123456789012", "")
