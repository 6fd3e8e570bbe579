"""Batch's environments, queues and definitions: kept as they were given, and not deleted while something needs them."""

import json
import uuid
from typing import Any

from moto.batch.models import BatchBackend, JobDefinition
from moto.batch.responses import BatchResponse

from sandbox.cloud.extension import fail, replaces

_SERVICE = "batch.amazonaws.com"
_ROLE = "AWSServiceRoleForBatch"
_LIMIT_SECONDS = (600, 86400)


@replaces(BatchBackend, "create_compute_environment")
def _create_environment(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """A service-linked role serves where none is named."""
    kwargs["service_role"] = kwargs.get("service_role") or _service_linked(self)
    kwargs["state"] = kwargs.get("state") or "ENABLED"
    environment = original(self, *args, **kwargs)
    environment.sandbox_given = {"uuid": str(uuid.uuid4())}
    return environment


def _service_linked(backend: Any) -> str:
    roles = backend.iam_backend.roles.values()
    found = next((role for role in roles if role.name == _ROLE), None)
    if found is None:
        trust = {"Effect": "Allow", "Principal": {"Service": _SERVICE}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        path = f"/aws-service-role/{_SERVICE}/"
        found = backend.iam_backend.create_role(_ROLE, document, path, None, "", [], "3600")
    return str(found.arn)


@replaces(BatchResponse, "createcomputeenvironment")
def _create_environment_call(original: Any, self: Any) -> Any:
    answer = original(self)
    _keep(
        self.batch_backend.get_compute_environment(json.loads(answer)["computeEnvironmentArn"]), json.loads(self.body)
    )
    return answer


@replaces(BatchResponse, "updatecomputeenvironment")
def _update_environment_call(original: Any, self: Any) -> Any:
    answer = original(self)
    environment = self.batch_backend.get_compute_environment(json.loads(answer)["computeEnvironmentArn"])
    given = json.loads(self.body)
    changed = {name: value for name, value in (given.get("computeResources") or {}).items() if value is not None}
    environment.compute_resources = {**(environment.compute_resources or {}), **changed}
    _keep(environment, given)
    return answer


def _keep(environment: Any, given: dict[str, Any]) -> None:
    for name in ("updatePolicy", "eksConfiguration", "context"):
        if given.get(name) is not None:
            environment.sandbox_given[name] = given[name]


@replaces(BatchBackend, "describe_compute_environments")
def _describe_environments(original: Any, self: Any, environments: Any = None) -> Any:
    described: list[dict[str, Any]] = original(self, environments)
    for each in described:
        given = self.get_compute_environment(each["computeEnvironmentArn"]).sandbox_given
        each |= {"containerOrchestrationType": "EKS" if "eksConfiguration" in given else "ECS", **given}
    return described


@replaces(BatchBackend, "delete_compute_environment")
def _delete_environment(original: Any, self: Any, compute_environment_name: str) -> None:
    environment = self.get_compute_environment(compute_environment_name)
    if environment is None:
        return
    if environment.state != "DISABLED":
        fail("ClientException", "Cannot delete, state must be DISABLED")
    if any(environment in queue.environments for queue in self._job_queues.values()):
        fail("ClientException", "Cannot delete, found existing JobQueue relationship")
    original(self, compute_environment_name)


@replaces(BatchResponse, "createjobqueue")
def _create_queue_call(original: Any, self: Any) -> Any:
    limits = _limits(self)
    answer = original(self)
    self.batch_backend.get_job_queue(json.loads(answer)["jobQueueArn"]).sandbox_limits = limits or []
    return answer


@replaces(BatchResponse, "updatejobqueue")
def _update_queue_call(original: Any, self: Any) -> Any:
    limits = _limits(self)
    answer = original(self)
    if limits is not None:
        self.batch_backend.get_job_queue(json.loads(answer)["jobQueueArn"]).sandbox_limits = limits
    return answer


def _limits(call: Any) -> list[dict[str, Any]] | None:
    """How long a job may wait; refused as Batch does."""
    limits: list[dict[str, Any]] | None = json.loads(call.body).get("jobStateTimeLimitActions")
    least, most = _LIMIT_SECONDS
    for limit in limits or []:
        if (limit["state"], limit["action"]) != ("RUNNABLE", "CANCEL"):
            fail("ClientException", f"jobStateTimeLimitActions: accepted: RUNNABLE and CANCEL: received: {limit}")
        if not least <= limit["maxTimeSeconds"] <= most:
            fail("ClientException", f"maxTimeSeconds: accepted: {least} to {most}: received: {limit['maxTimeSeconds']}")
    return limits


@replaces(BatchBackend, "describe_job_queues")
def _describe_queues(original: Any, self: Any, job_queues: Any = None) -> Any:
    described: list[dict[str, Any]] = original(self, job_queues)
    for each in described:
        each["jobStateTimeLimitActions"] = getattr(self.get_job_queue(each["jobQueueArn"]), "sandbox_limits", [])
    return described


@replaces(BatchBackend, "delete_job_queue")
def _delete_queue(original: Any, self: Any, queue_name: str) -> None:
    """Its jobs are ended by whoever deletes it, or go on without it."""
    queue = self.get_job_queue(queue_name)
    if queue is not None and queue.state != "DISABLED":
        fail("ClientException", "Cannot delete, state must be DISABLED")
    original(self, queue_name)


@replaces(BatchBackend, "register_job_definition")
def _register(_: Any, self: Any, def_name: str, **given: Any) -> Any:
    """A revision is what the call says; moto's takes over from the last one what it does not."""
    for rule in (given["retry_strategy"] or {}).get("evaluateOnExit", []):
        rule["action"] = rule["action"].lower()  # as AWS answers
    last = self.get_job_definition_by_name(def_name)
    make: Any = JobDefinition
    definition = make(def_name, backend=self, revision=last.revision if last else 0, **given)
    self._job_definitions[definition.arn] = definition
    return definition


@replaces(BatchBackend, "get_job_definition")
def _get_definition(original: Any, self: Any, identifier: str) -> Any:
    """What a submission names: a revision that is in use, by default the last one."""
    name = identifier.rpartition(":job-definition/")[2]
    if ":" in name:
        found = original(self, identifier)
        return found if found is not None and found.status == "ACTIVE" else None
    active = [each for each in self._job_definitions.values() if each.name == name and each.status == "ACTIVE"]
    return max(active, key=lambda each: each.revision, default=None)
