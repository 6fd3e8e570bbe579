"""Batch: jobs are processes of this machine (``batch_jobs``), and say what happened to them.

moto runs them in Docker, knows neither retry strategies nor what they were started with, and calls a job running that
is not. What else Batch has, environments, queues and definitions, is in ``batch_resources``.
"""

import json
from typing import Any

from moto.batch.models import BatchBackend, Job
from moto.batch.responses import BatchResponse

from sandbox.cloud import batch_jobs, batch_resources, clock
from sandbox.cloud.extension import fail, replaces

__all__ = ["batch_resources"]

_OF_DETAIL = (
    *("image", "jobRoleArn", "executionRoleArn", "command", "environment", "resourceRequirements"),
    *("logConfiguration", "mountPoints", "volumes", "ulimits", "readonlyRootFilesystem", "privileged", "secrets"),
)


@replaces(BatchResponse, "submitjob")
def _submit_job(original: Any, self: Any) -> Any:
    """Into a queue that takes jobs. The job's thread waits until this call is answered."""
    backend = self.batch_backend
    queue = backend.get_job_queue(self._get_param("jobQueue"))
    if queue is not None and queue.state != "ENABLED":
        fail("ClientException", f"Job Queue {queue.arn} is disabled, cannot accept new jobs.")
    answer = original(self)
    _complete(backend._jobs[json.loads(answer)["jobId"]], self._get_param("retryStrategy"))
    return answer


def _complete(job: Any, strategy: dict[str, Any] | None) -> None:
    """What moto does not keep of a submission."""
    for each in (job, *(job._child_jobs or [])):
        each.job_created_at = clock.now()
        each.sandbox_strategy = strategy or job.job_definition.retry_strategy or {}
        each.sandbox_reclaimed = False
        if job.job_definition.propagate_tags:
            tags = job.backend.list_tags_for_resource(job.job_definition.arn)
            job.backend.tag_resource(each.arn, {**tags, **job.backend.list_tags_for_resource(each.arn)})


@replaces(Job, "run")
def _run(_: Any, self: Any) -> None:
    batch_jobs.live(self)


@replaces(BatchBackend, "reset")
def _reset(original: Any, self: Any) -> None:
    """Jobs end with the account that they are in; their threads need the turn for that, so nobody waits for them."""
    jobs = dict(self._jobs)
    for job in jobs.values():
        job.stop = True
    self._jobs.clear()
    original(self)


@replaces(Job, "describe_short")
def _describe_short(original: Any, self: Any) -> dict[str, Any]:
    described: dict[str, Any] = original(self)
    if self.job_stopped_reason and self.stop and not self.job_stopped:
        del described["statusReason"]  # it is being terminated
    if not self.attempts and self.log_stream_name is None:
        described.pop("startedAt", None)  # never started
    return described


@replaces(Job, "describe")
def _describe(original: Any, self: Any) -> dict[str, Any]:
    """With what the job was given and how it ended; an array ends when its last child has."""
    children = self._child_jobs or []
    if children and not self.job_stopped and all(child.job_stopped for child in children):
        failed = any(child.status == "FAILED" for child in children)
        self.job_stopped, self.job_stopped_at = True, clock.now()
        self.job_stopped_reason = "Array Child Job failed" if failed else None
        self.status = "FAILED" if failed else "SUCCEEDED"
    described: dict[str, Any] = original(self)
    described["retryStrategy"] = getattr(self, "sandbox_strategy", {})
    described["platformCapabilities"] = self.job_definition.platform_capabilities or []
    described["propagateTags"] = bool(self.job_definition.propagate_tags)
    if limit := self.timeout or self.job_definition.timeout:
        described["timeout"] = limit
    if self.job_definition.container_properties is not None:
        described["container"] |= _container(self)
    return described


def _container(job: Any) -> dict[str, Any]:
    given = job.sandbox_container
    found = {name: given[name] for name in _OF_DETAIL if given.get(name) is not None}
    last = job.attempts[-1]["container"] if job.attempts else {}
    found |= {name: value for name, value in last.items() if name != "logStreamName"}
    if job.log_stream_name:
        found["logStreamName"] = job.log_stream_name
    return found


def _container_of(self: Any) -> dict[str, Any]:
    """The definition's container with what the submission overrides."""
    declared = self.job_definition.container_properties or {}
    overrides = {name: value for name, value in self.container_overrides.items() if value is not None}
    merged = {**declared, **overrides}
    for name, key in (("environment", "name"), ("resourceRequirements", "type")):
        both = [*(declared.get(name) or []), *(overrides.get(name) or [])]
        merged[name] = list({pair[key]: pair for pair in both}.values())
    return merged


def _needed(self: Any, kind: str, default: float) -> float:
    """How much of a resource it asks for."""
    for requirement in self.sandbox_container["resourceRequirements"]:
        if requirement["type"] == kind:
            return float(requirement["value"])
    return float(self.sandbox_container.get({"VCPU": "vcpus"}.get(kind, ""), default) or default)


@replaces(Job, "_get_container_property")
def _get_container_property(original: Any, self: Any, name: str, default: Any) -> Any:
    """moto adds to the caller's own list each time that it is asked for the environment."""
    return self.sandbox_container["environment"] if name == "environment" else original(self, name, default)


def _status(self: Any) -> Any:
    """moto moves a job on whenever somebody looks; here only what happens to it does."""
    return self._status


def _set_status(self: Any, value: str) -> None:
    self._status = value


for _name, _value in (
    ("status", property(_status, _set_status)),
    ("sandbox_container", property(_container_of)),
    ("sandbox_needed", _needed),
):
    setattr(Job, _name, _value)
