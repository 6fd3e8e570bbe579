"""What the tests of jobs and state machines need: an image, a queue, definitions, and somebody who waits."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.push import push
from tests.sandbox.cloud.helpers import ACCOUNT, Call, make_role, make_subnets

REGION = "eu-west-1"
NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
DOCKERFILE = """FROM python:3.11 AS build
ENV LEFT=behind
FROM python:3.11
ENV COLOUR=green PATH=/opt/bin:$PATH
ENTRYPOINT ["python", "job.py"]
CMD ["0"]
"""
JOB = """import os, pathlib, sys, time
print("hello from", os.environ["AWS_BATCH_JOB_ATTEMPT"], flush=True)
for word in sys.argv[1:]:
    kind, _, value = word.partition("=")
    if kind == "sleep":
        time.sleep(float(value))
    elif kind == "show":
        print(f"{value}={os.environ.get(value)}")
    elif kind == "write":
        pathlib.Path(value).write_text(str(os.getpid()))
    elif kind == "until":
        while not pathlib.Path(value).exists():
            time.sleep(0.02)
    elif kind == "again":
        marker = pathlib.Path(value)
        if not marker.exists():
            marker.touch()
            sys.exit(75)
    else:
        sys.exit(int(kind))
"""


class Compute:
    """A queue with 4 vCPUs and the image of a small program, in one account."""

    def __init__(self, aws: Call, environment: dict[str, str], folder: Path, name: str) -> None:
        self.aws, self.environment, self.name, self.batch = aws, environment, name, aws("batch")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Dockerfile").write_text(DOCKERFILE)
        (folder / "job.py").write_text(JOB)
        aws("ecr").create_repository(repositoryName=f"{name}/job")
        registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}/job"
        self.image = f"{registry}@{push(environment, f'{name}/job', folder, 'v1')}"
        self.job_role = make_role(aws, f"{name}-job", "ecs-tasks.amazonaws.com")
        self.machine_role = make_role(aws, f"{name}-machine", "states.amazonaws.com")
        self.place = self._place()
        self.environment_arn = self.make_environment(name, 4)
        self.queue = self.make_queue(name, self.environment_arn)

    def _place(self) -> dict[str, Any]:
        iam, profile = self.aws("iam"), f"{self.name}-machines"
        make_role(self.aws, profile, "ec2.amazonaws.com")
        made = iam.create_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Arn"]
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=profile)
        vpc, subnets = make_subnets(self.aws, 1)
        group = self.aws("ec2").create_security_group(GroupName=self.name, Description="jobs", VpcId=vpc)["GroupId"]
        return {"instanceRole": made, "subnets": subnets, "securityGroupIds": [group], "instanceTypes": ["m6i"]}

    def make_environment(self, name: str, vcpus: int, **more: Any) -> str:
        resources = {"type": "EC2", "minvCpus": 0, "maxvCpus": vcpus, **self.place}
        made = self.batch.create_compute_environment(
            computeEnvironmentName=name, type="MANAGED", computeResources=resources, **more
        )
        return str(made["computeEnvironmentArn"])

    def make_queue(self, name: str, environment_arn: str, **more: Any) -> str:
        order = [{"order": 1, "computeEnvironment": environment_arn}]
        made = self.batch.create_job_queue(
            jobQueueName=name, priority=1, state="ENABLED", computeEnvironmentOrder=order, **more
        )
        return str(made["jobQueueArn"])

    def define(self, name: str, *words: str, container: dict[str, Any] | None = None, **more: Any) -> str:
        properties = {"image": self.image, "command": list(words), "resourceRequirements": NEEDS, **(container or {})}
        made = self.batch.register_job_definition(
            jobDefinitionName=f"{self.name}-{name}", type="container", containerProperties=properties, **more
        )
        return str(made["jobDefinitionArn"])

    def submit(self, definition: str, queue: str = "", **more: Any) -> str:
        made = self.batch.submit_job(jobName="job", jobQueue=queue or self.queue, jobDefinition=definition, **more)
        return str(made["jobId"])

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.batch.describe_jobs(jobs=[job_id])["jobs"][0]
        return found

    def run(self, definition: str, **more: Any) -> dict[str, Any]:
        """The job at its end."""
        return self.end(self.submit(definition, **more))

    def end(self, job_id: str) -> dict[str, Any]:
        return until(lambda: self.job(job_id), lambda job: job["status"] in ("SUCCEEDED", "FAILED"))

    def output(self, job: dict[str, Any], group: str = "/aws/batch/job") -> list[str]:
        stream = job["container"]["logStreamName"]
        events = self.aws("logs").get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    def machine(self, name: str, states: dict[str, Any], language: str = "JSONPath", **more: Any) -> str:
        """A state machine that begins with the first of its states."""
        definition = {"QueryLanguage": language, "StartAt": next(iter(states)), "States": states}
        made = self.aws("stepfunctions").create_state_machine(
            name=f"{self.name}-{name}", definition=json.dumps(definition), roleArn=self.machine_role, **more
        )
        return str(made["stateMachineArn"])

    def start(self, machine: str, given: Any = None, **more: Any) -> str:
        answer = self.aws("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps({} if given is None else given), **more
        )
        return str(answer["executionArn"])

    def executed(self, execution: str) -> dict[str, Any]:
        """The execution at its end."""
        describe = self.aws("stepfunctions").describe_execution
        return until(lambda: describe(executionArn=execution), lambda found: found["status"] != "RUNNING")


def until(
    look: Callable[[], dict[str, Any]], good: Callable[[dict[str, Any]], bool], seconds: float = 30
) -> dict[str, Any]:
    """What ``look`` sees once it is ``good``."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if good(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
