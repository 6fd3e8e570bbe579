"""A pipeline with each engine: what is declared, and that the guards are the same."""

import json
from typing import Any

import pytest
from slipway import RetrainingPipeline

from sandbox.providers.kubernetes import crds
from tests.components.callers import ACCOUNT, SHORTEST
from tests.components.graph import UNKNOWN, Graph, declare

QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:acme-dev-kubeflow-runs"
AIRFLOW: dict[str, Any] = {
    "engine": "airflow",
    "airflow_environment_name": "acme-dev",
    "dags_bucket_name": "acme-dev-airflow",
}
ALONE: dict[str, Any] = {
    "engine": "airflow",
    "schedule": "rate(7 days)",
    "schedule_group_name": "acme-dev",
    "monthly_ceiling_usd": None,
}
KUBEFLOW: dict[str, Any] = {
    "engine": "kubeflow",
    "kubeflow_namespace": "kubeflow",
    "kubeflow_cluster_name": "acme-dev",
    "kubeflow_queue_arn": QUEUE,
    "job_queue_arn": None,
}
MACHINE = "aws:sfn/stateMachine:StateMachine"
GUARDS = {"Begin", "Act on a trigger once", "Take the lock", "Stay below the ceiling", "Release the lock", "Ended"}


def pipeline(preview: bool = False, **more: Any) -> Graph[RetrainingPipeline]:
    args: Any = {key: value for key, value in {**SHORTEST["RetrainingPipeline"], **more}.items() if value is not None}
    return declare(lambda: RetrainingPipeline("retrain", args), preview=preview)


def allowed(graph: Graph[Any], identity: str) -> dict[str, list[str]]:
    policy = graph.named(f"retrain-{identity}-access", "aws:iam/rolePolicy:RolePolicy").document("policy")
    return {action: each["Resource"] for each in policy["Statement"] for action in each["Action"]}


def states(graph: Graph[Any]) -> dict[str, Any]:
    found: dict[str, Any] = graph.one(MACHINE).document("definition")["States"]
    return found


@pytest.mark.parametrize("engine", [{}, AIRFLOW, KUBEFLOW])
def test_every_engine_has_the_same_guards(engine: dict[str, Any]) -> None:
    assert set(states(pipeline(**engine))) >= GUARDS


def test_a_dag_is_an_object_of_the_bucket(preview: bool) -> None:
    graph = pipeline(preview, **AIRFLOW)
    file = graph.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs
    assert (file["bucket"], file["key"]) == ("acme-dev-airflow", "dags/dev-flight-delay-retraining.py")
    outputs = graph.outputs("retrain")
    if preview:
        assert file["content"] == UNKNOWN, "the job definitions are not there yet"
    else:
        assert file["content"] == outputs["dagText"]
        compile(outputs["dagText"], "dag.py", "exec")
        assert "schedule=None" in outputs["dagText"]
        definitions = graph.all("aws:batch/jobDefinition:JobDefinition")
        assert len(definitions) == 4
        for step in ("validate", "train", "evaluate", "register"):
            assert f'task_id="{step}"' in outputs["dagText"]
    assert graph.one(MACHINE)


def test_the_state_machine_calls_one_role_of_one_airflow() -> None:
    graph = pipeline(**AIRFLOW)
    rights = allowed(graph, "machine")
    assert rights["airflow:InvokeRestApi"] == [f"arn:aws:airflow:eu-west-1:{ACCOUNT}:role/acme-dev/User"]
    assert "batch:SubmitJob" not in rights
    assert states(graph)["Start the DAG"]["Arguments"]["Name"] == "acme-dev"


def test_an_airflow_that_aws_does_not_reach_starts_runs_itself() -> None:
    graph = pipeline(**ALONE)
    assert graph.all(MACHINE) == graph.all("aws:scheduler/schedule:Schedule") == []
    outputs = graph.outputs("retrain")
    assert outputs["machineArn"] == ""
    assert "schedule=timedelta(days=7)" in outputs["dagText"]
    assert "def announce(" in outputs["dagText"]
    assert graph.all("aws:s3/bucketObjectv2:BucketObjectv2") == []


