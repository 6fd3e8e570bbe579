"""Jobs are processes: they succeed, fail, are tried again, run out of time, are ended, and say so."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud.clients import client
from sandbox.cloud.process import Cloud, CloudError, ensure, stop
from sandbox.push import push
from tests.sandbox.cloud.compute import Compute, until
from tests.sandbox.cloud.helpers import Call, policy, refused
from tests.sandbox.enforced import enforced

RETRY = {
    "attempts": 3,
    "evaluateOnExit": [
        {"onStatusReason": "Host EC2*", "action": "RETRY"},
        {"onExitCode": "75", "action": "RETRY"},
        {"onReason": "*", "action": "EXIT"},
    ],
}


@pytest.fixture(scope="module")
def compute(aws: Call, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Compute:
    return Compute(aws, environment, tmp_path_factory.mktemp("image") / "job", "batch")


def running(compute: Compute, job_id: str) -> dict[str, Any]:
    return until(lambda: compute.job(job_id), lambda job: job["status"] == "RUNNING")


def pushed(compute: Compute, folder: Path, name: str) -> str:
    compute.aws("ecr").create_repository(repositoryName=f"batch/{name}")
    digest = push(compute.environment, f"batch/{name}", folder, "v1")
    return f"{compute.image.partition('/')[0]}/batch/{name}@{digest}"


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_job_succeeds(compute: Compute) -> None:
    definition = compute.define(
        "succeeds", "show=COLOUR", "show=LEFT", "show=A", container={"jobRoleArn": compute.job_role}
    )
    job = compute.run(definition, containerOverrides={"environment": [{"name": "A", "value": "1"}]})
    assert (job["status"], job["container"]["exitCode"], len(job["attempts"])) == ("SUCCEEDED", 0, 1)
    assert job["createdAt"] <= job["startedAt"] <= job["stoppedAt"]
    assert compute.output(job) == ["hello from 1", "COLOUR=green", "LEFT=None", "A=1"]
    assert job["container"]["image"] == compute.image


def test_the_image_says_what_runs_where_the_definition_does_not(compute: Compute) -> None:
    assert compute.run(compute.define("plain"))["status"] == "SUCCEEDED"


def test_a_job_fails(compute: Compute) -> None:
    job = compute.run(compute.define("fails", "3"))
    assert (job["status"], job["statusReason"]) == ("FAILED", "Essential container in task exited")
    assert job["container"]["exitCode"] == job["attempts"][0]["container"]["exitCode"] == 3


def test_what_checkpointed_is_started_again(compute: Compute, tmp_path: Path) -> None:
    definition = compute.define("again", f"again={tmp_path / 'marker'}", retryStrategy=RETRY)
    job = compute.run(definition)
    assert job["status"] == "SUCCEEDED"
    assert [attempt["container"]["exitCode"] for attempt in job["attempts"]] == [75, 0]
    assert compute.output(job) == ["hello from 2"]


@pytest.mark.parametrize(("code", "attempts"), [("75", 3), ("1", 1)])
def test_attempts_end(compute: Compute, code: str, attempts: int) -> None:
    job = compute.run(compute.define(f"code-{code}", code, retryStrategy=RETRY))
    assert (job["status"], len(job["attempts"])) == ("FAILED", attempts)


def test_a_submission_has_a_strategy_of_its_own(compute: Compute) -> None:
    job = compute.run(compute.define("own", "1", retryStrategy=RETRY), retryStrategy={"attempts": 2})
    assert len(job["attempts"]) == 2


def test_a_job_runs_out_of_time_and_is_not_tried_again(compute: Compute) -> None:
    definition = compute.define("slow", "sleep=60", retryStrategy={"attempts": 3})
    job = compute.run(definition, timeout={"attemptDurationSeconds": 1})
    assert (job["status"], job["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert len(job["attempts"]) == 1


def test_a_terminated_job_ends_with_everything_it_started(compute: Compute, tmp_path: Path) -> None:
    inner = tmp_path / "pid"
    script = f"trap '' TERM; sleep 300 & echo $! > {inner}.part; mv {inner}.part {inner}; wait; sleep 300"
    (tmp_path / "job.py").write_text(f"import os; os.execvp('sh', ['sh', '-c', {script!r}])")
    (tmp_path / "Dockerfile").write_text('FROM scratch\nENTRYPOINT ["python", "job.py"]\n')
    image = pushed(compute, tmp_path, "stubborn")
    definition = compute.define("stubborn", container={"image": image}, retryStrategy={"attempts": 3})
    job_id = compute.submit(definition)
    until(lambda: {"there": inner.exists()}, lambda found: found["there"])
    compute.batch.terminate_job(jobId=job_id, reason="not needed any more")
    job = compute.end(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "not needed any more")
    assert (job["container"]["exitCode"], len(job["attempts"])) == (137, 1)
    until(lambda: {"gone": gone(int(inner.read_text()))}, lambda found: found["gone"])


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"image": "{registry}/batch/job@sha256:" + "0" * 64}, "CannotPullContainerError"),
        ({"image": "{registry}/batch/nothing:v1"}, "repository does not exist"),
        ({"image": "docker.io/library/python:3.11"}, "the images of its own registry only"),
        (
            {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/gone"}}},
            "does not exist: /gone",
        ),
    ],
)
def test_what_cannot_start_says_why(compute: Compute, container: dict[str, Any], reason: str) -> None:
    registry = compute.image.partition("/")[0]
    if "image" in container:
        container = {"image": container["image"].replace("{registry}", registry)}
    job = compute.run(compute.define("cannot-start", container=container, retryStrategy=RETRY))
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert reason in job["container"]["reason"]
    assert "exitCode" not in job["container"]


def test_a_missing_program_is_no_exit_code(compute: Compute, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    image = pushed(compute, tmp_path, "empty")
    job = compute.run(compute.define("missing", "no-such-program", container={"image": image}))
    assert 'exec: "no-such-program": executable file not found' in job["container"]["reason"]


@pytest.mark.parametrize("role", ["batch-nobody", "batch-machine"])
def test_a_role_that_tasks_may_not_assume(compute: Compute, role: str) -> None:
    arn = f"arn:aws:iam::123456789012:role/{role}"
    job = compute.run(compute.define("role", container={"jobRoleArn": arn}))
    assert job["status"] == "FAILED"
    assert "ECS was unable to assume the role" in job["statusReason"]


def test_output_goes_where_the_definition_says(compute: Compute) -> None:
    compute.aws("logs").create_log_group(logGroupName="/acme/jobs")
    options = {"awslogs-group": "/acme/jobs", "awslogs-stream-prefix": "train"}
    container = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    job = compute.run(compute.define("logged", "0", container=container))
    assert job["container"]["logStreamName"].startswith("train/default/")
    assert compute.output(job, "/acme/jobs") == ["hello from 1"]


def test_a_reclaimed_machines_job_is_started_again(cloud: Cloud, compute: Compute, tmp_path: Path) -> None:
    definition = compute.define("reclaimed", f"until={tmp_path / 'go'}", retryStrategy=RETRY)
    job_id = compute.submit(definition)
    running(compute, job_id)
    cloud.reclaim(job_id)
    until(lambda: compute.job(job_id), lambda job: len(job["attempts"]) == 1)
    (tmp_path / "go").touch()
    job = compute.end(job_id)
    assert job["status"] == "SUCCEEDED"
    assert job["attempts"][0]["statusReason"].startswith("Host EC2 (instance i-")
    with pytest.raises(CloudError, match="400"):
        cloud.reclaim(job_id)


def test_jobs_wait_for_room_and_not_for_ever(cloud: Cloud, compute: Compute, tmp_path: Path) -> None:
    limit = {"state": "RUNNABLE", "action": "CANCEL", "maxTimeSeconds": 600, "reason": "no machine"}
    small = compute.make_environment("batch-small", 1)
    queue = compute.make_queue("batch-small", small, jobStateTimeLimitActions=[limit])
    waits = compute.define("waits", f"until={tmp_path / 'go'}")
    first, second = compute.submit(waits, queue), compute.submit(waits, queue)
    running(compute, first)
    until(lambda: compute.job(second), lambda job: job["status"] == "RUNNABLE")
    (tmp_path / "go").touch()
    assert compute.end(first)["status"] == compute.end(second)["status"] == "SUCCEEDED"
    big = compute.submit(waits, queue, containerOverrides={"resourceRequirements": [{"type": "VCPU", "value": "2"}]})
    stuck = until(lambda: compute.job(big), lambda job: "statusReason" in job)
    assert (stuck["status"], stuck["statusReason"]) == ("RUNNABLE", "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE")
    cloud.advance(601)
    job = compute.end(big)
    assert (job["status"], job["statusReason"], job["attempts"]) == ("FAILED", "no machine", [])


def test_a_waiting_job_can_be_cancelled(compute: Compute) -> None:
    definition = compute.define("cancelled")
    needs = {"resourceRequirements": [{"type": "VCPU", "value": "64"}]}
    job_id = compute.submit(definition, containerOverrides=needs)
    until(lambda: compute.job(job_id), lambda job: job["status"] == "RUNNABLE")
    compute.batch.cancel_job(jobId=job_id, reason="changed my mind")
    assert compute.end(job_id)["statusReason"] == "changed my mind"


def test_jobs_depend_on_jobs(compute: Compute, tmp_path: Path) -> None:
    first = compute.submit(compute.define("first", f"until={tmp_path / 'go'}"))
    second = compute.submit(compute.define("second"), dependsOn=[{"jobId": first}])
    until(lambda: compute.job(second), lambda job: job["status"] == "PENDING")
    (tmp_path / "go").touch()
    assert compute.end(second)["status"] == "SUCCEEDED"
    failed = compute.submit(compute.define("third", "1"))
    assert compute.end(compute.submit(compute.define("second"), dependsOn=[{"jobId": failed}]))["status"] == "FAILED"


def test_an_array_ends_with_its_last_child(compute: Compute) -> None:
    definition = compute.define("array", "show=AWS_BATCH_JOB_ARRAY_INDEX")
    job = compute.end(compute.submit(definition, arrayProperties={"size": 2}))
    assert (job["status"], job["arrayProperties"]["statusSummary"]["SUCCEEDED"]) == ("SUCCEEDED", 2)
    assert compute.output(compute.job(f"{job['jobId']}:1"))[1] == "AWS_BATCH_JOB_ARRAY_INDEX=1"
    failed = compute.end(compute.submit(compute.define("bad-array", "1"), arrayProperties={"size": 2}))
    assert (failed["status"], failed["arrayProperties"]["statusSummary"]["FAILED"]) == ("FAILED", 2)


def test_parameters_fill_the_command(compute: Compute) -> None:
    definition = compute.define("parameters", "Ref::code", parameters={"code": "1"})
    assert compute.run(definition)["container"]["exitCode"] == 1
    assert compute.run(definition, parameters={"code": "0"})["status"] == "SUCCEEDED"


def test_a_job_has_nothing_of_this_process_and_stays_on_this_machine(cloud: Cloud, compute: Compute) -> None:
    names = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "PYTHONPATH", "EXTRA", "MLFLOW_TRACKING_URI")
    declared = {"AWS_ENDPOINT_URL": "https://s3.amazonaws.com", "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com"}
    told = [{"name": name, "value": value} for name, value in declared.items()]
    told.append({"name": "MLFLOW_TRACKING_URI", "value": "https://mlflow.example.com"})
    definition = compute.define("clean", *(f"show={name}" for name in names), container={"environment": told})
    cloud.set_job_environment({"EXTRA": "from the loop", "MLFLOW_TRACKING_URI": "http://127.0.0.1:1"})
    try:
        seen = dict(line.split("=", 1) for line in compute.output(compute.run(definition))[1:])
    finally:
        cloud.set_job_environment({"EXTRA": "", "MLFLOW_TRACKING_URI": ""})
    assert seen == {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ENDPOINT_URL_S3": "None",
        "AWS_PROFILE": "None",
        "PYTHONPATH": "None",
        "EXTRA": "from the loop",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
    }
    seen = dict(line.split("=", 1) for line in compute.output(compute.run(definition))[1:])
    assert (seen["EXTRA"], seen["MLFLOW_TRACKING_URI"]) == ("None", "https://mlflow.example.com")


def test_a_job_may_do_what_its_role_may(cloud: Cloud, compute: Compute, tmp_path: Path) -> None:
    compute.aws("s3").create_bucket(
        Bucket="batch-allowed", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    allowed = policy({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::batch-allowed/mine/*"})
    compute.aws("iam").put_role_policy(RoleName="batch-job", PolicyName="put", PolicyDocument=allowed)
    script = (
        "import boto3, os, sys\n"
        "s3 = boto3.client('s3')\n"
        "s3.put_object(Bucket='batch-allowed', Key=sys.argv[1], Body=b'x')\n"
    )
    (tmp_path / "job.py").write_text(script)
    (tmp_path / "Dockerfile").write_text('FROM scratch\nENTRYPOINT ["python", "job.py"]\n')
    container = {"image": pushed(compute, tmp_path, "s3"), "jobRoleArn": compute.job_role}
    mine, other = (compute.define(f"s3-{key}", f"{key}/x", container=container) for key in ("mine", "other"))
    with enforced(cloud):
        assert compute.run(mine)["status"] == "SUCCEEDED"
        denied = compute.run(other)
    assert denied["status"] == "FAILED"
    assert "AccessDenied" in compute.output(denied)[-1]


def test_what_happens_to_a_job_is_an_event(compute: Compute) -> None:
    queue = compute.aws("sqs").create_queue(QueueName="batch-events")["QueueUrl"]
    arn = compute.aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    access = policy({**statement, "Resource": arn})
    compute.aws("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": access})
    definition = compute.define("told", "1")
    pattern = {"source": ["aws.batch"], "detail": {"jobDefinition": [definition]}}
    compute.aws("events").put_rule(Name="batch-events", EventPattern=json.dumps(pattern), State="ENABLED")
    compute.aws("events").put_targets(Rule="batch-events", Targets=[{"Id": "queue", "Arn": arn}])
    job = compute.run(definition)
    seen: list[str] = []

    def receive() -> dict[str, Any]:
        for message in compute.aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            assert (event["detail-type"], event["resources"]) == ("Batch Job State Change", [job["jobArn"]])
            seen.append(event["detail"]["status"])
        return {"seen": seen}

    until(receive, lambda found: len(found["seen"]) >= 5)
    assert sorted(seen) == sorted(["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "FAILED"])


def test_a_queue_that_is_closed_takes_nothing(compute: Compute) -> None:
    queue = compute.make_queue("batch-closed", compute.environment_arn)
    definition = compute.define("closed")
    compute.batch.update_job_queue(jobQueue=queue, state="DISABLED")
    with refused("ClientException", "disabled"):
        compute.submit(definition, queue)
    compute.batch.delete_job_queue(jobQueue=queue)
    compute.batch.deregister_job_definition(jobDefinition=definition)
    with refused("ClientException", "does not exist"):
        compute.submit(definition)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Cloud, Path]]:
    yield ensure(tmp_path / "cloud"), tmp_path
    stop(tmp_path / "cloud")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_job_outlives_its_cloud(own: tuple[Cloud, Path], number: int) -> None:
    cloud, folder = own
    environment = cloud.environment("eu-west-1")
    compute = Compute(lambda service: client(service, environment), environment, folder / "job", "dies")
    compute.submit(compute.define("stays", f"write={folder / 'pid'}", "sleep=300"))
    until(lambda: {"pid": (folder / "pid").exists() and (folder / "pid").read_text()}, lambda found: bool(found["pid"]))
    pid = int((folder / "pid").read_text())
    assert not gone(pid)
    os.kill(cloud.pid, number)
    until(lambda: {"gone": gone(pid)}, lambda found: found["gone"], 10)


def test_a_reset_ends_the_jobs(own: tuple[Cloud, Path]) -> None:
    cloud, folder = own
    environment = cloud.environment("eu-west-1")
    compute = Compute(lambda service: client(service, environment), environment, folder / "job", "reset")
    compute.submit(compute.define("stays", f"write={folder / 'pid'}", "sleep=300"))
    until(lambda: {"pid": (folder / "pid").exists() and (folder / "pid").read_text()}, lambda found: bool(found["pid"]))
    urllib.request.urlopen(urllib.request.Request(f"{cloud.url}/moto-api/reset", method="POST"), timeout=20)
    pid = int((folder / "pid").read_text())
    until(lambda: {"gone": gone(pid)}, lambda found: found["gone"], 10)
    assert compute.batch.describe_jobs(jobs=[])["jobs"] == []
