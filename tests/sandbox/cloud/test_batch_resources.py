"""Environments, queues and definitions are kept as they were given, and go when nothing needs them."""

from typing import Any

import pytest

from tests.sandbox.cloud.compute import NEEDS, Compute
from tests.sandbox.cloud.helpers import Call, refused


@pytest.fixture(scope="module")
def compute(aws: Call, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Compute:
    return Compute(aws, environment, tmp_path_factory.mktemp("image") / "job", "resources")


def described(compute: Compute, environment: str) -> dict[str, Any]:
    found: dict[str, Any] = compute.batch.describe_compute_environments(computeEnvironments=[environment])
    return dict(found["computeEnvironments"][0])


def test_an_environment_changes_and_keeps_the_rest(compute: Compute) -> None:
    policy = {"jobExecutionTimeoutMinutes": 60, "terminateJobsOnUpdate": False}
    environment = compute.make_environment("changing", 4)
    made = described(compute, environment)
    assert made["serviceRole"].endswith(":role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch")
    assert (made["containerOrchestrationType"], "updatePolicy" in made) == ("ECS", False)
    compute.batch.update_compute_environment(
        computeEnvironment="changing", computeResources={"maxvCpus": 8, "instanceTypes": ["m7i"]}, updatePolicy=policy
    )
    now = described(compute, environment)
    assert now["computeResources"] == made["computeResources"] | {"maxvCpus": 8, "instanceTypes": ["m7i"]}
    assert (now["updatePolicy"], now["uuid"]) == (policy, made["uuid"])


def test_what_is_in_use_stays(compute: Compute) -> None:
    environment = compute.make_environment("used", 4)
    queue = compute.make_queue("using", environment)
    with refused("ClientException", "state must be DISABLED"):
        compute.batch.delete_compute_environment(computeEnvironment=environment)
    compute.batch.update_compute_environment(computeEnvironment=environment, state="DISABLED")
    with refused("ClientException", "found existing JobQueue relationship"):
        compute.batch.delete_compute_environment(computeEnvironment=environment)
    with refused("ClientException", "state must be DISABLED"):
        compute.batch.delete_job_queue(jobQueue=queue)
    compute.batch.update_job_queue(jobQueue=queue, state="DISABLED")
    compute.batch.delete_job_queue(jobQueue=queue)
    compute.batch.delete_compute_environment(computeEnvironment=environment)
    assert compute.batch.describe_compute_environments(computeEnvironments=[environment])["computeEnvironments"] == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"maxTimeSeconds": 599}, "maxTimeSeconds: accepted: 600 to 86400: received: 599"),
        ({"state": "RUNNING"}, "accepted: RUNNABLE and CANCEL"),
        ({"action": "TERMINATE"}, "accepted: RUNNABLE and CANCEL"),
    ],
)
def test_limits_that_batch_refuses(compute: Compute, changed: dict[str, Any], problem: str) -> None:
    limit = {"state": "RUNNABLE", "action": "CANCEL", "maxTimeSeconds": 600, "reason": "no machine"} | changed
    with refused("ClientException", problem):
        compute.make_queue("refused", compute.environment_arn, jobStateTimeLimitActions=[limit])


def test_a_revision_is_what_it_says(compute: Compute) -> None:
    name = "resources-revised"
    first = compute.define("revised", timeout={"attemptDurationSeconds": 60}, parameters={"a": "1"}, propagateTags=True)
    second = compute.define("revised", container={"resourceRequirements": NEEDS})
    found = compute.batch.describe_job_definitions(jobDefinitionName=name)["jobDefinitions"]
    later = next(definition for definition in found if definition["jobDefinitionArn"] == second)
    assert (later["revision"], later["parameters"], "timeout" in later) == (2, {}, False)
    assert compute.job(compute.submit(name))["jobDefinition"] == second
    compute.batch.deregister_job_definition(jobDefinition=second)
    assert compute.job(compute.submit(name))["jobDefinition"] == first
    assert compute.define("revised").endswith(":3"), "numbers are not given twice"