def test_a_pipeline_of_kubeflow_is_an_object_and_its_version_another(preview: bool) -> None:
    graph = pipeline(preview, **KUBEFLOW)
    group = "kubernetes:pipelines.kubeflow.org/v2beta1"
    parent, version = graph.one(f"{group}:Pipeline"), graph.one(f"{group}:PipelineVersion")
    assert parent.inputs["metadata"]["name"] == version.inputs["spec"]["pipelineName"] == "flight-delay-retraining"
    name = version.inputs["metadata"]["name"]
    assert name == version.inputs["spec"]["versionName"] == graph.outputs("retrain")["pipelineVersion"]
    assert name.startswith("flight-delay-retraining-")
    assert version.retain_on_delete
    assert graph.waits_for(version, parent)
    assert set(version.inputs["spec"]["pipelineSpec"]["root"]["dag"]["tasks"]) == {
        "validate",
        "train",
        "evaluate",
        "register",
    }
    assert graph.all("aws:batch/jobDefinition:JobDefinition") == []


def test_the_version_that_is_registered_is_the_one_that_is_started() -> None:
    graph = pipeline(**KUBEFLOW)
    message = states(graph)["Hand over to Kubeflow"]["Arguments"]
    assert message["QueueUrl"] == f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/acme-dev-kubeflow-runs"
    assert message["MessageBody"]["version"] == graph.outputs("retrain")["pipelineVersion"]
    account = graph.one("kubernetes:core/v1:ServiceAccount").inputs["metadata"]
    assert message["MessageBody"]["service_account"] == account["name"] == "flight-delay-retraining"
    assert message["MessageBody"]["namespace"] == account["namespace"] == "kubeflow"
    assert allowed(graph, "machine")["sqs:SendMessage"] == [QUEUE]


def test_steps_in_the_cluster_have_the_rights_of_steps_elsewhere() -> None:
    assert allowed(pipeline(**KUBEFLOW), "job") == allowed(pipeline(), "job")
    association = pipeline(**KUBEFLOW).one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert (association["clusterName"], association["namespace"]) == ("acme-dev", "kubeflow")
    assert association["serviceAccount"] == "flight-delay-retraining"


def test_custom_objects_fit_their_definitions() -> None:
    """Those of Kubeflow Pipelines, manifests/kustomize/base/crds, in the folder that SLIPWAY_CRDS names."""
    for kind in ("Pipeline", "PipelineVersion"):
        if crds.scope("pipelines.kubeflow.org/v2beta1", kind) is None:
            pytest.skip(f"{crds.CRDS} names no folder with Kubeflow's definitions: its objects are not validated")
    for item in pipeline(**KUBEFLOW).resources:
        if item.type.startswith("kubernetes:pipelines.kubeflow.org"):
            document = {"apiVersion": "pipelines.kubeflow.org/v2beta1", "kind": item.type.split(":")[-1], **item.inputs}
            assert not crds.examine(json.loads(json.dumps(document)))[0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"engine": "dagster"}, "engine: accepted: one of step_functions, airflow, kubeflow: received: 'dagster'"),
        ({"dags_bucket_name": "acme"}, "dags_bucket_name: accepted: nothing, because the engine is step_functions"),
        (
            {**AIRFLOW, "kubeflow_namespace": "x"},
            "kubeflow_namespace: accepted: nothing, because the engine is airflow",
        ),
        (
            {**AIRFLOW, "airflow_environment_name": "1"},
            "airflow_environment_name: accepted: an MWAA environment's name",
        ),
        (
            {**KUBEFLOW, "kubeflow_queue_arn": None},
            "kubeflow_queue_arn: accepted: the ARN of the queue of KubeflowRuns",
        ),
        ({**KUBEFLOW, "kubeflow_namespace": "A"}, "kubeflow_namespace: accepted: a namespace: "),
        (
            {**ALONE, "on_drift": True},
            "on_drift: accepted: nothing, because without airflow_environment_name Airflow itself starts the runs",
        ),
        ({**ALONE, "monthly_ceiling_usd": 50}, "monthly_ceiling_usd: accepted: nothing, because without airflow_env"),
        ({**ALONE, "schedule": "cron(0 3 L * ? *)"}, "schedule: accepted: cron(…) without a year, L, W, #"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        pipeline(**wrong)
    assert message in str(refused.value)
